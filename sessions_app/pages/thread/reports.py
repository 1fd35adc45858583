"""The other spans and log records that report the same call, or the same run of a tool."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from markupsafe import Markup

from sessions_app import bounds
from sessions_app.pages.html.components import NOTHING, component, joined, sentence
from sessions_app.pages.html.formats import duration
from sessions_app.pages.html.pieces import fold, link, reference, row
from sessions_app.pages.thread.addresses import Addresses
from sessions_app.pages.thread.wording import counted
from sessions_app.queries.traces import Report
from sessions_app.records import ERROR
from sessions_app.structure import timeline

# At most this many are named.
MOST_REPORTS = 50
_SCOPE_CHARS = 80
_PREVIEW_CHARS = 120


def reports_fold(reports: Sequence[Report], addresses: Addresses) -> Markup:
    """`also reported by anthropic`, with the names that the other spans have, and links to them."""
    shown, left = reports[: bounds.at_most(MOST_REPORTS)], len(reports) - bounds.at_most(MOST_REPORTS)
    scopes = dict.fromkeys((report.scope or "another span")[:_SCOPE_CHARS] for report in shown)
    items = [_report(report, addresses) for report in shown]
    if left > 0:
        items.append(reference("info", f"{counted(left, 'more span')} in the outline of the trace"))
    return fold(
        component("trace", "reported_by")(list(scopes)),
        component("trace", "reports")(joined(items)),
        peek=component("trace", "names")([report.line.name[:_SCOPE_CHARS] for report in shown]),
    )


_SAID = {"request": "What it sent", "response": "Its answer"}


def told_apart(side: Literal["request", "response"], reports: Iterable[Report], addresses: Addresses) -> Markup:
    """Where the messages of a call are, if only another report of it has them."""
    members = {"request": "input_preview", "response": "output_preview"}
    line = next((report.line for report in reports if getattr(report.line, members[side])), None)
    if line is None:
        return NOTHING
    words = link(addresses.request(line.id), (line.name or line.span_id)[:_SCOPE_CHARS])
    return row("", reference("info", sentence("{} is in another report of the call: {}", _SAID[side], words)))


def _report(report: Report, addresses: Addresses) -> Markup:
    line = report.line
    name, length = line.name or line.span_id, duration(timeline.duration(line))
    previews = [preview[:_PREVIEW_CHARS] for preview in (line.input_preview, line.output_preview) if preview]
    words = component("trace", "report")(addresses.request(line.id), name, length, line.status == ERROR, previews)
    return reference("external", words)
