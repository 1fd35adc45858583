"""The Waterfall view of a session: its requests and steps on an axis of time."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict

from sessions_app.models import Project
from sessions_app.pages.html.components import component, joined
from sessions_app.pages.html.formats import duration, hue
from sessions_app.pages.session.find import SessionFind
from sessions_app.pages.session.outline_rows import outcome, state_of
from sessions_app.pages.session.view import View, rows_of
from sessions_app.pages.session.waterfall import Scale, bars
from sessions_app.structure import timeline

# A longer session has a page for each block of so many rows.
MOST_ROWS = 400


def waterfall(query: QueryDict, project: Project, shown: View, found: SessionFind) -> dict[str, Any]:
    """What the view shows: the rows of a block of requests."""
    block = rows_of(query, shown.addresses, MOST_ROWS)
    requests = shown.lines.requests
    scale = Scale([line for _, line in shown.whole.order()], shown.whole.gaps)
    there = shown.addresses.as_view("")
    write = component("waterfall", "row")
    rows = []
    for index in range(block.first - 1, min(block.last, len(requests))):
        if shown.addresses.shows(index + 1):
            line = requests[index]
            look, text = outcome(line)
            length = duration(timeline.duration(line))
            href = there.in_session(index + 1)
            rows.append(write(index + 1, href, state_of(line), hue(line.model), look, text, length, bars(line, scale)))
    return {"shown": block, "rows": joined(rows)}
