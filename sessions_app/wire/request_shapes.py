"""The request bodies of the model APIs: how each is recognised, and which of its members are messages, system prompts
and tools.

Followed: OpenAI Chat Completions, Completions, Responses, and calls that are no conversation (openai 2.9), Anthropic
Messages 2023-06-01, Gemini generateContent v1beta (REST, and google-genai 1.52), Vertex AI predict, Bedrock Converse
and InvokeModel (boto3 1.42), Cohere v1 and v2 (cohere 5.20), Mistral, Ollama 0.6, Hugging Face.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from sessions_app.content.json_bytes import kind_of
from sessions_app.wire.members import Fields
from sessions_app.wire.single_calls import (
    BATCHES,
    EMBEDDINGS,
    FILES,
    FINE_TUNING,
    IMAGES,
    MODERATIONS,
    RERANK,
    SPEECH,
    TRANSCRIPTIONS,
    VIDEOS,
)

# Members that hold messages, system prompts and tools in any API.
INPUT_MEMBERS = frozenset({"messages", "input", "contents", "prompt", "inputs", "inputText", "texts"})
SYSTEM_MEMBERS = frozenset(
    {"system", "instructions", "systemInstruction", "system_instruction", "preamble", "system_prompt"}
)
TOOL_MEMBERS = frozenset({"tools", "functions"})
# Members that hold such members: the `config` of Google's SDK, the `toolConfig` of Converse.
HOLDERS = frozenset({"config", "toolConfig", "tool_config", "setup"})
# What a client says in Gemini's Live API.
SAID, TURNS = "clientContent", "turns"
# The turns before the `message` of Cohere's chat v1, whatever their order in the body.
HISTORY, MESSAGE, RESULTS = "chat_history", "message", "tool_results"
# What a reranker orders, and by what.
RANKED = ("query", "documents")
# What Dify's apps are asked, beside their variables; what Mistral's OCR reads.
DIFY, ASKED, OCR, READ = "chat-messages", ("inputs", "query"), "ocr", "document"
# What Gemini's `embedContent` embeds, and the requests of `batchEmbedContents`.
CONTENT, SEVERAL = "content", "requests"
# Members that hold the body: of a batch line, of boto3's `invoke_model`, of an HTTP request, of LangChain and others.
WRAPPERS = (
    *("body", "params", "modelInput", "request", "input", "json", "payload", "data", "requestBody", "request_body"),
    # `response`: an event of OpenAI's Realtime API that asks for one.
    *("kwargs", "arguments", "response"),
)


def is_prompt_template(fields: Fields) -> bool:
    """Whether `prompt` is the template of a prompt that OpenAI keeps, with its variables, and no message."""
    return "prompt" in fields and kind_of(fields["prompt"]) == "object" and not {"input", "messages"}.isdisjoint(fields)


@dataclass(frozen=True, slots=True)
class RequestShape:
    """A body with all of `needs`, one of `beside` (if there are any), and what `check` wants."""

    call_type: str
    needs: frozenset[str]
    beside: frozenset[str] = frozenset()
    check: Callable[[Fields], bool] = bool

    def fits(self, fields: Fields) -> bool:
        if self.beside and self.beside.isdisjoint(fields):
            return False
        return self.needs <= fields.keys() and self.check(fields)


def _names(*names: str) -> frozenset[str]:
    return frozenset(names)


_CONVERSE_BLOCK = re.compile(rb'"content"\s*:\s*\[\s*\{\s*"(?:text|image|document|video|toolUse|toolResult)"\s*:')
_HEAD_BYTES = 600


def _has_blocks_of_converse(fields: Fields) -> bool:
    """Blocks of Converse have no type, each a member of its own."""
    head = bytes(memoryview(fields["messages"])[:_HEAD_BYTES])
    return b'"type"' not in head and _CONVERSE_BLOCK.search(head) is not None


def _is_text(name: str) -> Callable[[Fields], bool]:
    return lambda fields: kind_of(fields[name]) == "string"


def _is_model(*words: bytes) -> Callable[[Fields], bool]:
    """Whether the model's name has one of these words."""
    return lambda fields: any(word in bytes(memoryview(fields.get("model") or b"")[:200]) for word in words)


def _holds_objects(fields: Fields) -> bool:
    raw = fields["input"]
    return kind_of(raw) == "array" and bytes(memoryview(raw)[:16]).replace(b" ", b"").startswith(b"[{")


def _holds_parts(name: str) -> Callable[[Fields], bool]:
    return lambda fields: _PARTS.search(bytes(memoryview(fields[name])[:_HEAD_BYTES])) is not None


_PARTS = re.compile(rb'"parts"\s*:\s*\[')
_RESPONSES = _names("instructions", "tools", "previous_response_id", "reasoning", "text", "store")
_CONVERSE = _names("inferenceConfig", "toolConfig", "guardrailConfig", "additionalModelRequestFields")
_OLLAMA = _names("options", "keep_alive")

SHAPES = (
    RequestShape("generate_content", _names("contents")),
    RequestShape(DIFY, _names("query", "response_mode")),
    RequestShape("live", _names(SAID)),
    RequestShape("invoke_model", _names("messages", "schemaVersion")),
    RequestShape("converse", _names("messages"), _CONVERSE),
    RequestShape("converse", _names("messages"), check=_has_blocks_of_converse),
    RequestShape("messages", _names("messages"), _names("system", "anthropic_version")),
    RequestShape("chat", _names("messages"), _OLLAMA),
    RequestShape("chat.completions", _names("messages")),
    RequestShape(SPEECH, _names("input", "voice")),
    RequestShape("responses", _names("input"), _RESPONSES),
    RequestShape("responses", _names("input"), check=_holds_objects),
    RequestShape(MODERATIONS, _names("input"), check=_is_model(b"moderation")),
    RequestShape(EMBEDDINGS, _names("input"), check=_is_model(b"embed")),
    RequestShape(EMBEDDINGS, _names("input"), _names("encoding_format", "dimensions", "input_type", "output_dtype")),
    RequestShape("responses", _names("input")),
    RequestShape("generate", _names("prompt"), _OLLAMA | {"keep_alive", "context", "raw", "template"}),
    RequestShape("invoke_model", _names("prompt"), _names("max_gen_len", "max_tokens_to_sample", "maxTokens")),
    RequestShape(IMAGES, _names("prompt"), check=_is_model(b"dall-e", b"gpt-image", b"imagen", b"flux")),
    RequestShape(VIDEOS, _names("prompt"), check=_is_model(b"sora", b"veo")),
    RequestShape("completions", _names("prompt")),
    RequestShape("invoke_model", _names("inputText")),
    RequestShape(EMBEDDINGS, _names("texts"), _names("input_type", "embedding_types")),
    RequestShape(RERANK, _names(*RANKED)),
    RequestShape(FILES, _names("file", "purpose")),
    RequestShape(TRANSCRIPTIONS, _names("file", "model")),
    RequestShape(BATCHES, _names("input_file_id", "completion_window")),
    RequestShape(FINE_TUNING, _names("training_file")),
    RequestShape("chat", _names(MESSAGE), check=_is_text(MESSAGE)),
    RequestShape("predict", _names("instances")),
    RequestShape(OCR, _names("model", READ)),
    RequestShape(EMBEDDINGS, _names(CONTENT), check=_holds_parts(CONTENT)),
    RequestShape(EMBEDDINGS, _names(SEVERAL), check=_holds_parts(SEVERAL)),
)


# All shapes are looked at in their order, but only those with a member that a body has.
_MEMBERS = tuple(dict.fromkeys(min(shape.needs) for shape in SHAPES))
_BY_MEMBER = {member: [shape for shape in SHAPES if min(shape.needs) == member] for member in _MEMBERS}


def call_type_of(fields: Fields) -> str:
    """The API that takes request bodies of this shape; "" if none is known."""
    for member in _MEMBERS:
        if member in fields:
            for shape in _BY_MEMBER[member]:
                if shape.fits(fields):
                    return shape.call_type
    return ""
