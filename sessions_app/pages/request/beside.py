"""What stands between the requests of a thread: steps, idle time, where a trace begins, second reports of a call."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from sessions_app import bounds
from sessions_app.pages.html.messages import Execution, FoundCall, fold, reference
from sessions_app.pages.html.plain_text import isolated
from sessions_app.pages.thread.addresses import Addresses
from sessions_app.pages.thread.layout import AFTER, BEFORE, MOST_STEPS, Layout
from sessions_app.pages.thread.steps import StepWriter
from sessions_app.pages.thread.wording import counted
from sessions_app.queries.session import RequestLine
from sessions_app.queries.traces import Report
from sessions_app.queries.window import Window
from sessions_app.records import ERROR
from sessions_app.structure import timeline
from sessions_app.structure.nesting import trace_of
from sessions_app.templatetags.format import duration

# Of what an answer may have in bytes, the steps on one side of a request take at most this much.
PART_OF_STEPS = 0.3
# So many other spans that report one call are named.
MOST_REPORTS = 50
_RESULT_CHARS = 2_000
_SCOPE_CHARS = 80


class BesideWriter:
    """Writes what stands before and after each request of a page, which must come in order."""

    def __init__(
        self, layout: Layout, window: Window, addresses: Addresses, causes: Mapping[uuid.UUID, FoundCall]
    ) -> None:
        self.layout, self.addresses = layout, addresses
        self._steps = StepWriter(window, addresses, layout.traces.nesting, causes)
        self._lines = window.lines
        # The trace of what was written last; None before the first.
        self._trace: str | None = None

    def before(self, index: int) -> str:
        return self._beside(BEFORE, index) + self._lead(self._lines[index])

    def after(self, index: int) -> str:
        return self._beside(AFTER, index)

    def alone(self) -> str:
        """The steps of a session without requests."""
        return self._beside(AFTER, -1)

    def _beside(self, side: str, index: int) -> str:
        steps = self.layout.beside(side, index)
        html, count = self.steps(steps[:MOST_STEPS])
        if len(steps) > count:
            html += more_steps(self.addresses, side, index, count, len(steps))
        return f'<div class="trace-steps" data-side="{side}">{html}</div>' if html else ""

    def steps(self, steps: Sequence[RequestLine]) -> tuple[str, int]:
        """Steps as far as the budget lasts, and how many of them it is."""
        found = bounds.write(steps, lambda step: self._lead(step) + self._steps.html(step), part=PART_OF_STEPS)
        return found.html, found.count

    def _lead(self, line: RequestLine) -> str:
        """Idle time before a request or step, and where its trace begins."""
        idle = gap(duration(found)) if (found := self.layout.gaps.get(line.id)) else ""
        divider = self.layout.divider(line, self._trace, self.addresses)
        self._trace = trace_of(line)
        return idle + divider


def gap(idle: str) -> str:
    return f'<div class="gap" role="separator" aria-label="Idle for {idle}"><span>idle {idle}</span></div>'


def more_steps(addresses: Addresses, side: str, index: int, start: int, count: int) -> str:
    """What shows the next steps beside a request in its place."""
    part = f"{addresses.part}&amp;" if addresses.part else ""
    url = f"{addresses.session}steps/?{part}{side}={index + 1}&amp;start={start}"
    words = counted(min(count - start, MOST_STEPS), "more step")
    rest = f" of {count - start:,}" if count - start > MOST_STEPS else ""
    return f'<a class="more-btn" href="{url}" hx-get="{url}" hx-swap="outerHTML">Show {words}{rest}</a>'


def reports_fold(reports: Sequence[Report], addresses: Addresses) -> str:
    """`also reported by anthropic`, with what the other spans call themselves and links to them."""
    named = (isolated((report.scope or "another span")[:_SCOPE_CHARS]) for report in reports[:MOST_REPORTS])
    scopes = ", ".join(dict.fromkeys(named))
    left = len(reports) - MOST_REPORTS
    reports = reports[:MOST_REPORTS]
    names = ", ".join(isolated(report.line.name[:_SCOPE_CHARS]) for report in reports)
    items = "".join(_report(report, addresses) for report in reports)
    items += reference("info", f"{counted(left, 'more span')} in the outline of the trace") if left > 0 else ""
    return fold(f"<span>also reported by {scopes}</span>", "", names, f'<div class="reports">{items}</div>')


def _report(report: Report, addresses: Addresses) -> str:
    line = report.line
    link = f'<a class="link" href="{addresses.request(line.id)}">{isolated(line.name or line.span_id)}</a>'
    facts = [link, duration(timeline.duration(line)), "failed" if line.status == ERROR else ""]
    return reference("external", ", ".join(filter(None, facts)))


def execution_of(writer: StepWriter, step: RequestLine, layout: Layout) -> Execution:
    """What a tool call is told of the span that it started."""
    detail = writer.window.steps[step.id]
    words = ": ".join(filter(None, (step.error_type, detail.error_message)))
    error = (words or "failed") if step.status == ERROR else ""
    values = writer.values(step, True)
    return Execution(
        href=layout.step_link(step.id, writer.addresses),
        duration=duration(timeline.duration(step)),
        error=error,
        result=values[0].text[:_RESULT_CHARS] if values else "",
        body=writer.returned_html(step),
    )
