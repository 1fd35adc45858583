"""What OpenTelemetry's addresses take and answer: the JSON encoding of OTLP 1.10. `wire/otlp.py` checks it."""

from __future__ import annotations

from collections.abc import Callable

from rest_framework import serializers

from sessions_app.api.serializers.base import Described, Resource, Schema, count


def hex_id(digits: int) -> serializers.RegexField:
    return serializers.RegexField(rf"^(?!0+$)[0-9a-f]{{{digits}}}$", help_text="Hex digits, not all zeros.")


def nanoseconds() -> serializers.RegexField:
    return serializers.RegexField("^[0-9]{1,19}$", required=False, help_text="Nanoseconds since 1970.")


def export(of_scopes: str, records: str, record: Schema) -> Schema:
    """The records of one signal, by the library and the process that they come from."""
    scope = {"type": "object", "properties": {"scope": {"type": "object"}, records: array(record)}}
    return array({"type": "object", "properties": {"resource": {"type": "object"}, of_scopes: array(scope)}})


def array(items: Schema) -> Schema:
    return {"type": "array", "items": items}


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


class TracesSerializer(Resource):
    """An ExportTraceServiceRequest."""

    @classmethod
    def extend_schema(cls, schema: Schema, ref: Callable[[type[Resource]], Schema]) -> Schema:
        spans = export("scopeSpans", "spans", ref(SpanSerializer))
        # Without it the body is no export of spans, which is refused unless it is empty.
        return schema | {
            "properties": {"resourceSpans": spans},
            "additionalProperties": False,
            "example": TRACES_EXAMPLE,
        }


class LogRecordsSerializer(Resource):
    """An ExportLogsServiceRequest."""

    resourceLogs = Described(export("scopeLogs", "logRecords", {"type": "object"}))

    @classmethod
    def extend_schema(cls, schema: Schema, ref: Callable[[type[Resource]], Schema]) -> Schema:
        return schema | {"additionalProperties": False}


class MetricsSerializer(Resource):
    """An ExportMetricsServiceRequest."""

    resourceMetrics = Described(array({"type": "object"}))


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
