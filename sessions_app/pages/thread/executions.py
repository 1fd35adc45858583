"""Which span ran which tool call: by the call's id, else by name and order within the trace."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from sessions_app.content.tool_matching import BlockKey, CallPiece, Waiting
from sessions_app.pages.html.messages import FoundCall
from sessions_app.pages.thread.addresses import Addresses
from sessions_app.queries.session import RequestLine
from sessions_app.structure.nesting import Nesting

# A step without an id is compared with so many calls of its tool before it, the latest ones.
MOST_COMPARED = 64


@dataclass(frozen=True, slots=True)
class Executed:
    """The step that each tool call started, by the call, and the call that started each step, by the step's id."""

    steps: dict[BlockKey, RequestLine] = field(default_factory=dict)
    causes: dict[uuid.UUID, FoundCall] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LocatedCall:
    """A tool call with the index of its request."""

    piece: CallPiece
    index: int


def executions(
    steps: Iterable[RequestLine],
    calls: Mapping[int, Sequence[CallPiece]],
    lines: Sequence[RequestLine],
    nesting: Nesting[RequestLine],
    addresses: Addresses,
) -> Executed:
    """Which tool call started which tool's span.

    `calls` has those of each request, by its index.
    """
    finder = _Finder(calls, lines, nesting)
    tools = sorted((step for step in steps if step.kind == "tool"), key=attrgetter("started_at"))
    found = Executed()
    for step, call in finder.pairs(tools):
        found.steps.setdefault(call.piece.key, step)
        href = addresses.in_session(call.index + 1)
        found.causes[step.id] = FoundCall(call.piece.block.name, call.index + 1, href)
    return found


class _Finder:
    """The calls of some requests, in order of time."""

    def __init__(
        self, calls: Mapping[int, Sequence[CallPiece]], lines: Sequence[RequestLine], nesting: Nesting[RequestLine]
    ) -> None:
        self.lines, self.nesting = lines, nesting
        self.calls = [
            LocatedCall(piece, index)
            for index, found in sorted(calls.items(), key=lambda item: lines[item[0]].started_at)
            for piece in found
        ]
        self.places = {call.piece.key: call for call in self.calls}
        self.answered: set[BlockKey] = set()

    def pairs(self, tools: Sequence[RequestLine]) -> Iterator[tuple[RequestLine, LocatedCall]]:
        by_id = self._by_id(tools)
        yield from ((step, by_id[step.id]) for step in tools if step.id in by_id)
        yield from self._by_name([step for step in tools if step.id not in by_id])

    def _by_id(self, tools: Sequence[RequestLine]) -> dict[uuid.UUID, LocatedCall]:
        """Ids may be used again: then the latest call before the step that has none yet, if possible of its trace."""
        waiting, found = Waiting(self.answered), dict[uuid.UUID, LocatedCall]()
        later = iter([*self.calls, None])
        call = next(later)
        for step in tools:
            while call and self.lines[call.index].started_at <= step.started_at:
                for key in self._keys(call.piece.block.id, self.lines[call.index].trace_id, call.piece.block.name):
                    waiting.add(key, call.index, call.piece)
                call = next(later)
            keys = self._keys(step.tool_call_id, step.trace_id, step.tool_name or step.name)
            if taken := waiting.take(*keys):
                found[step.id] = self.places[taken.key]
        last = {call.piece.block.id: call for call in self.calls}
        for step in tools:
            # A clock is off, or the call was reported twice.
            if step.id not in found and step.tool_call_id and (late := last.get(step.tool_call_id)):
                found[step.id] = late
                self.answered.add(late.piece.key)
        return found

    @staticmethod
    def _keys(call_id: str, trace_id: str, name: str) -> list[tuple[str, ...]]:
        return [(call_id, trace_id, name), (call_id, trace_id), (call_id,)] if call_id else []

    def _by_name(self, tools: Sequence[RequestLine]) -> Iterator[tuple[RequestLine, LocatedCall]]:
        """The first call of the tool without a step, of the request that is nearest in the trace, then in time."""
        waiting: dict[tuple[str, str], list[LocatedCall]] = defaultdict(list)
        later = iter([*(call for call in self.calls if call.piece.key not in self.answered), None])
        call = next(later)
        for step in tools:
            while call and self.lines[call.index].started_at <= step.started_at:
                waiting[self.lines[call.index].trace_id, call.piece.block.name].append(call)
                call = next(later)
            named = waiting[step.trace_id, step.tool_name or step.name]
            nearest = max(
                range(len(named))[-MOST_COMPARED:], key=lambda n: self._nearness(step, named[n], n), default=None
            )
            if nearest is not None:
                yield step, named.pop(nearest)

    def _nearness(self, step: RequestLine, call: LocatedCall, number: int) -> tuple[object, ...]:
        request = self.lines[call.index]
        return (self.nesting.common_depth(step, request), request.started_at, -number)
