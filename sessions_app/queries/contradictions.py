"""Loads copies of a request's log that contradict what is stored. They are kept beside the request."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery

from sessions_app.content.compression import decompress
from sessions_app.models import ContradictingCopy, RequestKey, RequestLog

_COLUMNS = ("id", "source", "received_at", "differs", "byte_size", "entry_id", "entry_index")


@dataclass(frozen=True, slots=True)
class Contradicted:
    """How many contradicting copies a request has, and the members in which the first of them differs."""

    count: int
    differs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy without its content. `differs`: the names of members. `place` sorts copies as they were received."""

    id: uuid.UUID
    source: str
    received_at: datetime
    differs: tuple[str, ...]
    byte_size: int
    entry_id: int
    entry_index: int

    @property
    def place(self) -> tuple[int, int, uuid.UUID]:
        return (self.entry_id, self.entry_index, self.id)


def contradicted(session_id: uuid.UUID, request_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Contradicted]:
    """Which of these requests of a session have contradicting copies; one statement."""
    first = ContradictingCopy.objects.filter(key_id=OuterRef("id")).order_by("entry_id", "entry_index", "id")
    keys = RequestKey.objects.filter(session_id=session_id, contradictions__gt=0, request_log_id__in=request_ids)
    rows = keys.annotate(differs=Subquery(first.values("differs")[:1]))
    found = rows.values_list("request_log_id", "contradictions", "differs")
    return {request_id: Contradicted(count, tuple(differs or ())) for request_id, count, differs in found}


def copies_of(log: RequestLog, most: int, after: tuple[int, int, uuid.UUID] | None = None) -> list[Copy]:
    """At most `most` copies beside a request, in the order of receipt, after a place; one statement."""
    found = _beside(log)
    if after:
        entry_id, entry_index, copy_id = after
        same_body = Q(entry_index__gt=entry_index) | Q(entry_index=entry_index, id__gt=copy_id)
        found = found.filter(Q(entry_id__gt=entry_id) | Q(entry_id=entry_id) & same_body)
    rows = found.order_by("entry_id", "entry_index", "id").values_list(*_COLUMNS)[:most]
    return [_copy(row) for row in rows]


def find_copy(log: RequestLog, copy_id: uuid.UUID) -> Copy | None:
    """One of the copies beside a request; None if it is none of them."""
    row = _beside(log).filter(id=copy_id).values_list(*_COLUMNS).first()
    return None if row is None else _copy(row)


def _copy(row: Sequence[Any]) -> Copy:
    copy_id, source, received_at, differs, *place = row
    return Copy(copy_id, source, received_at, tuple(differs), *place)


def bodies_of(copy_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, bytes]:
    """The logs of these copies, as they came; one statement."""
    rows = ContradictingCopy.objects.filter(id__in=copy_ids).values_list("id", "body")
    return {copy_id: decompress(body) for copy_id, body in rows}


def _beside(log: RequestLog) -> QuerySet[ContradictingCopy]:
    keys = RequestKey.objects.filter(session_id=log.session_id, request_log_id=log.id)
    return ContradictingCopy.objects.filter(key_id__in=keys.values("id"))
