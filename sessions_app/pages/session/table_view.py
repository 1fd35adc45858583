"""The Table view of a session: a row a request, ordered by any column, of some or all requests."""

from __future__ import annotations

import uuid
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from markupsafe import Markup

from sessions_app.content.endings import is_cut
from sessions_app.pages.html.components import component, joined
from sessions_app.pages.session.find import SessionFind
from sessions_app.pages.session.outline_rows import state_of
from sessions_app.pages.session.outline_tree import MAIN, agent_of
from sessions_app.pages.session.prompts import new_prompts
from sessions_app.pages.session.table_columns import (
    COLUMNS,
    HIDDEN_WHERE_NARROW,
    Column,
    TableFacts,
    shown_columns,
    text_of,
)
from sessions_app.pages.session.view import RequestBlock, View
from sessions_app.pages.sessions.chosen_columns import ChosenColumns, chosen_columns, parameters_beside
from sessions_app.pages.thread.place import whole_number
from sessions_app.pages.thread.wording import counted
from sessions_app.queries.derived import costs_of
from sessions_app.records import ERROR

# A longer session has a page for each block of so many rows.
MOST_ROWS = 250
PROMPT_CHARS = 300
UNIT = "session"

# What an address may name to show only some requests, and the words for it.
KINDS = {"failed": "Failed", "tools": "Failed tools", "cut": "Cut off", "found": "Found"}


@dataclass(frozen=True, slots=True)
class TableHead:
    """The head of a column: a link that orders the rows by it. `sort`: the direction of the order, as ARIA says it."""

    column: Column
    href: str
    sort: str


@dataclass(frozen=True, slots=True)
class KindLink:
    """A link that shows only the requests of a kind, or all of them."""

    name: str
    count: int
    href: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class TableRow:
    """A request, as its row writes it. `look` says what `text` is: an answer, names of tools, or an error. `cells`: the
    class and the content of each, where that is not written otherwise.
    """

    number: int
    id: uuid.UUID
    href: str
    state: str
    look: str
    text: str
    tool_failures: int
    is_cut: bool
    hits: int
    mark: Markup
    cells: Sequence[tuple[Column, str]]


class Table:
    """The rows that an address asks for."""

    def __init__(self, request: HttpRequest, shown: View, found: SessionFind, mark_of: Callable[[int], Markup]) -> None:
        self.shown, self.found, self.mark_of, self.query = shown, found, mark_of, request.GET
        lines = shown.lines.requests
        totals = costs_of(lines)
        self.facts = TableFacts(lines, shown.tool_failures, totals, shown.axis)
        self.columns: ChosenColumns = chosen_columns(request, UNIT)
        self.shown_columns = shown_columns(self.columns.names)
        asked = self.query.get("sort", "")
        self.sort = asked if asked.removeprefix("-") in COLUMNS and asked != "n" else ""
        self.kind = self.query.get("only", "") if self.query.get("only") in KINDS else ""
        self.all = shown.addresses.shown_of(range(len(lines)))
        self.order = self._ordered(self._of(self.kind))

    # --- which rows, in which order ---

    def _of(self, kind: str) -> Sequence[int]:
        """The requests of this kind, in the order of time."""
        lines, failures, found = self.facts.lines, self.facts.tool_failures, self.found.counts
        if kind == "failed":
            return [index for index in self.all if lines[index].status == ERROR]
        if kind == "tools":
            return [index for index in self.all if lines[index].id in failures] if failures else []
        if kind == "cut":
            return [index for index in self.all if is_cut(lines[index].finish_reason)]
        return [index for index in self.all if index in found] if kind == "found" else self.all

    def _ordered(self, indices: Sequence[int]) -> Sequence[int]:
        """By the column of the address. What is not known comes last in both directions."""
        if not self.sort:
            return indices
        value = COLUMNS[self.sort.removeprefix("-")].value
        values = {index: value(self.facts, index) for index in indices}
        known = [index for index in indices if values[index] is not None]
        known.sort(key=lambda index: values[index], reverse=self.sort.startswith("-"))
        return known + [index for index in indices if values[index] is None]

    def page(self) -> tuple[Sequence[int], dict[str, str]]:
        """The rows of the page that has request `from`, and the addresses of the pages before and after it, and of the
        first and the last row where these are on other pages.
        """
        asked = whole_number(self.query.get("from", ""), 0) - 1
        if self.sort:
            place = self.order.index(asked) if asked in self.order else 0
        else:
            place = max(bisect_right(self.order, asked) - 1, 0)
        start = place // MOST_ROWS * MOST_ROWS
        before = self.order[start - MOST_ROWS] if start else None
        after = self.order[start + MOST_ROWS] if start + MOST_ROWS < len(self.order) else None
        links = {"before": self._page_link(before), "after": self._page_link(after)}
        links["first"] = f"{self._page_link(self.order[0])}#r{self.order[0] + 1}" if links["before"] else ""
        links["last"] = f"{self._page_link(self.order[-1])}#r{self.order[-1] + 1}" if links["after"] else ""
        return self.order[start : start + MOST_ROWS], links

    # --- addresses ---

    def _page_link(self, index: int | None) -> str:
        return "" if index is None else self.href(**{"from": str(index + 1)})

    def href(self, **changed: str) -> str:
        """The address of the table with other parameters; those that are "" are left out."""
        members = {"sort": self.sort, "only": self.kind, "columns": self.columns.parameter} | changed
        rest = urlencode({name: value for name, value in members.items() if value})
        return "?" + "&".join(filter(None, (self.shown.addresses.part, rest)))

    @property
    def all_href(self) -> str:
        """All requests, in the same order."""
        return self.href(only="")

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """What the form of the columns sends beside them."""
        return parameters_beside(self.href(columns=""))

    def heads(self) -> Iterator[TableHead]:
        for column in self.shown_columns:
            is_sorted = self.sort.removeprefix("-") == column.key if self.sort else column.key == "n"
            is_descending = is_sorted and self.sort.startswith("-")
            turned = not is_descending if is_sorted else column.is_most_first
            sort = f"-{column.key}" if turned else column.key
            direction = ("descending" if is_descending else "ascending") if is_sorted else ""
            yield TableHead(column, self.href(sort="" if sort == "n" else sort), direction)

    def kinds(self) -> list[KindLink]:
        """Which kinds of requests there are; nothing if there are none to choose from."""
        counts = {kind: len(self._of(kind)) for kind in KINDS}
        links = [
            KindLink(KINDS[kind], count, self.href(only=kind), kind == self.kind)
            for kind, count in counts.items()
            if count or kind == self.kind
        ]
        return [KindLink("All", len(self.all), self.href(only=""), not self.kind), *links] if links else []

    # --- what is written ---

    def rows(self, indices: Sequence[int]) -> Markup:
        """The rows, with what the user said between them where they are in the order of time."""
        prompts = {} if self.sort or not indices else new_prompts(self.shown, indices, min(indices))
        there = self.shown.addresses.as_view("")
        write, divide = component("session_table", "row"), component("session_table", "prompt")
        narrow = [column.css for column in self.shown_columns if column.key in HIDDEN_WHERE_NARROW]
        pieces: list[Markup] = []
        for index in indices:
            if index in prompts and agent_of(self.shown.runs, index) == MAIN:
                pieces.append(divide(prompts[index][:PROMPT_CHARS], len(self.shown_columns) - len(narrow), narrow))
            pieces.append(write(self._row(index, there.in_session)))
        return joined(pieces)

    def _row(self, index: int, address: Callable[[int], str]) -> TableRow:
        line = self.facts.lines[index]
        look, text = text_of(self.facts, index)
        return TableRow(
            number=index + 1,
            id=line.id,
            href=address(index + 1),
            state=state_of(line),
            look=look,
            text=text,
            tool_failures=self.facts.tool_failures.get(line.id, 0),
            is_cut=is_cut(line.finish_reason),
            hits=self.found.counts.get(index, 0),
            mark=self.mark_of(index),
            cells=[(column, column.write(self.facts, index)) for column in self.shown_columns],
        )

    def sums(self) -> list[tuple[Column, str]]:
        """Below the rows: the sums of all that are in the table, on whichever page."""
        lines = [self.facts.lines[index] for index in self.order]
        failed = sum(line.status == ERROR for line in lines)
        words = counted(len(lines), "request") + (f", {failed} failed" if failed else "")
        return [(column, words if column.key == "did" else column.sum(lines)) for column in self.shown_columns]


def table(request: HttpRequest, shown: View, found: SessionFind, mark_of: Callable[[int], Markup]) -> dict[str, Any]:
    """What the view shows. `mark_of`: what rules say of a request."""
    made = Table(request, shown, found, mark_of)
    indices, links = made.page()
    numbers = [index + 1 for index in indices] or [1]
    return {
        # In another order than that of time, a page has no place in the session.
        "shown": RequestBlock(1 if made.sort else numbers[0], max(numbers), None, None),
        "table": made,
        "rows": made.rows(indices),
        "links": links,
        "kinds": made.kinds(),
    }
