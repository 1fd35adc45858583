"""The addresses of a session's pages and of the requests on them, for the whole session or a branch or trace of it."""

from __future__ import annotations

import uuid
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

# So many requests fill about ten screens. Keys and buttons add the next ones, so a larger block only makes all wait.
BLOCK = 25
# A session of up to this many requests has one page, on which a reader can follow it. A longer one has a page for each
# block of requests.
MOST_AT_ONCE = 100
# The same for a line a request: three screens.
DENSE_BLOCK = 120


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of a session of `count` requests.

    Only a part of it may be shown: the branch of the request with the number `chosen`, or the trace with the id
    `trace`. Then `numbers` are the numbers of the requests in that part. `find`: words that are marked on these pages.
    `view`: which view of the session they are, "" for the conversation. `dense`: that has a line a request.
    """

    slug: str
    session_id: uuid.UUID
    count: int
    chosen: int | None = None
    numbers: Sequence[int] = ()
    trace: str = ""
    find: str = ""
    view: str = ""
    dense: bool = False

    @property
    def session(self) -> str:
        return f"/p/{self.slug}/sessions/{self.session_id}/"

    @property
    def is_part(self) -> bool:
        """Whether only a branch or trace is shown."""
        return self.chosen is not None or bool(self.trace)

    @property
    def whole(self) -> Addresses:
        """The addresses of the whole session."""
        return replace(self, chosen=None, numbers=(), trace="")

    def as_view(self, view: str) -> Addresses:
        """The addresses of the same part in another view."""
        return replace(self, view=view)

    @property
    def page(self) -> str:
        """The first page of what is shown."""
        return f"{self.session}{self.query(None)}"

    def request(self, request_log_id: uuid.UUID) -> str:
        return f"/p/{self.slug}/requests/{request_log_id}/"

    def in_session(self, number: int) -> str:
        """A link to a request on its session's page, or on the page of the block that has it."""
        return self._at(number, f"r{number}")

    def ends(self) -> tuple[str, str] | None:
        """Links to the first and the last request that are shown; None without any."""
        if not self.total:
            return None
        return self.in_session(self._first), self.in_session(self.numbers[-1] if self.is_part else self.count)

    def beside(self, number: int, step_id: uuid.UUID) -> str:
        """A link to a step that is shown beside a request."""
        fragment = f"s-{step_id}"
        return self.in_full(number, fragment) if self.dense else self._at(number, fragment)

    def in_full(self, number: int, fragment: str) -> str:
        """A link to what stands beside a request, where that is shown: with the whole requests, this once."""
        address, _, _ = replace(self, dense=False)._at(number, "").partition("#")
        return f"{address}{'&' if '?' in address else '?'}dense=no#{fragment}"

    def _at(self, number: int, fragment: str) -> str:
        if self.is_part and not self.shows(number):
            return self.whole._at(number, fragment)
        start = self.block_start(number)
        return f"{self.session}{self.query(start if start != self._first else None)}#{fragment}"

    def branch(self, number: int) -> str:
        """A link that shows only the branch of a request."""
        return f"{self.session}?branch={number}#r{number}"

    def of_trace(self, trace_id: str) -> str:
        """A link that shows only a trace."""
        view = f"view={self.view}&" if self.view else ""
        return f"{self.session}?{view}trace={quote(trace_id, safe='')}"

    @property
    def part(self) -> str:
        """The query parameters that say which view and part are shown, and what is found; "" for all."""
        members = [f"view={self.view}"] if self.view else ["dense=1"] if self.dense else []
        members += [f"find={quote(self.find, safe='')}"] if self.find else []
        if self.trace:
            members.append(f"trace={quote(self.trace, safe='')}")
        elif self.chosen:
            members.append(f"branch={self.chosen}")
        return "&".join(members)

    def query(self, start: int | None) -> str:
        """The query of the page that begins with a request; "" for the first page of the whole session."""
        members = [self.part] if self.part else []
        members += [f"from={start}"] if start is not None else []
        return f"?{'&'.join(members)}" if members else ""

    def shows(self, number: int) -> bool:
        """Whether a request is in the part that is shown."""
        if not self.is_part:
            return True
        place = bisect_left(self.numbers, number)
        return place < len(self.numbers) and self.numbers[place] == number

    def shown_of(self, indices: Sequence[int]) -> Sequence[int]:
        """Those of the requests with these indices that are in it."""
        return [index for index in indices if self.shows(index + 1)] if self.is_part else indices

    @property
    def _first(self) -> int:
        return self.numbers[0] if self.numbers else 1

    def block_start(self, number: int) -> int:
        """The number of the first request in the block of this one; 1 when no request is shown."""
        if self.total <= self._most_at_once:
            return self._first
        place = self._place(number) // self._block * self._block
        return self.numbers[place] if self.is_part else place + 1

    def block_end(self, start: int) -> int:
        """The number of the last request in the block that begins with this one; 0 when no request is shown."""
        if not self.total:
            return 0
        most = self.total if self.total <= self._most_at_once else self._block
        place = min(self._place(start) + most, self.total) - 1
        return self.numbers[place] if self.is_part else place + 1

    @property
    def _block(self) -> int:
        return DENSE_BLOCK if self.dense else BLOCK

    @property
    def _most_at_once(self) -> int:
        return max(MOST_AT_ONCE, DENSE_BLOCK) if self.dense else MOST_AT_ONCE

    def after(self, number: int) -> int | None:
        """The number of the next request that is shown."""
        place = self._place(number) + 1
        return None if place >= self.total else self.numbers[place] if self.is_part else place + 1

    def before(self, number: int) -> int | None:
        """The number of the previous request that is shown."""
        place = self._place(number) - 1
        return None if place < 0 else self.numbers[place] if self.is_part else place + 1

    @property
    def total(self) -> int:
        """How many requests are shown, on all pages."""
        return len(self.numbers) if self.is_part else self.count

    def _place(self, number: int) -> int:
        """The index of a request among those that are shown; for one that is not shown, where it would be."""
        if not self.is_part:
            return min(max(number, 1), self.count) - 1
        return min(bisect_left(self.numbers, number), self.total - 1)
