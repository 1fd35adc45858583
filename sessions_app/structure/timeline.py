"""The timeline of a session: order, idle gaps, what continues what, attempts, branches, parallel calls. Pure Python.

It works on rows without content, so that thousands of requests are quick. `histories` compares what they sent.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Protocol, TypeVar

from sessions_app.structure.parents import WINDOW, Parent, RelatedRow, attempts, parents

IDLE = timedelta(seconds=30)
# Only these can be parallel to each other. Other steps run inside or around calls.
CALLS_OF_MODELS = ("llm", "embedding")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Timed(Protocol):
    """What is needed to place something in time."""

    @property
    def started_at(self) -> datetime: ...
    @property
    def ended_at(self) -> datetime | None: ...
    @property
    def received_at(self) -> datetime: ...


class TimedRow(Timed, Protocol):
    """What is needed to order requests and steps by time."""

    @property
    def id(self) -> uuid.UUID: ...


class TimelineRow(TimedRow, RelatedRow, Protocol):
    """What is needed to tell how the requests of a session hang together."""


T = TypeVar("T", bound=TimedRow)


# --- time -----------------------------------------------------------------------------------------------------------


def chronological(requests: Iterable[T]) -> list[T]:
    """By start; ties by end, a request without one last; then by arrival."""
    return sorted(requests, key=lambda r: (r.started_at, r.ended_at is None, r.ended_at or _EPOCH, r.received_at, r.id))


def is_untimed(request: Timed) -> bool:
    """Whether the log said no start, so that the time of its receipt stands for it."""
    return request.started_at == request.received_at


def sane_start(request: Timed) -> datetime:
    """When a request started, for drawing: a client's clock may be absurd, so within 1970 and a day after receipt."""
    start = request.started_at
    # Nearly all started before they were received, and a page asks some thousand times.
    if _EPOCH <= start <= request.received_at:
        return start
    return max(min(start, request.received_at + timedelta(days=1)), _EPOCH)


def sane_end(request: Timed) -> datetime:
    """When a request ended, for drawing; its start when it did not say, contradicts itself, or names a time more than a
    day after its receipt, which says nothing.
    """
    end = request.ended_at
    # Nearly all are like this, and there are thousands.
    if end is not None and _EPOCH <= request.started_at <= end <= request.received_at:
        return end
    start = sane_start(request)
    if end is None or start != request.started_at or end < start:
        return start
    return end if end <= request.received_at + timedelta(days=1) else start


def sane_times(requests: Iterable[Timed]) -> list[tuple[datetime, datetime]]:
    """When requests started and ended, for drawing. Each of them by itself would be asked a dozen times for a page."""
    found = []
    for request in requests:
        start, end = request.started_at, request.ended_at
        if end is not None and _EPOCH <= start <= end <= request.received_at:
            found.append((start, end))
        else:
            found.append((sane_start(request), sane_end(request)))
    return found


def duration(request: Timed) -> timedelta | None:
    """How long a request took; None when it has no start or end, ends before it starts, or one of both is absurd."""
    if request.ended_at is None or is_untimed(request) or request.ended_at < request.started_at:
        return None
    is_sane = (sane_start(request), sane_end(request)) == (request.started_at, request.ended_at)
    return request.ended_at - request.started_at if is_sane else None


@dataclass(frozen=True, slots=True)
class Extent:
    """From the first start to the last end of a session's requests; `busy` is the union of their times."""

    start: datetime
    end: datetime
    busy: timedelta

    @property
    def wall(self) -> timedelta:
        return self.end - self.start


def span_of(requests: Sequence[Timed]) -> Extent | None:
    """The span of requests in any order; None without requests."""
    times = sorted(sane_times(requests))
    if not times:
        return None
    busy, (open_since, open_until) = timedelta(), times[0]
    for start, end in times[1:]:
        if start > open_until:
            busy += open_until - open_since
            open_since = start
        open_until = max(open_until, end)
    return Extent(times[0][0], open_until, busy + open_until - open_since)


def idle_before(requests: Sequence[Timed]) -> list[timedelta | None]:
    """For each request in order, how long nothing ran before it, where that is more than 30 seconds."""
    gaps: list[timedelta | None] = []
    last_end: datetime | None = None
    for start, end in sane_times(requests):
        if last_end is None or start <= last_end:
            gaps.append(None)
        else:
            idle = start - last_end
            gaps.append(idle if idle > IDLE else None)
        if last_end is None or end > last_end:
            last_end = end
    return gaps


def running_costs(costs: Iterable[Decimal | None]) -> list[Decimal | None]:
    """The cost so far at each request; None until the first known one."""
    total: Decimal | None = None
    totals = []
    for cost in costs:
        total = cost if total is None else total if cost is None else total + cost
        totals.append(total)
    return totals


def parallel_groups(requests: Sequence[TimelineRow], related: Mapping[int, int]) -> list[tuple[int, ...]]:
    """Requests that ran at the same time, as groups of indices in order; each overlaps another one of its group.

    `related`: requests that cannot overlap in truth, by what they continue or repeat; there a clock is a little off.
    """
    groups: list[list[int]] = []
    # The two that end last in the group: one of them may be what the next request continues.
    ends: list[tuple[datetime, int]] = []
    for index, (request, (start, end)) in enumerate(zip(requests, sane_times(requests), strict=True)):
        if request.kind not in CALLS_OF_MODELS or request.duplicate_of is not None:
            continue
        # Mostly nothing runs any more.
        if ends and ends[0][0] > start and any(e > start and other != related.get(index) for e, other in ends):
            groups[-1].append(index)
            ends = sorted([*ends, (end, index)], reverse=True)[:2]
        else:
            groups.append([index])
            ends = [(end, index)]
    return [tuple(group) for group in groups if len(group) > 1]


def at_one_time(requests: Sequence[Timed], group: Sequence[int], continued: Sequence[Parent | None]) -> bool:
    """Whether all of a parallel group ran at one time, and none after another one of it, beside a longer one.

    `continued`: for each request the one that it continues.
    """
    members = [requests[index] for index in group]
    if max(map(sane_start, members)) >= min(map(sane_end, members)):
        return False
    own = set(group)
    return not any(parent.index in own for index in group if (parent := continued[index]))


# --- the structure of a session -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fork:
    """Several requests that continue the same one: `branches` are their indices, in order."""

    index: int
    branches: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Structure:
    """How the requests of a session are related. Indices are those of its requests in chronological order.

    `chains`: for each attempt of a call with several ones, all of them. `forks` by the request that is continued.
    `branch_of`: for each request the first one of its innermost branch, None outside of branches. `lanes`: 0 for the
    trunk, higher for branches beside it. `parallel`: for each request of a group that ran at the same time, the group.
    `children`: what has a request as parent. `continues`: for each request the index of its parent.
    """

    parents: list[Parent | None]
    chains: dict[int, tuple[int, ...]]
    forks: dict[int, Fork]
    branch_of: list[int | None]
    lanes: list[int]
    parallel: dict[int, tuple[int, ...]]
    children: dict[int, list[int]]
    letters: dict[int, str]
    # For each attempt of a call with several ones, which of them it is (from 0); by the last, what the call continues.
    places: dict[int, int]
    origins: dict[int, Parent | None]
    continues: list[int | None] = field(init=False)

    def __post_init__(self) -> None:
        found = [parent.index if parent else None for parent in self.parents]
        object.__setattr__(self, "continues", found)

    def attempts_of(self, index: int) -> tuple[int, ...]:
        """All attempts of the call that a request is one of; itself alone when it was not repeated."""
        return self.chains.get(index, (index,))

    def is_same_call(self, one: int, other: int) -> bool:
        """Whether two requests are attempts of one call."""
        return one == other or (one in self.chains and self.chains.get(other) is self.chains[one])

    def attempts_before(self, index: int, most: int) -> tuple[int, ...]:
        """The attempts of a call up to and with this one, at most so many; the last ones."""
        place = self.places.get(index, 0) + 1
        return self.attempts_of(index)[max(place - most, 0) : place]

    def origin(self, index: int) -> Parent | None:
        """What a call continues, with whichever of its attempts."""
        if index in self.chains:
            return self.origins[self.chains[index][-1]]
        parent = self.parents[index]
        return parent if parent and parent.index != index else None

    def branch_with(self, index: int) -> list[int]:
        """The requests of the branch that begins with this one: what continues it, in order, with all attempts."""
        found: set[int] = set()
        waiting = [index]
        while waiting:
            current = waiting.pop()
            if current not in found:
                found.add(current)
                waiting += [*self.children.get(current, ()), *self.attempts_of(current)]
        return sorted(found)

    def hidden_beside(self, index: int) -> set[int]:
        """What is not shown when only the branch of this request is: the other branches of each fork on the way."""
        hidden: set[int] = set()
        way: set[int] = set()
        current: int | None = index
        while current is not None and current not in way:
            way.update(self.attempts_of(current))
            parent = self.origin(current)
            fork = self.forks.get(parent.index) if parent else None
            for branch in fork.branches if fork else ():
                hidden.update(() if branch in way else self.branch_with(branch))
            current = parent.index if parent else None
        return hidden - way


def structure(requests: Sequence[TimelineRow], window: timedelta = WINDOW) -> Structure:
    """How the requests of a session, in chronological order, hang together. Linear in their number."""
    found = parents(requests, window)
    calls = attempts(requests, found)
    chains = {index: chain for chain in calls for index in chain}
    forks = {index: Fork(index, tuple(branches)) for index, branches in _forks(found, chains).items()}
    branch_of, lanes = _branches(found, chains, forks)
    related = {index: parent.index for index, parent in enumerate(found) if parent}
    related |= {later: earlier for chain in chains.values() for earlier, later in pairwise(chain)}
    parallel = {index: group for group in parallel_groups(requests, related) for index in group}
    branches = sorted(branch for fork in forks.values() for branch in fork.branches)
    names = {branch: letters(number) for number, branch in enumerate(branches)}
    places = {index: place for chain in calls for place, index in enumerate(chain)}
    origins = {chain[-1]: _origin(chain, found) for chain in calls}
    return Structure(found, chains, forks, branch_of, lanes, parallel, _children(found), names, places, origins)


def _origin(chain: Sequence[int], parents: Sequence[Parent | None]) -> Parent | None:
    """What the attempts of a call continue: the first parent that is none of them."""
    own = set(chain)
    return next((parent for index in chain if (parent := parents[index]) and parent.index not in own), None)


def _children(parents: Sequence[Parent | None]) -> dict[int, list[int]]:
    children: dict[int, list[int]] = defaultdict(list)
    for index, parent in enumerate(parents):
        if parent:
            children[parent.index].append(index)
    return dict(children)


def _forks(parents: Sequence[Parent | None], chains: Mapping[int, tuple[int, ...]]) -> dict[int, list[int]]:
    """What continues each request that is continued more than once; attempts of one call count once."""
    following: dict[int, dict[int, None]] = defaultdict(dict)
    for index, parent in enumerate(parents):
        if parent and parent.is_linked:
            following[parent.index][chains[index][-1] if index in chains else index] = None
    return {index: sorted(branches) for index, branches in following.items() if len(branches) > 1}


def _branches(
    parents: Sequence[Parent | None], chains: Mapping[int, tuple[int, ...]], forks: Mapping[int, Fork]
) -> tuple[list[int | None], list[int]]:
    """For each request the branch it is in, and its lane. What continues a later request is in none."""
    branch_of: list[int | None] = [None] * len(parents)
    lanes = [0] * len(parents)
    places = {index: {branch: n for n, branch in enumerate(fork.branches)} for index, fork in forks.items()}
    for index in range(len(parents)):
        last = chains[index][-1] if index in chains else index
        parent = parents[index]
        if parent is None or parent.index >= index:
            continue
        branch_of[index], lanes[index] = branch_of[parent.index], lanes[parent.index]
        place = places.get(parent.index, {}).get(last)
        if place is not None:
            branch_of[index] = last
            lanes[index] += place
    return branch_of, lanes


def letters(number: int) -> str:
    """0 is A, 25 is Z, 26 is AA."""
    text = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(ord("A") + rest) + text
    return text
