"""Pages of lists: as many items as an answer may have in bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol, TypeVar

import orjson

from sessions_app import bounds
from sessions_app.api.serializers.base import cost_text, time_text
from sessions_app.api.writing import written as json_of


class Listed(Protocol):
    """A row of a list; `cursor` is where the rows after it begin."""

    @property
    def cursor(self) -> str: ...


T = TypeVar("T", bound=Listed)


def page_of(
    rows: Sequence[T], write: Callable[[T], dict[str, Any]], next_cursor: str | None, cursors: Sequence[str] = ()
) -> dict[str, Any]:
    """The rows as far as the answer's budget lasts; `next` continues after the last one.

    `cursors`: those of the rows, where the order decides what they are.
    """
    results: list[orjson.Fragment] = []
    written: list[T] = []
    for row in bounds.affordable(rows):
        text = json_of(write(row))
        bounds.current().bytes_left -= len(text)
        results.append(orjson.Fragment(text))
        written.append(row)
    following = (
        next_cursor if len(written) == len(rows) else (cursors[len(written) - 1] if cursors else written[-1].cursor)
    )
    return {"results": results, "next": following}


class Searched(Protocol):
    """A page of a search."""

    @property
    def next_cursor(self) -> str | None: ...
    @property
    def is_out_of_time(self) -> bool: ...
    @property
    def reached(self) -> Any: ...


def with_reach(answer: dict[str, Any], page: Searched) -> dict[str, Any]:
    """The answer with how far the search came, if it took too long to be complete."""
    if not page.is_out_of_time or page.next_cursor is None or answer["next"] != page.next_cursor:
        return answer
    return answer | {"searched_to": _value_of_order(page.reached)}


def _value_of_order(value: Any) -> str | float | int | None:
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    # What is unknown stands below zero.
    if value is None or value < 0:
        return None
    return cost_text(value) if isinstance(value, Decimal) else int(value)
