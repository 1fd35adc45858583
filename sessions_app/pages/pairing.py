"""Tool calls and their results: which belongs to which, within a request and from one to the next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from sessions_app.messages import TOOL_CALL, TOOL_RESULT, Block
from sessions_app.pages.message_html import FoundCall, FoundResult, Pairs, Place, Source


@dataclass(frozen=True, slots=True)
class ToolPiece:
    """A tool call or result: its block, the part it was read from, and where it is printed (message, block number)."""

    key: tuple[Place, int]
    block: Block
    digest: bytes


def pieces(sources: Iterable[Source], kind: str) -> list[ToolPiece]:
    """The tool calls, or the tool results, of some messages."""
    return [
        ToolPiece((source.place, number), block, source.digest)
        for source in sources
        for number, block in enumerate(source.message.blocks)
        if block.type == kind
    ]


def match(calls: Sequence[ToolPiece], results: Iterable[ToolPiece]) -> list[tuple[ToolPiece, ToolPiece]]:
    """Pairs of result and call: by id; where there is none (Gemini), by name, in order."""
    by_id = {call.block.id: call for call in calls if call.block.id}
    by_name: dict[str, list[ToolPiece]] = defaultdict(list)
    for call in calls:
        if not call.block.id:
            by_name[call.block.name].append(call)
    found = []
    for result in results:
        if result.block.id:
            call = by_id.get(result.block.id)
        else:
            waiting = by_name.get(result.block.name)
            call = waiting.pop(0) if waiting else None
        if call is not None:
            found.append((result, call))
    return found


@dataclass(slots=True)
class Pairing:
    """Collects pairs while requests are gone through in order; of two results for one call the first is printed."""

    results: dict[tuple[Place, int], FoundResult] = field(default_factory=dict)
    calls: dict[tuple[Place, int], FoundCall] = field(default_factory=dict)

    def across(self, calls: Sequence[ToolPiece], sources: Iterable[Source], number: int, href: str) -> None:
        """Results that a request sends back for the calls of request `number`, which stands at `href`."""
        self._pair(calls, pieces(sources, TOOL_RESULT), lambda name: FoundCall(name, number, href))

    def within(self, sources: Sequence[Source]) -> None:
        """Calls and results of one list of messages."""
        calls = pieces(sources, TOOL_CALL)
        if calls:
            lone = [piece for piece in pieces(sources, TOOL_RESULT) if piece.key not in self.calls]
            self._pair(calls, lone, FoundCall)

    def _pair(
        self, calls: Sequence[ToolPiece], results: Sequence[ToolPiece], refer: Callable[[str], FoundCall]
    ) -> None:
        for result, call in match(calls, results):
            found = FoundResult(result.block, result.digest, result.key[1])
            if self.results.setdefault(call.key, found).digest == result.digest:
                self.calls[result.key] = refer(call.block.name)

    def pairs(self) -> Pairs:
        return Pairs(self.results, self.calls)
