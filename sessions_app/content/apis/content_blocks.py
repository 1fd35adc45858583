"""The content of a message: a text, or blocks that mostly tell by their `type` what they are.

A block of a type that is not known is kept as it is (OtherBlock), so nothing is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sessions_app.content import outcomes
from sessions_app.content.apis import dialects, gemini, media, responses
from sessions_app.content.apis.tool_results import tool_result
from sessions_app.content.blocks import ContentBlock, OtherBlock, ReasoningBlock, RefusalBlock, TextBlock, ToolCallBlock
from sessions_app.content.json_values import JsonObject, as_text


def read_content(content: Any) -> list[ContentBlock]:
    """The blocks of a message's content, or of what a tool returned."""
    if content is None or content == "":
        return []
    if isinstance(content, str):
        return [TextBlock(content)]
    if isinstance(content, list):
        return [block for item in content for block in _blocks(item)]
    if isinstance(content, dict):
        return _blocks(content)
    return [OtherBlock(content)]


def _blocks(item: Any) -> list[ContentBlock]:
    """The blocks that one item of a list of content stands for; mostly one."""
    if isinstance(item, str):
        return [TextBlock(item)] if item else []
    if not isinstance(item, dict):
        return [] if item is None else [OtherBlock(item)]
    kind = item.get("type")
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is not None:
        return reader(item)
    read_item = responses.item_reader(kind)
    if read_item is not None:
        return read_item(item, read_content)[1]
    known = dialects.known_form(item)
    return _blocks(known) if known is not None else gemini.part_blocks(item, read_content)


def _text(item: JsonObject) -> list[ContentBlock]:
    # OpenTelemetry's text parts have `content`.
    text = item.get("text", item.get("content"))
    if isinstance(text, dict):
        text = text.get("value")
    return [TextBlock(text)] if isinstance(text, str) and text else []


def _thinking(item: JsonObject) -> list[ContentBlock]:
    text = as_text(item.get("thinking") or item.get("text"))
    return [ReasoningBlock(text)] if text else []


def _redacted_thinking(item: JsonObject) -> list[ContentBlock]:
    return [ReasoningBlock(encrypted_chars=len(as_text(item.get("data"))))]


def _refusal(item: JsonObject) -> list[ContentBlock]:
    return [RefusalBlock(as_text(item.get("refusal")))]


def _image(item: JsonObject) -> list[ContentBlock]:
    return [media.image(item)]


def _file(item: JsonObject) -> list[ContentBlock]:
    return [media.file(item)]


def _audio(item: JsonObject) -> list[ContentBlock]:
    return [media.audio(item)]


def _tool_use(item: JsonObject) -> list[ContentBlock]:
    name, arguments, call_id = (as_text(item.get(member)) for member in ("name", "input", "id"))
    return [ToolCallBlock(name, arguments, call_id, by_provider=item.get("type") in _SERVER_TOOL_USES)]


def _tool_result(item: JsonObject) -> list[ContentBlock]:
    call_id = as_text(item.get("tool_use_id"))
    return [tool_result(read_content, item.get("content"), call_id, is_error=outcomes.said_failed(item))]


_TEXTS = ("text", "input_text", "output_text", "summary_text", "reasoning_text")
# Anthropic's server tools run while the model answers.
_SERVER_TOOL_USES = ("server_tool_use", "mcp_tool_use")
_TOOL_RESULTS = ("tool_result", "mcp_tool_result", "web_search_tool_result", "code_execution_tool_result")

_READERS: dict[str, Callable[[JsonObject], list[ContentBlock]]] = {
    **dict.fromkeys(_TEXTS, _text),
    "thinking": _thinking,
    "redacted_thinking": _redacted_thinking,
    "refusal": _refusal,
    **dict.fromkeys(("image_url", "input_image", "image"), _image),
    **dict.fromkeys(("document", "file", "input_file"), _file),
    "input_audio": _audio,
    **dict.fromkeys(("tool_use", *_SERVER_TOOL_USES), _tool_use),
    **dict.fromkeys(_TOOL_RESULTS, _tool_result),
}
