"""Order, gaps, what continues what, attempts, branches, parallel calls: plain Python, no database."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.structure import timeline
from sessions_app.structure.parents import Parent, attempts, parents
from sessions_app.structure.timeline import Structure

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
    previous: uuid.UUID | None = None
    attempt: uuid.UUID | None = None
    call: uuid.UUID | None = None
    duplicate_of: uuid.UUID | None = None
    status: str = "success"
    kind: str = "llm"
    output_preview: str = ""
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


def test_times_of_many_are_those_of_each() -> None:
    calls = [
        Call(0, 2.5),
        Call(0),
        Call(5, 4),
        Call(-(6 * 10**10), 0),
        Call(0, 10**10),
        Call(2 * 10**11, 2 * 10**11 + 5),
    ]

    assert timeline.sane_times(calls) == [(timeline.sane_start(call), timeline.sane_end(call)) for call in calls]


def test_cost_so_far_skips_what_is_unknown() -> None:
    costs = [None, Decimal("0.1"), None, Decimal("0.02")]
    assert timeline.running_costs(costs) == [None, Decimal("0.1"), Decimal("0.1"), Decimal("0.12")]


# --- what continues what --------------------------------------------------------------------------------------------

A, B, C, D = (uuid.UUID(int=number) for number in range(1, 5))
HOUR = 3600


def indices(calls: list[Call]) -> list[int | None]:
    return [parent.index if parent else None for parent in parents(calls)]


def test_request_continues_the_latest_earlier_conversation_it_begins_with() -> None:
    calls = [Call(0, provides=(A,)), Call(1, needs=(A,), provides=(B,)), Call(2, provides=(A,)), Call(3, needs=(A,))]

    assert indices(calls) == [None, 0, None, 2]
    assert parents(calls)[3] == Parent(2, "conversation")


def test_longest_known_beginning_is_continued() -> None:
    calls = [Call(0, provides=(A,)), Call(1, needs=(A,), provides=(B,)), Call(2, provides=(A,)), Call(3, needs=(B, A))]
    assert parents(calls)[3] == Parent(1, "conversation")

    unknown = Call(4, needs=(D, A))
    assert parents([*calls, unknown])[4] == Parent(2, "conversation", is_whole=False)


def test_conversation_is_continued_within_a_window() -> None:
    calls = [Call(0, provides=(A,)), Call(24 * HOUR, needs=(A,)), Call(24 * HOUR + 1, needs=(A,))]
    assert indices(calls) == [None, 0, None]


def test_response_is_continued_at_any_time_and_before_conversations() -> None:
    calls = [
        Call(0, provides=(A, B)),
        Call(1, provides=(C,)),
        Call(90 * 24 * HOUR, needs=(A, C), previous=A),
        # Its clock is behind that of the response it names.
        Call(-5, needs=(A,), previous=A),
    ]
    found = parents(timeline.chronological(calls))

    assert [parent and (parent.index, parent.rule) for parent in found] == [
        (1, "previous_response_id"),
        None,
        None,
        (1, "previous_response_id"),
    ]


def test_request_does_not_continue_itself() -> None:
    assert indices([Call(0, needs=(A,), provides=(A,))]) == [None]


def test_conversation_is_continued_although_the_clocks_say_otherwise() -> None:
    late = Call(1, provides=(B,))
    assert indices([Call(0, needs=(B,)), late, Call(2, provides=(B,))]) == [1, None, None]
    assert indices([Call(0, provides=(B,)), Call(1, needs=(B,)), Call(2, provides=(B,))]) == [None, 0, None]
    assert indices([Call(0, needs=(B,)), Call(24 * HOUR + 1, provides=(B,))]) == [None, None]


def test_response_that_is_not_there_leaves_the_whole_conversation_to_be_continued() -> None:
    calls = [Call(0, provides=(A,)), Call(1, needs=(D, A), previous=D)]
    assert parents(calls)[1] == Parent(0, "conversation")


def test_second_report_of_a_call_is_in_no_relation_to_others() -> None:
    calls = [Call(0, 5, provides=(A,)), Call(1, 4, provides=(A,), needs=(B,), duplicate_of=C), Call(9, needs=(A,))]
    found = timeline.structure(calls)

    assert found.continues == [None, None, 0]
    assert (found.forks, found.parallel) == ({}, {})


def test_repetition_of_a_failed_request_continues_it() -> None:
    failed = {"status": "error", "attempt": A}
    calls = [Call(0, **failed), Call(5, **failed), Call(9, attempt=A), Call(20 * 60, attempt=A)]
    assert indices(calls) == [None, 0, 1, None]

    in_the_middle_of_its_answer = [Call(0, **failed, output_preview="Well,"), Call(5, attempt=A)]
    assert indices(in_the_middle_of_its_answer) == [None, 0]
    with_history = [Call(0, **failed), Call(5, attempt=A, needs=(B,))]
    assert indices(with_history) == [None, None]


def test_requests_of_one_call_belong_to_its_first() -> None:
    calls = [Call(0, call=C), Call(1, call=C, kind="tool"), Call(2, call=C)]
    assert parents(calls) == [None, Parent(0, "attempt"), Parent(0, "attempt")]


# --- attempts -------------------------------------------------------------------------------------------------------


def chains(calls: list[Call]) -> list[tuple[int, ...]]:
    return attempts(calls, parents(calls))


def failed(start: float, **members: Any) -> Call:
    return Call(start, start + 1, status="error", **members)


def test_the_same_input_after_a_failure_is_another_attempt() -> None:
    assert chains([failed(0, attempt=A), Call(3), failed(5, attempt=A), Call(9, attempt=A)]) == [(0, 2, 3)]


def test_the_same_input_after_an_answer_is_no_attempt() -> None:
    assert chains([failed(0, attempt=A), Call(3, attempt=A), Call(9, attempt=A)]) == [(0, 1)]
    assert chains([Call(3, attempt=A), Call(9, attempt=A)]) == []


def test_the_same_input_much_later_is_no_attempt() -> None:
    assert chains([failed(0, attempt=A), Call(901, attempt=A)]) == []
    assert chains([failed(0, call=C), Call(901, call=C)]) == [(0, 1)]


def test_what_a_call_ran_in_between_is_no_attempt_of_it() -> None:
    assert chains([failed(0, call=C), Call(1, call=C, kind="tool"), Call(2, call=C)]) == [(0, 2)]


def test_failed_request_whose_answer_is_continued_stands_by_itself() -> None:
    calls = [failed(0, attempt=A, provides=(B,), output_preview="Wel"), Call(2, attempt=A), Call(5, needs=(B,))]
    assert chains(calls) == []


# --- branches -------------------------------------------------------------------------------------------------------


def tree(*parents: int | None) -> list[Call]:
    """Requests that each continue the one of this index."""
    link_keys = [uuid.uuid4() for _ in parents]
    needs = [() if parent is None else (link_keys[parent],) for parent in parents]
    return [Call(n, n + 0.5, needs=needs[n], provides=(link_keys[n],)) for n in range(len(parents))]


def test_branches_begin_where_a_request_is_continued_twice() -> None:
    found = timeline.structure(tree(None, 0, 1, 2, 1, 4, 3))

    assert {index: fork.branches for index, fork in found.forks.items()} == {1: (2, 4)}
    assert found.letters == {2: "A", 4: "B"}
    assert found.branch_of == [None, None, 2, 2, 4, 4, 2]
    assert found.lanes == [0, 0, 0, 0, 1, 1, 0]
    assert found.branch_with(2) == [2, 3, 6]
    assert found.branch_with(4) == [4, 5]


def test_chosen_branch_hides_the_others_of_each_fork_on_its_way() -> None:
    # 0 - 1 - 2 - 3      and, of 1: 4 - 5, which is continued by 6 and 7; 8 continues nothing.
    found = timeline.structure(tree(None, 0, 1, 2, 1, 4, 5, 5, None))

    assert found.hidden_beside(6) == {2, 3, 7}
    assert found.hidden_beside(4) == {2, 3}
    assert found.hidden_beside(3) == {4, 5, 6, 7}
    assert found.hidden_beside(1) == found.hidden_beside(8) == set()


def test_attempts_of_one_call_are_one_branch() -> None:
    calls = [Call(0, provides=(A,)), failed(2, needs=(A,), attempt=B), Call(5, needs=(A,), attempt=B, provides=(C,))]
    assert timeline.structure(calls).forks == {}

    found = timeline.structure([*calls, Call(9, needs=(A,)), Call(12, needs=(C,))])
    assert found.forks[0].branches == (2, 3)
    assert found.branch_of == [None, 2, 2, 3, 2]
    assert found.hidden_beside(3) == {1, 2, 4}
    assert found.hidden_beside(1) == {3}


@given(st.lists(st.integers(0, 30), min_size=1, max_size=30), st.integers(0, 29))
def test_of_any_forest_a_branch_shows_its_way_and_all_that_continues_it(choices: list[int], chosen: int) -> None:
    parents = [None if choice >= index else choice for index, choice in enumerate(choices)]
    chosen %= len(parents)
    found = timeline.structure(tree(*parents))
    way, current = [], chosen
    while current is not None:
        way.append(current)
        current = parents[current]
    hidden = found.hidden_beside(chosen)

    assert not hidden & set(way)
    assert not hidden & set(found.branch_with(chosen))
    # Whoever is hidden leaves the way at a fork: the parent of its branch is on the way.
    for index in hidden:
        while index not in way:
            last, index = index, parents[index]
        assert last in found.forks[index].branches


def test_ids_that_make_a_circle_are_endured() -> None:
    calls = [Call(0, needs=(B,), provides=(A, C)), Call(1, needs=(A,), provides=(B, D)), Call(2, needs=(A,))]
    found = timeline.structure(calls)

    assert found.continues == [1, 0, 0]
    assert found.branch_with(0) == [0, 1, 2]
    assert found.hidden_beside(2) == set()


@pytest.mark.parametrize(("number", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (27, "AB"), (702, "AAA")])
def test_letters(number: int, name: str) -> None:
    assert timeline.letters(number) == name


# --- parallel calls -------------------------------------------------------------------------------------------------


def groups(calls: list[Call]) -> list[tuple[int, ...]]:
    return sorted(set(timeline.structure(calls).parallel.values()))


def test_requests_that_overlap_are_a_group() -> None:
    assert groups([Call(0, 2), Call(3, 9), Call(4, 5), Call(8, 12), Call(12, 13), Call(14)]) == [(1, 2, 3)]


def test_request_does_not_overlap_what_it_continues_or_repeats() -> None:
    assert groups([Call(0, 3.01, provides=(A,)), Call(3, 5, needs=(A,))]) == []
    assert groups([Call(0, 3.01, status="error", attempt=A), Call(3, 5, attempt=A)]) == []
    beside = Call(1, 4)
    assert groups([Call(0, 3.01, provides=(A,)), beside, Call(3, 5, needs=(A,))]) == [(0, 1, 2)]


def test_what_runs_around_or_inside_a_call_is_not_parallel_to_it() -> None:
    assert groups([Call(0, 60, kind="agent"), Call(1, 5), Call(2, 3, kind="tool"), Call(6, 9)]) == []


@pytest.mark.parametrize(
    ("calls", "is_one_time"),
    [
        ([Call(0, 4), Call(1, 4), Call(2, 4)], True),
        # One after the other beside a longer one.
        ([Call(0, 9), Call(1, 3), Call(5, 7)], False),
        ([Call(0, 7), Call(5, 12), Call(10, 17), Call(15, 22)], False),
        ([Call(0, 5), Call(4, 4)], False),
        ([Call(0, 3.01, provides=(A,)), Call(1, 4), Call(3, 5, needs=(A,))], False),
    ],
)
def test_whether_a_group_ran_at_one_time(calls: list[Call], is_one_time: bool) -> None:
    group = range(len(calls))
    assert timeline.at_one_time(calls, group, timeline.structure(calls).parents) is is_one_time


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 10)), max_size=30))
def test_groups_are_the_connected_windowes_of_time(times: list[tuple[int, int]]) -> None:
    calls = timeline.chronological([Call(start, start + length) for start, length in times])
    group_of: Structure = timeline.structure(calls)

    for index, call in enumerate(calls):
        alone = index not in group_of.parallel
        others = [other for other in calls if other is not call]
        overlaps = [o for o in others if o.started_at < call.ended_at and call.started_at < o.ended_at]
        # A moment without length lies inside of what runs, and nothing lies inside of it.
        assert alone or overlaps
        if alone and call.end > call.start:
            assert not [o for o in overlaps if o.end > o.start]
