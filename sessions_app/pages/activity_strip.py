"""The activity strip: when a session's requests ran, and which failed, on one line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from sessions_app.queries.session_list import SessionRow, Span
from sessions_app.templatetags.format import duration

# Shares of the strip's width: what is closer is drawn as one, what is longer idle breaks the base line.
JOINED, BROKEN = 0.004, 0.16


def draw_strip(row: SessionRow, spans: list[Span]) -> SafeString:
    """A session on one line: a bar for each stretch of requests, taller where they failed."""
    drawn = _joined(spans)
    lines = format_html_join("", '<line x1="{}%" x2="{}%" y1="9" y2="9"/>', _base_lines(drawn))
    bars = format_html_join("", '<rect{} x="{}%" y="{}" width="{}%" height="{}"/>', map(_bar, drawn))
    failed = f", {row.error_count:,} failed" if row.error_count else ""
    requests = f"{row.request_count:,} request{'' if row.request_count == 1 else 's'}"
    label = f"{requests} over {duration(row.duration)}{failed}"
    return format_html('<svg class="strip" role="img" aria-label="{}">{}{}</svg>', label, lines, bars)


def _joined(spans: list[Span]) -> list[Span]:
    """Spans of one kind that touch, as one; in order of start, failed ones last so that they are seen."""
    joined: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.failed, span.start)):
        last = joined[-1] if joined else None
        if last and last.failed == span.failed and span.start - last.end < JOINED:
            joined[-1] = replace(last, end=max(last.end, span.end))
        else:
            joined.append(span)
    return joined


def _base_lines(spans: list[Span]) -> Iterable[tuple[str, str]]:
    """The stretches of the base line: it is broken where the session was idle for long."""
    start = end = 0.0
    for span in sorted(spans, key=lambda span: span.start):
        if span.start - end > BROKEN:
            yield _percent(start), _percent(end)
            start = span.start
        end = max(end, span.end)
    yield _percent(start), _percent(1.0 if 1 - end <= BROKEN else end)


def _bar(span: Span) -> tuple[SafeString, str, str, str, str]:
    width = f"{max((span.end - span.start) * 98, 0.15):.4g}"
    failed = SafeString(' class="e"' if span.failed else "")
    return failed, _percent(span.start), "3" if span.failed else "5.5", width, "12" if span.failed else "7"


def _percent(share: float) -> str:
    return f"{1 + 98 * share:.4g}"
