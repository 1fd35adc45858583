"""What requests cost: the caller's amount if it stated one, else ours. Ours is noted beside the caller's, too."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from sessions_app.models import ModelPrice
from sessions_app.pricing import library
from sessions_app.pricing.classes import CLASSES
from sessions_app.pricing.own import OwnPrice, own_prices_of
from sessions_app.pricing.prices import Prices, calculate, note
from sessions_app.records import COMPUTED, STATED, Usage
from sessions_app.storage.prepared import Cost, PreparedLog

# So long a process may use prices that were changed meanwhile.
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
        prices = prices_of(own, record.provider, models, record.api_base, record.started_at)
        log.cost = cost_of(record.usage, prices, record.cost)


def stated(amount: Decimal | None) -> Cost:
    return Cost(amount, "" if amount is None else STATED)


def cost_of(usage: Usage, prices: Prices | None, stated_amount: Decimal | None) -> Cost:
    """The cost of one call."""
    calculation = calculate(usage, prices) if prices else None
    price = note(usage, calculation)
    if stated_amount is not None:
        return Cost(stated_amount, STATED, price)
    return Cost(None, "", price) if calculation is None else Cost(calculation.total, COMPUTED, price)


def prices_of(
    own: tuple[OwnPrice, ...], provider: str, models: tuple[str, str], api_base: str, moment: datetime
) -> Prices | None:
    """The project's own prices, else those of the library. `models`: of the response, and as requested.

    What was requested may be a name for something else, so the library is asked for it only if no model answered.
    """
    if own and (found := own_prices_of(own, provider, models, moment)):
        return found
    answered, requested = models
    return library.find_prices(provider, answered or requested, api_base, moment)


def own_prices(project_id: int) -> tuple[OwnPrice, ...]:
    """The own prices of a project, as they were a few seconds ago."""
    now = time.monotonic()
    known = _remembered.get(project_id)
    if known is None or known[0] < now - _REMEMBERED_SECONDS:
        if len(_remembered) >= _MOST_REMEMBERED:
            _remembered.clear()
        known = _remembered[project_id] = (now, _load(project_id))
    return known[1]


def forget() -> None:
    """Read own prices again: they changed."""
    _remembered.clear()


def _load(project_id: int) -> tuple[OwnPrice, ...]:
    rows = ModelPrice.objects.filter(project_id=project_id)
    return tuple(OwnPrice(row.pattern, row.valid_from, _units(row)) for row in rows)


def _units(row: ModelPrice) -> dict[str, Decimal]:
    values = {name: getattr(row, name, None) for name in CLASSES}
    return {name: Decimal(format(value.normalize(), "f")) for name, value in values.items() if value is not None}
