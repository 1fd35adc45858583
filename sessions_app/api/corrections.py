"""GET and POST /api/v1/corrections, DELETE /api/v1/corrections/{id}: the grouping, corrected by hand."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse

from sessions_app.api import authentication, bodies, links, parameters, schema
from sessions_app.api.errors import DOCS_PATH, ApiError, bad_parameter, json_response, not_found
from sessions_app.api.representation import time_text
from sessions_app.api.views import Endpoint
from sessions_app.content.json_bytes import json_kind
from sessions_app.ingest import corrections as ingest
from sessions_app.ingest.corrections import CorrectionError
from sessions_app.models import Correction, Project, RequestLog, Session
from sessions_app.queries import corrections, lookup
from sessions_app.queries.filters import FilterError

MAX_BODY_BYTES = 2**20
MAX_REQUESTS = ingest.MOST_REQUESTS


class CorrectionEndpoint(Endpoint):
    """Keys need the scope `correct` to change something, signed-in users the permission to change sessions."""

    def scope_of(self, method: str) -> str:
        return authentication.READ if method in authentication.SAFE_METHODS else authentication.CORRECT

    def answer(self, http: HttpRequest, correction: Any, status: int = 200) -> HttpResponse:
        slug = parameters.slug_of(self.caller, correction.project_id)
        return json_response(correction_json(http, correction, slug), status)


class CorrectionsEndpoint(CorrectionEndpoint):
    http_method_names = ("get", "post", "head")

    @schema.LIST_CORRECTIONS
    def get(self, request: Any) -> HttpResponse:
        http = request._request
        parameters.refuse_project(http, self.caller)
        session = self.session_of(http)
        project_id = session.project_id if session else parameters.project_of(http, self.caller).pk
        limit = parameters.limit_of(http, corrections.MAX_LIMIT)
        try:
            page = corrections.list_corrections(project_id, session and session.pk, limit, http.GET.get("cursor"))
        except FilterError as error:
            raise bad_parameter(error.field, error.message) from None
        slug = parameters.slug_of(self.caller, project_id)
        return json_response(
            {"results": [correction_json(http, row, slug) for row in page.results], "next": page.next_cursor}
        )

    def session_of(self, http: HttpRequest) -> Session | None:
        """The session of `session`, also by a former id; None without one."""
        text = http.GET.get("session")
        if text is None:
            return None
        try:
            named = uuid.UUID(text)
        except ValueError:
            raise bad_parameter("session", f"must be a session's id (a UUID), got {text[:40]!r}") from None
        session = lookup.follow_session(named, self.caller.project_id)
        if session is None:
            raise not_found("session")
        return session

    @schema.POST_CORRECTION
    def post(self, request: Any) -> HttpResponse:
        http = request._request
        with bodies.received_body(http, MAX_BODY_BYTES) as body:
            wanted = read_body(body)
        made = ACTIONS[wanted["action"]](self.caller, wanted)
        return self.answer(http, made, 201)


class OneCorrectionEndpoint(CorrectionEndpoint):
    http_method_names = ("get", "delete", "head")

    @schema.GET_CORRECTION
    def get(self, request: Any, correction_id: str) -> HttpResponse:
        return self.answer(request._request, self.find(correction_id))

    @schema.DELETE_CORRECTION
    def delete(self, request: Any, correction_id: str) -> HttpResponse:
        correction = self.find(correction_id)
        if correction.undone_at is not None:
            message = f"This correction was undone by {correction.undone_by} at {time_text(correction.undone_at)}."
            raise ApiError(409, "undone", message, docs=DOCS_PATH)
        project = Project.objects.get(pk=correction.project_id)
        return self.answer(request._request, corrected(lambda: ingest.undo(project, correction.pk, self.caller.name)))

    def find(self, correction_id: str) -> Correction:
        is_number = correction_id.isascii() and correction_id.isdigit() and len(correction_id) < 19
        found = corrections.find_correction(int(correction_id), self.caller.project_id) if is_number else None
        if found is None:
            raise not_found("correction")
        return found


# --- what is asked for ----------------------------------------------------------------------------------------------


def read_body(body: bytes) -> dict[str, Any]:
    """The correction that a body asks for. Raises ApiError: 400 for what is no JSON, 422 for what is no correction."""
    try:
        wanted = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ApiError(400, "invalid_json", f"The body is no JSON: {error}", docs=DOCS_PATH) from None
    if not isinstance(wanted, dict):
        raise _invalid("body", f"must be an object with the member action, got {json_kind(wanted)}")
    action = wanted.get("action")
    if not isinstance(action, str) or action not in ACTIONS:
        raise _invalid("action", f"must be one of {', '.join(ACTIONS)}, got {_shown(wanted, 'action')}")
    unknown = sorted(wanted.keys() - MEMBERS[action])
    if unknown:
        expected = ", ".join(sorted(MEMBERS[action]))
        raise _invalid(unknown[0][:60], f"is no member of a {action}, which takes {expected}")
    return wanted


def _move(caller: authentication.Caller, wanted: dict[str, Any]) -> Correction:
    logs = _requests_of(caller, wanted)
    project = Project.objects.get(pk=logs[0].project_id)
    target = None
    if wanted.get("target_session_id") is not None:
        target = _session_of(project.pk, wanted, "target_session_id").pk
    ids = [log.pk for log in logs]
    return corrected(lambda: ingest.move_requests(project, ids, target, caller.name))


def _split(caller: authentication.Caller, wanted: dict[str, Any]) -> Correction:
    request_id = _id_of(wanted, "request_id")
    log = lookup.follow_request(request_id, caller.project_id)
    if log is None:
        raise _missing("request_id", "request", request_id)
    project = Project.objects.get(pk=log.project_id)
    return corrected(lambda: ingest.split_session(project, log.session_id, log.pk, caller.name))


def _merge(caller: authentication.Caller, wanted: dict[str, Any]) -> Correction:
    source = _session_of(caller.project_id, wanted, "session_id")
    target = _session_of(source.project_id, wanted, "target_session_id")
    if source.pk == target.pk:
        raise _invalid("target_session_id", "is the session itself (or one merged into it): name another one")
    project = Project.objects.get(pk=source.project_id)
    return corrected(lambda: ingest.merge_sessions(project, source.pk, target.pk, caller.name))


ACTIONS: dict[str, Callable[[authentication.Caller, dict[str, Any]], Correction]] = {
    "move": _move,
    "split": _split,
    "merge": _merge,
}
MEMBERS = {
    "move": {"action", "request_ids", "target_session_id"},
    "split": {"action", "request_id"},
    "merge": {"action", "session_id", "target_session_id"},
}


def corrected(correct: Callable[[], Correction]) -> Correction:
    """What `correct` returns; what it refuses as an answer of 422."""
    try:
        return correct()
    except CorrectionError as error:
        raise _invalid(FIELDS.get(error.field, error.field), error.message) from None


# What our members are called, by the names that `ingest` has for them.
FIELDS = {
    "requests": "request_ids",
    "request": "request_id",
    "session": "session_id",
    "target": "target_session_id",
    "correction": "correction_id",
}


def _requests_of(caller: authentication.Caller, wanted: dict[str, Any]) -> list[RequestLog]:
    """The requests of `request_ids`. Raises ApiError."""
    given = wanted.get("request_ids")
    if not isinstance(given, list) or not 1 <= len(given) <= MAX_REQUESTS:
        what = f"an array of {len(given):,}" if isinstance(given, list) else _shown(wanted, "request_ids")
        raise _invalid("request_ids", f"must be an array of 1 to {MAX_REQUESTS:,} ids of requests, got {what}")
    ids = [_uuid(item, f"request_ids[{place}]", item) for place, item in enumerate(given)]
    logs = corrections.requests_by_id(caller.project_id, ids)
    missing = corrections.unknown_requests(logs, ids)
    if missing:
        raise _missing(f"request_ids[{ids.index(missing[0])}]", "request", missing[0])
    return logs


def _session_of(project_id: int | None, wanted: dict[str, Any], field: str) -> Session:
    session_id = _id_of(wanted, field)
    session = lookup.follow_session(session_id, project_id)
    if session is None:
        raise _missing(field, "session", session_id)
    return session


def _id_of(wanted: dict[str, Any], field: str) -> uuid.UUID:
    return _uuid(wanted.get(field), field, _shown(wanted, field))


def _uuid(value: Any, field: str, shown: Any) -> uuid.UUID:
    try:
        if isinstance(value, str):
            return uuid.UUID(value)
    except ValueError:
        raise _invalid(field, f"must be an id (a UUID), got string {value[:60]!r}") from None
    raise _invalid(field, f"must be an id (a UUID), got {shown if isinstance(shown, str) else json_kind(shown)}")


def _shown(wanted: dict[str, Any], field: str) -> str:
    """What stands in a member, for an error."""
    if field not in wanted:
        return "nothing"
    value = wanted[field]
    return f"string {value[:60]!r}" if isinstance(value, str) else json_kind(value)


def _invalid(field: str, message: str) -> ApiError:
    return ApiError(422, "invalid_field", f"{field} {message}", field=field, docs=DOCS_PATH)


def _missing(field: str, what: str, named: uuid.UUID) -> ApiError:
    message = f"{field} names no {what} of this project: {named} was deleted, or is another project's."
    return ApiError(404, "not_found", message, field=field, docs=DOCS_PATH)


def correction_json(http: HttpRequest, row: Any, slug: str) -> dict[str, Any]:
    """A correction as it is told: a row or a model."""
    return {
        "id": row.id,
        "project": slug,
        "action": row.action,
        "made_at": time_text(row.made_at),
        "made_by": row.made_by,
        "source_session_id": row.source_session_id,
        "target_session_id": row.target_session_id,
        "request_id": row.request_log_id,
        "request_count": row.request_count,
        "undone_at": time_text(row.undone_at),
        "undone_by": row.undone_by or None,
        "url": links.corrections_url(http, slug, row.target_session_id),
    }
