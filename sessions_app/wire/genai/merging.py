"""Merge items of one span that came separately: its log records, or exports of it that say more.

The result does not depend on the order in which they come, unless copies contradict each other.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from sessions_app.content.json_bytes import loads, object_fields
from sessions_app.content.sameness import Contradiction, clipped, differences, same
from sessions_app.wire.genai.closing import item_bytes
from sessions_app.wire.genai.unfolding import dumps

# GenAI events that report the answer of a call: one of several choices, and the whole call.
CHOICE, DETAILS = "gen_ai.choice", "gen_ai.client.inference.operation.details"


def joined(raws: Sequence[bytes]) -> bytes:
    """One item of all log records of one span; the items are as they came."""
    items = [loads(raw) for raw in raws]
    item: dict[str, Any] = {name: items[0].get(name) for name in ("resource", "scope")}
    _add_logs(item, _united([log for found in items for log in _logs(found)], _log_order))
    if problems := sorted({text for found in items for text in found.get("problems") or ()}):
        item["problems"] = problems
    return dumps(item)


def merged(first: bytes, later: bytes) -> bytes:
    """The first item with what it lacks from the later one. Either may be a stored item or one as it came.

    Raises Contradiction when both say different things of the span, or of the same answer.
    """
    ours, theirs = (loads(item_bytes(log)) for log in (first, later))
    found: list[str] = []
    item = _parts(ours, theirs, found)
    _check_answers(_logs(ours), _logs(theirs), found)
    if found:
        raise Contradiction(found)
    _add_logs(item, _united([*_logs(ours), *_logs(theirs)], _log_order))
    if problems := sorted({text for part in (ours, theirs) for text in part.get("problems") or ()}):
        item["problems"] = problems
    return dumps(item)


def is_part(log: bytes) -> bool:
    """Whether an item has log records alone. They join their span, and only bring messages for it."""
    return "span" not in object_fields(log)


def _parts(ours: dict[str, Any], theirs: dict[str, Any], found: list[str]) -> dict[str, Any]:
    """Resource, scope and span of two items. If one of them has no span, its resource and scope need not agree."""
    spans = [part["span"] for part in (ours, theirs) if isinstance(part.get("span"), dict)]
    if len(spans) == 2:
        named = {name: _filled(ours.get(name), theirs.get(name), name, found) for name in ("resource", "scope")}
        return named | {"span": _merged_spans(spans[0], spans[1], found)}
    leader, other = (theirs, ours) if isinstance(theirs.get("span"), dict) else (ours, theirs)
    item = {name: _filled(leader.get(name), other.get(name), name, []) for name in ("resource", "scope")}
    return item | ({"span": spans[0]} if spans else {})


_EMPTY: tuple[Any, ...] = (None, "", [], {}, "0", 0)


# Members of members are completed, as attributes or a status; the value of an attribute is compared as a whole.
_MOST_DEPTH = 2


def _filled(ours: Any, theirs: Any, path: str, found: list[str], depth: int = 0) -> Any:
    """A value with what it lacks from the other one. Members in which the two differ are added to `found`."""
    if _is_empty(ours) or _is_empty(theirs):
        return theirs if _is_empty(ours) else ours
    if depth == _MOST_DEPTH or not isinstance(ours, dict) or not isinstance(theirs, dict):
        if not same(dumps(ours), dumps(theirs)):
            found += differences(dumps(ours), dumps(theirs), path)
        return ours
    filled = dict(ours)
    for name, value in theirs.items():
        filled[name] = _filled(ours.get(name), value, f"{path}.{clipped(name)}", found, depth + 1)
    return filled


def _is_empty(value: Any) -> bool:
    return not isinstance(value, bool) and value in _EMPTY


def _merged_spans(ours: dict[str, Any], theirs: dict[str, Any], found: list[str]) -> dict[str, Any]:
    before, after = _objects(ours.get("events")), _objects(theirs.get("events"))
    span = _filled(ours | {"events": []}, theirs | {"events": []}, "span", found)
    # A span that has ended has all its events. One that is exported while it lasts may get more.
    if before and after and _has_ended(ours) and _has_ended(theirs) and _keys(before) != _keys(after):
        found += differences(dumps(before), dumps(after), "span.events")
    events = _united([*before, *after], _event_order)
    return {name: value for name, value in span.items() if name != "events"} | ({"events": events} if events else {})


def _has_ended(span: dict[str, Any]) -> bool:
    return span.get("endTimeUnixNano") not in _EMPTY


def _check_answers(ours: list[dict[str, Any]], theirs: list[dict[str, Any]], found: list[str]) -> None:
    """An answer is reported once: the same choice, or the whole call, with other content is a contradiction."""
    known = {answer: log for log in ours if (answer := _answer_of(log))}
    for log in theirs:
        before = known.get(_answer_of(log) or ("", ""))
        if before is not None and not _keys([log]) <= _keys(ours):
            found += differences(dumps(before), dumps(log), "log")


def _answer_of(log: dict[str, Any]) -> tuple[str, str] | None:
    """The answer that a log record reports: a choice's number, or the whole call; None for other records."""
    attributes, body = log.get("attributes"), log.get("body")
    name = log.get("eventName") or (attributes.get("event.name") if isinstance(attributes, dict) else None)
    if name == CHOICE:
        index = body.get("index", 0) if isinstance(body, dict) else 0
        return (CHOICE, str(index)[:20])
    answers = attributes.keys() & _ANSWERS if isinstance(attributes, dict) else set()
    return (DETAILS, "") if name == DETAILS and answers else None


# Some libraries write a record when a call begins, and another one with the answer.
_ANSWERS = frozenset({"gen_ai.output.messages", "gen_ai.response.id", "gen_ai.response.finish_reasons"})


def _keys(records: list[dict[str, Any]]) -> set[str]:
    return {json.dumps(record, sort_keys=True) for record in records}


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _logs(item: dict[str, Any]) -> list[dict[str, Any]]:
    own = item.get("log")
    return [*([own] if isinstance(own, dict) else ()), *_objects(item.get("logs"))]


def _add_logs(item: dict[str, Any], logs: list[dict[str, Any]]) -> None:
    """Add log records. In an item without a span, the first one takes the span's place."""
    if logs and "span" not in item:
        item["log"], *logs = logs
    if logs:
        item["logs"] = logs


def _united(records: list[dict[str, Any]], order: Callable[[dict[str, Any]], int]) -> list[dict[str, Any]]:
    """Each record once, in the order of their times."""
    distinct = {json.dumps(record, sort_keys=True): record for record in records}
    return [distinct[key] for key in sorted(distinct, key=lambda key: (order(distinct[key]), key))]


def _event_order(event: dict[str, Any]) -> int:
    return _nanos(event.get("timeUnixNano"))


def _log_order(log: dict[str, Any]) -> int:
    return _nanos(log.get("timeUnixNano")) or _nanos(log.get("observedTimeUnixNano"))


def _nanos(value: Any) -> int:
    try:
        return int(value)
    except (ValueError, TypeError, OverflowError):
        return 0
