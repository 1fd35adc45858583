"""The spans of a request's trace that are neither requests nor steps, such as HTTP or database calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from markupsafe import Markup

from sessions_app.content.json_values import to_json
from sessions_app.models import Project, RequestLog
from sessions_app.pages.html.components import NOTHING, component
from sessions_app.pages.html.json_text import beginning, drawn
from sessions_app.pages.html.pieces import code_box
from sessions_app.queries.traces import OtherSpan, other_spans
from sessions_app.records import ERROR
from sessions_app.structure import timeline

MOST_SPANS = 50
_MOST_LINES = 400
_MOST_CHARS = 20_000


@dataclass(frozen=True, slots=True)
class OtherSpanRow:
    """One of these spans. `attributes` is empty when it has none; `is_kept`: the project keeps attributes."""

    span: OtherSpan
    length: timedelta | None
    is_error: bool
    attributes: Markup
    is_kept: bool


@dataclass(frozen=True, slots=True)
class SpansView:
    """Some of a trace's other spans: `first` is the number of the first one.

    `before` and `after` are the numbers with which the spans before and after these begin; None when there are none.
    """

    rows: Sequence[OtherSpanRow]
    count: int
    first: int
    before: int | None
    after: int | None

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1


def spans_view(project: Project, log: RequestLog, start: int) -> SpansView | None:
    """The other spans of a request's trace, from `start` (from 0) on; None when it has no trace, or no other spans."""
    if not (log.trace_id and log.span_id):
        return None
    found = other_spans(project, log.trace_id, start, MOST_SPANS)
    if not found.count and not start:
        return None
    rows = [_row(span) for span in found.spans]
    end = start + len(rows)
    before = max(start - MOST_SPANS, 0) + 1 if start else None
    return SpansView(rows, found.count, start + 1, before, end + 1 if end < found.count else None)


def _row(span: OtherSpan) -> OtherSpanRow:
    attributes = _attributes(span.attributes) if span.attributes else NOTHING
    return OtherSpanRow(span, timeline.duration(span), span.status == ERROR, attributes, span.attributes is not None)


def _attributes(values: dict[str, Any]) -> Markup:
    found = beginning(to_json(values), _MOST_CHARS, _MOST_LINES)
    return component("request", "attributes")(code_box(drawn(found.shown)), found.hidden_chars)
