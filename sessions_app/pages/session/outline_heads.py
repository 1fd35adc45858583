"""The heads of the folds of an outline: what is in them, with sums, and what to notice in them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby

from markupsafe import Markup

from sessions_app.content.endings import is_cut
from sessions_app.pages.html.components import component
from sessions_app.pages.html.formats import cost, exact, tokens
from sessions_app.pages.html.plain_text import visible
from sessions_app.pages.session.outline_tree import PROMPT_CHARS, Fold, OutlineRow, indices
from sessions_app.pages.thread.lanes import run_name
from sessions_app.pages.thread.steps import name_of
from sessions_app.pages.thread.wording import counted
from sessions_app.queries.kept import Derived
from sessions_app.queries.session import RequestLine
from sessions_app.records import ERROR
from sessions_app.structure.runs import Runs

ICONS = {"turn": "user", "run": "agent", "agent": "agent", "piece": "more"}
TURN_CHARS = 80
# Of more ranges of numbers than these, only the first and the last number are told.
MOST_RANGES = 40


_Told = tuple[Fold, str, str, list[str], str, str, dict[str, int]]


@dataclass(slots=True)
class HeadWriter:
    """Writes the heads of folds. `tool_failures` and `hits`: how many, by the id or index of a request."""

    lines: Sequence[RequestLine]
    runs: Runs
    tool_failures: Mapping[uuid.UUID, int]
    hits: Mapping[int, int] = field(default_factory=dict)
    # What happened to the context before a request, by its index.
    contexts: Mapping[int, str] = field(default_factory=dict)
    # What is said of the whole outline's folds, by their keys.
    derived: Derived = field(default_factory=Derived)

    def opened(self, fold: Fold, is_open: bool) -> Markup:
        """The head of a fold whose rows follow it. `end` closes that."""
        return component("outline", "fold")(*self._told(fold), "", "", is_open)

    def end(self) -> Markup:
        return component("outline", "end_of_fold")()

    def closed(self, fold: Fold, href: str, url: str) -> Markup:
        """The head of a fold whose rows are not written: a link to the first of them, and where htmx gets them."""
        return component("outline", "fold")(*self._told(fold), href, url, False)

    def _told(self, fold: Fold) -> _Told:
        told = self.derived.once(("fold", fold.key), lambda: self._of_lines(fold))
        return (*told[:6], told[6] | {"hits": self._hits(fold)}) if self.hits else told

    def _hits(self, fold: Fold) -> int:
        return sum(self.hits.get(index, 0) for index in indices(fold.rows()))

    def _of_lines(self, fold: Fold) -> _Told:
        rows = list(fold.rows())
        requests = indices(rows)
        lines = [self.lines[index] for index in requests]
        found = {
            "failed": sum(row.line.status == ERROR for row in rows if not row.more),
            # Ids are slow to look up, and there are thousands.
            "tools": sum(self.tool_failures.get(line.id, 0) for line in lines) if self.tool_failures else 0,
            "cut": sum(is_cut(line.finish_reason) for line in lines),
            "context": sum(index in self.contexts for index in requests),
            "hits": 0,
        }
        words, told = visible(self._words(fold, requests, rows)), self._sums(fold, requests)
        started = f"Sub-agent of request {exact(fold.run.starter + 1)}" if fold.run else ""
        title = "\n".join(filter(None, (started, words, *told)))
        return fold, ICONS[fold.kind], words, told, title, ranges(requests), found

    def _words(self, fold: Fold, requests: Sequence[int], rows: Sequence[OutlineRow]) -> str:
        if fold.kind == "turn":
            return self.lines[fold.prompt].input_preview[:TURN_CHARS]
        if fold.run:
            return run_name(fold.run, self.runs, self.lines)
        if fold.step:
            return name_of(fold.step)[:PROMPT_CHARS]
        if not requests:
            return counted(len(rows), "step")
        first, last = min(requests) + 1, max(requests) + 1
        return f"request {exact(first)}" if first == last else f"requests {exact(first)} to {exact(last)}"

    def _sums(self, fold: Fold, requests: Sequence[int]) -> list[str]:
        """A line of sums; two where it delegated something: its own, and with what it delegated."""
        if not requests:
            return []
        own = self._own(fold)
        if not own or len(own) == len(requests):
            return [short_sums([self.lines[index] for index in requests])]
        # The word in the place of "requests": both lines have the width of the outline.
        return [
            short_sums([self.lines[index] for index in own], f"{exact(len(own))} own"),
            short_sums([self.lines[index] for index in requests], f"{exact(len(requests))} in all"),
        ]

    def _own(self, fold: Fold) -> list[int]:
        """The requests that are of no other agent. The main agent has what is in no run of a sub-agent."""
        if fold.kind in ("run", "agent"):
            return indices(fold.own())
        return [index for index in indices(fold.rows()) if not self.runs.around(index)] if self.runs else []


def short_sums(lines: Sequence[RequestLine], counted_as: str = "") -> str:
    """`3 requests · 1.2k→310 · $0.004`; what is not known is left out."""
    read, written = (_known(line.input_tokens for line in lines), _known(line.output_tokens for line in lines))
    costs = [line.cost for line in lines if line.cost is not None]
    pieces = [counted_as or counted(len(lines), "request")]
    pieces += [f"{tokens(read)}→{tokens(written)}"] if read is not None or written is not None else []
    pieces += [cost(sum(costs, Decimal(0)))] if costs else []
    return " · ".join(pieces)


def _known(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def ranges(numbers: Sequence[int]) -> str:
    """The numbers of requests by their indices, for scripts: `2-4 7`. Of very many, from the first to the last one."""
    found = list(_ranges(numbers))
    if len(found) > MOST_RANGES:
        found = [(min(numbers) + 1, max(numbers) + 1)]
    return " ".join(f"{first}-{last}" if last > first else f"{first}" for first, last in found)


def _ranges(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    for _, group in groupby(enumerate(sorted(numbers)), lambda pair: pair[1] - pair[0]):
        run = [number for _, number in group]
        yield run[0] + 1, run[-1] + 1
