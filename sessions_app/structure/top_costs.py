"""The requests of a session that cost most, and why. Plain Python, on rows without content."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median_low
from typing import Protocol

from sessions_app.structure.cache_verdicts import CacheVerdict

MOST = 5
# How much larger than before, or than usual, something must be to be a reason.
GROWN, LONG, DEAR = 1.25, 2, 2
_FEW_TOKENS = 500


class CostRow(Protocol):
    """What is needed of a request."""

    @property
    def cost(self) -> Decimal | None: ...
    @property
    def model(self) -> str: ...
    @property
    def input_tokens(self) -> int | None: ...
    @property
    def output_tokens(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class TopCost:
    """A request that costs much. None: this is no reason.

    `grown_by`: tokens of input more than the request that it continues. `cache_lost`: tokens that it repeats of that
    one and that were not read from the cache. `long_output`: the tokens of a long answer. `price_ratio`: how many times
    as much a token of its model costs as a token of the session.
    """

    index: int
    cost: Decimal
    grown_by: int | None
    cache_lost: int | None
    long_output: int | None
    price_ratio: float | None


def top_costs(
    rows: Sequence[CostRow], continues: Sequence[int | None], verdicts: Sequence[CacheVerdict | None]
) -> list[TopCost]:
    """The requests with the highest costs above 0, the highest first. `continues`: what each one continues.
    `verdicts`: what the prompt cache did for each.
    """
    priced = [index for index, row in enumerate(rows) if row.cost]
    dearest = heapq.nlargest(MOST, priced, key=lambda index: (rows[index].cost or 0, -index))
    if not dearest:
        return []
    usual = _Usual(rows, priced)
    found = []
    for index in dearest:
        base = continues[index]
        found.append(_with_reasons(rows, index, None if base is None else rows[base], verdicts[index], usual))
    return found


class _Usual:
    """What is usual in the session: the length of an answer, and the price of a token, of all and of each model."""

    def __init__(self, rows: Sequence[CostRow], priced: Sequence[int]) -> None:
        self.output = median_low([row.output_tokens for row in rows if row.output_tokens] or [0])
        sums: dict[str, list[float]] = {}
        for index in priced:
            row = rows[index]
            one = sums.setdefault(row.model, [0.0, 0.0])
            one[0] += float(row.cost or 0)
            one[1] += _tokens(row)
        self.by_model = {model: cost / tokens for model, (cost, tokens) in sums.items() if tokens}
        tokens = sum(tokens for _, tokens in sums.values())
        self.price = sum(cost for cost, _ in sums.values()) / tokens if tokens else 0.0


def _tokens(row: CostRow) -> int:
    return (row.input_tokens or 0) + (row.output_tokens or 0)


def _with_reasons(
    rows: Sequence[CostRow], index: int, base: CostRow | None, verdict: CacheVerdict | None, usual: _Usual
) -> TopCost:
    row = rows[index]
    ratio = usual.by_model.get(row.model, 0.0) / usual.price if usual.price else 0.0
    output = row.output_tokens or 0
    is_long = output >= _FEW_TOKENS and output >= LONG * usual.output
    return TopCost(
        index=index,
        cost=row.cost or Decimal(0),
        grown_by=_grown_by(row, base),
        cache_lost=_cache_lost(verdict),
        long_output=output if is_long else None,
        price_ratio=round(ratio, 1) if len(usual.by_model) > 1 and ratio >= DEAR else None,
    )


def _grown_by(row: CostRow, base: CostRow | None) -> int | None:
    if base is None or not row.input_tokens or base.input_tokens is None:
        return None
    grown = row.input_tokens - base.input_tokens
    return grown if grown >= _FEW_TOKENS and row.input_tokens >= GROWN * base.input_tokens else None


def _cache_lost(verdict: CacheVerdict | None) -> int | None:
    if verdict is None or not verdict.counts:
        return None
    return verdict.lost if verdict.lost >= _FEW_TOKENS and verdict.lost * 2 >= verdict.prefix else None
