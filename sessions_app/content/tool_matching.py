"""Which tool result answers which tool call in a list of messages. Ids are hints: they may repeat or be absent."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sessions_app.content.blocks import Message, ToolCallBlock, ToolResultBlock
from sessions_app.content.call_ids import unique_id

# The place of a message and the number of a block in it.
BlockKey = tuple[Hashable, int]

# So many calls, and so many results, of a list of messages are paired. A page prints fewer.
MOST_PIECES = 4_000

# Roles whose messages may stand between a tool call and its result.
_WITHIN_A_TURN = ("assistant", "tool")


class Placed(Protocol):
    """A message, the part that it was read from, and a place that no other message of the list has."""

    @property
    def message(self) -> Message: ...
    @property
    def digest(self) -> bytes: ...
    @property
    def place(self) -> Hashable: ...


@dataclass(frozen=True, slots=True)
class PlacedMessage:
    """No more than that."""

    message: Message
    place: Hashable
    digest: bytes = b""


@dataclass(frozen=True, slots=True)
class _ToolPiece:
    """A block, where it is printed, and the part that it was read from. `turn` counts the users' messages before it."""

    key: BlockKey
    digest: bytes
    turn: int


@dataclass(frozen=True, slots=True)
class CallPiece(_ToolPiece):
    block: ToolCallBlock


@dataclass(frozen=True, slots=True)
class ResultPiece(_ToolPiece):
    block: ToolResultBlock


# Calls and results as they follow each other.
Stream = Sequence[CallPiece | ResultPiece]
Pair = tuple[ResultPiece, CallPiece]


@dataclass(frozen=True, slots=True)
class ToolPieces:
    """The tool calls and results of some messages, in order. `is_complete`: none of them was left out."""

    stream: Stream
    is_complete: bool = True

    @property
    def calls(self) -> list[CallPiece]:
        return [piece for piece in self.stream if isinstance(piece, CallPiece)]


def pieces(sources: Iterable[Placed], turn: int = 0) -> ToolPieces:
    """The tool calls and results of some messages; so many `turn`s were before them."""
    stream: list[CallPiece | ResultPiece] = []
    calls = results = 0
    for source in sources:
        turn += source.message.role not in _WITHIN_A_TURN
        for number, block in enumerate(source.message.blocks):
            if isinstance(block, ToolCallBlock):
                calls += 1
                stream.append(CallPiece((source.place, number), source.digest, turn, block))
            elif isinstance(block, ToolResultBlock):
                results += 1
                stream.append(ResultPiece((source.place, number), source.digest, turn, block))
            if max(calls, results) > MOST_PIECES:
                return ToolPieces(stream[:-1], is_complete=False)
    return ToolPieces(stream)


def match(stream: Stream) -> list[Pair]:
    """Pairs of result and call.

    A result answers the nearest earlier unanswered call of its id; of those of one turn, the first. What has no id, or
    an id that no call has, is paired by name and order, if only one way to do so is possible.
    """
    answered: set[BlockKey] = set()
    found, left = _by_id(stream, answered)
    found += _by_unique_id(stream, answered, {result.key for result, _ in found})
    if left:
        found += _by_name(stream, left, answered)
        found += _by_order(stream, left, answered)
    return found


class Waiting:
    """Calls under keys, to be taken once: those of the latest turn first, and of one turn in order."""

    def __init__(self, answered: set[BlockKey]) -> None:
        self._answered = answered
        self._turns: dict[Hashable, list[tuple[int, deque[CallPiece]]]] = defaultdict(list)

    def add(self, key: Hashable, turn: int, call: CallPiece) -> None:
        turns = self._turns[key]
        if not turns or turns[-1][0] != turn:
            turns.append((turn, deque()))
        turns[-1][1].append(call)

    def take(self, *keys: Hashable) -> CallPiece | None:
        """A call under the first of these keys that has one."""
        return next((call for key in keys if (call := self._take(key))), None)

    def _take(self, key: Hashable) -> CallPiece | None:
        turns = self._turns.get(key, [])
        while turns:
            calls = turns[-1][1]
            while calls:
                call = calls.popleft()
                if call.key not in self._answered:
                    self._answered.add(call.key)
                    return call
            turns.pop()
        return None


def _in_turns(stream: Stream) -> Iterator[tuple[int, CallPiece | None, ResultPiece | None]]:
    """Each call or result with the number of its turn, which a call begins after a result or a user's message."""
    turn, before = 0, None
    for piece in stream:
        if isinstance(piece, ResultPiece):
            before = None
            yield turn, None, piece
            continue
        if before != piece.turn:
            turn, before = turn + 1, piece.turn
        yield turn, piece, None


def _by_id(stream: Stream, answered: set[BlockKey]) -> tuple[list[Pair], dict[BlockKey, None]]:
    """Pairs, and the keys of the results that no call has the id of."""
    known = {_bare(call.block.id, call.block.name) for _, call, _ in _in_turns(stream) if call}
    waiting = Waiting(answered)
    found: list[Pair] = []
    left: dict[BlockKey, None] = {}
    for turn, call, result in _in_turns(stream):
        if call is not None and (call_id := _bare(call.block.id, call.block.name)):
            # Results of parallel calls that share an id may name the tool.
            waiting.add((call_id, call.block.name), turn, call)
            waiting.add(call_id, turn, call)
        elif result is not None:
            call_id = _bare(result.block.call_id, result.block.name)
            taken = waiting.take((call_id, result.block.name), call_id) if call_id else None
            if taken:
                found.append((result, taken))
            elif not call_id or call_id not in known:
                left[result.key] = None
    return found, left


def _bare(call_id: str, name: str) -> str:
    """An id without what gateways and clients put around long ones."""
    return unique_id(call_id, name) or call_id


def _by_unique_id(stream: Stream, answered: set[BlockKey], paired: set[BlockKey]) -> Iterator[Pair]:
    """Results that stand before the call of their id, if it is too long to belong to another call."""
    calls = {
        found: call for _, call, _ in _in_turns(stream) if call and (found := unique_id(call.block.id, call.block.name))
    }
    for _, _, result in _in_turns(stream):
        call = (
            calls.get(unique_id(result.block.call_id, result.block.name))
            if result and result.key not in paired
            else None
        )
        if result and call and call.key not in answered:
            answered.add(call.key)
            yield result, call


def _by_name(stream: Stream, left: dict[BlockKey, None], answered: set[BlockKey]) -> Iterator[Pair]:
    """Results without an id (Gemini, Ollama): the first call of the tool in the latest turn that has one."""
    waiting = Waiting(answered)
    for turn, call, result in _in_turns(stream):
        if call is not None and call.key not in answered:
            waiting.add(call.block.name, turn, call)
        elif (
            (result is not None and result.key in left)
            and (result.block.name and not result.block.call_id)
            and (taken := waiting.take(result.block.name))
        ):
            del left[result.key]
            yield result, taken


@dataclass(slots=True)
class _Turn:
    calls: list[CallPiece] = field(default_factory=list)
    results: list[ResultPiece] = field(default_factory=list)


def _by_order(stream: Stream, left: dict[BlockKey, None], answered: set[BlockKey]) -> Iterator[Pair]:
    """What is left of each turn, by name and else by order."""
    turns: dict[int, _Turn] = defaultdict(_Turn)
    for number, call, result in _in_turns(stream):
        if call is not None and call.key not in answered:
            turns[number].calls.append(call)
        elif result is not None and result.key in left:
            turns[number].results.append(result)
    for turn in turns.values():
        yield from _pairs_of_turn(turn, answered)


def _pairs_of_turn(turn: _Turn, answered: set[BlockKey]) -> Iterator[Pair]:
    calls: dict[str, list[CallPiece]] = defaultdict(list)
    results: dict[str, list[ResultPiece]] = defaultdict(list)
    for call in turn.calls:
        calls[call.block.name].append(call)
    for result in turn.results:
        results[result.block.name].append(result)
    nameless = results.pop("", [])
    for name, named in results.items():
        yield from _in_order(calls[name], named, answered)
    yield from _in_order([call for call in turn.calls if call.key not in answered], nameless, answered)


def _in_order(calls: Sequence[CallPiece], results: Sequence[ResultPiece], answered: set[BlockKey]) -> Iterator[Pair]:
    """As many results as calls, one after another. If both have ids, these contradict: then only one pair is sure."""
    if len(calls) != len(results):
        return
    if len(calls) > 1 and any(c.block.id and r.block.call_id for c, r in zip(calls, results, strict=True)):
        return
    for call, result in zip(calls, results, strict=True):
        answered.add(call.key)
        yield result, call
