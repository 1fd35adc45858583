"""What tools return in objects of their own, in words: pages that were found, what a program printed, an error's code.

An object of an unknown type is described if all that it holds are texts, numbers and lists of them. Whatever is left
out is encrypted, or says nothing by itself (its type, its id).
"""

from __future__ import annotations

from typing import Any

from sessions_app.content.apis.tool_results import ReadContent
from sessions_app.content.blocks import ContentBlock, TextBlock
from sessions_app.content.json_values import JsonObject

_SILENT = frozenset({"type", "id", "tool_use_id", "cache_control", "citations", "status", "attributes", "index"})
# Members whose values speak for themselves, in the order in which they are told.
_PLAIN = (
    *("title", "filename", "document_title", "url", "uri", "source", "tool_name", "text", "snippet", "cited_text"),
    *("stdout", "logs", "output", "stderr", "lines", "error_message", "message"),
)
_FILES = ("file_id",)
_CONTENTS = ("content", "tool_references")
# Endings of the types of such objects.
_ENDINGS = ("url", "_result", "_error", "_reference", "_output", "logs", "_outcome")
# What the entries of result lists without a type have (OpenAI's file search, sources and shell).
_ENTRIES = (frozenset({"filename", "text"}), frozenset({"stdout", "stderr"}), frozenset({"title", "url"}))
MOST_LINES = 200
_EMPTY: tuple[Any, ...] = (None, "", [], {})


def described(item: JsonObject, read: ReadContent) -> list[ContentBlock] | None:
    """The blocks of such an object; None for any other."""
    kind = item.get("type")
    if isinstance(kind, str):
        if not kind.endswith(_ENDINGS):
            return None
    elif not any(entry <= item.keys() for entry in _ENTRIES):
        return None
    told: list[str] = []
    facts: list[str] = []
    inner: list[ContentBlock] = []
    known = [name for name in _PLAIN if item.get(name) not in _EMPTY]
    for name in (*known, *(name for name in item if name not in _PLAIN)):
        value = item[name]
        if name in _SILENT or name.startswith("encrypted_") or value in _EMPTY or (name in _FILES and known):
            continue
        if name in _CONTENTS:
            inner += read(value)
            continue
        text = _text_of(value)
        if text is None:
            return None
        if name in _PLAIN:
            told.append(text)
        else:
            facts.append(f"{name}: {text}")
    if not inner:
        return _texts(told + facts)
    return [*_texts(told), *inner, *_texts(facts)]


def _texts(lines: list[str]) -> list[ContentBlock]:
    return [TextBlock("\n".join(lines))] if lines else []


def _text_of(value: Any) -> str | None:
    """A value in words; None for one that is not simple."""
    if isinstance(value, str):
        return value.rstrip("\n")
    if isinstance(value, (bool, int, float)):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(value, list) and len(value) <= MOST_LINES and all(isinstance(item, str) for item in value):
        return "\n".join(value)
    if isinstance(value, dict) and value.get("type") == "exit" and type(value.get("exit_code")) is int:
        return f"exit code {value['exit_code']}"
    if isinstance(value, dict) and len(value) == 1 and isinstance(value.get("type"), str):
        return str(value["type"])
    return None
