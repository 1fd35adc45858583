"""The activity strip: when a session's requests ran, and which failed, on one line."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter

from django.utils.safestring import SafeString

from sessions_app.queries.session_list import Activity, SessionRow
from sessions_app.templatetags.format import duration

# Shares of the strip's width: what is closer is drawn as one, what is longer idle breaks the base line.
JOINED, BROKEN = 0.004, 0.16


def draw_strip(row: SessionRow, spans: list[Activity]) -> SafeString:
    """A session on one line: a bar for each window of requests, taller where they failed."""
    drawn = _joined(spans)
    failed = f", {row.error_count:,} failed" if row.error_count else ""
    requests = f"{row.request_count:,} request{'' if row.request_count == 1 else 's'}"
    label = f"{requests} over {duration(row.duration)}{failed}"
    marks = "".join([*map(_line, _base_lines(drawn)), *map(_bar, drawn)])
    # Numbers and words of ours alone, so that nothing needs escaping: a page has thousands of bars.
    return SafeString(f'<svg class="strip" role="img" aria-label="{label}">{marks}</svg>')


def _joined(spans: list[Activity]) -> list[Activity]:
    """Spans of one kind that touch, as one; in order of start, failed ones last so that they are seen."""
    joined: list[Activity] = []
    for span in sorted(spans, key=attrgetter("failed", "start")):
        last = joined[-1] if joined else None
        if last and last.failed == span.failed and span.start - last.end < JOINED:
            joined[-1] = Activity(last.start, max(last.end, span.end), last.failed)
        else:
            joined.append(span)
    return joined


def _base_lines(spans: list[Activity]) -> Iterable[tuple[float, float]]:
    """The windows of the base line: it is broken where the session was idle for long."""
    start = end = 0.0
    for span in sorted(spans, key=attrgetter("start")):
        if span.start - end > BROKEN:
            yield start, end
            start = span.start
        end = max(end, span.end)
    yield start, 1.0 if 1 - end <= BROKEN else end


def _line(ends: tuple[float, float]) -> str:
    return f'<line x1="{_percent(ends[0])}%" x2="{_percent(ends[1])}%" y1="9" y2="9"/>'


def _bar(span: Activity) -> str:
    look, top, height = (' class="e"', "3", "12") if span.failed else ("", "5.5", "7")
    width = max((span.end - span.start) * 98, 0.15)
    return f'<rect{look} x="{_percent(span.start)}%" y="{top}" width="{width:.4g}%" height="{height}"/>'


def _percent(share: float) -> str:
    return f"{1 + 98 * share:.4g}"
