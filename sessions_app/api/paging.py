"""Pages of lists: as many items as an answer may have in bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import orjson

from sessions_app import bounds
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
