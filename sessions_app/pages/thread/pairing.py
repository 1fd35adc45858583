"""Which tool call has which result, within a request and from one request to the next, and which call has none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sessions_app.content.blocks import OtherBlock
from sessions_app.content.tool_matching import BlockKey, CallPiece, Pair, ToolPieces, match, pieces
from sessions_app.pages.html.messages import FoundCall, FoundResult, Pairs, Source


@dataclass(frozen=True, slots=True)
class Reply:
    """What a request sent after the answer that it continues. `is_whole`: all of its messages are here.

    `number` and `href` are those of the request that gave the answer.
    """

    sources: Sequence[Source]
    number: int
    href: str
    is_whole: bool = True


@dataclass(slots=True)
class Pairing:
    """Collects pairs, request by request. A call that has two results is printed with the first one.

    `unanswered`: the calls of which is known that no result was sent back.
    """

    results: dict[BlockKey, FoundResult] = field(default_factory=dict)
    calls: dict[BlockKey, FoundCall] = field(default_factory=dict)
    unanswered: set[BlockKey] = field(default_factory=set)
    is_complete: bool = True

    def across(self, answer: ToolPieces, replies: Iterable[Reply]) -> None:
        """Results that requests send back for the calls of an answer."""
        own, is_ignored = {call.key for call in answer.calls}, False
        for reply in replies if own else ():
            sent = self._complete(pieces(reply.sources, turn=1))
            returned = {piece.key for piece in sent.stream}
            pairs = match([*answer.stream, *sent.stream])
            self._note([(result, call) for result, call in pairs if call.key in own and result.key in returned], reply)
            is_ignored = is_ignored or (reply.is_whole and not sent.calls and _shows_absence(reply.sources))
        if is_ignored:
            self._note_unanswered(answer.calls)

    def within(self, sources: Sequence[Source], is_whole: bool = False) -> None:
        """Calls and results of one list of messages. `is_whole`: none of them is missing between the others."""
        found = self._complete(pieces(sources))
        lone = [piece for piece in found.stream if piece.key not in self.calls and piece.key not in self.results]
        self._note(match(lone))
        if is_whole and _shows_absence(sources):
            last = max(number for number, source in enumerate(sources) if _is_reply(source))
            before = {source.place for source in sources[:last]}
            self._note_unanswered([call for call in found.calls if call.key[0] in before])

    def _complete(self, found: ToolPieces) -> ToolPieces:
        self.is_complete = self.is_complete and found.is_complete
        return found

    def _note(self, pairs: Iterable[Pair], reply: Reply | None = None) -> None:
        for result, call in pairs:
            found = FoundResult(result.block, result.digest, result.key[1])
            if self.results.setdefault(call.key, found).digest == result.digest:
                self.calls[result.key] = _reference(call, reply)

    def _note_unanswered(self, calls: Iterable[CallPiece]) -> None:
        keys = {call.key for call in calls if not call.block.by_provider and call.key not in self.results}
        self.unanswered |= keys if self.is_complete else set()

    def pairs(self) -> Pairs:
        return Pairs(self.results, self.calls, unanswered=self.unanswered, is_complete=self.is_complete)


def _reference(call: CallPiece, reply: Reply | None) -> FoundCall:
    return FoundCall(call.block.name, reply.number, reply.href) if reply else FoundCall(call.block.name)


def _shows_absence(sources: Sequence[Source]) -> bool:
    """Whether a result that is not in these messages was not sent: they go on, and all of them are understood."""
    return any(map(_is_reply, sources)) and all(map(_is_understood, sources))


def _is_understood(source: Source) -> bool:
    """Whether a message cannot be a tool's result in a form that is not known."""
    return not any(isinstance(block, OtherBlock) for block in source.message.blocks)


def _is_reply(source: Source) -> bool:
    """Whether somebody other than the model says something."""
    return source.message.role not in ("assistant", "system")
