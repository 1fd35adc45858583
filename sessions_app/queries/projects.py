"""The projects: the one that an address names, and those that the menu of every page lists.

The statements are written out: every page needs them, and Django takes longer to make one than PostgreSQL to answer it.
"""

from __future__ import annotations

from typing import NamedTuple

from sessions_app.models import Project
from sessions_app.queries.fetching import fetched

# The menu lists so many, and says it.
MAX_LISTED = 100


class ListedProject(NamedTuple):
    slug: str
    name: str

    def __str__(self) -> str:
        return self.name or self.slug


class ListedProjects(NamedTuple):
    """The first projects, and whether there are others."""

    listed: list[ListedProject]
    are_more: bool


def find_project(slug: str) -> Project | None:
    """The project with this slug, which has no NUL."""
    return next(iter(Project.objects.raw("SELECT * FROM sessions_app_project WHERE slug = %s", [slug])), None)


def listed_projects() -> ListedProjects:
    """The first MAX_LISTED projects by their slugs."""
    rows = fetched("SELECT slug, name FROM sessions_app_project ORDER BY slug LIMIT %s", [MAX_LISTED + 1])
    return ListedProjects([ListedProject(*row) for row in rows[:MAX_LISTED]], len(rows) > MAX_LISTED)
