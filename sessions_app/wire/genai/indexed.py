"""Put messages and tools together that came spread over many attributes, and spread them again exactly.

A message becomes an OpenAI chat message. Whatever has no place in one goes into its member `attributes`, by name, so
that nothing is lost and equal messages stay equal. Each dialect is a pair of functions that are inverse to each other.
A message for which they are not is kept as separate attributes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sessions_app.content.json_bytes import JsonBytes

Flat = dict[str, Any]
Nested = dict[str, Any]

LEFT_OVER = "attributes"
_INDEX_DIGITS = 6
# OpenInference reports the tool calls of an Anthropic message twice; only those in its content are kept.
CALLS_TWICE = "tool_calls_twice"


@dataclass(frozen=True, slots=True)
class Dialect:
    """The attribute names of one list item: `nest` puts them together, `spread` is its inverse."""

    nest: Callable[[Flat], Nested]
    spread: Callable[[Nested], Flat]


def _list_at(nested: Nested, name: str, index: str) -> Nested | None:
    """The item at an index of a list member; the next one is added. None when the index would leave a gap."""
    items = nested.setdefault(name, [])
    if not index.isdecimal() or len(index) > _INDEX_DIGITS or int(index) > len(items) or not isinstance(items, list):
        return None
    if int(index) == len(items):
        items.append({})
    item: Nested = items[int(index)]
    return item


def _ordered(flat: Flat) -> list[tuple[str, Any]]:
    """By name, and numbers by value: 2 before 10."""
    return sorted(flat.items(), key=lambda pair: [(len(p), p) if p.isdecimal() else (0, p) for p in pair[0].split(".")])


# --- OpenInference --------------------------------------------------------------------------------------------------

_OPENINFERENCE_TEXTS = {
    "message.role": "role",
    "message.content": "content",
    "message.name": "name",
    "message.tool_call_id": "tool_call_id",
}
_OPENINFERENCE_NAMES = {member: name for name, member in _OPENINFERENCE_TEXTS.items()}
_CALL_NAMES = {"tool_call.function.name": "name", "tool_call.function.arguments": "arguments"}


def nest_openinference(flat: Flat) -> Nested:
    """`message.*` of OpenInference as an OpenAI chat message."""
    has_parts = any(name.startswith("message.contents.") for name in flat)
    nested: Nested = {}
    rest: Flat = {}
    for name, value in _ordered(flat) if len(flat) > 2 else flat.items():
        member = _OPENINFERENCE_TEXTS.get(name)
        if member and not (has_parts and member == "content"):
            nested[member] = value
        elif not (
            (name.startswith("message.tool_calls.") and _nest_call(nested, name[19:], value))
            or (name.startswith("message.contents.") and _nest_part(nested, name[17:], value))
        ):
            rest[name] = value
    if rest:
        nested[LEFT_OVER] = rest
    if has_parts and "tool_calls" in nested and nested["tool_calls"] == _calls_in(nested.get("content")):
        del nested["tool_calls"]
        nested[CALLS_TWICE] = True
    return nested


def _calls_in(content: Any) -> list[Nested]:
    """The tool calls among content blocks, in OpenAI's form."""
    parts = [part for part in content if "name" in part] if isinstance(content, list) else []
    calls = [{"name": part["name"], "arguments": part.get("input")} for part in parts]
    return [{"id": part.get("id"), "type": "function", "function": f} for part, f in zip(parts, calls, strict=True)]


def _nest_call(nested: Nested, name: str, value: Any) -> bool:
    index, _, rest = name.partition(".")
    if rest != "tool_call.id" and rest not in _CALL_NAMES:
        return False
    call = _list_at(nested, "tool_calls", index)
    if call is None:
        return False
    call.setdefault("id", None)
    call.setdefault("type", "function")
    function = call.setdefault("function", {})
    if rest == "tool_call.id":
        call["id"] = value
    else:
        function[_CALL_NAMES[rest]] = value
    return True


_PART_NAMES = {
    "message_content.type": "type",
    "message_content.text": "text",
    "message_content.image.image.url": "url",
    "tool_call.id": "id",
    "tool_call.function.name": "name",
    "tool_call.function.arguments": "input",
}


def _nest_part(nested: Nested, name: str, value: Any) -> bool:
    index, _, rest = name.partition(".")
    member = _PART_NAMES.get(rest)
    part = _list_at(nested, "content", index) if member else None
    if part is None or member is None:
        return False
    if member == "url":
        part["image_url"] = {"url": value}
    else:
        part[member] = "image_url" if member == "type" and value == "image" else value
    return True


def spread_openinference(nested: Nested) -> Flat:
    """The inverse of `nest_openinference`; of a message as sent to an API, the attributes that OpenInference makes of
    it.
    """
    flat: Flat = {}
    for member, value in nested.items():
        name = _OPENINFERENCE_NAMES.get(member)
        if name is not None and value is not None and not isinstance(value, (list, dict)):
            flat[name] = value
    if len(flat) == len(nested):
        return flat
    _spread_parts(nested.get("content"), flat)
    calls = _calls_in(nested.get("content")) if nested.get(CALLS_TWICE) is True else nested.get("tool_calls")
    for index, call in enumerate(calls if isinstance(calls, list) else ()):
        _spread_call(f"message.tool_calls.{index}.tool_call", call, flat)
    rest = nested.get(LEFT_OVER)
    return flat | rest if isinstance(rest, dict) else flat


def _spread_parts(content: Any, flat: Flat) -> None:
    for index, part in enumerate(content if isinstance(content, list) else ()):
        if not isinstance(part, dict):
            continue
        prefix = f"message.contents.{index}."
        for name, member in _PART_NAMES.items():
            if member in part:
                flat[prefix + name] = "image" if (member, part[member]) == ("type", "image_url") else part[member]
        image = part.get("image_url")
        if isinstance(image, dict) and "url" in image:
            flat[f"{prefix}message_content.image.image.url"] = image["url"]


def _spread_call(prefix: str, call: Any, flat: Flat) -> None:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict):
        return
    if call.get("id") is not None:
        flat[f"{prefix}.id"] = call["id"]
    for member in ("name", "arguments"):
        if member in function:
            flat[f"{prefix}.function.{member}"] = function[member]


# --- OpenLLMetry before 0.55 ----------------------------------------------------------------------------------------

_TRACELOOP_TEXTS = ("role", "content", "tool_call_id", "name", "finish_reason")


def nest_traceloop(flat: Flat) -> Nested:
    """`gen_ai.prompt.N.*` and `gen_ai.completion.N.*` as an OpenAI chat message."""
    nested: Nested = {}
    rest: Flat = {}
    for name, value in _ordered(flat) if len(flat) > 2 else flat.items():
        if name in _TRACELOOP_TEXTS:
            nested[name] = _blocks_in(value) if name == "content" else value
        elif name in ("function_call.name", "function_call.arguments"):
            nested.setdefault("function_call", {})[name[14:]] = value
        elif not (name.startswith("tool_calls.") and _nest_plain_call(nested, name[11:], value)):
            rest[name] = value
    if rest:
        nested[LEFT_OVER] = rest
    return nested


def _blocks_in(value: Any) -> Any:
    """The blocks of a content that came as JSON text; any other value as it is."""
    if not isinstance(value, str) or not value.startswith(_BLOCKS) or len(value) > _MOST_CONTENT_CHARS:
        return value
    try:
        blocks = json.loads(value)
    except (ValueError, RecursionError):
        return value
    is_restored = isinstance(blocks, list) and json.dumps(blocks) == value
    return blocks if is_restored and all(isinstance(block, dict) and "type" in block for block in blocks) else value


_BLOCKS = '[{"type": "'
_MOST_CONTENT_CHARS = 4_000_000


def _nest_plain_call(nested: Nested, name: str, value: Any) -> bool:
    index, _, rest = name.partition(".")
    call = _list_at(nested, "tool_calls", index) if rest in ("id", "name", "arguments") else None
    if call is None:
        return False
    call.setdefault("id", None)
    call.setdefault("type", "function")
    if rest == "id":
        call["id"] = value
    else:
        call.setdefault("function", {})[rest] = value
    return True


def spread_traceloop(nested: Nested) -> Flat:
    flat: Flat = {name: nested[name] for name in _TRACELOOP_TEXTS if name in nested}
    if isinstance(flat.get("content"), list):
        flat["content"] = json.dumps(flat["content"])
    call = nested.get("function_call")
    for member, value in call.items() if isinstance(call, dict) else ():
        flat[f"function_call.{member}"] = value
    calls = nested.get("tool_calls")
    for index, item in enumerate(calls if isinstance(calls, list) else ()):
        if item.get("id") is not None:
            flat[f"tool_calls.{index}.id"] = item["id"]
        for member, value in item.get("function", {}).items():
            flat[f"tool_calls.{index}.{member}"] = value
    left_over: Flat = nested.get(LEFT_OVER, {})
    return flat | left_over


# --- documents of retrievers and rerankers --------------------------------------------------------------------------

_DOCUMENT = "document."
_DOCUMENT_MEMBERS = ("content", "id", "score", "metadata")


def nest_document(flat: Flat) -> Nested:
    """`retrieval.documents.N.document.*` of OpenInference as an object."""
    named = {name: value for name, value in flat.items() if name.removeprefix(_DOCUMENT) in _DOCUMENT_MEMBERS}
    named = {name: value for name, value in named.items() if name.startswith(_DOCUMENT)}
    rest = {name: value for name, value in flat.items() if name not in named}
    return {name.removeprefix(_DOCUMENT): value for name, value in named.items()} | ({LEFT_OVER: rest} if rest else {})


def spread_document(nested: Nested) -> Flat:
    flat = {f"{_DOCUMENT}{name}": value for name, value in nested.items() if name in _DOCUMENT_MEMBERS}
    rest = nested.get(LEFT_OVER)
    return flat | rest if isinstance(rest, dict) else flat


DIALECTS: Mapping[str, Dialect] = {
    "openinference": Dialect(nest_openinference, spread_openinference),
    "traceloop": Dialect(nest_traceloop, spread_traceloop),
    "document": Dialect(nest_document, spread_document),
}


def taken(
    flat: dict[str, Any],
    candidates: list[tuple[dict[str, Any], JsonBytes]],
    spread: Callable[[dict[str, Any]], Any],
    known: dict[int, Any],
) -> bytes | None:
    """The exact bytes of the first candidate that says the same. Both lists are in the order of the conversation.

    `known` remembers how candidates are spread: each may be compared with many messages.
    """
    for position, (value, raw) in enumerate(candidates[:3]):
        if id(value) not in known:
            known[id(value)] = spread(value)
        if known[id(value)] == flat:
            del candidates[: position + 1]
            return bytes(raw)
    return None


def run_of(indexes: Sequence[int]) -> int | list[int]:
    """The first index alone when the indexes are consecutive, else all of them."""
    first = indexes[0] if indexes else 0
    return first if list(indexes) == list(range(first, first + len(indexes))) else list(indexes)
