"""Tells whether logs arrive: the newest session, the newest rejected log, and how long the oldest body waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sessions_app.models import Project, RejectedLog
from sessions_app.queries.fetching import fetched
from sessions_app.queries.filters import SessionFilters
from sessions_app.queries.session_list import SessionRow, list_sessions


@dataclass(frozen=True, slots=True)
class Refusal:
    """A log that could not be understood, and why."""

    rejected_at: datetime
    reason: str


def newest_session(project: Project) -> SessionRow | None:
    """The session with the latest activity."""
    return next(iter(list_sessions(project, SessionFilters(), limit=1).results), None)


def newest_refusal(project: Project, since: datetime) -> Refusal | None:
    """The latest rejected log, if it was rejected since then."""
    row = RejectedLog.objects.filter(project_id=project.pk).order_by("-id").values_list("rejected_at", "reason").first()
    return Refusal(*row) if row and row[0] >= since else None


def undigested_since() -> datetime | None:
    """When the oldest undigested body of any project came; one read of the primary key."""
    rows = fetched("SELECT received_at FROM inbox ORDER BY id LIMIT 1", [])
    return rows[0][0] if rows else None
