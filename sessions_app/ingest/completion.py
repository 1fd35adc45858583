"""Two copies of one log: what the later one adds completes the earlier one, and nothing is erased.

The result is the same whichever copy arrives first: the fuller copy leads, and what it lacks comes from the other.
"""

from __future__ import annotations

from sessions_app.documents import JsonBytes, Splitter, kind_of, object_fields

_EMPTY = frozenset({b"null", b'""', b"[]", b"{}"})
# Members whose own members are completed one by one; a response or a list of messages is one statement and is not.
_MERGED = frozenset({"usage", "metadata"})
_CONCLUDED = ("response", "error", "ended_at", "endTime")


def merge_logs(a: bytes, b: bytes) -> bytes:
    """One log that says what both copies of it say (JSON objects, exact bytes of the values kept)."""
    first, second = object_fields(a), object_fields(b)
    if _fullness(second) > _fullness(first):
        first, second = second, first
    return _write(_merge(first, second, depth=0))


def _fullness(log: dict[str, JsonBytes]) -> tuple[int, int, bytes]:
    """How much a copy says: whether it has an outcome, then how long it is; the bytes decide a tie."""
    concluded = sum(_says_something(log.get(name)) for name in _CONCLUDED)
    written = _write(log)
    return concluded, len(written), written


def _says_something(raw: JsonBytes | None) -> bool:
    return raw is not None and (len(raw) > 4 or bytes(raw) not in _EMPTY)


def _merge(leader: dict[str, JsonBytes], other: dict[str, JsonBytes], depth: int) -> dict[str, JsonBytes]:
    merged = dict(leader)
    for name, raw in other.items():
        ours = merged.get(name)
        if not _says_something(ours):
            merged[name] = raw if _says_something(raw) or ours is None else ours
        elif (depth or name in _MERGED) and ours is not None and kind_of(ours) == kind_of(raw) == "object":
            merged[name] = _write(_merge(object_fields(ours), object_fields(raw), depth + 1))
    return merged


def _write(log: dict[str, JsonBytes]) -> bytes:
    return Splitter().members(log, lambda _, raw: bytes(raw))
