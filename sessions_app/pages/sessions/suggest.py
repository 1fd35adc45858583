"""What the search box suggests while something is typed: keys, then values that the language or the data have."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from sessions_app.models import Project
from sessions_app.pages.sessions.filters import value_label
from sessions_app.pages.shell import project_page
from sessions_app.queries import suggestions
from sessions_app.search_language.completion import (
    CaretPlace,
    Suggestion,
    known_values,
    place_at,
    suggested_keys,
    suggested_values,
    wants_paths,
)
from sessions_app.search_language.parser import MOST_CHARS

MOST_SHOWN = 40


@project_page
def suggestions_partial(request: HttpRequest, project: Project) -> HttpResponse:
    """The options for the text `q` with the caret behind `at` characters; no content if there is nothing to suggest."""
    text, at = request.GET.get("q", ""), request.GET.get("at", "")
    if len(text) > MOST_CHARS:
        return HttpResponse(status=204)
    place = place_at(text, int(at) if at.isdecimal() and len(at) < 9 else len(text))
    found = _suggested(project, place) if place else None
    if place is None or found is None or not found.all:
        return HttpResponse(status=204)
    context = {"place": place, "options": found.all[:MOST_SHOWN], "foot": _foot(found)}
    return render(request, "_suggestions.html", context)


@dataclass(frozen=True)
class _Suggestions:
    """`looked_at`: where the values were looked for; "" if the language has them."""

    all: list[Suggestion]
    looked_at: str = ""


def _suggested(project: Project, place: CaretPlace) -> _Suggestions:
    if not place.key:
        if not wants_paths(place):
            return _Suggestions(suggested_keys(place))
        return _Suggestions(
            suggested_keys(place, suggestions.metadata_paths(project)), suggestions.looked_at(place.before)
        )
    known = known_values(place.key, timezone.localdate())
    if known is not None:
        values = {value: means or _label(place.key, value) for value, means in known.items()}
        return _Suggestions(suggested_values(place, values))
    in_data = dict.fromkeys(suggestions.values_in_data(project, place.key), "")
    return _Suggestions(suggested_values(place, in_data), suggestions.looked_at(place.key))


def _label(key: str, value: str) -> str:
    label = value_label(key, value)
    return label if label != value else ""


def _foot(found: _Suggestions) -> str:
    more = len(found.all) - MOST_SHOWN
    rest = f"{more:,} more: type on." if more > 0 else ""
    return f"From the {found.looked_at}. {rest}".strip() if found.looked_at else rest
