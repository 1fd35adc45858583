"""The order of a session's requests: attempts of one call by their ends, requests without a start as they continue."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from sessions_app.structure.order import in_order
from sessions_app.structure.parents import parents
from sessions_app.structure.timeline import chronological, structure
from tests.structure.test_timeline import Call

KEYS = [uuid.UUID(int=number) for number in range(1, 40)]


def turn(number: int, received: float = 0, start: float | None = None, conversation: int = 0) -> Call:
    """A turn of a conversation, from 0 on; without a start unless one is given."""
    mine = KEYS[10 * conversation :]
    needs = tuple(mine[index] for index in (number - 1, number - 2) if index >= 0)
    return Call(received if start is None else start, received=received, needs=needs, provides=(mine[number],))


def numbers(calls: Sequence[Call]) -> list[int]:
    return [KEYS.index(call.provides[0]) for call in in_order(calls)]


def test_turns_without_starts_follow_what_they_continue_however_they_arrived() -> None:
    for order in permutations(range(5)):
        calls = [turn(number, received=place / 1e6) for place, number in enumerate(order)]
        shown = in_order(calls)
        assert numbers(calls) == [0, 1, 2, 3, 4]
        assert [parent and parent.index for parent in parents(shown)] == [None, 0, 1, 2, 3]


def test_what_continues_nothing_stays_where_it_arrived() -> None:
    calls = [turn(0, 0, conversation=1), turn(0, 1), turn(0, 2, conversation=2)]

    assert in_order(calls) == calls


def test_two_conversations_that_arrived_backwards() -> None:
    calls = [turn(1, 0), turn(1, 1, conversation=1), turn(0, 2, conversation=1), turn(0, 3)]

    assert numbers(calls) == [0, 1, 10, 11]


def test_requests_with_starts_keep_their_order() -> None:
    """A client's clock may be wrong; then a request continues one that started later."""
    calls = [turn(1, 100, start=0), turn(0, 100, start=5)]

    assert in_order(calls) == calls


def test_request_without_a_start_stands_before_one_with_a_start_that_continues_it() -> None:
    first, second, third = turn(0, 100), turn(1, 100, start=10), turn(2, 100, start=20)

    assert in_order([first, second, third]) == [first, second, third]
    assert in_order([turn(0, 5, conversation=1), third, second, first])[1:] == [first, second, third]


def test_request_without_a_start_waits_for_what_it_continues() -> None:
    """The start of the first is after the receipt of the others: a clock is ahead."""
    first, second, third = turn(0, 0, start=50), turn(1, 1), turn(2, 2)

    assert in_order([third, second, first]) == [first, second, third]
    fourth = turn(3, 100, start=40)
    assert in_order([third, second, first, fourth]) == [second, third, fourth, first]


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.integers(0, 20)), max_size=12))
def test_every_request_has_one_place_and_no_start_goes_back(facts: list[tuple[int, bool, int]]) -> None:
    calls = [turn(number, 30 + at, start=at if timed else None) for number, timed, at in facts]
    shown = in_order(calls)

    assert sorted(map(id, shown)) == sorted(map(id, calls))
    timed = [call for call in shown if call.start != call.received]
    assert timed == chronological(timed)


# --- attempts of one call -------------------------------------------------------------------------------------------

CALL = uuid.UUID(int=99)


def attempt(start: float, end: float | None, status: str = "error") -> Call:
    return Call(start, end, status=status, call=CALL, attempt=KEYS[0])


def test_failure_that_was_logged_with_a_later_start_comes_first() -> None:
    answered, failed = attempt(0, 2.1, "success"), attempt(0.03, 0.07)
    shown = in_order([answered, failed])

    assert shown == [failed, answered]
    assert structure(shown).chains == {0: (0, 1), 1: (0, 1)}
    assert structure(shown).parents[0] is None


def test_attempts_stand_in_the_order_of_their_ends() -> None:
    last, second, first = attempt(0, 9, "success"), attempt(1, 5), attempt(2, 3)
    other = Call(1.5, 1.7)

    assert in_order([last, second, first, other]) == [other, first, second, last]


def test_failure_after_a_success_is_no_attempt_before_it() -> None:
    """The tools that a proxy ran for a call, and the call that went on with their results."""
    first, second = attempt(0, 1, "success"), attempt(2, 3)

    assert in_order([first, second]) == [first, second]
    assert structure(in_order([first, second])).chains == {}
