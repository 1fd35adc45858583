"""The small waterfall of the outline: a bar for each request on a line of time whose pauses are shortened."""

from __future__ import annotations

import uuid
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Protocol

from django.utils import timezone

from sessions_app.queries.session import RequestLine
from sessions_app.records import ERROR
from sessions_app.structure import timeline

# A pause takes at most this share of the time in which something ran.
MOST_PAUSE = 0.08
# In percent of the line's width: a shorter bar could not be seen.
LEAST_WIDTH = 0.1
FAILED, UNTIL_FIRST_TOKEN, GENERATING, RUNS = "e", "t", "g", "l"


class Scale:
    """Where a moment lies on the line of time, in percent of its width. Pauses are shortened: else no bar could be seen
    in a session that was idle for a day.
    """

    def __init__(
        self, lines: Sequence[RequestLine], gaps: Mapping[uuid.UUID, timedelta], span: timeline.Extent | None
    ) -> None:
        self._pauses: list[tuple[datetime, datetime, float]] = []
        self._start = span.start if span else None
        active = (span.wall - sum(gaps.values(), timedelta())).total_seconds() if span else 0
        drawn = max(active, 1.0) * min(MOST_PAUSE, 0.5 / max(len(gaps), 1))
        for line in lines if gaps else ():
            if gap := gaps.get(line.id):
                begin = timeline.sane_start(line) - gap
                self._pauses.append((begin, begin + gap, min(drawn, gap.total_seconds())))
        self._length = active + sum(pause[2] for pause in self._pauses)
        self._pauses.sort()
        self._ends = [end for _, end, _ in self._pauses]
        shortened = ((end - begin).total_seconds() - drawn for begin, end, drawn in self._pauses)
        # How much is left out before each pause ends.
        self._saved = list(accumulate(shortened, initial=0.0))

    def at(self, moment: datetime) -> float:
        """From 0 to 100, for a moment in which something ran."""
        if self._start is None or self._length <= 0:
            return 0.0
        seconds = (moment - self._start).total_seconds() - self._saved[bisect_right(self._ends, moment)]
        return max(0.0, min(100.0, 100 * seconds / self._length))


# A rectangle: what it shows (a class of the style sheet), where it begins and how wide it is, in percent.
WaterfallBar = tuple[str, str, str]


class Placing(Protocol):
    """Where a moment lies, in percent of a width."""

    def at(self, moment: datetime) -> float: ...


def bars(line: RequestLine, scale: Placing) -> list[WaterfallBar]:
    """When a request ran: light until its first token, then full; a failed one in one colour."""
    return bars_between(line, scale, scale.at(timeline.sane_start(line)), scale.at(timeline.sane_end(line)))


def bars_between(line: RequestLine, scale: Placing, begin: float, end: float) -> list[WaterfallBar]:
    """The same where it is known where it begins and ends."""
    width = max(end - begin, LEAST_WIDTH)
    if line.status == ERROR:
        return [_bar(FAILED, begin, width)]
    if line.is_running:
        return [_bar(RUNS, begin, max(scale.at(timezone.now()) - begin, LEAST_WIDTH))]
    first = line.first_token_at
    middle = scale.at(first) if first and first > line.started_at else begin
    middle = max(begin, min(middle, end))
    waiting = [_bar(UNTIL_FIRST_TOKEN, begin, width)] if middle > begin else []
    return [*waiting, _bar(GENERATING, middle, max(begin + width - middle, LEAST_WIDTH))]


def _bar(look: str, x: float, width: float) -> WaterfallBar:
    return look, f"{x:.2f}", f"{width:.2f}"
