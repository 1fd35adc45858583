"""Which tool call has which result, and which span ran it: within a request, and from one request to the next."""

from __future__ import annotations

import uuid
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Generic, TypeVar

from sessions_app.content.blocks import ToolCallBlock, ToolResultBlock
from sessions_app.pages.html.messages import FoundCall, FoundResult, Pairs, Source
from sessions_app.pages.html.tool_pairs import BlockKey
from sessions_app.pages.thread.addresses import Addresses
from sessions_app.queries.session import RequestLine
from sessions_app.structure.nesting import Nesting

# Where a block is printed: its message (`Source.place`) and its number in it.

# So many calls, and so many results, of a list of messages are paired. A page prints fewer.
MOST_PIECES = 4_000


ToolBlock = TypeVar("ToolBlock", ToolCallBlock, ToolResultBlock)


@dataclass(frozen=True, slots=True)
class ToolPiece(Generic[ToolBlock]):
    """A tool call or result: where it is printed, its block, and the part that the block was read from."""

    key: BlockKey
    block: ToolBlock
    digest: bytes


CallPiece = ToolPiece[ToolCallBlock]
ResultPiece = ToolPiece[ToolResultBlock]


def pieces(sources: Iterable[Source], kind: type[ToolBlock]) -> list[ToolPiece[ToolBlock]]:
    """The tool calls, or the tool results, of some messages: up to one more than are paired."""
    found = (
        ToolPiece((source.place, number), block, source.digest)
        for source in sources
        for number, block in enumerate(source.message.blocks)
        if isinstance(block, kind)
    )
    return list(islice(found, MOST_PIECES + 1))


def match(calls: Sequence[CallPiece], results: Iterable[ResultPiece]) -> list[tuple[ResultPiece, CallPiece]]:
    """Pairs of result and call. They have the same id; without ids (Gemini) the same name, in order."""
    by_id = {call.block.id: call for call in calls if call.block.id}
    by_name: dict[str, deque[CallPiece]] = defaultdict(deque)
    for anonymous in calls:
        if not anonymous.block.id:
            by_name[anonymous.block.name].append(anonymous)
    found = []
    for result in results:
        if result.block.call_id:
            call = by_id.get(result.block.call_id)
        else:
            waiting = by_name.get(result.block.name)
            call = waiting.popleft() if waiting else None
        if call is not None:
            found.append((result, call))
    return found


@dataclass(slots=True)
class Pairing:
    """Collects pairs, request by request. A call that has two results is printed with the first one."""

    results: dict[BlockKey, FoundResult] = field(default_factory=dict)
    calls: dict[BlockKey, FoundCall] = field(default_factory=dict)
    is_complete: bool = True

    def across(self, calls: Sequence[CallPiece], sources: Iterable[Source], number: int, href: str) -> None:
        """Results that a request sends back for the calls of the request `number`, which is at `href`."""
        self._pair(calls, pieces(sources, ToolResultBlock), lambda name: FoundCall(name, number, href))

    def within(self, sources: Sequence[Source]) -> None:
        """Calls and results of one list of messages."""
        calls = pieces(sources, ToolCallBlock)
        if calls:
            lone = [piece for piece in pieces(sources, ToolResultBlock) if piece.key not in self.calls]
            self._pair(calls, lone, FoundCall)

    def _pair(
        self, calls: Sequence[CallPiece], results: Sequence[ResultPiece], refer: Callable[[str], FoundCall]
    ) -> None:
        if max(len(calls), len(results)) > MOST_PIECES:
            self.is_complete = False
        for result, call in match(calls[:MOST_PIECES], results[:MOST_PIECES]):
            found = FoundResult(result.block, result.digest, result.key[1])
            if self.results.setdefault(call.key, found).digest == result.digest:
                self.calls[result.key] = refer(call.block.name)

    def pairs(self) -> Pairs:
        return Pairs(self.results, self.calls, is_complete=self.is_complete)


# --- calls and the spans of the tools that they started ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Executed:
    """The step that each tool call started, by the call, and the call that started each step, by the step's id."""

    steps: dict[BlockKey, RequestLine] = field(default_factory=dict)
    causes: dict[uuid.UUID, FoundCall] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LocatedCall:
    """A tool call with the index of its request. `order` is its number among the calls of that request."""

    piece: CallPiece
    index: int
    order: int


class _Calls:
    """The calls of some requests, by id, and by name those that have no step yet."""

    def __init__(self, calls: Mapping[int, Sequence[CallPiece]], lines: Sequence[RequestLine]) -> None:
        self.lines = lines
        self.by_id: dict[str, list[LocatedCall]] = defaultdict(list)
        self.by_name: dict[tuple[str, str], list[LocatedCall]] = defaultdict(list)
        for index, found in calls.items():
            for order, piece in enumerate(found):
                call = LocatedCall(piece, index, order)
                self.by_id[piece.block.id].append(call)
                self.by_name[(lines[index].trace_id, piece.block.name)].append(call)

    def with_id(self, step: RequestLine) -> LocatedCall | None:
        """The call with the step's id. Ids may be used again: then the latest call before the step, if possible one
        of the same trace.
        """
        same = self.by_id.get(step.tool_call_id, []) if step.tool_call_id else []
        return max(same, key=lambda call: self._nearness(step, self.lines[call.index]), default=None)

    @staticmethod
    def _nearness(step: RequestLine, request: RequestLine) -> tuple[bool, bool, datetime]:
        return (request.trace_id == step.trace_id, request.started_at <= step.started_at, request.started_at)

    def with_name(self, step: RequestLine, nesting: Nesting[RequestLine]) -> LocatedCall | None:
        """The first call of the tool without a step, of the request that is nearest in the trace, then in time."""
        named = self.by_name.get((step.trace_id, step.tool_name or step.name), [])
        earlier = [call for call in named if self.lines[call.index].started_at <= step.started_at]
        return max(
            earlier,
            key=lambda call: (
                nesting.common_depth(step, self.lines[call.index]),
                self.lines[call.index].started_at,
                -call.order,
            ),
            default=None,
        )

    def take(self, call: LocatedCall) -> None:
        """Note that a call has its step."""
        named = self.by_name[(self.lines[call.index].trace_id, call.piece.block.name)]
        if call in named:
            named.remove(call)


def executions(
    steps: Iterable[RequestLine],
    calls: Mapping[int, Sequence[CallPiece]],
    lines: Sequence[RequestLine],
    nesting: Nesting[RequestLine],
    addresses: Addresses,
) -> Executed:
    """Which tool call started which tool's span: by the call's id, else by name and order within the trace.

    `calls` has those of each request, by its index.
    """
    found, known = Executed(), _Calls(calls, lines)
    unnamed = []
    for step in (step for step in steps if step.kind == "tool"):
        call = known.with_id(step)
        if call is None:
            unnamed.append(step)
        else:
            _note(found, known, step, call, addresses)
    for step in unnamed:
        if call := known.with_name(step, nesting):
            _note(found, known, step, call, addresses)
    return found


def _note(found: Executed, known: _Calls, step: RequestLine, call: LocatedCall, addresses: Addresses) -> None:
    known.take(call)
    found.steps[call.piece.key] = step
    href = addresses.in_session(call.index + 1)
    found.causes[step.id] = FoundCall(call.piece.block.name, call.index + 1, href)
