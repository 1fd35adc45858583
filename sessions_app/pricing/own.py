"""Which of a project's own prices is that of a model."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache

from sessions_app.pricing.prices import OWN, Prices

_MOST_NAME_CHARS = 200


@dataclass(frozen=True, slots=True)
class OwnPrice:
    """A price that somebody entered: for a name or a pattern with `*`, from a day on."""

    pattern: str
    since: date
    units: Mapping[str, Decimal] = field(hash=False)

    @property
    def standing(self) -> tuple[bool, int, date]:
        """Of several that match, the greatest counts: a name before a pattern, a long before a short, the latest."""
        return "*" not in self.pattern, len(self.pattern), self.since


def own_prices_of(prices: Iterable[OwnPrice], provider: str, models: Iterable[str], moment: datetime) -> Prices | None:
    """The own prices of a model at a time; None if none is for it. `models`: its names as they were logged."""
    day = moment.astimezone(UTC).date()
    names = [name[:_MOST_NAME_CHARS].lower() for name in models if name]
    names += [f"{provider.lower()}/{name}" for name in names if provider]
    found = [price for price in prices if price.since <= day and any(map(_pattern(price.pattern).fullmatch, names))]
    if not found:
        return None
    best = max(found, key=lambda price: price.standing)
    return Prices(OWN, best.since.isoformat(), best.pattern, best.units, best.since.isoformat())


@lru_cache(maxsize=1_000)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, re.split(r"\*+", text.lower()))), re.DOTALL)
