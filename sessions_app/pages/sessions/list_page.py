"""The sessions of a project: filters, one page of rows, and what is new since it was read."""

from __future__ import annotations

import json
import uuid
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from sessions_app.models import Project
from sessions_app.pages.html.formats import stamp, zone_name
from sessions_app.pages.sessions.chosen_columns import FORM, chosen_columns, parameters_beside, write_address
from sessions_app.pages.sessions.columns import ORDER_NAMES, column_heads, order_choices, ordered_query
from sessions_app.pages.sessions.filters import (
    active_filters,
    active_range,
    at_least,
    facet_lists,
    marked_query,
    period,
    range_menu,
    ways_out,
)
from sessions_app.pages.sessions.outside import outside_of
from sessions_app.pages.sessions.overview import overview
from sessions_app.pages.sessions.rows import write_page
from sessions_app.pages.sessions.saved_views import save_address, view_chips
from sessions_app.pages.shell import htmx_of, project_page, render_page_or_partial
from sessions_app.queries import arrivals, live, session_list
from sessions_app.queries.filters import FilterError, SessionFilters, parse_filters
from sessions_app.queries.matching import count_newer
from sessions_app.queries.search.orders import NEWEST_FIRST, direction_of, opposite
from sessions_app.queries.search_coverage import search_coverage
from sessions_app.queries.session_list import SessionPage, SessionRow

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
    if filters.unread:
        return HttpResponse()
    return render(request, f"_{region}.html", _filters_context(project, filters) | {"project": project})


def _list(request: HttpRequest, project: Project, is_whole: bool = False) -> HttpResponse:
    parsed = parse_filters(request.GET, timezone.get_current_timezone())
    columns = chosen_columns(request, "sessions")
    reader = _PageReader(project, parsed.filters, request.GET.get("order") or NEWEST_FIRST, columns.parameter)
    shown, errors = reader.page(request.GET.get("before"), request.GET.get("after"))
    if not shown.rows and parsed.filters.is_empty() and shown.is_first and not errors:
        return redirect("onboarding", project.slug)
    # Links keep the order that is shown.
    parsed.filters = replace(parsed.filters, order="" if shown.is_newest_first else shown.order)
    context = _filters_context(project, parsed.filters) | {
        "section": "sessions",
        "is_whole": is_whole,
        "errors": [error for error in (*parsed.errors, *errors) if error.field != "q"],
        "wrong": marked_query(parsed),
        "unsearched": bool(parsed.filters.query) and not search_coverage(project).is_complete,
        "text": parsed.filters.text,
        "page": shown,
        "outside": outside_of(project, parsed.filters, "sessions", "" if shown.is_newest_first else shown.order),
        "columns": columns,
        "heads": column_heads(parsed.filters, shown.order, columns.parameter),
        "orders": order_choices(parsed.filters, shown.order, columns.parameter),
        "views": SimpleLazyObject(lambda: view_chips(request, project)),
        "save_view": "" if parsed.filters.unread else save_address(request, project),
        "rows": write_page(
            shown.rows,
            reverse("sessions", args=[project.slug]),
            shown.found,
            live.active_sessions(shown.rows, timezone.now()),
        ),
        "ways_out": SimpleLazyObject(lambda: list(ways_out(project, parsed.filters))[:MAX_WAYS_OUT]),
        "newest": "" if parsed.filters.unread else _newest(project, shown),
        "undigested_since": _late(arrivals.undigested_since()),
    }
    # Only the rows differ between the pages of one list with the same columns.
    is_turned = request.GET.keys() & {"before", "after"} and htmx_of(request).trigger != FORM
    partial = "_session_page.html" if is_turned else "_session_results.html"
    response = render_page_or_partial(request, "session_list.html", partial, context, project)
    columns.remember(response)
    if htmx_of(request):
        write_address(request, response, context["address"] + shown.query)
        tell_query(response, parsed.filters)
    return response


def _newest(project: Project, shown: ShownPage) -> str:
    """The place behind which sessions are new; "" if none are announced.

    In other orders, and where nothing is found, that is the latest activity of the project.
    """
    if not shown.is_first:
        return ""
    newest = shown.rows[0] if shown.rows and shown.is_newest_first else arrivals.newest_session(project)
    return newest.cursor if newest else ""


def tell_query(response: HttpResponse, filters: SessionFilters) -> None:
    """Let the page's script write the query into the search box: a link may have changed it."""
    told = {"text": filters.text, "wrong": bool(filters.unread)}
    response.headers["HX-Trigger"] = json.dumps({"query-text": told})


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
    """The button above the first row that says how many sessions are new or updated; and in which of those that are
    `shown` something happens.
    """
    parsed = parse_filters(request.GET, timezone.get_current_timezone())
    newest, order = request.GET.get("newest", ""), request.GET.get("order") or NEWEST_FIRST
    try:
        found = count_newer(project, parsed.filters, newest)
        direction_of(order)
    except FilterError:
        return HttpResponse(status=204)
    context = {
        "project": project,
        "list_query": ordered_query(parsed.filters, order),
        "newest": newest,
        "count": at_least(found),
        "active": _active_of(project, request.GET.get("shown", "")),
        "news": f"{at_least(found)} new or updated session{'' if found == 1 else 's'}" if found else "",
        "address": reverse("sessions", args=[project.slug]),
    }
    return render(request, "_new_sessions.html", context)


def _active_of(project: Project, shown: str) -> dict[uuid.UUID, bool] | None:
    """Of the ids that are `shown`, those of active sessions; None if none are named."""
    ids: list[uuid.UUID] = []
    for word in shown.split(",")[:PAGE_SIZE]:
        with suppress(ValueError):
            ids.append(uuid.UUID(word))
    return live.active_among(project.pk, ids, timezone.now()) if ids else None


# --- the page of rows -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ShownPage:
    """Rows in their order, and the query strings of this page and of its neighbours; None where there is none."""

    found: SessionPage
    rows: list[SessionRow]
    order: str
    query: str
    newest: str | None = None
    newer: str | None = None
    older: str | None = None

    @property
    def is_newest_first(self) -> bool:
        return self.order == NEWEST_FIRST

    @property
    def order_name(self) -> str:
        return ORDER_NAMES[self.order]

    @property
    def reached(self) -> str:
        """How far an unfinished search looked, if the order is by time."""
        return stamp(self.found.reached) if isinstance(self.found.reached, datetime) else ""

    @property
    def is_first(self) -> bool:
        return self.newest is None

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """Names and values of its address, without the columns."""
        return parameters_beside(self.query)


@dataclass(frozen=True)
class _PageReader:
    """Reads pages of the list with these filters in this order."""

    project: Project
    filters: SessionFilters
    order: str
    columns: str

    def page(self, before: str | None, after: str | None) -> tuple[ShownPage, list[FilterError]]:
        try:
            direction_of(self.order)
            return self._after(after) if after else self._before(before), []
        except FilterError as error:
            order = NEWEST_FIRST if error.field == "order" else self.order
            return _PageReader(self.project, self.filters, order, self.columns)._before(None), [error]

    def _before(self, before: str | None) -> ShownPage:
        page = session_list.list_sessions(self.project, self.filters, self.order, PAGE_SIZE, before)
        older = self._query(before=page.next_cursor) if page.next_cursor else None
        if not before:
            return ShownPage(page, page.results, self.order, self._query(), older=older)
        newer = self._query(after=page.first_cursor) if page.first_cursor else self._query()
        return ShownPage(page, page.results, self.order, self._query(before=before), self._query(), newer, older)

    def _after(self, after: str) -> ShownPage:
        page = session_list.list_sessions(self.project, self.filters, opposite(self.order), PAGE_SIZE, after)
        if page.next_cursor is None or page.is_out_of_time:
            # This is the first page: show it whole, not only the sessions after the cursor.
            return self._before(None)
        newer, older = self._query(after=page.last_cursor), self._query(before=page.first_cursor)
        return ShownPage(page, page.results[::-1], self.order, self._query(after=after), self._query(), newer, older)

    def _query(self, **more: str | None) -> str:
        order = "" if self.order == NEWEST_FIRST else self.order
        kept = {"order": order, "columns": self.columns}
        return self.filters.url_query(**kept, **{name: value or "" for name, value in more.items()})


def _late(undigested_since: datetime | None) -> datetime | None:
    return undigested_since if undigested_since and timezone.now() - undigested_since > PATIENCE else None
