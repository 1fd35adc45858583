"""What requests cost: the caller's amount if it stated one, else ours. Ours is noted beside the caller's, too."""

from __future__ import annotations

import time
from collections.abc import Iterable
from decimal import Decimal

from sessions_app.pricing.choice import prices_of
from sessions_app.pricing.own import OwnPrice
from sessions_app.pricing.prices import Prices, calculate, note
from sessions_app.records import COMPUTED, STATED, Usage
from sessions_app.storage.own_prices import load_own_prices
from sessions_app.storage.prepared import Cost, PreparedLog

# So long a digester may use prices that were changed meanwhile. Pages and commands read them each time.
_REMEMBERED_SECONDS = 5
_remembered: dict[int, tuple[float, tuple[OwnPrice, ...]]] = {}
_MOST_REMEMBERED = 1_000


def assign(logs: Iterable[PreparedLog]) -> None:
    """Give new requests their costs. Steps have none: the calls inside them have."""
    for log in logs:
        record = log.record
        if record.step:
            log.cost = stated(record.cost)
            continue
        models = (record.model, record.requested_model)
        own = own_prices(log.project_id)
        prices = prices_of(own, record.provider, models, record.api_base, record.started_at, record.tier)
        log.cost = cost_of(record.usage, prices, record.cost, record.tier)


def stated(amount: Decimal | None) -> Cost:
    return Cost(amount, "" if amount is None else STATED)


def cost_of(usage: Usage, prices: Prices | None, stated_amount: Decimal | None, tier: str) -> Cost:
    """The cost of one call in this tier of the service."""
    calculation = calculate(usage, prices) if prices else None
    price = note(usage, calculation, tier)
    if stated_amount is not None:
        return Cost(stated_amount, STATED, price)
    return Cost(None, "", price) if calculation is None else Cost(calculation.total, COMPUTED, price)


def own_prices(project_id: int) -> tuple[OwnPrice, ...]:
    """The own prices of a project, as they were a few seconds ago."""
    now = time.monotonic()
    known = _remembered.get(project_id)
    if known is None or known[0] < now - _REMEMBERED_SECONDS:
        if len(_remembered) >= _MOST_REMEMBERED:
            _remembered.clear()
        known = _remembered[project_id] = (now, load_own_prices(project_id))
    return known[1]


def forget() -> None:
    """Read own prices again: they changed."""
    _remembered.clear()
