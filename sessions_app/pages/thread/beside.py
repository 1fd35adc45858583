"""What is beside the requests of a thread: steps, idle time, the beginnings of traces, second reports of a call."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from sessions_app import bounds
from sessions_app.pages.html.components import NOTHING, component, joined
from sessions_app.pages.html.formats import duration
from sessions_app.pages.html.messages import Execution, FoundCall
from sessions_app.pages.html.pieces import more
from sessions_app.pages.thread.addresses import Addresses
from sessions_app.pages.thread.layout import AFTER, BEFORE, MOST_STEPS, Layout
from sessions_app.pages.thread.step_values import returned_in_line
from sessions_app.pages.thread.steps import StepWriter
from sessions_app.pages.thread.wording import counted
from sessions_app.queries.session import RequestLine
from sessions_app.queries.window import Window
from sessions_app.records import ERROR
from sessions_app.structure import timeline
from sessions_app.structure.nesting import is_event, trace_of

# The steps on one side of a request may take this part of an answer's bytes.
PART_OF_STEPS = 0.3


class BesideWriter:
    """Writes what is shown before and after each request of a page. Requests must come in order."""

    def __init__(
        self, layout: Layout, window: Window, addresses: Addresses, causes: Mapping[uuid.UUID, FoundCall]
    ) -> None:
        self.layout, self.addresses = layout, addresses
        self._steps = StepWriter(window, addresses, layout.traces.nesting, causes, layout.traces.reports)
        self._lines = window.lines
        # The trace of what was written last; None before the first.
        self._trace: str | None = None

    def before(self, index: int) -> Markup:
        return self._beside(BEFORE, index) + self._lead(self._lines[index])

    def after(self, index: int) -> Markup:
        return self._beside(AFTER, index)

    def alone(self) -> Markup:
        """The steps of a session without requests."""
        return self._beside(AFTER, -1)

    def _beside(self, side: str, index: int) -> Markup:
        steps = self.layout.beside(side, index)
        html, count = self.steps(steps[: bounds.at_most(MOST_STEPS)])
        if len(steps) > count:
            html += more_steps(self.addresses, side, index, count, len(steps))
        return component("trace", "steps")(side, html) if html else NOTHING

    def steps(self, steps: Sequence[RequestLine]) -> tuple[Markup, int]:
        """Steps as far as the budget lasts, and how many of them are written."""
        found = bounds.write(steps, lambda step: self._lead(step) + self._steps.html(step), part=PART_OF_STEPS)
        return joined(found.pieces), found.count

    def _lead(self, line: RequestLine) -> Markup:
        """Idle time before a request or step, and the beginning of its trace."""
        idle = self.layout.gaps.get(line.id)
        gap = component("trace", "gap")(duration(idle)) if idle else NOTHING
        divider = self.layout.divider(line, self._trace, self.addresses)
        self._trace = self._trace if is_event(line) else trace_of(line)
        return gap + divider


def more_steps(addresses: Addresses, side: str, index: int, start: int, count: int) -> Markup:
    """A button that is replaced by the next steps beside a request."""
    part = f"{addresses.part}&" if addresses.part else ""
    url = f"{addresses.session}steps/?{part}{side}={index + 1}&start={start}"
    words = counted(min(count - start, MOST_STEPS), "more step")
    rest = f" of {count - start:,}" if count - start > MOST_STEPS else ""
    return more(f"Show {words}{rest}", url, url)


def execution_of(writer: StepWriter, step: RequestLine, layout: Layout) -> Execution:
    """What a tool call says of the span that it started."""
    detail = writer.window.steps[step.id]
    words = ": ".join(filter(None, (step.error_type, detail.error_message)))
    error = (words or "failed") if step.status == ERROR else ""
    values = writer.values(step, True)
    return Execution(
        href=layout.step_link(step.id, writer.addresses),
        duration=duration(timeline.duration(step)),
        error=error,
        result=returned_in_line(values),
        body=writer.returned_html(step),
    )
