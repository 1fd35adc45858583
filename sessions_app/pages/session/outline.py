"""The outline of a session: its contents, with a small waterfall. Which rows it has, and how many are left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from markupsafe import Markup

from sessions_app import bounds
from sessions_app.pages.html.components import component
from sessions_app.pages.html.formats import exact
from sessions_app.pages.session.outline_rows import RowWriter
from sessions_app.pages.session.waterfall import Scale
from sessions_app.pages.thread.addresses import Addresses
from sessions_app.pages.thread.layout import MOST_STEPS, Layout
from sessions_app.pages.thread.wording import counted
from sessions_app.queries.session import RequestLine
from sessions_app.records import ERROR
from sessions_app.structure.nesting import is_event, trace_of
from sessions_app.structure.runs import Run, Runs
from sessions_app.structure.timeline import Structure
from sessions_app.structure.tool_failures import new_failures

# A longer session has only the rows around the requests on the page, from so many before them on.
MOST_ROWS, ROWS_BEFORE = 600, 150
# The rows may take this part of the bytes of an answer.
PART_OF_ANSWER = 0.3


@dataclass(frozen=True, slots=True)
class OutlineRow:
    """A request with its index, or a step without one.

    `more` stands for steps that have no row: on which side of which request they are, and how many.
    """

    index: int | None
    line: RequestLine
    # The index of the request that it is beside, or is; -1 for steps before all requests.
    owner: int = -1
    more: tuple[str, int, int] | None = None


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
    runs: Runs = field(default_factory=Runs)
    # How often what is looked for was found in each request.
    hits: Mapping[int, int] = field(default_factory=dict)
    # The number of the first request that has a row.
    first_number: int = 1
    _writer: RowWriter = field(init=False)

    def __post_init__(self) -> None:
        scale = Scale([line for _, _, line in self.layout.places()], self.layout.gaps)
        place = (self.lines, self.addresses, self.first, self.last)
        self._writer = RowWriter(
            *place, self.structure, self.layout, scale, new_failures(self.lines), self.runs, self.hits
        )

    def html(self) -> Markup:
        order = self._order()
        last = max((place for place, row in enumerate(order) if row.index in range(self.last)), default=0)
        with bounds.share(PART_OF_ANSWER) as budget:
            affordable = budget.bytes_left
            for start in self._starts(order):
                budget.bytes_left = affordable
                rows, end = self._written(order, start, budget)
                # The requests on the page have rows. If the budget ends before them, fewer others come first.
                if end > last:
                    break
        self.first_number = next((row.index + 1 for row in order[start:] if row.index is not None), 1)
        pieces = [self._left_out(order[:start], False), *rows, self._left_out(order[end:], True)]
        # All are Markup. `Markup.join` would look at each again, which takes a tenth of the time of writing them.
        return Markup("".join(pieces))  # noqa: S704

    def _written(self, order: Sequence[OutlineRow], start: int, budget: bounds.Budget) -> tuple[list[Markup], int]:
        """The rows from `start` on as far as the budget lasts, and where they end."""
        end = start
        pieces: list[Markup] = []
        around: list[Run] = []
        for row in self._rows(order, start):
            within = self.runs.around(order[end].owner)
            for piece in (*self._between_runs(around, within), *row):
                budget.spend(piece)
                pieces.append(piece)
            around = within
            end += 1
            if end - start >= MOST_ROWS or budget.is_spent:
                break
        pieces += self._between_runs(around, [])
        return pieces, end

    def _between_runs(self, before: Sequence[Run], after: Sequence[Run]) -> Iterator[Markup]:
        """The ends and beginnings of folds between two rows, by the runs around each."""
        same = sum(1 for _ in takewhile(lambda pair: pair[0] is pair[1], zip(before, after, strict=False)))
        for _ in before[same:]:
            yield self._writer.end_of_run()
        for run in after[same:]:
            yield self._writer.run(run)

    def _order(self) -> list[OutlineRow]:
        """All rows in the order of the page: those of a run together."""
        rows = list(self._by_time())
        if not self.runs:
            return rows
        places = {index: place for place, index in enumerate(self.runs.in_order(self.layout.indices))}
        return sorted(rows, key=lambda row: places.get(row.owner, -1))

    def _by_time(self) -> Iterator[OutlineRow]:
        """All rows. Of many steps beside one request the first ones, as in the thread; then how many more there are."""
        beside: tuple[str, int] | None = None
        count = 0
        for place, index, line in self.layout.places():
            count = count + 1 if place == beside else 1
            beside = place
            if index is not None or count <= MOST_STEPS:
                yield OutlineRow(index, line, place[1])
            elif count == MOST_STEPS + 1:
                side, owner = place
                yield OutlineRow(None, line, owner, (side, owner, len(self.layout.beside(side, owner)) - MOST_STEPS))

    def _starts(self, order: Sequence[OutlineRow]) -> list[int]:
        """Where the rows that are written may begin: with the first one, unless there are too many."""
        shown = next((place for place, row in enumerate(order) if row.index == self.first - 1), 0)
        near = max(shown - ROWS_BEFORE, 0)
        first = max(min(near, len(order) - MOST_ROWS), 0)
        return sorted({first, max(first, near), max(first, shown)})

    def _left_out(self, rows: Sequence[OutlineRow], is_after: bool) -> Markup:
        """In the place of rows that are not written: how many they are, and a link to the nearest request."""
        if not rows:
            return Markup("")
        requests = [row.index for row in rows if row.index is not None]
        failed = [row.index for row in rows if row.line.status == ERROR or row.line.id in self._writer.tool_failures]
        words = f"{counted(len(requests), 'request')} {'after' if is_after else 'before'} these"
        words = words if requests else f"{counted(len(rows), 'step')} more"
        words += f", {exact(len(failed))} failed" if failed else ""
        hrefs = (self._nearest(indices, is_after) for indices in (requests, failed))
        return component("outline", "more")(words, "error" if failed else "ok", *hrefs)

    def _nearest(self, indices: Iterable[int | None], is_after: bool) -> str | None:
        """A link to the first of these requests, or to the last one; None if there is none."""
        found = [index for index in indices if index is not None]
        return self._writer.href((found[0] if is_after else found[-1]) + 1) if found else None

    def _rows(self, order: Sequence[OutlineRow], start: int) -> Iterator[Iterable[Markup]]:
        """Each row from `start` on, with the marks around it."""
        turn, trace = "", None
        for row in order[start:]:
            if row.more:
                yield (self._writer.more_steps(*row.more),)
            else:
                yield self._writer.write(row.index, row.line, turn, trace)
            trace = trace if is_event(row.line) else trace_of(row.line)
            turn = row.line.input_preview or turn if row.index is not None else turn
