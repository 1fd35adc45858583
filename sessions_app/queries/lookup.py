"""Finds one session or request by its id: for a program in its project, for a signed-in user in any."""

from __future__ import annotations

import uuid

from sessions_app.models import RequestLog, Session
from sessions_app.queries import moved


def find_session(session_id: uuid.UUID, project_id: int | None) -> Session | None:
    """The session of this project, or of any if `project_id` is None; None if there is none."""
    return Session.objects.filter(id=session_id, **_in(project_id)).first()


def find_request(request_log_id: uuid.UUID, project_id: int | None) -> RequestLog | None:
    """The request with everything that is stored of it; the same arguments."""
    return RequestLog.objects.filter(id=request_log_id, **_in(project_id)).first()


def follow_session(session_id: uuid.UUID, project_id: int | None) -> Session | None:
    """The session, or the one that it was merged into; the same arguments."""
    session = find_session(session_id, project_id)
    if session is None and (now := moved.session_after(session_id)):
        return find_session(now, project_id)
    return session


def follow_request(request_log_id: uuid.UUID, project_id: int | None) -> RequestLog | None:
    """The request, also by an id that it had in another session; the same arguments."""
    log = find_request(request_log_id, project_id)
    if log is None and (now := moved.request_after(request_log_id)):
        return find_request(now, project_id)
    return log


def _in(project_id: int | None) -> dict[str, int]:
    return {} if project_id is None else {"project_id": project_id}
