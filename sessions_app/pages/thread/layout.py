"""What stands where in a session: its requests, the steps beside them, the traces that group both, idle time."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import timedelta
from functools import cached_property

from sessions_app.models import Project
from sessions_app.pages.html.messages import icon
from sessions_app.pages.html.plain_text import shown
from sessions_app.pages.thread.addresses import Addresses
from sessions_app.pages.thread.wording import counted
from sessions_app.queries.session import RequestLine, SessionLines
from sessions_app.queries.traces import Traces, load_traces
from sessions_app.structure.nesting import Steps, Trace, arrange, idle_before, trace_of, traces
from sessions_app.templatetags.format import duration

# Beside one request so many steps are shown at first, and as many more at a time.
MOST_STEPS = 100
BEFORE, AFTER = "before", "after"
# Of a trace id so much is shown.
_ID_CHARS = 8


class Layout:
    """The order of a session's page. `trace` limits it to one trace; then its steps stand among its requests alone."""

    def __init__(self, lines: SessionLines, traces_of: Traces, trace: str = "") -> None:
        self.lines, self.traces = lines, traces_of
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

    def places(self) -> Iterator[tuple[tuple[str, int], int | None, RequestLine]]:
        """Requests with their indices, and the steps between them, in the order in which they are shown; each with the
        side of the request on which it stands ("" for the request itself).
        """
        yield from (((AFTER, -1), None, step) for step in self.steps.after.get(-1, ()))
        for index in self.indices:
            yield from (((BEFORE, index), None, step) for step in self.steps.before.get(index, ()))
            yield ("", index), index, self.lines.requests[index]
            yield from (((AFTER, index), None, step) for step in self.steps.after.get(index, ()))

    def order(self) -> Iterator[tuple[int | None, RequestLine]]:
        """The same without the sides."""
        return ((index, line) for _, index, line in self.places())

    @cached_property
    def gaps(self) -> dict[uuid.UUID, timedelta]:
        """By the id of a request or step, how long nothing ran before it, where that is long."""
        return idle_before([line for _, line in self.order()])

    @cached_property
    def owners(self) -> dict[uuid.UUID, int]:
        """By the id of a step, the index of the request beside which it stands."""
        return self.steps.owners()

    def step_link(self, step_id: uuid.UUID, addresses: Addresses) -> str:
        """A link to a step in its session."""
        return addresses.beside(max(self.owners.get(step_id, 0), 0) + 1, step_id)

    @cached_property
    def firsts(self) -> set[uuid.UUID]:
        """The first request or step of each trace."""
        found: dict[str, uuid.UUID] = {}
        for _, line in self.order():
            found.setdefault(trace_of(line), line.id)
        return set(found.values())

    def beside(self, side: str, index: int) -> Sequence[RequestLine]:
        """The steps before or after a request."""
        return (self.steps.before if side == BEFORE else self.steps.after).get(index, ())

    def to_read(self, indices: Iterable[int]) -> list[RequestLine]:
        """The steps that are shown beside these requests."""
        places = [(side, index) for index in indices for side in (BEFORE, AFTER)]
        return [step for place in places for step in self.beside(*place)[:MOST_STEPS]]

    def companions(self, chosen: Collection[uuid.UUID]) -> list[uuid.UUID]:
        """What belongs to these requests and to no others: second reports of their calls, the steps that contain
        nothing else, and the steps that follow them in their trace.
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
        """The request of the same trace beside which a step stands."""
        index = self.owners.get(step.id, -1)
        request = self.lines.requests[index] if index >= 0 else None
        return request.id if request and request.trace_id == step.trace_id else None

    def divider(self, line: RequestLine, before: str | None, addresses: Addresses) -> str:
        """The HTML that stands where another trace than `before` goes on; "" when it is the same, or the only one."""
        trace_id = trace_of(line)
        if not self.groups or trace_id == before:
            return ""
        is_first = line.id in self.firsts
        group = self.groups[trace_id]
        identity = f' id="{trace_anchor(trace_id)}"' if is_first and trace_id else ""
        words = _words(group, is_first, addresses)
        return f'<div class="trace-line"{identity} role="separator"><span>{words}</span></div>'


def trace_anchor(trace_id: str) -> str:
    return f"t-{shown(trace_id)}"


def _words(group: Trace, is_first: bool, addresses: Addresses) -> str:
    """`trace 47c1ee20 · 3 requests, 5 steps · 782 ms`."""
    name = "outside of a trace"
    if group.trace_id:
        href = shown(addresses.of_trace(group.trace_id))
        title = f"Trace {shown(group.trace_id)}: show it alone"
        name = f'trace <a class="link" href="{href}" title="{title}"><code>{short(group.trace_id)}</code></a>'
    if not is_first:
        return f"{icon('chain')}{name} · continued"
    return f"{icon('chain')}{name} · {contents(group)} · {duration(group.length)}"


def short(trace_id: str) -> str:
    """The HTML of the beginning of a trace id."""
    return shown(trace_id[:_ID_CHARS])


def contents(group: Trace) -> str:
    """`3 requests, 5 steps`."""
    pieces = [counted(group.request_count, "request")] if group.request_count else []
    pieces += [counted(group.step_count, "step")] if group.step_count else []
    return ", ".join(pieces)


def layout_of(project: Project, lines: SessionLines, trace: str = "") -> Layout:
    """The layout of a session's page; at most one statement."""
    return Layout(lines, load_traces(project, lines), trace)
