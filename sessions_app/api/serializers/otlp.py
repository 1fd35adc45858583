"""What OpenTelemetry's addresses take and answer: the JSON encoding of OTLP 1.10. `wire/otlp.py` checks it."""

from __future__ import annotations

from collections.abc import Callable

from rest_framework import serializers

from sessions_app.api.serializers.base import Resource, Schema, count


def hex_id(digits: int) -> serializers.RegexField:
    return serializers.RegexField(rf"^(?!0+$)[0-9a-f]{{{digits}}}$", help_text="Hex digits, not all zeros.")


def nanoseconds() -> serializers.RegexField:
    return serializers.RegexField("^[0-9]{1,19}$", required=False, help_text="Nanoseconds since 1970.")


def any_object() -> serializers.DictField:
    return serializers.DictField(required=False)


class SpanSerializer(Resource):
    """A span, of which at least the ids must be there."""

    traceId = hex_id(32)
    spanId = hex_id(16)
    parentSpanId = serializers.CharField(required=False)
    name = serializers.CharField(required=False)
    startTimeUnixNano = nanoseconds()
    endTimeUnixNano = nanoseconds()
    attributes = serializers.ListField(
        child=serializers.DictField(), required=False, help_text="Objects of `key` and `value`, an AnyValue."
    )


class ScopeSpansSerializer(Resource):
    """The spans of one instrumentation library."""

    scope = any_object()
    spans = SpanSerializer(many=True, required=False)


class ResourceSpansSerializer(Resource):
    """The spans of one process."""

    resource = any_object()
    scopeSpans = ScopeSpansSerializer(many=True, required=False)


class TracesSerializer(Resource):
    """An ExportTraceServiceRequest."""

    resourceSpans = ResourceSpansSerializer(many=True, required=False)

    @classmethod
    def extend_schema(cls, schema: Schema, ref: Callable[[type[Resource]], Schema]) -> Schema:
        return schema | {"example": TRACES_EXAMPLE}


class ScopeLogsSerializer(Resource):
    """The log records of one instrumentation library."""

    scope = any_object()
    logRecords = serializers.ListField(child=serializers.DictField(), required=False)


class ResourceLogsSerializer(Resource):
    """The log records of one process."""

    resource = any_object()
    scopeLogs = ScopeLogsSerializer(many=True, required=False)


class LogRecordsSerializer(Resource):
    """An ExportLogsServiceRequest."""

    resourceLogs = ResourceLogsSerializer(many=True, required=False)


class MetricsSerializer(Resource):
    """An ExportMetricsServiceRequest."""

    resourceMetrics = serializers.ListField(child=serializers.DictField(), required=False)


class PartialSuccessSerializer(Resource):
    """What is not stored of an export, and why."""

    rejectedSpans = serializers.CharField(required=False, help_text="How many, as a text of digits.")
    rejectedLogRecords = serializers.CharField(required=False, help_text="How many, as a text of digits.")
    errorMessage = serializers.CharField(required=False, help_text="What is not stored, and why.")


class ExportAnswerSerializer(Resource):
    """ExportTraceServiceResponse and its equivalents for the other signals; {} when everything is stored."""

    partialSuccess = PartialSuccessSerializer(required=False)


class RpcStatusSerializer(Resource):
    """google.rpc.Status."""

    code = count("A number of google.rpc.Code.")
    message = serializers.CharField()


TRACES_EXAMPLE: Schema = {
    "resourceSpans": [
        {
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "checkout-bot"}}]},
            "scopeSpans": [
                {
                    "spans": [
                        {
                            "traceId": "0af7651916cd43dd8448eb211c80319c",
                            "spanId": "b7ad6b7169203331",
                            "name": "chat gpt-4o",
                            "kind": 3,
                            "startTimeUnixNano": "1769868000000000000",
                            "endTimeUnixNano": "1769868002500000000",
                            "attributes": [
                                {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}},
                                {"key": "gen_ai.request.model", "value": {"stringValue": "gpt-4o"}},
                                {"key": "session.id", "value": {"stringValue": "checkout-bot-4711"}},
                            ],
                        }
                    ]
                }
            ],
        }
    ]
}
