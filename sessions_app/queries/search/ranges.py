"""Ranges of numbers as ranges of the indexes that the orders of the list have."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sessions_app.queries.search.orders import ORDERS
from sessions_app.search_language import Range

# Longer than from the first moment that a session can have to the last one.
_LONGEST = 10**10


def index_range(clause: Range) -> tuple[str, list[Any]] | None:
    """A condition on the expression of an index that holds wherever a range does, and now and then beside it; None if
    there is no such index.
    """
    bounds = _BOUNDS.get(clause.key)
    if bounds is None or clause.negated:
        return None
    expression, parts, params = ORDERS[clause.key].sql, [], []
    for limit, sign, bound in ((clause.low, ">=", bounds[0]), (clause.high, "<=", bounds[1])):
        if limit is not None:
            parts.append(f"{expression} {sign} %s")
            params.append(bound(limit))
    return " AND ".join(parts), params


def _at_least(limit: Decimal) -> int:
    # An input that is not known counts as less than none in the order.
    return math.floor(limit) - 1


def _at_most(limit: Decimal) -> int:
    return math.ceil(limit)


def _shortest(limit: Decimal) -> timedelta:
    return timedelta(seconds=min(math.floor(limit), _LONGEST))


def _longest(limit: Decimal) -> timedelta:
    return timedelta(seconds=min(math.ceil(limit), _LONGEST))


def _same(limit: Decimal) -> Decimal:
    return limit


_BOUNDS: dict[str, tuple[Callable[[Decimal], Any], Callable[[Decimal], Any]]] = {
    "cost": (_same, _same),
    "tokens": (_at_least, _at_most),
    "requests": (_at_least, _at_most),
    "duration": (_shortest, _longest),
}
