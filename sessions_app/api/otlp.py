"""POST /v1/traces, /v1/logs and /v1/metrics: OTLP/HTTP, as OpenTelemetry's exporters and Collector speak it.

Followed: the OTLP specification 1.10. The answer, success or error, is in the request's encoding; an error is a
google.rpc.Status. Clients send again after 429, 502, 503 and 504 alone, so a passing trouble must be one of these.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from sessions_app.api import authentication, bodies, errors, otlp_schema
from sessions_app.api.errors import DOCS_PATH, ApiError
from sessions_app.api.logs import inbox_full
from sessions_app.api.views import WriteEndpoint
from sessions_app.ingest import accept
from sessions_app.wire.otlp import JSON, LOGS, PROTOBUF, TRACES, Checked, content_type_of

METRICS_SENTENCE = "Metrics are accepted and not stored; OTEL_METRICS_EXPORTER=none saves sending them."
MESSAGE_CHARS = 1_000
# google.rpc.Code, from google/rpc/code.proto; INVALID_ARGUMENT for the others.
INVALID_ARGUMENT = 3
RPC_CODES = {401: 16, 403: 7, 404: 5, 405: 12, 413: 8, 429: 8, 500: 13, 503: 14}


class OtlpEndpoint(WriteEndpoint):
    """What the signals have in common. Langfuse's clients authenticate with Basic."""

    response_class: Callable[[], Any]
    rejected_member = ""

    def perform_authentication(self, request: Any) -> None:
        self.caller = authentication.authenticate(request._request, self.scope, browser=False, basic=True)

    def export(self, request: HttpRequest, signal: str) -> Checked:
        """Read and store the body. Raises ApiError and WireFormatError."""
        assert self.caller.project_id is not None, "only keys may write, and a key has a project"
        encoding = checked_encoding(request)
        try:
            with bodies.received_body(request, settings.LOGSUI_MAX_BODY_BYTES) as body:
                return accept.accept_export(self.caller.project_id, body, content_type_of(encoding, signal))
        except accept.InboxFull as error:
            raise inbox_full(error) from None

    def answer(self, request: HttpRequest, rejected: int = 0, message: str = "") -> HttpResponse:
        """Success; with a message, a partial one (or, when nothing was rejected, a warning)."""
        message = message[:MESSAGE_CHARS]
        if encoding_of(request) == PROTOBUF:
            response = self.response_class()
            if message:
                response.partial_success.error_message = message
                setattr(response.partial_success, self.rejected_member, rejected)
            return HttpResponse(response.SerializeToString(), content_type=PROTOBUF)
        # 64-bit integers are texts in protobuf's JSON mapping.
        counted = {camel_case(self.rejected_member): str(rejected)} if rejected else {}
        return errors.json_response({"partialSuccess": counted | {"errorMessage": message}} if message else {})

    def handle_exception(self, exc: Exception) -> HttpResponse:
        error = errors.as_api_error(exc)
        if error is None:
            errors.LOG.error("Unhandled error in the API", exc_info=exc)
            error = errors.plain_error(500)
        return status_response(self.request._request, error)


class TracesEndpoint(OtlpEndpoint):
    response_class = ExportTraceServiceResponse
    rejected_member = "rejected_spans"

    @otlp_schema.POST_TRACES
    def post(self, request: Any) -> HttpResponse:
        checked = self.export(request._request, TRACES)
        if checked.rejected and not checked.accepted:
            hint = "Is this an export of traces?" if checked.rejected > 1 else ""
            raise ApiError(400, "invalid_spans", f"None of the spans can be stored: {checked.reason}. {hint}".strip())
        return self.answer(request._request, checked.rejected, rejection(checked, "spans"))


class LogRecordsEndpoint(OtlpEndpoint):
    response_class = ExportLogsServiceResponse
    rejected_member = "rejected_log_records"

    @otlp_schema.POST_LOG_RECORDS
    def post(self, request: Any) -> HttpResponse:
        checked = self.export(request._request, LOGS)
        if checked.rejected and not checked.accepted and not checked.ignored:
            raise ApiError(400, "invalid_log_records", f"None of the log records can be stored: {checked.reason}.")
        sentences = [rejection(checked, "log records"), ignored_sentence(checked)]
        return self.answer(request._request, checked.rejected, " ".join(filter(None, sentences)))


class MetricsEndpoint(OtlpEndpoint):
    response_class = ExportMetricsServiceResponse
    rejected_member = "rejected_data_points"

    @otlp_schema.POST_METRICS
    def post(self, request: Any) -> HttpResponse:
        checked_encoding(request._request)
        with bodies.received_body(request._request, settings.LOGSUI_MAX_BODY_BYTES):
            return self.answer(request._request, message=METRICS_SENTENCE)


def rejection(checked: Checked, what: str) -> str:
    if not checked.rejected:
        return ""
    total = checked.rejected + checked.accepted + checked.ignored
    return f"{checked.rejected:,} of {total:,} {what} cannot be stored; the first: {checked.reason}."


def ignored_sentence(checked: Checked) -> str:
    if not checked.ignored:
        return ""
    return f"{checked.ignored:,} log records are no GenAI events (event name gen_ai.*) and are not stored."


def camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.title() for word in others)


# --- encodings ------------------------------------------------------------------------------------------------------


def encoding_of(request: HttpRequest) -> str | None:
    """The media type of the request, where it is one of OTLP's two."""
    media_type = request.META.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    return media_type if media_type in (PROTOBUF, JSON) else None


def checked_encoding(request: HttpRequest) -> str:
    """Raises ApiError 415."""
    encoding = encoding_of(request)
    if encoding is None:
        given = request.META.get("CONTENT_TYPE", "")[:100]
        message = f"Content-Type {given!r} is not understood: send {PROTOBUF} or {JSON}."
        raise ApiError(415, "unsupported_media_type", message, docs=DOCS_PATH)
    return encoding


def status_response(request: HttpRequest, error: ApiError) -> HttpResponse:
    """A google.rpc.Status in the request's encoding; in JSON for one that is neither."""
    # The specification knows no 422: what cannot be stored is a bad request.
    status = 400 if error.status == 422 else error.status
    code, message = RPC_CODES.get(status, INVALID_ARGUMENT), error.error["message"][:MESSAGE_CHARS]
    if encoding_of(request) == PROTOBUF:
        content, content_type = status_message(code, message), PROTOBUF
    else:
        content, content_type = orjson.dumps({"code": code, "message": message}), JSON
    return HttpResponse(content, status=status, headers=error.headers, content_type=content_type)


def status_message(code: int, message: str) -> bytes:
    """A google.rpc.Status in protobuf: `int32 code = 1; string message = 2`."""
    text = message.encode("utf-8", "replace")
    return bytes([0x08, code, 0x12]) + varint(len(text)) + text


def varint(number: int) -> bytes:
    written = bytearray()
    while number >= 0x80:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*written, number])
