"""The line above a list that says how much matches outside of its time range. It comes after the rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from sessions_app.models import Project
from sessions_app.pages.shell import htmx_of, project_page
from sessions_app.queries.filters import SessionFilters, parse_filters
from sessions_app.queries.matching import COUNT_LIMIT, CountedMatches, count_outside
from sessions_app.queries.request_list import count_requests_outside

COUNTS: dict[str, Callable[[Project, SessionFilters], CountedMatches]] = {
    "sessions": count_outside,
    "requests": count_requests_outside,
}


@dataclass(frozen=True)
class Outside:
    """`later`: the address of the line. `wider`: that of the list without the time range."""

    later: str
    wider: str


def outside_of(project: Project, filters: SessionFilters, unit: str, order: str) -> Outside | None:
    """None if nothing can be hidden by a time range: there is none, or it is all that was asked."""
    if filters.unread or not (filters.since or filters.until) or not (filters.query or filters.trace_id):
        return None
    later = reverse(f"{unit}_outside", args=[project.slug]) + filters.url_query(order=order)
    wider = reverse(unit, args=[project.slug]) + filters.without("range").url_query(order=order)
    return Outside(later, wider)


@project_page
def outside_line(request: HttpRequest, project: Project, unit: str) -> HttpResponse:
    """The line, for htmx; else the list itself without the range."""
    filters = parse_filters(request.GET, timezone.get_current_timezone()).filters
    order = request.GET.get("order", "")
    outside = outside_of(project, filters, unit, order)
    if not htmx_of(request):
        return redirect(outside.wider if outside else reverse(unit, args=[project.slug]) + filters.url_query())
    if outside is None:
        return HttpResponse()
    found = COUNTS[unit](project, filters)
    return render(request, "_outside.html", {"words": outside_words(found, unit), "found": found, "outside": outside})


def outside_words(found: CountedMatches, unit: str) -> str:
    """How many there are, and whether there may be more."""
    if found.number > COUNT_LIMIT:
        return f"More than {COUNT_LIMIT} other {unit} match outside this range."
    if found.number:
        least = "" if found.is_whole else "At least "
        what = f"other {unit.removesuffix('s')} matches" if found.number == 1 else f"other {unit} match"
        return f"{least}{found.number} {what} outside this range."
    if found.is_whole:
        return "Nothing else matches outside this range."
    return "Outside this range nothing was found in the time that this line may take."
