"""The outline of a session: its contents in folds, with a small waterfall. Which rows are written, and which are links.

A page has few of the rows of a long session. It has the heads of all folds or of the pieces that these are in, and the
rows of the requests that are on the page. A head without rows is a link, which htmx replaces by the rows.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from markupsafe import Markup

from sessions_app import bounds
from sessions_app.pages.session.outline_heads import HeadWriter
from sessions_app.pages.session.outline_rows import RowWriter
from sessions_app.pages.session.outline_tree import (
    Fold,
    Node,
    OutlineRow,
    all_rows,
    in_pieces,
    outline_tree,
)
from sessions_app.pages.session.waterfall import Scale
from sessions_app.pages.thread.addresses import Addresses
from sessions_app.pages.thread.layout import Layout
from sessions_app.pages.thread.steps import anchor
from sessions_app.queries.kept import Derived
from sessions_app.queries.session import RequestLine
from sessions_app.records import ERROR
from sessions_app.structure.runs import Runs
from sessions_app.structure.timeline import Structure

# A session with more rows has only those of the requests on the page, and at most as many.
MOST_ROWS = 300
# The rows may take this part of the bytes of an answer.
PART_OF_ANSWER = 0.3
# Of the failed requests before and after those on the page, the numbers of so many are told.
MOST_FAILED = 500

_KEY = re.compile(r"(turn|run|agent|piece)-(\d{1,6})-(\d{1,6})")


@dataclass(slots=True)
class Outline:
    """Writes the rows of the outline. The requests with the numbers `first` to `last` are on the page.

    `layout` is that of the whole session: what the page does not show has a row too.
    """

    lines: Sequence[RequestLine]
    addresses: Addresses
    first: int
    last: int
    structure: Structure
    layout: Layout
    # By the id of a request, how many failed tool results it was the first to bring; and by its index, what happened to
    # the context before it.
    tool_failures: Mapping[uuid.UUID, int]
    contexts: Mapping[int, str]
    runs: Runs = field(default_factory=Runs)
    # How often what is looked for was found in each request.
    hits: Mapping[int, int] = field(default_factory=dict)
    _rows: list[OutlineRow] = field(init=False)
    _row_writer: RowWriter = field(init=False)
    _heads: HeadWriter = field(init=False)
    _is_whole: bool = field(init=False)
    _rows_left: int = field(init=False)

    def __post_init__(self) -> None:
        kept, layout = self.layout.derived, self.layout
        scale = kept.once("scale", lambda: Scale(layout.lines_in_order, layout.gaps, layout.extent))
        place = (self.lines, self.addresses, self.first, self.last)
        failures = self.tool_failures
        self._rows = kept.once("rows", lambda: all_rows(layout, self.runs))
        self._row_writer = RowWriter(
            *place, self.structure, self.layout, scale, failures, self.runs, self.hits, self.contexts
        )
        self._heads = HeadWriter(self.lines, self.runs, failures, self.hits, self.contexts, kept)

    def html(self) -> Markup:
        """All rows if they are few and the answer's budget lasts for them; else those of the requests on the page."""
        root = self.layout.derived.once("tree", lambda: outline_tree(self._rows, self.layout, self.runs))
        if len(self._rows) <= MOST_ROWS:
            pieces, is_complete = self._written(root, is_whole=True)
            if is_complete:
                return _joined(pieces)
        return _joined(self._written(root, is_whole=False)[0])

    def fold(self, key: str) -> Markup | None:
        """A fold with its rows, open; None if there is no such fold."""
        found = _KEY.fullmatch(key)
        start, end = (int(found[2]), int(found[3])) if found else (0, 0)
        rows = self._rows[start:end]
        if not found or not rows:
            return None
        fold = outline_tree(rows, self.layout, self.runs, start)
        while len(fold.content) == 1 and isinstance(inner := fold.content[0], Fold) and fold.kind != found[1]:
            fold = inner
        if found[1] == "piece":
            fold = Fold("piece", start, start + len(rows), content=fold.content)
        # An address may name any rows, so what is said of these is not kept.
        self._heads.derived = Derived()
        pieces, _ = self._written(fold, is_whole=len(rows) <= MOST_ROWS)
        return _joined([self._heads.opened(fold, True), *pieces, self._heads.end()])

    def failed(self) -> str:
        """The numbers of requests that failed or brought results of tools that did (`17t`), in order: for scripts."""
        failures = self.tool_failures
        marked = [
            number
            for number, line in enumerate(self.lines, 1)
            if line.status == ERROR or (failures and line.id in failures)
        ]
        numbers = list(filter(self.addresses.shows, marked))
        before = [number for number in numbers if number < self.first][-MOST_FAILED:]
        after = [number for number in numbers if number >= self.first][: 2 * MOST_FAILED]
        return " ".join(map(self._mark, chain(before, after)))

    def _mark(self, number: int) -> str:
        return f"{number}" if self.lines[number - 1].status == ERROR else f"{number}t"

    # --- which rows are written ---

    def _written(self, root: Fold, is_whole: bool) -> tuple[list[Markup], bool]:
        """What is in a fold, and whether all of it was written."""
        self._is_whole, self._rows_left = is_whole, MOST_ROWS
        pieces: list[Markup] = []
        with bounds.share(PART_OF_ANSWER) as budget:
            whole = budget.bytes_left, budget.work_left
            for piece in self._content(root, budget, 0):
                budget.spend(piece)
                pieces.append(piece)
            is_complete = not budget.is_spent
            if is_whole and not is_complete:
                budget.bytes_left, budget.work_left = whole
        return pieces, is_complete

    def _content(self, fold: Fold, budget: bounds.Budget, agents: int, is_led: bool = False) -> Iterator[Markup]:
        """The rows and folds in a fold. `agents`: within how many agents it is. `is_led`: its lead is above."""
        nodes = fold.content if self._is_whole else in_pieces(fold.content, fold.start)
        start = fold.start
        for place, node in enumerate(nodes):
            if place and (budget.is_spent or self._rows_left <= 0):
                yield self._link(Fold("piece", start, fold.end, content=list(nodes[place:])))
                return
            if place or not is_led:
                yield from self._row_writer.lead(node.leaf)
            if isinstance(node, Fold):
                yield from self._fold(node, budget, agents)
                start = node.end
            else:
                yield from self._row(node, fold)
                start += 1

    def _row(self, row: OutlineRow, fold: Fold) -> Iterator[Markup]:
        self._rows_left -= 1
        if row.is_prompt and row.index is not None and row.index != fold.prompt:
            yield self._row_writer.prompt(row)
        yield from self._row_writer.write(row)

    def _fold(self, fold: Fold, budget: bounds.Budget, agents: int) -> Iterator[Markup]:
        if not self._is_whole and not self._is_shown(fold):
            yield self._link(fold)
            return
        is_agent = fold.kind in ("run", "agent")
        yield self._heads.opened(fold, fold.kind != "run" and not (is_agent and agents))
        yield from self._content(fold, budget, agents + is_agent, is_led=True)
        yield self._heads.end()

    def _is_shown(self, node: Node) -> bool:
        """Whether a request in it is on the page."""
        rows = node.rows() if isinstance(node, Fold) else [node]
        return any(row.index is not None and self.first <= row.index + 1 <= self.last for row in rows)

    def _link(self, fold: Fold) -> Markup:
        leaf, first = fold.leaf, next((row.index for row in fold.rows() if row.index is not None), None)
        number = max(leaf.owner, 0) + 1 if first is None else first + 1
        href = self._row_writer.href(number, anchor(leaf.line.id) if first is None else "")
        part = f"{self.addresses.part}&" if self.addresses.part else ""
        return self._heads.closed(fold, href, f"{self.addresses.session}outline/?{part}fold={fold.key}")


def _joined(pieces: Sequence[Markup]) -> Markup:
    # All are Markup. `Markup.join` would look at each again, which takes a tenth of the time of writing them.
    return Markup("".join(pieces))  # noqa: S704
