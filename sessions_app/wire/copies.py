"""Two copies of a log that is one JSON object: a later one adds what was missing, and changes nothing that was there.

A copy that says something else in one member contradicts, and then nothing of it is taken: what a sender may add to a
log of its own, another must not be able to add by the way.
"""

from __future__ import annotations

from sessions_app.content.json_bytes import JsonBytes, array_items, kind_of, object_fields
from sessions_app.content.sameness import Contradiction, canonical_json, clipped, differences, same
from sessions_app.content.splitting import Splitter

_EMPTY = frozenset({b"null", b'""', b"[]", b"{}"})
_LONGEST_EMPTY = 32
# Members whose own members are completed one by one; a response or a list of messages is one statement and is not.
_MERGED = frozenset({"usage", "metadata"})
# Lists whose order says nothing: one that has all that the other has, and more, completes it.
_SETS = frozenset({"tags", "request_tags"})
_MOST_DEPTH = 8


def merged(first: bytes, later: bytes) -> bytes:
    """The first copy with what it lacks from the later one (JSON objects, exact bytes of the values kept).

    Raises Contradiction.
    """
    found: list[str] = []
    merged = _merge(object_fields(first), object_fields(later), "", found, 0)
    if found:
        raise Contradiction(found)
    return _write(merged)


def _says_something(raw: JsonBytes | None) -> bool:
    if raw is None or len(raw) > _LONGEST_EMPTY:
        return raw is not None
    value = bytes(raw).strip()
    # White space within an empty list or object says nothing; in a text it is what was said.
    return (value if value.startswith(b'"') else value.translate(None, b" \t\r\n")) not in _EMPTY


def _merge(
    ours: dict[str, JsonBytes], theirs: dict[str, JsonBytes], path: str, found: list[str], depth: int
) -> dict[str, JsonBytes]:
    merged = dict(ours)
    for name, raw in theirs.items():
        here = merged.get(name)
        if here is None or not _says_something(here):
            merged[name] = raw if here is None or _says_something(raw) else here
        elif _says_something(raw) and not same(here, raw):
            merged[name] = _united(name, here, raw, f"{path}{clipped(name)}", found, depth)
    return merged


def _united(name: str, ours: JsonBytes, theirs: JsonBytes, path: str, found: list[str], depth: int) -> JsonBytes:
    """Two values that differ, as one that says both; where there is none, its members are named in `found`."""
    kinds = {kind_of(ours), kind_of(theirs)}
    if (name in _MERGED or depth) and depth < _MOST_DEPTH and kinds == {"object"}:
        return _write(_merge(object_fields(ours), object_fields(theirs), f"{path}.", found, depth + 1))
    if name in _SETS and not depth and kinds == {"array"}:
        one, other = ({canonical_json(item) for item in array_items(raw)} for raw in (ours, theirs))
        if one <= other or other <= one:
            return theirs if one < other else ours
    found += differences(ours, theirs, path)
    return ours


def _write(log: dict[str, JsonBytes]) -> bytes:
    return Splitter().members(log, lambda _, raw: bytes(raw))


def is_part(log: bytes) -> bool:
    """Such a log is never a part of another one."""
    return False
