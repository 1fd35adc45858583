"""What one answer may cost: bytes of output, units of work, time. Plain Python.

Whatever loops over stored content asks here whether there is enough left, and says what it made. What is formatted,
compared or joined beyond that is shown plain or on another page, with how much it is; nothing is left out silently.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from difflib import Match, SequenceMatcher
from typing import TypeVar

T = TypeVar("T")
H = TypeVar("H")

# Without an answer to keep within: a command, a test, ingestion. Single texts have bounds of their own.
_ENDLESS = 2**62
# A unit of work is a character that is formatted, or a pair of items that is compared.
WORK_OF_ANSWER = 12_000_000
# Comparing two lists may take so much: about a twentieth of a second.
WORK_OF_COMPARISON = 400_000


@dataclass(slots=True)
class Budget:
    """What is left to spend: bytes of UTF-8, units of work, and the moment (of the monotonic clock, in seconds) after
    which nothing more is begun.
    """

    bytes_left: int = _ENDLESS
    work_left: int = _ENDLESS
    deadline: float = float("inf")
    seconds: float = float("inf")
    # What an answer began with: shares are of this.
    whole: int = field(init=False)

    def __post_init__(self) -> None:
        self.whole = self.bytes_left

    @property
    def is_spent(self) -> bool:
        """Whether nothing more may be begun. What was begun may go beyond by one block, which has bounds of its own."""
        return self.bytes_left <= 0 or self.work_left <= 0 or time.monotonic() >= self.deadline

    def begin_writing(self) -> None:
        """Whatever reading took, half of the time is for writing: else a page of a long session would show next to
        nothing on a busy machine.
        """
        self.deadline = max(self.deadline, time.monotonic() + self.seconds / 2)

    def spend(self, html: str = "", work: int = 0) -> str:
        """Note what was written and worked; returns what was written."""
        self.bytes_left -= byte_size(html)
        self.work_left -= work
        return html


_current: ContextVar[Budget | None] = ContextVar("budget", default=None)


def current() -> Budget:
    """The budget of the answer that is being made; without one, a budget that nothing exhausts."""
    return _current.get() or Budget()


@contextmanager
def answer(most_bytes: int, seconds: float) -> Iterator[Budget]:
    """Make an answer of about this many bytes; nothing more of it is begun after so many seconds."""
    budget = Budget(most_bytes, WORK_OF_ANSWER, time.monotonic() + seconds, seconds)
    token = _current.set(budget)
    try:
        yield budget
    finally:
        _current.reset(token)


@contextmanager
def share(part: float) -> Iterator[Budget]:
    """Write a section: it may take this part of the answer's bytes and work, as far as that is left."""
    whole = current()
    granted = Budget(min(whole.bytes_left, int(whole.whole * part)), whole.work_left, whole.deadline, whole.seconds)
    granted.whole = whole.whole
    bytes_before, work_before = granted.bytes_left, granted.work_left
    token = _current.set(granted)
    try:
        yield granted
    finally:
        _current.reset(token)
        whole.bytes_left -= bytes_before - granted.bytes_left
        whole.work_left -= work_before - granted.work_left


def affordable(items: Iterable[T], least: int = 1) -> Iterator[T]:
    """These items as long as the current budget lasts; `least` of them in any case, so that each page goes on."""
    for number, item in enumerate(items):
        if number >= least and current().is_spent:
            return
        yield item


@dataclass(frozen=True, slots=True)
class Written:
    """The HTML of some items, how many of them it is, and how many are left."""

    html: str
    count: int
    left: int


def write(items: Sequence[T], one: Callable[[T], str], least: int = 1, part: float = 1.0) -> Written:
    """The HTML of items as far as the budget, or this part of it, lasts."""
    with share(part) as budget:
        pieces = [budget.spend(one(item)) for item in affordable(items, least)]
    return Written("".join(pieces), len(pieces), len(items) - len(pieces))


def byte_size(text: str) -> int:
    """How many bytes a text takes in UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


# --- comparing --------------------------------------------------------------------------------------------------------


class TooMuchWork(Exception):
    """A comparison would take longer than it may."""


class BoundedMatcher(SequenceMatcher[H]):
    """difflib's matcher, whose work grows with the square of the lists' length and worse, with an end to it.

    Raises TooMuchWork, from whichever method looks for matches.
    """

    # difflib's own attributes: the old list, and where each item stands in the new one.
    a: Sequence[H]
    b2j: dict[H, list[int]]

    def __init__(
        self, old: Sequence[H], new: Sequence[H], autojunk: bool = True, most: int = WORK_OF_COMPARISON
    ) -> None:
        self._budget = current()
        self._left = min(most, self._budget.work_left)
        super().__init__(None, old, new, autojunk)

    def find_longest_match(self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None) -> Match:
        """Each item of the old list is compared with its equals in the new one."""
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
    """Whether a database error says that a statement took longer than it may."""
    return _QUERY_CANCELED in (getattr(error, "sqlstate", None), getattr(error.__cause__, "sqlstate", None))
