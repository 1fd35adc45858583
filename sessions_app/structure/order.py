"""The order in which the requests of a session are shown. Pure Python.

It is that of their starts, with two exceptions. LiteLLM logs a failed attempt of a call with a later start than the
answer that followed it, so attempts of one call stand in the order of their ends. A request whose log said no start
stands after the one that it continues, and before those that continue it.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from sessions_app.ids import LinkKey
from sessions_app.records import ERROR
from sessions_app.structure.parents import WINDOW, parents
from sessions_app.structure.timeline import TimelineRow, chronological, is_untimed

T = TypeVar("T", bound=TimelineRow)


def in_order(requests: Iterable[T], window: timedelta = WINDOW) -> list[T]:
    """Requests as they are shown. Linear in their number, but for sorting."""
    rows = _with_attempts_by_end(chronological(requests))
    if not any(map(is_untimed, rows)):
        return rows
    continued = [parent.index if parent and parent.is_linked else None for parent in parents(rows, window)]
    if all(parent is None or parent < index for index, parent in enumerate(continued)):
        return rows
    return [rows[index] for index in _Placement(rows, continued).all()]


# --- attempts of one call -------------------------------------------------------------------------------------------


def _with_attempts_by_end(rows: list[T]) -> list[T]:
    """No attempt stands before one of the same call that ended earlier. SQL counts retries in this order, too."""
    calls: dict[tuple[LinkKey, str], list[T]] = defaultdict(list)
    for row in rows:
        if row.call is not None and row.duplicate_of is None:
            calls[row.call, row.kind].append(row)
    later: dict[uuid.UUID, tuple[datetime, int]] = {}
    for attempts in calls.values():
        latest = attempts[0].started_at
        for number, row in enumerate(sorted(attempts, key=_end), start=1) if len(attempts) > 1 else ():
            latest = max(latest, row.started_at)
            if latest > row.started_at:
                later[row.id] = (latest, number)
    return sorted(rows, key=lambda row: later.get(row.id, (row.started_at, 0))) if later else rows


def _end(row: TimelineRow) -> tuple[datetime, bool]:
    """When an attempt ended; of two at once the failed one first."""
    return row.ended_at or row.started_at, row.status != ERROR


# --- requests without a start ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Placement:
    """Gives rows their places. A row without a start stands after what it continues, and before what continues it; the
    others keep their order. `parents`: the index of what each row continues.
    """

    rows: Sequence[TimelineRow]
    parents: Sequence[int | None]
    order: list[int] = field(default_factory=list)
    placed: set[int] = field(default_factory=set)
    # Rows without a start that have to wait for one with a start, by its index, and its index by theirs.
    waiting: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    awaited: dict[int, int] = field(default_factory=dict)

    def all(self) -> list[int]:
        """The indices of all rows in order."""
        for index in range(len(self.rows)):
            if index in self.placed or index in self.awaited:
                continue
            way, awaited = self._way_up(index)
            for one in reversed(way):
                if awaited is None:
                    self._place(one)
                else:
                    self.awaited[one] = awaited
                    self.waiting[awaited].append(one)
        return self.order

    def _way_up(self, index: int) -> tuple[list[int], int | None]:
        """A row with all that it continues and that has no place yet; and the row with a start that they wait for."""
        way = {index: None}
        is_late = is_untimed(self.rows[index])
        current = self.parents[index]
        while current is not None and current not in self.placed and current not in way:
            if not is_untimed(self.rows[current]):
                return list(way), current if is_late else None
            if is_late and current in self.awaited:
                return list(way), self.awaited[current]
            way[current] = None
            current = self.parents[current]
        return list(way), None

    def _place(self, index: int) -> None:
        for one in (index, *self.waiting.pop(index, ())):
            if one not in self.placed:
                self.placed.add(one)
                self.order.append(one)
