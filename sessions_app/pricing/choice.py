"""Which prices a request has: those of its project, else the public ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sessions_app.pricing import library
from sessions_app.pricing.own import OwnPrice, own_prices_of
from sessions_app.pricing.prices import Prices


def prices_of(
    own: tuple[OwnPrice, ...], provider: str, models: tuple[str, str], api_base: str, moment: datetime, tier: str = ""
) -> Prices | None:
    """The project's own prices, else those of the library. `models`: of the response, and as requested.

    What was requested may be a name for something else, so the library is asked for it only if no model answered.
    """
    if own and (found := own_prices_of(own, provider, models, moment)):
        return replace(found, tier=tier)
    answered, requested = models
    return library.find_prices(provider, answered or requested, api_base, moment, tier)
