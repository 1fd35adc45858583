"""Requests and steps as a tree."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sessions_app.structure.nesting import Nesting
from sessions_app.structure.runs import Run, Runs
from sessions_app.structure.trace_tree import MOST_DEPTH, rows, tree

START = datetime(2026, 3, 14, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    """A request or step that starts so many seconds after START and takes a second."""

    span_id: str
    at: float = 0
    parent_id: str = ""
    kind: str = "llm"
    step: bool = False
    status: str = "ok"
    cost: Decimal | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    trace_id: str = "t"
    received_at: datetime = START + timedelta(days=1)
    id: uuid.UUID = field(default_factory=uuid.uuid4)

    @property
    def started_at(self) -> datetime:
        return START + timedelta(seconds=self.at)

    @property
    def ended_at(self) -> datetime:
        return self.started_at + timedelta(seconds=1)


def placed(*given: Row, runs: Runs | None = None, first: float = 0, last: float = 1e6) -> list[tuple[str, int]]:
    """The names and depths of all rows between two seconds; those that have no parent are requests."""
    requests = [row for row in given if not row.step]
    order = [(None if row.step else requests.index(row), row) for row in given]
    roots = tree(order, Nesting(given), runs or Runs())
    found = rows(roots, START + timedelta(seconds=first), START + timedelta(seconds=last))
    return [(node.line.span_id if node.line else "run", len(around)) for node, around in found]


def test_what_contains_comes_first_and_siblings_by_their_start() -> None:
    agent = Row("agent", 0, step=True)
    late, early = Row("late", 5, "agent"), Row("early", 1, "agent")
    assert placed(late, early, agent, Row("other", 3)) == [("agent", 0), ("early", 1), ("late", 1), ("other", 0)]


def test_time_and_sums_include_what_is_inside() -> None:
    agent = Row("agent", 4, step=True)
    calls = [Row("a", 2, "agent", cost=Decimal(1), input_tokens=10), Row("b", 8, "agent", status="error")]
    (root,) = tree([(None, agent), (0, calls[0]), (1, calls[1])], Nesting([agent, *calls]), Runs())

    assert (root.begin, root.end) == (START + timedelta(seconds=2), START + timedelta(seconds=9))
    assert (root.sums.requests, root.sums.failed) == (2, 1)
    assert (root.sums.cost, root.sums.input_tokens, root.sums.output_tokens) == (Decimal(1), 10, None)


def test_only_what_ran_in_the_time_is_listed_with_what_is_around_it() -> None:
    agent = Row("agent", 0, step=True)
    calls = [Row(f"c{n}", n * 10, "agent") for n in range(4)]
    assert placed(agent, *calls, first=9, last=22) == [("agent", 0), ("c1", 1), ("c2", 1)]
    assert placed(agent, *calls, first=99, last=100) == []


def test_a_run_of_a_sub_agent_is_one_node_unless_the_trace_tells_it() -> None:
    runs = Runs([Run(0, (1, 2))])
    told = [Row("", 0, trace_id=""), Row("", 1, trace_id=""), Row("", 2, trace_id=""), Row("", 3, trace_id="")]
    assert [depth for _, depth in placed(*told, runs=runs)] == [0, 0, 1, 1, 0]
    agents = [Row("main", 0, step=True), Row("sub", 1, "main", step=True)]
    calls = [Row("a", 0, "main"), Row("b", 1, "sub"), Row("c", 2, "sub")]
    assert placed(*agents, *calls, runs=runs) == [("main", 0), ("a", 1), ("sub", 1), ("b", 2), ("c", 2)]


def test_spans_that_contain_each_other_are_all_there() -> None:
    circle = [Row("a", 0, "c"), Row("b", 1, "a"), Row("c", 2, "b"), Row("self", 3, "self")]
    assert sorted(name for name, _ in placed(*circle)) == ["a", "b", "c", "self"]


def test_deep_nesting_is_bounded() -> None:
    chain = [Row(f"s{n}", n, f"s{n - 1}" if n else "", step=True) for n in range(60)]
    found = placed(*chain)
    assert len(found) == 60
    assert max(depth for _, depth in found) <= MOST_DEPTH
