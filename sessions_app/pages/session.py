"""One session: its totals, its table of contents, and its requests in order."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.safestring import SafeString, mark_safe

from sessions_app import timeline
from sessions_app.models import Project
from sessions_app.pages.addresses import Addresses
from sessions_app.pages.correction_menu import correction_context, history_context
from sessions_app.pages.place import Place, facts_context, whole_number
from sessions_app.pages.rail import Rail
from sessions_app.pages.shell import project_page, render_page, render_page_or_partial
from sessions_app.pages.thread import ThreadBuilder, ThreadSection
from sessions_app.pages.wording import session_grouped_by, source_name
from sessions_app.queries.filters import SessionFilters
from sessions_app.queries.session import RequestLine, SessionFacts, find_session, load_lines, load_request, structure_of
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
    # The members of the address that say which branch is shown; "" for the whole session.
    branch: str = ""


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
    lines = load_lines(session) if session else []
    if session is None or not lines:
        return gone(request, project)
    structure = structure_of(lines)
    addresses = addresses_of(project, session, lines, structure, request.GET.get("branch", ""))
    block = block_of(request.GET.get("from", ""), addresses, request.GET.get("side", ""))
    hidden = [index for index in range(len(lines)) if not addresses.shows(index + 1)]
    stretch = load_stretch(session, lines, block.first - 1, block.last, structure, hidden)
    context: dict[str, Any] = {
        "section": "sessions",
        "addresses": addresses,
        "shown": block,
        "sections": sections(stretch, addresses),
        **correction_context(request, project, session.id),
    }
    if not request.htmx:
        place = Place(load_request(session, lines[block.first - 1]), session, lines, block.first - 1, addresses)
        context |= facts_context(project, place, stretch)
        rail = Rail(lines, addresses, block.first, block.last, structure)
        context["branch"] = branch_name(structure, addresses)
        context |= history_context(project, session)
        context |= {"head": head_of(session, lines), "rail": mark_safe(rail.html())}  # noqa: S308 - escaped there
    return render_page_or_partial(request, "session.html", "_session_requests.html", context, project)


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
    later = addresses.after(last) if side != "before" else None
    before = (addresses.block_start(earlier), earlier) if earlier else None
    after = (later, addresses.block_end(later)) if later else None
    return Block(first, last, before, after, f"branch={addresses.chosen}&" if addresses.chosen else "")


def sections(stretch: Stretch, addresses: Addresses) -> list[ThreadSection]:
    """The requests of a stretch, ready for the template."""
    lines = stretch.lines
    costs = timeline.running_costs(line.cost for line in lines)
    start = min(map(timeline.sane_start, lines))
    return ThreadBuilder(stretch, addresses, start, costs, timeline.idle_before(lines)).sections()


def head_of(session: SessionFacts, lines: list[RequestLine]) -> Head:
    span = timeline.span_of(lines)
    return Head(
        facts=session,
        failed_count=sum(line.status == ERROR for line in lines),
        wall=span.wall if span else None,
        busy=span.busy if span else None,
        sources=[source_name(source) for source in session.sources],
        users=session.users[:MOST_USERS],
        more_users=max(len(session.users) - MOST_USERS, 0),
        tags=session.tags[:MOST_TAGS],
        more_tags=max(len(session.tags) - MOST_TAGS, 0),
        grouped_by=mark_safe(session_grouped_by(lines)),  # noqa: S308 - escaped there
    )
