"""The saved views that a user sees, and the form in which a list's query string is kept and compared."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import QueryDict

from sessions_app.models import Project, SavedView
from sessions_app.queries.fetching import fetched

MAX_QUERY_CHARS = 8_000
MAX_VIEWS = 100
# The place in the list is no part of what it shows, and which columns there are is up to who looks.
_PLACES = ("before", "after", "cursor", "columns")


# Written out: every list shows it, and Django would take longer to make the statement than PostgreSQL to answer it.
_LISTED = """
SELECT v.id, v.name, v.query, v.is_shared, v.owner_id, u.username
FROM saved_view AS v LEFT JOIN auth_user AS u ON u.id = v.owner_id
WHERE v.project_id = %s AND (v.owner_id = %s OR v.is_shared) ORDER BY v.name, v.id LIMIT %s
"""


class ListedView(NamedTuple):
    """A saved view as lists show it. Nobody owns it whose account is gone."""

    pk: int
    name: str
    query: str
    is_shared: bool
    owner_id: int | None
    owner_name: str | None


def views_of(project: Project, user: Any) -> QuerySet[SavedView]:
    """Own and shared views."""
    return SavedView.objects.filter(Q(owner_id=user.pk) | Q(is_shared=True), project_id=project.pk)


def listed_views(project: Project, user: Any) -> list[ListedView]:
    """The first MAX_VIEWS of these by name."""
    return [ListedView(*row) for row in fetched(_LISTED, [project.pk, user.pk, MAX_VIEWS])]


def kept_query(parameters: QueryDict) -> str:
    """The query string of a list, without empty fields and without the place in it."""
    pairs = [(name, value) for name, values in parameters.lists() for value in values]
    return urlencode([(name, value) for name, value in pairs if value and name not in _PLACES], errors="replace")


def same_list(one: str, other: str) -> bool:
    """Whether two query strings ask for the same list. Their order says nothing."""
    return sorted(one.split("&")) == sorted(other.split("&"))
