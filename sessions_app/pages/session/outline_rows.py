"""What stands in the rows of the outline: words, links and bars. The markup is in `components/outline.jinja`."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from sessions_app.content.endings import is_cut
from sessions_app.pages.html.components import component, written
from sessions_app.pages.html.formats import cost, duration, exact, extent, hue, short_id
from sessions_app.pages.html.plain_text import visible
from sessions_app.pages.session.outline_heads import TURN_CHARS
from sessions_app.pages.session.outline_tree import OutlineRow
from sessions_app.pages.session.waterfall import Scale, bars
from sessions_app.pages.thread.addresses import Addresses
from sessions_app.pages.thread.layout import MOST_STEPS, Layout, contents
from sessions_app.pages.thread.steps import KINDS, MOST_LEVELS, anchor, kind_words, name_of
from sessions_app.pages.thread.wording import counted, error_words, lasted, unfinished
from sessions_app.queries.session import RequestLine
from sessions_app.records import ERROR, RUNNING
from sessions_app.structure import timeline
from sessions_app.structure.nesting import trace_of
from sessions_app.structure.profiles import name_hash, unpack
from sessions_app.structure.runs import Runs
from sessions_app.structure.timeline import Structure

LABEL_CHARS = 60
MODEL_CHARS = 100
# Branches further out are drawn in the last lane.
MOST_LANES = 2

# How an answer ends that calls tools.
CALLS = ("tool_calls", "tool_call", "tool_use", "function_call")
_TOOL_NAMES = re.compile(r"[\w.:/-]+(, [\w.:/-]+)*$")
# Marks of Markdown, in which most answers are written.
_MARKS = re.compile(r"\*\*|`|^#+ ")


@dataclass(slots=True)
class RowWriter:
    """Writes one row at a time. The requests with the numbers `first` to `last` are on the page."""

    lines: Sequence[RequestLine]
    addresses: Addresses
    first: int
    last: int
    structure: Structure
    layout: Layout
    scale: Scale
    # How many failed tool results each request was the first to bring.
    tool_failures: Mapping[uuid.UUID, int]
    runs: Runs = field(default_factory=Runs)
    hits: Mapping[int, int] = field(default_factory=dict)
    # What happened to the context before a request, by its index.
    contexts: Mapping[int, str] = field(default_factory=dict)
    _queries: dict[int, str] = field(default_factory=dict)

    def lead(self, row: OutlineRow) -> Iterator[Markup]:
        """What stands above a row: that nothing ran, and that another trace begins."""
        if gap := self.layout.gaps.get(row.line.id):
            yield component("outline", "gap")(duration(gap))
        if row.begins_trace:
            yield self._trace(row.line)

    def write(self, row: OutlineRow) -> Iterator[Markup]:
        """A request or step, and the marks above and below it."""
        index = row.index
        if row.more:
            yield self._more_steps(*row.more)
            return
        if index is None:
            yield self._step(row.line)
            return
        group = self.structure.parallel.get(index)
        if group and group[0] == index:
            is_one_time = timeline.at_one_time(self.lines, group, self.structure.parents)
            words = f"{exact(len(group))} {'at the same time' if is_one_time else 'overlap'}"
            yield component("outline", "mark")("parallel", words)
        if index in self.contexts:
            yield component("outline", "mark")("swap", self.contexts[index])
        yield self._request(index, row.line)
        if fork := self.structure.forks.get(index):
            words = f"{exact(len(fork.branches))} continuations of {exact(index + 1)}"
            yield component("outline", "mark")("fork", words)

    def prompt(self, row: OutlineRow) -> Markup:
        """What the user said with a request, in a line above it."""
        text = visible(row.line.input_preview[:TURN_CHARS])
        return component("outline", "turn")(self.href((row.index or 0) + 1), text)

    def _more_steps(self, side: str, index: int, count: int) -> Markup:
        """In the place of the steps beside a request that have no row: a link to them."""
        part = f"{self.addresses.part}&" if self.addresses.part else ""
        href = f"{self.addresses.session}steps/?{part}{side}={index + 1}&start={MOST_STEPS}"
        return component("outline", "more")(counted(count, "more step"), href)

    def href(self, number: int, fragment: str = "") -> str:
        """A link to a request, or to a `fragment` beside it: on this page, or on the page that has it."""
        if fragment and self.addresses.dense:
            return self.addresses.in_full(number, fragment)
        fragment = fragment or f"r{number}"
        if self.lines and not self.addresses.shows(number):
            return f"?from={self.addresses.whole.block_start(number)}#{fragment}"
        if not self.lines or self.first <= number <= self.last:
            return f"#{fragment}"
        start = self.addresses.block_start(number)
        if start == self.addresses.block_start(self.first) and number > self.last:
            # It would be on this page, had the answer's budget lasted.
            part = f"{self.addresses.part}&" if self.addresses.part else ""
            return f"?{part}at={number}#{fragment}"
        if start not in self._queries:
            self._queries[start] = self.addresses.query(start)
        return f"{self._queries[start]}#{fragment}"

    def _trace(self, line: RequestLine) -> Markup:
        trace_id = trace_of(line)
        group = self.layout.groups[trace_id]
        words = contents(group) if line.id in self.layout.firsts else "continued"
        if not trace_id:
            return component("outline", "no_trace")(words)
        return component("outline", "trace")(
            trace_id=visible(trace_id),
            short=visible(short_id(trace_id)),
            href=self.addresses.of_trace(trace_id),
            is_current=self.addresses.trace == trace_id,
            words=words,
            length=extent(group.length),
        )

    def _step(self, line: RequestLine) -> Markup:
        number = max(self.layout.owners.get(line.id, 0), 0) + 1
        name, length = visible(name_of(line)), duration(timeline.duration(line))
        return component("outline", "step")(
            state=state_of(line),
            depth=min(self.layout.traces.nesting.depth(line), MOST_LEVELS),
            href=self.href(number, anchor(line.id)),
            title=", ".join(filter(None, (kind_words(line), name, length))),
            icon_name=KINDS.get(line.kind, "info"),
            name=name[:LABEL_CHARS],
            length=length,
        )

    def _request(self, index: int, line: RequestLine) -> Markup:
        """The row of a request. But for its link, it is the same on every page of the session; unless the clock, the
        words to find or the shown branch have a say in it.
        """
        number = index + 1
        if line.status == RUNNING or index in self.hits or not self.addresses.shows(number):
            return self._drawn(index, line, self.href(number))
        before, after = self.layout.derived.once(("row", index), lambda: self._around_link(index, line))
        return Markup(f"{before}{written(self.href(number))}{after}")  # noqa: S704 - of a component, and escaped

    def _around_link(self, index: int, line: RequestLine) -> tuple[str, str]:
        # No text that is shown has this character: components make it visible.
        before, _, after = str(self._drawn(index, line, Markup("\0"))).partition("\0")
        return before, after

    def _drawn(self, index: int, line: RequestLine, href: str) -> Markup:
        number = index + 1
        length = duration(timeline.duration(line))
        price = cost(line.cost) if line.cost is not None else ""
        look, text = outcome(line)
        facts = filter(
            None, (line.model[:MODEL_CHARS], length, price, *self._relations(index), self._failed_tools(line))
        )
        return component("outline", "request")(
            number=number,
            href=href,
            title=visible(", ".join(facts)),
            state=state_of(line),
            is_cut=is_cut(line.finish_reason),
            hue=hue(line.model),
            lane=min(self.structure.lanes[index], MOST_LANES),
            is_elsewhere=not self.addresses.shows(number),
            look=look,
            text=visible(text),
            tag=self._tag(index),
            tool_failures=self.tool_failures.get(line.id, 0),
            hit_count=self.hits.get(index, 0),
            length=lasted(line),
            bars=bars(line, self.scale),
        )

    def _failed_tools(self, line: RequestLine) -> str:
        failures = self.tool_failures.get(line.id, 0)
        return counted(failures, "failed tool result") if failures else ""

    def _relations(self, index: int) -> Iterator[str]:
        """What the title says of how a request relates to others."""
        structure = self.structure
        attempts = structure.attempts_of(index)
        if len(attempts) > 1:
            yield f"attempt {structure.places[index] + 1} of {len(attempts)}"
        origin = structure.origin(index)
        if origin and origin.index != index - 1:
            yield f"continues {origin.index + 1}" if origin.is_linked else f"repeats {origin.index + 1}"
        elif origin is None and (run := self.runs.starting_at(index)):
            yield f"started by {run.starter + 1}"
        elif origin is None and attempts[0] > 0 and self.lines[index].is_conversation and self.lines[index].attempt:
            yield "starts a new conversation"
        branch = structure.branch_of[index]
        if branch is not None:
            yield f"branch {structure.letters[branch]}"

    def _tag(self, index: int) -> str:
        """The letter of its branch where that begins, and which attempt it is: `B 2/3`."""
        attempts, branch = self.structure.attempts_of(index), self.structure.branch_of[index]
        begins = branch is not None and index == attempts[0] and self.structure.is_same_call(branch, index)
        words = [self.structure.letters[branch]] if branch is not None and begins else []
        words += [f"{self.structure.places[index] + 1}/{len(attempts)}"] if len(attempts) > 1 else []
        return " ".join(words)


def state_of(line: RequestLine) -> str:
    """How it went, as `data-state` says it; "unknown" if its end was never reported."""
    if line.status == ERROR:
        return "error"
    return "live" if line.is_running else "unknown" if line.status == RUNNING else "ok"


def outcome(line: RequestLine, most: int = LABEL_CHARS) -> tuple[str, str]:
    """What came back, in a few words, and what they are: the answer's beginning, the tools it calls, or the error."""
    if line.status == ERROR:
        return "error", error_words(line.http_status, line.error_start, line.error_type)[:most]
    if not line.output_preview and line.status == RUNNING:
        return "nothing", unfinished(line)
    if not line.output_preview:
        return "nothing", line.call_type or line.kind
    text = line.output_preview[:most]
    if names_tools(line, text):
        return "tools", text
    return "answer", _MARKS.sub("", text)


def names_tools(line: RequestLine, text: str) -> bool:
    """Whether what came back names the tools that are called. APIs give many reasons for an end with calls, and an
    answer of one word looks like a name, so the calls decide.
    """
    if not _TOOL_NAMES.match(text):
        return False
    profile = unpack(line.profile)
    called = {call.tool for call in profile.calls} if profile else set()
    # Without a profile nothing else is known, and the last name may be cut off.
    names = text.split(", ")
    return all(name_hash(name) in called for name in (names[:-1] or names)) if called else line.finish_reason in CALLS
