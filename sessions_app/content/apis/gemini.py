"""Parts of Gemini's generateContent (v1beta), told apart by the member they have."""

from __future__ import annotations

from sessions_app.content.apis.media import inline_media, media_by_uri
from sessions_app.content.apis.tool_results import ReadContent, tool_result
from sessions_app.content.blocks import ContentBlock, OtherBlock, ReasoningBlock, TextBlock, ToolCallBlock
from sessions_app.content.json_values import JsonObject, as_text

# All that is left of a part whose text was empty.
_EMPTY_TEXT = {"text", "thought", "thoughtSignature", "thought_signature"}


def part_blocks(part: JsonObject, read: ReadContent) -> list[ContentBlock]:
    """The blocks of a part; one of an unknown shape is kept as it is."""
    text = part.get("text")
    if isinstance(text, str):
        block = ReasoningBlock(text) if part.get("thought") is True else TextBlock(text)
        return [block] if text else []
    if (data := _member(part, "inlineData", "inline_data")) is not None:
        return [inline_media(data)]
    if (data := _member(part, "fileData", "file_data")) is not None:
        return [media_by_uri(data)]
    if (call := _member(part, "functionCall", "function_call")) is not None:
        return [ToolCallBlock(as_text(call.get("name")), as_text(call.get("args")), as_text(call.get("id")))]
    if (reply := _member(part, "functionResponse", "function_response")) is not None:
        return [tool_result(read, reply.get("response"), as_text(reply.get("id")), as_text(reply.get("name")))]
    return [] if part.keys() <= _EMPTY_TEXT else [OtherBlock(part)]


def _member(part: JsonObject, *names: str) -> JsonObject | None:
    """The object under one of these names: JSON has camel case, Python libraries write snake case."""
    return next((part[name] for name in names if isinstance(part.get(name), dict)), None)
