"""An axis of time whose pauses are folded, and the part of it that is shown."""

from __future__ import annotations

import math
import uuid
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.http import QueryDict

from sessions_app.pages.html.formats import duration
from sessions_app.pages.session.waterfall import MOST_PAUSE
from sessions_app.queries.session import RequestLine
from sessions_app.structure import timeline

# Steps between the marks of the axis, in seconds.
_STEPS = (
    *(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800),
    *(3_600, 7_200, 14_400, 21_600, 43_200, 86_400, 172_800, 604_800, 2_419_200),
)
_MOST_TICKS = 8
# How wide the axis is at least in windows of three kinds, in pixels; the style sheet has their limits. Words that fit
# one of them are shown there.
_AXES = {"wide": 740, "middle": 388, "narrow": 180}
_CHAR_PIXELS, _APART = 5.9, 6
_MOST_NAMED_PAUSES = 12
# Less cannot be shown, in seconds.
LEAST_SECONDS = 0.01
# How much of the time until now is left empty for what runs, and how many seconds at least.
_ROOM, _LEAST_ROOM = 0.25, 10.0


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A stretch of the axis, in seconds since the start: in the session's time, and as drawn."""

    begin: float
    end: float
    drawn_begin: float
    drawn_end: float
    is_pause: bool


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of the axis: where it is in percent, and its words. `axes`: which axes have room for them."""

    x: str
    words: str
    is_pause: bool
    axes: str

    @property
    def edge(self) -> str:
        return _edge(float(self.x))


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
        return self.at_seconds(self.seconds_since(moment))

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
        drawn = piece.drawn_begin + share * (piece.drawn_end - piece.drawn_begin)
        return max(0.0, min(100.0, 100 * drawn / self._length))

    def seconds_at(self, percent: float) -> float:
        """The time, in seconds since the start, at a place of the axis."""
        if not self.pieces:
            return 0.0
        drawn = max(0.0, min(100.0, percent)) / 100 * self._length
        piece = self.pieces[max(bisect_right(self._drawn_begins, drawn) - 1, 0)]
        width = piece.drawn_end - piece.drawn_begin
        share = min((drawn - piece.drawn_begin) / width, 1.0) if width > 0 else 0.0
        return piece.begin + share * (piece.end - piece.begin)


def _pieces(pauses: Sequence[tuple[float, float]], seconds: float, drawn_pause: float) -> Iterator[_Stretch]:
    now, drawn = 0.0, 0.0
    for begin, end in (*pauses, (seconds, seconds)):
        if begin > now:
            yield _Stretch(now, begin, drawn, drawn + begin - now, False)
            drawn += begin - now
            now = begin
        if end > now:
            width = min(drawn_pause, end - now)
            yield _Stretch(now, end, drawn, drawn + width, True)
            drawn += width
            now = end


class ShownTime:
    """The part of an axis that a page shows, all of it if `begin` and `end` are not within it."""

    def __init__(self, axis: TimeAxis, begin: float = 0.0, end: float = math.inf) -> None:
        self.axis = axis
        self.begin = max(begin, 0.0) if begin < axis.seconds else 0.0
        self.end = min(end, axis.seconds)
        if self.end - self.begin < LEAST_SECONDS:
            self.begin, self.end = 0.0, axis.seconds
        self._left, self._right = axis.at_seconds(self.begin), axis.at_seconds(self.end)
        self._width = max(self._right - self._left, 1e-9)

    @property
    def is_whole(self) -> bool:
        return self.begin <= 0 and self.end >= self.axis.seconds

    @property
    def place(self) -> tuple[float, float]:
        """Where it begins and ends on the whole axis, in percent."""
        return self._left, self._right

    @property
    def place_width(self) -> float:
        return max(self._right - self._left, 0.1)

    @property
    def moments(self) -> tuple[datetime, datetime]:
        return self.axis.moment(self.begin), self.axis.moment(self.end)

    def at(self, moment: datetime) -> float:
        """Where a moment lies in the part, from 0 to 100: one outside of it at its edge."""
        return self._within(self.axis.at(moment))

    def _within(self, percent: float) -> float:
        return max(0.0, min(100.0, 100 * (percent - self._left) / self._width))

    # --- other parts, for links ---

    def query(self) -> str:
        """The parameters that name it; "" for the whole axis."""
        return "" if self.is_whole else f"t0={_written(self.begin)}&t1={_written(self.end)}"

    def zoomed(self, factor: float) -> ShownTime:
        """A part around the same middle, `factor` times as wide."""
        middle, half = (self._left + self._right) / 2, self._width * factor / 2
        return self.part(middle - half, middle + half)

    def moved(self, share: float) -> ShownTime:
        """A part of the same width, so much of it later, or earlier if that is negative."""
        by = max(-self._left, min(100.0 - self._right, share * self._width))
        return self.part(self._left + by, self._right + by)

    def part(self, left: float, right: float) -> ShownTime:
        """The part between two places of the whole axis, in percent."""
        if left <= 0 and right >= 100:
            return ShownTime(self.axis)
        return ShownTime(self.axis, self.axis.seconds_at(left), self.axis.seconds_at(right))

    # --- marks ---

    def ticks(self) -> list[Tick]:
        """The marks of the axis, with the folded pauses, from left to right."""
        times, axes = list(self._time_marks()), defaultdict[_AxisMark, list[str]](list)
        whole, short = list(self._pause_marks("pause ")), list(self._pause_marks())
        for name, pixels in _AXES.items():
            is_room = len(list(_that_fit(whole, pixels))) == len(whole)
            for mark in _that_fit([*(whole if is_room else short), *times], pixels):
                axes[mark].append(name)
        return [Tick(f"{mark.x:.2f}", mark.words, mark.is_pause, " ".join(axes[mark])) for mark in sorted(axes)]

    def pauses(self) -> list[tuple[str, str, str]]:
        """Where folded pauses begin, how wide they are in percent, and how long they took."""
        return [
            (f"{self._at(piece.begin):.2f}", f"{self._at(piece.end) - self._at(piece.begin):.2f}", _length(piece))
            for piece in self._pauses()
        ]

    def pause_words(self) -> str:
        """How many pauses are folded, and how long they took in all; "" if there are none."""
        pauses = self._pauses()
        length = duration(timedelta(seconds=sum(piece.end - piece.begin for piece in pauses)))
        if len(pauses) < 2:
            return f"pause of {length} folded" if pauses else ""
        return f"{len(pauses):,} pauses folded, {length} in all"

    def _pauses(self) -> list[_Stretch]:
        return [piece for piece in self.axis.pieces if piece.is_pause and self._at(piece.end) > self._at(piece.begin)]

    def _at(self, seconds: float) -> float:
        return self._within(self.axis.at_seconds(seconds))

    def _pause_marks(self, word: str = "") -> Iterator[_AxisMark]:
        for piece in sorted(self._pauses(), key=lambda piece: piece.begin - piece.end)[:_MOST_NAMED_PAUSES]:
            middle = (self._at(piece.begin) + self._at(piece.end)) / 2
            yield _AxisMark(middle, f"{word}{_length(piece)}", True)

    def _time_marks(self) -> Iterator[_AxisMark]:
        active = [p for p in self.axis.pieces if not p.is_pause and p.end > self.begin and p.begin < self.end]
        seconds = sum(min(p.end, self.end) - max(p.begin, self.begin) for p in active)
        step = next((step for step in _STEPS if seconds / step <= _MOST_TICKS), _STEPS[-1])
        for piece in active:
            first = math.ceil(max(piece.begin, self.begin) / step)
            last = math.floor(min(piece.end, self.end) / step)
            for number in range(first, min(last, first + _MOST_TICKS) + 1):
                yield _AxisMark(self._at(number * step), _tick_words(number * step), False)


class _AxisMark(NamedTuple):
    """A place of the axis, in percent, and its words."""

    x: float
    words: str
    is_pause: bool


def _that_fit(marks: Sequence[_AxisMark], pixels: int) -> Iterator[_AxisMark]:
    """The marks whose words have room on an axis of this width: the first ones are kept."""
    taken: list[tuple[float, float]] = []
    for mark in marks:
        begin, end = _extent(mark.x * pixels / 100, _edge(mark.x), len(mark.words) * _CHAR_PIXELS)
        is_within = begin >= -_APART and end <= pixels + _APART
        if is_within and all(end + _APART <= left or begin >= right + _APART for left, right in taken):
            taken.append((begin, end))
            yield mark


def _extent(x: float, edge: str, width: float) -> tuple[float, float]:
    return (x, x + width) if edge == "start" else (x - width, x) if edge == "end" else (x - width / 2, x + width / 2)


def _edge(x: float) -> str:
    """Which edge of the axis words would leave if they were centred."""
    return "start" if x < 2 else "end" if x > 97 else ""


def _length(piece: _Stretch) -> str:
    return duration(timedelta(seconds=piece.end - piece.begin))


def _tick_words(seconds: float) -> str:
    """`200 ms`, `15 s`, `1 m 30 s`."""
    if seconds < 60:
        shown = f"{seconds:g}\N{NARROW NO-BREAK SPACE}s"
        return shown if seconds >= 1 or not seconds else f"{1000 * seconds:g}\N{NARROW NO-BREAK SPACE}ms"
    words = duration(timedelta(seconds=seconds))
    return words.removesuffix(" 00\N{NARROW NO-BREAK SPACE}s").removesuffix(" 00\N{NARROW NO-BREAK SPACE}m")


def _written(seconds: float) -> str:
    return f"{seconds:.3f}".rstrip("0").rstrip(".")


def shown_time(axis: TimeAxis, query: QueryDict) -> ShownTime:
    """The part between `t0` and `t1`, in seconds since the start, or between `p0` and `p1`, in percent of the axis. The
    whole axis if they are no numbers.
    """
    if "p0" in query:
        return ShownTime(axis).part(_number(query, "p0", 0.0), _number(query, "p1", 100.0))
    return ShownTime(axis, _number(query, "t0", 0.0), _number(query, "t1", math.inf))


def _number(query: QueryDict, name: str, default: float) -> float:
    try:
        found = float(query.get(name, default))
    except ValueError:
        return default
    return default if math.isnan(found) else found
