"""Which requests of a session cost most, and why."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import pytest

from sessions_app.structure.cache_verdicts import MINIMUM, MISS, PARTLY, TOOLS, CacheVerdict
from sessions_app.structure.top_costs import TopCost, top_costs


@dataclass(frozen=True)
class Row:
    cost: Decimal | None
    input_tokens: int | None = 100
    output_tokens: int | None = 100
    model: str = "small"


def test_the_dearest_first_without_those_that_cost_nothing() -> None:
    rows = [Row(Decimal(1)), Row(None), Row(Decimal(3)), Row(Decimal(0)), Row(Decimal(2))]
    assert [one.index for one in top_costs(rows, [None] * 5, [None] * 5)] == [2, 4, 0]


@pytest.mark.parametrize(
    ("verdict", "lost"),
    [
        (CacheVerdict(MISS, 0, 10_000, 100, (TOOLS,)), 9_900),
        (CacheVerdict(PARTLY, 0, 10_000, 9_000, (TOOLS,)), None),
        (CacheVerdict(MISS, 0, 10_000, 0, (MINIMUM,)), None),
        # Nobody reported how many tokens were cached.
        (None, None),
    ],
)
def test_the_input_grew_and_the_cache_was_missed(verdict: CacheVerdict | None, lost: int | None) -> None:
    rows = [Row(Decimal(1), 10_000), Row(Decimal(5), 20_000)]
    first = top_costs(rows, [None, 0], [None, verdict])[0]
    assert first == TopCost(1, Decimal(5), 10_000, lost, None, None)


def test_a_long_output_and_an_expensive_model() -> None:
    rows = [*(Row(Decimal("0.001")) for _ in range(30)), Row(Decimal(2), 100, 900, model="large")]
    first = top_costs(rows, [None] * 31, [None] * 31)[0]
    assert (first.index, first.long_output) == (30, 900)
    assert first.price_ratio is not None


def test_an_ordinary_request_has_no_reason() -> None:
    rows = [Row(Decimal(1)), Row(Decimal(2), 110)]
    assert top_costs(rows, [None, 0], [None, None]) == [
        TopCost(1, Decimal(2), *[None] * 4),
        TopCost(0, Decimal(1), *[None] * 4),
    ]
