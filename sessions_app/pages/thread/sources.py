"""The messages of a window, ready to be written, and which of their tool calls have which results and spans."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from sessions_app.content.packed_digests import packed_count
from sessions_app.content.tool_matching import pieces
from sessions_app.pages.html.messages import MessageWriter, Pairs, Source
from sessions_app.pages.html.source import source_of
from sessions_app.pages.thread.addresses import Addresses
from sessions_app.pages.thread.beside import execution_of
from sessions_app.pages.thread.executions import Executed, executions
from sessions_app.pages.thread.layout import Layout
from sessions_app.pages.thread.pairing import Pairing, Reply
from sessions_app.pages.thread.steps import StepWriter
from sessions_app.queries.thread import MOST_CHILDREN, around
from sessions_app.queries.window import Window


class MessagePlace(NamedTuple):
    """Where a message is shown: the index of its request, which of the request's lists, and its number in that list."""

    request: int
    part: str
    number: int


# The lists of a request: its input, its output, its system prompts, and its history where that is compared.
INPUT, OUTPUT, CONTEXT, HISTORY = "input", "output", "context", "history"


def number_of(source: Source) -> int:
    """The number of a message in its list."""
    place = source.place
    return place.number if isinstance(place, MessagePlace) else 0


@dataclass(slots=True)
class Sources:
    """Reads messages of a window. `first_output` is the item that the answer begins with on this page."""

    window: Window
    addresses: Addresses
    first_output: int = 0

    def source(self, digest: bytes, default_role: str, place: Hashable = None) -> Source | None:
        """A message to show; None when its part was not read."""
        key, known = (digest, default_role), self.window.messages
        if key not in known:
            part = self.window.parts.get(digest)
            if part is None or part.content is None:
                return None
            found = source_of(part.content, default_role, digest)
            known[key] = (found.message, found.unread)
        message, unread = known[key]
        return Source(message, digest, place, unread)

    def of_history(self, index: int, position: int) -> Source | None:
        """A message by its position in the input and the answer of a request."""
        found = self.window.history_digest(index, position)
        return self.source(*found, MessagePlace(index, HISTORY, position)) if found else None

    def inputs(self, index: int, positions: Iterable[int]) -> list[Source]:
        """Input messages of a request, as far as they were read."""
        found = (
            self.source(digest, "user", MessagePlace(index, INPUT, position))
            for position, digest in self.window.inputs(index, positions)
        )
        return [source for source in found if source]

    def outputs(self, index: int) -> list[Source]:
        """The items of an answer, from the first one on this page, as far as they were read."""
        first = self.first_of_answer(index)
        digests = enumerate(self.window.outputs(index, first), start=first)
        found = (self.source(d, "assistant", MessagePlace(index, OUTPUT, number)) for number, d in digests)
        return [source for source in found if source]

    def first_of_answer(self, index: int) -> int:
        """The number of the item that an answer begins with on this page."""
        return min(self.first_output, max(self.window.output_count(index) - 1, 0)) if index in self.window.shown else 0

    # --- tool calls ---------------------------------------------------------------------------------------------------

    def pairs(self) -> Pairs:
        """Which tool results answer which calls. The result of a call comes with a request that continues."""
        pairing = Pairing()
        for base in self._calling():
            answer = self.outputs(base)
            pairing.within(answer)
            pairing.across(pieces(answer), self._replies(base))
        for index in self.window.shown:
            sent = self._printed(index)
            pairing.within(sent, is_whole=self._is_whole(index, sent))
        return pairing.pairs()

    def _replies(self, base: int) -> Iterator[Reply]:
        """What the requests that continue another one sent after its answer."""
        continues, href = self.window.continues, self.addresses.in_session(base + 1)
        for child in self.window.children(base)[:MOST_CHILDREN]:
            sent = self._printed(child)
            is_whole = continues[child] == base and self._is_whole(child, sent)
            yield Reply(sent, base + 1, href, is_whole)

    def _is_whole(self, index: int, sent: Sequence[Source]) -> bool:
        """Whether these are all messages that a request added."""
        added = self.window.added[index]
        return not added.changes and len(sent) == self.window.printed(index).count

    def pairs_and_executions(self, layout: Layout | None) -> tuple[Pairs, Executed]:
        """The same, and the steps that the calls started, of those beside the window."""
        pairs = self.pairs()
        if layout is None or not self.window.steps:
            return pairs, Executed()
        steps = [step for step in layout.lines.steps if step.id in self.window.steps]
        calls = {index: pieces(self.outputs(index)).calls for index in self._calling()}
        executed = executions(steps, calls, self.window.lines, layout.traces.nesting, self.addresses)
        writer = StepWriter(self.window, self.addresses)
        found = {key: execution_of(writer, step, layout) for key, step in executed.steps.items()}
        return replace(pairs, executions=found), executed

    def _calling(self) -> list[int]:
        """The requests whose calls may have results here: those of the window, and those that they continue."""
        bases = {base for index in self.window.shown if (base := self.window.added[index].base) is not None}
        return sorted(bases | set(self.window.shown))

    def _printed(self, index: int) -> list[Source]:
        return self.inputs(index, self.window.printed(index))

    def writer_within(self, index: int, positions: range) -> MessageWriter:
        """A writer for some input messages. Tool calls among them are shown with the results among them."""
        detail = self.window.details[index]
        pairing, near = Pairing(), around(positions, packed_count(detail.input_parts))
        sources = self.inputs(index, near)
        pairing.within(sources, is_whole=near.start == 0 and len(sources) == len(near))
        return MessageWriter(self.addresses.request(detail.id), pairing.pairs(), detail.end_user)
