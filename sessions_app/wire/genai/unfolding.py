"""Open JSON that came as a text, so that it can be cut into parts, and restore exactly the same text later.

Instrumentations write messages as one JSON text in one attribute, with the whole history in each span. The JSON itself
is stored, with the name of the style in which its text was written. Opening a text tries whether it can be restored
exactly; one that cannot stays a text.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec
import orjson

from sessions_app.content.json_bytes import DocumentError, JsonBytes, array_items, kind_of, object_fields

# How a text was written: without white space (JavaScript, Pydantic), or by Python's json.dumps. For the latter either
# the separators between the pieces are remembered, or everything is written again.
COMPACT, SPACED, DUMPED = 1, 2, 3
# Up to this size, a text of another style is parsed and written again, to see whether the result is the same.
MOST_DUMPED_BYTES = 65_536

# Arrays of arrays are opened item by item up to this depth: each level costs another reading.
MOST_NESTED = 6

_ITEMS = {COMPACT: b",", SPACED: b", "}


def closed(raw: JsonBytes, style: int) -> bytes:
    """The text of a JSON value in a style. Members of objects and items of arrays are written one by one."""
    if style == DUMPED:
        return json.dumps(json.loads(bytes(raw))).encode()
    if kind_of(raw) == "array":
        return _closed_array(raw, _ITEMS[style])
    if kind_of(raw) != "object":
        return bytes(raw)
    comma = _ITEMS[style]
    members = [_key(key, style) + _closed_member(value, comma) for key, value in object_fields(raw).items()]
    return b"{" + comma.join(members) + b"}"


def _key(key: str, style: int) -> bytes:
    return json.dumps(key).encode() + b": " if style == SPACED else msgspec.json.encode(key) + b":"


def written(fields: dict[str, bytes]) -> bytes:
    """An object, without white space between its members."""
    return b"{" + b",".join([_key(key, COMPACT) + value for key, value in fields.items()]) + b"}"


def _closed_member(raw: JsonBytes, comma: bytes, depth: int = 0) -> bytes:
    return _closed_array(raw, comma, depth) if kind_of(raw) == "array" else bytes(raw)


def _closed_array(raw: JsonBytes, comma: bytes, depth: int = 0) -> bytes:
    items = array_items(raw)
    if is_nested(items, depth):
        items = [_closed_member(item, comma, depth + 1) for item in items]
    return b"[" + comma.join(items) + b"]"


def is_nested(items: Sequence[JsonBytes], depth: int) -> bool:
    """Whether this is an array of arrays, judged by its first item: the same when opening and when closing.

    `depth` is the number of arrays around it. Beyond `MOST_NESTED` an array counts as a plain value.
    """
    return bool(items) and depth < MOST_NESTED and kind_of(items[0]) == "array"


def style_of(text: bytes) -> int | None:
    """The style in which this JSON array or object can be restored from its pieces; None when there is none."""
    if kind_of(text) == "string":
        return COMPACT if is_json(text) else None
    looks_spaced = b'": ' in text[:400] or b", " in text[:2]
    for style in (SPACED, COMPACT) if looks_spaced else (COMPACT, SPACED):
        try:
            if closed(text, style) == text:
                return style
        except DocumentError:
            return None
    return None


def dumped_style_of(text: bytes) -> int | None:
    """Like `style_of`, for JSON whose inner objects are opened too."""
    try:
        if msgspec.json.encode(msgspec.json.decode(text)) == text:
            return COMPACT
        if len(text) <= MOST_DUMPED_BYTES and closed(text, DUMPED) == text:
            return DUMPED
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass
    return None


def dumps(value: Any) -> bytes:
    """Compact JSON, also of numbers and texts that strict JSON cannot express."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value).encode()


def is_json(text: bytes) -> bool:
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def text_of(value: object) -> bytes | None:
    """The UTF-8 bytes of a text that may be JSON (an array, object or quoted text); None for anything else."""
    if not isinstance(value, str) or value[:1] not in ("[", "{", '"'):
        return None
    try:
        return value.encode()
    except UnicodeEncodeError:
        return None


def as_text(raw: bytes) -> bytes:
    """A JSON string whose text is this JSON."""
    return orjson.dumps(raw.decode())
