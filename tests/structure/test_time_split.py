"""Where the time of a session went, and which of its requests were slow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from sessions_app.structure.profiles import Profile, ToolCall
from sessions_app.structure.time_split import SlowRequest, TimeSplit, slow_requests, time_split
from tests.factories import START
from tests.structure.findings.made_up import structure_of

CALLS = Profile((0,) * 8, calls=(ToolCall(1, 2),))
SAYS = Profile((0,) * 8)


@dataclass(frozen=True)
class Row:
    started_at: datetime
    ended_at: datetime | None
    first_token_at: datetime | None = None
    received_at: datetime = START + timedelta(days=9)
    model: str = "m"
    status: str = "success"
    output_tokens: int | None = None
    kind: str = "llm"


def row(start: float, end: float, **members: object) -> Row:
    return Row(START + timedelta(seconds=start), START + timedelta(seconds=end), **members)  # type: ignore[arg-type]


def split(
    rows: list[Row],
    profiles: list[Profile | None],
    parents: list[int | None],
    steps: list[Row] | None = None,
    between: range | None = None,
) -> TimeSplit:
    found = time_split(rows, steps or [], profiles, structure_of(parents), between or range(len(rows)))
    assert found
    assert sum(found.parts.values(), timedelta()) == found.wall
    return found


def seconds(found: TimeSplit) -> dict[str, float]:
    return {kind: part.total_seconds() for kind, part in found.parts.items()}


def test_it_works() -> None:
    rows = [row(0, 10), row(14, 20), row(80, 90), row(90 + 3_600, 3_700)]
    found = split(rows, [CALLS, SAYS, SAYS, SAYS], [None, 0, 1, 2])
    assert seconds(found) == {"models": 36, "client": 4, "person": 60, "idle": 3_600}
    assert found.wall == timedelta(seconds=3_700)


def test_steps_tell_what_tools_took() -> None:
    tools = [row(8, 15, kind="tool"), row(12, 18, kind="tool"), row(0, 99, kind="agent")]
    found = split([row(0, 10), row(20, 30)], [CALLS, SAYS], [None, 0], tools)
    # Two seconds run in the model, too.
    assert seconds(found) == {"models": 20, "tools": 8, "client": 2}


def test_what_runs_at_the_same_time_counts_once() -> None:
    assert seconds(split([row(0, 10), row(5, 12)], [SAYS, SAYS], [None, None])) == {"models": 12}


def test_a_retry_waits_in_the_client_and_what_nothing_explains_is_other() -> None:
    rows = [row(0, 10, status="error"), row(15, 20), row(50, 51)]
    assert seconds(split(rows, [None, None, None], [None, 0, 1])) == {"models": 16, "client": 5, "other": 30}


def test_between_two_requests() -> None:
    rows = [row(0, 10), row(20, 30), row(40, 50), row(60, 70)]
    found = split(rows, [CALLS] * 4, [None, 0, 1, 2], [row(31, 39, kind="tool"), row(51, 59, kind="tool")], range(1, 3))
    assert seconds(found) == {"models": 20, "tools": 8, "client": 2}


def test_requests_without_times_have_none() -> None:
    untimed = Row(START, None, received_at=START)
    assert time_split([untimed], [], [None], structure_of([None]), range(1)) is None


def test_an_end_that_is_absurd_is_unknown_and_takes_no_time() -> None:
    rows = [row(0, 10), row(20, 400 * 86_400), Row(START + timedelta(seconds=30), None), row(40, 50)]
    found = split(rows, [SAYS] * 4, [None, 0, 1, 2])
    assert found.wall == timedelta(seconds=50)
    assert found.parts["models"] == timedelta(seconds=20)
    assert found.unknown == 2


def test_first_token_and_speed_are_medians() -> None:
    rows = [
        row(0, 10, output_tokens=100, first_token_at=START + timedelta(seconds=1)),
        row(10, 20, output_tokens=300, first_token_at=START + timedelta(seconds=13)),
        row(20, 30, output_tokens=None, first_token_at=START),
    ]
    found = split(rows, [SAYS] * 3, [None, 0, 1])
    assert (found.first_token, found.speed) == (timedelta(seconds=2), 20)


@pytest.mark.parametrize(
    ("tokens", "seconds_taken", "others", "usual"),
    [(600, 40, 5, 12), (600, 20, 5, None), (100, 6, 5, None), (40, 40, 5, None), (600, 40, 3, None)],
    ids=["slow", "not much slower", "little time lost", "short among long ones", "too few to compare"],
)
def test_a_request_slower_than_usual(tokens: int, seconds_taken: float, others: int, usual: float | None) -> None:
    rows = [row(100 * n, 100 * n + 10, output_tokens=500) for n in range(1, others + 1)]
    found = slow_requests([row(0, seconds_taken, output_tokens=tokens), *rows])
    assert found == ({0: SlowRequest(timedelta(seconds=seconds_taken), timedelta(seconds=usual))} if usual else {})


@pytest.mark.parametrize(("seconds_taken", "is_slow"), [(95, True), (6, False), (1, False)])
def test_short_answers_are_compared_by_their_times(seconds_taken: float, is_slow: bool) -> None:
    rows = [row(100 * n, 100 * n + 2, output_tokens=5 + 10 * (n % 4)) for n in range(1, 6)]
    found = slow_requests([row(0, seconds_taken, output_tokens=42), *rows])
    assert found == ({0: SlowRequest(timedelta(seconds=seconds_taken), timedelta(seconds=2))} if is_slow else {})


def test_other_models_are_not_compared() -> None:
    usual = [row(100 * n, 100 * n + 10, output_tokens=500, model="fast") for n in range(1, 7)]
    assert slow_requests([row(0, 100, output_tokens=600), *usual]) == {}
