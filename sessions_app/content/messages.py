"""Read one message of any API as a role and content blocks.

Followed are OpenAI's Chat Completions and Responses, Anthropic's Messages (2023-06-01), Gemini's generateContent
(v1beta), and what telemetry and frameworks make of them. What is not recognised is kept as it is.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any

from sessions_app.content import outcomes
from sessions_app.content.apis import chat_completions, dialects, responses
from sessions_app.content.apis.content_blocks import read_content
from sessions_app.content.apis.media import generated_image
from sessions_app.content.apis.tool_results import tool_result
from sessions_app.content.blocks import (
    ContentBlock,
    Message,
    OtherBlock,
    ReasoningBlock,
    TextBlock,
    ToolCallBlock,
    text_of,
)
from sessions_app.content.json_bytes import DocumentError, JsonBytes, loads
from sessions_app.content.json_values import JsonObject, as_text

_ROLES = {"model": "assistant", "developer": "system", "function": "tool", "human": "user", "ai": "assistant"}
# Cohere's chat v1 writes roles in capitals, and the text as `message`.
_ROLES |= {"USER": "user", "CHATBOT": "assistant", "SYSTEM": "system", "TOOL": "tool"}

# An object with none of these members is no message with a role, but some other item.
_MESSAGE_MEMBERS = frozenset(
    {
        *("content", "parts", "text", "message", "tool_calls", "function_call", "refusal", "audio", "images"),
        *("reasoning_content", "reasoning", "thinking_blocks"),
    }
)


def read_message(raw: JsonBytes, default_role: str = "user") -> Message:
    """Read the exact JSON bytes of one message. Never raises: what cannot be read is one OtherBlock."""
    try:
        value = loads(raw)
    except DocumentError:
        value = bytes(raw).decode("utf-8", "replace")
    try:
        return message_of(value, default_role)
    except RecursionError:
        return Message(default_role, [OtherBlock(value)])


def message_of(value: Any, default_role: str = "user") -> Message:
    """Read one decoded message, item, text or list of content blocks."""
    if isinstance(value, list) and _are_pieces(value):
        return Message(default_role, _joined(value, default_role))
    if not isinstance(value, dict):
        return Message(default_role, read_content(value))
    value = dialects.known_message(value)
    kind = value.get("type")
    read_item = responses.item_reader(kind)
    if read_item is not None and not ("role" in value and "content" in value):
        role, blocks = read_item(value, read_content)
        return Message(_ROLES.get(role, role), blocks, item_id=as_text(value.get("id")))
    return _message_with_role(value, default_role, as_text(value.get("id")) if kind == "message" else "")


def _are_pieces(value: list[Any]) -> bool:
    """Whether these are the pieces of one streamed message, each with a role, as Gemini's clients log them."""
    return bool(value) and all(
        isinstance(item, dict) and isinstance(item.get("role"), str) and ("parts" in item or "content" in item)
        for item in value
    )


def _joined(pieces: list[JsonObject], default_role: str) -> list[ContentBlock]:
    """The blocks of a message in pieces. Neighbouring texts, and neighbouring thoughts, are one."""
    blocks: list[ContentBlock] = []
    found = (block for piece in pieces for block in message_of(piece, default_role).blocks)
    for kind, group in groupby(found, _kind_of_piece):
        if kind is None:
            blocks += group
        else:
            blocks.append(kind("".join(map(text_of, group))))
    return blocks


def _kind_of_piece(block: ContentBlock) -> type[TextBlock] | type[ReasoningBlock] | None:
    match block:
        case TextBlock():
            return TextBlock
        case ReasoningBlock(encrypted_chars=None):
            return ReasoningBlock
    return None


def _message_with_role(value: JsonObject, default_role: str, item_id: str) -> Message:
    role = value.get("role")
    role = role if isinstance(role, str) and role else default_role
    role = _ROLES.get(role, role)
    if not value.keys() & _MESSAGE_MEMBERS:
        return Message(role, _blocks_of_other(value), item_id=item_id)
    name = as_text(value.get("name"))
    blocks = chat_completions.before_content(value, read_content)
    content = value.get("content", value.get("parts", value.get("text", value.get("message"))))
    if role == "tool" and not dialects.are_results(content):
        call_id = as_text(value.get("tool_call_id"))
        blocks.append(tool_result(read_content, content, call_id, name, outcomes.said_failed(value)))
    else:
        blocks += read_content(content)
        blocks += chat_completions.after_content(value, read_content)
    return Message(role, blocks, name, item_id)


def _blocks_of_other(value: JsonObject) -> list[ContentBlock]:
    """The blocks of an object that has no content: a generated image, the call of a tool, or anything."""
    rest = {key: item for key, item in value.items() if key != "role" and item is not None}
    if isinstance(rest.get("b64_json"), str) or ("url" in rest and "revised_prompt" in value):
        return generated_image(rest)
    if isinstance(rest.get("name"), str) and "arguments" in rest:
        # A call of an MCP tool (tools/call, 2025-06-18).
        return [ToolCallBlock(rest["name"], as_text(rest["arguments"]), as_text(rest.get("id")))]
    return [OtherBlock(rest)] if rest else []
