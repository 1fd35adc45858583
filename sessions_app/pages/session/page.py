"""The page of a session: its totals, its outline, and its requests in order."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers

from sessions_app.models import Project
from sessions_app.pages.html.components import component, joined
from sessions_app.pages.html.finding import finding
from sessions_app.pages.insights.panels import panels
from sessions_app.pages.insights.session import Insights, insights_of
from sessions_app.pages.session.curves import curves
from sessions_app.pages.session.dense import dense_lines, is_dense, remember
from sessions_app.pages.session.find import SessionFind, find, marked
from sessions_app.pages.session.head import head_of
from sessions_app.pages.session.ignored import ignored
from sessions_app.pages.session.outline import Outline
from sessions_app.pages.session.switch import PARTIALS, TABLE, WATERFALL, dense_link, view_links
from sessions_app.pages.session.table_view import table
from sessions_app.pages.session.view import (
    RequestBlock,
    View,
    block_of,
    branch_name,
    read,
    sections,
    steps_alone,
    steps_html,
    view_of,
)
from sessions_app.pages.session.waterfall_view import waterfall
from sessions_app.pages.shell import htmx_of, project_page, render_page, render_page_or_partial
from sessions_app.pages.thread.addresses import Addresses
from sessions_app.pages.thread.correction_menu import correction_context, history_context
from sessions_app.pages.thread.layout import AFTER, BEFORE, MOST_STEPS
from sessions_app.pages.thread.place import RequestInSession, facts_context, whole_number
from sessions_app.queries.filters import SessionFilters
from sessions_app.queries.session import (
    MOST_LINES,
    find_session,
    load_all_lines,
    load_request,
)
from sessions_app.queries.session_list import list_sessions
from sessions_app.queries.thread import load_window
from sessions_app.queries.window import Window


@project_page
def session_page(request: HttpRequest, project: Project, session_id: uuid.UUID) -> HttpResponse:
    """The session from request `from` on. htmx gets only the requests, to add them to those on the page."""
    began = time.thread_time()
    session = find_session(project.pk, session_id)
    lines = load_all_lines(session, MOST_LINES) if session else None
    if session is None or lines is None or lines.is_empty:
        return gone(request, project)
    shown = view_of(project, session, lines, request.GET).as_dense(is_dense(request))
    found = find(project, session, lines, request.GET, shown.whole)
    context: dict[str, Any] = {
        "section": "sessions",
        "addresses": shown.addresses,
        "find": found,
        "insights": insights_of(project, shown),
        **correction_context(request, project, session.id),
    }
    mark_of = partial(
        context["insights"].note,
        marks=context["insights"].marks(f"{shown.addresses.session}?panel=findings"),
        is_short=True,
    )
    if shown.addresses.view == WATERFALL:
        context |= waterfall(request.GET, shown, found, mark_of)
    elif shown.addresses.view == TABLE:
        context |= table(request, shown, found, mark_of)
    else:
        context |= _conversation(request, project, shown, found, context)
    if not htmx_of(request):
        context |= _around(project, shown, context["shown"])
        context["ignored"] = ignored(request.GET, shown, found, context.get("pages"))
        context |= curves(shown, found.counts)
    part = PARTIALS[shown.addresses.view]
    response = render_page_or_partial(request, "session.html", part, context, project)
    patch_vary_headers(response, ["Cookie"])
    # The script of an open page asks less often for what costs more.
    response.headers["Server-Timing"] = f"page;dur={1000 * (time.thread_time() - began):.1f}"
    remember(request, response)
    if shown.addresses.view == TABLE:
        context["table"].columns.remember(response)
    return response


def _conversation(
    request: HttpRequest, project: Project, shown: View, found: SessionFind, context: dict[str, Any]
) -> dict[str, Any]:
    """The requests in full, and what is beside them."""
    block = block_of(_with_place(request.GET, found), shown.addresses)
    if shown.addresses.dense:
        return _dense(request, project, shown, block, found, context["insights"])
    with finding(found.needles):
        window = read(shown, block)
        insights = context["insights"]
        thread, block = sections(window, shown, block, partial(insights.note, marks=insights.marks()))
        alone = steps_alone(window, shown)
    correct_url = context["correct_url"] if context.get("may_correct") else ""
    html = alone + joined(component("thread", "section")(section, correct_url) for section in thread)
    own: dict[str, Any] = {"shown": block}
    own["thread"] = marked(found, html, shown.addresses) if found.needles else html
    if not htmx_of(request):
        own |= _beside(request, project, shown, block, window, found)
        own |= panels(request, project, shown, context["insights"], window)
    return own


def _dense(
    request: HttpRequest, project: Project, shown: View, block: RequestBlock, found: SessionFind, insights: Insights
) -> dict[str, Any]:
    """A line a request, and what is beside them. Only the first request is read, for its facts."""
    window = read(shown, replace(block, last=min(block.first, block.last)))
    mark_of = partial(insights.note, marks=insights.marks(), is_short=True)
    own: dict[str, Any] = {"shown": block, "thread": dense_lines(shown, block, found, window, mark_of)}
    if not htmx_of(request):
        own |= _beside(request, project, shown, block, window, found)
        own |= panels(request, project, shown, insights, window)
    return own


def _with_place(query: QueryDict, found: SessionFind) -> QueryDict:
    """The query with the block that has what the address leads to, unless it names a block itself."""
    if found.number is None or not query.keys().isdisjoint(("from", "at")):
        return query
    query = query.copy()
    query["from"] = str(found.number)
    return query


def _around(project: Project, shown: View, block: RequestBlock) -> dict[str, Any]:
    """What is around each view: the head, and what is said of a part of the session."""
    addresses = shown.addresses
    before = addresses.before(block.first)
    return {
        "branch": branch_name(shown.structure, addresses),
        "trace": shown.whole.groups.get(addresses.trace) if addresses.trace else None,
        "head": head_of(shown),
        "lines_cut": MOST_LINES if shown.lines.is_cut else None,
        "views": view_links(addresses, block.first if before else None),
        "dense_link": dense_link(addresses, block.first if before else None),
        **history_context(project, shown.session),
    }


def _beside(
    request: HttpRequest, project: Project, shown: View, block: RequestBlock, window: Window, found: SessionFind
) -> dict[str, Any]:
    """What is beside the requests: the outline, and the facts of one request: that of the place the address leads to,
    else the first.
    """
    requests, addresses = shown.lines.requests, shown.addresses
    outline = outline_of(shown, block.first, block.last, found)
    context: dict[str, Any] = {
        "outline": outline.html(),
        "outline_failed": outline.failed(),
        "ends": addresses.ends(),
    }
    if window.unfolded:
        wanted = (found.number or 0) - 1
        index = wanted if wanted in window.unfolded else window.unfolded[0]
        log = load_request(shown.session, requests[index])
        place = RequestInSession(log, shown.session, requests, index, addresses)
        context |= facts_context(project, place, window)
    return context


@project_page
def session_find(request: HttpRequest, project: Project, session_id: uuid.UUID) -> HttpResponse:
    """The box with what was found, for htmx: without the outline and the requests. Others get the whole page."""
    words = request.GET.get("find", "")
    address = f"{reverse('session', args=[project.slug, session_id])}?{urlencode({'find': words})}#find"
    session = find_session(project.pk, session_id) if htmx_of(request) else None
    if session is None:
        return redirect(address)
    lines = load_all_lines(session, MOST_LINES)
    addresses = Addresses(project.slug, session.id, len(lines.requests))
    context = {"addresses": addresses, "find": find(project, session, lines, request.GET)}
    response = render(request, "_session_find.html", context)
    response["HX-Push-Url"] = address
    patch_vary_headers(response, ["HX-Request"])
    return response


@project_page
def session_outline(request: HttpRequest, project: Project, session_id: uuid.UUID) -> HttpResponse:
    """A fold of the outline with its rows, for htmx. Others get the page."""
    session = find_session(project.pk, session_id) if htmx_of(request) else None
    if session is None:
        return redirect("session", project.slug, session_id)
    shown = view_of(project, session, load_all_lines(session, MOST_LINES), request.GET).as_dense(is_dense(request))
    found = find(project, session, shown.lines, request.GET, shown.whole)
    # No request is on a page: the links of all lead to the pages that have them.
    nowhere = len(shown.lines.requests) + 1
    html = outline_of(shown, nowhere, nowhere, found).fold(request.GET.get("fold", ""))
    if html is None:
        raise Http404
    response = HttpResponse(html)
    patch_vary_headers(response, ["HX-Request"])
    return response


def outline_of(shown: View, first: int, last: int, found: SessionFind) -> Outline:
    """The outline of a page with the requests `first` to `last`."""
    place = (shown.lines.requests, shown.addresses, first, last)
    known = (shown.tool_failures, shown.contexts)
    return Outline(*place, shown.structure, shown.whole, *known, shown.runs, found.counts)


@project_page
def session_steps(request: HttpRequest, project: Project, session_id: uuid.UUID) -> HttpResponse:
    """The steps `before` or `after` a request, by its number, from number `start` on."""
    session = find_session(project.pk, session_id)
    lines = load_all_lines(session, MOST_LINES) if session else None
    if session is None or lines is None or lines.is_empty:
        raise Http404
    shown = view_of(project, session, lines, request.GET)
    side = BEFORE if BEFORE in request.GET else AFTER
    index, start = whole_number(request.GET.get(side, ""), 0) - 1, whole_number(request.GET.get("start", ""), 0)
    steps = shown.layout.beside(side, index)
    chosen = steps[start : start + MOST_STEPS]
    window = load_window(session, lines.requests, index, index + 1, shown.structure, (), chosen)
    html = steps_html(window, shown, side, index, start)
    context = {"section": "sessions", "session": session, "html": html}
    return render_page_or_partial(request, "session_steps.html", "_request_part.html", context, project)


@project_page
def trace_redirect(request: HttpRequest, project: Project, trace_id: str) -> HttpResponse:
    """Redirect to the session that has this id, or a request with this id; to a list of them if there are several.

    Several sessions may have the same id: any log can claim it.
    """
    found = list_sessions(project, SessionFilters(trace_id=trace_id), limit=2).results
    if not found:
        return gone(request, project, trace_id)
    if len(found) > 1:
        query = urlencode({"trace_id": trace_id.encode("utf-8", "replace")})
        return redirect(f"{reverse('sessions', args=[project.slug])}?{query}")
    return redirect("session", project.slug, found[0].id)


def gone(request: HttpRequest, project: Project, trace_id: str = "") -> HttpResponse:
    """The page that says that there is no such session, or no longer."""
    if htmx_of(request):
        raise Http404
    return render_page(request, "session_gone.html", {"section": "sessions", "trace_id": trace_id}, project, status=404)
