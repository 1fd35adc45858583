"""What API, admin site and commands use to clean up: delete what is stored, replay what was rejected, forget what
people did long ago.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from sessions_app.models import BulkAction, RejectedLog
from sessions_app.records import WireFormatError
from sessions_app.storage import inbox
from sessions_app.storage.deletion import Receipt, Removed, delete_project, delete_requests, delete_sessions
from sessions_app.wire import format_of

# The content type of a single log.
CONTENT_TYPE = "application/json"
# A bulk action is kept so long after it was asked for, or ended.
BULK_ACTIONS_KEPT = timedelta(days=30)
MOST_FORGOTTEN = 1_000

__all__ = [
    "Receipt",
    "Removed",
    "delete_project",
    "delete_requests",
    "delete_sessions",
    "forget_bulk_actions",
    "replay",
]


def forget_bulk_actions() -> int:
    """Delete bulk actions that ended long ago, or never did; some of them if they are many. Returns how many."""
    before = timezone.now() - BULK_ACTIONS_KEPT
    old = BulkAction.objects.filter(
        Q(ended_at=None) | Q(ended_at__lt=before),
        Q(leased_until=None) | Q(leased_until__lt=before),
        made_at__lt=before,
    )
    chosen = list(old.values_list("pk", flat=True)[:MOST_FORGOTTEN])
    return BulkAction.objects.filter(pk__in=chosen).delete()[0]


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
