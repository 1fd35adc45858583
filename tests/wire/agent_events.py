"""Log records of coding agents, made up, as JSON and protobuf exports."""

from __future__ import annotations

import json
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

STARTED_NANOS = 1_795_698_986_000_000_000
CLAUDE = "com.anthropic.claude_code.events"


def event(at: float, text: str = "", native: str = "", **members: Any) -> dict[str, Any]:
    """A log record, `at` seconds after the start; attributes are written with `__` in place of `.`."""
    attributes = {key.replace("__", "."): value for key, value in members.items()}
    nanos = STARTED_NANOS + int(at * 10**9)
    attributes.setdefault("event.timestamp", f"2026-11-26T13:16:{26 + at:06.3f}Z")
    return {"at": nanos, "body": text, "name": native, "attributes": attributes}


def as_json(scope: str, *events: dict[str, Any], **resource: str) -> bytes:
    records = [
        {
            "timeUnixNano": str(each["at"]),
            "observedTimeUnixNano": str(each["at"]),
            "body": {"stringValue": each["body"]},
            "attributes": [{"key": key, "value": _json_value(value)} for key, value in each["attributes"].items()],
        }
        | ({"eventName": each["name"]} if each["name"] else {})
        for each in events
    ]
    attributes = [{"key": key, "value": {"stringValue": value}} for key, value in resource.items()]
    of_scope = {"scope": {"name": scope}, "logRecords": records}
    return json.dumps({"resourceLogs": [{"resource": {"attributes": attributes}, "scopeLogs": [of_scope]}]}).encode()


def _json_value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": value}


def as_protobuf(scope: str, *events: dict[str, Any], **resource: str) -> bytes:
    request = ExportLogsServiceRequest()
    of_resource = request.resource_logs.add()
    of_resource.resource.attributes.extend(
        KeyValue(key=key, value=AnyValue(string_value=value)) for key, value in resource.items()
    )
    of_scope = of_resource.scope_logs.add()
    of_scope.scope.name = scope
    for each in events:
        record = of_scope.log_records.add(time_unix_nano=each["at"], observed_time_unix_nano=each["at"])
        record.body.string_value = each["body"]
        record.event_name = each["name"]
        for key, value in each["attributes"].items():
            record.attributes.append(KeyValue(key=key, value=_protobuf_value(value)))
    return request.SerializeToString()


def _protobuf_value(value: Any) -> AnyValue:
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    return AnyValue(double_value=value) if isinstance(value, float) else AnyValue(string_value=value)
