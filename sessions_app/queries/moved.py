"""Finds where a session or request is now, if its id leads nowhere: it was merged into another session, or moved."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.db.models import QuerySet

from sessions_app.models import MovedId, RequestKey


def session_after(session_id: uuid.UUID) -> uuid.UUID | None:
    """The session that the requests of a former session are in now; None for an id that no session ever had."""
    return _keys(session_id).values_list("session_id", flat=True).first()


def request_after(request_log_id: uuid.UUID) -> uuid.UUID | None:
    """The id of a request since it moved to another session; None for an id that no request ever had."""
    return _keys(request_log_id).values_list("request_log_id", flat=True).first()


def requests_after(request_log_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """The ids that requests have now, by those of these ids that they had before they moved; two statements."""
    keys = dict(MovedId.objects.filter(id__in=request_log_ids).values_list("id", "key_id"))
    now = dict(RequestKey.objects.filter(id__in=set(keys.values())).values_list("id", "request_log_id"))
    return {former: now[key_id] for former, key_id in keys.items() if key_id in now}


def _keys(former_id: uuid.UUID) -> QuerySet[RequestKey]:
    return RequestKey.objects.filter(id__in=MovedId.objects.filter(id=former_id).values("key_id"))
