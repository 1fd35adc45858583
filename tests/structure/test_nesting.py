"""Where steps stand among requests, and how deep."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sessions_app.structure.nesting import MOST_LEVELS, Nesting, arrange, idle_before, traces

START = datetime(2026, 3, 14, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    """A request or step that starts so many seconds after START and takes a second."""

    span_id: str
    at: float = 0
    parent_id: str = ""
    kind: str = "llm"
    trace_id: str = "t"
    seconds: float | None = 1
    status: str = "success"
    received_at: datetime = START
    id: uuid.UUID = field(default_factory=uuid.uuid4)

    @property
    def started_at(self) -> datetime:
        return START + timedelta(seconds=self.at)

    @property
    def ended_at(self) -> datetime | None:
        return None if self.seconds is None else self.started_at + timedelta(seconds=self.seconds)


def placed(requests: list[Row], steps: list[Row]) -> list[str]:
    """Requests and steps as they follow each other; `|` between what belongs to one request and to the next."""
    found = arrange(requests, steps, Nesting([*requests, *steps]))
    pieces = [step.span_id for step in found.after[-1]]
    for index, request in enumerate(requests):
        pieces += ["|", *(step.span_id for step in found.before[index]), request.span_id]
        pieces += [step.span_id for step in found.after[index]]
    return pieces


def test_it_works() -> None:
    requests = [Row("r1", 1, "agent"), Row("r2", 5, "turn")]
    steps = [
        Row("tool", 3, "agent", "tool"),
        Row("agent", 0, kind="agent"),
        Row("turn", 4, "agent", "chain"),
    ]
    assert placed(requests, steps) == ["|", "agent", "r1", "tool", "|", "turn", "r2"]


def test_what_contains_only_the_next_request_belongs_to_it() -> None:
    requests = [Row("r1", 0), Row("r2", 9, "b")]
    steps = [Row("prompt", 3, "b", "chain"), Row("b", 2, kind="chain"), Row("tool", 1, "", "tool")]
    assert placed(requests, steps) == ["|", "r1", "tool", "|", "b", "prompt", "r2"]


def test_step_of_another_trace_begins_it() -> None:
    requests = [Row("r1", 0), Row("r2", 9, trace_id="u")]
    steps = [Row("guard", 5, kind="guardrail", trace_id="u"), Row("check", 3, kind="guardrail")]
    assert placed(requests, steps) == ["|", "r1", "check", "|", "guard", "r2"]


def test_agent_stands_before_what_it_contains_whatever_its_clock_says() -> None:
    assert placed([Row("r1", 0, "agent")], [Row("agent", 5, kind="agent")]) == ["|", "agent", "r1"]


def test_steps_alone() -> None:
    assert placed([], [Row("b", 1, "a"), Row("a", 0)]) == ["a", "b"]


def test_depth_counts_what_is_shown() -> None:
    rows = [Row("a"), Row("c", parent_id="b"), Row("d", parent_id="x"), Row("e", parent_id="c")]
    nesting = Nesting(rows, {("t", "b"): "a"})
    assert [nesting.depth(row) for row in rows] == [0, 1, 0, 2]
    assert nesting.missing() == {("t", "x")}
    assert nesting.common_depth(rows[1], rows[3]) == 1
    assert nesting.common_depth(rows[2], rows[3]) == -1


def test_ids_of_other_traces_are_others() -> None:
    rows = [Row("a", trace_id="t"), Row("b", parent_id="a", trace_id="u")]
    assert [Nesting(rows).depth(row) for row in rows] == [0, 0]


def test_spans_in_a_circle_and_without_end() -> None:
    circle = [Row("a", parent_id="b"), Row("b", parent_id="a"), Row("c", parent_id="c")]
    nesting = Nesting(circle, {("t", "x"): "y", ("t", "y"): "x"})
    assert [nesting.depth(row) for row in circle] == [1, 1, 0]
    deep = [Row(str(n), parent_id=str(n - 1)) for n in range(2_000)]
    assert max(map(Nesting(deep).depth, deep)) == MOST_LEVELS


def test_a_request_that_may_have_run_leaves_no_pause() -> None:
    running = Row("r1", 1, seconds=None, status="running")
    later = [Row("r2", 600), Row("r3", 700), Row("r4", 2 * 3_600)]
    assert idle_before([running, *later]) == {later[2].id: timedelta(seconds=3_599)}
    ended = Row("r1", 1, seconds=None)
    assert idle_before([ended, later[0]]) == {later[0].id: timedelta(seconds=599)}


def test_agent_that_waits_is_idle_time() -> None:
    rows = [Row("agent", 0, kind="agent", seconds=100), Row("r1", 1, "agent"), Row("tool", 60, "agent", "tool")]
    assert idle_before(rows) == {rows[2].id: timedelta(seconds=58)}


def test_traces_are_told_when_there_are_several() -> None:
    assert traces([Row("a")], [Row("b")]) == {}
    found = traces([Row("a"), Row("", 3, trace_id="named")], [Row("b", 2, trace_id="u"), Row("c", 4)])
    assert {key: (one.request_count, one.step_count) for key, one in found.items()} == {
        "t": (1, 1),
        "u": (0, 1),
        "": (1, 0),
    }
    assert found["t"].length == timedelta(seconds=5)
