"""What a page says when the database took too long: that it did, what was asked, and ways to ask for less."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from sessions_app import bounds
from sessions_app.pages.sessions.filters import RANGE_NAMES
from sessions_app.pages.shell import htmx_of, viewer_zone
from sessions_app.queries.filters import RANGES, SessionFilters, parse_filters
from sessions_app.queries.search.orders import NEWEST_FIRST
from sessions_app.search_language import Text, Values

logger = logging.getLogger(__name__)

# The pages with the search box, by the names of all addresses that are parts of them.
LISTS = {
    "sessions": "sessions",
    "sessions_facets": "sessions",
    "sessions_overview": "sessions",
    "sessions_outside": "sessions",
    "requests": "requests",
    "requests_outside": "requests",
}
# They ask again by themselves.
POLLED = ("sessions_news", "onboarding_waiting", "bulk_action")
SHORTER = ("1h", "24h", "7d")
DAY = timedelta(days=1)
MOST_WAYS = 5


class StatementTimeout:
    """Middleware: 504 for a page of which a statement took longer than it may."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not bounds.is_statement_timeout(error):
            return None
        logger.warning("A statement of %s exceeded the page timeout", request.path)
        # Without the user, who was not read yet, the page would ask the database once more.
        if not hasattr(request, "_cached_user"):
            return HttpResponse(render_to_string("504.html", _seconds()), status=504)
        return _partial(request) if htmx_of(request) and not htmx_of(request).boosted else _page(request)


def _seconds() -> dict[str, Any]:
    return {"seconds": settings.LOGSUI_PAGE_STATEMENT_SECONDS}


def _page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(render_to_string("504.html", _context(request), request), status=504)


def _partial(request: HttpRequest) -> HttpResponse:
    """What stands in the page instead of what was asked for; htmx shows it although it is an error."""
    context, target = _context(request), htmx_of(request).target
    shape = "whole" if target == "results" else "short"
    html = render_to_string("_took_too_long.html", context | {"shape": shape}, request)
    response = HttpResponse(html, status=504)
    if target == "results":
        response.headers["HX-Push-Url"] = context["again"]
    elif _name(request) in POLLED:
        response.headers["HX-Reswap"] = "none"
    elif _name(request) not in LISTS:
        # What stands there stays, with its link to ask once more.
        response.headers["HX-Reswap"] = "beforeend"
    return response


def _name(request: HttpRequest) -> str:
    return (request.resolver_match and request.resolver_match.url_name) or ""


def _context(request: HttpRequest) -> dict[str, Any]:
    """Made of the address alone: the database may be as slow as before."""
    slug = request.resolver_match.kwargs.get("slug") if request.resolver_match else None
    context = _seconds() | {"project": {"slug": slug} if slug else None, "again": "", "ways": []}
    page = LISTS.get(_name(request))
    if not slug or not page:
        return context
    filters = parse_filters(request.GET, viewer_zone(request)).filters
    address, order = reverse(page, args=[slug]), request.GET.get("order", "")
    return context | {
        "section": page,
        "filters": filters,
        "text": filters.text,
        "search_address": address,
        "again": address + filters.url_query(order=order),
        "ways": [Way(way.label, address + way.href) for way in list(ways_to_ask_for_less(filters, order))[:MOST_WAYS]],
    }


@dataclass(frozen=True)
class Way:
    """A link to a list that costs less."""

    label: str
    href: str


def ways_to_ask_for_less(filters: SessionFilters, order: str) -> Iterator[Way]:
    """What may have made the list slow, taken away one by one: an expensive filter, time, words, the order."""
    for clause in filters.query.clauses:
        if isinstance(clause, Values) and clause.key == "has" and "branch" in clause.values:
            without = filters.asking(filters.query.minus(clause))
            yield Way(f"Without {clause}", without.url_query(order=order))
    for label, shorter in _shorter(filters):
        yield Way(label, shorter.url_query(order=order))
    texts = [clause for clause in filters.query.clauses if isinstance(clause, Text)]
    # The last word was mostly typed last; a single one is what was looked for.
    for text in texts[:0:-1][:2]:
        yield Way(f"Without {text}", filters.asking(filters.query.minus(text)).url_query(order=order))
    if order and order != NEWEST_FIRST:
        yield Way("Newest first", filters.url_query(order=""))


def _shorter(filters: SessionFilters) -> Iterator[tuple[str, SessionFilters]]:
    if filters.range or not (filters.since or filters.until):
        whole = RANGES.get(filters.range, timedelta.max)
        for name in [name for name in SHORTER if RANGES[name] < whole][-2:]:
            yield RANGE_NAMES[name], replace(filters, range=name, since=None, until=None)
        return
    end = filters.until or timezone.now()
    if filters.since is None or end - filters.since > DAY:
        yield "Its last day alone", replace(filters, since=end - DAY, until=end)
