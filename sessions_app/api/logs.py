"""POST /api/v1/logs: our own JSON."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from sessions_app.api import bodies, links, schema
from sessions_app.api.authentication import Caller
from sessions_app.api.errors import DOCS_PATH, ApiError, bad_parameter, json_response
from sessions_app.api.views import WriteEndpoint
from sessions_app.ingest import accept, waiting
from sessions_app.wire.native import NDJSON_TYPES

WAIT_SECONDS = 30
JSON_TYPES = ("", "application/json", "text/json")


class LogsEndpoint(WriteEndpoint):
    @schema.POST_LOGS
    def post(self, request: Any) -> HttpResponse:
        wait = wants_to_wait(request._request)
        content_type = checked_content_type(request._request)
        accepted = accept_body(request._request, self.caller, "native", content_type)
        answer = {"accepted": accepted.accepted, "rejected": accepted.rejected}
        if not accepted.accepted:
            return none_is_good(answer)
        return self.stored(request._request, accepted, answer) if wait else json_response(answer, 202)

    def stored(self, request: HttpRequest, accepted: accept.Accepted, answer: dict[str, Any]) -> HttpResponse:
        """What became of the logs; 202 as without `wait` when the digester does not come to them in time."""
        logs = waiting.wait_for(accepted, WAIT_SECONDS)
        if logs is None:
            return json_response(answer, 202)
        slug = self.caller.project_slug
        answer["duplicates"] = sum(log.duplicate for log in logs)
        answer["logs"] = [stored_log(log, links.request_url(request, slug, log.request_log_id)) for log in logs]
        return json_response(answer, 200)


def stored_log(log: waiting.StoredLog, url: str) -> dict[str, Any]:
    return {
        "index": log.index,
        "id": log.request_log_id,
        "request_id": log.request_id,
        "session_id": log.session_id,
        "session_key": log.session_key,
        "duplicate": log.duplicate,
        "contradicts": log.contradicts,
        "url": url,
    }


def accept_body(request: HttpRequest, caller: Caller, source: str, content_type: str) -> accept.Accepted:
    """Read the body and put it into the inbox. Raises ApiError and WireFormatError."""
    assert caller.project_id is not None, "only keys may write, and a key has a project"
    try:
        with bodies.received_body(request, settings.LOGSUI_MAX_BODY_BYTES) as body:
            return accept.accept_body(caller.project_id, source, body, content_type)
    except accept.InboxFull as error:
        raise inbox_full(error) from None


def inbox_full(error: accept.InboxFull) -> ApiError:
    message = str(error)
    headers = {"Retry-After": str(error.retry_after_seconds)}
    return ApiError(503, "inbox_full", message, docs=DOCS_PATH, headers=headers)


def none_is_good(answer: dict[str, Any]) -> HttpResponse:
    """The answer for a body of which no log is good: the first log's error, with its index, stands for them."""
    first, *others = answer["rejected"]
    error = first["error"] | {"index": first["index"], "docs": DOCS_PATH}
    if others:
        error["message"] += f" (the first of {len(others) + 1:,} logs, none of which can be stored)"
    status = 413 if error["type"] == "log_too_large" else 422
    return json_response({"error": error, **answer}, status)


def checked_content_type(request: HttpRequest) -> str:
    """The content type. Raises ApiError 415 for one that is neither JSON nor NDJSON."""
    content_type = request.META.get("CONTENT_TYPE", "")
    plain = content_type.partition(";")[0].strip().lower()
    if plain in JSON_TYPES or plain in NDJSON_TYPES or (plain.startswith("application/") and plain.endswith("+json")):
        return content_type
    message = f"Content-Type {plain[:100]!r} is not understood: send application/json or application/x-ndjson."
    raise ApiError(415, "unsupported_media_type", message, docs=DOCS_PATH)


def wants_to_wait(request: HttpRequest) -> bool:
    value = request.GET.get("wait", "false").lower()
    if value not in ("true", "1", "false", "0"):
        raise bad_parameter("wait", f"must be true or false, got {value[:40]!r}")
    return value in ("true", "1")
