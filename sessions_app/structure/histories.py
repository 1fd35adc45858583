"""Compares what requests sent: what each one added to the history of an earlier one, or changed in it. Pure Python.

Messages are compared by their digests, so no message is decoded to tell what a request added. Only where a history came
back changed are the messages in question read, because the same text may have been written in another form.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, takewhile
from typing import Protocol

from sessions_app import bounds
from sessions_app.bounds import BoundedMatcher, TooMuchWork
from sessions_app.content.documents import DIGEST_BYTES
from sessions_app.content.packed_digests import BUNDLE_DIGESTS, bundle_addresses, packed_count
from sessions_app.structure.parents import Parent

# If no link key says what a request continues, its history is compared with those of so many earlier requests.
NEIGHBOURS = 8
# Beyond so many messages after the common beginning, histories are not matched message by message.
MOST_MATCHED = 1_000
# What it costs to look through a byte of a packed list, in units of `bounds`.
WORK_OF_DIGEST = 2
# At most so many messages of a changed history are read, to tell whether they say something else.
MOST_READ = 100

EDITED, REPLACED, DROPPED, INSERTED = "edited", "replaced", "dropped", "inserted"


class WithHistory(Protocol):
    """What must be known of a request to tell what it added: its packed lists, and how much history it sends."""

    @property
    def input_parts(self) -> bytes: ...
    @property
    def output_parts(self) -> bytes: ...
    @property
    def resent_count(self) -> int: ...


# --- packed lists ---------------------------------------------------------------------------------------------------


class PackedLists:
    """Packed lists of digests, unpacked only where somebody asks. `bundles`: their contents by address."""

    def __init__(self, bundles: Mapping[bytes, bytes]) -> None:
        self.bundles = bundles

    def digests(self, packed: bytes, start: int = 0, end: int | None = None) -> list[bytes]:
        """The digests from `start` up to `end`."""
        count = packed_count(packed)
        start, end = max(start, 0), count if end is None else min(end, count)
        full = int.from_bytes(packed[:2], "big")
        first = min(start // BUNDLE_DIGESTS, full)
        last = min(-(-end // BUNDLE_DIGESTS), full)
        bundles = [self.bundles[_slot(packed, bundle)] for bundle in range(first, last)]
        opened = b"".join(bundles) + (packed[2 + full * DIGEST_BYTES :] if end > full * BUNDLE_DIGESTS else b"")
        return [_at(opened, index - first * BUNDLE_DIGESTS) for index in range(start, end)]

    def digest(self, packed: bytes, index: int) -> bytes:
        full = int.from_bytes(packed[:2], "big")
        if index < full * BUNDLE_DIGESTS:
            address = _slot(packed, index // BUNDLE_DIGESTS)
            return _at(self.bundles[address], index % BUNDLE_DIGESTS)
        return _slot(packed, full + index - full * BUNDLE_DIGESTS)

    def common_prefix(self, a: bytes, b: bytes) -> int:
        """How many digests both lists begin with."""
        most = min(packed_count(a), packed_count(b))
        index = 0
        while index < most:
            if index % BUNDLE_DIGESTS == 0 and self._same_bundle(a, b, index):
                index += BUNDLE_DIGESTS
            elif self.digest(a, index) == self.digest(b, index):
                index += 1
            else:
                break
        return index

    def _same_bundle(self, a: bytes, b: bytes, index: int) -> bool:
        bundle = index // BUNDLE_DIGESTS
        full = min(int.from_bytes(a[:2], "big"), int.from_bytes(b[:2], "big"))
        return bundle < full and _slot(a, bundle) == _slot(b, bundle)


def _slot(packed: bytes, index: int) -> bytes:
    return packed[2 + index * DIGEST_BYTES : 2 + (index + 1) * DIGEST_BYTES]


def _at(digests: bytes, index: int) -> bytes:
    return digests[index * DIGEST_BYTES : (index + 1) * DIGEST_BYTES]


def addresses_of_bundles(packed_lists: Iterable[bytes]) -> set[bytes]:
    """The addresses of all bundles that these lists refer to."""
    return {address for packed in packed_lists for address in bundle_addresses(packed)}


# --- what a request added -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """Messages of an earlier history that came back changed.

    `old`: their positions in the earlier request; positions after its input are those of its answer. `new`: the
    positions in the later request's input. If messages were edited, there are as many of them as before.
    """

    kind: str
    old: range
    new: range

    def after(self, count: int) -> Change:
        """The same change without its first messages, so many of them; at least one is left."""
        most = max(len(self.old), len(self.new)) - 1
        count = min(count, most)
        return replace(self, old=self.old[count:], new=self.new[count:])


@dataclass(frozen=True, slots=True)
class Added:
    """What a request added: of its `count` input parts those from `start` on, and `changes` before them.

    `base`: the index of the request whose history it repeats, None if it repeats none. `shared`: how many messages are
    the same. `first_changed`: the first part, usually a system prompt, differs from the base's, and what follows is the
    same. `is_compared` is false if the histories were too long to compare; then only the length of what was sent again
    is known.
    """

    start: int
    count: int
    base: int | None = None
    first_changed: bool = False
    shared: int = 0
    changes: tuple[Change, ...] = ()
    is_compared: bool = True
    # Who put a summary in the place of the history, and, if its form tells, which agent.
    summarised_by: str = ""

    def positions(self) -> list[int]:
        """The input parts that are new, in order."""
        first = {0} if self.first_changed and self.start > 0 else set()
        changed = {position for change in self.changes for position in change.new}
        return [*sorted({p for p in first | changed if p < self.start}), *range(self.start, self.count)]


@dataclass(slots=True)
class Comparison:
    """Compares requests of one session. `requests`: those that are looked at and their neighbours, by index."""

    requests: Mapping[int, WithHistory]
    lists: PackedLists

    def added(self, index: int, parent: Parent | None, apart_from: Collection[int] = ()) -> Added:
        """What a request added. `apart_from`: requests that it is not compared with, the attempts of the same call."""
        request = self.requests[index]
        count = packed_count(request.input_parts)
        parent = parent if parent and parent.index in self.requests else None
        if parent and parent.is_linked and parent.is_whole:
            start = min(request.resent_count, count)
            changed = start > 0 and self._first_differs(index, parent.index)
            return Added(start, count, parent.index, first_changed=changed, shared=start)
        others = [other for other in self._candidates(index, parent) if other not in apart_from]
        if request.resent_count == 0:
            return self._after_common_prefix(index, others)
        try:
            return self._rewritten(index, others)
        except TooMuchWork:
            return Added(min(request.resent_count, count), count, is_compared=False)

    def _candidates(self, index: int, parent: Parent | None) -> Iterator[int]:
        """The request that this one continues, then the nearest earlier ones, latest first."""
        if parent:
            yield parent.index
        for earlier in range(index - 1, max(index - 1 - NEIGHBOURS, -1), -1):
            if earlier in self.requests and not (parent and earlier == parent.index):
                yield earlier

    def _first_differs(self, index: int, other: int) -> bool:
        first, second = (self.requests[one].input_parts for one in (index, other))
        return packed_count(second) > 0 and self.lists.digest(first, 0) != self.lists.digest(second, 0)

    def _after_common_prefix(self, index: int, others: Sequence[int]) -> Added:
        """A request without a history has rewritten none. It repeats the beginning of the most similar request."""
        packed = self.requests[index].input_parts
        best = Added(0, packed_count(packed))
        for other in others:
            same = self.lists.common_prefix(packed, self.requests[other].input_parts)
            if same > best.start:
                best = replace(best, start=same, base=other, shared=same)
        return best

    # --- histories that came back otherwise -----------------------------------------------------------------------

    def _rewritten(self, index: int, others: Sequence[int]) -> Added:
        """What it added to the request that has most messages in common with it; of equal ones the nearest."""
        request = self.requests[index]
        count = packed_count(request.input_parts)
        best = max(others, key=lambda other: self._shared(index, other), default=None)
        shared = 0 if best is None else self._shared(index, best)
        if best is None or not shared:
            return Added(0, count)
        changes, start = self._changes(index, best)
        return Added(start, count, best, shared=shared, changes=changes)

    def _shared(self, index: int, other: int) -> int:
        """How many messages two requests have in common."""
        request, base = self.requests[index], self.requests[other]
        same = self.lists.common_prefix(request.input_parts, base.input_parts)
        if bounds.current().is_spent:
            raise TooMuchWork
        bounds.current().spend(
            work=WORK_OF_DIGEST * (len(request.input_parts) + len(base.input_parts)) + 2 * MOST_MATCHED
        )
        return same + len(set(self._rest(request, same)) & {*self._rest(base, same), *self._answer(base)})

    def _rest(self, request: WithHistory, start: int) -> list[bytes]:
        return self.lists.digests(request.input_parts, start, start + MOST_MATCHED)

    def _answer(self, request: WithHistory) -> list[bytes]:
        return self.lists.digests(request.output_parts, 0, MOST_READ)

    def _changes(self, index: int, other: int) -> tuple[tuple[Change, ...], int]:
        """What changed in a request's history since the base's, and where its new messages begin."""
        request, base = self.requests[index], self.requests[other]
        count = packed_count(base.input_parts)
        same = self.lists.common_prefix(request.input_parts, base.input_parts)
        old = self._rest(base, same)
        # The answer follows the input, if all of the input was taken.
        old += self._answer(base) if same + len(old) == count else []
        matcher = BoundedMatcher(old, self._rest(request, same))
        blocks = [(same + i, same + j, length) for i, j, length in matcher.get_matching_blocks()[:-1]]
        found: list[Change] = []
        for (i, j, length), (next_i, next_j, _) in pairwise([(0, 0, same), *blocks]):
            found += _between(range(i + length, next_i), range(j + length, next_j), count)
        i, j, length = blocks[-1] if blocks else (0, 0, same)
        start = max(request.resent_count, j + length)
        # The base's own question is not missing if a conversation goes on without it, as after a side call.
        if start > j + length or i + length < base.resent_count:
            found += _at_the_end(range(i + length, same + len(old)), range(j + length, start), count)
        return tuple(found), min(start, packed_count(request.input_parts))


def _between(old: range, new: range, count: int) -> Iterator[Change]:
    """What happened between two messages that are the same. A missing answer is no change: another one was chosen."""
    if old and not new:
        if old.start < count:
            yield Change(DROPPED, old, new)
    elif new and not old:
        yield Change(INSERTED, old, new)
    elif old:
        yield Change(EDITED if len(old) == len(new) else REPLACED, old, new)


def _at_the_end(old: range, new: range, count: int) -> Iterator[Change]:
    """What happened after the last message that is the same. `new`: the rest of the history that came back."""
    if not new:
        yield from _between(range(old.start, min(old.stop, count)), new, count)
    elif len(old) > len(new) and old.start < count:
        yield Change(REPLACED, old, new)
    else:
        paired = min(len(old), len(new))
        yield from _between(old[:paired], new[:paired], count)
        yield from _between(old[len(old) :], new[paired:], count)


# The role of a message and its canonical form (`content.canonical`). Reading gives None if the message was not loaded.
Said = tuple[str, Hashable]
ReadMessage = Callable[[int], Said | None]


def weighed(added: Added, old: ReadMessage, new: ReadMessage, answer: range) -> Added:
    """`added` after reading the messages in question. The same text in another form is no change, and a system prompt
    at the beginning is not part of the history. `old` and `new` read messages of the base and of the request by
    position. `answer`: the positions of the base's answer.
    """
    if not added.changes:
        return added
    only_changed = _ChangeFilter(old, new, {message for position in answer if (message := old(position))})
    changes = tuple(change for found in added.changes for change in only_changed.of(found))
    return replace(added, changes=changes, first_changed=only_changed.first_changed)


@dataclass(slots=True)
class _ChangeFilter:
    """Leaves out of changes what says the same as before. `answers`: the messages of the base's answer."""

    old: ReadMessage
    new: ReadMessage
    answers: set[Said]
    first_changed: bool = False

    def of(self, change: Change) -> Iterator[Change]:
        old, new = self._after_system_prompts(change)
        if len(old) != len(new):
            yield from _between(old, new, old.stop)
            return
        run: list[tuple[int, int]] = []
        for before, after in zip(old, new, strict=True):
            kind = self._kind_of_pair(before, after)
            if kind == EDITED:
                run.append((before, after))
                continue
            yield from _edited(run)
            run = []
            if kind == REPLACED:
                yield Change(REPLACED, range(before, before + 1), range(after, after + 1))
        yield from _edited(run)

    def _after_system_prompts(self, change: Change) -> tuple[range, range]:
        """What remains of a change when system prompts at the beginning are left out."""
        old, new = self._prompts(change.old, self.old), self._prompts(change.new, self.new)
        if new and [self.old(position) for position in old] != [self.new(position) for position in new]:
            self.first_changed = True
        return change.old[len(old) :], change.new[len(new) :]

    def _prompts(self, positions: range, read: ReadMessage) -> range:
        if positions.start:
            return range(0)
        is_prompt = ((message := read(position)) is not None and message[0] == "system" for position in positions)
        return positions[: sum(1 for _ in takewhile(bool, is_prompt))]

    def _kind_of_pair(self, before: int, after: int) -> str:
        old, new = self.old(before), self.new(after)
        if old is None or new is None:
            return EDITED
        if old == new or new in self.answers or _is_without_text(old, new):
            return ""
        return EDITED if old[0] == new[0] else REPLACED


def _is_without_text(old: Said, new: Said) -> bool:
    """Whether an answer came back with the same tool calls, but without the text beside them, as some clients do."""
    said, left = old[1], new[1]
    if not isinstance(said, tuple) or not isinstance(left, tuple):
        return False
    return old[0] == new[0] == "assistant" and len(left) > 0 and said[1:] == left


def _edited(run: Sequence[tuple[int, int]]) -> Iterator[Change]:
    if run:
        yield Change(EDITED, range(run[0][0], run[-1][0] + 1), range(run[0][1], run[-1][1] + 1))


def to_read(added: Added) -> tuple[list[int], list[int]]:
    """The messages that `weighed` looks at: positions in the base, and in the request."""
    old = [position for change in added.changes for position in change.old[:MOST_READ]]
    new = [position for change in added.changes for position in change.new[:MOST_READ]]
    return old[:MOST_READ], new[:MOST_READ]
