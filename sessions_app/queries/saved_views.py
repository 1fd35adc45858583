"""The saved views that a user sees, and the form in which a list's query string is kept and compared."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import QueryDict

from sessions_app.models import Project, SavedView

MAX_QUERY_CHARS = 8_000
MAX_VIEWS = 100
# The place in the list is no part of what it shows, and which columns there are is up to who looks.
_PLACES = ("before", "after", "cursor", "columns")


def views_of(project: Project, user: Any) -> QuerySet[SavedView]:
    """Own and shared views, by name; at most MAX_VIEWS are listed."""
    visible = Q(owner_id=user.pk) | Q(is_shared=True)
    views = SavedView.objects.filter(visible, project_id=project.pk).select_related("owner")
    return views.order_by("name", "pk")


def kept_query(parameters: QueryDict) -> str:
    """The query string of a list, without empty fields and without the place in it."""
    pairs = [(name, value) for name, values in parameters.lists() for value in values]
    return urlencode([(name, value) for name, value in pairs if value and name not in _PLACES], errors="replace")


def same_list(one: str, other: str) -> bool:
    """Whether two query strings ask for the same list. Their order says nothing."""
    return sorted(one.split("&")) == sorted(other.split("&"))
