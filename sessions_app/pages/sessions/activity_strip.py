"""The activity strip: when a session's requests ran, and which failed, on one line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter

from markupsafe import Markup

from sessions_app.pages.html.components import component
from sessions_app.pages.html.formats import duration
from sessions_app.queries.activity import Activity
from sessions_app.queries.session_list import SessionRow

# Shares of the strip's width: bars that are closer than the first are drawn as one, and the base line is broken where
# the session was idle for longer than the second.
JOINED, BROKEN = 0.004, 0.16
# In percent: a shorter bar could not be seen.
LEAST_WIDTH = 0.15


def draw_strip(row: SessionRow, spans: Sequence[Activity]) -> Markup:
    """A session on one line: a bar for each group of requests, taller where they failed."""
    drawn = _joined(spans)
    return component("strip", "strip")(
        label=_label(row),
        lines=[(_percent(start), _percent(end)) for start, end in _base_lines(drawn)],
        bars=[_bar(span) for span in drawn if not span.failed],
        failed_bars=[_bar(span) for span in drawn if span.failed],
    )


def _label(row: SessionRow) -> str:
    failed = f", {row.error_count:,} failed" if row.error_count else ""
    requests = f"{row.request_count:,} request{'' if row.request_count == 1 else 's'}"
    over = f" over {duration(row.duration)}" if row.duration else ""
    return f"{requests}{over}{failed}"


def _joined(spans: Sequence[Activity]) -> list[Activity]:
    """Spans of one kind that touch, as one; in order of their start."""
    joined: list[Activity] = []
    for span in sorted(spans, key=attrgetter("failed", "start")):
        last = joined[-1] if joined else None
        if last and last.failed == span.failed and span.start - last.end < JOINED:
            joined[-1] = Activity(last.start, max(last.end, span.end), last.failed)
        else:
            joined.append(span)
    return joined


def _base_lines(spans: Sequence[Activity]) -> Iterable[tuple[float, float]]:
    """The pieces of the base line: it is broken where the session was idle for long."""
    start = end = 0.0
    for span in sorted(spans, key=attrgetter("start")):
        if span.start - end > BROKEN:
            yield start, end
            start = span.start
        end = max(end, span.end)
    yield start, 1.0 if 1 - end <= BROKEN else end


def _bar(span: Activity) -> tuple[str, str]:
    """Where a bar begins, and how wide it is, in percent."""
    return _percent(span.start), f"{max((span.end - span.start) * 98, LEAST_WIDTH):.4g}"


def _percent(share: float) -> str:
    """A share of the line, which leaves 1 % free at both ends."""
    return f"{1 + 98 * share:.4g}"
