"""What the prompt cache did in a session: how often it was hit, and what the misses cost, by cause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from sessions_app.pricing.choice import prices_of
from sessions_app.pricing.classes import CACHED, INPUT
from sessions_app.pricing.own import OwnPrice
from sessions_app.pricing.prices import Prices
from sessions_app.queries.derived import verdicts_of
from sessions_app.queries.session import RequestLine
from sessions_app.storage.own_prices import load_own_prices
from sessions_app.structure.cache_verdicts import HIT, MISS, PARTLY, CacheVerdict

_MILLION = 10**6


@dataclass(slots=True)
class CauseLoss:
    """Misses of one cause, by the indices of their requests. `counts`: whether they are a loss. `cost`: None if no
    price is known. `is_at_most`: less may have been repeated.
    """

    causes: tuple[str, ...]
    counts: bool
    is_at_most: bool
    requests: list[int] = field(default_factory=list)
    lost: int = 0
    cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class CacheLosses:
    """`partly` and `misses` are losses; `no_loss` counts requests that could not hit, `unknown` those without a
    verdict. `unpriced`: of how many losses the price is not known. `cost`: of the others, None if there are none.
    """

    hits: int
    partly: int
    misses: int
    no_loss: int
    unknown: int
    by_cause: Sequence[CauseLoss]
    lost: int
    cost: Decimal | None
    unpriced: int


def cache_losses(project_id: int, lines: Sequence[RequestLine]) -> CacheLosses | None:
    """None if nothing can be said of any request. At most one statement, for the project's own prices."""
    verdicts = verdicts_of(lines)
    known = [verdict for verdict in verdicts if verdict]
    if not known:
        return None
    kinds = Counter(verdict.kind for verdict in known if verdict.kind == HIT or verdict.counts)
    causes: dict[tuple[str, ...], CauseLoss] = {}
    unpriced = 0
    prices = _MissPrices(project_id)
    for index, verdict in enumerate(verdicts):
        if verdict is None or verdict.kind == HIT:
            continue
        one = causes.setdefault(verdict.causes, CauseLoss(verdict.causes, verdict.counts, verdict.is_at_most))
        one.requests.append(index)
        one.lost += verdict.lost
        if not verdict.counts:
            continue
        cost = prices.cost(lines[index], verdict)
        if cost is None:
            unpriced += 1
        else:
            one.cost = (one.cost or 0) + cost
    ordered = sorted(causes.values(), key=lambda one: (not one.counts, -one.lost))
    costs = [one.cost for one in ordered if one.cost is not None]
    return CacheLosses(
        hits=kinds[HIT],
        partly=kinds[PARTLY],
        misses=kinds[MISS],
        no_loss=len(known) - sum(kinds.values()),
        unknown=len(verdicts) - len(known),
        by_cause=ordered,
        lost=sum(one.lost for one in ordered if one.counts),
        cost=sum(costs, Decimal(0)) if costs else None,
        unpriced=unpriced,
    )


class _MissPrices:
    """What a token costs more that was not cached. Public prices are asked for once in half an hour of a session: some
    depend on the time of day.
    """

    def __init__(self, project_id: int) -> None:
        self._project_id = project_id
        self._own: tuple[OwnPrice, ...] | None = None
        self._known: dict[tuple[str, str, datetime], Prices | None] = {}

    def cost(self, line: RequestLine, verdict: CacheVerdict) -> Decimal | None:
        """What the tokens cost that were not cached, less what they would have cost from the cache."""
        if self._own is None:
            self._own = load_own_prices(self._project_id)
        at = line.started_at
        key = (line.provider, line.model, at.replace(minute=at.minute // 30 * 30, second=0, microsecond=0))
        if key not in self._known:
            self._known[key] = prices_of(self._own, line.provider, (line.model, ""), "", at)
        prices = self._known[key]
        units = prices.units_for(line.input_tokens or 0) if prices else {}
        if INPUT not in units or CACHED not in units:
            return None
        return max(units[INPUT] - units[CACHED], Decimal(0)) * verdict.lost / _MILLION
