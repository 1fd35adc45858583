"""The sessions of a project: filters, one page of rows, and what is new since it was read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from sessions_app.models import Project
from sessions_app.pages.html.formats import zone_name
from sessions_app.pages.sessions.filters import (
    active_filters,
    active_range,
    at_least,
    facet_lists,
    period,
    range_menu,
    ways_out,
)
from sessions_app.pages.sessions.overview import overview
from sessions_app.pages.sessions.rows import write_rows
from sessions_app.pages.sessions.saved_views import save_address, view_chips
from sessions_app.pages.shell import htmx_of, project_page, render_page_or_partial
from sessions_app.queries import arrivals, session_list
from sessions_app.queries.filters import FilterError, SessionFilters, parse_filters
from sessions_app.queries.session_list import NEWEST_FIRST, OLDEST_FIRST, SessionRow

PAGE_SIZE = 50
MAX_WAYS_OUT = 2
# A log that waits longer than this was not digested in time: the page says so.
PATIENCE = timedelta(seconds=5)


@project_page
def sessions_page(request: HttpRequest, project: Project) -> HttpResponse:
    """One page of sessions. A project without any redirects to the onboarding."""
    return _list(request, project)


@project_page
def list_region(request: HttpRequest, project: Project, region: str) -> HttpResponse:
    """What htmx fetches after the rows: the totals with the histogram, or the facets. Else the page with all of it."""
    if not htmx_of(request):
        return _list(request, project, is_whole=True)
    filters = parse_filters(request.GET, timezone.get_current_timezone()).filters
    return render(request, f"_{region}.html", _filters_context(project, filters) | {"project": project})


def _list(request: HttpRequest, project: Project, is_whole: bool = False) -> HttpResponse:
    parsed = parse_filters(request.GET, timezone.get_current_timezone())
    shown, errors = _read_page(project, parsed.filters, request.GET.get("before"), request.GET.get("after"))
    if not shown.rows and parsed.filters.is_empty() and shown.is_first and not errors:
        return redirect("onboarding", project.slug)
    context = _filters_context(project, parsed.filters) | {
        "section": "sessions",
        "is_whole": is_whole,
        "errors": [*parsed.errors, *errors],
        "page": shown,
        "views": SimpleLazyObject(lambda: view_chips(request, project)),
        "save_view": save_address(request, project),
        "rows": write_rows(shown.rows, session_list.activity(shown.rows), reverse("sessions", args=[project.slug])),
        "ways_out": [] if shown.rows else list(ways_out(project, parsed.filters))[:MAX_WAYS_OUT],
        "undigested_since": _late(arrivals.undigested_since()),
    }
    # Only the rows differ between the pages of one list.
    partial = "_session_rows.html" if request.GET.keys() & {"before", "after"} else "_session_results.html"
    response = render_page_or_partial(request, "session_list.html", partial, context, project)
    if htmx_of(request):
        # Without the empty fields of the form, which htmx would put into the address.
        response.headers["HX-Push-Url"] = context["address"] + shown.query
    return response


def _filters_context(project: Project, filters: SessionFilters) -> dict[str, Any]:
    address = reverse("sessions", args=[project.slug])
    return {
        "filters": filters,
        "address": address,
        "facets": SimpleLazyObject(lambda: facet_lists(project, filters)),
        "overview": SimpleLazyObject(lambda: overview(project, filters, address)),
        "range": range_menu(filters),
        "active": active_filters(filters),
        "active_range": active_range(filters),
        "period": period(filters),
        "zone": zone_name(timezone.localtime()),
    }


@project_page
def new_sessions(request: HttpRequest, project: Project) -> HttpResponse:
    """The button above the first row that says how many sessions are new or updated."""
    parsed = parse_filters(request.GET, timezone.get_current_timezone())
    newest = request.GET.get("newest", "")
    try:
        found = session_list.count_newer(project, parsed.filters, newest)
    except FilterError:
        return HttpResponse(status=204)
    context = {
        "project": project,
        "filters": parsed.filters,
        "newest": newest,
        "news": f"{at_least(found)} new or updated session{'' if found == 1 else 's'}" if found else "",
        "address": reverse("sessions", args=[project.slug]),
    }
    return render(request, "_new_sessions.html", context)


# --- the page of rows -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ShownPage:
    """Rows, newest first, and the query strings of this page and of its neighbours; None where there is none."""

    rows: list[SessionRow]
    query: str
    newest: str | None = None
    newer: str | None = None
    older: str | None = None

    @property
    def is_first(self) -> bool:
        return self.newest is None


def _read_page(
    project: Project, filters: SessionFilters, before: str | None, after: str | None
) -> tuple[ShownPage, list[FilterError]]:
    try:
        if after:
            return _page_after(project, filters, after), []
        return _page_before(project, filters, before), []
    except FilterError as error:
        return _page_before(project, filters, None), [error]


def _page_before(project: Project, filters: SessionFilters, before: str | None) -> ShownPage:
    page = session_list.list_sessions(project, filters, NEWEST_FIRST, PAGE_SIZE, before)
    older = filters.query(before=page.next_cursor) if page.next_cursor else None
    if not before:
        return ShownPage(page.results, filters.query(), older=older)
    newer = filters.query(after=page.results[0].cursor) if page.results else filters.query()
    return ShownPage(page.results, filters.query(before=before), filters.query(), newer, older)


def _page_after(project: Project, filters: SessionFilters, after: str) -> ShownPage:
    page = session_list.list_sessions(project, filters, OLDEST_FIRST, PAGE_SIZE, after)
    if page.next_cursor is None:
        # This is the newest page: show it whole, not only the sessions after the cursor.
        return _page_before(project, filters, None)
    rows = page.results[::-1]
    newer, older = filters.query(after=rows[0].cursor), filters.query(before=rows[-1].cursor)
    return ShownPage(rows, filters.query(after=after), filters.query(), newer, older)


def _late(undigested_since: datetime | None) -> datetime | None:
    return undigested_since if undigested_since and timezone.now() - undigested_since > PATIENCE else None
