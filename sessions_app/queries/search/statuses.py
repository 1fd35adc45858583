"""What `status:` asks for, in SQL: of a session, and of one request."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias

from sessions_app.content.search_facts import fact
from sessions_app.records import ERROR, RUNNING, SUCCESS
from sessions_app.structure.running import RUNNING_FOR

OK = "ok"
# It began, and no end is known in all the time that somebody waits for one.
UNFINISHED = "unfinished"

Sql: TypeAlias = tuple[str, list[Any]]

# As `structure.running` tells.
_RUNS = "r.status = 'running' AND r.ended_at IS NULL AND r.started_at > %s AND r.received_at > %s"
# With OFFSET it is looked up for each session, in an index of the requests that have begun.
_SOME_REQUEST = (
    "EXISTS (SELECT FROM request_log AS r WHERE r.session_id = s.id AND r.bucket = ANY(s.buckets)"
    " AND r.status = 'running' AND NOT r.step AND r.duplicate_of IS NULL AND {} OFFSET 0)"
)


def runs_since(now: datetime) -> datetime:
    """What runs began after this, and so its session was active after it."""
    return now - RUNNING_FOR


def status_of_session(values: Sequence[str], now: datetime) -> Sql:
    """Whether a session has one of these: a failed request, none, one that runs, one that never ended."""
    since = runs_since(now)
    parts: list[Sql] = [
        ("s.error_count = 0", []),
        ("s.error_count > 0", []),
        (f"(s.last_at > %s AND {_SOME_REQUEST.format(_RUNS)})", [since] * 3),
        (_SOME_REQUEST.format(f"({_RUNS}) IS NOT TRUE"), [since] * 2),
    ]
    return _any(values, parts)


def status_of_request(values: Sequence[str], now: datetime) -> Sql:
    """Whether a request has one of these. Each request has exactly one."""
    since = runs_since(now)
    parts: list[Sql] = [
        ("r.status = 'success'", []),
        ("r.status = 'error'", []),
        (f"({_RUNS})", [since] * 2),
        (f"(r.status = 'running' AND ({_RUNS}) IS NOT TRUE)", [since] * 2),
    ]
    return _any(values, parts)


def _any(values: Sequence[str], parts: Sequence[Sql]) -> Sql:
    known = dict(zip((OK, ERROR, RUNNING, UNFINISHED), parts, strict=True))
    chosen = [known[value] for value in values]
    return f"({' OR '.join(text for text, _ in chosen)})", [param for _, params in chosen for param in params]


def facts_of_status(values: Sequence[str]) -> list[str]:
    """What the index has of a request with one of these."""
    words = {OK: SUCCESS, UNFINISHED: RUNNING}
    return sorted({fact("status", words.get(value, value)) for value in values})
