"""How each provider's interface writes the same conversation: OpenAI chat and responses, Anthropic messages, Gemini.

A dialect is a set of pure functions over the history in its own form; none changes what it is given. Shapes are those
of the providers' published references as of November 2026.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from sessions_app.samples.pictures import data_url
from sessions_app.samples.prices import Tokens

History = list[dict[str, Any]]


@dataclass(frozen=True)
class Tool:
    """A tool definition: parameters by name as JSON Schemas, all required unless named in `optional`."""

    name: str
    description: str
    parameters: dict[str, dict[str, Any]]
    optional: tuple[str, ...] = ()

    def schema(self) -> dict[str, Any]:
        required = [name for name in self.parameters if name not in self.optional]
        return {"type": "object", "properties": self.parameters, "required": required, "additionalProperties": False}


@dataclass(frozen=True)
class ToolCall:
    """One tool call of an answer."""

    id: str
    name: str
    arguments: dict[str, Any]

    def encoded(self) -> str:
        return json.dumps(self.arguments, ensure_ascii=False)


@dataclass(frozen=True)
class Answer:
    """What the model says next: text, tool calls or both; `finish` in OpenAI's words."""

    text: str
    calls: tuple[ToolCall, ...] = ()
    reasoning: str = ""
    finish: str = "stop"


@dataclass(frozen=True)
class Context:
    """What a body is written from; `number` is the call's place in the session."""

    key: str
    number: int
    model: str
    system: str
    tools: Sequence[Tool]
    history: History
    parameters: dict[str, Any] = field(default_factory=dict)
    previous_response_id: str | None = None

    def identifier(self, prefix: str, *names: Any, digits: int = 24) -> str:
        """An id of this call's answer or of a piece of it."""
        name = repr((self.key, self.number, prefix, *names))
        return prefix + hashlib.sha256(name.encode()).hexdigest()[:digits]


class Dialect:
    """OpenAI chat completions; the others say what differs."""

    call_type: ClassVar[str] = "chat.completions"
    call_prefix: ClassVar[str] = "call_"
    chains: ClassVar[bool] = False  # True where a request names the answer it continues and sends only what is new.

    def user(self, history: History, text: str, pictures: Sequence[bytes]) -> History:
        """The history with the user's next message."""
        images = [{"type": "image_url", "image_url": {"url": data_url(picture)}} for picture in pictures]
        content: Any = [{"type": "text", "text": text}, *images] if images else text
        return [*history, {"role": "user", "content": content}]

    def result(self, history: History, call: ToolCall, text: str) -> History:
        """The history with a tool's result."""
        return [*history, {"role": "tool", "tool_call_id": call.id, "content": text}]

    def remembered(self, history: History, response: dict[str, Any]) -> History:
        """The history with the answer, as the client sends it back next time."""
        message = response["choices"][0]["message"]
        kept = {name: value for name, value in message.items() if name in ("role", "content", "tool_calls")}
        return [*history, kept]

    def body(self, context: Context) -> dict[str, Any]:
        """The request's body."""
        system = [{"role": "system", "content": context.system}] if context.system else []
        tools = [{"type": "function", "function": self.function(tool)} for tool in context.tools]
        named = {"tools": tools} if tools else {}
        return {"model": context.model, "messages": [*system, *context.history], **named, **context.parameters}

    def function(self, tool: Tool) -> dict[str, Any]:
        return {"name": tool.name, "description": tool.description, "parameters": tool.schema()}

    def response(self, context: Context, answer: Answer, tokens: Tokens, created: int) -> dict[str, Any]:
        """The response's body."""
        calls = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.encoded()}}
            for call in answer.calls
        ]
        message = {"role": "assistant", "content": answer.text or None, "refusal": None}
        message |= {"tool_calls": calls} if calls else {}
        message |= {"reasoning_content": answer.reasoning} if answer.reasoning else {}
        return {
            "id": context.identifier("chatcmpl-"),
            "object": "chat.completion",
            "created": created,
            "model": context.model,
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": answer.finish}],
            "usage": {
                "prompt_tokens": tokens.input,
                "completion_tokens": tokens.output,
                "total_tokens": tokens.input + tokens.output,
                "prompt_tokens_details": {"cached_tokens": tokens.cached, "audio_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": tokens.reasoning, "audio_tokens": 0},
            },
            "service_tier": "default",
        }


class Responses(Dialect):
    """OpenAI responses: typed items; each request names the response that it continues."""

    call_type = "responses"
    chains = True

    def user(self, history: History, text: str, pictures: Sequence[bytes]) -> History:
        images = [{"type": "input_image", "image_url": data_url(picture)} for picture in pictures]
        content = [{"type": "input_text", "text": text}, *images]
        return [*history, {"type": "message", "role": "user", "content": content}]

    def result(self, history: History, call: ToolCall, text: str) -> History:
        return [*history, {"type": "function_call_output", "call_id": call.id, "output": text}]

    def remembered(self, history: History, response: dict[str, Any]) -> History:
        return []

    def body(self, context: Context) -> dict[str, Any]:
        tools = [{"type": "function", **self.function(tool), "strict": True} for tool in context.tools]
        previous = {"previous_response_id": context.previous_response_id} if context.previous_response_id else {}
        instructions = {"instructions": context.system} if context.system else {}
        named = {**instructions, **previous, **({"tools": tools} if tools else {})}
        return {"model": context.model, "input": context.history, **named, "store": True, **context.parameters}

    def response(self, context: Context, answer: Answer, tokens: Tokens, created: int) -> dict[str, Any]:
        return {
            "id": context.identifier("resp_", digits=48),
            "object": "response",
            "created_at": created,
            "status": "incomplete" if answer.finish == "length" else "completed",
            "error": None,
            "model": context.model,
            "output": self.items(context, answer),
            "parallel_tool_calls": True,
            "previous_response_id": context.previous_response_id,
            "reasoning": {"effort": "medium", "summary": "auto"},
            "store": True,
            "temperature": 1.0,
            "tool_choice": "auto",
            "truncation": "disabled",
            "usage": {
                "input_tokens": tokens.input,
                "input_tokens_details": {"cached_tokens": tokens.cached},
                "output_tokens": tokens.output,
                "output_tokens_details": {"reasoning_tokens": tokens.reasoning},
                "total_tokens": tokens.input + tokens.output,
            },
        }

    def items(self, context: Context, answer: Answer) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        if answer.reasoning:
            summary = [{"type": "summary_text", "text": answer.reasoning}]
            items.append({"id": context.identifier("rs_"), "type": "reasoning", "summary": summary})
        for call in answer.calls:
            named = {"call_id": call.id, "name": call.name, "arguments": call.encoded(), "status": "completed"}
            items.append({"id": context.identifier("fc_", call.id), "type": "function_call", **named})
        if answer.text:
            content = [{"type": "output_text", "text": answer.text, "annotations": [], "logprobs": []}]
            message = {"type": "message", "role": "assistant", "status": "completed", "content": content}
            items.append({"id": context.identifier("msg_"), **message})
        return items


class Messages(Dialect):
    """Anthropic messages: the system prompt beside the messages, content in blocks, results in a user message."""

    call_type = "messages"
    call_prefix = "toolu_"

    def user(self, history: History, text: str, pictures: Sequence[bytes]) -> History:
        blocks = [
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": encoded(picture)}}
            for picture in pictures
        ]
        content: Any = [*blocks, {"type": "text", "text": text}] if blocks else text
        return [*history, {"role": "user", "content": content}]

    def result(self, history: History, call: ToolCall, text: str) -> History:
        block = {"type": "tool_result", "tool_use_id": call.id, "content": text}
        last = history[-1]
        # The results of parallel calls stand in one message.
        if last["role"] == "user" and isinstance(last["content"], list):
            return [*history[:-1], {"role": "user", "content": [*last["content"], block]}]
        return [*history, {"role": "user", "content": [block]}]

    def remembered(self, history: History, response: dict[str, Any]) -> History:
        return [*history, {"role": "assistant", "content": response["content"]}]

    def body(self, context: Context) -> dict[str, Any]:
        tools = [
            {"name": tool.name, "description": tool.description, "input_schema": tool.schema()}
            for tool in context.tools
        ]
        system = [{"type": "text", "text": context.system, "cache_control": {"type": "ephemeral"}}]
        named = {**({"system": system} if context.system else {}), **({"tools": tools} if tools else {})}
        return {
            "model": context.model,
            "max_tokens": 4096,
            **named,
            "messages": context.history,
            **context.parameters,
        }

    def response(self, context: Context, answer: Answer, tokens: Tokens, created: int) -> dict[str, Any]:
        blocks: list[dict[str, Any]] = []
        if answer.reasoning:
            signature = context.identifier("EqQB", digits=44)
            blocks.append({"type": "thinking", "thinking": answer.reasoning, "signature": signature})
        if answer.text:
            blocks.append({"type": "text", "text": answer.text})
        for call in answer.calls:
            blocks.append({"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments})
        reasons = {"stop": "end_turn", "tool_calls": "tool_use", "length": "max_tokens"}
        return {
            "id": context.identifier("msg_01"),
            "type": "message",
            "role": "assistant",
            "model": context.model,
            "content": blocks,
            "stop_reason": reasons.get(answer.finish, answer.finish),
            "stop_sequence": None,
            "usage": {
                # Anthropic counts what came from the cache apart from the input.
                "input_tokens": tokens.input - tokens.cached,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": tokens.cached,
                "output_tokens": tokens.output,
            },
        }


class Contents(Dialect):
    """Gemini's generateContent: contents with parts, roles `user` and `model`."""

    call_type = "generateContent"

    def user(self, history: History, text: str, pictures: Sequence[bytes]) -> History:
        images = [{"inlineData": {"mimeType": "image/png", "data": encoded(picture)}} for picture in pictures]
        return [*history, {"role": "user", "parts": [{"text": text}, *images]}]

    def result(self, history: History, call: ToolCall, text: str) -> History:
        part = {"functionResponse": {"name": call.name, "response": {"output": text}}}
        return [*history, {"role": "user", "parts": [part]}]

    def remembered(self, history: History, response: dict[str, Any]) -> History:
        return [*history, response["candidates"][0]["content"]]

    def body(self, context: Context) -> dict[str, Any]:
        system = {"systemInstruction": {"parts": [{"text": context.system}]}} if context.system else {}
        declared = [{"functionDeclarations": [self.function(tool) for tool in context.tools]}]
        tools = {"tools": declared} if context.tools else {}
        settings = {"temperature": 0.4, **context.parameters}
        return {"contents": context.history, **system, **tools, "generationConfig": settings}

    def response(self, context: Context, answer: Answer, tokens: Tokens, created: int) -> dict[str, Any]:
        parts: list[dict[str, Any]] = [{"text": answer.reasoning, "thought": True}] if answer.reasoning else []
        parts += [{"text": answer.text}] if answer.text else []
        parts += [{"functionCall": {"name": call.name, "args": call.arguments}} for call in answer.calls]
        reason = "MAX_TOKENS" if answer.finish == "length" else "STOP"
        candidate = {"content": {"role": "model", "parts": parts}, "finishReason": reason, "index": 0}
        return {
            "candidates": [candidate],
            "usageMetadata": {
                "promptTokenCount": tokens.input,
                "candidatesTokenCount": tokens.output - tokens.reasoning,
                "thoughtsTokenCount": tokens.reasoning,
                "cachedContentTokenCount": tokens.cached,
                "totalTokenCount": tokens.input + tokens.output,
            },
            "modelVersion": context.model,
            "responseId": context.identifier("", digits=22),
        }


def encoded(picture: bytes) -> str:
    return base64.b64encode(picture).decode()


CHAT = Dialect()
RESPONSES = Responses()
MESSAGES = Messages()
CONTENTS = Contents()
