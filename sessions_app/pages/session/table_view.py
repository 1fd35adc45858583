"""The Table view of a session: a row a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from sessions_app.pages.html.components import component, joined
from sessions_app.pages.html.formats import clock, cost, duration, exact
from sessions_app.pages.session.find import SessionFind
from sessions_app.pages.session.outline_rows import outcome, state_of
from sessions_app.pages.session.view import View, rows_of
from sessions_app.queries.session import RequestLine
from sessions_app.structure import timeline

# A longer session has a page for each block of so many rows.
MOST_ROWS = 500


@dataclass(frozen=True, slots=True)
class TableRow:
    """A request, as its row writes it. `look` says what `text` is: an answer, names of tools, or an error."""

    number: int
    href: str
    state: str
    time: str
    offset: str
    look: str
    text: str
    model: str
    duration: str
    input_tokens: str
    output_tokens: str
    cost: str
    hits: int


def table(query: QueryDict, shown: View, found: SessionFind) -> dict[str, Any]:
    """What the view shows: the rows of a block of requests."""
    block = rows_of(query, shown.addresses, MOST_ROWS)
    numbers = [number for number in range(block.first, block.last + 1) if shown.addresses.shows(number)]
    requests = shown.lines.requests
    begin = min(map(timeline.sane_start, requests), default=shown.session.first_at)
    there = shown.addresses.as_view("")
    rows = []
    for number in numbers[: len(requests)]:
        line = requests[number - 1]
        offset = f"+{duration(timeline.sane_start(line) - begin)}"
        rows.append(_row(number, line, there.in_session(number), offset, found.counts.get(number - 1, 0)))
    return {"shown": block, "rows": joined(map(component("session_table", "row"), rows))}


def _row(number: int, line: RequestLine, href: str, offset: str, hits: int) -> TableRow:
    look, text = outcome(line)
    return TableRow(
        number=number,
        href=href,
        state=state_of(line),
        time=clock(line.started_at),
        offset=offset,
        look=look,
        text=text,
        model=line.model,
        duration=duration(timeline.duration(line)),
        input_tokens=exact(line.input_tokens),
        output_tokens=exact(line.output_tokens),
        cost=cost(line.cost),
        hits=hits,
    )
