"""The thread of a session: the requests of a window in order, as far as the answer's budget lasts."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from itertools import groupby

from markupsafe import Markup

from sessions_app import bounds
from sessions_app.pages.html.components import NOTHING
from sessions_app.pages.html.messages import Pairs
from sessions_app.pages.thread.addresses import Addresses
from sessions_app.pages.thread.beside import BesideWriter
from sessions_app.pages.thread.executions import Executed
from sessions_app.pages.thread.lanes import LaneView, lane_view
from sessions_app.pages.thread.layout import Layout
from sessions_app.pages.thread.marks import parallel_words
from sessions_app.pages.thread.request_view import HEAD, RequestView, RequestWriter, nothing_said
from sessions_app.pages.thread.sources import Sources
from sessions_app.queries.contradictions import Contradicted
from sessions_app.queries.window import Window
from sessions_app.structure import timeline
from sessions_app.structure.runs import Arranged, Lane
from sessions_app.structure.timeline import at_one_time


@dataclass(frozen=True, slots=True)
class ThreadSection:
    """Requests that follow each other. `parallel` says which ones ran at the same time; "" when they did not.

    `before` is shown above the first one. A section with a `lane` has no items, but the sections of a sub-agent's run.
    """

    parallel: str
    items: list[RequestView]
    before: Markup
    lane: LaneView | None = None
    sections: Sequence[ThreadSection] = ()


@dataclass(slots=True)
class ThreadBuilder:
    """Builds the thread of a window. `start` is the session's first start, `costs` has the cost so far at each request.

    `layout` has the steps beside the requests and what groups them; `contradicted` the requests that were reported
    again with other content.
    """

    window: Window
    addresses: Addresses
    start: datetime
    costs: Sequence[Decimal | None]
    layout: Layout | None = None
    # The index of the first request that the answer's budget did not last for.
    stopped_at: int | None = None
    why_stopped: str = ""
    contradicted: Mapping[uuid.UUID, Contradicted] = field(default_factory=dict)
    # What rules say of a request, by its index.
    note: Callable[[int], Markup] = nothing_said
    # For each request, those that are framed with it.
    _groups: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def sections(self) -> list[ThreadSection]:
        """The requests of the window, those that ran at the same time together, as far as the budget lasts."""
        pairs, executed = self.pairs_and_executions()
        sources = Sources(self.window, self.addresses)
        writer = RequestWriter(sources, self.start, self.costs, self.layout, self.contradicted, pairs, self.note)
        beside = BesideWriter(self.layout, self.window, self.addresses, executed.causes) if self.layout else None
        views = self._views(self.window.unfolded, writer, beside)
        return list(self._sections(self.window.runs.arranged(views), views))

    def _sections(self, arranged: Arranged, views: Mapping[int, RequestView]) -> Iterator[ThreadSection]:
        """Those that ran at the same time together, and the runs of sub-agents in lanes."""
        for group, found in groupby(arranged, key=lambda one: None if isinstance(one, Lane) else self._framed(one)):
            together = list(found)
            lanes = [one for one in together if isinstance(one, Lane)]
            yield from (self._lane(lane, views) for lane in lanes)
            if lanes:
                continue
            items = [views[index] for index in together if not isinstance(index, Lane)]
            # Steps before requests that ran at the same time are shown above their frame, not within it.
            before = items[0].before
            items[0] = replace(items[0], before=NOTHING)
            yield ThreadSection(self._parallel(group) if group else "", items, before)

    def _parallel(self, group: Sequence[int]) -> str:
        window = self.window
        return parallel_words(group, at_one_time(window.lines, group, window.structure.parents))

    def _framed(self, index: int) -> tuple[int, ...]:
        """The requests of the same run, or beside all runs, that ran at the same time as this one."""
        if index not in self._groups:
            self._groups |= self._framed_within(self.window.structure.parallel.get(index, ()), index)
        return self._groups[index]

    def _framed_within(self, group: tuple[int, ...], index: int) -> dict[int, tuple[int, ...]]:
        runs, lines, parents = self.window.runs, self.window.lines, self.window.structure.parents
        around = runs.around(index)[-1:]
        same = [one for one in group if runs.around(one)[-1:] == around]
        found: dict[int, tuple[int, ...]] = {index: ()}
        found.update(dict.fromkeys(same, ()))
        if len(same) == len(group):
            return found | dict.fromkeys(same, group)
        places = {one: place for place, one in enumerate(same)}
        related = {places[one]: places.get(parent.index, -1) for one in same if (parent := parents[one])}
        for places_together in timeline.parallel_groups([lines[one] for one in same], related):
            together = tuple(same[place] for place in places_together)
            found |= dict.fromkeys(together, together)
        return found

    def _lane(self, lane: Lane, views: Mapping[int, RequestView]) -> ThreadSection:
        is_open = lane.run.first not in views
        view = lane_view(lane.run, self.window, is_open)
        sections = list(self._sections(lane.content, views))
        # The steps that lead to the run stand above it.
        before, sections[0] = sections[0].before, replace(sections[0], before=NOTHING)
        return ThreadSection("", [], before, view, sections)

    def pairs_and_executions(self) -> tuple[Pairs, Executed]:
        """Which tool results answer which calls, and which steps the calls started."""
        return Sources(self.window, self.addresses).pairs_and_executions(self.layout)

    def _views(
        self, indices: Sequence[int], writer: RequestWriter, beside: BesideWriter | None
    ) -> dict[int, RequestView]:
        """Requests as far as the budget lasts. The first one of the page is shown in any case."""
        views: dict[int, RequestView] = {}
        for index in indices:
            if bounds.current().is_spent and views:
                self.stopped_at, self.why_stopped = index, bounds.current().why_spent
                break
            views[index] = writer.view(index, beside)
            bounds.current().spend(HEAD)
        return views
