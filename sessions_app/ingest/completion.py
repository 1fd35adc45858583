"""A later copy of a log completes an earlier one: it adds what was missing, and changes nothing that was there.

A copy that says something else in one member contradicts, and then nothing of it is taken: what a sender may add to a
log of its own, another must not be able to add by the way.
"""

from __future__ import annotations

from sessions_app.content.json_bytes import JsonBytes, array_items, kind_of, object_fields
from sessions_app.content.sameness import Contradiction, canonical_json, clipped, differences, same
from sessions_app.content.splitting import Splitter
from sessions_app.records import ERROR, Record

_EMPTY = frozenset({b"null", b'""', b"[]", b"{}"})
_LONGEST_EMPTY = 32
# Members whose own members are completed one by one; a response or a list of messages is one statement and is not.
_MERGED = frozenset({"usage", "metadata"})
# Lists whose order says nothing: one that has all that the other has, and more, completes it.
_SETS = frozenset({"tags", "request_tags"})
_MOST_DEPTH = 8


def merge_logs(first: bytes, later: bytes) -> bytes:
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
    return bytes(raw).translate(None, b" \t\r\n") not in _EMPTY


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


# --- what a whole report says beyond its members --------------------------------------------------------------------

# Names as the API has them, by those of the record.
_FACTS = {
    name: name
    for name in (
        *("request_id", "kind", "call_type", "model", "requested_model", "provider", "api_base", "error_type"),
        *("error_message", "finish_reason", "first_token_at", "ended_at", "cost", "key_alias", "name", "tool_name"),
        *("tool_call_id", "response_id", "previous_response_id", "call_id", "key_hash"),
    )
} | {"http_status": "status_code", "end_user": "user"}
_COUNTS = ("input_tokens", "output_tokens", "cached_tokens", "cache_write_tokens", "reasoning_tokens")
# Where and when a call was made: a report that says all of a call has said that too, if only by leaving it out.
_PLACE = {"claim": "session_id", "trace_id": "trace_id", "parent_id": "parent_id", "started_at": "started_at"}


def is_whole(record: Record) -> bool:
    """Whether a log reports a call from end to end: what was asked, and what became of it."""
    if record.span_id:
        return record.ended_at is not None
    return len(record.document.input) > 0 and (len(record.document.output) > 0 or record.status == ERROR)


# What a request says by itself, whoever brings its answer.
_ASKED = ("model", "requested_model", "end_user", "key_alias", "key_hash", "previous_response_id", "call_id")


def check_asked(first: Record, merged: Record) -> None:
    """A report that lacks its outcome is read as before as to what was asked, and by whom. Raises Contradiction."""
    if len(first.document.input) == 0:
        return
    changed = [_FACTS[name] for name in _ASKED if _is_changed(getattr(first, name), getattr(merged, name))]
    if changed:
        raise Contradiction(changed)


def check_unchanged(first: Record, merged: Record) -> None:
    """A whole report is read as before when something was added to it. Raises Contradiction.

    What it says may follow from several members: a `model` beside the request's own would show another one, an `error`
    would make a failure of it, and a session id would take it elsewhere.
    """
    changed = [shown for name, shown in _FACTS.items() if _is_changed(getattr(first, name), getattr(merged, name))]
    changed += [name for name in _COUNTS if _is_changed(getattr(first.usage, name), getattr(merged.usage, name))]
    changed += [shown for name, shown in _PLACE.items() if getattr(first, name) != getattr(merged, name)]
    if first.status != merged.status:
        changed.append("status")
    if not set(first.tags) <= set(merged.tags):
        changed.append("tags")
    for name, shown in (("input", "request"), ("output", "response")):
        before, after = (getattr(record.document, name).digests for record in (first, merged))
        if before and before != after:
            changed.append(shown)
    if changed:
        raise Contradiction(changed)


def _is_changed(before: object, after: object) -> bool:
    return before not in (None, "", "other") and before != after
