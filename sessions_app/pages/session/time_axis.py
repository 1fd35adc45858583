"""An axis of time whose pauses are folded."""

from __future__ import annotations

import uuid
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sessions_app.pages.session.waterfall import MOST_PAUSE
from sessions_app.queries.kept import Derived
from sessions_app.queries.session import RequestLine
from sessions_app.structure import timeline

# How much of the time until now is left empty for what runs, and how many seconds at least.
_ROOM, _LEAST_ROOM = 0.25, 10.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of the axis, in seconds since the start: in the session's time, and as drawn."""

    begin: float
    end: float
    drawn_begin: float
    drawn_end: float
    is_pause: bool


class TimeAxis:
    """Where moments lie on the axis, from 0 to 100. Pauses take little of it, or nothing else could be seen. `now`:
    something runs, so it goes on until now and has room for more.
    """

    def __init__(
        self,
        lines: Sequence[RequestLine],
        gaps: Mapping[uuid.UUID, timedelta],
        span: timeline.Extent | None,
        now: datetime | None = None,
    ) -> None:
        # What pages compute from it.
        self.derived = Derived()
        self.start = span.start if span else timeline.sane_start(lines[0]) if lines else datetime.min
        self.seconds = span.wall.total_seconds() if span else 0.0
        pauses = sorted(self._idle(lines, gaps))
        idle = sum(end - begin for begin, end in pauses)
        if now is not None and lines:
            gone = self.seconds_since(now)
            self.seconds = max(self.seconds, gone + max((gone - idle) * _ROOM, _LEAST_ROOM))
        active = max(self.seconds - idle, 0.0)
        drawn = max(active, 1.0) * min(MOST_PAUSE, 0.5 / max(len(pauses), 1))
        self.pieces = list(_pieces(pauses, self.seconds, drawn))
        self._begins = [piece.begin for piece in self.pieces]
        self._drawn_begins = [piece.drawn_begin for piece in self.pieces]
        self._length = self.pieces[-1].drawn_end if self.pieces else 0.0

    def _idle(self, lines: Sequence[RequestLine], gaps: Mapping[uuid.UUID, timedelta]) -> Iterator[tuple[float, float]]:
        for line in lines if gaps else ():
            if gap := gaps.get(line.id):
                end = self.seconds_since(timeline.sane_start(line))
                yield end - gap.total_seconds(), end

    def seconds_since(self, moment: datetime) -> float:
        return (moment - self.start).total_seconds()

    def moment(self, seconds: float) -> datetime:
        return self.start + timedelta(seconds=seconds)

    def at(self, moment: datetime) -> float:
        """Where a moment lies, from 0 to 100."""
        return self.at_seconds((moment - self.start).total_seconds())

    def all_at(self, moments: Iterable[datetime]) -> list[float]:
        """Where each of many moments lies, those in one stretch after another a little faster."""
        if self._length <= 0:
            return [0.0 for _ in moments]
        begin = end = base = width = 0.0
        found = []
        for moment in moments:
            seconds = (moment - self.start).total_seconds()
            if not begin <= seconds < end:
                piece = self.pieces[max(bisect_right(self._begins, seconds) - 1, 0)]
                begin, end, base = piece.begin, piece.end, piece.drawn_begin
                width = piece.drawn_end - base
            share = (seconds - begin) / (end - begin) if end > begin else 0.0
            place = 100 * (base + share * width) / self._length
            found.append(0.0 if place < 0 else 100.0 if place > 100 else place)
        return found

    def at_seconds(self, seconds: float) -> float:
        if self._length <= 0:
            return 0.0
        piece = self.pieces[max(bisect_right(self._begins, seconds) - 1, 0)]
        share = (seconds - piece.begin) / (piece.end - piece.begin) if piece.end > piece.begin else 0.0
        return self._percent(piece.drawn_begin + share * (piece.drawn_end - piece.drawn_begin))

    def extent_of(self, piece: Stretch) -> tuple[float, float]:
        """Where a stretch begins and ends, from 0 to 100."""
        return self._percent(piece.drawn_begin), self._percent(piece.drawn_end)

    def _percent(self, drawn: float) -> float:
        place = 100 * drawn / self._length
        return 0.0 if place < 0 else 100.0 if place > 100 else place

    def seconds_at(self, percent: float) -> float:
        """The time, in seconds since the start, at a place of the axis."""
        if not self.pieces:
            return 0.0
        drawn = max(0.0, min(100.0, percent)) / 100 * self._length
        piece = self.pieces[max(bisect_right(self._drawn_begins, drawn) - 1, 0)]
        width = piece.drawn_end - piece.drawn_begin
        share = min((drawn - piece.drawn_begin) / width, 1.0) if width > 0 else 0.0
        return piece.begin + share * (piece.end - piece.begin)


def _pieces(pauses: Sequence[tuple[float, float]], seconds: float, drawn_pause: float) -> Iterator[Stretch]:
    now, drawn = 0.0, 0.0
    for begin, end in (*pauses, (seconds, seconds)):
        if begin > now:
            yield Stretch(now, begin, drawn, drawn + begin - now, False)
            drawn += begin - now
            now = begin
        if end > now:
            width = min(drawn_pause, end - now)
            yield Stretch(now, end, drawn, drawn + width, True)
            drawn += width
            now = end
