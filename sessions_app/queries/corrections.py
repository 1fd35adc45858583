"""Loads manual corrections of the grouping, and finds the session that a person means as a target."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

from django.db import connection
from django.db.models import Q, QuerySet

from sessions_app.models import Correction, Project, RequestLog, Session
from sessions_app.queries import lookup, moved
from sessions_app.queries.filters import MAX_TEXT_CHARS, FilterError, SessionFilters
from sessions_app.queries.matching import matching
from sessions_app.records import RULE_MANUAL

MAX_LIMIT = 1_000
# The history of a session shows so many corrections, latest first.
MOST_SHOWN = 200

_UUID = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
# The addresses of our pages and of the API; a trace id may hold slashes.
_OF_SESSION = re.compile(rf"/sessions/({_UUID})(?:[/?#]|$)")
_OF_REQUEST = re.compile(rf"/requests/({_UUID})(?:[/?#]|$)")
_OF_TRACE = re.compile(r"^https?://[^/]+/p/[\w-]+/t/([^?#]+)")


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    """A correction: who did what, when, and who undid it. `request_log_id`: where a session was split."""

    id: int
    project_id: int
    action: str
    made_at: datetime
    made_by: str
    source_session_id: uuid.UUID
    target_session_id: uuid.UUID
    request_log_id: uuid.UUID | None
    request_count: int
    undone_at: datetime | None
    undone_by: str


COLUMNS = tuple(CorrectionRow.__slots__)


@dataclass(frozen=True, slots=True)
class CorrectionPage:
    """Some corrections, latest first, and the cursor for the next ones, None at the end."""

    results: list[CorrectionRow]
    next_cursor: str | None


def row_of(correction: Correction) -> CorrectionRow:
    return CorrectionRow(*(getattr(correction, name) for name in COLUMNS))


def find_correction(correction_id: int, project_id: int | None) -> Correction | None:
    """The correction of this project, or of any if `project_id` is None; None if there is none."""
    of_project = {} if project_id is None else {"project_id": project_id}
    return Correction.objects.filter(id=correction_id, **of_project).first()


def list_corrections(
    project_id: int, session_id: uuid.UUID | None, limit: int, cursor: str | None = None
) -> CorrectionPage:
    """Corrections of a project, latest first. With a session: those that brought requests to it or took them away.

    Raises FilterError for an invalid limit or cursor.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise FilterError("limit", f"must be from 1 to {MAX_LIMIT:,}, got {limit}")
    found = Correction.objects.filter(project_id=project_id)
    if session_id is not None:
        found = found.filter(_of(_with_merged(project_id, session_id)))
    if cursor:
        if not re.fullmatch(r"[0-9]{1,18}", cursor):
            raise FilterError("cursor", "is not one of this list: take it from the answer before")
        found = found.filter(id__lt=int(cursor))
    rows = [CorrectionRow(*row) for row in found.order_by("-id").values_list(*COLUMNS)[: limit + 1]]
    return CorrectionPage(rows[:limit], str(rows[limit - 1].id) if len(rows) > limit else None)


def has_corrections(project_id: int, session_id: uuid.UUID, rules: Iterable[str]) -> bool:
    """Whether a session has a history of corrections; one look-up if no request was moved into it manually."""
    return RULE_MANUAL in rules or Correction.objects.filter(_of([session_id]), project_id=project_id).exists()


def _of(session_ids: list[uuid.UUID]) -> Q:
    return Q(source_session_id__in=session_ids) | Q(target_session_id__in=session_ids)


# A session that was merged into another brought its history along. UNION ends circles of corrections.
_MERGED = """
WITH RECURSIVE merged (id) AS (
    SELECT %(session_id)s::uuid
    UNION
    SELECT c.source_session_id FROM correction AS c JOIN merged ON c.target_session_id = merged.id
    WHERE c.project_id = %(project_id)s AND c.action = 'merge' AND c.undone_at IS NULL
)
SELECT id FROM merged LIMIT 100
"""


def _with_merged(project_id: int, session_id: uuid.UUID) -> list[uuid.UUID]:
    """A session and those that were merged into it manually."""
    with connection.cursor() as cursor:
        cursor.execute(_MERGED, {"project_id": project_id, "session_id": session_id})
        return [row[0] for row in cursor.fetchall()]


# --- the session that somebody means --------------------------------------------------------------------------------


class TargetError(ValueError):
    """A text that names no session, or more than one. The message says what to enter instead."""


def find_target(project: Project, text: str) -> Session:
    """The session of this project that a pasted URL or id names: its own, a trace id, or that of a request in it.

    Raises TargetError.
    """
    given, text = text, text.strip()
    if not text:
        raise TargetError("Which session? Paste its URL, its id or its trace id.")
    if len(text) > MAX_TEXT_CHARS:
        raise TargetError(f"This is too long for a URL or id: {len(text):,} characters.")
    if match := _OF_SESSION.search(text):
        return _found(lookup.follow_session(uuid.UUID(match[1]), project.pk), project)
    if match := _OF_REQUEST.search(text):
        log = lookup.follow_request(uuid.UUID(match[1]), project.pk)
        return _found(lookup.find_session(log.session_id, project.pk) if log else None, project)
    if match := _OF_TRACE.search(text):
        return _named(project, unquote(match[1]))
    try:
        return _named(project, text)
    except TargetError:
        # White space around an id may be a part of it.
        if given == text or len(given) > MAX_TEXT_CHARS:
            raise
        return _named(project, given)


def _found(session: Session | None, project: Project) -> Session:
    if session is None:
        raise TargetError(
            f"This URL leads to no session of {project}. The session may be deleted or in another project."
        )
    return session


def _named(project: Project, text: str) -> Session:
    """The session that an id leads to. A UUID may also be a request's."""
    found: QuerySet[Session] = matching(project, SessionFilters(trace_id=text.replace("\0", "\ufffd"))).sessions
    sessions = list(found.order_by("-last_at", "-id")[:2])
    if not sessions and re.fullmatch(_UUID, text):
        log = lookup.follow_request(uuid.UUID(text), project.pk)
        sessions = [session] if log and (session := lookup.find_session(log.session_id, project.pk)) else []
    if not sessions:
        raise TargetError(f"No session of {project} has this id. Paste the URL of the session's page.")
    if len(sessions) > 1:
        raise TargetError("This id leads to more than one session. Paste the URL of the one you mean.")
    return sessions[0]


# --- what would be corrected ----------------------------------------------------------------------------------------


def sessions_by_id(project_id: int, session_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Session]:
    """The sessions that exist, by id; one statement."""
    return {session.pk: session for session in Session.objects.filter(project_id=project_id, id__in=set(session_ids))}


def requests_by_id(project_id: int | None, request_log_ids: Iterable[uuid.UUID]) -> list[RequestLog]:
    """The requests that exist, without their content, in chronological order.

    An id that a request had in another session finds it, too.
    """
    wanted = set(request_log_ids)
    logs = {log.pk: log for log in _requests(project_id, wanted)}
    if former := wanted - logs.keys():
        moved_to = set(moved.requests_after(former).values())
        logs |= {log.pk: log for log in _requests(project_id, moved_to)}
    return sorted(logs.values(), key=lambda log: (log.started_at, log.pk))


def unknown_requests(found: Iterable[RequestLog], request_log_ids: Iterable[uuid.UUID]) -> list[uuid.UUID]:
    """The ids, in order, that led to none of the requests that were found."""
    known = {log.pk for log in found}
    missing = [log_id for log_id in request_log_ids if log_id not in known]
    former = moved.requests_after(missing) if missing else {}
    return [log_id for log_id in missing if former.get(log_id) not in known]


def _requests(project_id: int | None, ids: set[uuid.UUID]) -> QuerySet[RequestLog]:
    of_project = {} if project_id is None else {"project_id": project_id}
    found = RequestLog.objects.filter(id__in=ids, **of_project)
    return found.only("id", "session_id", "bucket", "project_id", "started_at", "model", "status", "input_preview")
