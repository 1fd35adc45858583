"""POST /api/v1/logs: our own JSON."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from sessions_app.api import bodies
from sessions_app.api.errors import DOCS_PATH, ApiError
from sessions_app.api.parameters import LogsParameters
from sessions_app.api.schema import operation
from sessions_app.api.serializers.logs import (
    AcceptedSerializer,
    LogsSerializer,
    NothingAcceptedSerializer,
    StoredLogSerializer,
    StoredSerializer,
)
from sessions_app.api.views import WriteEndpoint
from sessions_app.ingest import accept, waiting
from sessions_app.wire.native import NDJSON_TYPES

WAIT_SECONDS = 30
JSON_TYPES = ("", "application/json", "text/json")
# The errors of a body that cannot be taken, besides 401 and 403.
BODY_ERRORS = (400, 413, 415, 422, 503)
STORED = (StoredSerializer, "Stored, with `wait=true`.")
ACCEPTED = (AcceptedSerializer, "Accepted; they are stored within moments.")
LOG_BODIES = {"application/json": LogsSerializer, "application/x-ndjson": {"type": "string"}}


class LogsEndpoint(WriteEndpoint):
    """Where applications send their logs."""

    @operation("post_logs", "Write", {200: STORED, 202: ACCEPTED}, BODY_ERRORS, LogsParameters, LOG_BODIES)
    def post(self, request: Request) -> Response:
        """Send logs.

        One log, an array of them, `{"logs": [...]}`, or NDJSON with one log a line. They are checked before the
        answer; the good ones of a mixed body are accepted. A log that is sent again is stored once.
        """
        wait = LogsParameters.read(request)["wait"] == "true"
        content_type = checked_content_type(request)
        accepted = accept_body(request, self.project_id, "native", content_type)
        if not accepted.accepted:
            return none_is_good(accepted)
        return self.stored(accepted) if wait else Response(AcceptedSerializer(accepted).data, 202)

    def stored(self, accepted: accept.Accepted) -> Response:
        """What became of the logs; 202 as without `wait` when they are not digested in time."""
        answer = AcceptedSerializer(accepted).data
        logs = waiting.wait_for(accepted, WAIT_SECONDS)
        if logs is None:
            return Response(answer, 202)
        write = StoredLogSerializer(context=self.about_project(self.caller.project_slug)).to_representation
        duplicates = sum(log.duplicate for log in logs)
        return Response(answer | {"duplicates": duplicates, "logs": [write(log) for log in logs]})


def accept_body(request: Request, project_id: int, source: str, content_type: str) -> accept.Accepted:
    """Read the body and put it into the inbox. Raises ApiError and WireFormatError."""
    try:
        with bodies.received_body(request, settings.LOGSUI_MAX_BODY_BYTES) as body:
            return accept.accept_body(project_id, source, body, content_type)
    except accept.InboxFull as error:
        raise inbox_full(error) from None


def inbox_full(error: accept.InboxFull) -> ApiError:
    headers = {"Retry-After": str(error.retry_after_seconds)}
    return ApiError(503, "inbox_full", str(error), docs=DOCS_PATH, headers=headers)


def none_is_good(accepted: accept.Accepted) -> Response:
    """The answer if no log of a body can be stored: the error of the first log, with its index, represents all."""
    first, *others = accepted.rejected
    error: dict[str, Any] = first["error"] | {"index": first["index"], "docs": DOCS_PATH}
    if others:
        error["message"] += f" (the first of {len(others) + 1:,} logs, none of which can be stored)"
    answer = {"error": error, "accepted": 0, "rejected": accepted.rejected}
    status = 413 if error["type"] == "log_too_large" else 422
    return Response(NothingAcceptedSerializer(answer).data, status)


def checked_content_type(request: Request) -> str:
    """The content type. Raises ApiError 415 for one that is neither JSON nor NDJSON."""
    content_type: str = request.META.get("CONTENT_TYPE", "")
    plain = content_type.partition(";")[0].strip().lower()
    if plain in JSON_TYPES or plain in NDJSON_TYPES or (plain.startswith("application/") and plain.endswith("+json")):
        return content_type
    message = f"Content-Type {plain[:100]!r} is not supported: send application/json or application/x-ndjson."
    raise ApiError(415, "unsupported_media_type", message, docs=DOCS_PATH)
