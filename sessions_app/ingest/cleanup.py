"""What API, admin site and commands use to clean up: delete what is stored, replay what was rejected."""

from __future__ import annotations

from django.db import transaction

from sessions_app.models import RejectedLog
from sessions_app.records import WireFormatError
from sessions_app.storage import inbox
from sessions_app.storage.deletion import Receipt, Removed, delete_project, delete_requests, delete_sessions
from sessions_app.wire import format_of

# The content type of a single log.
CONTENT_TYPE = "application/json"

__all__ = ["Receipt", "Removed", "delete_project", "delete_requests", "delete_sessions", "replay"]


def replay(rejected: RejectedLog) -> None:
    """Move a rejected log back into the inbox. Raises InboxFull."""
    body = inbox.unpack(rejected.body)
    content_type = rejected.content_type or CONTENT_TYPE
    with transaction.atomic():
        count = _log_count(rejected.source, body, content_type)
        inbox.put(rejected.project_id, rejected.source, content_type, body, count)
        rejected.delete()


def _log_count(source: str, body: bytes, content_type: str) -> int:
    """The number of logs in a body; 1 when the body cannot be split."""
    try:
        return len(format_of(source).split_body(body, content_type))
    except (WireFormatError, KeyError):
        return 1
