"""Finds a request in its session, and the facts that pages show of it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sessions_app.models import Project, RequestLog
from sessions_app.pages.html.composition import filled_of_request
from sessions_app.pages.thread.addresses import Addresses
from sessions_app.pages.thread.facts import facts_of
from sessions_app.pages.thread.layout import Layout, layout_of
from sessions_app.queries.lookup import find_request
from sessions_app.queries.session import (
    MOST_LINES,
    RequestLine,
    SessionFacts,
    SessionLines,
    find_session,
    load_all_lines,
    load_line,
)
from sessions_app.queries.traces import Report, load_traces, request_of_key
from sessions_app.queries.window import Window, index_of

_TITLE_CHARS = 120
SPANS = "otlp"


@dataclass(frozen=True, slots=True)
class RequestInSession:
    """A request, with the session's requests in order and its index among them.

    A step, or a second report of a call, is not among them: then `lines` has only itself, and `step_href` is where the
    session shows it. `standing` is the request that is counted for the call, `reports` are the other spans that report
    the call. `is_apart`: the session is so long that not all of its requests were read, and this one is not among them.
    """

    log: RequestLog
    session: SessionFacts
    lines: Sequence[RequestLine]
    index: int
    addresses: Addresses
    step_href: str = ""
    standing: Standing | None = None
    reports: Sequence[Report] = ()
    is_apart: bool = False

    @property
    def number(self) -> int:
        return self.index + 1

    @property
    def line(self) -> RequestLine:
        return self.lines[self.index]

    @property
    def is_request(self) -> bool:
        """Whether it is one of the numbered requests."""
        return not self.is_apart and not self.line.step and self.line.duplicate_of is None

    @property
    def title(self) -> str:
        """`Request 3`, or `tool get_weather`."""
        if self.is_request:
            return f"Request {self.number:,}"
        if self.is_apart and not self.line.step:
            return "Request"
        return f"{self.line.kind} {self.line.tool_name or self.line.name}".strip()[:_TITLE_CHARS]

    @property
    def url(self) -> str:
        return self.addresses.request(self.log.id)

    def neighbour(self, step: int) -> RequestLine | None:
        index = self.index + step
        return self.lines[index] if 0 <= index < len(self.lines) else None


@dataclass(frozen=True, slots=True)
class Standing:
    """The request that is counted for a call that other spans report, too. In another session its `number` is None."""

    href: str
    number: int | None


def place_of(project: Project, request_id: uuid.UUID) -> RequestInSession | None:
    """A request or step of this project with its session; None when it does not exist."""
    log = find_request(request_id, project.pk)
    session = find_session(project.pk, log.session_id) if log else None
    lines = load_all_lines(session, MOST_LINES) if session else None
    if log is None or session is None or lines is None:
        return None
    addresses = Addresses(project.slug, session.id, len(lines.requests))
    index = index_of(lines.requests, request_id)
    if index is not None:
        reports = load_traces(project, lines).reports.get(request_id, ()) if lines.duplicates else ()
        return RequestInSession(log, session, lines.requests, index, addresses, reports=reports)
    line = next((line for line in (*lines.steps, *lines.duplicates) if line.id == request_id), None)
    if line is None and lines.is_cut:
        line = load_line(session, log)
        return RequestInSession(log, session, [line], 0, addresses, addresses.session, is_apart=True) if line else None
    return _place_of_step(project, log, session, lines, line, addresses) if line else None


def _place_of_step(
    project: Project,
    log: RequestLog,
    session: SessionFacts,
    lines: SessionLines,
    line: RequestLine,
    addresses: Addresses,
) -> RequestInSession:
    layout = layout_of(project, lines)
    standing = _standing(project, layout, line, addresses) if line.duplicate_of else None
    # The reader may have chosen to see a line a request.
    alone = layout.step_link(line.id, replace(addresses, dense=True))
    href = standing.href if standing and standing.number else alone
    return RequestInSession(log, session, [line], 0, addresses, href, standing)


def _standing(project: Project, layout: Layout, line: RequestLine, addresses: Addresses) -> Standing | None:
    request_id = layout.traces.standing(line.id)
    index = index_of(layout.lines.requests, request_id) if request_id else None
    if index is not None:
        return Standing(addresses.in_session(index + 1), index + 1)
    elsewhere = request_of_key(line.duplicate_of) if line.duplicate_of else None
    return Standing(addresses.request(elsewhere), None) if elsewhere else None


def is_span(log: RequestLog) -> bool:
    """Whether it was sent as a span."""
    return log.source == SPANS


def whole_number(text: str, default: int) -> int:
    """A whole number from an address; `default` for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else default


def facts_context(project: Project, place: RequestInSession, window: Window) -> dict[str, Any]:
    """What `_request_facts.html` shows of a request."""
    facts = facts_of(place.log, place.lines, place.index, window, place.addresses)
    if not place.is_request:
        facts = replace(facts, in_session=place.step_href)
    filled = filled_of_request(place.lines, place.index)
    return {"project": project, "place": place, "line": place.line, "facts": facts, "filled_context": filled}
