"""The paths of the strip: every conversation is seen, however many there are, and the page stays small."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from sessions_app.pages.session.curve_paths import MOST_SPOTS, lines_path, marks_path


def spots(path: str) -> int:
    return len(re.findall("[ML]", path))


def test_it_works() -> None:
    assert lines_path([[(0, 90), (40, 50), (80, 60)], [(20, 30)], []]) == "M0 90.0L40 50.0L80 60.0M20 30.0h0"
    # What is nearer than a step is one place, the highest; a line within a step stands upright.
    assert lines_path([[(0, 90), (1, 50), (80, 60)]]) == "M1 50.0L80 60.0"
    assert lines_path([[(12, 90), (13, 40)]]) == "M13 90.0L13 40.0"


@pytest.mark.parametrize("length", [1, 2, 6, 40])
@pytest.mark.parametrize("count", [1, 25, 300, 5_000])
def test_every_conversation_is_drawn(count: int, length: int) -> None:
    chains = [
        [
            ((number * 1_000 / count + place * 3) % 1_000, 95 - place * 80 / length - number % 7)
            for place in range(length)
        ]
        for number in range(count)
    ]
    path = lines_path(sorted(chain) for chain in chains)
    assert 0 < spots(path) <= MOST_SPOTS
    if count * length <= 2_000:
        assert path.count("M") == count
    # Nowhere along the strip conversations are left out.
    drawn = sorted(float(x) for x in re.findall(r"[ML](\d+) ", path))
    if count >= 300:
        assert max(b - a for a, b in pairwise(drawn)) <= 64


def test_marks_are_ticks_or_bars() -> None:
    few = marks_path({7.0: 1, 8.0: 2, 500.0: 1})
    assert (few.path, few.count, few.is_bars) == ("M5 0v100M10 0v100M500 0v100", 4, False)
    many = marks_path({float(x): 1 + (x == 500) * 9 for x in range(0, 1_000, 2)})
    assert (many.count, many.is_bars) == (509, True)
    heights = [int(height) for height in re.findall(r"v-(\d+)", many.path)]
    assert len(heights) <= 201
    assert max(heights) == 34
    assert sorted(heights)[-2] < 20
