"""The rows of the Waterfall view: words, sums and bars. The markup is in `components/waterfall.jinja`."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.utils import timezone
from markupsafe import Markup

from sessions_app.pages.html.components import component
from sessions_app.pages.html.formats import cost, duration, exact, hue, tokens
from sessions_app.pages.session.outline_rows import LABEL_CHARS, MODEL_CHARS, outcome, state_of
from sessions_app.pages.session.shown_time import ShownTime
from sessions_app.pages.session.view import View
from sessions_app.pages.session.waterfall import LEAST_WIDTH, RUNS, WaterfallBar, bars, bars_between
from sessions_app.pages.thread.addresses import Addresses
from sessions_app.pages.thread.lanes import run_name
from sessions_app.pages.thread.steps import KINDS, kind_words, name_of
from sessions_app.pages.thread.wording import counted, running_since, unfinished
from sessions_app.queries.session import RequestLine
from sessions_app.records import ERROR, RUNNING
from sessions_app.structure import timeline
from sessions_app.structure.nesting import WORK
from sessions_app.structure.trace_tree import Sums, TreeNode

# A bar that ends further to the right, in percent, has its length at its left, if there is room.
_RIGHTMOST, _LEFTMOST = 88.0, 10.0
# Deeper rows are not moved further to the right.
MOST_LEVELS = 8
SPAN, TOOL = "s", "x"

Placed = tuple[TreeNode[RequestLine], tuple[TreeNode[RequestLine], ...]]


@dataclass(frozen=True, slots=True)
class Label:
    """The words at a bar: where they begin, or end if `is_left`."""

    x: str
    text: str
    is_left: bool = False
    # Of what runs: when it began, in seconds, and how fast its bar grows, in percent a second.
    began: str = ""
    rate: str = ""


@dataclass(slots=True)
class WaterfallWriter:
    """Writes the rows of a part of a session, in the order of its tree."""

    shown: View
    time: ShownTime
    there: Addresses
    hits: Mapping[int, int]
    tool_failures: Mapping[uuid.UUID, int]
    mark_of: Callable[[int], Markup]

    def html(self, rows: Sequence[Placed]) -> Iterator[Markup]:
        """The rows. Those around the first one come before it, so that each is where it belongs."""
        open_groups: list[TreeNode[RequestLine]] = []
        for node, around in rows:
            groups = [one for one in around if one.is_group]
            same = sum(1 for one, other in zip(open_groups, groups, strict=False) if one is other)
            for _ in open_groups[same:]:
                yield component("waterfall", "end_of_group")()
            for group in groups[same:]:
                yield self._group(group, around.index(group))
            open_groups = groups
            if node.is_group:
                yield self._group(node, len(around))
                open_groups = [*groups, node]
            else:
                yield self._leaf(node, len(around))
        for _ in open_groups:
            yield component("waterfall", "end_of_group")()

    def _group(self, node: TreeNode[RequestLine], depth: int) -> Markup:
        line, run = node.line, node.run
        if run is not None or line is None:
            name = run_name(run, self.shown.runs, self.shown.lines.requests)[:LABEL_CHARS] if run else ""
            icon, state = "agent", "ok"
        else:
            name, icon, state = name_of(line)[:LABEL_CHARS], KINDS.get(line.kind, "chain"), state_of(line)
        sums = node.sums
        return component("waterfall", "group")(
            id=line.id if line else f"run-{run.starter + 1}" if run else "",
            state=state,
            depth=min(depth, MOST_LEVELS),
            icon_name=icon,
            name=name,
            title=self._group_title(node),
            tags=[f"{counted(sums.failed, 'request')} failed"] if sums.failed else [],
            **self._amounts(sums),
            **self._drawn(node),
        )

    def _group_title(self, node: TreeNode[RequestLine]) -> str:
        kind = kind_words(node.line) if node.line else ""
        kind = f"sub-agent of request {exact(node.run.starter + 1)}" if node.run else kind
        requests = counted(node.sums.requests, "request") if node.sums.requests else ""
        return ", ".join(filter(None, (kind, requests, duration(node.end - node.begin))))

    def _leaf(self, node: TreeNode[RequestLine], depth: int) -> Markup:
        if node.line is None:
            return Markup("")
        return self._step(node, node.line, depth) if node.index is None else self._request(node, node.index, depth)

    def _step(self, node: TreeNode[RequestLine], line: RequestLine, depth: int) -> Markup:
        name = name_of(line)
        return component("waterfall", "step")(
            id=line.id,
            state=state_of(line),
            depth=min(depth, MOST_LEVELS),
            href=self.there.beside(max(self.shown.layout.owners.get(line.id, 0), 0) + 1, line.id),
            title=", ".join((kind_words(line), duration(timeline.duration(line)))),
            icon_name=KINDS.get(line.kind, "info"),
            name=name[:LABEL_CHARS],
            **self._drawn(node),
        )

    def _request(self, node: TreeNode[RequestLine], index: int, depth: int) -> Markup:
        line = self.shown.lines.requests[index]
        look, text = outcome(line)
        return component("waterfall", "request")(
            number=index + 1,
            id=line.id,
            href=self.there.in_session(index + 1),
            state=state_of(line),
            depth=min(depth, MOST_LEVELS),
            hue=hue(line.model),
            title=", ".join(filter(None, (line.model[:MODEL_CHARS], duration(timeline.duration(line))))),
            look=look,
            text=text,
            tags=list(self._tags(index, line)),
            tool_failures=self.tool_failures.get(line.id, 0),
            hits=self.hits.get(index, 0),
            mark=self.mark_of(index),
            is_parallel=index in self.shown.structure.parallel,
            **self._amounts(node.sums),
            **self._drawn(node),
        )

    def _tags(self, index: int, line: RequestLine) -> Iterator[str]:
        """What marks a request: its branch where that begins, which attempt it is, how often it was reported."""
        if line.status == RUNNING and line.output_preview:
            yield unfinished(line)
        structure = self.shown.structure
        attempts, branch = structure.attempts_of(index), structure.branch_of[index]
        if branch is not None and index == attempts[0] and structure.is_same_call(branch, index):
            yield structure.letters[branch]
        if len(attempts) > 1:
            yield f"attempt {structure.places[index] + 1}/{len(attempts)}"
        if reports := self.shown.layout.traces.reports.get(line.id):
            yield f"reported {len(reports) + 1}×"

    def _amounts(self, sums: Sums) -> dict[str, str]:
        """Tokens in and out and the cost; empty where nothing is known."""
        return {
            "input_tokens": "" if sums.input_tokens is None else tokens(sums.input_tokens),
            "output_tokens": "" if sums.output_tokens is None else tokens(sums.output_tokens),
            "price": "" if sums.cost is None else cost(sums.cost),
        }

    def _drawn(self, node: TreeNode[RequestLine]) -> dict[str, object]:
        """The bars of a row, and the length beside them."""
        if node.line is not None and node.line.is_running:
            return self._running(running_since(node.line), timezone.now())
        begin, end = self.time.at(node.begin), self.time.at(node.end)
        length = duration(node.end - node.begin) if node.end > node.begin else ""
        return {"bars": self._bars(node, begin, end), "label": self._label(length, begin, end)}

    def _running(self, since: datetime, now: datetime) -> dict[str, object]:
        """A bar until now, which the page's script lets grow."""
        begin, end = self.time.at(since), self.time.at(now)
        rate = self.time.at(now + timedelta(seconds=1)) - end
        label = self._label(duration(now - since), begin, end)
        if label is not None:
            label = replace(label, began=f"{since.timestamp():.3f}", rate=f"{rate:.4f}")
        return {"bars": [(RUNS, f"{begin:.2f}", f"{max(end - begin, LEAST_WIDTH):.2f}")], "label": label}

    def _bars(self, node: TreeNode[RequestLine], begin: float, end: float) -> list[WaterfallBar]:
        line = node.line
        if line is not None and not node.is_group and (node.index is not None or line.kind in ("llm", "embedding")):
            # What is in a request may be longer than itself.
            return bars(line, self.time) if node.children else bars_between(line, self.time, begin, end)
        is_work = line is not None and line.kind in WORK and not node.is_group
        look = "e" if is_work and line and line.status == ERROR else TOOL if is_work else SPAN
        return [(look, f"{begin:.2f}", f"{max(end - begin, LEAST_WIDTH):.2f}")]

    def _label(self, length: str, begin: float, end: float) -> Label | None:
        if not length or end <= _RIGHTMOST:
            return Label(f"{end:.2f}", length) if length else None
        return Label(f"{begin:.2f}", length, True) if begin >= _LEFTMOST else None
