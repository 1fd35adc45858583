"""What the page of a session shows: all requests, or those of a branch or trace; a block of them, with their steps."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from django.http import QueryDict
from django.utils import timezone
from markupsafe import Markup

from sessions_app import bounds
from sessions_app.models import Project
from sessions_app.pages.html.components import NOTHING
from sessions_app.pages.session.context_marks import context_marks
from sessions_app.pages.session.switch import view_named
from sessions_app.pages.session.time_axis import TimeAxis
from sessions_app.pages.thread.addresses import Addresses
from sessions_app.pages.thread.beside import BesideWriter, more_steps
from sessions_app.pages.thread.layout import MOST_STEPS, Layout, layout_of
from sessions_app.pages.thread.place import whole_number
from sessions_app.pages.thread.thread import ThreadBuilder, ThreadSection
from sessions_app.queries.contradictions import contradicted
from sessions_app.queries.derived import costs_of, start_of
from sessions_app.queries.session import RequestLine, SessionFacts, SessionLines
from sessions_app.queries.thread import load_window
from sessions_app.queries.window import Window
from sessions_app.records import RUNNING
from sessions_app.search_language import MOST_CHARS
from sessions_app.structure.runs import Runs, runs_of
from sessions_app.structure.timeline import Structure
from sessions_app.structure.tool_failures import new_failures

T = TypeVar("T")

# The requests may take this part of the bytes of an answer. The outline beside them, and the curves and panels above,
# have the others.
PART_OF_REQUESTS = 0.5


@dataclass(frozen=True, slots=True)
class View:
    """A session and the part of it that is shown. `layout` is that of the chosen trace, `whole` that of the session."""

    session: SessionFacts
    lines: SessionLines
    structure: Structure
    addresses: Addresses
    layout: Layout
    whole: Layout
    runs: Runs
    # By the id of a request, how many failed results of tools it was the first to bring.
    tool_failures: Mapping[uuid.UUID, int]
    # What happened to the context before a request, by its index.
    contexts: Mapping[int, str]

    @property
    def axis(self) -> TimeAxis:
        """The time of what is shown, with its pauses folded. While a request runs, it goes on."""
        layout = self.layout
        if self.is_running:
            return TimeAxis(layout.lines_in_order, layout.gaps, layout.extent, timezone.now())
        return layout.derived.once("axis", lambda: TimeAxis(layout.lines_in_order, layout.gaps, layout.extent))

    @property
    def is_running(self) -> bool:
        """Whether something that is shown runs: then the same page looks different a moment later."""
        begun = self.layout.derived.once("without end", lambda: _without_end(self.layout))
        return any(line.is_running for line in begun)

    def once_for_part(self, name: str, make: Callable[[], T]) -> T:
        """What is computed for the whole session is kept, but it is computed anew for a branch or trace."""
        return make() if self.addresses.is_part else self.whole.derived.once(name, make)

    def once_with_links(self, name: str, make: Callable[[], T]) -> T:
        """The same for what has links to requests, which depend on the view."""
        addresses = self.addresses
        if addresses.is_part or addresses.find:
            return make()
        return self.whole.derived.for_state(name, (addresses.slug, addresses.view, addresses.dense), make)

    def as_dense(self, dense: bool) -> View:
        """The same with a line a request in the conversation, or without. Steps without requests are in full."""
        return replace(self, addresses=replace(self.addresses, dense=dense and self.addresses.total > 0))

    def hidden(self) -> list[int]:
        """The indices of the requests that are not in the chosen branch or trace."""
        requests = range(len(self.lines.requests)) if self.addresses.is_part else ()
        return [index for index in requests if not self.addresses.shows(index + 1)]


def _without_end(layout: Layout) -> list[RequestLine]:
    return [line for line in layout.lines_in_order if line.status == RUNNING]


def view_of(project: Project, session: SessionFacts, lines: SessionLines, query: QueryDict) -> View:
    """The part of a session that an address names: all of it, a `branch`, or a `trace`. At most one statement."""
    structure, whole = lines.structure, layout_of(project, lines)
    trace = query.get("trace", "")
    layout = Layout(lines, whole.traces, trace) if trace else whole
    if layout.trace:
        numbers = [index + 1 for index in layout.indices]
        addresses = Addresses(project.slug, session.id, len(lines.requests), None, numbers, layout.trace)
    else:
        addresses = addresses_of(project, session, lines.requests, structure, query.get("branch", ""))
    find = query.get("find", "").strip()[:MOST_CHARS]
    addresses = replace(addresses, find=find, view=view_named(query.get("view", "")))
    return View(
        session,
        lines,
        structure,
        addresses,
        layout,
        whole,
        whole.derived.once("runs", lambda: _runs(lines, structure, whole)),
        lines.derived.once("failures", lambda: new_failures(lines.requests)),
        lines.derived.once("contexts", lambda: context_marks(lines.requests, structure)),
    )


def _runs(lines: SessionLines, structure: Structure, layout: Layout) -> Runs:
    """The runs of sub-agents, also those that are within a tool of a trace."""
    tools: dict[int, list[RequestLine]] = {}
    if any(step.kind == "tool" for step in lines.steps):
        for index, line in enumerate(lines.requests):
            around = [step for step in layout.traces.nesting.ancestors(line) if step.kind == "tool"]
            if around:
                tools[index] = around
    return runs_of(lines.requests, structure, tools)


def read(shown: View, block: RequestBlock) -> Window:
    """The requests of a block with the steps beside them."""
    hidden = set(shown.hidden())
    indices = [index for index in range(block.first - 1, block.last) if index not in hidden]
    steps = shown.layout.to_read(indices or [-1])
    first, last = block.first - 1, block.last
    window = load_window(shown.session, shown.lines.requests, first, last, shown.structure, hidden, steps)
    window.runs = shown.runs
    return window


def addresses_of(
    project: Project, session: SessionFacts, lines: Sequence[RequestLine], structure: Structure, branch: str
) -> Addresses:
    """Where the requests of a session are. With `branch`, the number of a request, only its branch is shown."""
    whole = Addresses(project.slug, session.id, len(lines))
    number = whole_number(branch, 0)
    hidden = structure.hidden_beside(number - 1) if 1 <= number <= len(lines) else ()
    if not hidden:
        return whole
    numbers = [index + 1 for index in range(len(lines)) if index not in hidden]
    return Addresses(project.slug, session.id, len(lines), number, numbers)


def branch_name(structure: Structure, addresses: Addresses) -> str:
    """The letter of the only branch that is shown; "" when all are."""
    branch = structure.branch_of[addresses.chosen - 1] if addresses.chosen else None
    return "" if branch is None else structure.letters[branch]


# --- a block of requests ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RequestBlock:
    """The requests of a session that a page shows: their numbers, and the numbers of the blocks before and after."""

    first: int
    last: int
    before: tuple[int, int] | None
    after: tuple[int, int] | None
    # The part of the query that names the branch or trace, with "&"; "" for the whole session.
    part: str = ""
    # The numbers of the first and last request that the answer's budget did not last for, and why it did not.
    rest: tuple[int, int] | None = None
    why_rest: str = ""


def block_of(query: QueryDict, addresses: Addresses) -> RequestBlock:
    """The block with request number `from`; the first block when the session has no such request.

    `at`: the block begins with this request instead, and ends with request `to` if that is given. Links have it where a
    block was too long for one answer. `side`: where the page puts the block, "before" or "after" the requests that it
    has, or "between" them.
    """
    side, at = query.get("side", ""), whole_number(query.get("at", ""), 0)
    exact_start = addresses.shows(at) and 1 <= at <= addresses.count
    first = at if exact_start else addresses.block_start(whole_number(query.get("from", ""), 1))
    last = addresses.block_end(first)
    if exact_start:
        last = max(first, min(last, whole_number(query.get("to", ""), last)))
    earlier = addresses.before(first) if side not in ("after", "between") else None
    later = addresses.after(last) if side not in ("before", "between") and last else None
    before = (addresses.block_start(earlier), earlier) if earlier else None
    after = (later, addresses.block_end(later)) if later else None
    return RequestBlock(first, last, before, after, f"{addresses.part}&" if addresses.part else "")


def cut(block: RequestBlock, stopped_at: int | None, why: str, addresses: Addresses) -> RequestBlock:
    """The block without the requests from index `stopped_at` on, for which the answer's budget did not last."""
    if stopped_at is None:
        return block
    last = addresses.before(stopped_at + 1) or block.first
    return replace(block, last=last, rest=(stopped_at + 1, block.last), why_rest=why)


def builder_of(window: Window, shown: View) -> ThreadBuilder:
    """What writes the requests of a window."""
    costs, start = costs_of(window.lines), start_of(window.lines) or shown.session.first_at
    requests = [window.lines[index].id for index in window.shown]
    marked = contradicted(shown.session.id, requests) if shown.session.is_contradicted else {}
    return ThreadBuilder(window, shown.addresses, start, costs, shown.layout, contradicted=marked)


def sections(
    window: Window, shown: View, block: RequestBlock, note: Callable[[int], Markup]
) -> tuple[list[ThreadSection], RequestBlock]:
    """The requests of a block for the template, and the block as far as the answer's budget lasted. `note`: what
    rules say of a request.
    """
    builder = builder_of(window, shown)
    builder.note = note
    bounds.current().begin_writing()
    with bounds.share(PART_OF_REQUESTS):
        found = builder.sections()
    return found, cut(block, builder.stopped_at, builder.why_stopped, shown.addresses)


def steps_alone(window: Window, shown: View) -> Markup:
    """The steps of a session, or of a trace, without requests; nothing if it has some."""
    if shown.addresses.total:
        return NOTHING
    return BesideWriter(shown.layout, window, shown.addresses, {}).alone()


def steps_html(window: Window, shown: View, side: str, index: int, start: int) -> Markup:
    """Some steps beside a request, and a link to the next ones."""
    bounds.current().begin_writing()
    _, executed = builder_of(window, shown).pairs_and_executions()
    steps = shown.layout.beside(side, index)
    writer = BesideWriter(shown.layout, window, shown.addresses, executed.causes)
    html, count = writer.steps(steps[start : start + MOST_STEPS])
    following = start + count
    return html + (
        more_steps(shown.addresses, side, index, following, len(steps)) if following < len(steps) else NOTHING
    )
