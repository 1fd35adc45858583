"""The OpenAPI description of OpenTelemetry's addresses: what each operation takes and answers."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiResponse, extend_schema

from sessions_app.api.otlp_shapes import LOG_RECORDS, METRICS, TRACES
from sessions_app.api.schema import ERRORS, KEY_SCHEMES, Decorator
from sessions_app.api.shapes import Shape, ref

OTLP_BODIES = (
    "Protobuf or JSON, as the Content-Type says, also compressed or chunked. The answer is in the same encoding, an "
    "error is a google.rpc.Status. A key may also be the password of Basic authentication."
)


def _export(operation_id: str, summary: str, description: str, shape: Shape) -> Decorator:
    errors = {status: ERRORS[status] for status in (400, 401, 403, 413, 415, 503)}
    return extend_schema(
        auth=KEY_SCHEMES,
        operation_id=operation_id,
        tags=["OpenTelemetry"],
        summary=summary,
        description=f"{description} {OTLP_BODIES}",
        request={
            "application/json": shape,
            "application/x-protobuf": {"type": "string", "format": "binary"},
        },
        responses={
            200: OpenApiResponse(ref("ExportAnswer"), "Stored; `partialSuccess` says what is not."),
            **{status: OpenApiResponse(ref("RpcStatus"), about) for status, about in errors.items()},
        },
    )


POST_TRACES = _export(
    "post_traces",
    "Send spans",
    "An export of traces. Spans without valid ids are rejected, the others stored. "
    "`/api/public/otel/v1/traces`, where Langfuse's clients send, is the same.",
    TRACES,
)
POST_LOG_RECORDS = _export(
    "post_log_records",
    "Send events",
    "An export of log records, of which the events of the GenAI conventions are stored: they carry the messages of "
    "some libraries and join their spans.",
    LOG_RECORDS,
)
POST_METRICS = _export(
    "post_metrics",
    "Send metrics",
    "Accepted and not stored, so that an exporter of all signals reports no error.",
    METRICS,
)
