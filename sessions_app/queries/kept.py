"""What a process remembers of the sessions that were read last, so that their next page costs only what it shows.

What is kept belongs to a revision of a session, and is never changed. Every page reads the revision from the database,
so processes need not tell each other of changes (docs/decisions/0020-kept-sessions.md).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T")


class Derived:
    """What was computed from something that does not change, each once. Two threads may compute the same at one time;
    then both have the same answer.
    """

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: dict[Hashable, Any] = {}

    def once(self, name: Hashable, make: Callable[[], T]) -> T:
        """What `make` returned the first time that somebody asked for this name."""
        try:
            found: T = self._found[name]
        except KeyError:
            found = self._found[name] = make()
        return found

    def for_state(self, name: Hashable, state: Hashable, make: Callable[[], T]) -> T:
        """The same for something that follows from a `state` as well. Only the last one is kept."""
        before = self._found.get(name)
        if before is None or before[0] != state:
            before = self._found[name] = (state, make())
        found: T = before[1]
        return found

    def drop(self, name: Hashable) -> None:
        """Let go of what has this name: it is not to be found again."""
        self._found.pop(name, None)

    def forget(self) -> None:
        """Let go of everything. It refers to what it is computed from, and such circles wait for the garbage collector,
        which seldom looks at what is old.
        """
        found, self._found = self._found, {}
        for value in found.values():
            for one in value if type(value) is tuple else (value,):
                if isinstance(inner := getattr(one, "derived", None), Derived):
                    inner.forget()


class Rows(tuple[T, ...]):
    """Rows that do not change, with what was derived from them."""

    derived: Derived

    def __new__(cls, rows: Iterable[T] = ()) -> Rows[T]:
        made = super().__new__(cls, rows)
        made.derived = Derived()
        return made


def once(rows: Sequence[Any], name: Hashable, make: Callable[[], T]) -> T:
    """What is derived from rows: from those that are kept only once, from others each time."""
    return rows.derived.once(name, make) if isinstance(rows, Rows) else make()


class Keepable(Protocol):
    """What can be kept: its weight, and what was derived from it."""

    @property
    def weight(self) -> int: ...
    @property
    def derived(self) -> Derived: ...


K = TypeVar("K", bound=Keepable)


class Keeper(Generic[K]):
    """Keeps what was used last, at most so many with at most this weight together."""

    def __init__(self, most: int, most_weight: int) -> None:
        self.most, self.most_weight = most, most_weight
        self._kept: OrderedDict[Hashable, K] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, key: Hashable) -> K | None:
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def keep(self, key: Hashable, one: K) -> K:
        """Keep this, and drop what was not used for the longest time. Returns it, or what another thread kept before.

        What is too heavy is not kept.
        """
        with self._lock:
            if one.weight > self.most_weight:
                return one
            kept = self._kept.setdefault(key, one)
            while len(self._kept) > self.most or sum(other.weight for other in self._kept.values()) > self.most_weight:
                self._drop(next(iter(self._kept)))
            return kept

    def drop(self, is_old: Callable[[Any], bool]) -> None:
        """Drop what has such a key."""
        with self._lock:
            for key in [key for key in self._kept if is_old(key)]:
                self._drop(key)

    def _drop(self, key: Hashable) -> None:
        self._kept.pop(key).derived.forget()
