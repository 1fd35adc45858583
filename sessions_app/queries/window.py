"""Some requests of a session's timeline with the content that is shown of them, as far as it was read."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sessions_app import bounds
from sessions_app.content.blocks import Message, OtherBlock
from sessions_app.content.documents import PartKind
from sessions_app.content.message_reader import MessageReader
from sessions_app.content.packed_digests import packed_count
from sessions_app.queries.content import StoredPart, join_parts
from sessions_app.queries.session import RequestDetail, RequestLine
from sessions_app.records import Documents
from sessions_app.structure.histories import Added, PackedLists, Said
from sessions_app.structure.runs import Runs
from sessions_app.structure.timeline import Structure
from sessions_app.wire import documents_of

# If a request added more messages than these, only the first and the last ones are printed.
HEAD_MESSAGES, TAIL_MESSAGES = 10, 50
# So many items of an answer are loaded and printed at a time, and so many of the parts beside the messages: system
# prompts, tools, other large values.
MOST_OUTPUTS = 200
MOST_CONTEXT = 1_000


@dataclass(frozen=True, slots=True)
class Printed:
    """The positions of the input parts that are printed; so many are `skipped` between `head` and `tail`."""

    head: list[int]
    skipped: int
    tail: list[int]

    def __iter__(self) -> Iterator[int]:
        yield from self.head
        yield from self.tail

    @property
    def count(self) -> int:
        return len(self.head) + self.skipped + len(self.tail)


def printed(added: Added) -> Printed:
    """Which input parts are printed of a request."""
    new = added.positions()
    if len(new) > bounds.at_most(HEAD_MESSAGES + TAIL_MESSAGES):
        skipped = len(new) - HEAD_MESSAGES - TAIL_MESSAGES
        return Printed(new[:HEAD_MESSAGES], skipped, new[-TAIL_MESSAGES:])
    return Printed(new, 0, [])


@dataclass(slots=True)
class Window:
    """Some requests of a session, by their index in its timeline, with those of their neighbours that matter.

    `added` and `details` also hold the requests that the window continues and those that continue it. `folded`: the
    failed attempts that are shown with the last attempt, by its index. `steps`: the steps beside the window, by id.
    """

    lines: Sequence[RequestLine]
    indices: Sequence[int]
    structure: Structure
    details: dict[int, RequestDetail]
    lists: PackedLists
    folded: dict[int, tuple[int, ...]] = field(default_factory=dict)
    added: dict[int, Added] = field(default_factory=dict)
    parts: dict[bytes, StoredPart] = field(default_factory=dict)
    steps: dict[uuid.UUID, RequestDetail] = field(default_factory=dict)
    # Messages that were read already, and what is in none of their blocks, by digest and assumed role: a page asks
    # several times.
    messages: dict[tuple[bytes, str], tuple[Message, OtherBlock | None]] = field(default_factory=dict)
    # Which of the requests are runs of sub-agents.
    runs: Runs = field(default_factory=Runs)
    # In a file: hashes of the texts that its requests say, which steps around them need not say again.
    texts_said: set[int] = field(default_factory=set)
    # What the prompt cache did for each request of the session, where that was judged.
    _reader: MessageReader = field(default_factory=MessageReader)
    _contexts: dict[tuple[int, PartKind], list[bytes]] = field(default_factory=dict)

    def add_parts(self, parts: Mapping[bytes, StoredPart]) -> None:
        """Add parts that were loaded."""
        self.parts |= parts
        self._contexts.clear()

    @property
    def continues(self) -> list[int | None]:
        """For every request the index of the one that it continues."""
        return self.structure.continues

    @property
    def shown(self) -> list[int]:
        """The requests that are printed: the window without those that were deleted meanwhile."""
        return [index for index in self.indices if index in self.details]

    @property
    def unfolded(self) -> list[int]:
        """The same without the attempts that are folded into the last one of their call."""
        folded = {attempt for attempts in self.folded.values() for attempt in attempts}
        return [index for index in self.shown if index not in folded]

    def inputs(self, index: int, positions: Iterable[int]) -> list[tuple[int, bytes]]:
        """The digests of these input parts of a request, with their positions."""
        packed = self.details[index].input_parts
        return [(position, self.lists.digest(packed, position)) for position in positions]

    def outputs(self, index: int, first: int = 0) -> list[bytes]:
        """The digests of the items of an answer from `first` on, at most `MOST_OUTPUTS`."""
        return self.lists.digests(self.details[index].output_parts, first, first + bounds.at_most(MOST_OUTPUTS))

    @property
    def uncompared(self) -> set[int]:
        """The requests whose histories were too much to compare."""
        return {index for index, added in self.added.items() if not added.is_compared}

    def output_count(self, index: int) -> int:
        return packed_count(self.details[index].output_parts)

    def context(self, index: int, kind: PartKind) -> list[bytes]:
        """The digests of the loaded system prompts, tools or other values beside a request's messages."""
        if not self.parts:
            return []
        key = (index, kind)
        if key not in self._contexts:
            digests = self.beside(index)
            self._contexts[key] = [d for d in digests if (part := self.parts.get(d)) and part.kind is kind]
        return self._contexts[key]

    def beside(self, index: int) -> list[bytes]:
        """The digests of the parts beside a request's messages, at most `MOST_CONTEXT`."""
        return self.lists.digests(self.details[index].context_parts, 0, bounds.at_most(MOST_CONTEXT))

    def beside_unread(self, index: int) -> int:
        """How many more parts there are beside a request's messages."""
        return max(packed_count(self.details[index].context_parts) - bounds.at_most(MOST_CONTEXT), 0)

    def history_digest(self, index: int, position: int) -> tuple[bytes, str] | None:
        """The digest of a message, and the role that it has if it names none. Positions go on through the answer."""
        detail = self.details[index]
        count = packed_count(detail.input_parts)
        if position < count:
            return self.lists.digest(detail.input_parts, position), "user"
        if position < count + packed_count(detail.output_parts):
            return self.lists.digest(detail.output_parts, position - count), "assistant"
        return None

    def said(self, index: int, position: int) -> Said | None:
        """The role and canonical form of a message; None if it was not loaded. Positions go on through the answer."""
        found = self.history_digest(index, position)
        part = self.parts.get(found[0]) if found else None
        if found is None or part is None or part.content is None:
            return None
        form = self._reader.canonical_form(found[0], part.content, found[1])
        return form.role, form.pieces

    def children(self, index: int) -> list[int]:
        """The known requests that continue or repeat this one, in order."""
        return sorted(child for child, added in self.added.items() if added.base == index)

    def printed(self, index: int) -> Printed:
        """The input parts that are printed of a request.

        If the first part differs from the base's, it is printed only as a system prompt. A user message says the same
        as before, perhaps with a cache marker.
        """
        what = printed(self.added[index])
        if not self.added[index].first_changed or self.is_system(index, 0):
            return what
        return Printed(what.head[1:], what.skipped, what.tail)

    def is_system(self, index: int, position: int) -> bool:
        ((_, digest),) = self.inputs(index, [position])
        part = self.parts.get(digest)
        return part is not None and part.role == "system"


_UNREAD = StoredPart(b"", PartKind.MESSAGE, "", 0, b"null")


def documents_of_call(window: Window, index: int, only_response: bool = False) -> Documents | None:
    """The bodies of a request in which messages are missing; None of another, and if they were too large to be loaded.

    Only its response can be had without all of its input.
    """
    detail = window.details[index]
    if detail.skeleton is None:
        return None
    lists = [window.lists.digests(p) for p in (detail.input_parts, detail.output_parts, detail.context_parts)]
    parts: Mapping[bytes, StoredPart] = window.parts
    if only_response:
        parts = dict.fromkeys(lists[0], _UNREAD) | window.parts
    try:
        return documents_of(detail.source, join_parts(detail.skeleton, lists, parts))
    except KeyError:
        return None


def message_count(detail: RequestDetail) -> int:
    """How many messages a request sent."""
    return packed_count(detail.input_parts)


def index_of(lines: Sequence[RequestLine], request_log_id: uuid.UUID) -> int | None:
    """Where a request stands in its session's timeline; None when it is not there."""
    return next((index for index, line in enumerate(lines) if line.id == request_log_id), None)
