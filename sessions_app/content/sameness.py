"""Whether two JSON texts mean the same, however they are written, and where they differ.

The order of keys, white space, escapes and the spelling of numbers (`1`, `1.0`, `10e-1`) make no difference. The work
is in proportion to the length of the texts: large values are compared piece by piece, and values that are nested deeper
than `MOST_DEPTH` by their bytes.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any

from sessions_app.content.json_bytes import DocumentError, JsonBytes, array_items, kind_of, object_fields

MOST_DEPTH = 200
# A longer value is cut into its members or items, which are decoded one by one.
DECODED_BYTES = 256 * 1024
MOST_CUTS = 6
MOST_NAMED = 10
MOST_STEPS = 6
NAME_CHARS = 60

_NUMBER = re.compile(r"(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,18}))?")
_CACHED_CHARS = 40
_SHORT = 32


class Contradiction(ValueError):
    """Two copies of one log contradict each other. `members` names the first few members that differ."""

    def __init__(self, members: Iterable[str]) -> None:
        self.members = tuple(dict.fromkeys(members))[:MOST_NAMED]
        super().__init__(", ".join(self.members))


def same(a: JsonBytes, b: JsonBytes) -> bool:
    """Whether two JSON values mean the same."""
    return bytes(a) == bytes(b) or canonical_json(a) == canonical_json(b)


def canonical_json(raw: JsonBytes) -> bytes:
    """At most 37 bytes, equal for JSON values that mean the same and different for all others."""
    return _of_text(raw, 0)


def _of_text(raw: JsonBytes, cuts: int) -> bytes:
    try:
        if len(raw) > DECODED_BYTES and cuts < MOST_CUTS:
            if kind_of(raw) == "object":
                members = object_fields(raw)
                return _of_members(dict(zip(members, _of_texts(list(members.values()), cuts + 1), strict=True)))
            if kind_of(raw) == "array":
                return _of_items(_of_texts(array_items(raw), cuts + 1))
        return _of_value(_decoded(raw), 0)
    except (DocumentError, RecursionError, ValueError):
        return _token(b"r", bytes(raw))


def _of_texts(raws: list[JsonBytes], cuts: int) -> list[bytes]:
    """The canonical JSON of many values; small ones are decoded together."""
    found: list[bytes] = []
    together: list[bytes] = []
    size = 0
    for raw in raws:
        if size + len(raw) > DECODED_BYTES:
            found += _of_small(together)
            together, size = [], 0
        if len(raw) > DECODED_BYTES:
            found.append(_of_text(raw, cuts))
        else:
            together.append(bytes(raw))
            size += len(raw) + 1
    return found + _of_small(together)


def _of_small(raws: list[bytes]) -> list[bytes]:
    try:
        return [_of_value(value, 0) for value in _decoded(b"[" + b",".join(raws) + b"]")]
    except (RecursionError, ValueError):
        # One of them cannot be decoded. The others can, one by one.
        return [_of_text(raw, MOST_CUTS) for raw in raws]


def _decoded(raw: JsonBytes) -> Any:
    """Decoded JSON with numbers as tuples: none is rounded, and none is equal to a text. Raises ValueError."""
    return json.loads(bytes(raw).decode("utf-8-sig"), parse_int=_number, parse_float=_number, parse_constant=_constant)


def _constant(text: str) -> tuple[str]:
    return (text,)


def _number(text: str) -> tuple[str]:
    return _short_number(text) if len(text) <= _CACHED_CHARS else (_written(text),)


@functools.lru_cache(maxsize=4096)
def _short_number(text: str) -> tuple[str]:
    return (_written(text),)


def _written(text: str) -> str:
    """A number as its digits and an exponent."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return text
    sign, whole, fraction, exponent = match.groups()
    digits = (whole + (fraction or "")).lstrip("0")
    kept = digits.rstrip("0")
    if not kept:
        return "0"
    return f"{sign}{kept}e{int(exponent or 0) - len(fraction or '') + len(digits) - len(kept)}"


def _of_value(value: Any, depth: int) -> bytes:
    if depth > MOST_DEPTH:
        raise ValueError("nested too deeply")
    if isinstance(value, str):
        return _token(b"s", value.encode("utf-8", "surrogatepass"))
    if isinstance(value, tuple):
        return _token(b"n", value[0].encode())
    if isinstance(value, dict):
        return _of_members({name: _of_value(item, depth + 1) for name, item in value.items()})
    if isinstance(value, list):
        return _of_items([_of_value(item, depth + 1) for item in value])
    return _token(b"c", str(value).encode())


def _of_members(members: dict[str, bytes]) -> bytes:
    named = sorted((_token(b"s", name.encode("utf-8", "surrogatepass")), found) for name, found in members.items())
    return b"{" + hashlib.sha256(b"".join([part for pair in named for part in pair])).digest()


def _of_items(items: list[bytes]) -> bytes:
    return b"[" + hashlib.sha256(b"".join(items)).digest()


def _token(kind: bytes, content: bytes) -> bytes:
    """A value's kind and content, or the hash of a long one. It begins with its length, so tokens can be joined."""
    if len(content) > _SHORT:
        return kind + b"\xff" + hashlib.sha256(content).digest()
    return kind + bytes((len(content),)) + content


# --- where two values differ ----------------------------------------------------------------------------------------


def differences(a: JsonBytes, b: JsonBytes, name: str) -> list[str]:
    """Which members of two values differ, as `request.messages[1].content`; at most `MOST_NAMED`. Both are `name`."""
    found: list[str] = []
    _compare(a, b, name, found, MOST_STEPS)
    return found


def _compare(a: JsonBytes, b: JsonBytes, name: str, found: list[str], steps: int) -> None:
    kind = kind_of(a)
    if steps == 0 or kind != kind_of(b) or kind not in ("object", "array"):
        found.append(name)
        return
    try:
        pairs = _members_of(a, b, name) if kind == "object" else _items_of(a, b, name)
    except DocumentError:
        found.append(name)
        return
    for inner, one, other in pairs:
        if len(found) >= MOST_NAMED:
            return
        if one is None or other is None:
            found.append(inner)
        elif not same(one, other):
            _compare(one, other, inner, found, steps - 1)


Pairs = list[tuple[str, JsonBytes | None, JsonBytes | None]]


def _members_of(a: JsonBytes, b: JsonBytes, name: str) -> Pairs:
    ours, theirs = object_fields(a), object_fields(b)
    inner = {member: f"{name}.{clipped(member)}".lstrip(".") for member in (*ours, *theirs)}
    return [(inner[member], ours.get(member), theirs.get(member)) for member in inner]


def _items_of(a: JsonBytes, b: JsonBytes, name: str) -> Pairs:
    """Items by their position. Of the items that only the longer list has, the first stands for all."""
    ours, theirs = array_items(a), array_items(b)
    pairs: Pairs = [(f"{name}[{n}]", one, other) for n, (one, other) in enumerate(zip(ours, theirs, strict=False))]
    if len(ours) != len(theirs):
        pairs.append((f"{name}[{len(pairs)}]", None, None))
    return pairs


def clipped(name: str) -> str:
    """A member's name as it can be stored and shown."""
    text = name if len(name) <= NAME_CHARS else name[: NAME_CHARS - 1] + "…"
    return text.replace("\x00", "\ufffd").replace("\x1f", "\ufffd").encode("utf-8", "replace").decode()
