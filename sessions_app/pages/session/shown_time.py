"""The part of an axis of time that a page shows, with its marks and folded pauses."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from django.http import QueryDict
from markupsafe import Markup

from sessions_app.pages.html.components import written
from sessions_app.pages.html.formats import duration
from sessions_app.pages.session.time_axis import Stretch, TimeAxis

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
        place = 100 * (percent - self._left) / self._width
        return 0.0 if place < 0 else 100.0 if place > 100 else place

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

    @cached_property
    def ticks(self) -> list[Tick]:
        """The marks of the axis, with the folded pauses, from left to right."""
        times, axes = list(self._time_marks()), defaultdict[_AxisMark, list[str]](list)
        whole, short = list(self._pause_marks("pause ")), list(self._pause_marks())
        for name, pixels in _AXES.items():
            is_room = len(list(_that_fit(whole, pixels))) == len(whole)
            for mark in _that_fit([*(whole if is_room else short), *times], pixels):
                axes[mark].append(name)
        return [Tick(f"{mark.x:.2f}", mark.words, mark.is_pause, " ".join(axes[mark])) for mark in sorted(axes)]

    @cached_property
    def pauses(self) -> Markup:
        """A rectangle for each folded pause."""
        pieces = [f'<rect class="idle" x="{x}%" width="{width}%" height="100%"/>' for x, width in self._drawn()]
        return Markup("".join(pieces))  # noqa: S704 - numbers

    @cached_property
    def told_pauses(self) -> Markup:
        """The same with how long each took."""
        lengths = (written(_length(pause.piece)) for pause in self._pauses)
        pieces = [
            f'<rect class="idle" x="{x}%" width="{width}%" height="100%"><title>pause {length}</title></rect>'
            for (x, width), length in zip(self._drawn(), lengths, strict=True)
        ]
        return Markup("".join(pieces))  # noqa: S704 - numbers and what is escaped

    @cached_property
    def pause_words(self) -> str:
        """How many pauses are folded, and how long they took in all; "" if there are none."""
        pauses = [pause.piece for pause in self._pauses]
        length = duration(timedelta(seconds=sum(piece.end - piece.begin for piece in pauses)))
        if len(pauses) < 2:
            return f"pause of {length} folded" if pauses else ""
        return f"{len(pauses):,} pauses folded, {length} in all"

    def _drawn(self) -> Iterator[tuple[str, str]]:
        return ((f"{pause.left:.2f}", f"{pause.right - pause.left:.2f}") for pause in self._pauses)

    @cached_property
    def _pauses(self) -> list[_Pause]:
        """The folded pauses of the part, in order: there may be one between any two requests."""
        places = ((piece, self.axis.extent_of(piece)) for piece in self.axis.pieces if piece.is_pause)
        pauses = (_Pause(self._within(left), self._within(right), piece) for piece, (left, right) in places)
        return [pause for pause in pauses if pause.right > pause.left]

    def _at(self, seconds: float) -> float:
        return self._within(self.axis.at_seconds(seconds))

    def _pause_marks(self, word: str = "") -> Iterator[_AxisMark]:
        longest = sorted(self._pauses, key=lambda pause: pause.piece.begin - pause.piece.end)
        for left, right, piece in longest[:_MOST_NAMED_PAUSES]:
            yield _AxisMark((left + right) / 2, f"{word}{_length(piece)}", True)

    def _time_marks(self) -> Iterator[_AxisMark]:
        active = [p for p in self.axis.pieces if not p.is_pause and p.end > self.begin and p.begin < self.end]
        seconds = sum(min(p.end, self.end) - max(p.begin, self.begin) for p in active)
        step = next((step for step in _STEPS if seconds / step <= _MOST_TICKS), _STEPS[-1])
        for piece in active:
            first = math.ceil(max(piece.begin, self.begin) / step)
            last = math.floor(min(piece.end, self.end) / step)
            for number in range(first, min(last, first + _MOST_TICKS) + 1):
                yield _AxisMark(self._at(number * step), _tick_words(number * step), False)


class _Pause(NamedTuple):
    """A folded pause: where it begins and ends in the part that is shown, in percent."""

    left: float
    right: float
    piece: Stretch


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


def _length(piece: Stretch) -> str:
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


def whole_time(axis: TimeAxis) -> ShownTime:
    """All of an axis, which most pages show."""
    return axis.derived.once("whole", lambda: ShownTime(axis))


def shown_time(axis: TimeAxis, query: QueryDict) -> ShownTime:
    """The part between `t0` and `t1`, in seconds since the start, or between `p0` and `p1`, in percent of the axis. The
    whole axis if they are no numbers.
    """
    if "p0" in query:
        return ShownTime(axis).part(_number(query, "p0", 0.0), _number(query, "p1", 100.0))
    if "t0" not in query and "t1" not in query:
        return whole_time(axis)
    return ShownTime(axis, _number(query, "t0", 0.0), _number(query, "t1", math.inf))


def is_number(text: str) -> bool:
    """Whether a text of an address is a number, which may be infinite."""
    try:
        return not math.isnan(float(text))
    except ValueError:
        return False


def _number(query: QueryDict, name: str, default: float) -> float:
    text = query.get(name, "")
    return float(text) if is_number(text) else default
