"""The orders of the session list, each of which is an index, and cursors that name a place in one."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sessions_app.queries.filters import FilterError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_CURSOR = re.compile(r"(-?\d{1,40}(?:\.\d{1,30})?)\.([0-9a-f]{32})")


@dataclass(frozen=True, slots=True)
class Order:
    """`sql` is the expression of its index. `read` and `write` translate its value from and into a cursor."""

    name: str
    sql: str
    read: Callable[[str], Any]
    write: Callable[[Any], str]


def _moment(text: str) -> datetime:
    return _EPOCH + int(text) * _MICROSECOND


def _microseconds(moment: datetime) -> str:
    return str((moment - _EPOCH) // _MICROSECOND)


def _duration(text: str) -> timedelta:
    return int(text) * _MICROSECOND


def _length(duration: timedelta) -> str:
    return str(duration // _MICROSECOND)


def _plain(number: Any) -> str:
    return f"{number:f}" if isinstance(number, Decimal) else str(number)


# Unknown costs and tokens are less than none.
ORDERS = {
    order.name: order
    for order in (
        Order("last_at", "s.last_at", _moment, _microseconds),
        Order("first_at", "s.first_at", _moment, _microseconds),
        Order("cost", "coalesce(s.cost, -1)", Decimal, _plain),
        Order("tokens", "coalesce(s.input_tokens, -1) + coalesce(s.output_tokens, 0)", int, _plain),
        Order("duration", "(s.last_at - s.first_at)", _duration, _length),
        Order("errors", "s.error_count", int, _plain),
        Order("requests", "s.request_count", int, _plain),
    )
}
NEWEST_FIRST, OLDEST_FIRST = "-last_at", "last_at"
CHOICES = tuple(f"{sign}{name}" for name in ORDERS for sign in ("-", ""))


@dataclass(frozen=True, slots=True)
class Direction:
    """An order and its direction, as a parameter names it: `-cost` has the highest first. `id_sql`: what comes next."""

    order: Order
    is_descending: bool
    id_sql: str = "s.id"

    @property
    def sql(self) -> str:
        way = "DESC" if self.is_descending else "ASC"
        return f"{self.order.sql} {way}, {self.id_sql} {way}"

    @property
    def opposite(self) -> Direction:
        return replace(self, is_descending=not self.is_descending)

    @property
    def after(self) -> str:
        """The condition for what follows a place: its two parameters are those of `place`."""
        return f"({self.order.sql}, {self.id_sql}) {'<' if self.is_descending else '>'} (%s, %s)"

    def cursor(self, value: Any, row_id: uuid.UUID) -> str:
        return f"{self.order.write(value)}.{row_id.hex}"

    def place(self, cursor: str) -> tuple[Any, uuid.UUID]:
        """The place that a cursor names. Raises FilterError."""
        match = _CURSOR.fullmatch(cursor)
        try:
            if match:
                return self.order.read(match[1]), uuid.UUID(match[2])
        except (OverflowError, ValueError):
            pass
        raise FilterError("cursor", "is not one of this list: take it from the answer before")


def direction_of(name: str) -> Direction:
    """The order that a parameter names. Raises FilterError."""
    order = ORDERS.get(name.removeprefix("-"))
    if order is None:
        raise FilterError("order", f"must be one of {', '.join(CHOICES)}, got {name[:40]!r}")
    return Direction(order, name.startswith("-"))


def opposite(order: str) -> str:
    """The same order the other way round."""
    return order.removeprefix("-") if order.startswith("-") else f"-{order}"
