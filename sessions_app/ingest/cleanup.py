"""Cleaning up for API, admin site and commands: delete what is stored, replay what was rejected."""

from __future__ import annotations

from django.db import transaction

from sessions_app.models import RejectedLog
from sessions_app.storage import inbox
from sessions_app.storage.deletion import Receipt, Removed, delete_project, delete_requests, delete_sessions

__all__ = ["Receipt", "Removed", "delete_project", "delete_requests", "delete_sessions", "replay"]


def replay(rejected: RejectedLog) -> None:
    """Put a rejected log back into the inbox, and out of the list of rejected ones. Raises InboxFull."""
    with transaction.atomic():
        inbox.put(rejected.project_id, rejected.source, "application/json", inbox.unpack(rejected.body))
        rejected.delete()
