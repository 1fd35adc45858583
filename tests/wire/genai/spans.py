"""Made-up spans for tests."""

from __future__ import annotations

import json
from typing import Any

from sessions_app.content.json_bytes import JsonBytes
from sessions_app.records import Record
from sessions_app.wire import otlp
from tests.wire.genai.captures import RECEIVED

TRACE_ID, SPAN_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
START = 1_795_374_243_803_539_232


def item(attributes: dict[str, Any], scope: str = "test", resource: dict[str, Any] | None = None, **span: Any) -> bytes:
    """An item as bodies are split into; `span` overrides its members."""
    ids = {"traceId": TRACE_ID, "spanId": SPAN_ID, "parentSpanId": ""}
    times = {"startTimeUnixNano": str(START), "endTimeUnixNano": str(START + 2_000_000_000)}
    whole = ids | times | {"name": "a span", "kind": 3, "attributes": attributes} | span
    return json.dumps({"resource": {"attributes": resource or {}}, "scope": {"name": scope}, "span": whole}).encode()


def log(name: str, body: Any, attributes: dict[str, Any] | None = None, at: int = START, **members: Any) -> bytes:
    """A log record of the same span."""
    record = {"eventName": name, "timeUnixNano": "0", "observedTimeUnixNano": str(at)} | members
    record |= {"traceId": TRACE_ID, "spanId": SPAN_ID, "body": body, "attributes": attributes or {}}
    return json.dumps({"resource": {"attributes": {}}, "scope": {"name": "test"}, "log": record}).encode()


def read(raw: bytes) -> Record:
    return otlp.read_log(raw, RECEIVED, "generated")


def record(attributes: dict[str, Any], **span: Any) -> Record:
    return read(item(attributes, **span))


def values(parts: list[JsonBytes]) -> list[Any]:
    return [json.loads(bytes(raw)) for raw in parts]
