"""Which other request of its session each one continues or repeats, and which are attempts of one call. Pure Python."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Protocol

from sessions_app.ids import LinkKey
from sessions_app.records import ERROR, RULE_CONVERSATION, RULE_PREVIOUS_RESPONSE, RULE_TOOL_CALL
from sessions_app.structure.grouping_rules import Index, begins_in_session, is_soon_enough

# A conversation is continued within this, unless an id says so.
WINDOW = timedelta(hours=24)

_NEXT = timedelta(microseconds=1)
_LATEST = datetime.max.replace(tzinfo=UTC) - _NEXT


class RelatedRow(Protocol):
    """What is needed to tell which request another one continues or repeats.

    `needs`: the link key of the `previous` response, if one is named, then those of the conversations that the input
    begins with, the longest first. `provides`: the link key of the response's id, if it has one, then those of the
    conversation with the answer. `attempt` and `call` are equal for requests with the same input, and of the same call
    of a proxy. `duplicate_of` is set when another request reports the same call: this one has no relation to others.
    """

    @property
    def started_at(self) -> datetime: ...
    @property
    def kind(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def needs(self) -> Sequence[LinkKey]: ...
    @property
    def previous(self) -> LinkKey | None: ...
    @property
    def provides(self) -> Sequence[LinkKey]: ...
    @property
    def attempt(self) -> LinkKey | None: ...
    @property
    def call(self) -> LinkKey | None: ...
    @property
    def duplicate_of(self) -> uuid.UUID | None: ...


class TaskRow(RelatedRow, Protocol):
    """What is needed to tell which request started another one.

    `task`: the link key of what it was asked, if it has no history.
    """

    @property
    def task(self) -> LinkKey | None: ...


@dataclass(slots=True)
class Parent:
    """The request that another one continues: its index, and the rule that says so (see `records`).

    `is_whole`: everything that the request sends again is known from it.
    """

    index: int
    rule: str
    is_whole: bool = True

    @property
    def is_linked(self) -> bool:
        """Whether it goes on from there, and does not only repeat it or belong to the same call."""
        return self.rule in (RULE_PREVIOUS_RESPONSE, RULE_CONVERSATION, RULE_TOOL_CALL)


@dataclass(slots=True)
class _RowFacts:
    """A request as the rules read it; `place` has its index in the timeline."""

    place: tuple[datetime, int]
    previous: LinkKey | None
    begins: Sequence[LinkKey]
    provides: Sequence[LinkKey]
    attempt: LinkKey | None
    call: LinkKey | None
    failed: bool
    task: LinkKey | None = None
    goes_with_response_alone: bool = False


def parents(requests: Sequence[RelatedRow], window: timedelta = WINDOW) -> list[Parent | None]:
    """For each request in the order of the timeline, which other one of its session it continues or repeats."""
    needed: set[LinkKey | None] = {row.previous for row in requests}
    needed.update(chain.from_iterable([row.needs for row in requests]))
    by_link_key: Index[int] = Index()
    facts: list[_RowFacts | None] = []
    for moment, index, row in zip(_moments(requests), range(len(requests)), requests, strict=True):
        if row.duplicate_of is not None:
            facts.append(None)
            continue
        one = _facts((moment, index), row)
        one.provides = [link_key for link_key in one.provides if link_key in needed]
        by_link_key.add(one)
        facts.append(one)
    return [None if one is None else _parent(one, by_link_key, window) for one in facts]


def starters(requests: Sequence[TaskRow]) -> list[int | None]:
    """For each request in the order of the timeline, the index of the one whose tool call started it: a sub-agent's
    run.

    It continues nothing of that request. Whether it is the first of its run, `parents` says.
    """
    tasks = {row.task for row in requests if row.task}
    by_link_key: Index[int] = Index()
    started: dict[int, _RowFacts] = {}
    for moment, index, row in zip(_moments(requests), range(len(requests)), requests, strict=True):
        # Of thousands of requests, few ask for a task or have one.
        if row.duplicate_of is not None or (row.task is None and tasks.isdisjoint(row.provides)):
            continue
        one = _facts((moment, index), row)
        one.task = row.task
        one.provides = [link_key for link_key in row.provides if link_key in tasks]
        by_link_key.add(one)
        if row.task:
            started[index] = one
    starting = {index: by_link_key.started_by(one) for index, one in started.items()}
    return [found.key if (found := starting.get(index)) else None for index in range(len(requests))]


def _moments(requests: Sequence[RelatedRow]) -> Iterator[datetime]:
    """Moments that say the same as the order: the starts, and where those go back a little more than the one before."""
    last = datetime.min.replace(tzinfo=UTC)
    for row in requests:
        if row.started_at >= last:
            last = row.started_at
        elif last < _LATEST:
            last += _NEXT
        yield last


def _facts(place: tuple[datetime, int], row: RelatedRow) -> _RowFacts:
    previous, begins = row.previous, begins_in_session(row.needs, row.previous)
    return _RowFacts(place, previous, begins, row.provides, row.attempt, row.call, has_failed(row))


def _parent(request: _RowFacts, by_link_key: Index[int], window: timedelta) -> Parent | None:
    found = by_link_key.continued_by(request, window)
    return None if found is None else Parent(found.key, found.rule, found.is_whole)


def has_failed(request: RelatedRow) -> bool:
    return request.status == ERROR


def attempts(requests: Sequence[RelatedRow], parents: Sequence[Parent | None]) -> list[tuple[int, ...]]:
    """Requests that are attempts of one call, each chain in order: the same input again, or the same call of a proxy,
    after a failure. A failed attempt is not part of a chain if another request continues its answer.
    """
    continued = {parent.index for parent in parents if parent and parent.is_linked}
    # By kind, then by key.
    latest: dict[str, dict[LinkKey, int]] = defaultdict(dict)
    chains: dict[int, list[int]] = {}
    for index, request in enumerate(requests):
        if request.duplicate_of is not None:
            continue
        before, last = -1, latest[request.kind]
        for key in (request.attempt, request.call):
            if key:
                found = last.get(key, -1)
                if before < found < index:
                    before = found
                last[key] = index
        if before >= 0 and before not in continued and _is_retry(requests[before], request):
            chain = chains.pop(before, [before])
            chain.append(index)
            chains[index] = chain
    return sorted(map(tuple, chains.values()))


def _is_retry(before: RelatedRow, request: RelatedRow) -> bool:
    is_same_call = request.call is not None and request.call == before.call
    return has_failed(before) and (is_same_call or is_soon_enough(before.started_at, request.started_at))
