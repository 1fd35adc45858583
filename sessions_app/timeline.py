"""The timeline of a session: order, what each request continues and adds, idle gaps, busy time. Pure Python.

Everything here works on rows and on the digests of parts: no message is decoded to tell what a request added.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Protocol, TypeVar

from sessions_app.documents import BLOCK_PARTS, DIGEST_BYTES, packed_blocks, packed_count

IDLE = timedelta(seconds=30)
# How many earlier requests are looked at for a common beginning, when none is continued by its link tokens.
NEIGHBOURS = 8

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Timed(Protocol):
    """What is needed to place a request in time."""

    id: uuid.UUID
    started_at: datetime
    ended_at: datetime | None
    received_at: datetime


class Linked(Protocol):
    """What is needed to tell which request another one continues."""

    needs: Sequence[uuid.UUID]
    provides: Sequence[uuid.UUID]


class WithInput(Protocol):
    """What is needed to tell what a request added: its packed list of input parts and the length of its history."""

    input_parts: bytes
    resent_count: int


T = TypeVar("T", bound=Timed)


# --- time -----------------------------------------------------------------------------------------------------------


def chronological(requests: Iterable[T]) -> list[T]:
    """By start; ties by end, a request without one last; then by arrival."""
    return sorted(requests, key=lambda r: (r.started_at, r.ended_at is None, r.ended_at or _EPOCH, r.received_at, r.id))


def sane_start(request: Timed) -> datetime:
    """When a request started, for drawing: a client's clock may be absurd, so within 1970 and a day after receipt."""
    return max(min(request.started_at, request.received_at + timedelta(days=1)), _EPOCH)


def sane_end(request: Timed) -> datetime:
    """When a request ended, for drawing; its start when it did not say, or contradicts itself."""
    start = sane_start(request)
    if request.ended_at is None or start != request.started_at:
        return start
    return max(start, min(request.ended_at, request.received_at + timedelta(days=1)))


def duration(request: Timed) -> timedelta | None:
    """How long a request took; None when it has no end, ends before it starts, or one of both is absurd."""
    if request.ended_at is None or request.ended_at < request.started_at:
        return None
    is_sane = (sane_start(request), sane_end(request)) == (request.started_at, request.ended_at)
    return request.ended_at - request.started_at if is_sane else None


@dataclass(frozen=True, slots=True)
class Span:
    """From the first start to the last end of a session's requests; `busy` is the union of their times."""

    start: datetime
    end: datetime
    busy: timedelta

    @property
    def wall(self) -> timedelta:
        return self.end - self.start


def span_of(requests: Sequence[Timed]) -> Span | None:
    """The span of requests in any order; None without requests."""
    times = sorted((sane_start(request), sane_end(request)) for request in requests)
    if not times:
        return None
    busy, (open_since, open_until) = timedelta(), times[0]
    for start, end in times[1:]:
        if start > open_until:
            busy += open_until - open_since
            open_since = start
        open_until = max(open_until, end)
    return Span(times[0][0], open_until, busy + open_until - open_since)


def idle_before(requests: Sequence[Timed]) -> list[timedelta | None]:
    """For each request in order, how long nothing ran before it, where that is more than 30 seconds."""
    gaps: list[timedelta | None] = []
    last_end: datetime | None = None
    for request in requests:
        start = sane_start(request)
        idle = start - last_end if last_end else timedelta()
        gaps.append(idle if idle > IDLE else None)
        end = sane_end(request)
        last_end = max(last_end, end) if last_end else end
    return gaps


def running_costs(costs: Iterable[Decimal | None]) -> list[Decimal | None]:
    """The cost so far at each request; None until the first known one."""
    total: Decimal | None = None
    totals = []
    for cost in costs:
        total = cost if total is None else total if cost is None else total + cost
        totals.append(total)
    return totals


# --- what continues what ---------------------------------------------------------------------------------------------


def continued(requests: Sequence[Linked]) -> list[int | None]:
    """For each request in order, the index of the latest earlier one that provides what it needs."""
    providers: dict[uuid.UUID, int] = {}
    found: list[int | None] = []
    for index, request in enumerate(requests):
        earlier = [providers[token] for token in request.needs if token in providers]
        found.append(max(earlier, default=None))
        providers.update(dict.fromkeys(request.provides, index))
    return found


# --- what a request added -------------------------------------------------------------------------------------------


class PackedLists:
    """Packed lists of digests, opened only as far as somebody asks. `blocks` holds the blocks' contents by address."""

    def __init__(self, blocks: Mapping[bytes, bytes]) -> None:
        self.blocks = blocks

    def digests(self, packed: bytes, start: int = 0, end: int | None = None) -> list[bytes]:
        """The digests from `start` up to `end`."""
        count = packed_count(packed)
        end = count if end is None else min(end, count)
        return [self.digest(packed, index) for index in range(max(start, 0), end)]

    def digest(self, packed: bytes, index: int) -> bytes:
        full = int.from_bytes(packed[:2], "big")
        if index < full * BLOCK_PARTS:
            address = _slot(packed, index // BLOCK_PARTS)
            return _at(self.blocks[address], index % BLOCK_PARTS)
        return _slot(packed, full + index - full * BLOCK_PARTS)

    def common_prefix(self, a: bytes, b: bytes, start: int = 0) -> int:
        """How many digests from `start` on are the same in both lists."""
        most = min(packed_count(a), packed_count(b))
        index = start
        while index < most:
            if index % BLOCK_PARTS == 0 and self._same_block(a, b, index):
                index += BLOCK_PARTS
            elif self.digest(a, index) == self.digest(b, index):
                index += 1
            else:
                break
        return max(index - start, 0)

    def _same_block(self, a: bytes, b: bytes, index: int) -> bool:
        block = index // BLOCK_PARTS
        full = min(int.from_bytes(a[:2], "big"), int.from_bytes(b[:2], "big"))
        return block < full and _slot(a, block) == _slot(b, block)


def _slot(packed: bytes, index: int) -> bytes:
    return packed[2 + index * DIGEST_BYTES : 2 + (index + 1) * DIGEST_BYTES]


def _at(digests: bytes, index: int) -> bytes:
    return digests[index * DIGEST_BYTES : (index + 1) * DIGEST_BYTES]


def block_addresses(packed_lists: Iterable[bytes]) -> set[bytes]:
    """The addresses of all blocks that these lists refer to."""
    return {address for packed in packed_lists for address in packed_blocks(packed)}


@dataclass(frozen=True, slots=True)
class Added:
    """What a request added: its input parts from `start` on, of `count`.

    `base` is the index of the request whose conversation it repeats, None when it repeats none; `linked` says that it
    continues that one by its link tokens. `first_changed`: the first part (a system prompt, usually) differs from the
    base's, though what follows is the same.
    """

    start: int
    count: int
    base: int | None = None
    linked: bool = False
    first_changed: bool = False


def added(index: int, requests: Mapping[int, WithInput], continues: int | None, lists: PackedLists) -> Added:
    """What the request at `index` added. `requests` holds it, what it continues and its neighbours, by index."""
    request = requests[index]
    packed = request.input_parts
    count = packed_count(packed)
    if continues is not None:
        start = min(request.resent_count, count)
        changed = start > 0 and _first_differs(packed, requests[continues].input_parts, lists)
        return Added(start, count, continues, linked=True, first_changed=changed)
    return _after_common_prefix(index, requests, count, lists)


def _after_common_prefix(index: int, requests: Mapping[int, WithInput], count: int, lists: PackedLists) -> Added:
    best = Added(0, count)
    packed = requests[index].input_parts
    for earlier in _neighbours(index, requests):
        other = requests[earlier].input_parts
        same = lists.common_prefix(packed, other)
        if same > best.start:
            best = Added(same, count, earlier)
        elif same == 0 and (behind := lists.common_prefix(packed, other, start=1)) and behind + 1 > best.start:
            best = Added(behind + 1, count, earlier, first_changed=True)
    return best


def _neighbours(index: int, requests: Mapping[int, WithInput]) -> Iterator[int]:
    """The nearest earlier requests, latest first."""
    for earlier in range(index - 1, max(index - 1 - NEIGHBOURS, -1), -1):
        if earlier in requests:
            yield earlier


def _first_differs(a: bytes, b: bytes, lists: PackedLists) -> bool:
    return bool(packed_count(b)) and lists.digest(a, 0) != lists.digest(b, 0)
