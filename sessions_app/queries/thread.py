"""A window of a session's timeline with the content it shows: three statements, however long the window is."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from sessions_app.content.blocks import Message
from sessions_app.content.documents import PartKind
from sessions_app.content.message_reader import MessageReader
from sessions_app.content.packed_digests import packed_count
from sessions_app.models import RequestLog
from sessions_app.queries.compaction import SUMMARY_NEIGHBOURS, after_summary, may_follow_summary
from sessions_app.queries.content import StoredPart, join_parts, load_blocks, load_parts
from sessions_app.queries.session import RequestDetail, RequestLine, SessionFacts, load_details, structure_of
from sessions_app.records import SUCCESS, Documents
from sessions_app.structure import timeline
from sessions_app.structure.histories import NEIGHBOURS, Added, Comparison, PackedLists, Said, to_read, weighed
from sessions_app.structure.nesting import WORK
from sessions_app.structure.timeline import Structure
from sessions_app.wire import documents_of

# Of what one request added, this much is printed at its place: the beginning and the end.
HEAD_MESSAGES, TAIL_MESSAGES = 10, 50
# Of several requests that continue the same one, so many are searched for results of its tool calls.
MOST_CHILDREN = 8
# What is read of large values for bodies that are no conversation (embeddings, images).
OTHER_BYTES = 4_000_000
# Of one answer so many items are read and printed at a time; of what stands beside the messages (system prompts, tools,
# other large values) so many are read.
MOST_OUTPUTS = 200
MOST_CONTEXT = 1_000
# Of the attempts of one call so many are read with it: the last ones before it.
MOST_ATTEMPTS = 50
# Of what an agent or chain was given and returned, so many messages each are shown.
MESSAGES_OF_STEP = 100


@dataclass(frozen=True, slots=True)
class Printed:
    """Positions of input parts that a request prints: `skipped` ones lie between `head` and `tail`."""

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
    """Which input parts a request prints."""
    new = added.positions()
    if len(new) > HEAD_MESSAGES + TAIL_MESSAGES:
        skipped = len(new) - HEAD_MESSAGES - TAIL_MESSAGES
        return Printed(new[:HEAD_MESSAGES], skipped, new[-TAIL_MESSAGES:])
    return Printed(new, 0, [])


@dataclass(slots=True)
class Window:
    """Some requests of a session by their index in its timeline, with their neighbours as far as they matter.

    `added` and `details` hold the window, what it continues and what continues it. `folded`: the failed attempts that
    are shown with the last one of their call, by its index. `steps` are those beside the window, by id.
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
    # What was read of parts, by digest and the role that was assumed; a page asks several times.
    messages: dict[tuple[bytes, str], Message] = field(default_factory=dict)
    _reader: MessageReader = field(default_factory=MessageReader)
    _contexts: dict[tuple[int, PartKind], list[bytes]] = field(default_factory=dict)

    def add_parts(self, parts: Mapping[bytes, StoredPart]) -> None:
        """More parts that were read."""
        self.parts |= parts
        self._contexts.clear()

    @property
    def continues(self) -> list[int | None]:
        """For every request the index of the one that it continues."""
        return self.structure.continues

    @property
    def shown(self) -> list[int]:
        """What is printed: the window, without what was deleted meanwhile."""
        return [index for index in self.indices if index in self.details]

    def inputs(self, index: int, positions: Iterable[int]) -> list[tuple[int, bytes]]:
        """The digests of these input parts of a request, with their positions."""
        packed = self.details[index].input_parts
        return [(position, self.lists.digest(packed, position)) for position in positions]

    def outputs(self, index: int, first: int = 0) -> list[bytes]:
        """The digests of the items of an answer from `first` on, at most `MOST_OUTPUTS`."""
        return self.lists.digests(self.details[index].output_parts, first, first + MOST_OUTPUTS)

    @property
    def uncompared(self) -> set[int]:
        """The requests whose histories were too much to compare."""
        return {index for index, added in self.added.items() if not added.is_compared}

    def output_count(self, index: int) -> int:
        return packed_count(self.details[index].output_parts)

    def context(self, index: int, kind: PartKind) -> list[bytes]:
        """The digests of the system prompts, tools or other values beside a request's messages, as far as they were
        read.
        """
        if not self.parts:
            return []
        key = (index, kind)
        if key not in self._contexts:
            digests = self.beside(index)
            self._contexts[key] = [d for d in digests if (part := self.parts.get(d)) and part.kind is kind]
        return self._contexts[key]

    def beside(self, index: int) -> list[bytes]:
        """The digests of what stands beside a request's messages, at most `MOST_CONTEXT`."""
        return self.lists.digests(self.details[index].context_parts, 0, MOST_CONTEXT)

    def beside_unread(self, index: int) -> int:
        """How many more there are."""
        return max(packed_count(self.details[index].context_parts) - MOST_CONTEXT, 0)

    def history_digest(self, index: int, position: int) -> tuple[bytes, str] | None:
        """The digest of a message by its position in a request and its answer, and the role it has if it names none."""
        detail = self.details[index]
        count = packed_count(detail.input_parts)
        if position < count:
            return self.lists.digest(detail.input_parts, position), "user"
        if position < count + packed_count(detail.output_parts):
            return self.lists.digest(detail.output_parts, position - count), "assistant"
        return None

    def said(self, index: int, position: int) -> Said | None:
        """Role and canonical form of a message by its position in a request and its answer; None when unread."""
        found = self.history_digest(index, position)
        part = self.parts.get(found[0]) if found else None
        if found is None or part is None or part.content is None:
            return None
        form = self._reader.canonical_form(found[0], part.content, found[1])
        return form.role, form.pieces

    def children(self, index: int) -> list[int]:
        """The requests that continue or repeat this one, as far as they are known, in order."""
        return sorted(child for child, added in self.added.items() if added.base == index)

    def printed(self, index: int) -> Printed:
        """The input parts that a request prints.

        A first one that differs from the base's is printed when it is a system prompt: linked requests say the same,
        a user message may only carry a cache mark more.
        """
        what = printed(self.added[index])
        if not self.added[index].first_changed or self.is_system(index, 0):
            return what
        return Printed(what.head[1:], what.skipped, what.tail)

    def is_system(self, index: int, position: int) -> bool:
        ((_, digest),) = self.inputs(index, [position])
        part = self.parts.get(digest)
        return part is not None and part.role == "system"


def documents_of_call(window: Window, index: int) -> Documents | None:
    """The bodies of what is no model call; None for a model call, and when they were too large to be read."""
    detail = window.details[index]
    if detail.skeleton is None:
        return None
    lists = [window.lists.digests(p) for p in (detail.input_parts, detail.output_parts, detail.context_parts)]
    try:
        return documents_of(detail.source, join_parts(detail.skeleton, lists, window.parts))
    except KeyError:
        return None


def load_window(
    session: SessionFacts,
    lines: Sequence[RequestLine],
    first: int,
    last: int,
    relations: Structure | None = None,
    hidden: Collection[int] = (),
    steps: Collection[RequestLine] = (),
) -> Window:
    """The requests from index `first` up to `last` (not included), with everything that is printed of them.

    `hidden` ones are left out: those of other branches. `steps` are printed beside them.
    """
    indices = [index for index in range(max(first, 0), min(last, len(lines))) if index not in hidden]
    relations = structure_of(lines) if relations is None else relations
    involved = _involved(indices, len(lines), relations)
    repeated = [lines[index] for index in indices if _repeats_an_attempt(index, lines, relations)]
    repeated_ids = {line.id for line in repeated}
    by_id = load_details(session, [*(lines[index] for index in involved), *steps], repeated)
    details = {index: by_id[lines[index].id] for index in involved if lines[index].id in by_id}
    packed = [p for d in details.values() for p in (d.input_parts, d.output_parts, d.context_parts)]
    packed += [p for step in steps if step.id in by_id for p in printed_of_step(step, by_id[step.id])]
    lists = PackedLists(load_blocks(session.id, session.buckets, packed))
    window = Window(lines, indices, relations, details, lists)
    window.steps = {step.id: by_id[step.id] for step in steps if step.id in by_id}
    window.folded = _folded(window.shown, relations)
    _compare(window)
    other_bytes = OTHER_BYTES if not all(lines[index].is_conversation for index in indices) else 0
    headers = [d for i in details if lines[i].id in repeated_ids for d in window.beside(i)]
    wanted = _wanted(window)
    for step in (step for step in steps if step.id in window.steps):
        for packed_list in printed_of_step(step, window.steps[step.id]):
            wanted.update(lists.digests(packed_list, 0, MESSAGES_OF_STEP))
    window.parts = load_parts(session.id, session.buckets, wanted, other_bytes, others=headers)
    _weigh(window)
    return window


def printed_of_step(step: RequestLine, detail: RequestDetail) -> tuple[bytes, ...]:
    """What is read of a step with its page. What an agent or chain is given and returns, its calls say too."""
    return (detail.input_parts, detail.output_parts) if step.kind in WORK else ()


def load_step(session: SessionFacts, line: RequestLine) -> Window:
    """One step with all that it was given and returned."""
    details = load_details(session, [line])
    packed = [p for d in details.values() for p in (d.input_parts, d.output_parts, d.context_parts)]
    lists = PackedLists(load_blocks(session.id, session.buckets, packed))
    window = Window((), (), timeline.structure(()), {}, lists, steps=details)
    wanted = [digest for packed_list in packed for digest in lists.digests(packed_list, 0, MESSAGES_OF_STEP)]
    window.parts = load_parts(session.id, session.buckets, wanted)
    return window


def _repeats_an_attempt(index: int, lines: Sequence[RequestLine], structure: Structure) -> bool:
    """Whether it is the good end of several attempts: it may say how many there were."""
    chain = structure.attempts_of(index)
    return len(chain) > 1 and index == chain[-1] and lines[index].status == SUCCESS


def _folded(shown: Sequence[int], structure: Structure) -> dict[int, tuple[int, ...]]:
    """Failed attempts that are shown with the last one of their call: both must be on the page."""
    known = set(shown)
    chains = {chain[-1]: chain for index in shown if (chain := structure.attempts_of(index))[-1] in known}
    folded = {
        last: tuple(i for i in structure.attempts_before(last, MOST_ATTEMPTS)[:-1] if i in known) for last in chains
    }
    return {last: attempts for last, attempts in folded.items() if attempts}


def _compare(window: Window) -> None:
    """What each request added. Attempts of one call sent the same, which is printed with the last."""
    comparison = Comparison(window.details, window.lists)
    repeated = {index for attempts in window.folded.values() for index in attempts}
    for index, detail in window.details.items():
        count = packed_count(detail.input_parts)
        if index in repeated:
            window.added[index] = Added(count, count, shared=count)
        elif index in window.folded:
            attempts, origin = window.structure.attempts_of(index), window.structure.origin(index)
            window.added[index] = comparison.added(index, origin, apart_from=attempts)
        else:
            window.added[index] = comparison.added(index, window.structure.parents[index])


def _weigh(window: Window) -> None:
    """Look at the messages of changed histories, now that they are read."""
    for index in window.shown:
        added = window.added[index]
        if added.base is not None and added.changes:
            window.added[index] = _weighed(window, index, added, added.base)
        if may_follow_summary(window, index):
            window.added[index] = after_summary(window, index) or window.added[index]


def _weighed(window: Window, index: int, added: Added, base: int) -> Added:
    if added.shared == 1 and _only_system_is_shared(window, index, base):
        # Many conversations begin with the same system prompt.
        return Added(1, added.count, base, shared=1)
    count = packed_count(window.details[base].input_parts)
    answer = range(count, count + min(window.output_count(base), MOST_OUTPUTS))
    return weighed(added, partial(window.said, base), partial(window.said, index), answer)


def _only_system_is_shared(window: Window, index: int, base: int) -> bool:
    if not packed_count(window.details[base].input_parts):
        return False
    is_same = window.inputs(index, [0])[0][1] == window.inputs(base, [0])[0][1]
    return is_same and window.is_system(index, 0)


def load_changes(session: SessionFacts, lines: Sequence[RequestLine], index: int, start: int, skip: int) -> Window:
    """One request with the messages that it changed in a history, from change `start` (from 0) on, as many as
    `histories.MOST_READ` before and after; of the first change without `skip` messages.
    """
    window = load_window(session, lines, index, index + 1)
    added = window.added.get(index)
    if added is None or added.base is None:
        return window
    first, rest = added.changes[start : start + 1], added.changes[start + 1 :]
    window.added[index] = replace(added, changes=(*(change.after(skip) for change in first), *rest))
    old, new = to_read(window.added[index])
    places = [*((added.base, position) for position in old), *((index, position) for position in new)]
    digests = [found[0] for place in places if (found := window.history_digest(*place))]
    window.add_parts(load_parts(session.id, session.buckets, digests))
    return window


def load_messages(session: SessionFacts, lines: Sequence[RequestLine], index: int, positions: range) -> Window:
    """One request with these of its input messages, and those around them as far as tool results may need them."""
    details = dict.fromkeys([index], *load_details(session, [lines[index]]).values())
    packed = [p for d in details.values() for p in (d.input_parts, d.context_parts)]
    lists = PackedLists(load_blocks(session.id, session.buckets, packed))
    window = Window(lines, range(index, index + 1), timeline.structure(()), details, lists)
    wanted: set[bytes] = set()
    for found, detail in details.items():
        wanted.update(digest for _, digest in window.inputs(found, around(positions, message_count(detail))))
        wanted.update(window.beside(found))
    window.parts = load_parts(session.id, session.buckets, wanted)
    return window


def load_whole(
    session: SessionFacts, lines: Sequence[RequestLine], index: int, log: RequestLog
) -> tuple[Window, bytes]:
    """One request with all that it sent and received, and its log entry as it was posted; four statements.

    The entry is empty when parts of it are gone.
    """
    window = load_window(session, lines, index, index + 1)
    digests = [window.lists.digests(bytes(p)) for p in (log.input_parts, log.output_parts, log.context_parts)]
    wanted = [digest for part_list in digests for digest in part_list]
    parts = load_parts(session.id, [log.bucket], wanted, other_bytes=2**31, budget=2**40)
    window.add_parts(parts)
    try:
        return window, join_parts(log.skeleton, digests, parts)
    except KeyError:
        return window, b""


def around(positions: range, count: int) -> range:
    """These positions and a few before and after, of so many that there are."""
    return range(max(positions.start - NEIGHBOURS, 0), min(positions.stop + NEIGHBOURS, count))


def _involved(indices: Sequence[int], count: int, structure: Structure) -> list[int]:
    """The window, what it continues, what continues either, and the neighbours that it may repeat."""
    found = set(indices)
    found.update(attempt for index in indices for attempt in structure.attempts_before(index, MOST_ATTEMPTS))
    found.update(origin.index for index in indices if (origin := structure.origin(index)))
    found.update(parent.index for index in indices if (parent := structure.parents[index]))
    found.update(child for base in list(found) for child in structure.children.get(base, ())[:MOST_CHILDREN])
    if indices:
        # Twice: what a neighbour before the window added depends on its own neighbours.
        found.update(range(max(indices[0] - 2 * NEIGHBOURS, 0), indices[0]))
        found.update(range(indices[-1] + 1, min(indices[-1] + 1 + NEIGHBOURS, count)))
        # A hidden branch may lie between what is shown and what it repeats.
        found.update(near for index in indices for near in range(max(index - NEIGHBOURS, 0), index))
    return sorted(found)


def _wanted(window: Window) -> set[bytes]:
    """The parts that are printed, and those that tell which tool results belong to which calls."""
    wanted: set[bytes] = set()
    shown = set(window.shown)
    bases = {base for index in shown if (base := window.added[index].base) is not None}
    for index in shown | bases:
        wanted.update(window.outputs(index))
    for index in window.details:
        wanted.update(window.beside(index))
    answering = {child for index in shown | bases for child in window.children(index)[:MOST_CHILDREN]}
    for index in shown | answering:
        wanted.update(digest for _, digest in window.inputs(index, printed(window.added[index])))
    for index in shown:
        wanted.update(_to_compare(window, index))
    return wanted


def _to_compare(window: Window, index: int) -> Iterator[bytes]:
    """The parts that tell whether, and how, a request changed its base's history or system prompt."""
    added = window.added[index]
    if added.base is not None:
        for first in (index, added.base):
            if packed_count(window.details[first].input_parts):
                yield from (digest for _, digest in window.inputs(first, [0]))
        old, new = to_read(added)
        places = [*((added.base, position) for position in old), *((index, position) for position in new)]
        yield from (found[0] for place in places if (found := window.history_digest(*place)))
    if may_follow_summary(window, index):
        for before in range(max(index - SUMMARY_NEIGHBOURS, 0), index):
            yield from window.outputs(before) if before in window.details else ()


def message_count(detail: RequestDetail) -> int:
    """How many messages a request sent."""
    return packed_count(detail.input_parts)


def index_of(lines: Sequence[RequestLine], request_log_id: uuid.UUID) -> int | None:
    """Where a request stands in its session's timeline; None when it is not there."""
    return next((index for index, line in enumerate(lines) if line.id == request_log_id), None)
