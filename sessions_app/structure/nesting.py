"""Places the steps of a session among its requests, by their start and by how their traces nest. Pure Python.

A step is a span around the calls of models: an agent, a chain, a tool, a retrieval. A step that contains a request
stands before it. A step that a request caused stands after it.
"""

from __future__ import annotations

import uuid
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from sessions_app.records import RUNNING
from sessions_app.structure import timeline
from sessions_app.structure.running import RUNNING_FOR
from sessions_app.structure.timeline import Timed, TimedRow

# Names a span: its trace id and its own id.
SpanPlace = tuple[str, str]
# These kinds work by themselves. Agents and chains wait for what runs inside of them.
WORK = ("llm", "embedding", "tool", "retrieval", "guardrail")
# Deeper nesting is not followed: spans may name each other without end.
MOST_LEVELS = 100


class Spanned(TimedRow, Protocol):
    """What must be known of a request or step to place it in its trace. The ids are "" if it is no span."""

    @property
    def kind(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def trace_id(self) -> str: ...
    @property
    def span_id(self) -> str: ...
    @property
    def parent_id(self) -> str: ...


T = TypeVar("T", bound=Spanned)


class Nesting(Generic[T]):
    """Tells which requests and steps contain which. `between`: the parents of spans that are not shown."""

    def __init__(self, rows: Sequence[T], between: Mapping[SpanPlace, str] | None = None) -> None:
        self._between = between or {}
        self._by_place = {(row.trace_id, row.span_id): row for row in rows if row.span_id}
        self._parents: dict[uuid.UUID, T | None] = {}
        self._depths: dict[uuid.UUID, int] = {}
        self._around: dict[SpanPlace, T | None] = {}

    def parent(self, row: T) -> T | None:
        """The nearest span around a row that is shown."""
        if row.id not in self._parents:
            self._parents[row.id] = self._find_parent(row)
        return self._parents[row.id]

    def _find_parent(self, row: T) -> T | None:
        span_id, found = row.parent_id, None
        walked: dict[SpanPlace, None] = {}
        while row.span_id and span_id and (place := (row.trace_id, span_id)) not in walked:
            found = self._by_place.get(place) or self._around.get(place)
            if found is not None:
                break
            walked[place] = None
            span_id = self._between.get(place, "")
        # Remembered for the whole way: many spans that are not shown may be nested in each other.
        self._around.update(dict.fromkeys(walked, found))
        return None if found is row else found

    def ancestors(self, row: T) -> Iterator[T]:
        """What contains a row, from the inside out. It ends even if ids name each other in a circle."""
        seen = {row.id}
        found = self.parent(row)
        while found is not None and found.id not in seen and len(seen) <= MOST_LEVELS:
            yield found
            seen.add(found.id)
            found = self.parent(found)

    def depth(self, row: T) -> int:
        """How many of the rows contain it."""
        if row.id not in self._depths:
            self._depths[row.id] = sum(1 for _ in self.ancestors(row))
        return self._depths[row.id]

    def common_depth(self, one: T, other: T) -> int:
        """How deep the innermost row is that contains both; -1 when none does."""
        around = {row.id for row in self.ancestors(one)} | {one.id}
        return max((self.depth(row) for row in (other, *self.ancestors(other)) if row.id in around), default=-1)

    def missing(self) -> set[SpanPlace]:
        """The parents that rows name and that are not known."""
        named = {(row.trace_id, row.parent_id) for row in self._by_place.values() if row.parent_id}
        return named - self._by_place.keys() - self._between.keys()


@dataclass(frozen=True, slots=True)
class Steps(Generic[T]):
    """The steps right before and after each request, by its index. Without requests, all of them are after -1."""

    before: dict[int, list[T]] = field(default_factory=lambda: defaultdict(list))
    after: dict[int, list[T]] = field(default_factory=lambda: defaultdict(list))

    def owners(self) -> dict[uuid.UUID, int]:
        """By the id of a step, the index of the request beside which it stands."""
        sides = (self.before, self.after)
        return {step.id: index for side in sides for index, steps in side.items() for step in steps}


def arrange(
    requests: Sequence[T], steps: Sequence[T], nesting: Nesting[T], indices: Sequence[int] | None = None
) -> Steps[T]:
    """Place steps among requests in chronological order. `indices`: the requests' indices if they are not 0, 1, 2, …"""
    found: Steps[T] = Steps()
    if not steps:
        return found
    indices = range(len(requests)) if indices is None else indices
    for place, between in enumerate(_gaps(requests, steps, nesting)):
        previous = requests[place - 1] if place > 0 else None
        following = requests[place] if place < len(requests) else None
        cut = _cut(between, previous, following, nesting)
        if previous is not None or following is None:
            found.after[indices[place - 1] if previous is not None else -1] += between[:cut]
        if following is not None:
            found.before[indices[place]] += between[cut:]
    return found


def _gaps(requests: Sequence[T], steps: Sequence[T], nesting: Nesting[T]) -> list[list[T]]:
    """The steps before each request, and those after the last one."""
    starts = [request.started_at for request in requests]
    first = _first_starts(requests, steps, nesting)
    gaps: list[list[T]] = [[] for _ in range(len(requests) + 1)]
    # If requests start at the same moment as a step, it comes after those that are less deep. Remembered by depth.
    passed: dict[tuple[datetime, int], int] = {}
    for step in sorted(steps, key=lambda step: (first[step.id], nesting.depth(step), step.started_at)):
        moment, depth = first[step.id], nesting.depth(step)
        if (moment, depth) not in passed:
            place = bisect_left(starts, moment)
            while place < len(starts) and starts[place] == moment and nesting.depth(requests[place]) < depth:
                place += 1
            passed[moment, depth] = place
        gaps[passed[moment, depth]].append(step)
    return gaps


def _first_starts(requests: Sequence[T], steps: Sequence[T], nesting: Nesting[T]) -> dict[uuid.UUID, datetime]:
    """When each step started, or what it contains if that is earlier, since the clocks of machines differ."""
    first = {step.id: step.started_at for step in steps}
    for row in (*requests, *steps):
        for around in nesting.ancestors(row):
            if around.id in first:
                first[around.id] = min(first[around.id], row.started_at)
    return first


def _cut(between: Sequence[T], previous: T | None, following: T | None, nesting: Nesting[T]) -> int:
    """How many of the steps between two requests belong to the first request."""
    if not between or previous is None or following is None:
        return 0 if following is not None else len(between)
    around = {row.id for row in nesting.ancestors(following)} - {row.id for row in nesting.ancestors(previous)}
    cut = len(between)
    while cut:
        step = between[cut - 1]
        is_inside = any(row.id in around for row in (step, *nesting.ancestors(step)))
        if not is_inside and not step.trace_id == following.trace_id != previous.trace_id:
            break
        cut -= 1
    return cut


# --- traces ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Trace:
    """The part of a session that is of one trace. The id is "" for requests that are no spans."""

    trace_id: str
    request_count: int
    step_count: int
    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return self.end - self.start


def trace_of(row: Spanned) -> str:
    """The trace id of a row, "" if it is no span."""
    return row.trace_id if row.span_id else ""


def is_event(row: Spanned) -> bool:
    """Whether a row is an event of an agent. It is in no trace, and interrupts none."""
    return row.span_id != "" and row.trace_id == ""


def traces(requests: Sequence[Spanned], steps: Sequence[Spanned]) -> dict[str, Trace]:
    """The traces of a session by id. Empty if there is nothing to tell apart: a single trace and no other requests."""
    members: dict[str, list[Spanned]] = defaultdict(list)
    requests = [row for row in requests if not is_event(row)]
    for row in (*requests, *steps):
        if not is_event(row):
            members[trace_of(row)].append(row)
    if len(members) < 2:
        return {}
    counts = dict.fromkeys(members, 0)
    for row in requests:
        counts[trace_of(row)] += 1
    found = {}
    for trace_id, rows in members.items():
        start, end = min(map(timeline.sane_start, rows)), max(map(timeline.sane_end, rows))
        count = counts[trace_id]
        found[trace_id] = Trace(trace_id, count, len(rows) - count, start, end)
    return found


@dataclass(frozen=True, slots=True)
class _Moment:
    """When something ran or may have run. Agents and chains count with their start alone: they are open while nothing
    runs.
    """

    id: uuid.UUID
    started_at: datetime
    ended_at: datetime | None
    received_at: datetime


def _moment(row: Spanned) -> Timed:
    if row.kind not in WORK:
        return _Moment(row.id, row.started_at, row.started_at, row.received_at)
    if row.status == RUNNING and row.ended_at is None:
        # It may have run for so long; what is not known is no pause.
        return _Moment(row.id, row.started_at, row.started_at + RUNNING_FOR, row.received_at)
    return row


def idle_before(rows: Sequence[Spanned]) -> dict[uuid.UUID, timedelta]:
    """How long nothing ran before each of these rows, in the order in which they are shown, where that is long."""
    gaps = timeline.idle_before([_moment(row) for row in rows])
    return {row.id: gap for row, gap in zip(rows, gaps, strict=True) if gap}
