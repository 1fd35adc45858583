"""One session: its totals, its table of contents, and its requests in order."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.safestring import SafeString, mark_safe

from sessions_app import timeline
from sessions_app.models import Project
from sessions_app.pages.addresses import Addresses
from sessions_app.pages.beside import BesideWriter, more_steps
from sessions_app.pages.correction_menu import correction_context, history_context
from sessions_app.pages.layout import AFTER, BEFORE, MOST_STEPS, Layout, layout_of
from sessions_app.pages.place import Place, facts_context, whole_number
from sessions_app.pages.rail import Rail
from sessions_app.pages.shell import project_page, render_page, render_page_or_partial
from sessions_app.pages.thread import ThreadBuilder, ThreadSection
from sessions_app.pages.wording import session_grouped_by, source_name
from sessions_app.queries.filters import SessionFilters
from sessions_app.queries.session import (
    RequestLine,
    SessionFacts,
    SessionLines,
    find_session,
    load_all_lines,
    load_request,
    structure_of,
)
from sessions_app.queries.session_list import list_sessions
from sessions_app.queries.thread import Stretch, load_stretch
from sessions_app.records import ERROR
from sessions_app.timeline import Structure

MOST_TAGS = 8
MOST_USERS = 3


@dataclass(frozen=True, slots=True)
class Block:
    """The requests of a session that a page shows: their numbers, and the numbers of the blocks before and after."""

    first: int
    last: int
    before: tuple[int, int] | None
    after: tuple[int, int] | None
    # The members of the address that say which branch or trace is shown; "" for the whole session.
    part: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """What the head of a session says. `failed_count` counts what the rail marks as failed, steps too."""

    facts: SessionFacts
    failed_count: int
    wall: timedelta | None
    busy: timedelta | None
    sources: list[str]
    users: tuple[str, ...]
    more_users: int
    tags: tuple[str, ...]
    more_tags: int
    grouped_by: SafeString


@project_page
def session_page(request: HttpRequest, project: Project, session_id: uuid.UUID) -> HttpResponse:
    """The session from request `from` on; for htmx only the requests, to stand before or after those on the page."""
    session = find_session(project.pk, session_id)
    lines = load_all_lines(session) if session else None
    if session is None or lines is None or lines.is_empty:
        return gone(request, project)
    shown = view_of(project, session, lines, request.GET)
    block = block_of(request.GET.get("from", ""), shown.addresses, request.GET.get("side", ""))
    stretch = read(shown, block)
    context: dict[str, Any] = {
        "section": "sessions",
        "addresses": shown.addresses,
        "shown": block,
        "sections": sections(stretch, shown),
        "alone": mark_safe(steps_alone(stretch, shown)),  # noqa: S308 - written by BesideWriter, which escapes
        **correction_context(request, project, session.id),
    }
    if not request.htmx:
        context |= _around(request, project, shown, block, stretch)
    return render_page_or_partial(request, "session.html", "_session_requests.html", context, project)


def _around(request: HttpRequest, project: Project, shown: View, block: Block, stretch: Stretch) -> dict[str, Any]:
    """What stands around the requests: the session's head, its rail, the facts of the first request on the page."""
    requests, addresses = shown.lines.requests, shown.addresses
    rail = Rail(requests, addresses, block.first, block.last, shown.structure, shown.whole)
    context: dict[str, Any] = {
        "branch": branch_name(shown.structure, addresses),
        "trace": shown.whole.groups.get(addresses.trace) if addresses.trace else None,
        "head": head_of(shown.session, shown.lines, shown.whole),
        "rail": mark_safe(rail.html()),  # noqa: S308 - escaped there
        **history_context(project, shown.session),
    }
    if stretch.shown:
        index = block.first - 1
        log = load_request(shown.session, requests[index])
        place = Place(log, shown.session, requests, index, addresses)
        context |= facts_context(project, place, stretch)
    return context


@dataclass(frozen=True, slots=True)
class View:
    """A session, and what is shown of it: `layout` is that of the chosen trace, `whole` of everything."""

    session: SessionFacts
    lines: SessionLines
    structure: Structure
    addresses: Addresses
    layout: Layout
    whole: Layout

    def hidden(self) -> list[int]:
        requests = range(len(self.lines.requests))
        return [index for index in requests if not self.addresses.shows(index + 1)]


def view_of(project: Project, session: SessionFacts, lines: SessionLines, query: QueryDict) -> View:
    """The part of a session that an address names: all of it, a `branch`, or a `trace`. At most one statement."""
    structure = structure_of(lines.requests)
    whole = layout_of(project, lines)
    layout = Layout(lines, whole.traces, query["trace"]) if query.get("trace") else whole
    if layout.trace:
        numbers = [index + 1 for index in layout.indices]
        addresses = Addresses(project.slug, session.id, len(lines.requests), None, numbers, layout.trace)
    else:
        addresses = addresses_of(project, session, lines.requests, structure, query.get("branch", ""))
    return View(session, lines, structure, addresses, layout, whole)


def read(shown: View, block: Block) -> Stretch:
    """The requests of a block with the steps beside them."""
    hidden = set(shown.hidden())
    indices = [index for index in range(block.first - 1, block.last) if index not in hidden]
    steps = shown.layout.to_read(indices or [-1])
    first, last = block.first - 1, block.last
    return load_stretch(shown.session, shown.lines.requests, first, last, shown.structure, hidden, steps)


def addresses_of(
    project: Project, session: SessionFacts, lines: Sequence[RequestLine], structure: Structure, branch: str
) -> Addresses:
    """Where the requests of a session are. `branch`: the number of a request whose branch alone is shown."""
    whole = Addresses(project.slug, session.id, len(lines))
    number = whole_number(branch, 0)
    hidden = structure.hidden_beside(number - 1) if 1 <= number <= len(lines) else ()
    if not hidden:
        return whole
    numbers = [index + 1 for index in range(len(lines)) if index not in hidden]
    return Addresses(project.slug, session.id, len(lines), number, numbers)


def branch_name(structure: Structure, addresses: Addresses) -> str:
    """The letter of the branch that alone is shown; "" when all are."""
    branch = structure.branch_of[addresses.chosen - 1] if addresses.chosen else None
    return "" if branch is None else structure.letters[branch]


@project_page
def session_steps(request: HttpRequest, project: Project, session_id: uuid.UUID) -> HttpResponse:
    """The steps `before` or `after` a request, by its number, from number `start` on."""
    session = find_session(project.pk, session_id)
    lines = load_all_lines(session) if session else None
    if session is None or lines is None or lines.is_empty:
        raise Http404
    shown = view_of(project, session, lines, request.GET)
    side = BEFORE if BEFORE in request.GET else AFTER
    index, start = whole_number(request.GET.get(side, ""), 0) - 1, whole_number(request.GET.get("start", ""), 0)
    steps = shown.layout.beside(side, index)
    chosen = steps[start : start + MOST_STEPS]
    stretch = load_stretch(session, lines.requests, index, index + 1, shown.structure, (), chosen)
    html = steps_html(stretch, shown, side, index, start)
    context = {"section": "sessions", "session": session, "html": mark_safe(html)}  # noqa: S308 - escaped there
    return render_page_or_partial(request, "session_steps.html", "_request_part.html", context, project)


@project_page
def trace_redirect(request: HttpRequest, project: Project, trace_id: str) -> HttpResponse:
    """To the session that a trace id, or another id of a request, leads to."""
    found = list_sessions(project, SessionFilters(trace_id=trace_id), limit=1).results
    if not found:
        return gone(request, project, trace_id)
    return redirect("session", project.slug, found[0].id)


def gone(request: HttpRequest, project: Project, trace_id: str = "") -> HttpResponse:
    """There is no such session, or not any more."""
    if request.htmx:
        raise Http404
    return render_page(request, "session_gone.html", {"section": "sessions", "trace_id": trace_id}, project, status=404)


def block_of(start: str, addresses: Addresses, side: str = "") -> Block:
    """The block that holds request number `start`, the first one when that is no number of the session.

    `side`: where the block goes when others are on the page already: "before" or "after" them.
    """
    first = addresses.block_start(whole_number(start, 1))
    last = addresses.block_end(first)
    earlier = addresses.before(first) if side != "after" else None
    later = addresses.after(last) if side != "before" and last else None
    before = (addresses.block_start(earlier), earlier) if earlier else None
    after = (later, addresses.block_end(later)) if later else None
    return Block(first, last, before, after, f"{addresses.part}&" if addresses.part else "")


def builder_of(stretch: Stretch, shown: View) -> ThreadBuilder:
    costs = timeline.running_costs(line.cost for line in stretch.lines)
    start = min(map(timeline.sane_start, stretch.lines), default=shown.session.first_at)
    return ThreadBuilder(stretch, shown.addresses, start, costs, shown.layout)


def sections(stretch: Stretch, shown: View) -> list[ThreadSection]:
    """The requests of a stretch, ready for the template."""
    return builder_of(stretch, shown).sections()


def steps_alone(stretch: Stretch, shown: View) -> str:
    """The steps of a session, or of a trace of it, that has no requests."""
    if shown.addresses.total:
        return ""
    return BesideWriter(shown.layout, stretch, shown.addresses, {}).alone()


def steps_html(stretch: Stretch, shown: View, side: str, index: int, start: int) -> str:
    """Some of the steps beside a request, and what shows the next ones."""
    _, executed = builder_of(stretch, shown).pairs_and_executions()
    steps = shown.layout.beside(side, index)
    writer = BesideWriter(shown.layout, stretch, shown.addresses, executed.causes)
    html = writer.steps(steps[start : start + MOST_STEPS])
    following = start + MOST_STEPS
    return html + (more_steps(shown.addresses, side, index, following, len(steps)) if following < len(steps) else "")


def head_of(session: SessionFacts, lines: SessionLines, layout: Layout) -> Head:
    everything = timeline.span_of([line for _, line in layout.order()])
    calls = timeline.span_of(lines.requests)
    return Head(
        facts=session,
        failed_count=sum(line.status == ERROR for _, line in layout.order()),
        wall=everything.wall if everything else None,
        busy=calls.busy if calls else None,
        sources=[source_name(source) for source in session.sources],
        users=session.users[:MOST_USERS],
        more_users=max(len(session.users) - MOST_USERS, 0),
        tags=session.tags[:MOST_TAGS],
        more_tags=max(len(session.tags) - MOST_TAGS, 0),
        grouped_by=mark_safe(session_grouped_by(lines.requests or lines.shown)),  # noqa: S308 - escaped there
    )
