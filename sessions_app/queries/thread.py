"""Loads a window of a session's timeline with the content that it shows, in three statements at any length."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from sessions_app import bounds
from sessions_app.content.packed_digests import packed_count
from sessions_app.models import RequestLog
from sessions_app.queries.compaction import after_summary, may_follow_summary, to_compare, who_summarised
from sessions_app.queries.content import join_parts, load_bundles, load_parts
from sessions_app.queries.session import RequestDetail, RequestLine, SessionFacts, load_details, structure_of
from sessions_app.queries.window import MOST_OUTPUTS, Window, message_count, printed
from sessions_app.records import SUCCESS
from sessions_app.structure import timeline
from sessions_app.structure.histories import NEIGHBOURS, Added, Comparison, PackedLists, to_read, weighed
from sessions_app.structure.nesting import WORK
from sessions_app.structure.timeline import Structure

# If several requests continue the same one, the results of its tool calls are looked for in so many of them.
MOST_CHILDREN = 8
# Values up to this size are read for bodies that are no conversation (embeddings, images).
OTHER_BYTES = 4_000_000
# A call is read with so many of its earlier attempts, the last ones.
MOST_ATTEMPTS = 50
# Of the input and output of a step, so many messages each are shown.
MESSAGES_OF_STEP = 100


def load_window(
    session: SessionFacts,
    lines: Sequence[RequestLine],
    first: int,
    last: int,
    relations: Structure | None = None,
    hidden: Collection[int] = (),
    steps: Collection[RequestLine] = (),
    budget: int | None = None,
) -> Window:
    """The requests from index `first` up to `last` (not included), with everything that is printed of them.

    `hidden`: requests of other branches, which are left out. `steps`: the steps that are printed beside the requests.
    `budget`: so many bytes of content are read, small parts first, if it is not a page's.
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
    lists = PackedLists(load_bundles(session.id, session.buckets, packed))
    window = Window(lines, indices, relations, details, lists)
    window.steps = {step.id: by_id[step.id] for step in steps if step.id in by_id}
    window.folded = _folded(window.shown, relations)
    _compare(window)
    other_bytes = bounds.at_most(OTHER_BYTES) if not all(lines[index].is_conversation for index in indices) else 0
    headers = [d for i in details if lines[i].id in repeated_ids or details[i].is_silent for d in window.beside(i)]
    wanted = _wanted(window)
    for step in (step for step in steps if step.id in window.steps):
        for packed_list in printed_of_step(step, window.steps[step.id]):
            wanted.update(lists.digests(packed_list, 0, bounds.at_most(MESSAGES_OF_STEP)))
    bounded = {} if budget is None else {"budget": budget}
    window.parts = load_parts(session.id, session.buckets, wanted, other_bytes, **bounded, others=headers)
    _weigh(window)
    return window


def printed_of_step(step: RequestLine, detail: RequestDetail) -> tuple[bytes, ...]:
    """The content of a step that its page shows. Most of that of agents and chains is in the calls that they contain:
    only a file has the rest.
    """
    is_shown = step.kind in WORK or bounds.is_whole()
    return (detail.input_parts, detail.output_parts) if is_shown else ()


def load_step(session: SessionFacts, line: RequestLine) -> Window:
    """One step with its whole input and output."""
    details = load_details(session, [line])
    packed = [p for d in details.values() for p in (d.input_parts, d.output_parts, d.context_parts)]
    lists = PackedLists(load_bundles(session.id, session.buckets, packed))
    window = Window((), (), timeline.structure(()), {}, lists, steps=details)
    wanted = [digest for packed_list in packed for digest in lists.digests(packed_list, 0, MESSAGES_OF_STEP)]
    window.parts = load_parts(session.id, session.buckets, wanted)
    return window


def _repeats_an_attempt(index: int, lines: Sequence[RequestLine], structure: Structure) -> bool:
    """Whether it is the last of several attempts and succeeded. It may say how many there were."""
    chain = structure.attempts_of(index)
    return len(chain) > 1 and index == chain[-1] and lines[index].status == SUCCESS


def _folded(shown: Sequence[int], structure: Structure) -> dict[int, tuple[int, ...]]:
    """The failed attempts that are shown with the last one of their call. Both must be on the page."""
    known = set(shown)
    chains = {chain[-1]: chain for index in shown if (chain := structure.attempts_of(index))[-1] in known}
    most = bounds.at_most(MOST_ATTEMPTS)
    folded = {last: tuple(i for i in structure.attempts_before(last, most)[:-1] if i in known) for last in chains}
    return {last: attempts for last, attempts in folded.items() if attempts}


def _compare(window: Window) -> None:
    """Tell what each request added. All attempts of a call sent the same, which is printed with the last one."""
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
    """Look at the messages of changed histories, now that they are loaded."""
    for index in window.shown:
        added = window.added[index]
        if added.base is not None and added.changes:
            window.added[index] = _weighed(window, index, added, added.base)
            if by := who_summarised(window, index):
                window.added[index] = replace(window.added[index], summarised_by=by)
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
    """One request with the messages that it changed in a history, from change number `start` (from 0) on. `skip`: so
    many messages of that change are left out. At most `histories.MOST_READ` old and new messages each are loaded.
    """
    window = load_window(session, lines, index, index + 1)
    added = window.added.get(index)
    if added is None or added.base is None:
        return window
    first, rest = added.changes[start : start + 1], added.changes[start + 1 :]
    window.added[index] = replace(added, changes=(*(change.after(skip) for change in first), *rest))
    old, new = to_read(window.added[index])
    # A result has its name from its call, which stands a little before it and may be no change itself.
    places = [(added.base, position) for position in (*old, *shortly_before(old))]
    places += [(index, position) for position in (*new, *shortly_before(new))]
    digests = [found[0] for place in places if (found := window.history_digest(*place))]
    digests += [digest for _, digest in window.inputs(index, shortly_before(window.printed(index)))]
    window.add_parts(load_parts(session.id, session.buckets, digests))
    return window


def load_messages(session: SessionFacts, lines: Sequence[RequestLine], index: int, positions: range) -> Window:
    """One request with some of its input messages, and a few around them where tool results may find their calls."""
    details = dict.fromkeys([index], *load_details(session, [lines[index]]).values())
    packed = [p for d in details.values() for p in (d.input_parts, d.context_parts)]
    lists = PackedLists(load_bundles(session.id, session.buckets, packed))
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
    """One request with everything that it sent and received, and its log as it was posted; four statements.

    The log is empty if parts of it are gone.
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


def shortly_before(positions: Iterable[int]) -> list[int]:
    """A few positions before each of these."""
    known = set(positions)
    near = {position - step for position in known for step in range(1, NEIGHBOURS + 1)}
    return sorted(position for position in near - known if position >= 0)


def around(positions: range, count: int) -> range:
    """These positions and a few before and after them, within `count`."""
    return range(max(positions.start - NEIGHBOURS, 0), min(positions.stop + NEIGHBOURS, count))


def _involved(indices: Sequence[int], count: int, structure: Structure) -> list[int]:
    """The window, the requests that it continues, those that continue either, and neighbours that it may repeat."""
    found, most = set(indices), bounds.at_most(MOST_ATTEMPTS)
    found.update(attempt for index in indices for attempt in structure.attempts_before(index, most))
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
    """The parts that are printed, and those that tell which tool result belongs to which call."""
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
        yield from to_compare(window, index)
