"""What open pages ask again and again: whether a session has changed, and which sessions are active."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from sessions_app.models import RequestLog, Session
from sessions_app.records import RUNNING
from sessions_app.structure.running import RUNNING_FOR

# A session is active for so long after its last request or step.
ACTIVE_FOR = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Revision:
    """How often a session has changed, and what it has now."""

    revision: int
    request_count: int
    step_count: int
    last_at: datetime


def revision_of(project_id: int, session_id: uuid.UUID) -> Revision | None:
    """One read by the primary key; None if there is no such session."""
    found = Session.objects.filter(id=session_id, project_id=project_id)
    row = found.values_list("revision", "request_count", "step_count", "last_at").first()
    return Revision(*row) if row else None


def is_active(last_at: datetime, now: datetime) -> bool:
    """Whether something happens in a session whose last request or step was then. A time that is far ahead comes from a
    wrong clock, and says nothing about now.
    """
    return abs(now - last_at) < ACTIVE_FOR


class LastActive(Protocol):
    """A session of a list, as far as it matters here."""

    @property
    def id(self) -> uuid.UUID: ...
    @property
    def last_at(self) -> datetime: ...
    @property
    def buckets(self) -> list[date]: ...


def active_among(project_id: int, ids: Sequence[uuid.UUID], now: datetime) -> dict[uuid.UUID, bool]:
    """The same of sessions that a page shows, by their ids. At most two statements."""
    rows = Session.objects.filter(project_id=project_id, id__in=ids).only("id", "last_at", "buckets")
    return active_sessions(rows, now)


def active_sessions(rows: Iterable[LastActive], now: datetime) -> dict[uuid.UUID, bool]:
    """Those with requests or steps in the last minute, or with a request that runs; and whether one runs. At most one
    statement.
    """
    begun = [row for row in rows if row.last_at > now - RUNNING_FOR]
    active = {row.id: False for row in begun if is_active(row.last_at, now)}
    if begun:
        running = RequestLog.objects.filter(
            session_id__in=[row.id for row in begun],
            bucket__in={bucket for row in begun for bucket in row.buckets},
            status=RUNNING,
            ended_at=None,
            started_at__gt=now - RUNNING_FOR,
            received_at__gt=now - RUNNING_FOR,
        )
        active.update(dict.fromkeys(running.values_list("session_id", flat=True), True))
    return active
