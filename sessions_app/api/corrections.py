"""GET and POST /api/v1/corrections, DELETE /api/v1/corrections/{id}: the grouping, corrected by hand."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from sessions_app.api import bodies, parameters, permissions
from sessions_app.api.asked import MAX_BODY_BYTES, invalid, read_body
from sessions_app.api.authentication import Caller
from sessions_app.api.errors import DOCS_PATH, ApiError, bad_parameter, not_found
from sessions_app.api.schema import AnswerShape, operation
from sessions_app.api.serializers.base import time_text
from sessions_app.api.serializers.corrections import (
    AskedCorrectionSerializer,
    CorrectionPageSerializer,
    CorrectionSerializer,
)
from sessions_app.api.serializers.errors import ErrorSerializer
from sessions_app.api.views import Endpoint
from sessions_app.ingest import corrections as ingest
from sessions_app.ingest.corrections import CorrectionError
from sessions_app.models import Correction, Project, RequestLog, Session
from sessions_app.queries import corrections, lookup
from sessions_app.queries.filters import FilterError

CORRECTION_BODY = {"application/json": AskedCorrectionSerializer}
MADE: dict[int, AnswerShape] = {
    201: CorrectionSerializer,
    422: (ErrorSerializer, "A member is wrong, or the correction is not possible."),
}
UNDONE: dict[int, AnswerShape] = {200: CorrectionSerializer, 422: (ErrorSerializer, "It can no longer be undone.")}


class CorrectionEndpoint(Endpoint):
    """What the list and the single corrections have in common."""

    def scope_of(self, method: str) -> str:
        return permissions.READ if method in ("GET", "HEAD") else permissions.CORRECT

    def answer(self, correction: Correction, status: int = 200) -> Response:
        slug = parameters.slug_of(self.caller, correction.project_id)
        return Response(CorrectionSerializer(correction, context=self.about_project(slug)).data, status)


class CorrectionsEndpoint(CorrectionEndpoint):
    """The corrections of a project or session."""

    http_method_names = ["get", "post", "head"]

    @operation(
        "list_corrections", "Correct", {200: CorrectionPageSerializer}, (400, 404), parameters.CorrectionsParameters
    )
    def get(self, request: Request) -> Response:
        """List corrections.

        What people and programs corrected manually, latest first, including what was undone.
        """
        parameters.refuse_project(request, self.caller)
        asked = parameters.CorrectionsParameters.read(request)
        session = self.session_of(asked.get("session"))
        project_id = session.project_id if session else parameters.project_of(request, self.caller).pk
        try:
            cursor = request.query_params.get("cursor")
            page = corrections.list_corrections(project_id, session.pk if session else None, asked["limit"], cursor)
        except FilterError as error:
            raise bad_parameter(error.field, error.message) from None
        context = self.about_project(parameters.slug_of(self.caller, project_id))
        written = [CorrectionSerializer(row, context=context).data for row in page.results]
        return Response({"results": written, "next": page.next_cursor})

    def session_of(self, named: uuid.UUID | None) -> Session | None:
        """The session with this id, also by a former one. Raises ApiError 404."""
        if named is None:
            return None
        session = lookup.follow_session(named, self.caller.project_id)
        if session is None:
            raise not_found("session")
        return session

    @operation("post_correction", "Correct", MADE, (400, 404, 413, 415, 503), body=CORRECTION_BODY)
    def post(self, request: Request) -> Response:
        """Correct the grouping.

        Moves requests to another session or a new one, splits a session at a request, or merges two. From then on it
        takes precedence over every rule, also for copies of the requests that arrive later, until it is undone.
        """
        with bodies.received_body(request, MAX_BODY_BYTES) as body:
            asked = read_body(body, AskedCorrectionSerializer)
        return self.answer(MAKE[asked["action"]](self.caller, asked), 201)


class OneCorrectionEndpoint(CorrectionEndpoint):
    """One correction."""

    http_method_names = ["get", "delete", "head"]

    @operation("get_correction", "Correct", {200: CorrectionSerializer}, (400, 404))
    def get(self, request: Request, correction_id: str) -> Response:
        """Read a correction.

        Also one that was undone.
        """
        return self.answer(self.find(correction_id))

    @operation("undo_correction", "Correct", UNDONE, (404, 409))
    def delete(self, request: Request, correction_id: str) -> Response:
        """Undo a correction.

        Its requests return to where they would be without it. The record of it stays, with who undid it.
        """
        correction = self.find(correction_id)
        if correction.undone_at is not None:
            message = f"This correction was undone by {correction.undone_by} at {time_text(correction.undone_at)}."
            raise ApiError(409, "undone", message, docs=DOCS_PATH)
        project = Project.objects.get(pk=correction.project_id)
        return self.answer(corrected(lambda: ingest.undo(project, correction.pk, self.caller.name)))

    def find(self, correction_id: str) -> Correction:
        is_number = correction_id.isascii() and correction_id.isdigit() and len(correction_id) < 19
        found = corrections.find_correction(int(correction_id), self.caller.project_id) if is_number else None
        if found is None:
            raise not_found("correction")
        return found


# --- what is asked for ----------------------------------------------------------------------------------------------


def _move(caller: Caller, asked: dict[str, Any]) -> Correction:
    logs = _requests_of(caller, asked["request_ids"])
    project = Project.objects.get(pk=logs[0].project_id)
    target = None
    if asked.get("target_session_id") is not None:
        target = _session_of(project.pk, asked, "target_session_id").pk
    ids = [log.pk for log in logs]
    return corrected(lambda: ingest.move_requests(project, ids, target, caller.name))


def _split(caller: Caller, asked: dict[str, Any]) -> Correction:
    log = lookup.follow_request(asked["request_id"], caller.project_id)
    if log is None:
        raise _missing("request_id", "request", asked["request_id"])
    project = Project.objects.get(pk=log.project_id)
    return corrected(lambda: ingest.split_session(project, log.session_id, log.pk, caller.name))


def _merge(caller: Caller, asked: dict[str, Any]) -> Correction:
    source = _session_of(caller.project_id, asked, "session_id")
    target = _session_of(source.project_id, asked, "target_session_id")
    if source.pk == target.pk:
        raise invalid("target_session_id", "is the session itself (or one merged into it): name another one")
    project = Project.objects.get(pk=source.project_id)
    return corrected(lambda: ingest.merge_sessions(project, source.pk, target.pk, caller.name))


MAKE: dict[str, Callable[[Caller, dict[str, Any]], Correction]] = {
    Correction.MOVE: _move,
    Correction.SPLIT: _split,
    Correction.MERGE: _merge,
}
# What our members are called, by the names that `ingest` has for them.
FIELDS = {
    "requests": "request_ids",
    "request": "request_id",
    "session": "session_id",
    "target": "target_session_id",
    "correction": "correction_id",
}


def corrected(correct: Callable[[], Correction]) -> Correction:
    """What `correct` returns; what it refuses as an answer of 422."""
    try:
        return correct()
    except CorrectionError as error:
        raise invalid(FIELDS.get(error.field, error.field), error.message) from None


def _requests_of(caller: Caller, ids: list[uuid.UUID]) -> list[RequestLog]:
    """Raises ApiError 404 with the place of the first id that is not there."""
    logs = corrections.requests_by_id(caller.project_id, ids)
    missing = corrections.unknown_requests(logs, ids)
    if missing:
        raise _missing(f"request_ids[{ids.index(missing[0])}]", "request", missing[0])
    return logs


def _session_of(project_id: int | None, asked: dict[str, Any], field: str) -> Session:
    session = lookup.follow_session(asked[field], project_id)
    if session is None:
        raise _missing(field, "session", asked[field])
    return session


def _missing(field: str, what: str, named: uuid.UUID) -> ApiError:
    message = f"{field} names no {what} of this project: {named} was deleted, or belongs to another project."
    return ApiError(404, "not_found", message, field=field, docs=DOCS_PATH)
