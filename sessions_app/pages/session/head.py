"""The head of a session's page: who, when, how much, and what failed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone
from markupsafe import Markup

from sessions_app.pages.html.formats import more_than_shown
from sessions_app.pages.html.tool_calls import failed_results, failure_count
from sessions_app.pages.session.view import View
from sessions_app.pages.thread.wording import counted, session_grouped_by, source_name
from sessions_app.queries.live import is_active
from sessions_app.queries.session import RequestLine, SessionFacts
from sessions_app.records import ERROR, RUNNING
from sessions_app.structure import timeline

MOST_TAGS = 8
MOST_USERS = 3


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a session. `failed_count` counts requests and steps that failed, or brought results of tools that
    did, as the outline marks them; `failed_words` says how many of each. `unpriced`: of how many requests tokens are
    known, but no cost. `tool_failures`: how many results of tools that failed there are, in words.
    """

    facts: SessionFacts
    failed_count: int
    failed_steps: int
    failed_words: str
    unpriced: int
    wall: timedelta | None
    busy: timedelta | None
    sources: list[str]
    users: tuple[str, ...]
    more_users: str
    tags: tuple[str, ...]
    more_tags: str
    grouped_by: Markup
    tool_failures: str
    tool_failure_count: str
    is_live: bool
    is_running: bool


def _extents(shown: View) -> tuple[timeline.Extent | None, timeline.Extent | None]:
    """The extent of a whole session, and that of its requests alone."""
    requests, places = shown.lines.requests, shown.whole.places
    everything = shown.whole.extent
    return everything, timeline.span_of(requests) if len(places) > len(requests) else everything


def _failed(shown: View) -> tuple[int, int, int]:
    """How many requests failed, how many steps did, and how many others brought results of tools that failed."""
    brought, places = shown.tool_failures, shown.whole.places
    requests = sum(index is not None and line.status == ERROR for _, index, line in places)
    steps = sum(index is None and line.status == ERROR for _, index, line in places)
    others = sum(line.status != ERROR and line.id in brought for _, _, line in places) if brought else 0
    return requests, steps, others


def _failed_words(requests: int, steps: int, others: int) -> str:
    words = [counted(requests, "failed request")] if requests else []
    words += [counted(steps, "failed step")] if steps else []
    words += [f"{counted(others, 'request')} with failed tool results"] if others else []
    return ", ".join(words)


def _unpriced(lines: Iterable[RequestLine]) -> int:
    return sum(bool(line.cost is None and (line.input_tokens or line.output_tokens)) for line in lines)


def head_of(shown: View) -> Head:
    """What the head of a session's page says. What does not change while the session stays the same is derived once."""
    session, lines = shown.session, shown.lines
    everything, calls = shown.whole.derived.once("extents", lambda: _extents(shown))
    # Only the clock tells whether those still run whose logs say so.
    begun = lines.derived.once("begun", lambda: [line for line in lines.requests if line.status == RUNNING])
    is_running = any(line.is_running for line in begun)
    failed = shown.whole.derived.once("failed", lambda: _failed(shown))
    return Head(
        facts=session,
        failed_count=sum(failed),
        failed_steps=failed[1],
        failed_words=_failed_words(*failed),
        unpriced=lines.derived.once("unpriced", lambda: _unpriced(lines.requests)),
        wall=everything.wall if everything else None,
        busy=calls.busy if calls else None,
        sources=[source_name(source) for source in session.sources],
        users=session.users[:MOST_USERS],
        more_users=more_than_shown(session.users, MOST_USERS),
        tags=session.tags[:MOST_TAGS],
        more_tags=more_than_shown(session.tags, MOST_TAGS),
        grouped_by=lines.derived.once("grouped by", lambda: session_grouped_by(lines.requests or lines.shown)),
        tool_failures=failed_results(session.tool_error_count, session.tool_looks_failed_count),
        tool_failure_count=failure_count(session.tool_failure_count),
        is_live=is_running or is_active(session.last_at, timezone.now()),
        is_running=is_running,
    )
