"""Where the requests of a session are: on which of its pages, in the whole session or in one branch of it."""

from __future__ import annotations

import uuid
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace

BLOCK = 50
# A session of up to this many requests opens whole, a longer one in blocks.
MOST_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the pages of a session of `count` requests are.

    `chosen` is the number of a request when only its branch is shown, `numbers` are then those of the branch.
    """

    slug: str
    session_id: uuid.UUID
    count: int
    chosen: int | None = None
    numbers: Sequence[int] = ()

    @property
    def session(self) -> str:
        return f"/p/{self.slug}/sessions/{self.session_id}/"

    @property
    def whole(self) -> Addresses:
        """The same without a chosen branch."""
        return replace(self, chosen=None, numbers=())

    def request(self, request_log_id: uuid.UUID) -> str:
        return f"/p/{self.slug}/requests/{request_log_id}/"

    def in_session(self, number: int) -> str:
        """A link to a request in its session: with the block that holds it, unless that is the first."""
        if not self.shows(number):
            return self.whole.in_session(number)
        start = self.block_start(number)
        return f"{self.session}{self.query(start if start != self._first else None)}#r{number}"

    def branch(self, number: int) -> str:
        """A link that shows the branch of a request alone."""
        return f"{self.session}?branch={number}#r{number}"

    def query(self, start: int | None) -> str:
        """The query of the page that begins with a request; "" for the first page of the whole session."""
        members = [f"branch={self.chosen}"] if self.chosen else []
        members += [f"from={start}"] if start is not None else []
        return f"?{'&'.join(members)}" if members else ""

    def shows(self, number: int) -> bool:
        """Whether a request is shown: all are, unless a branch is chosen."""
        if self.chosen is None:
            return True
        place = bisect_left(self.numbers, number)
        return place < len(self.numbers) and self.numbers[place] == number

    @property
    def _first(self) -> int:
        return self.numbers[0] if self.chosen else 1

    def block_start(self, number: int) -> int:
        """The number of the first request of the block that holds this one."""
        if self._total <= MOST_AT_ONCE:
            return self._first
        place = self._place(number) // BLOCK * BLOCK
        return self.numbers[place] if self.chosen else place + 1

    def block_end(self, start: int) -> int:
        """The number of the last request of the block that begins with this one."""
        most = self._total if self._total <= MOST_AT_ONCE else BLOCK
        place = min(self._place(start) + most, self._total) - 1
        return self.numbers[place] if self.chosen else place + 1

    def after(self, number: int) -> int | None:
        """The number of the request that is shown after this one."""
        place = self._place(number) + 1
        return None if place >= self._total else self.numbers[place] if self.chosen else place + 1

    def before(self, number: int) -> int | None:
        """The number of the request that is shown before this one."""
        place = self._place(number) - 1
        return None if place < 0 else self.numbers[place] if self.chosen else place + 1

    @property
    def _total(self) -> int:
        return len(self.numbers) if self.chosen else self.count

    def _place(self, number: int) -> int:
        """Where a request stands among those that are shown; of one that is not, where it would stand."""
        if not self.chosen:
            return min(max(number, 1), self.count) - 1
        return min(bisect_left(self.numbers, number), self._total - 1)
