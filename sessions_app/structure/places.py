"""Places of requests in time that share a link key."""

from __future__ import annotations

import uuid
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Generic, TypeVar

# What tells requests apart that started at the same moment: the id of a request's idempotency key, or its index in the
# timeline of a session.
Key_co = TypeVar("Key_co", uuid.UUID, int, covariant=True)
Key = TypeVar("Key", uuid.UUID, int)


class Places(Generic[Key]):
    """Places of requests that share a link key. There may be many, so each question takes a few steps."""

    __slots__ = ("_late", "_ordered")

    def __init__(self) -> None:
        self._ordered: list[tuple[datetime, Key]] = []
        # Mostly nothing is late, so the list is made when something is.
        self._late: list[tuple[datetime, Key]] | None = None

    def add(self, place: tuple[datetime, Key]) -> None:
        """Add a place. What comes out of order is sorted in when the next question is asked."""
        if not self._ordered or self._ordered[-1] < place:
            self._ordered.append(place)
        elif self._ordered[bisect_left(self._ordered, place)] != place:
            self._late = self._late or []
            self._late.append(place)

    def __iter__(self) -> Iterator[tuple[datetime, Key]]:
        """In order."""
        return iter(self._in_order())

    def before(self, place: tuple[datetime, Key]) -> tuple[datetime, Key] | None:
        """The latest one before a place."""
        index = bisect_left(self._in_order(), place)
        return self._ordered[index - 1] if index else None

    def after(self, place: tuple[datetime, Key]) -> tuple[datetime, Key] | None:
        """The first one after a place."""
        index = bisect_right(self._in_order(), place)
        return self._ordered[index] if index < len(self._ordered) else None

    def latest_but(self, key: Key) -> tuple[datetime, Key] | None:
        """The latest one that is not of this request."""
        return next((place for place in reversed(self._in_order()) if place[1] != key), None)

    def only_within(self, window: timedelta, place: tuple[datetime, Key]) -> tuple[datetime, Key] | None:
        """The only other one up to a moment, at most so long before it; None if there are several."""
        found = self._latest_within(window, place)
        return found[0] if len(found) == 1 else None

    def has_several_within(self, window: timedelta, place: tuple[datetime, Key]) -> bool:
        """Whether there are several others up to a moment, at most so long before it."""
        return len(self._latest_within(window, place)) > 1

    def _latest_within(self, window: timedelta, place: tuple[datetime, Key]) -> list[tuple[datetime, Key]]:
        """Two or three of them. Logs without a time have that of their receipt, so they may be at the same moment."""
        index = bisect_right(self._in_order(), place[0], key=_moment)
        near = self._ordered[max(index - 3, 0) : index]
        return [(moment, key) for moment, key in near if key != place[1] and place[0] - moment <= window]

    def is_shared(self, place: tuple[datetime, Key], window: timedelta) -> bool:
        """Whether there are two or more, beside this request, at most so long before or after it."""
        if len(places := self._in_order()) < 2:
            return False
        index = bisect_left(places, place)
        near = places[max(index - 2, 0) : index + 3]
        return sum(abs(moment - place[0]) <= window and key != place[1] for moment, key in near) > 1

    def nearest(self, moment: datetime, window: timedelta) -> tuple[datetime, Key] | None:
        """The latest one up to a moment, else the first after it, at most `window` away.

        For conversations: one that begins with another came after it, whatever the clocks say. A log without a time has
        that of its receipt, and logs may be received out of order.
        """
        places = self._in_order()
        if len(places) == 1:
            # Nearly always.
            return places[0] if -window <= moment - places[0][0] <= window else None
        index = bisect_right(places, moment, key=_moment)
        if index and moment - places[index - 1][0] <= window:
            return places[index - 1]
        is_near = index < len(places) and places[index][0] - moment <= window
        return places[index] if is_near else None

    def around(self, moment: datetime, window: timedelta, most: int) -> list[tuple[datetime, Key]]:
        """At most so many before, and so many after a moment, at most `window` away."""
        index = bisect_left(self._in_order(), moment, key=_moment)
        near = self._ordered[max(index - most, 0) : index + most]
        return [place for place in near if -window <= place[0] - moment <= window]

    def _in_order(self) -> list[tuple[datetime, Key]]:
        if self._late:
            self._ordered = sorted(set(self._ordered + self._late))
            self._late = None
        return self._ordered


_moment = itemgetter(0)
