"""Order, gaps, links and what each request added: plain Python, no database."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app import timeline
from sessions_app.documents import digest, pack_digests
from sessions_app.timeline import Added, PackedLists

START = datetime(2026, 3, 14, 9, tzinfo=UTC)
RECEIVED = START + timedelta(hours=1)


@dataclass
class Call:
    """A request as far as the timeline needs it; times are seconds after START."""

    start: float = 0
    end: float | None = None
    received: float = 3600
    needs: tuple[uuid.UUID, ...] = ()
    provides: tuple[uuid.UUID, ...] = ()
    id: uuid.UUID = field(default_factory=uuid.uuid4)

    @property
    def started_at(self) -> datetime:
        return START + timedelta(seconds=self.start)

    @property
    def ended_at(self) -> datetime | None:
        return None if self.end is None else START + timedelta(seconds=self.end)

    @property
    def received_at(self) -> datetime:
        return START + timedelta(seconds=self.received)


# --- time -----------------------------------------------------------------------------------------------------------


def test_order_is_by_start_then_end_then_arrival() -> None:
    calls = [Call(0, 9), Call(5, 6), Call(5, 7, received=10), Call(5, 7, received=20), Call(5), Call(8, 9)]

    for shuffled in permutations(calls):
        assert timeline.chronological(shuffled) == calls


def test_span_counts_overlap_once() -> None:
    span = timeline.span_of([Call(0, 10), Call(5, 12), Call(20, 21), Call(20.5, 20.7)])

    assert span is not None
    assert (span.wall, span.busy) == (timedelta(seconds=21), timedelta(seconds=13))
    assert timeline.span_of([]) is None


def test_gap_is_told_only_when_nothing_ran_for_more_than_30_seconds() -> None:
    calls = [Call(0, 100), Call(10, 20), Call(130, 131), Call(161.5, 162)]

    assert timeline.idle_before(calls) == [None, None, None, timedelta(seconds=30.5)]


@pytest.mark.parametrize(
    ("call", "expected"),
    [(Call(0, 2.5), 2.5), (Call(0), None), (Call(5, 4), None), (Call(-(10**10), 0), None), (Call(0, 10**10), None)],
    ids=["ordinary", "no end", "ends before it starts", "absurd start", "absurd end"],
)
def test_duration(call: Call, expected: float | None) -> None:
    found = timeline.duration(call)
    assert found == (None if expected is None else timedelta(seconds=expected))


def test_absurd_clocks_are_drawn_within_1970_and_a_day_after_receipt() -> None:
    early, late = Call(-(6 * 10**10), 0), Call(2 * 10**11, 2 * 10**11 + 5)

    assert timeline.sane_start(early) == timeline.sane_end(early) == datetime(1970, 1, 1, tzinfo=UTC)
    assert timeline.sane_start(late) == timeline.sane_end(late) == late.received_at + timedelta(days=1)


def test_cost_so_far_skips_what_is_unknown() -> None:
    costs = [None, Decimal("0.1"), None, Decimal("0.02")]
    assert timeline.running_costs(costs) == [None, Decimal("0.1"), Decimal("0.1"), Decimal("0.12")]


# --- what continues what --------------------------------------------------------------------------------------------


def test_request_continues_the_latest_earlier_one_that_provides_what_it_needs() -> None:
    a, b, never = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    calls = [
        Call(provides=(a,)),
        Call(needs=(a,), provides=(b,)),
        Call(provides=(a,)),
        Call(needs=(b, a)),
        Call(needs=(b,)),
        Call(needs=(never,)),
    ]

    assert timeline.continued(calls) == [None, 0, None, 2, 1, None]


def test_request_does_not_continue_itself_or_a_later_one() -> None:
    a, b = uuid.uuid4(), uuid.uuid4()
    assert timeline.continued([Call(needs=(a, b), provides=(a,)), Call(provides=(b,))]) == [None, None]


# --- what a request added -------------------------------------------------------------------------------------------


@dataclass
class Sent:
    """What a request sent: messages by their text."""

    texts: str | list[str]
    resent_count: int = 0

    @property
    def input_parts(self) -> bytes:
        return pack_digests([digest(text.encode()) for text in self.texts])[0]


def lists_of(*sent: Sent) -> PackedLists:
    blocks: dict[bytes, bytes] = {}
    for one in sent:
        blocks |= pack_digests([digest(text.encode()) for text in one.texts])[1]
    return PackedLists(blocks)


def added(*sent: Sent, continues: int | None = None) -> Added:
    """What the last of these requests added."""
    return timeline.added(len(sent) - 1, dict(enumerate(sent)), continues, lists_of(*sent))


def test_linked_request_added_what_follows_its_history() -> None:
    found = added(Sent("su"), Sent("suav", resent_count=3), continues=0)

    assert found == Added(start=3, count=4, base=0, linked=True)


def test_linked_request_tells_that_its_system_prompt_changed() -> None:
    assert added(Sent("su"), Sent("Suav", resent_count=3), continues=0).first_changed


def test_request_of_a_response_chain_added_all_it_sent() -> None:
    assert added(Sent("u"), Sent("v"), continues=0) == Added(start=0, count=1, base=0, linked=True)


def test_repeated_request_added_nothing() -> None:
    assert added(Sent("su"), Sent("su")) == Added(start=2, count=2, base=0)


def test_request_without_a_link_added_what_follows_the_longest_common_beginning() -> None:
    found = added(Sent("suav"), Sent("title"), Sent("suaw"))

    assert found == Added(start=3, count=4, base=0)


def test_request_without_a_link_and_with_another_system_prompt_repeats_no_conversation() -> None:
    assert added(Sent("suav"), Sent("Suaw")) == Added(start=3, count=4, base=0, first_changed=True)


def test_first_request_added_everything() -> None:
    assert added(Sent("su")) == Added(start=0, count=2)
    assert added(Sent("")) == Added(start=0, count=0)


def test_request_far_back_is_not_looked_at() -> None:
    others = [Sent(f"{number}") for number in range(timeline.NEIGHBOURS)]
    assert added(Sent("su"), *others, Sent("suv")) == Added(start=0, count=3)


@given(st.lists(st.sampled_from("ab"), max_size=140), st.lists(st.sampled_from("ab"), max_size=140))
def test_common_prefix_of_packed_lists(one: list[str], other: list[str]) -> None:
    same = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    first, second = Sent(one), Sent(other)
    lists = lists_of(first, second)

    assert lists.common_prefix(first.input_parts, second.input_parts) == same
    assert lists.digests(first.input_parts) == [digest(text.encode()) for text in one]
    assert lists.digests(first.input_parts, 30, 70) == [digest(text.encode()) for text in one[30:70]]


def test_only_differing_blocks_are_opened() -> None:
    shared = [str(number) for number in range(64)]
    first, second = Sent([*shared, "x"]), Sent([*shared, "y"])
    lists = PackedLists({})

    assert lists.common_prefix(first.input_parts, second.input_parts) == 64
    assert timeline.block_addresses([first.input_parts]) == timeline.block_addresses([second.input_parts])
