"""OTLP's JSON encoding, read into plain values. Followed: opentelemetry-proto 1.10, specification "OTLP/HTTP".

That is protobuf's JSON mapping, but with ids in hex and enumerations as integers. Names may be lowerCamelCase or those
of the .proto files, 64-bit integers may be texts or numbers, and unknown members are ignored. Values that break these
rules are read where their meaning is clear, and noted as problems.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence

from sessions_app.content.json_bytes import (
    DocumentError,
    JsonBytes,
    array_items,
    json_kind,
    kind_of,
    loads,
    object_fields,
)
from sessions_app.records import WireFormatError
from sessions_app.wire.otlp_json_values import (
    SPAN_KINDS,
    STATUS_CODES,
    attributes_of,
    copy_dropped_counts,
    copy_state,
    enumeration_of,
    has_member,
    hex_id,
    looks_like_base64,
    member_of,
    nanos_of,
    objects_of,
    optional_id,
    text_of,
    value_of,
)
from sessions_app.wire.otlp_values import SPAN_ID_BYTES, TRACE_ID_BYTES, Plain, Problems, ScopeGroup, scope_group

__all__ = ["event_name", "groups", "ids", "log_record", "open_log", "open_span", "span", "told", "unread"]

_NAMES: dict[str, tuple[str, str, str]] = {
    "traces": ("resourceSpans", "scopeSpans", "spans"),
    "logs": ("resourceLogs", "scopeLogs", "logRecords"),
}


# --- the body -------------------------------------------------------------------------------------------------------


def signal_of(body: bytes) -> str | None:
    """ "traces" or "logs", by the members of a body; None for neither. Raises WireFormatError (status 400)."""
    return _signal_of(_members(body, "the body"))


def _signal_of(members: dict[str, JsonBytes]) -> str | None:
    return next((signal for signal, names in _NAMES.items() if member_of(members, names[0]) is not None), None)


def groups(body: bytes, signal: str) -> Iterator[tuple[ScopeGroup, Sequence[JsonBytes]]]:
    """The spans (or log records) of an export, by resource and scope. Raises WireFormatError (status 400)."""
    of_resources, of_scopes, records = _NAMES[signal]
    members = _members(body, "the body")
    if members and not has_member(members, of_resources):
        raise _not_this_export(members, of_resources)
    for of_resource in _array(members, of_resources):
        resource_members = _members(of_resource, f"{of_resources}[]")
        for of_scope in _array(resource_members, of_scopes):
            scope_members = _members(of_scope, f"{of_scopes}[]")
            yield _group(resource_members, scope_members), _array(scope_members, records)


def _not_this_export(members: dict[str, JsonBytes], wanted: str) -> WireFormatError:
    """Unknown members are ignored, but of a body of nothing else nothing would be stored, and nobody would know."""
    other = _signal_of(members)
    hint = f"post it to /v1/{other}" if other else "logs in other formats go to /api/v1/logs or /api/v1/litellm"
    return WireFormatError(f"the body has no {wanted}: {hint}", type="not_otlp", field=wanted, status=400)


def _members(raw: JsonBytes, what: str) -> dict[str, JsonBytes]:
    try:
        return object_fields(raw)
    except DocumentError as error:
        raise _undecodable(f"{what}: {error}") from None


def _array(members: dict[str, JsonBytes], name: str) -> Sequence[JsonBytes]:
    raw = member_of(members, name)
    if raw is None or kind_of(raw) == "null":
        return ()
    try:
        return array_items(raw)
    except DocumentError as error:
        raise _undecodable(f"{name}: {error}") from None


def _undecodable(reason: str) -> WireFormatError:
    message = f"the body cannot be decoded as OTLP/JSON: {reason}"
    return WireFormatError(message, type="not_json", status=400)


def _group(of_resource: dict[str, JsonBytes], of_scope: dict[str, JsonBytes]) -> ScopeGroup:
    problems = Problems()
    given, given_scope = _object(of_resource, "resource", problems), _object(of_scope, "scope", problems)
    resource = {"attributes": attributes_of(member_of(given, "attributes"), "resource.attributes", problems)}
    copy_dropped_counts(given, resource, "resource", problems, "attributes")
    scope: Plain = {
        name: text_of(member_of(given_scope, name), f"scope.{name}", problems) for name in ("name", "version")
    }
    copy_dropped_counts(given_scope, scope, "scope", problems, "attributes")
    schema_url = member_of(of_scope, "schemaUrl")
    if schema_url is not None and (url := text_of(loads(schema_url), "schemaUrl", problems)):
        scope["schemaUrl"] = url
    attributes = member_of(given_scope, "attributes")
    if attributes:
        scope["attributes"] = attributes_of(attributes, "scope.attributes", problems)
    return scope_group(resource, scope, problems)


def _object(members: dict[str, JsonBytes], name: str, problems: Problems) -> Plain:
    raw = members.get(name)
    if raw is None:
        return {}
    try:
        value = loads(raw)
    except DocumentError as error:
        problems.note(name, f"cannot be read: {error}")
        return {}
    if not isinstance(value, dict):
        if value is not None:
            problems.note(name, f"must be an object, got {json_kind(value)}; left out")
        return {}
    return value


def open_span(record: JsonBytes) -> Plain:
    """Decode a span. Raises WireFormatError."""
    return _opened(record, "span")


def open_log(record: JsonBytes) -> Plain:
    """Decode a log record. Raises WireFormatError."""
    return _opened(record, "log record")


def _opened(record: JsonBytes, what: str) -> Plain:
    try:
        value = loads(record)
    except DocumentError as error:
        raise WireFormatError(f"the {what} cannot be read: {error}", type="not_json") from None
    if not isinstance(value, dict):
        raise WireFormatError(f"a {what} must be an object, got {json_kind(value)}", type="invalid_log")
    return value


def unread(record: JsonBytes) -> Plain:
    """A record that cannot be read, kept as it came."""
    return {"bytesValue": base64.b64encode(bytes(record)).decode()}


# --- spans and log records ------------------------------------------------------------------------------------------


def ids(opened: Plain) -> tuple[str, str]:
    """Trace id and span id in lowercase hex. Texts that are no ids are returned as they are."""
    return hex_id(member_of(opened, "traceId"), TRACE_ID_BYTES), hex_id(member_of(opened, "spanId"), SPAN_ID_BYTES)


def span(opened: Plain, problems: Problems) -> Plain:
    """The span with plain attributes."""
    trace_id, span_id = ids(opened)
    if looks_like_base64(str(member_of(opened, "traceId")), TRACE_ID_BYTES):
        problems.note("span", "its ids came as base64, not as hex")
    status = member_of(opened, "status") or {}
    if not isinstance(status, dict):
        problems.note("span.status", f"must be an object, got {json_kind(status)}; left out")
        status = {}
    found: Plain = {
        "traceId": trace_id,
        "spanId": span_id,
        "parentSpanId": optional_id(opened, "parentSpanId", SPAN_ID_BYTES, "span", problems),
        "name": text_of(opened.get("name"), "span.name", problems),
        "kind": enumeration_of(opened.get("kind"), "SPAN_KIND_", SPAN_KINDS, "span.kind", problems),
        "startTimeUnixNano": nanos_of(opened, "startTimeUnixNano", "span", problems),
        "endTimeUnixNano": nanos_of(opened, "endTimeUnixNano", "span", problems),
        "attributes": attributes_of(opened.get("attributes"), "attributes", problems),
        "status": {
            "code": enumeration_of(status.get("code"), "STATUS_CODE_", STATUS_CODES, "span.status.code", problems),
            "message": text_of(status.get("message"), "span.status.message", problems),
        },
    }
    events, links = (objects_of(opened.get(name), f"span.{name}", problems) for name in ("events", "links"))
    if events:
        found["events"] = [_event(event, f"events[{n}]", problems) for n, event in events]
    if links:
        found["links"] = [_link(link, f"links[{n}]", problems) for n, link in links]
    copy_state(opened, found, "span", problems)
    copy_dropped_counts(opened, found, "span", problems, "attributes", "events", "links")
    return found


def _event(event: Plain, path: str, problems: Problems) -> Plain:
    found = {
        "name": text_of(event.get("name"), f"{path}.name", problems),
        "timeUnixNano": nanos_of(event, "timeUnixNano", path, problems),
        "attributes": attributes_of(event.get("attributes"), path, problems),
    }
    copy_dropped_counts(event, found, path, problems, "attributes")
    return found


def _link(link: Plain, path: str, problems: Problems) -> Plain:
    found: Plain = {
        "traceId": optional_id(link, "traceId", TRACE_ID_BYTES, path, problems),
        "spanId": optional_id(link, "spanId", SPAN_ID_BYTES, path, problems),
        "attributes": attributes_of(link.get("attributes"), path, problems),
    }
    copy_state(link, found, path, problems)
    copy_dropped_counts(link, found, path, problems, "attributes")
    return found


def told(opened: Plain, names: frozenset[str]) -> Plain:
    """Those attributes of a log record that are texts or whole numbers and have one of these names, and its body."""
    attributes = opened.get("attributes")
    found: Plain = {}
    for pair in attributes if isinstance(attributes, list) else ():
        name = pair.get("key") if isinstance(pair, dict) else None
        value = pair.get("value") if isinstance(name, str) and name in names else None
        if isinstance(name, str) and isinstance(value, dict):
            text = member_of(value, "stringValue")
            number = member_of(value, "intValue")
            if isinstance(text, str) or isinstance(number, (str, int)):
                found[name] = text if isinstance(text, str) else str(number)
    body = opened.get("body")
    text = member_of(body, "stringValue") if isinstance(body, dict) else None
    return found | ({"body": text} if isinstance(text, str) else {})


def event_name(opened: Plain) -> str:
    """The event name of a log record. Older SDKs send it as an attribute."""
    name = member_of(opened, "eventName")
    attributes = opened.get("attributes")
    if not name and isinstance(attributes, list):
        values = (
            pair.get("value") for pair in attributes if isinstance(pair, dict) and pair.get("key") == "event.name"
        )
        name = next((member_of(value, "stringValue") for value in values if isinstance(value, dict)), "")
    return name if isinstance(name, str) else ""


def log_record(opened: Plain, problems: Problems) -> Plain:
    """The log record with plain body and attributes."""
    found: Plain = {
        "eventName": event_name(opened),
        "timeUnixNano": nanos_of(opened, "timeUnixNano", "log", problems),
        "observedTimeUnixNano": nanos_of(opened, "observedTimeUnixNano", "log", problems),
        "traceId": optional_id(opened, "traceId", TRACE_ID_BYTES, "log", problems),
        "spanId": optional_id(opened, "spanId", SPAN_ID_BYTES, "log", problems),
        "severityText": text_of(member_of(opened, "severityText"), "log.severityText", problems),
        "body": value_of(opened.get("body"), "body", 0, problems),
        "attributes": attributes_of(opened.get("attributes"), "attributes", problems),
    }
    copy_dropped_counts(opened, found, "log", problems, "attributes")
    return found
