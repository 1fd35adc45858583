"""Blocks of Bedrock's Converse API, told apart by the only member that each has. Strands uses them, too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sessions_app.content import outcomes
from sessions_app.content.apis import citations, media
from sessions_app.content.apis.tool_results import ReadContent, tool_result
from sessions_app.content.blocks import ContentBlock, ReasoningBlock, ToolCallBlock
from sessions_app.content.json_values import JsonObject, as_text

BlockReader = Callable[[JsonObject, ReadContent], list[ContentBlock]]


def block_reader(item: JsonObject) -> tuple[BlockReader, JsonObject] | None:
    """The reader for such a block, and what it holds; None for other blocks."""
    if _READERS.keys().isdisjoint(item):
        return None
    for name, read in _READERS.items():
        inner = item.get(name)
        if isinstance(inner, dict):
            return read, inner
    return None


def json_of(item: JsonObject) -> Any:
    """What a tool returned as `json`."""
    return item["json"] if item.keys() == {"json"} else None


def _tool_use(inner: JsonObject, read: ReadContent) -> list[ContentBlock]:
    by_provider = as_text(inner.get("type")).startswith("server")
    name, arguments, call_id = (as_text(inner.get(member)) for member in ("name", "input", "toolUseId"))
    return [ToolCallBlock(name, arguments, call_id, by_provider)]


def _tool_result(inner: JsonObject, read: ReadContent) -> list[ContentBlock]:
    content = inner.get("content")
    if isinstance(content, list):
        content = [item["json"] if isinstance(item, dict) and item.keys() == {"json"} else item for item in content]
    return [tool_result(read, content, as_text(inner.get("toolUseId")), is_error=outcomes.said_failed(inner))]


def _reasoning(inner: JsonObject, read: ReadContent) -> list[ContentBlock]:
    text = inner.get("reasoningText")
    words = as_text(text.get("text")) if isinstance(text, dict) else as_text(text)
    if not words and inner.get("redactedContent"):
        return [ReasoningBlock(encrypted_chars=len(as_text(inner["redactedContent"])))]
    return [ReasoningBlock(words)]


def _guarded(inner: JsonObject, read: ReadContent) -> list[ContentBlock]:
    """Content that a guardrail looks at."""
    return read([{"text": inner["text"]["text"]}] if isinstance(_text_in(inner), str) else [inner])


def _text_in(inner: JsonObject) -> Any:
    text = inner.get("text")
    return text.get("text") if isinstance(text, dict) else None


def _cited(inner: JsonObject, read: ReadContent) -> list[ContentBlock]:
    return [*read(inner.get("content")), *citations.blocks_of(inner)]


def _mark(inner: JsonObject, read: ReadContent) -> list[ContentBlock]:
    """A mark for caching says nothing."""
    return []


def _found(inner: JsonObject, read: ReadContent) -> list[ContentBlock]:
    return read([inner | {"type": "search_result"}])


def _medium(kind: str) -> BlockReader:
    def read_medium(inner: JsonObject, read: ReadContent) -> list[ContentBlock]:
        found = media.medium(inner, kind, read)
        return [found] if found else []

    return read_medium


_READERS: dict[str, BlockReader] = {
    "toolUse": _tool_use,
    "toolResult": _tool_result,
    "reasoningContent": _reasoning,
    "guardContent": _guarded,
    "citationsContent": _cited,
    "cachePoint": _mark,
    "searchResult": _found,
    "image": _medium("image"),
    "audio": _medium("audio"),
    "video": _medium("video"),
    "document": _medium("file"),
}
