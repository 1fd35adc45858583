"""What OpenTelemetry's addresses take and answer, in JSON Schema: the JSON encoding of OTLP 1.10."""

from __future__ import annotations

from sessions_app.api.shapes import Shape, array, count, record, text


def _export(member: str, of_scopes: str, records: str, record_shape: Shape) -> Shape:
    """An export of one signal: records by scope and resource."""
    scope = {"type": "object", "properties": {"scope": {"type": "object"}, records: array(record_shape)}}
    resource = {"type": "object", "properties": {"resource": {"type": "object"}, of_scopes: array(scope)}}
    return {"type": "object", "properties": {member: array(resource)}}


SPAN: Shape = {
    "type": "object",
    "properties": {
        "traceId": text("Hex, not zeros alone.", pattern="^(?!0+$)[0-9a-f]{32}$"),
        "spanId": text("Hex, not zeros alone.", pattern="^(?!0+$)[0-9a-f]{16}$"),
        "parentSpanId": text(),
        "name": text(),
        "startTimeUnixNano": text("Nanoseconds since 1970.", pattern="^[0-9]{1,19}$"),
        "endTimeUnixNano": text("Nanoseconds since 1970.", pattern="^[0-9]{1,19}$"),
        "attributes": array({"type": "object"}, "Of `key` and `value`, an AnyValue."),
    },
    "required": ["traceId", "spanId"],
}
TRACES: Shape = _export("resourceSpans", "scopeSpans", "spans", SPAN) | {
    "example": {
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
}
LOG_RECORDS: Shape = _export("resourceLogs", "scopeLogs", "logRecords", {"type": "object"})
METRICS: Shape = {"type": "object", "properties": {"resourceMetrics": array({"type": "object"})}}

EXPORT_ANSWER: Shape = {
    "type": "object",
    "properties": {
        "partialSuccess": {
            "type": "object",
            "properties": {
                **dict.fromkeys(("rejectedSpans", "rejectedLogRecords"), text("How many, as a text of digits.")),
                "errorMessage": text("What is not stored, and why."),
            },
        }
    },
    "description": "ExportTraceServiceResponse and its like for the other signals; {} when all is well.",
}
RPC_STATUS = record({"code": count("Of google.rpc.Code."), "message": text()}, "google.rpc.Status.")
COMPONENTS: dict[str, Shape] = {"ExportAnswer": EXPORT_ANSWER, "RpcStatus": RPC_STATUS}
