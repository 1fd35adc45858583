"""The runs of sub-agents: which requests are one, and in which order they are shown."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sessions_app.structure.runs import Lane, Run, Runs, runs_of
from sessions_app.structure.timeline import structure
from tests.structure.test_timeline import Call

ASKED, MORE, FIRST, SECOND, INNER = (uuid.UUID(int=number) for number in range(1, 6))


@dataclass
class Agent(Call):
    task: uuid.UUID | None = None
    trace_id: str = ""
    span_id: str = ""


def found(calls: list[Agent]) -> Runs:
    return runs_of(calls, structure(calls))


def a_run() -> list[Agent]:
    """A request that starts an agent, that agent's two requests, and the request that goes on with its answer."""
    return [
        Agent(0, 1, provides=(FIRST, ASKED)),
        Agent(2, 3, provides=(SECOND,), task=ASKED),
        Agent(4, 5, needs=(SECOND,)),
        Agent(6, 7, needs=(FIRST,)),
    ]


def test_a_run_is_what_a_tool_call_started_and_all_that_continues_it() -> None:
    runs = found(a_run())

    assert runs.started_by == {0: [Run(0, (1, 2))]}
    assert runs.starting_at(1) == Run(0, (1, 2))
    assert runs.starting_at(2) is None
    assert [len(runs.around(index)) for index in range(4)] == [0, 1, 1, 0]


def test_the_same_question_in_another_trace_is_no_run() -> None:
    starter, first, *_ = a_run()
    starter.trace_id = starter.span_id = first.span_id = first.trace_id = "a"
    assert found([starter, first]).started_by == {0: [Run(0, (1,))]}
    first.trace_id = "b"
    assert not found([starter, first])
    # A trace id of a log is no span's: proxies make one up for each call.
    starter.span_id = first.span_id = ""
    assert found([starter, first]).started_by == {0: [Run(0, (1,))]}


def test_session_without_sub_agents_has_no_runs() -> None:
    calls = [Agent(0, provides=(FIRST,)), Agent(1, needs=(FIRST,))]

    assert not found(calls)
    assert found(calls).arranged(range(2)) == [0, 1]


def test_runs_at_the_same_time_are_shown_one_after_the_other() -> None:
    runs = Runs([Run(0, (1, 3)), Run(0, (2, 4))])

    assert list(runs.in_order(range(6))) == [0, 1, 3, 2, 4, 5]
    assert list(runs.in_order([3, 4, 5])) == [3, 4, 5]


def test_agent_of_an_agent_has_a_lane_within_its_lane() -> None:
    inner, outer = Run(1, (2, 3)), Run(0, (1, 4))
    runs = Runs([outer, inner])

    assert runs.around(3) == [outer, inner]
    assert runs.arranged(range(6)) == [0, Lane(outer, [1, Lane(inner, [2, 3]), 4]), 5]


def test_runs_that_started_each_other_end() -> None:
    """Nothing that rules find, but rows may be of any kind."""
    runs = Runs([Run(2, (1,)), Run(1, (2,))])

    assert sorted(runs.in_order(range(3))) == [0, 1, 2]
