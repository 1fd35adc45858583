"""Which session does a request belong to? Today: the one that its caller names, else one of its own."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sessions_app import ids
from sessions_app.records import RULE_OWN, Record
from sessions_app.wire.fields import MAX_ID_CHARS, clean


@dataclass(frozen=True, slots=True)
class Membership:
    """A request's session, its key as shown (None when the caller named none), and the rule that says so."""

    session_id: uuid.UUID
    session_key: str | None
    rule: str
    detail: str


def resolve(project_key: uuid.UUID, record: Record) -> Membership:
    """Rule 1, an id the caller chose; rule 4, a session of its own."""
    claim = record.claim
    session_id = ids.session_id(project_key, claim.key, record.dedupe_key)
    if claim.key is None:
        return Membership(session_id, None, RULE_OWN, "")
    return Membership(session_id, clean(claim.key, MAX_ID_CHARS), claim.rule, claim.detail)
