"""A stretch of a session's timeline with the content it shows: three statements, however long the stretch is."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from sessions_app import timeline
from sessions_app.documents import PartKind, packed_count
from sessions_app.models import RequestLog
from sessions_app.queries.content import StoredPart, join_parts, load_blocks, load_parts
from sessions_app.queries.session import RequestDetail, RequestLine, SessionFacts, load_details
from sessions_app.records import Documents
from sessions_app.timeline import NEIGHBOURS, Added, PackedLists
from sessions_app.wire import documents_of

# Of what one request added, this much is printed at its place: the beginning and the end.
HEAD_MESSAGES, TAIL_MESSAGES = 10, 50
# Of several requests that continue the same one, so many are searched for results of its tool calls.
MOST_CHILDREN = 8
# What is read of large values for bodies that are no conversation (embeddings, images).
OTHER_BYTES = 4_000_000


@dataclass(frozen=True, slots=True)
class Printed:
    """Positions of input parts that a request prints: `skipped` ones lie between `head` and `tail`."""

    head: list[int]
    skipped: int
    tail: list[int]

    def __iter__(self) -> Iterator[int]:
        yield from self.head
        yield from self.tail


def printed(added: Added) -> Printed:
    """Which input parts a request prints."""
    positions = [0] if added.first_changed and added.start > 0 else []
    new = list(range(added.start, added.count))
    if len(new) > HEAD_MESSAGES + TAIL_MESSAGES:
        skipped = len(new) - HEAD_MESSAGES - TAIL_MESSAGES
        return Printed(positions + new[:HEAD_MESSAGES], skipped, new[-TAIL_MESSAGES:])
    return Printed(positions + new, 0, [])


@dataclass(slots=True)
class Stretch:
    """Some requests of a session by their index in its timeline, with their neighbours as far as they matter.

    `continues` has for every request the index of the one that it continues; `added` and `details` hold the stretch,
    what it continues and what continues it.
    """

    lines: Sequence[RequestLine]
    indices: range
    continues: Sequence[int | None]
    details: dict[int, RequestDetail]
    lists: PackedLists
    added: dict[int, Added] = field(default_factory=dict)
    parts: dict[bytes, StoredPart] = field(default_factory=dict)

    def inputs(self, index: int, positions: Iterable[int]) -> list[tuple[int, bytes]]:
        """The digests of these input parts of a request, with their positions."""
        packed = self.details[index].input_parts
        return [(position, self.lists.digest(packed, position)) for position in positions]

    def outputs(self, index: int) -> list[bytes]:
        return self.lists.digests(self.details[index].output_parts)

    def context(self, index: int, kind: PartKind) -> list[bytes]:
        """The digests of the system prompts, tools or other values beside a request's messages."""
        digests = self.lists.digests(self.details[index].context_parts)
        return [digest for digest in digests if (part := self.parts.get(digest)) and part.kind is kind]

    def children(self, index: int) -> list[int]:
        """The requests that continue or repeat this one, as far as they are known, in order."""
        return sorted(child for child, added in self.added.items() if added.base == index)

    def printed(self, index: int) -> Printed:
        """The input parts that a request prints.

        A first one that differs from the base's is printed when it is a system prompt, or when nothing else tells
        that the requests belong together: linked ones say the same, a user message may only carry a cache mark more.
        """
        added = self.added[index]
        what = printed(added)
        if not (added.first_changed and added.linked and added.start):
            return what
        part = self.parts.get(self.inputs(index, [0])[0][1])
        is_system = part is not None and part.role == "system"
        return what if is_system else Printed(what.head[1:], what.skipped, what.tail)


def documents_of_call(stretch: Stretch, index: int) -> Documents | None:
    """The bodies of what is no model call; None for a model call, and when they were too large to be read."""
    detail = stretch.details[index]
    if detail.skeleton is None:
        return None
    lists = [stretch.lists.digests(p) for p in (detail.input_parts, detail.output_parts, detail.context_parts)]
    try:
        return documents_of(detail.source, join_parts(detail.skeleton, lists, stretch.parts))
    except KeyError:
        return None


def load_stretch(
    session: SessionFacts,
    lines: Sequence[RequestLine],
    first: int,
    last: int,
    continues: Sequence[int | None] | None = None,
) -> Stretch:
    """The requests from index `first` up to `last` (not included), with everything that is printed of them."""
    indices = range(max(first, 0), min(last, len(lines)))
    continues = timeline.continued(lines) if continues is None else continues
    involved = _involved(indices, len(lines), continues)
    by_id = load_details(session, [lines[index] for index in involved])
    details = {index: by_id[lines[index].id] for index in involved if lines[index].id in by_id}
    packed = [p for d in details.values() for p in (d.input_parts, d.output_parts, d.context_parts)]
    lists = PackedLists(load_blocks(session.id, session.buckets, packed))
    stretch = Stretch(lines, indices, continues, details, lists)
    stretch.added = {
        index: timeline.added(index, details, _known(continues[index], details), lists) for index in details
    }
    other_bytes = OTHER_BYTES if not all(lines[index].is_conversation for index in indices) else 0
    stretch.parts = load_parts(session.id, session.buckets, _wanted(stretch), other_bytes)
    return stretch


def load_messages(session: SessionFacts, lines: Sequence[RequestLine], index: int, positions: range) -> Stretch:
    """One request with these of its input messages, and those around them as far as tool results may need them."""
    details = dict.fromkeys([index], *load_details(session, [lines[index]]).values())
    packed = [p for d in details.values() for p in (d.input_parts, d.context_parts)]
    lists = PackedLists(load_blocks(session.id, session.buckets, packed))
    stretch = Stretch(lines, range(index, index + 1), (), details, lists)
    wanted: set[bytes] = set()
    for found, detail in details.items():
        wanted.update(digest for _, digest in stretch.inputs(found, around(positions, message_count(detail))))
        wanted.update(stretch.lists.digests(detail.context_parts))
    stretch.parts = load_parts(session.id, session.buckets, wanted)
    return stretch


def load_whole(
    session: SessionFacts, lines: Sequence[RequestLine], index: int, log: RequestLog
) -> tuple[Stretch, bytes]:
    """One request with all that it sent and received, and its log entry as it was posted; four statements.

    The entry is empty when parts of it are gone.
    """
    stretch = load_stretch(session, lines, index, index + 1)
    digests = [stretch.lists.digests(bytes(p)) for p in (log.input_parts, log.output_parts, log.context_parts)]
    wanted = [digest for part_list in digests for digest in part_list]
    parts = load_parts(session.id, [log.bucket], wanted, other_bytes=2**31, budget=2**40)
    stretch.parts |= parts
    try:
        return stretch, join_parts(log.skeleton, digests, parts)
    except KeyError:
        return stretch, b""


def around(positions: range, count: int) -> range:
    """These positions and a few before and after, of so many that there are."""
    return range(max(positions.start - NEIGHBOURS, 0), min(positions.stop + NEIGHBOURS, count))


def _known(index: int | None, details: dict[int, RequestDetail]) -> int | None:
    return index if index in details else None


def _involved(indices: range, count: int, continues: Sequence[int | None]) -> list[int]:
    """The stretch, what it continues, what continues either, and the neighbours that it may repeat."""
    children: dict[int, list[int]] = defaultdict(list)
    for index, base in enumerate(continues):
        if base is not None and len(children[base]) < MOST_CHILDREN:
            children[base].append(index)
    found = set(indices)
    found.update(base for index in indices if (base := continues[index]) is not None)
    found.update(child for base in list(found) for child in children.get(base, ()))
    if indices:
        # Twice: what a neighbour before the stretch added depends on its own neighbours.
        found.update(range(max(indices[0] - 2 * NEIGHBOURS, 0), indices[0]))
        found.update(range(indices[-1] + 1, min(indices[-1] + 1 + NEIGHBOURS, count)))
    return sorted(found)


def _wanted(stretch: Stretch) -> set[bytes]:
    """The parts that are printed, and those that tell which tool results belong to which calls."""
    wanted: set[bytes] = set()
    bases = {added.base for index in stretch.indices if (added := stretch.added.get(index)) and added.base is not None}
    shown = set(stretch.indices) & stretch.details.keys()
    for index in shown | bases:
        wanted.update(stretch.outputs(index))
    for detail in stretch.details.values():
        wanted.update(stretch.lists.digests(detail.context_parts))
    answering = {child for index in shown | bases for child in stretch.children(index)[:MOST_CHILDREN]}
    for index in shown | answering:
        wanted.update(digest for _, digest in stretch.inputs(index, printed(stretch.added[index])))
    return wanted


def message_count(detail: RequestDetail) -> int:
    """How many messages a request sent."""
    return packed_count(detail.input_parts)


def index_of(lines: Sequence[RequestLine], request_log_id: uuid.UUID) -> int | None:
    """Where a request stands in its session's timeline; None when it is not there."""
    return next((index for index, line in enumerate(lines) if line.id == request_log_id), None)
