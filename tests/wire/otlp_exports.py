"""The captured OTLP exports, and exports made by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from sessions_app.wire import otlp

FOLDER = Path(__file__).parent.parent / "payloads" / "otlp"
PROTOBUF, JSON = "application/x-protobuf", "application/json"
TRACE_ID, SPAN_ID, PARENT_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "00f067aa0ba902b7"
STARTED_NANOS = 1_795_374_350_295_000_001


def captures() -> list[Path]:
    """Every captured body in protobuf."""
    return sorted(FOLDER.glob("*/*.pb"))


def capture_id(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def signal_of(path: Path) -> str:
    return otlp.LOGS if "-logs" in path.stem else otlp.TRACES


def items(body: bytes, encoding: str = JSON, signal: str = otlp.TRACES) -> list[dict[str, Any]]:
    """The items of a body, decoded."""
    return [orjson.loads(item.raw) for item in otlp.split_body(body, otlp.content_type_of(encoding, signal))]


def span(**changes: Any) -> dict[str, Any]:
    """A span in OTLP/JSON; a change to None takes the member out."""
    made = {
        "traceId": TRACE_ID,
        "spanId": SPAN_ID,
        "parentSpanId": PARENT_ID,
        "name": "chat gpt-4o",
        "kind": 3,
        "startTimeUnixNano": str(STARTED_NANOS),
        "endTimeUnixNano": str(STARTED_NANOS + 2_500_000_000),
        "attributes": [attribute("gen_ai.operation.name", stringValue="chat")],
        "status": {},
    } | changes
    return {name: value for name, value in made.items() if value is not None}


def attribute(name: str, **value: Any) -> dict[str, Any]:
    return {"key": name, "value": value}


def export(*spans: Any, **resource: Any) -> bytes:
    """An export of spans in JSON."""
    scope_spans = [{"scope": {"name": "test", "version": "1"}, "spans": list(spans)}]
    of_resource = {"resource": {"attributes": [attribute("service.name", stringValue="tests")]}} | resource
    return json.dumps({"resourceSpans": [of_resource | {"scopeSpans": scope_spans}]}).encode()


def protobuf_export(*attributes: KeyValue, **changes: Any) -> bytes:
    """An export of one span in protobuf."""
    request = ExportTraceServiceRequest()
    made = (
        request.resource_spans.add()
        .scope_spans.add()
        .spans.add(
            trace_id=bytes.fromhex(TRACE_ID), span_id=bytes.fromhex(SPAN_ID), name="chat gpt-4o", attributes=attributes
        )
    )
    for name, value in changes.items():
        setattr(made, name, value)
    return request.SerializeToString()
