"""Runs of sub-agents: a tool call of one request started another agent, whose requests are a run. Pure Python.

The texts of the call and of the run's first request say so, or a trace, in which the requests are within a tool.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeAlias

from sessions_app.structure.parents import TaskRow, starters
from sessions_app.structure.timeline import Structure, TimelineRow

# A run within more runs than these is shown in the last of them.
MOST_LEVELS = 4


class RunRow(TimelineRow, TaskRow, Protocol):
    """What is needed to tell which runs a session has."""

    @property
    def trace_id(self) -> str: ...
    @property
    def span_id(self) -> str: ...


class ToolStep(Protocol):
    """A tool that ran, as a trace tells."""

    @property
    def id(self) -> uuid.UUID: ...
    @property
    def started_at(self) -> datetime: ...
    @property
    def tool_name(self) -> str: ...
    @property
    def name(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Run:
    """The requests of a sub-agent, by their indices in order. `starter`: the one whose tool call started it.

    `tool`: the name of the tool that they are within, if a trace says so.
    """

    starter: int
    members: tuple[int, ...]
    tool: str = ""

    @property
    def first(self) -> int:
        return self.members[0]


@dataclass(slots=True)
class Lane:
    """Some requests of a run, and the lanes of the runs that these started."""

    run: Run
    content: list[int | Lane] = field(default_factory=list)


Arranged: TypeAlias = list["int | Lane"]


class Runs:
    """The runs of a session. No request is in two of them, but a request of a run may start another one."""

    def __init__(self, runs: Iterable[Run] = ()) -> None:
        self.started_by: dict[int, list[Run]] = {}
        self._run_of: dict[int, Run] = {}
        for run in runs:
            self.started_by.setdefault(run.starter, []).append(run)
            for member in run.members:
                self._run_of.setdefault(member, run)

    def __bool__(self) -> bool:
        return bool(self._run_of)

    def starting_at(self, index: int) -> Run | None:
        """The run that begins with a request."""
        run = self._run_of.get(index)
        return run if run and run.first == index else None

    def around(self, index: int) -> list[Run]:
        """The runs that a request is in, the outermost first."""
        found: list[Run] = []
        run = self._run_of.get(index)
        while run is not None and run not in found and len(found) < MOST_LEVELS:
            found.append(run)
            run = self._run_of.get(run.starter)
        return found[::-1]

    def is_outside(self, index: int, other: int) -> bool:
        """Whether a request is in no run that the other one is not in."""
        run = self._run_of.get(index)
        return run is None or any(run is one for one in self.around(other))

    def arranged(self, indices: Iterable[int]) -> Arranged:
        """Requests in their order, but those of a run together, in the place of its first one."""
        top: Arranged = []
        lanes: dict[int, Lane] = {}
        for index in indices:
            content = top
            for run in self.around(index):
                lane = lanes.get(run.first)
                if lane is None:
                    lane = lanes[run.first] = Lane(run)
                    content.append(lane)
                content = lane.content
            content.append(index)
        return top

    def in_order(self, indices: Iterable[int]) -> Iterator[int]:
        """The same as `arranged`, one after another."""
        waiting = self.arranged(indices)[::-1]
        while waiting:
            one = waiting.pop()
            if isinstance(one, Lane):
                waiting += one.content[::-1]
            else:
                yield one


def runs_of(
    requests: Sequence[RunRow], structure: Structure, tools: Mapping[int, Sequence[ToolStep]] | None = None
) -> Runs:
    """The runs of a session's requests, which come in the order of the timeline.

    `tools`: for requests within tools, these tools from the inside out.
    """
    found = list(_in_tools(requests, tools)) if tools else []
    known = {member for run in found for member in run.members}
    if any(row.task for row in requests):
        found += [run for run in _by_task(requests, structure) if known.isdisjoint(run.members)]
    return Runs(found)


def _in_tools(requests: Sequence[RunRow], tools: Mapping[int, Sequence[ToolStep]]) -> Iterator[Run]:
    """The model calls within each tool, if a request beside that tool came before it."""
    members: dict[uuid.UUID, list[int]] = defaultdict(list)
    starters_of: dict[uuid.UUID, int] = {}
    steps: dict[uuid.UUID, ToolStep] = {}
    # The latest request by its trace and the innermost tool around it.
    latest: dict[tuple[str, uuid.UUID | None], int] = {}
    for index, row in enumerate(requests):
        around = tools.get(index, ())
        if around and around[0].id not in steps:
            step = steps[around[0].id] = around[0]
            starter = latest.get((row.trace_id, around[1].id if len(around) > 1 else None))
            if starter is not None and requests[starter].started_at <= step.started_at:
                starters_of[step.id] = starter
        if around:
            members[around[0].id].append(index)
        latest[row.trace_id, around[0].id if around else None] = index
    for step_id, starter in starters_of.items():
        if any(requests[index].kind == "llm" for index in members[step_id]):
            yield Run(starter, tuple(members[step_id]), steps[step_id].tool_name or steps[step_id].name)


def _by_task(requests: Sequence[RunRow], structure: Structure) -> Iterable[Run]:
    for index, starter in enumerate(starters(requests)):
        if starter is None or structure.attempts_of(index)[0] != index or structure.origin(index) is not None:
            continue
        members = tuple(structure.branch_with(index))
        if (
            starter not in members
            and members[0] == index
            and not _are_of_two_traces(requests[starter], requests[index])
        ):
            yield Run(starter, members)


def _are_of_two_traces(one: RunRow, other: RunRow) -> bool:
    """Whether traces tell that one request did not cause the other: then somebody asked the same again."""
    return bool(one.span_id and other.span_id) and one.trace_id != other.trace_id
