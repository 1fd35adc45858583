"""The budget of one response: bytes of output, units of work, and time. Plain Python.

Code that loops over stored content asks here whether enough is left, and reports what it used. Content beyond the
budget is shown unformatted or on another page, and its amount is shown. Nothing is left out silently.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from difflib import Match, SequenceMatcher
from typing import Generic, TypeVar

T = TypeVar("T")
H = TypeVar("H")
S = TypeVar("S", bound=str)

# Used outside of responses: in commands, tests and ingestion. Single texts have their own limits.
_ENDLESS = 2**62
# Formatting one character, or comparing one pair of items, is one unit of work.
WORK_OF_ANSWER = 12_000_000
# The limit for comparing two lists: about a twentieth of a second.
WORK_OF_COMPARISON = 400_000
# A response may wait for others: on the clock it has so many times the processor time that it may take.
CLOCK_FACTOR = 4


@dataclass(slots=True)
class Budget:
    """What is left: bytes of UTF-8, units of work, and two moments after which nothing new begins: `cpu_deadline` in
    the processor time of this thread, so that a page on a busy machine is not shorter, and `deadline` on the monotonic
    clock. Both are in seconds.
    """

    bytes_left: int = _ENDLESS
    work_left: int = _ENDLESS
    seconds: float = float("inf")
    cpu_deadline: float = float("inf")
    deadline: float = float("inf")
    # The bytes at the beginning, of which `share` takes a part.
    whole: int = field(init=False)

    def __post_init__(self) -> None:
        self.whole = self.bytes_left

    @property
    def is_spent(self) -> bool:
        """Whether nothing new may begin. The last block may exceed the budget, within limits of its own."""
        return self.bytes_left <= 0 or self.work_left <= 0 or self.is_late

    @property
    def why_spent(self) -> str:
        """What was used up, in words."""
        if self.bytes_left <= 0:
            return "too much for one page"
        return "too much work for one page" if self.work_left <= 0 else "the server took too long for all of it"

    @property
    def is_late(self) -> bool:
        """Whether the time is over."""
        return time.thread_time() >= self.cpu_deadline or time.monotonic() >= self.deadline

    def begin_writing(self) -> None:
        """Reserve half of the time for writing, however long reading took. Otherwise a page of a long session would
        show almost nothing on a busy machine.
        """
        self.cpu_deadline = max(self.cpu_deadline, time.thread_time() + self.seconds / 2)
        self.deadline = max(self.deadline, time.monotonic() + self.seconds / 2 * CLOCK_FACTOR)

    def spend(self, html: str = "", work: int = 0) -> str:
        """Subtract written HTML and work from the budget. Returns the HTML."""
        self.bytes_left -= byte_size(html)
        self.work_left -= work
        return html


_current: ContextVar[Budget | None] = ContextVar("budget", default=None)


def current() -> Budget:
    """The budget of the current response, or an unlimited one outside of responses."""
    return _current.get() or Budget()


@contextmanager
def answer(most_bytes: int, seconds: float) -> Iterator[Budget]:
    """Limit a response to about this many bytes. After so many seconds of processor time, nothing new begins."""
    on_clock = time.monotonic() + seconds * CLOCK_FACTOR
    budget = Budget(most_bytes, WORK_OF_ANSWER, seconds, time.thread_time() + seconds, on_clock)
    token = _current.set(budget)
    try:
        yield budget
    finally:
        _current.reset(token)


@contextmanager
def share(part: float) -> Iterator[Budget]:
    """Write a section with at most this part of the response's bytes, and no more than is left."""
    whole = current()
    granted = replace(whole, bytes_left=min(whole.bytes_left, int(whole.whole * part)))
    granted.whole = whole.whole
    bytes_before, work_before = granted.bytes_left, granted.work_left
    token = _current.set(granted)
    try:
        yield granted
    finally:
        _current.reset(token)
        whole.bytes_left -= bytes_before - granted.bytes_left
        whole.work_left -= work_before - granted.work_left


_is_whole: ContextVar[bool] = ContextVar("is_whole", default=False)


@contextmanager
def whole() -> Iterator[None]:
    """Within it, a file is written. It has no other page for a rest, so nothing is shown in part."""
    token = _is_whole.set(True)
    try:
        yield
    finally:
        _is_whole.reset(token)


def is_whole() -> bool:
    """Whether nothing may be shown in part."""
    return _is_whole.get()


def at_most(limit: int) -> int:
    """How much of something is shown, where the rest is elsewhere: all of it within `whole`."""
    return _ENDLESS if _is_whole.get() else limit


def affordable(items: Iterable[T], least: int = 1) -> Iterator[T]:
    """Yield items while the current budget lasts, but at least `least` of them, so that every page makes progress."""
    for number, item in enumerate(items):
        if number >= least and current().is_spent:
            return
        yield item


@dataclass(frozen=True, slots=True)
class Written(Generic[S]):
    """The HTML of some items, a piece for each, and how many items are left."""

    pieces: list[S]
    left: int

    @property
    def html(self) -> str:
        return "".join(self.pieces)

    @property
    def count(self) -> int:
        return len(self.pieces)


def write(items: Sequence[T], one: Callable[[T], S], least: int = 1, part: float = 1.0) -> Written[S]:
    """The HTML of as many items as fit into this part of the budget."""
    pieces = []
    with share(part) as budget:
        for item in affordable(items, least):
            pieces.append(one(item))
            budget.spend(pieces[-1])
    return Written(pieces, len(items) - len(pieces))


def byte_size(text: str) -> int:
    """The length of a text in UTF-8 bytes."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


# --- comparing --------------------------------------------------------------------------------------------------------


class TooMuchWork(Exception):
    """A comparison would exceed its limit."""


class BoundedMatcher(SequenceMatcher[H]):
    """difflib's matcher with a limit on its work, which grows with the square of the lists' length or worse.

    Every method that looks for matches may raise TooMuchWork.
    """

    # Attributes of difflib: the old list, and the positions of each item in the new list.
    a: Sequence[H]
    b2j: dict[H, list[int]]

    def __init__(
        self, old: Sequence[H], new: Sequence[H], autojunk: bool = True, most: int = WORK_OF_COMPARISON
    ) -> None:
        self._budget = current()
        self._left = min(most, self._budget.work_left)
        super().__init__(None, old, new, autojunk)

    def find_longest_match(self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None) -> Match:
        """Counts one unit for each item of the old list, and one for each equal item of the new list."""
        ahi = len(self.a) if ahi is None else ahi
        work = ahi - alo
        for index in range(alo, ahi):
            work += len(self.b2j.get(self.a[index], ()))
        self._left -= work
        self._budget.spend(work=work)
        if self._left < 0:
            raise TooMuchWork
        return super().find_longest_match(alo, ahi, blo, bhi)


# --- the database -----------------------------------------------------------------------------------------------------

_QUERY_CANCELED = "57014"


def is_statement_timeout(error: BaseException) -> bool:
    """Whether a database error means that a statement exceeded its timeout."""
    return _QUERY_CANCELED in (getattr(error, "sqlstate", None), getattr(error.__cause__, "sqlstate", None))
