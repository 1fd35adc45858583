"""Wait until an accepted body is digested, and say where its logs are."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass

from sessions_app import ids
from sessions_app.ingest.accept import Accepted
from sessions_app.ingest.digest import generated_request_id
from sessions_app.models import ContradictingCopy, Project, RequestKey, Session
from sessions_app.storage import inbox

POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class StoredLog:
    """Where a log is. `duplicate`: it was delivered before, or occurs twice in this body.

    `contradicts`: it says different things than the copy that was received before it, and is kept beside that request.
    """

    index: int
    request_id: str
    session_id: uuid.UUID
    session_key: str | None
    request_log_id: uuid.UUID
    duplicate: bool
    contradicts: bool


def wait_for(accepted: Accepted, timeout: float) -> list[StoredLog] | None:
    """The logs of a body once it is digested; None when that takes longer than `timeout` seconds."""
    deadline = time.monotonic() + timeout
    assert accepted.entry_id is not None
    while inbox.is_waiting(accepted.entry_id):
        if time.monotonic() > deadline:
            return None
        time.sleep(POLL_SECONDS)
    return _stored(accepted)


def _stored(accepted: Accepted) -> list[StoredLog]:
    project_key = Project.objects.values_list("key", flat=True).get(id=accepted.project_id)
    assert accepted.entry_id is not None
    assert accepted.received_at is not None
    names = {
        index: given or generated_request_id(project_key, accepted.entry_id, accepted.received_at, index)
        for index, given in accepted.request_ids.items()
    }
    keys = {index: ids.request_key(project_key, name) for index, name in names.items()}
    rows = RequestKey.objects.in_bulk(set(keys.values()))
    places = Session.objects.filter(id__in={row.session_id for row in rows.values()})
    session_keys = dict(places.values_list("id", "session_key"))
    beside = ContradictingCopy.objects.filter(entry_id=accepted.entry_id, key_id__in=rows)
    contradicting = set(beside.values_list("entry_index", flat=True))
    found = ((index, names[index], rows[key]) for index, key in keys.items() if key in rows)
    return [
        StoredLog(
            index,
            name,
            row.session_id,
            session_keys.get(row.session_id),
            row.request_log_id,
            row.deliveries > 1,
            index in contradicting,
        )
        for index, name, row in found
    ]
