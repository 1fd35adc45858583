"""The outline of a session: its contents with a small waterfall. Written in Python: it may have thousands of rows."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sessions_app import bounds
from sessions_app.pages.html.messages import icon
from sessions_app.pages.html.plain_text import isolated, shown
from sessions_app.pages.thread.addresses import Addresses
from sessions_app.pages.thread.layout import MOST_STEPS, Layout, contents
from sessions_app.pages.thread.steps import KINDS, MOST_LEVELS, anchor, kind_words, name_of
from sessions_app.pages.thread.wording import counted
from sessions_app.queries.session import RequestLine
from sessions_app.records import ERROR
from sessions_app.structure import timeline
from sessions_app.structure.nesting import trace_of
from sessions_app.structure.timeline import Structure
from sessions_app.templatetags.format import cost, duration, exact, hue, short_id

# So many rows are written; of longer sessions those around what is on the page. They take this part of an answer.
MOST_ROWS, ROWS_BEFORE = 1_200, 200
PART_OF_ANSWER = 0.3
LABEL_CHARS = 60
MODEL_CHARS = 100
TURN_CHARS = 80
# A pause is drawn as at most this share of the time in which something ran.
MOST_PAUSE = 0.08
LEAST_WIDTH = 0.1
# Branches further out are drawn in the last lane.
MOST_LANES = 2

_CALLS = ("tool_calls", "tool_use", "function_call")
_TOOL_NAMES = re.compile(r"[\w.:/-]+(, [\w.:/-]+)*$")
# Of Markdown, in which answers come.
_MARKS = re.compile(r"\*\*|`|^#+ ")


class Scale:
    """Where a moment lies on the drawn line, in percent. Pauses are squeezed, so that the bars stay visible."""

    def __init__(self, lines: Sequence[RequestLine], gaps: Mapping[uuid.UUID, timedelta]) -> None:
        self._pauses: list[tuple[datetime, datetime, float]] = []
        span = timeline.span_of(lines)
        self._start = span.start if span else None
        active = (span.wall - sum(gaps.values(), timedelta())).total_seconds() if span else 0
        drawn = max(active, 1.0) * min(MOST_PAUSE, 0.5 / max(len(gaps), 1))
        for line in lines:
            if gap := gaps.get(line.id):
                begin = timeline.sane_start(line) - gap
                self._pauses.append((begin, begin + gap, min(drawn, gap.total_seconds())))
        self._length = active + sum(pause[2] for pause in self._pauses)
        self._next, self._saved = 0, 0.0

    def advance(self, moment: datetime) -> None:
        """Go on to a request that starts at `moment`; requests come in order."""
        while self._next < len(self._pauses) and self._pauses[self._next][1] <= moment:
            begin, end, drawn = self._pauses[self._next]
            self._saved += (end - begin).total_seconds() - drawn
            self._next += 1

    def at(self, moment: datetime) -> float:
        if self._start is None or self._length <= 0:
            return 0.0
        seconds = (moment - self._start).total_seconds() - self._saved
        return max(0.0, min(100.0, 100 * seconds / self._length))


@dataclass(frozen=True, slots=True)
class _Row:
    """A request with its index, or a step; or in the place of steps which side of which request has how many `more`."""

    index: int | None
    line: RequestLine
    more: tuple[str, int, int] | None = None


@dataclass(slots=True)
class Outline:
    """Writes the rows of the outline. Requests `first` to `last` (numbers) are on the page, the others on other pages.

    `layout` is that of the whole session: what is not shown has its row too.
    """

    lines: Sequence[RequestLine]
    addresses: Addresses
    first: int
    last: int
    structure: Structure
    layout: Layout
    # The number of the first request that has a row.
    first_number: int = 1
    _queries: dict[int, str] = field(default_factory=dict)

    def html(self) -> str:
        order = list(self._order())
        start = self._start(order)
        end = start
        pieces = [self._more(order[:start], False)]
        self.first_number = next((row.index + 1 for row in order[start:] if row.index is not None), 1)
        with bounds.share(PART_OF_ANSWER) as budget:
            for row in self._rows(order, start):
                pieces.append(budget.spend(row))
                end += 1
                if end - start >= MOST_ROWS or budget.is_spent:
                    break
        return "".join([*pieces, self._more(order[end:], True)])

    def _order(self) -> Iterator[_Row]:
        """All rows. Of many steps beside one request the first ones, as in the thread; then how many more there are."""
        beside: tuple[str, int] | None = None
        count = 0
        for place, index, line in self.layout.places():
            count = count + 1 if place == beside else 1
            beside = place
            if index is not None or count <= MOST_STEPS:
                yield _Row(index, line)
            elif count == MOST_STEPS + 1:
                side, owner = place
                yield _Row(None, line, (side, owner, len(self.layout.beside(side, owner)) - MOST_STEPS))

    def _start(self, order: Sequence[_Row]) -> int:
        """The first row that is written: all are, unless there are too many."""
        if len(order) <= MOST_ROWS:
            return 0
        shown = next((place for place, row in enumerate(order) if row.index == self.first - 1), 0)
        return max(min(shown - ROWS_BEFORE, len(order) - MOST_ROWS), 0)

    def _more(self, rows: Sequence[_Row], is_after: bool) -> str:
        """In the place of rows that are not written: how many there are, with a link to the nearest of them."""
        requests = [row for row in rows if row.index is not None]
        if not rows:
            return ""
        failed = sum(row.line.status == ERROR for row in rows)
        words = f"{counted(len(requests), 'request')} {'after' if is_after else 'before'} these"
        words = words if requests else f"{counted(len(rows), 'step')} more"
        words += f", {exact(failed)} failed" if failed else ""
        if not requests:
            return f'<li class="outline-more" data-state="{"error" if failed else "ok"}"><span>{words}</span></li>'
        number = (requests[0] if is_after else requests[-1]).index or 0
        return (
            f'<li class="outline-more" data-state="{"error" if failed else "ok"}">'
            f'<a href="{self._href(number + 1)}">{words}</a></li>'
        )

    def _rows(self, order: Sequence[_Row], start: int) -> Iterator[str]:
        """The HTML of each row from `start` on, with what stands before it."""
        gaps = self.layout.gaps
        scale = Scale([line for _, _, line in self.layout.places()], gaps)
        turn, trace = "", None
        for row in order[start:]:
            yield "".join(self._row_with(row, gaps, scale, turn, trace))
            trace = trace_of(row.line)
            turn = row.line.input_preview or turn if row.index is not None else turn

    def _row_with(
        self, row: _Row, gaps: Mapping[uuid.UUID, timedelta], scale: Scale, turn: str, trace: str | None
    ) -> Iterator[str]:
        index, line = row.index, row.line
        if row.more:
            yield self._more_steps(*row.more)
            return
        if gap := gaps.get(line.id):
            yield f'<li class="outline-gap"><span>idle {duration(gap)}</span></li>'
        yield self._trace(line, trace)
        if index is None:
            yield self._step(line)
            return
        group = self.structure.parallel.get(index)
        if group and group[0] == index:
            yield _mark("parallel", f"{exact(len(group))} at the same time")
        if line.input_preview and line.input_preview != turn:
            yield self._turn(index, line.input_preview)
        scale.advance(timeline.sane_start(line))
        yield self._row(index, line, scale)
        if fork := self.structure.forks.get(index):
            yield _mark("fork", f"{exact(len(fork.branches))} continuations of {exact(index + 1)}")

    def _more_steps(self, side: str, index: int, count: int) -> str:
        part = f"{self.addresses.part}&amp;" if self.addresses.part else ""
        url = f"{self.addresses.session}steps/?{part}{side}={index + 1}&amp;start={MOST_STEPS}"
        return f'<li class="outline-more"><a href="{url}">{counted(count, "more step")}</a></li>'

    def _trace(self, line: RequestLine, before: str | None) -> str:
        """Where another trace than before goes on."""
        trace_id = trace_of(line)
        if not self.layout.groups or trace_id == before:
            return ""
        group = self.layout.groups[trace_id]
        words = contents(group) if line.id in self.layout.firsts else "continued"
        if not trace_id:
            return f'<li class="outline-trace"><span>no trace · {words}</span></li>'
        href = shown(self.addresses.of_trace(trace_id))
        current = ' aria-current="true"' if self.addresses.trace == trace_id else ""
        return (
            f'<li class="outline-trace"><a href="{href}"{current} title="Trace {shown(trace_id)}: show it alone">'
            f"<code>{shown(short_id(trace_id))}</code><span>{words}</span><span>{duration(group.length)}</span></a></li>"
        )

    def _step(self, line: RequestLine) -> str:
        depth = min(self.layout.traces.nesting.depth(line), MOST_LEVELS)
        state = "error" if line.status == ERROR else "ok"
        number = max(self.layout.owners.get(line.id, 0), 0) + 1
        length = duration(timeline.duration(line))
        title = ", ".join(filter(None, (shown(kind_words(line)), shown(name_of(line)), length)))
        return (
            f'<li data-state="{state}" class="outline-step" data-depth="{depth}">'
            f'<a href="{self._href(number, anchor(line.id))}" title="{title}">{icon(KINDS.get(line.kind, "info"))}'
            f'<span class="outline-label">{isolated(name_of(line)[:LABEL_CHARS])}</span>'
            f'<span class="outline-dur">{length}</span></a></li>'
        )

    def _href(self, number: int, fragment: str = "") -> str:
        fragment = fragment or f"r{number}"
        if self.lines and not self.addresses.shows(number):
            return f"?from={self.addresses.whole.block_start(number)}#{fragment}"
        if not self.lines or self.first <= number <= self.last:
            return f"#{fragment}"
        start = self.addresses.block_start(number)
        if start == self.addresses.block_start(self.first) and number > self.last:
            # On the page, if the answer's budget had lasted.
            part = shown(f"{self.addresses.part}&" if self.addresses.part else "")
            return f"?{part}at={number}#{fragment}"
        if start not in self._queries:
            self._queries[start] = shown(self.addresses.query(start))
        return f"{self._queries[start]}#{fragment}"

    def _turn(self, index: int, text: str) -> str:
        return (
            f'<li class="outline-turn"><a href="{self._href(index + 1)}">{icon("user")}'
            f"<span>{isolated(text[:TURN_CHARS])}</span></a></li>"
        )

    def _row(self, index: int, line: RequestLine, scale: Scale) -> str:
        number = index + 1
        state = "error" if line.status == ERROR else "ok"
        length = duration(timeline.duration(line))
        facts = (
            line.model[:MODEL_CHARS],
            length,
            cost(line.cost) if line.cost is not None else "",
            *self._relations(index),
        )
        lane = min(self.structure.lanes[index], MOST_LANES)
        drawn = (f' data-lane="{lane}"' if lane else "") + ("" if self.addresses.shows(number) else " data-side")
        return (
            f'<li data-state="{state}" {hue(line.model)}{drawn}>'
            f'<a class="outline-row" href="{self._href(number)}" title="{shown(", ".join(filter(None, facts)))}">'
            f'<i class="lane"></i><span class="outline-n">{number}</span>'
            f'<span class="outline-label">{label(line)}</span>{self._tag(index)}'
            f'<span class="outline-dur">{length}</span>'
            f"{bar(line, scale)}</a></li>"
        )

    def _relations(self, index: int) -> Iterator[str]:
        """What is said of a request's place among the others."""
        structure = self.structure
        attempts = structure.attempts_of(index)
        if len(attempts) > 1:
            yield f"attempt {structure.places[index] + 1} of {len(attempts)}"
        origin = structure.origin(index)
        if origin and origin.index != index - 1:
            yield f"continues {origin.index + 1}" if origin.is_linked else f"repeats {origin.index + 1}"
        elif origin is None and attempts[0] > 0 and self.lines[index].is_conversation:
            yield "continues nothing"
        branch = structure.branch_of[index]
        if branch is not None:
            yield f"branch {structure.letters[branch]}"

    def _tag(self, index: int) -> str:
        """Its branch where that begins, and which attempt it is."""
        attempts, branch = self.structure.attempts_of(index), self.structure.branch_of[index]
        begins = branch is not None and index == attempts[0] and self.structure.is_same_call(branch, index)
        words = [self.structure.letters[branch]] if branch is not None and begins else []
        words += [f"{self.structure.places[index] + 1}/{len(attempts)}"] if len(attempts) > 1 else []
        return f'<span class="outline-tag">{" ".join(words)}</span>' if words else ""


def _mark(icon_name: str, words: str) -> str:
    return f'<li class="outline-mark">{icon(icon_name)}<span>{words}</span></li>'


def label(line: RequestLine) -> str:
    """The HTML of what came back, in a few words: the answer's beginning, the tools it calls, or the error."""
    if line.status == ERROR:
        return f'<code class="err">{isolated((line.error_type or "error")[:LABEL_CHARS])}</code>'
    if line.output_preview:
        text = line.output_preview[:LABEL_CHARS]
        if line.finish_reason in _CALLS and _TOOL_NAMES.match(text):
            return f"<code>{isolated(text)}</code>"
        return isolated(_MARKS.sub("", text))
    return f'<span class="faint">{shown(line.call_type or line.kind)}</span>'


def bar(line: RequestLine, scale: Scale) -> str:
    """When the request ran: light until its first token, then full."""
    begin, end = scale.at(timeline.sane_start(line)), scale.at(timeline.sane_end(line))
    width = max(end - begin, LEAST_WIDTH)
    if line.status == ERROR:
        rects = f'<rect class="e" x="{begin:.2f}%" width="{width:.2f}%" height="4"/>'
    else:
        first = line.first_token_at
        middle = scale.at(first) if first and first > line.started_at else begin
        middle = max(begin, min(middle, end))
        light = f'<rect class="t" x="{begin:.2f}%" width="{width:.2f}%" height="4"/>' if middle > begin else ""
        rest = max(begin + width - middle, LEAST_WIDTH)
        rects = f'{light}<rect class="g" x="{middle:.2f}%" width="{rest:.2f}%" height="4"/>'
    return f'<svg class="bar" aria-hidden="true">{rects}</svg>'
