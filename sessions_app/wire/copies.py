"""Two copies of a log that is one JSON object: a later one adds what was missing, and changes nothing that was there.

A copy that says something else in one member contradicts, and then nothing of it is taken: what a sender may add to a
log of its own, another must not be able to add by the way.
"""

from __future__ import annotations

import json

from sessions_app.content.json_bytes import JsonBytes, array_items, kind_of, object_fields
from sessions_app.content.sameness import Contradiction, canonical_json, clipped, differences, same
from sessions_app.content.splitting import Splitter
from sessions_app.wire import fields
from sessions_app.wire.members import text_member

_EMPTY = frozenset({b"null", b'""', b"[]", b"{}"})
_LONGEST_EMPTY, _LONGEST_TIME = 32, 64
# Members whose own members are completed one by one; a response or a list of messages is one statement and is not.
_MERGED = frozenset({"usage", "metadata"})
# What was asked may be told more fully in the end: programs report a beginning before they have put all of it together.
_MERGED_OF_BEGUN = _MERGED | {"request"}
# Lists whose order says nothing: one that has all that the other has, and more, completes it.
_SETS = frozenset({"tags", "request_tags"})
# Members that are moments, which may be written in several ways.
_TIMES = frozenset({"started_at", "first_token_at", "ended_at"})
_MOST_DEPTH = 8
_RUNNING = b'"running"'
# What a log that says that its call runs tells of the answer, as far as that has come.
_PROVISIONAL = ("status", "response", "usage", "cost")
# When it began and first answered: programs round it or ask two clocks, and whoever reports the end knows better.
_BEGUN_AT = ("started_at", "first_token_at")
_OUTCOME = (*_PROVISIONAL, "error", "ended_at")
# The states of a response that somebody may still ask for (OpenAI's Responses API).
UNFINISHED = frozenset({"in_progress", "queued"})


def merged(first: bytes, later: bytes) -> bytes:
    """The first copy with what it lacks from the later one (JSON objects, exact bytes of the values kept).

    Raises Contradiction.
    """
    found: list[str] = []
    ours, theirs = object_fields(first), object_fields(later)
    completed = _MERGED
    if _gives_way(ours, theirs):
        # Of two that run, the later one tells more.
        ours, completed = _settled(ours, theirs), _MERGED_OF_BEGUN
    elif _gives_way(theirs, ours):
        theirs, completed = _settled(theirs, ours), _MERGED_OF_BEGUN
    merged = _merge(ours, theirs, "", found, 0, completed)
    if found:
        raise Contradiction(found)
    return _write(merged)


def _gives_way(log: dict[str, JsonBytes], other: dict[str, JsonBytes]) -> bool:
    """Whether a log only tells that its call began, so that the other one knows better."""
    return is_running(log) or (not _has_outcome(log) and _has_outcome(other))


def _has_outcome(log: dict[str, JsonBytes]) -> bool:
    return any(_says_something(log.get(name)) for name in _OUTCOME)


def is_running(log: dict[str, JsonBytes]) -> bool:
    """Whether a log says that its call has no end yet."""
    said = log.get("status")
    return (said is not None and bytes(said) == _RUNNING) or is_unfinished(log.get("response"))


def is_unfinished(response: JsonBytes | None) -> bool:
    """Whether a response says that it is not there yet: one of the Responses API that runs in the background."""
    if response is None or kind_of(response) != "object":
        return False
    members = object_fields(response)
    return bytes(members.get("object", b"")) == b'"response"' and text_member(members, "status") in UNFINISHED


def _settled(log: dict[str, JsonBytes], other: dict[str, JsonBytes]) -> dict[str, JsonBytes]:
    """A log with what the other one tells better, because that came when more was known. Its members keep their order,
    so that it does not matter which of the two came first.
    """
    told = {name for name in (*_PROVISIONAL, *_BEGUN_AT) if _says_something(other.get(name))}
    if not is_running(other):
        told.add("status")
    return {
        name: other[name] if name in told else raw for name, raw in log.items() if name not in told or name in other
    }


def _says_something(raw: JsonBytes | None) -> bool:
    if raw is None or len(raw) > _LONGEST_EMPTY:
        return raw is not None
    value = bytes(raw).strip()
    # White space within an empty list or object says nothing; in a text it is what was said.
    return (value if value.startswith(b'"') else value.translate(None, b" \t\r\n")) not in _EMPTY


def _merge(
    ours: dict[str, JsonBytes],
    theirs: dict[str, JsonBytes],
    path: str,
    found: list[str],
    depth: int,
    completed: frozenset[str] = _MERGED,
) -> dict[str, JsonBytes]:
    merged = dict(ours)
    for name, raw in theirs.items():
        here = merged.get(name)
        if here is None or not _says_something(here):
            merged[name] = raw if here is None or _says_something(raw) else here
        elif (
            _says_something(raw)
            and not same(here, raw)
            and not (name in _TIMES and not path and _is_same_moment(here, raw))
        ):
            merged[name] = _united(name, here, raw, f"{path}{clipped(name)}", found, depth, completed)
    return merged


def _is_same_moment(one: JsonBytes, other: JsonBytes) -> bool:
    if max(len(one), len(other)) > _LONGEST_TIME:
        return False
    try:
        moments = {fields.optional_time(json.loads(bytes(raw)), "time") for raw in (one, other)}
    except ValueError:
        return False
    return len(moments) == 1


def _united(
    name: str,
    ours: JsonBytes,
    theirs: JsonBytes,
    path: str,
    found: list[str],
    depth: int,
    completed: frozenset[str],
) -> JsonBytes:
    """Two values that differ, as one that says both; where there is none, its members are named in `found`."""
    kinds = {kind_of(ours), kind_of(theirs)}
    if (name in completed or depth) and depth < _MOST_DEPTH and kinds == {"object"}:
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
