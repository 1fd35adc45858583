"""Items of one span that came apart: its log records, exports of it that say more. One item says what all of them say.

The result is the same in whichever order they come.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sessions_app.documents import loads
from sessions_app.wire.genai.closing import item_bytes
from sessions_app.wire.genai.unfolding import dumps


def joined(raws: Sequence[bytes]) -> bytes:
    """One item of the log records of one span, of items as they came."""
    items = [loads(raw) for raw in raws]
    item: dict[str, Any] = {name: items[0].get(name) for name in ("resource", "scope")}
    _add_logs(item, _united([log for found in items for log in _logs(found)], _log_order))
    if problems := sorted({text for found in items for text in found.get("problems") or ()}):
        item["problems"] = problems
    return dumps(item)


def merged(a: bytes, b: bytes) -> bytes:
    """One item of two, stored or as they came."""
    first, second = (loads(item_bytes(log)) for log in (a, b))
    leader, other = (second, first) if _fullness(second) > _fullness(first) else (first, second)
    item: dict[str, Any] = {}
    for name in ("resource", "scope"):
        item[name] = _filled(leader.get(name), other.get(name))
    if spans := [found["span"] for found in (leader, other) if isinstance(found.get("span"), dict)]:
        item["span"] = _merged_spans(*spans) if len(spans) == 2 else spans[0]
    _add_logs(item, _united([*_logs(leader), *_logs(other)], _log_order))
    if problems := sorted({text for found in (leader, other) for text in found.get("problems") or ()}):
        item["problems"] = problems
    return dumps(item)


def _fullness(item: dict[str, Any]) -> tuple[bool, bool, int, bytes]:
    """A span before log records, one that ended before one that did not, the longer one; the bytes decide a tie."""
    span = item.get("span")
    is_span = isinstance(span, dict)
    ended = is_span and span.get("endTimeUnixNano") not in (None, "", "0")
    written = json.dumps(item, sort_keys=True).encode()
    return is_span, ended, len(written), written


def _filled(leader: Any, other: Any) -> Any:
    """An object with what it lacks from the other one."""
    if not isinstance(leader, dict) or not isinstance(other, dict):
        return leader if leader not in (None, "", [], {}) else other
    return leader | {
        name: _filled(leader.get(name), value)
        for name, value in other.items()
        if name not in leader or name == "attributes" or leader[name] in (None, "", [], {}, "0", 0)
    }


def _merged_spans(leader: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    span = _filled(leader, other)
    events = _united([*_objects(leader.get("events")), *_objects(other.get("events"))], _event_order)
    return span | ({"events": events} if events else {})


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _logs(item: dict[str, Any]) -> list[dict[str, Any]]:
    own = item.get("log")
    return [*([own] if isinstance(own, dict) else ()), *_objects(item.get("logs"))]


def _add_logs(item: dict[str, Any], logs: list[dict[str, Any]]) -> None:
    """An item without a span is its first log record, with the others beside it."""
    if logs and "span" not in item:
        item["log"], *logs = logs
    if logs:
        item["logs"] = logs


def _united(records: list[dict[str, Any]], order: Any) -> list[dict[str, Any]]:
    """Each record once, by time."""
    distinct = {json.dumps(record, sort_keys=True): record for record in records}
    return [distinct[key] for key in sorted(distinct, key=lambda key: (order(distinct[key]), key))]


def _event_order(event: dict[str, Any]) -> int:
    return _nanos(event.get("timeUnixNano"))


def _log_order(log: dict[str, Any]) -> int:
    return _nanos(log.get("timeUnixNano")) or _nanos(log.get("observedTimeUnixNano"))


def _nanos(value: Any) -> int:
    try:
        return int(value)
    except (ValueError, TypeError):
        return 0
