"""OTLP's protobuf encoding, read into plain values. Followed: opentelemetry-proto 1.10 (package 1.45.2).

We change two field types of the package's messages; the bytes of an export are the same for both. Texts become `bytes`,
because protobuf refuses a whole body for one text that is not UTF-8. Arrays and maps become `bytes` that are decoded
when they are read, so that we can bound their depth. Each span is decoded by itself, so a broken one does not affect
the others.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

from sessions_app.records import WireFormatError
from sessions_app.wire.otlp_values import (
    MAX_DEPTH,
    SPAN_ID_BYTES,
    TRACE_ID_BYTES,
    Plain,
    Problems,
    ScopeGroup,
    scope_group,
    valid_or_empty,
)

__all__ = ["event_name", "groups", "ids", "log_record", "open_log", "open_span", "span", "told", "unread"]

_FIELD = descriptor_pb2.FieldDescriptorProto
_DECODED_LATER = ("array_value", "kvlist_value")


def _messages(found: Iterable[Any]) -> Iterator[Any]:
    for message in found:
        yield message
        yield from _messages(message.nested_type)


def _pool() -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    for module in (common_pb2, resource_pb2, trace_pb2, logs_pb2):
        file = descriptor_pb2.FileDescriptorProto()
        module.DESCRIPTOR.CopyToProto(file)
        for message in _messages(file.message_type):
            for each in message.field:
                if each.type == _FIELD.TYPE_STRING or each.name in _DECODED_LATER:
                    each.type = _FIELD.TYPE_BYTES
                    each.ClearField("type_name")
        pool.AddSerializedFile(file.SerializeToString())
    return pool


_POOL = _pool()


def _class(name: str) -> Any:
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"opentelemetry.proto.{name}"))


_RESOURCE, _SCOPE = _class("resource.v1.Resource"), _class("common.v1.InstrumentationScope")
_SPAN, _LOG = _class("trace.v1.Span"), _class("logs.v1.LogRecord")
_ARRAY, _MAP = _class("common.v1.ArrayValue"), _class("common.v1.KeyValueList")
# Field numbers of ExportTraceServiceRequest, ResourceSpans and ScopeSpans. The messages for logs have the same.
_OF_RESOURCES = 1
_RESOURCE_FIELD, _OF_SCOPES = 1, 2
_SCOPE_FIELD, _RECORDS, _SCHEMA_URL = 1, 2, 3


def groups(body: bytes, signal: str) -> Iterator[tuple[ScopeGroup, list[memoryview]]]:
    """The spans (or log records) of an export, by resource and scope. Raises WireFormatError (status 400).

    The outer messages have the same field numbers for all signals. They are read here by hand, so that a large body is
    not copied.
    """
    for of_resource in _fields(memoryview(body)).get(_OF_RESOURCES, ()):
        members = _fields(of_resource)
        resource = _decoded(_RESOURCE, members.get(_RESOURCE_FIELD, []))
        for of_scope in members.get(_OF_SCOPES, ()):
            inner = _fields(of_scope)
            scope = _decoded(_SCOPE, inner.get(_SCOPE_FIELD, []))
            schema_url = bytes(inner.get(_SCHEMA_URL, [b""])[-1])
            yield _group(resource, scope, schema_url), inner.get(_RECORDS, [])


def _fields(message: memoryview) -> dict[int, list[memoryview]]:
    """The length-delimited fields of a message, by number. No other kind of field is needed here."""
    found: dict[int, list[memoryview]] = {}
    at, end = 0, len(message)
    while at < end:
        key, at = _varint(message, at)
        wire_type = key & 7
        if wire_type == 2:
            size, at = _varint(message, at)
            found.setdefault(key >> 3, []).append(message[at : at + size])
        elif wire_type == 0:
            size, at = 0, _varint(message, at)[1]
        else:
            size = {1: 8, 5: 4}.get(wire_type, end)
        at += size
        if at > end or key < 8:
            raise _undecodable()
    return found


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """A number of up to 64 bits and where it ends."""
    number = shift = 0
    while shift < 64 and at < len(message):
        byte = message[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7
    raise _undecodable()


def _decoded(kind: Any, parts: list[memoryview]) -> Any:
    """A message that should occur once. Several are merged as protobuf does: their bytes one after another."""
    try:
        return kind.FromString(b"".join(parts))
    except DecodeError:
        raise _undecodable() from None


def _undecodable() -> WireFormatError:
    message = "the body cannot be decoded as protobuf: send it whole, and JSON with Content-Type: application/json"
    return WireFormatError(message, type="not_protobuf", status=400)


def _group(of_resource: Any, of_scope: Any, schema_url: bytes) -> ScopeGroup:
    problems = Problems()
    resource = {"attributes": attributes_of(of_resource.attributes, "resource.attributes", problems)}
    _dropped(of_resource, resource, "attributes")
    scope: Plain = {
        "name": _text(of_scope.name, "scope.name", problems),
        "version": _text(of_scope.version, "scope.version", problems),
    }
    _dropped(of_scope, scope, "attributes")
    if schema_url:
        scope["schemaUrl"] = _text(schema_url, "schemaUrl", problems)
    if of_scope.attributes:
        scope["attributes"] = attributes_of(of_scope.attributes, "scope.attributes", problems)
    return scope_group(resource, scope, problems)


def open_span(record: memoryview) -> Message:
    """Decode a span. Raises WireFormatError."""
    return _opened(_SPAN, record, "span")


def open_log(record: memoryview) -> Message:
    """Decode a log record. Raises WireFormatError."""
    return _opened(_LOG, record, "log record")


def _opened(kind: type[Message], record: memoryview, what: str) -> Message:
    try:
        return kind.FromString(bytes(record))
    except DecodeError:
        raise WireFormatError(f"the {what} cannot be decoded as protobuf", type="not_protobuf") from None


def unread(record: bytes | memoryview) -> Plain:
    """A record that cannot be decoded, kept as it came."""
    return {"bytesValue": base64.b64encode(record).decode()}


def ids(opened: Any) -> tuple[str, str]:
    """Trace id and span id as hex, whatever their length."""
    return _hex(opened.trace_id, TRACE_ID_BYTES), _hex(opened.span_id, SPAN_ID_BYTES)


def _hex(raw: bytes, size: int) -> str:
    """The id as hex. An id of twice the length is one that the exporter wrote as a text of hex digits, if it is such a
    text.
    """
    if len(raw) == 2 * size:
        text = raw.decode("latin-1").lower()
        if text.isascii() and all(letter in "0123456789abcdef" for letter in text):
            return text
    return raw.hex()


def span(opened: Any, problems: Problems) -> Plain:
    """The span with OTLP/JSON's member names and plain attributes."""
    trace_id, span_id = ids(opened)
    if len(opened.trace_id) > TRACE_ID_BYTES or len(opened.span_id) > SPAN_ID_BYTES:
        problems.note("span", "its ids came as text of hex digits, not as bytes")
    parent = _hex(opened.parent_span_id, SPAN_ID_BYTES)
    found: Plain = {
        "traceId": trace_id,
        "spanId": span_id,
        "parentSpanId": valid_or_empty(parent, SPAN_ID_BYTES, "span.parentSpanId", problems),
        "name": _text(opened.name, "span.name", problems),
        "kind": opened.kind,
        "startTimeUnixNano": str(opened.start_time_unix_nano),
        "endTimeUnixNano": str(opened.end_time_unix_nano),
        "attributes": attributes_of(opened.attributes, "attributes", problems),
        "status": {
            "code": opened.status.code,
            "message": _text(opened.status.message, "span.status.message", problems),
        },
    }
    if opened.events:
        found["events"] = [_event(event, f"events[{n}]", problems) for n, event in enumerate(opened.events)]
    if opened.links:
        found["links"] = [_link(link, f"links[{n}]", problems) for n, link in enumerate(opened.links)]
    _state(opened, found, "span.traceState", problems)
    _dropped(opened, found, "attributes", "events", "links")
    return found


def _event(event: Any, path: str, problems: Problems) -> Plain:
    found = {
        "name": _text(event.name, f"{path}.name", problems),
        "timeUnixNano": str(event.time_unix_nano),
        "attributes": attributes_of(event.attributes, path, problems),
    }
    _dropped(event, found, "attributes")
    return found


def _link(link: Any, path: str, problems: Problems) -> Plain:
    trace_id, span_id = ids(link)
    found: Plain = {
        "traceId": valid_or_empty(trace_id, TRACE_ID_BYTES, f"{path}.traceId", problems),
        "spanId": valid_or_empty(span_id, SPAN_ID_BYTES, f"{path}.spanId", problems),
        "attributes": attributes_of(link.attributes, path, problems),
    }
    _state(link, found, f"{path}.traceState", problems)
    _dropped(link, found, "attributes")
    return found


def _state(opened: Any, found: Plain, path: str, problems: Problems) -> None:
    if opened.trace_state:
        found["traceState"] = _text(opened.trace_state, path, problems)
    if opened.flags:
        found["flags"] = opened.flags


def _dropped(opened: Any, found: Plain, *names: str) -> None:
    for name in names:
        count = getattr(opened, f"dropped_{name}_count")
        if count:
            found[f"dropped{name.title()}Count"] = count


def told(opened: Any, names: frozenset[str]) -> Plain:
    """Those attributes of a log record that are texts or whole numbers and have one of these names, and its body."""
    found: Plain = {}
    for pair in opened.attributes:
        name = str(pair.key, "utf-8", "replace")
        kind = pair.value.WhichOneof("value") if name in names else None
        if kind == "string_value":
            found[name] = str(pair.value.string_value, "utf-8", "replace")
        elif kind == "int_value":
            found[name] = str(pair.value.int_value)
    is_text = opened.body.WhichOneof("value") == "string_value"
    return found | ({"body": str(opened.body.string_value, "utf-8", "replace")} if is_text else {})


def event_name(opened: Any) -> str:
    """The event name of a log record. Older SDKs send it as an attribute."""
    name = opened.event_name
    if not name:
        name = next((pair.value.string_value for pair in opened.attributes if pair.key == b"event.name"), b"")
    return str(name, "utf-8", "replace")


def log_record(opened: Any, problems: Problems) -> Plain:
    """The log record with OTLP/JSON's member names, plain body and attributes."""
    trace_id, span_id = ids(opened)
    found: Plain = {
        "eventName": event_name(opened),
        "timeUnixNano": str(opened.time_unix_nano),
        "observedTimeUnixNano": str(opened.observed_time_unix_nano),
        "traceId": valid_or_empty(trace_id, TRACE_ID_BYTES, "log.traceId", problems),
        "spanId": valid_or_empty(span_id, SPAN_ID_BYTES, "log.spanId", problems),
        "severityText": _text(opened.severity_text, "log.severityText", problems),
        "body": _value(opened.body, "body", 0, problems),
        "attributes": attributes_of(opened.attributes, "attributes", problems),
    }
    _dropped(opened, found, "attributes")
    return found


# --- values ---------------------------------------------------------------------------------------------------------


def _text(raw: bytes, path: str, problems: Problems) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        problems.note(path, "is not UTF-8; what cannot be read is shown as U+FFFD")
        return raw.decode("utf-8", "replace")


@lru_cache(maxsize=4_096)
def _short_name(raw: bytes) -> str:
    """Remembered, since many spans have the same few attributes. Raises UnicodeDecodeError."""
    return raw.decode()


def _name(raw: bytes, path: str, problems: Problems) -> str:
    try:
        return _short_name(raw) if len(raw) < 100 else raw.decode()
    except UnicodeDecodeError:
        return _text(raw, path, problems)


def attributes_of(pairs: Iterable[Any], path: str, problems: Problems, depth: int = 0) -> Plain:
    """Attributes as a plain object. If a name occurs more than once, the last value counts."""
    found: Plain = {}
    for pair in pairs:
        name, value = _name(pair.key, path, problems), pair.value
        kind = value.WhichOneof("value")
        if name in found:
            problems.note(f"{path}.{name}", "is there more than once; the last one counts")
        if kind == "string_value":
            try:
                found[name] = value.string_value.decode()
            except UnicodeDecodeError:
                found[name] = _text(value.string_value, f"{path}.{name}", problems)
        elif kind in ("int_value", "bool_value"):
            found[name] = getattr(value, kind)
        else:
            found[name] = _value(value, f"{path}.{name}"[:200], depth, problems)
    return found


def _value(value: Any, path: str, depth: int, problems: Problems) -> Any:
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    given = getattr(value, kind)
    if kind == "string_value":
        return _text(given, path, problems)
    if kind == "double_value":
        return plain_double(given)
    if kind == "bytes_value":
        return unread(given)
    if kind in ("array_value", "kvlist_value"):
        return _nested(given, kind, path, depth + 1, problems)
    return given


def plain_double(number: float) -> float | str:
    """JSON has no NaN and infinities; protobuf's JSON mapping writes them as these texts."""
    if number == number and number not in (float("inf"), float("-inf")):
        return number
    return "NaN" if number != number else "Infinity" if number > 0 else "-Infinity"


def _nested(given: bytes, kind: str, path: str, depth: int, problems: Problems) -> Any:
    if depth > MAX_DEPTH:
        problems.note(path, f"is nested more than {MAX_DEPTH} levels deep; what is below is kept unread")
        return unread(given)
    try:
        values = (_ARRAY if kind == "array_value" else _MAP).FromString(given).values
    except DecodeError:
        problems.note(path, "cannot be decoded and is kept unread")
        return unread(given)
    if kind == "kvlist_value":
        return attributes_of(values, path, problems, depth)
    return [_value(item, path, depth, problems) for item in values]
