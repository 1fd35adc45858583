"""The order of a session's page: its requests, the steps beside them, the traces that group both, idle time."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import timedelta
from functools import cached_property

from markupsafe import Markup

from sessions_app import bounds
from sessions_app.models import Project
from sessions_app.pages.html.components import NOTHING, component
from sessions_app.pages.html.formats import extent, short_id
from sessions_app.pages.thread.addresses import Addresses
from sessions_app.pages.thread.wording import counted
from sessions_app.queries.kept import Derived
from sessions_app.queries.session import RequestLine, SessionLines
from sessions_app.queries.traces import Traces, load_traces
from sessions_app.structure import timeline
from sessions_app.structure.nesting import Steps, Trace, arrange, idle_before, is_event, trace_of, traces

# The most steps that are shown beside a request at first, and the most that are added at a time.
MOST_STEPS = 100
BEFORE, AFTER = "before", "after"


class Layout:
    """The order of a session's page. With a `trace`, only the requests and steps of that trace are in it."""

    def __init__(self, lines: SessionLines, traces_of: Traces, trace: str = "") -> None:
        self.lines, self.traces = lines, traces_of
        # What pages compute from it.
        self.derived = Derived()
        self.groups = traces(lines.requests, [*lines.steps, *traces_of.strays])
        self.trace = trace if trace and trace in self.groups else ""
        self.indices = [i for i, line in enumerate(lines.requests) if self.trace in ("", trace_of(line))]
        self.steps = self._arranged()

    def _arranged(self) -> Steps[RequestLine]:
        if not self.trace:
            return self.traces.steps(self.lines)
        steps = [s for s in (*self.lines.steps, *self.traces.strays) if trace_of(s) == self.trace]
        requests = [self.lines.requests[index] for index in self.indices]
        return arrange(requests, steps, self.traces.nesting, self.indices)

    @cached_property
    def places(self) -> Sequence[tuple[tuple[str, int], int | None, RequestLine]]:
        """Requests with their indices, and the steps between them, in the order in which they are shown.

        The first value says where: on which side of which request. The side of a request itself is "".
        """
        return list(self._places())

    def _places(self) -> Iterator[tuple[tuple[str, int], int | None, RequestLine]]:
        yield from (((AFTER, -1), None, step) for step in self.steps.after.get(-1, ()))
        for index in self.indices:
            yield from (((BEFORE, index), None, step) for step in self.steps.before.get(index, ()))
            yield ("", index), index, self.lines.requests[index]
            yield from (((AFTER, index), None, step) for step in self.steps.after.get(index, ()))

    def order(self) -> Iterator[tuple[int | None, RequestLine]]:
        """The same without the sides."""
        return ((index, line) for _, index, line in self.places)

    @property
    def lines_in_order(self) -> list[RequestLine]:
        return [line for _, _, line in self.places]

    @cached_property
    def extent(self) -> timeline.Extent | None:
        """From the first start to the last end."""
        return timeline.span_of(self.lines_in_order)

    @cached_property
    def gaps(self) -> dict[uuid.UUID, timedelta]:
        """By the id of a request or step, how long nothing ran before it. Short times are left out."""
        return idle_before(self.lines_in_order)

    @cached_property
    def owners(self) -> dict[uuid.UUID, int]:
        """By the id of a step, the index of the request that it is shown beside."""
        return self.steps.owners()

    def step_link(self, step_id: uuid.UUID, addresses: Addresses) -> str:
        """A link to a step in its session."""
        return addresses.beside(max(self.owners.get(step_id, 0), 0) + 1, step_id)

    @cached_property
    def firsts(self) -> set[uuid.UUID]:
        """The first request or step of each trace."""
        found: dict[str, uuid.UUID] = {}
        for _, line in self.order():
            if not is_event(line):
                found.setdefault(trace_of(line), line.id)
        return set(found.values())

    def beside(self, side: str, index: int) -> Sequence[RequestLine]:
        """The steps before or after a request."""
        return (self.steps.before if side == BEFORE else self.steps.after).get(index, ())

    def to_read(self, indices: Iterable[int]) -> list[RequestLine]:
        """The steps that are shown beside these requests."""
        places = [(side, index) for index in indices for side in (BEFORE, AFTER)]
        return [step for place in places for step in self.beside(*place)[: bounds.at_most(MOST_STEPS)]]

    def companions(self, chosen: Collection[uuid.UUID]) -> list[uuid.UUID]:
        """What belongs only to these requests: second reports of their calls, the steps that contain no other requests,
        and the steps that follow them in their trace.
        """
        requests = {line.id for line in self.lines.requests}
        contained: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
        for line in self.lines.requests:
            for around in self.traces.nesting.ancestors(line):
                contained[around.id].add(line.id)
        found = [report.line.id for log_id in chosen for report in self.traces.reports.get(log_id, ())]
        for step in self.lines.steps:
            inside = contained.get(step.id) or {self._request_beside(step)} & requests
            if inside and inside <= set(chosen):
                found.append(step.id)
        return found

    def _request_beside(self, step: RequestLine) -> uuid.UUID | None:
        """The id of the request that a step is shown beside, if both are in the same trace."""
        index = self.owners.get(step.id, -1)
        request = self.lines.requests[index] if index >= 0 else None
        return request.id if request and request.trace_id == step.trace_id else None

    def divider(self, line: RequestLine, before: str | None, addresses: Addresses) -> Markup:
        """The line where a trace begins or goes on; empty within the trace `before`, and if there is only one."""
        trace_id = trace_of(line)
        if not self.groups or trace_id == before or is_event(line):
            return NOTHING
        is_first = line.id in self.firsts
        group = self.groups[trace_id]
        return component("trace", "divider")(
            anchor=trace_anchor(trace_id) if is_first and trace_id else "",
            href=addresses.of_trace(trace_id),
            title=f"Trace {trace_id}: show only this one" if trace_id else "",
            short=short_id(trace_id),
            words=f"{contents(group)} · {extent(group.length)}" if is_first else "continued",
        )


def trace_anchor(trace_id: str) -> str:
    return f"t-{trace_id}"


def contents(group: Trace) -> str:
    """`3 requests, 5 steps`."""
    pieces = [counted(group.request_count, "request")] if group.request_count else []
    pieces += [counted(group.step_count, "step")] if group.step_count else []
    return ", ".join(pieces)


def layout_of(project: Project, lines: SessionLines) -> Layout:
    """The layout of a session's page; at most one statement."""
    traces = load_traces(project, lines)
    return traces.derived.once("layout", lambda: Layout(lines, traces))
