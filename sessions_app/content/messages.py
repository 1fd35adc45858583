"""Read one message of any API as a role and content blocks.

Followed are OpenAI's Chat Completions and Responses, Anthropic's Messages (2023-06-01), Gemini's generateContent
(v1beta), and what telemetry and frameworks make of them. What is not recognised is kept as it is.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any

import msgspec

from sessions_app.content import outcomes
from sessions_app.content.apis import chat_completions, dialects, shapes, thoughts
from sessions_app.content.apis.content_blocks import is_content, read_content, read_item
from sessions_app.content.apis.media import bare_file, generated_image
from sessions_app.content.apis.tool_results import tool_result
from sessions_app.content.blocks import (
    ContentBlock,
    Message,
    OtherBlock,
    ReasoningBlock,
    TextBlock,
    ToolCallBlock,
    ToolResultBlock,
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
        *("reasoning_content", "reasoning", "thinking", "thinking_blocks", "reasoning_details", "tool_plan"),
    }
)


class _Plain(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    role: str
    content: str


_PLAIN = msgspec.json.Decoder(_Plain)


def plain_text_in(raw: JsonBytes) -> str | None:
    """All that a message says which is nothing but a role and a text, as most are; None for any other."""
    plain = _plain_in(raw)
    return plain.content if plain else None


def _plain_in(raw: JsonBytes) -> _Plain | None:
    try:
        message = _PLAIN.decode(raw)
    except (msgspec.DecodeError, ValueError):
        return None
    text = message.content
    if not message.role or _ROLES.get(message.role, message.role) == "tool":
        return None
    return None if "<think" in text or "</think" in text or bare_file(text) else message


def read_message(raw: JsonBytes, default_role: str = "user") -> Message:
    """Read the exact JSON bytes of one message. Never raises: what cannot be read is one OtherBlock."""
    if plain := _plain_in(raw):
        return Message(_ROLES.get(plain.role, plain.role), [TextBlock(plain.content)] if plain.content else [])
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
        return Message(default_role, _said_by(default_role, read_content(value)))
    value = dialects.known_message(value)
    kind = value.get("type")
    if isinstance(kind, str) and kind and kind != "message" and _is_item(value):
        return _item(value, default_role)
    if kind == "message":
        return _message_with_role(value, "assistant", as_text(value.get("id")))
    return _message_with_role(value, default_role, "")


def _is_item(value: JsonObject) -> bool:
    """Whether an object with a type is no message, but an item by itself."""
    if "role" not in value:
        return True
    return not value.keys() & _MESSAGE_MEMBERS or shapes.shape_of(value) is not None


def _item(value: JsonObject, default_role: str) -> Message:
    """An item means the same in an answer and in the history that a client sends back. So its type and its members
    tell who said it, and never the place where it stands. Only texts and media are said by whoever sends them.
    """
    blocks = read_item(value)
    first = blocks[0] if blocks else None
    role = value.get("role") if isinstance(value.get("role"), str) else None
    if isinstance(first, ToolResultBlock):
        role = "assistant" if shapes.is_result_of_provider(value) else "tool"
    elif isinstance(first, ToolCallBlock):
        role = "assistant"
    elif role is None:
        role = default_role if is_content(value) else "assistant"
    role = _ROLES.get(role, role)
    return Message(role, _said_by(role, blocks), item_id=as_text(value.get("id")))


def _said_by(role: str, blocks: list[ContentBlock]) -> list[ContentBlock]:
    return thoughts.apart(blocks) if role == "assistant" else blocks


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
    if not value.keys() & _MESSAGE_MEMBERS and not _is_empty_result(value, role):
        return _other(value, role, item_id)
    if len(value) == 2 and "content" in value and role != "tool":
        # Most messages are nothing but role and content.
        return Message(role, _said_by(role, read_content(value["content"])), item_id=item_id)
    name = as_text(value.get("name"))
    blocks = thoughts.beside_content(value, read_content)
    content = value.get("content", value.get("parts", value.get("text", value.get("message"))))
    if role == "tool" and not dialects.are_results(content):
        call_id = as_text(value.get("tool_call_id"))
        # Ollama names the tool instead of the call.
        name = name or as_text(value.get("tool_name"))
        blocks.append(tool_result(read_content, content, call_id, name, outcomes.said_failed(value)))
    else:
        blocks += _not_thought_yet(blocks, _said_by(role, read_content(content)))
        blocks += _not_said_yet(blocks, chat_completions.after_content(value, read_content))
    return Message(role, blocks, name, item_id)


def _is_empty_result(value: JsonObject, role: str) -> bool:
    """Whether a tool's message names its call and holds nothing."""
    return role == "tool" and bool(value.get("tool_call_id")) and value.keys() <= _RESULT_MEMBERS


_RESULT_MEMBERS = frozenset({"role", "tool_call_id", "name", "tool_name", "id", "status", "is_error"})


def _not_thought_yet(thoughts_beside: list[ContentBlock], said: list[ContentBlock]) -> list[ContentBlock]:
    """Some write a thought into the text and beside it, too (MiniMax)."""
    known = {block.text.strip() for block in thoughts_beside if isinstance(block, ReasoningBlock) and block.text}
    if not known:
        return said
    return [block for block in said if not (isinstance(block, ReasoningBlock) and block.text.strip() in known)]


def _not_said_yet(said: list[ContentBlock], others: list[ContentBlock]) -> list[ContentBlock]:
    """LangChain has the calls that stand in the content beside it, too."""
    if not others or not (ids := {block.id for block in said if isinstance(block, ToolCallBlock) and block.id}):
        return others
    return [block for block in others if not (isinstance(block, ToolCallBlock) and block.id in ids)]


def _other(value: JsonObject, role: str, item_id: str) -> Message:
    """An object that has no content: a generated image, a call or result without a type, or anything."""
    rest = {key: item for key, item in value.items() if key != "role" and item is not None}
    if pictures := generated_image(value):
        return Message(role, pictures, item_id=item_id)
    if not rest:
        return Message(role, [], item_id=item_id)
    blocks = shapes.read_by_shape(rest, read_content) or read_item(rest)
    if "role" not in value and isinstance(blocks[0] if blocks else None, (ToolCallBlock, ToolResultBlock)):
        role = "assistant" if isinstance(blocks[0], ToolCallBlock) else "tool"
    return Message(role, blocks, item_id=item_id)
