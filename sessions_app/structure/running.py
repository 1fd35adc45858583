"""Requests that run: their log says that they began, and no log of their end has come."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from sessions_app.records import RUNNING

# After this time nobody waits for an end any more: whoever was to report it may be gone.
RUNNING_FOR = timedelta(hours=1)


class Begun(Protocol):
    """A request, as far as it matters here."""

    @property
    def status(self) -> str: ...
    @property
    def started_at(self) -> datetime: ...
    @property
    def ended_at(self) -> datetime | None: ...
    @property
    def received_at(self) -> datetime: ...


def is_running(request: Begun, now: datetime) -> bool:
    """Whether a request is taken to run still. A client's clock may be ahead; it began before its log was received."""
    if request.status != RUNNING or request.ended_at is not None:
        return False
    return min(request.started_at, request.received_at) > now - RUNNING_FOR
