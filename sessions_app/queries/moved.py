"""Where a session or request is now whose id leads nowhere any more: it was merged into another session, or moved."""

from __future__ import annotations

import uuid

from django.db.models import Exists, OuterRef, QuerySet

from sessions_app.models import MovedId, RequestKey, Session


def session_after(session_id: uuid.UUID) -> uuid.UUID | None:
    """The session that the requests of a former one are in now; None for an id that never was one's."""
    return _keys(session_id).values_list("session_id", flat=True).first()


def request_after(request_log_id: uuid.UUID) -> uuid.UUID | None:
    """The id that a request has since it moved to another session; None for an id that never was one's."""
    return _keys(request_log_id).values_list("request_log_id", flat=True).first()


def sessions_after(session_ids: list[uuid.UUID]) -> QuerySet[RequestKey]:
    """For a condition: the `session_id` of those that the former ones among these ids lead to now."""
    live = Session.objects.filter(id=OuterRef("id"))
    former = MovedId.objects.filter(~Exists(live), id__in=session_ids)
    return RequestKey.objects.filter(id__in=former.values("key_id")).values("session_id")


def _keys(former_id: uuid.UUID) -> QuerySet[RequestKey]:
    return RequestKey.objects.filter(id__in=MovedId.objects.filter(id=former_id).values("key_id"))
