"""The paths of the strip above a session: lines for conversations, and marks. Plain Python, bounded for any number.

The drawing is `WIDTH` by 100. What is nearer to each other than a step of it would be one pixel: it is drawn once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

WIDTH, STEP = 1_000, 4
# So many places are written for all lines together. More of them are drawn more coarsely.
MOST_SPOTS = 1_200
# Two lines that are less apart everywhere are one.
_NEAR = 2.0
# Marks of a kind in more columns than this become bars: the more marks a column has, the higher.
_MOST_TICKS, _COLUMN = 40, 5
_LOWEST_BAR, _HIGHEST_BAR = 10, 34

# A place in the drawing: from the left, and from above.
Spot = tuple[float, float]


@dataclass(frozen=True, slots=True)
class StripMarks:
    """A kind of marks: the path of its ticks or bars, and how many there are."""

    path: str
    count: int
    is_bars: bool


def lines_path(chains: Iterable[Sequence[Spot]]) -> str:
    """A line for each of some chains of places; a dot for one that has a single place.

    Where they are too many for the drawing, it is coarser, and lines that lie on each other are drawn once.
    """
    longest_first = sorted((chain for chain in chains if chain), key=len, reverse=True)
    step, near = float(STEP), 0.0
    drawn = _thinned(longest_first, step, near)
    while sum(map(len, drawn)) > MOST_SPOTS and step < WIDTH:
        step, near = step * 2, near * 2 or _NEAR
        drawn = _thinned(longest_first, step, near)
    return "".join(map(_line, _affordable(drawn)))


def _thinned(chains: Iterable[Sequence[Spot]], step: float, near: float) -> list[tuple[Spot, ...]]:
    """The chains with one place for each step, and each only once."""
    found: dict[tuple[tuple[int, int], ...], tuple[Spot, ...]] = {}
    for number, chain in enumerate(chains):
        spots = _highest(chain, step)
        key = tuple((round(x / step), round(y / near)) for x, y in spots) if near else ((number, 0),)
        found.setdefault(key, spots)
    return list(found.values())


def _highest(chain: Sequence[Spot], step: float) -> tuple[Spot, ...]:
    """The highest place in each step. A chain that lies within one step is an upright line, if it is long enough."""
    highest: dict[int, Spot] = {}
    for x, y in chain:
        place = round(x / step)
        if place not in highest or y <= highest[place][1]:
            highest[place] = x, y
    spots = tuple(spot for _, spot in sorted(highest.items()))
    low = max(y for _, y in chain)
    if len(spots) == 1 and low - spots[0][1] > _NEAR:
        return (spots[0][0], low), spots[0]
    return spots


def _affordable(lines: Sequence[tuple[Spot, ...]]) -> Iterator[tuple[Spot, ...]]:
    """As many lines as can be written, the longest ones; of each other one its highest place, if that is left."""
    left = MOST_SPOTS
    for number, line in enumerate(lines):
        if left <= 0:
            return
        spots = line if len(line) + len(lines) - number - 1 <= left else (min(line, key=lambda spot: spot[1]),)
        left -= len(spots)
        yield spots


def _line(spots: Sequence[Spot]) -> str:
    written = "L".join(f"{x:.0f} {y:.1f}" for x, y in spots)
    return f"M{written}h0" if len(spots) == 1 else f"M{written}"


def marks_path(places: Mapping[float, int]) -> StripMarks:
    """The marks at some places, each with what it counts as: ticks from top to bottom, or bars where they are many."""
    columns: dict[int, int] = {}
    for x, count in places.items():
        column = round(x / _COLUMN) * _COLUMN
        columns[column] = columns.get(column, 0) + count
    is_bars = len(columns) > _MOST_TICKS
    most = max(columns.values(), default=1)
    pieces = (
        f"M{x} 100v-{_LOWEST_BAR + (_HIGHEST_BAR - _LOWEST_BAR) * count / most:.0f}" if is_bars else f"M{x} 0v100"
        for x, count in sorted(columns.items())
    )
    return StripMarks("".join(pieces), sum(places.values()), is_bars)
