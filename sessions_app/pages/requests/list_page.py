"""All requests of a project: one page of rows, those that the search box asks for."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from markupsafe import Markup

from sessions_app.models import Project
from sessions_app.pages.html.components import component
from sessions_app.pages.html.formats import cost, duration, hue, in_zone, short_id, tokens, zone_name
from sessions_app.pages.html.times import time_clock, time_day
from sessions_app.pages.sessions.chosen_columns import chosen_columns, parameters_beside, write_address
from sessions_app.pages.sessions.filters import active_filters, active_range, marked_query, period, range_menu
from sessions_app.pages.sessions.list_page import tell_query
from sessions_app.pages.sessions.outside import outside_of
from sessions_app.pages.sessions.rows import FoundPlace, place_of
from sessions_app.pages.shell import htmx_of, project_page, render_page_or_partial
from sessions_app.pages.thread.wording import error_words, unfinished
from sessions_app.queries.filters import FilterError, SessionFilters, parse_filters
from sessions_app.queries.request_list import (
    NEWEST_FIRST,
    OLDEST_FIRST,
    ListedRequest,
    RequestListPage,
    list_requests,
)
from sessions_app.queries.search.orders import opposite
from sessions_app.queries.search_coverage import search_coverage
from sessions_app.queries.session import ERROR_CHARS
from sessions_app.records import ERROR
from sessions_app.structure import timeline

PAGE_SIZE = 50
ORDERS = {NEWEST_FIRST: "newest first", OLDEST_FIRST: "oldest first"}


@project_page
def requests_page(request: HttpRequest, project: Project) -> HttpResponse:
    """One page of requests."""
    parsed = parse_filters(request.GET, timezone.get_current_timezone())
    order = request.GET.get("order") or NEWEST_FIRST
    columns = chosen_columns(request, "requests")
    shown, errors = _read(project, parsed.filters, order, request.GET.get("before"), columns.parameter)
    # Links keep the order that is shown.
    parsed.filters = replace(parsed.filters, order="" if shown.is_newest_first else shown.order)
    address = reverse("requests", args=[project.slug])
    context: dict[str, Any] = {
        "section": "requests",
        "filters": parsed.filters,
        "address": address,
        "search_address": address,
        "errors": [error for error in (*parsed.errors, *errors) if error.field != "q"],
        "wrong": marked_query(parsed),
        "unsearched": bool(parsed.filters.query) and not search_coverage(project).is_complete,
        "text": parsed.filters.text,
        "page": shown,
        "columns": columns,
        "outside": outside_of(project, parsed.filters, "requests", "" if shown.is_newest_first else shown.order),
        "rows": _write(shown.found, project, str(parsed.filters.query.words)),
        "range": range_menu(parsed.filters),
        "active": active_filters(parsed.filters),
        "active_range": active_range(parsed.filters),
        "period": period(parsed.filters),
        "zone": zone_name(timezone.localtime()),
    }
    response = render_page_or_partial(request, "request_list.html", "_request_results.html", context, project)
    columns.remember(response)
    if htmx_of(request):
        write_address(request, response, address + shown.query)
        tell_query(response, parsed.filters)
    return response


@dataclass(frozen=True)
class ShownRequests:
    """A page of requests, and the query strings of it, of the first page, of the next one and of the other order."""

    found: RequestListPage
    order: str
    query: str
    first: str | None
    older: str | None
    turned: str

    @property
    def is_first(self) -> bool:
        return self.first is None

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """Names and values of its address, without the columns."""
        return parameters_beside(self.query)

    @property
    def is_newest_first(self) -> bool:
        return self.order == NEWEST_FIRST

    @property
    def words(self) -> str:
        return ORDERS[self.order]


def _read(
    project: Project, filters: SessionFilters, order: str, before: str | None, columns: str
) -> tuple[ShownRequests, list[FilterError]]:
    try:
        page = list_requests(project, filters, order, PAGE_SIZE, before)
    except FilterError as error:
        order = NEWEST_FIRST if error.field == "order" else order
        return _read(project, filters, order, None, columns)[0], [error]

    def query(order: str, **more: str) -> str:
        return filters.url_query(order="" if order == NEWEST_FIRST else order, columns=columns, **more)

    older = query(order, before=page.next_cursor) if page.next_cursor else None
    here = query(order, before=before) if before else query(order)
    return ShownRequests(page, order, here, query(order) if before else None, older, query(opposite(order))), []


# --- rows -----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class RequestInList:
    """What a row says. `date` is that of the first row of a day, else "". `what`: the model, or what a step is."""

    href: str
    session_href: str
    session: str
    date: Markup | str
    time: Markup | str
    title: str
    preview: str
    is_error: bool
    unfinished: str
    error: str
    model: str
    hue: Markup
    what: str
    duration: str
    first_token: str
    has_tokens: bool
    input_tokens: str
    output_tokens: str
    cost: str
    user: str
    places: Sequence[FoundPlace]


def _write(found: RequestListPage, project: Project, words: str) -> Markup:
    write = component("request_row", "request_row")
    return Markup("").join(write(row) for row in _rows(found, project, words))


def _rows(found: RequestListPage, project: Project, words: str) -> Iterable[RequestInList]:
    before = ""
    address = f"/p/{project.slug}/"
    for row in found.results:
        date = f"{in_zone(row.started_at):%Y-%m-%d}"
        session = f"{address}sessions/{row.session_id}/"
        places = [place_of(snippet, session, words) for snippet in found.snippets.get(row.id, ())]
        yield _row(row, address, time_day(row.started_at) if date != before else "", places)
        before = date


def _row(row: ListedRequest, address: str, date: Markup | str, places: Sequence[FoundPlace]) -> RequestInList:
    length = timeline.duration(row)
    first = row.first_token_at - row.started_at if row.first_token_at else None
    what = row.kind if row.kind != "llm" else ""
    # The name of its session would say that the link leads there.
    title = (what and row.call_type) or f"Request {short_id(row.id)}"
    return RequestInList(
        href=_page(address, row.id),
        session_href=f"{address}sessions/{row.session_id}/",
        session=row.session_title or row.session_key or short_id(row.session_id),
        date=date,
        time=time_clock(row.started_at),
        title=row.input_preview or title,
        preview=row.output_preview,
        is_error=row.status == ERROR,
        unfinished=unfinished(row),
        error=error_words(row.http_status, row.error_message[:ERROR_CHARS], row.error_type),
        model=row.model,
        hue=hue(row.model),
        what=what,
        duration=duration(length),
        first_token=duration(first),
        has_tokens=row.input_tokens is not None or row.output_tokens is not None,
        input_tokens=tokens(row.input_tokens),
        output_tokens=tokens(row.output_tokens),
        cost=cost(row.cost),
        user=row.user,
        places=places,
    )


def _page(address: str, request_id: uuid.UUID) -> str:
    return f"{address}requests/{request_id}/"
