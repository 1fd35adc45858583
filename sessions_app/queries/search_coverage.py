"""What search does not find yet, because it was stored before the index was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sessions_app.models import Project, SearchBacklog


@dataclass(frozen=True, slots=True)
class Coverage:
    """`before`: sessions whose last activity was before this moment are not searched yet; None if all have been looked
    at once. `is_complete`: everything is searched. Else `manage.py reindex_search` has work to do.
    """

    is_complete: bool
    before: datetime | None = None


def search_coverage(project: Project) -> Coverage:
    """How much of a project's requests search can find; one statement."""
    backlog = SearchBacklog.objects.filter(project_id=project.pk).first()
    if backlog is None:
        return Coverage(is_complete=True)
    if backlog.passes:
        return Coverage(is_complete=False)
    return Coverage(is_complete=False, before=min(backlog.before, datetime.now(UTC)))
