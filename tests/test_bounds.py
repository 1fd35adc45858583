"""The budget of an answer, and the comparing that keeps within it."""

from __future__ import annotations

import random
import time

import pytest

from sessions_app import bounds
from sessions_app.bounds import BoundedMatcher, TooMuchWork


def test_it_is_spent_by_bytes_and_work() -> None:
    with bounds.answer(10, 60) as budget:
        assert budget.spend("0123456") == "0123456"
        assert not budget.is_spent
        budget.spend("äöü")
        assert budget.bytes_left == -3
        assert budget.is_spent
    with bounds.answer(10, 60) as budget:
        budget.spend(work=bounds.WORK_OF_ANSWER)
        assert budget.is_spent


def test_it_is_spent_by_time() -> None:
    with bounds.answer(10, 0) as budget:
        assert budget.is_spent


def test_it_says_what_was_used_up() -> None:
    with bounds.answer(0, 60) as budget:
        assert budget.why_spent == "too much for one page"
    with bounds.answer(10, 60) as budget:
        budget.spend(work=bounds.WORK_OF_ANSWER)
        assert "work" in budget.why_spent
    with bounds.answer(10, -1) as budget:
        assert "too long" in budget.why_spent


def test_time_that_other_processes_take_does_not_count() -> None:
    with bounds.answer(10, 0.1) as budget:
        time.sleep(0.12)
        assert not budget.is_spent
        end = time.thread_time() + 0.1
        while time.thread_time() < end:
            pass
        assert budget.is_spent
    with bounds.answer(10, 0.1) as budget:
        time.sleep(0.1 * bounds.CLOCK_FACTOR)
        assert budget.is_spent


def test_writing_has_half_of_the_time_whatever_reading_took() -> None:
    with bounds.answer(10, 600) as budget:
        budget.deadline = budget.cpu_deadline = 0
        assert budget.is_spent
        budget.begin_writing()
        assert not budget.is_spent


def test_without_an_answer_nothing_is_spent() -> None:
    bounds.current().spend("x" * 10**6, work=10**9)
    assert not bounds.current().is_spent


def test_a_share_is_taken_from_the_whole() -> None:
    with bounds.answer(1_000, 60) as budget:
        with bounds.share(0.1) as part:
            part.spend("x" * 100, work=5)
            assert bounds.current() is part
            assert part.is_spent
        assert bounds.current() is budget
        assert (budget.bytes_left, budget.work_left) == (900, bounds.WORK_OF_ANSWER - 5)
        budget.spend("x" * 850)
        with bounds.share(0.5) as part:
            assert part.bytes_left == 50


@pytest.mark.parametrize(("size", "count"), [(1, 100), (10, 10), (1_000, 1)])
def test_items_are_written_as_long_as_it_lasts(size: int, count: int) -> None:
    with bounds.answer(100, 60):
        written = bounds.write(range(200), lambda number: "x" * size)
    assert (len(written.html), written.count, written.left) == (size * count, count, 200 - count)


def test_the_first_item_is_written_in_any_case() -> None:
    with bounds.answer(0, 0):
        assert list(bounds.affordable("abc")) == ["a"]
        assert list(bounds.affordable("abc", least=0)) == []


# --- comparing --------------------------------------------------------------------------------------------------------


def alternating(length: int) -> tuple[list[int], list[int]]:
    """Lists of which each item has many equals, and of which few stand in the same order."""
    chance = random.Random(1)
    first, second = ([chance.randrange(length // 5) for _ in range(length)] for _ in range(2))
    return first, second


@pytest.mark.parametrize("most", [1_000, 100_000])
def test_comparing_ends_with_its_work(most: int) -> None:
    with bounds.answer(10**6, 600) as budget, pytest.raises(TooMuchWork):
        BoundedMatcher(*alternating(5_000), most=most).get_opcodes()
    # The step that finds out is counted, and not made.
    assert bounds.WORK_OF_ANSWER - budget.work_left <= most + 5_000 * 20


def test_comparing_ends_with_the_answers_work() -> None:
    with bounds.answer(10**6, 600) as budget:
        budget.work_left = 10
        with pytest.raises(TooMuchWork):
            BoundedMatcher("abc" * 10, "abc" * 9).get_opcodes()


def test_what_is_bearable_is_compared_as_difflib_does() -> None:
    from difflib import SequenceMatcher

    first, second = alternating(60)
    expected = SequenceMatcher(None, first, second).get_opcodes()
    assert BoundedMatcher(first, second).get_opcodes() == expected
