"""Loads what traces say beside the requests of a session: spans between them, second reports, other spans."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, F, Window

from sessions_app import ids
from sessions_app.content.compression import decompress
from sessions_app.models import Project, RequestKey, TraceSpan
from sessions_app.queries.kept import Derived
from sessions_app.queries.session import RequestLine, SessionLines
from sessions_app.structure.nesting import Nesting, SpanPlace, Steps, arrange

OTHER, LOG = "other", "log"


@dataclass(frozen=True, slots=True)
class Report:
    """A span that reports a call which another request stands for; `scope` is the instrumentation that made it."""

    line: RequestLine
    scope: str


@dataclass(slots=True)
class Traces:
    """How the rows of a session hang together by their traces.

    `reports`: the other spans that report the call of a request, by its id. `strays`: spans that report calls of other
    sessions.
    """

    nesting: Nesting[RequestLine]
    reports: dict[uuid.UUID, list[Report]] = field(default_factory=dict)
    strays: list[RequestLine] = field(default_factory=list)
    derived: Derived = field(default_factory=Derived)

    def standing(self, duplicate_id: uuid.UUID) -> uuid.UUID | None:
        """The request of this session that stands for the call that a span reports."""
        return next((k for k, reports in self.reports.items() if any(r.line.id == duplicate_id for r in reports)), None)

    def steps(self, lines: SessionLines) -> Steps[RequestLine]:
        """Where the steps stand. Spans that report calls of other sessions stand among them, so nothing is left out."""
        return arrange(lines.requests, [*lines.steps, *self.strays], self.nesting)


# The wanted spans, the spans around each of them up to the first request or step, and some spans and logs by their key.
SPANS = """
WITH RECURSIVE found AS (
    SELECT t.trace, t.span_id, t.parent_id, t.key_id, t.kind, t.facts ->> 'scope' AS scope
    FROM unnest(%(traces)s::uuid[], %(span_ids)s::text[]) AS wanted (trace, span_id)
    JOIN trace_span t ON t.trace = wanted.trace AND t.span_id = wanted.span_id
    UNION
    SELECT t.trace, t.span_id, t.parent_id, t.key_id, t.kind, t.facts ->> 'scope'
    FROM found f
    JOIN trace_span t ON t.trace = f.trace AND t.span_id = f.parent_id
    WHERE f.kind = 'other'
)
SELECT * FROM found
UNION
SELECT trace, span_id, parent_id, key_id, kind, facts ->> 'scope' FROM trace_span WHERE key_id = ANY(%(keys)s::uuid[])
UNION
SELECT NULL, request_log_id::text, '', id, 'log', NULL FROM request_key WHERE id = ANY(%(logs)s::uuid[])
"""


@dataclass(frozen=True, slots=True)
class _LoadedSpan:
    place: SpanPlace
    parent_id: str
    key_id: uuid.UUID
    kind: str
    scope: str


class _Unsaid:
    """What the rows of a session do not say themselves: the spans that they name, and the reports of their calls."""

    def __init__(self, lines: SessionLines) -> None:
        self.nesting = Nesting(lines.shown)
        self.wanted = self.nesting.missing() | {(line.trace_id, line.span_id) for line in lines.duplicates}
        self.keys = {line.duplicate_of for line in lines.duplicates if line.duplicate_of}
        # What they report may be logs, which are in no trace.
        self.logs = () if all(line.span_id for line in lines.requests) else self.keys
        self.known = {trace_id for trace_id, _ in self.wanted}
        self.known |= {line.trace_id for line in lines.requests if self.keys}


def load_traces(project: Project, lines: SessionLines) -> Traces:
    """How the rows of a session hang together; one statement, or none if the rows say everything themselves."""
    asked = lines.derived.once("asked", lambda: _Unsaid(lines))
    # Spans that are neither requests nor steps come without another revision of the session, so they are always read.
    spans = tuple(_load_spans(project, asked)) if asked.wanted else ()
    return lines.derived.for_state("traces", spans, lambda: _traces(lines, asked, spans))


def _traces(lines: SessionLines, asked: _Unsaid, spans: Sequence[_LoadedSpan]) -> Traces:
    if not asked.wanted:
        return Traces(asked.nesting)
    between = {span.place: span.parent_id for span in spans if span.kind == OTHER}
    # A duplicate is not shown, so what it contains is nested in what contains it.
    between |= {(line.trace_id, line.span_id): line.parent_id for line in lines.duplicates}
    traces = Traces(Nesting(lines.shown, between))
    _note_reports(traces, lines, spans)
    return traces


def _load_spans(project: Project, asked: _Unsaid) -> list[_LoadedSpan]:
    """The wanted spans, what is around them, and what has these keys. What is in no known trace has the trace id ""."""
    places = sorted(asked.wanted)
    link_keys = {trace_id: ids.alias_key(project.key, trace_id) for trace_id in asked.known if trace_id}
    names = {link_key: trace_id for trace_id, link_key in link_keys.items()}
    params: dict[str, Any] = {
        "traces": [link_keys.get(t) or ids.trace_key(project.key, t, span_id) for t, span_id in places],
        "span_ids": [span_id for _, span_id in places],
        "keys": sorted(asked.keys),
        "logs": sorted(asked.logs),
    }
    with connection.cursor() as cursor:
        cursor.execute(SPANS, params)
        rows = cursor.fetchall()
    return [_LoadedSpan((names.get(row[0], ""), row[1]), row[2], row[3], row[4], row[5] or "") for row in rows]


def _note_reports(traces: Traces, lines: SessionLines, spans: Sequence[_LoadedSpan]) -> None:
    by_key = {span.key_id: span for span in spans}
    scopes = {span.place: span.scope for span in by_key.values()}
    requests = {(line.trace_id, line.span_id): line for line in lines.shown if line.span_id}
    if any(span.kind == LOG for span in spans):
        # A span may be loaded as a log, too.
        requests |= {("", str(line.id)): line for line in lines.requests}
    for line in lines.duplicates:
        span = by_key.get(line.duplicate_of) if line.duplicate_of else None
        request = requests.get(span.place) if span else None
        if request is None:
            traces.strays.append(line)
        else:
            report = Report(line, scopes.get((line.trace_id, line.span_id), ""))
            traces.reports.setdefault(request.id, []).append(report)


def request_of_key(key_id: uuid.UUID) -> uuid.UUID | None:
    """The id of the request with this key; None if it is gone."""
    return RequestKey.objects.filter(id=key_id).values_list("request_log_id", flat=True).first()


# --- spans that are neither requests nor steps ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OtherSpan:
    """A span of HTTP, a database, …; `attributes` is None if the project does not keep them."""

    span_id: str
    parent_id: str
    name: str
    status: str
    started_at: datetime
    ended_at: datetime | None
    # The same as its start, since nobody notes when a span arrives.
    received_at: datetime
    attributes: dict[str, Any] | None

    @property
    def id(self) -> str:
        return self.span_id


@dataclass(frozen=True, slots=True)
class OtherSpans:
    """Some of the other spans of a trace, by their start, and how many there are."""

    spans: Sequence[OtherSpan]
    count: int


def other_spans(project: Project, trace_id: str, first: int, most: int) -> OtherSpans:
    """The other spans of a trace from number `first` (from 0) on; one statement."""
    found = TraceSpan.objects.filter(trace=ids.alias_key(project.key, trace_id), kind=OTHER)
    rows = found.annotate(count=Window(Count("span_id"))).order_by("started_at", "span_id")
    columns = ("span_id", "parent_id", "name", "status", "started_at", "ended_at", F("started_at"), "content", "count")
    page = list(rows.values_list(*columns)[first : first + most])
    spans = [_other_span(row[:7], row[7]) for row in page]
    return OtherSpans(spans, page[0][8] if page else 0)


def _other_span(columns: Sequence[Any], content: bytes | None) -> OtherSpan:
    values: list[Any] = [*columns, _attributes(content)]
    return OtherSpan(*values)


def _attributes(content: bytes | None) -> dict[str, Any] | None:
    """The attributes of a stored span, as it names them."""
    if content is None:
        return None
    try:
        span = json.loads(decompress(bytes(content))).get("span", {})
    except ValueError:
        return {}
    attributes = span.get("attributes") if isinstance(span, dict) else None
    return attributes if isinstance(attributes, dict) else {}
