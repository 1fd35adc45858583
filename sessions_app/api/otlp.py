"""POST /v1/traces, /v1/logs and /v1/metrics: OTLP/HTTP, as OpenTelemetry's exporters and Collector speak it.

Followed: the OTLP specification 1.10. The answer, success or error, is in the request's encoding; an error is a
google.rpc.Status. Clients send again after 429, 502, 503 and 504 alone, so a passing trouble must be one of these.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from rest_framework.request import Request

from sessions_app.api import bodies, errors
from sessions_app.api.authentication import ApiKeyAuthentication, BasicKeyAuthentication
from sessions_app.api.errors import DOCS_PATH, ApiError
from sessions_app.api.logs import inbox_full
from sessions_app.api.schema import Method, operation
from sessions_app.api.serializers import otlp as serializers
from sessions_app.api.serializers.base import Resource
from sessions_app.api.views import WriteEndpoint
from sessions_app.api.writing import written
from sessions_app.ingest import accept
from sessions_app.wire.otlp import JSON, LOGS, PROTOBUF, TRACES, Checked, content_type_of

METRICS_SENTENCE = "Metrics are accepted and not stored; OTEL_METRICS_EXPORTER=none saves sending them."
MESSAGE_CHARS = 1_000
# google.rpc.Code, from google/rpc/code.proto; INVALID_ARGUMENT for the others.
INVALID_ARGUMENT = 3
RPC_CODES = {401: 16, 403: 7, 404: 5, 405: 12, 413: 8, 429: 8, 500: 13, 503: 14}


def export_operation(operation_id: str, export: type[Resource]) -> Callable[[Method], Method]:
    return operation(
        operation_id,
        "OpenTelemetry",
        {200: (serializers.ExportAnswerSerializer, "Stored; `partialSuccess` says what is not.")},
        (400, 413, 415, 503),
        body={JSON: export, PROTOBUF: {"type": "string", "format": "binary"}},
        error=serializers.RpcStatusSerializer,
    )


class OtlpEndpoint(WriteEndpoint):
    """What the signals have in common. Langfuse's clients use Basic authentication."""

    authentication_classes = [ApiKeyAuthentication, BasicKeyAuthentication]
    response_class: Callable[[], Any]
    rejected_member = ""

    def export(self, request: Request, signal: str) -> Checked:
        """Read and store the body. Raises ApiError and WireFormatError."""
        encoding = checked_encoding(request)
        try:
            with bodies.received_body(request, settings.LOGSUI_MAX_BODY_BYTES) as body:
                return accept.accept_export(self.project_id, body, content_type_of(encoding, signal))
        except accept.InboxFull as error:
            raise inbox_full(error) from None

    def answer(self, request: Request, rejected: int = 0, message: str = "") -> HttpResponse:
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

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], HttpResponse]:
        return status_of_exception


class TracesEndpoint(OtlpEndpoint):
    """Spans."""

    response_class = ExportTraceServiceResponse
    rejected_member = "rejected_spans"

    @export_operation("post_traces", serializers.TracesSerializer)
    def post(self, request: Request) -> HttpResponse:
        """Send spans.

        An export of traces, as protobuf or JSON, also compressed or chunked. Spans without valid ids are rejected,
        the others stored. The answer is in the same encoding; an error is a google.rpc.Status. A key may also be the
        password of Basic authentication. `/api/public/otel/v1/traces`, where Langfuse's clients send, is the same.
        """
        checked = self.export(request, TRACES)
        if checked.rejected and not checked.accepted:
            hint = "Is this an export of traces?" if checked.rejected > 1 else ""
            raise ApiError(400, "invalid_spans", f"None of the spans can be stored: {checked.reason}. {hint}".strip())
        return self.answer(request, checked.rejected, rejection(checked, "spans"))


class LogRecordsEndpoint(OtlpEndpoint):
    """Log records."""

    response_class = ExportLogsServiceResponse
    rejected_member = "rejected_log_records"

    @export_operation("post_log_records", serializers.LogRecordsSerializer)
    def post(self, request: Request) -> HttpResponse:
        """Send events.

        An export of log records. Events of the GenAI conventions, of coding agents and of sessions are stored: they
        carry the messages of some libraries and join their spans. Encodings, answers and keys are as for spans.
        """
        checked = self.export(request, LOGS)
        if checked.rejected and not checked.accepted and not checked.ignored:
            raise ApiError(400, "invalid_log_records", f"None of the log records can be stored: {checked.reason}.")
        sentences = [rejection(checked, "log records"), ignored_sentence(checked)]
        return self.answer(request, checked.rejected, " ".join(filter(None, sentences)))


class MetricsEndpoint(OtlpEndpoint):
    """Metrics, which are not stored."""

    response_class = ExportMetricsServiceResponse
    rejected_member = "rejected_data_points"

    @export_operation("post_metrics", serializers.MetricsSerializer)
    def post(self, request: Request) -> HttpResponse:
        """Send metrics.

        Accepted and not stored, so that an exporter of all signals reports no error.
        """
        checked_encoding(request)
        with bodies.received_body(request, settings.LOGSUI_MAX_BODY_BYTES):
            return self.answer(request, message=METRICS_SENTENCE)


def rejection(checked: Checked, what: str) -> str:
    if not checked.rejected:
        return ""
    total = checked.rejected + checked.accepted + checked.ignored
    return f"{checked.rejected:,} of {total:,} {what} cannot be stored; the first: {checked.reason}."


def ignored_sentence(checked: Checked) -> str:
    if not checked.ignored:
        return ""
    return f"{checked.ignored:,} log records are no events of an agent or of a session, and are not stored."


def camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.title() for word in others)


# --- encodings ------------------------------------------------------------------------------------------------------


def encoding_of(request: Request) -> str | None:
    """The media type of the request, where it is one of OTLP's two."""
    media_type = request.META.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    return media_type if media_type in (PROTOBUF, JSON) else None


def checked_encoding(request: Request) -> str:
    """Raises ApiError 415."""
    encoding = encoding_of(request)
    if encoding is None:
        given = request.META.get("CONTENT_TYPE", "")[:100]
        message = f"Content-Type {given!r} is not supported: send {PROTOBUF} or {JSON}."
        raise ApiError(415, "unsupported_media_type", message, docs=DOCS_PATH)
    return encoding


def status_of_exception(error: Exception, context: dict[str, Any]) -> HttpResponse:
    """REST framework's hook: a google.rpc.Status in the request's encoding; in JSON for one that is neither."""
    known = errors.known_error(error, context)
    # The specification has no 422: what cannot be stored is a bad request.
    status = 400 if known.status_code == 422 else known.status_code
    code, message = RPC_CODES.get(status, INVALID_ARGUMENT), known.message[:MESSAGE_CHARS]
    if encoding_of(context["request"]) == PROTOBUF:
        content, content_type = status_message(code, message), PROTOBUF
    else:
        content, content_type = written({"code": code, "message": message}), JSON
    return HttpResponse(content, status=status, headers=known.headers, content_type=content_type)


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
