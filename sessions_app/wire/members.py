"""Members of JSON objects that were not decoded: texts, small values, JSON within a text, what lists hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sessions_app.content.json_bytes import DocumentError, JsonBytes, array_items, kind_of, loads, object_fields

Fields = dict[str, JsonBytes]
# A body may be within so many other objects or texts.
MOST_WRAPPED = 4
# A longer list is not opened to see what it is.
MOST_LIST_BYTES = 8_000_000
_MOST_ID_CHARS = 1_000


def text_member(fields: Fields, name: str) -> str:
    """A member that is a text; "" when it is absent or of another kind."""
    raw = fields.get(name)
    if raw is None or kind_of(raw) != "string":
        return ""
    if type(raw) is bytes and b"\\" not in raw and raw.isascii():
        return raw[1:-1].decode()
    try:
        value = loads(raw)
    except DocumentError:
        return ""
    return value if isinstance(value, str) else ""


def first_text(fields: Fields, *names: str) -> str:
    """The first of these members that is a text and not empty."""
    return next((text for name in names if (text := text_member(fields, name))), "")


def conversation_in(fields: Fields) -> tuple[str, str]:
    """The conversation that a body names, and the member: OpenAI's Conversations, Mistral's agents, Cohere v1, Dify."""
    for name in ("conversation", "conversation_id"):
        if name in fields:
            raw = fields[name]
            holder = object_fields(raw) if kind_of(raw) == "object" else {"id": raw}
            if 0 < len(found := text_member(holder, "id")) <= _MOST_ID_CHARS:
                return found, name
    return "", ""


def small_member(fields: Fields, name: str, most: int = 100_000) -> Any:
    """A decoded member; None when it is absent, unreadable or larger than `most` bytes."""
    raw = fields.get(name)
    if raw is None or len(raw) > most:
        return None
    try:
        return loads(raw)
    except DocumentError:
        return None


def decoded(raw: JsonBytes) -> Any:
    try:
        return loads(raw)
    except DocumentError:
        return None


def json_in(raw: JsonBytes) -> bytes | None:
    """The JSON object or array in a JSON text; None for any other text."""
    begins = bytes(memoryview(raw)[1:20]).lstrip(b" ")[:1]
    if begins not in (b"{", b"[", b"\\"):
        return None
    text = text_member({"": raw}, "").strip()
    for _ in range(MOST_WRAPPED):
        if text[:2] in ('"{', '"['):
            text = text_member({"": text.encode("utf-8", "surrogatepass")}, "").strip()
    if text[:1] not in ("{", "["):
        return None
    try:
        opened = text.encode()
        object_fields(opened) if text[0] == "{" else array_items(opened)
    except (DocumentError, UnicodeEncodeError):
        return None
    return opened


def held_in(
    fields: Fields,
    names: Iterable[str],
    known: frozenset[str],
    is_body: Callable[[JsonBytes], bool],
    kinds: tuple[str, ...] = ("object", "string"),
) -> str:
    """The member that holds the body; "" if this is the body itself, which has `known` members."""
    if not known.isdisjoint(fields):
        return ""
    return next((n for n in names if n in fields and kind_of(fields[n]) in kinds and is_body(fields[n])), "")


_MESSAGE_SIGNS = frozenset({"role", "lc", "parts"})
_ITEM_TYPES = frozenset({"message", "reasoning", "function_call", "constructor", "human", "ai", "system", "tool"})


def are_messages(raw: JsonBytes) -> bool:
    """Whether the first item of a list is a message, or an item of the Responses API."""
    if kind_of(raw) != "array":
        return False
    first = next(iter(array_items(raw)), b"")
    if not first or kind_of(first) != "object":
        return False
    fields = object_fields(first)
    kind = text_member(fields, "type")
    return not _MESSAGE_SIGNS.isdisjoint(fields) or kind in _ITEM_TYPES or kind.endswith(("_call", "_call_output"))


_BLOCK_TYPES = frozenset({"text", "output_text", "tool_use", "thinking", "tool-call", "tool_call", "refusal"})


def are_blocks(raw: JsonBytes) -> bool:
    """Whether this is the content of one message."""
    first = next(iter(array_items(raw)), b"") if len(raw) <= MOST_LIST_BYTES else b""
    if not first or kind_of(first) != "object":
        return False
    fields = object_fields(first)
    return text_member(fields, "type") in _BLOCK_TYPES or fields.keys() in ({"text"}, {"toolUse"}, {"functionCall"})
