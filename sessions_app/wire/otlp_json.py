"""OTLP's JSON encoding, read into plain values. Followed: opentelemetry-proto 1.10, specification "OTLP/HTTP".

That is protobuf's JSON mapping with hex ids and enumerations as integers. Names may be lowerCamelCase or those of the
.proto files, 64-bit integers texts or numbers, and unknown members are ignored. What breaks these rules and can still
be told is read, and said in the problems.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

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
from sessions_app.wire.otlp_values import (
    MAX_DEPTH,
    MAX_NANOS,
    SHOWN_CHARS,
    SPAN_ID_BYTES,
    TRACE_ID_BYTES,
    Group,
    Plain,
    Problems,
    group_of,
    valid_or_empty,
)

__all__ = ["event_name", "groups", "ids", "log_record", "open_log", "open_span", "span", "unread"]

_KINDS = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
_CODES = ("UNSET", "OK", "ERROR")
_SPECIAL_DOUBLES = ("NaN", "Infinity", "-Infinity")
_MOST_COUNT = 2**32 - 1
_NAMES: dict[str, tuple[str, str, str]] = {
    "traces": ("resourceSpans", "scopeSpans", "spans"),
    "logs": ("resourceLogs", "scopeLogs", "logRecords"),
}


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


class _Snakes(dict[str, str]):
    def __missing__(self, name: str) -> str:
        self[name] = _snake(name)
        return self[name]


_SNAKE = _Snakes()


def _get(members: Any, name: str) -> Any:
    """A member under either of its names; None when it is missing or null."""
    value = members.get(name)
    return members.get(_SNAKE[name]) if value is None else value


# --- the body -------------------------------------------------------------------------------------------------------


def signal_of(body: bytes) -> str | None:
    """ "traces" or "logs", by the members of a body; None for neither. Raises WireFormatError (status 400)."""
    members = _members(body, "the body")
    return next((signal for signal, names in _NAMES.items() if _get(members, names[0]) is not None), None)


def groups(body: bytes, signal: str) -> Iterator[tuple[Group, Sequence[JsonBytes]]]:
    """The spans (or log records) of an export, by resource and scope. Raises WireFormatError (status 400)."""
    of_resources, of_scopes, records = _NAMES[signal]
    for of_resource in _array(_members(body, "the body"), of_resources):
        resource_members = _members(of_resource, f"{of_resources}[]")
        for of_scope in _array(resource_members, of_scopes):
            scope_members = _members(of_scope, f"{of_scopes}[]")
            yield _group(resource_members, scope_members), _array(scope_members, records)


def _members(raw: JsonBytes, what: str) -> dict[str, JsonBytes]:
    try:
        return object_fields(raw)
    except DocumentError as error:
        raise _undecodable(f"{what}: {error}") from None


def _array(members: dict[str, JsonBytes], name: str) -> Sequence[JsonBytes]:
    raw = _get(members, name)
    if raw is None or kind_of(raw) == "null":
        return ()
    try:
        return array_items(raw)
    except DocumentError as error:
        raise _undecodable(f"{name}: {error}") from None


def _undecodable(reason: str) -> WireFormatError:
    message = f"the body cannot be decoded as OTLP/JSON: {reason}"
    return WireFormatError(message, type="not_json", status=400)


def _group(of_resource: dict[str, JsonBytes], of_scope: dict[str, JsonBytes]) -> Group:
    problems = Problems()
    given, given_scope = _object(of_resource, "resource", problems), _object(of_scope, "scope", problems)
    resource = {"attributes": attributes_of(_get(given, "attributes"), "resource.attributes", problems)}
    _dropped(given, resource, "resource", problems, "attributes")
    scope: Plain = {name: _text(_get(given_scope, name), f"scope.{name}", problems) for name in ("name", "version")}
    _dropped(given_scope, scope, "scope", problems, "attributes")
    schema_url = _get(of_scope, "schemaUrl")
    if schema_url is not None and (url := _text(loads(schema_url), "schemaUrl", problems)):
        scope["schemaUrl"] = url
    attributes = _get(given_scope, "attributes")
    if attributes:
        scope["attributes"] = attributes_of(attributes, "scope.attributes", problems)
    return group_of(resource, scope, problems)


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
    """Raises WireFormatError."""
    return _opened(record, "span")


def open_log(record: JsonBytes) -> Plain:
    """Raises WireFormatError."""
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
    """A record that cannot be read, as it came."""
    return {"bytesValue": base64.b64encode(bytes(record)).decode()}


# --- spans and log records ------------------------------------------------------------------------------------------


def ids(opened: Plain) -> tuple[str, str]:
    """Trace id and span id in lowercase, as hex where they are ids."""
    return _hex(_get(opened, "traceId"), TRACE_ID_BYTES), _hex(_get(opened, "spanId"), SPAN_ID_BYTES)


def _hex(value: Any, size: int) -> str:
    """The id as hex; plain protobuf mappings write base64, which is told by its length."""
    text = value if isinstance(value, str) else "" if value is None else str(value)[:SHOWN_CHARS]
    if len(text) == 2 * size:
        return text.lower()
    if _looks_like_base64(text, size):
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
        except (binascii.Error, ValueError):
            return text
        return raw.hex() if len(raw) == size else text
    return text


def _looks_like_base64(text: str, size: int) -> bool:
    return len(text.rstrip("=")) == math.ceil(size * 4 / 3)


def span(opened: Plain, problems: Problems) -> Plain:
    """The span with plain attributes."""
    trace_id, span_id = ids(opened)
    if _looks_like_base64(str(_get(opened, "traceId")), TRACE_ID_BYTES):
        problems.note("span", "its ids came as base64, not as hex")
    status = _get(opened, "status") or {}
    if not isinstance(status, dict):
        problems.note("span.status", f"must be an object, got {json_kind(status)}; left out")
        status = {}
    found: Plain = {
        "traceId": trace_id,
        "spanId": span_id,
        "parentSpanId": _optional_id(opened, "parentSpanId", SPAN_ID_BYTES, "span", problems),
        "name": _text(opened.get("name"), "span.name", problems),
        "kind": _enumeration(opened.get("kind"), "SPAN_KIND_", _KINDS, "span.kind", problems),
        "startTimeUnixNano": _nanos(opened, "startTimeUnixNano", "span", problems),
        "endTimeUnixNano": _nanos(opened, "endTimeUnixNano", "span", problems),
        "attributes": attributes_of(opened.get("attributes"), "attributes", problems),
        "status": {
            "code": _enumeration(status.get("code"), "STATUS_CODE_", _CODES, "span.status.code", problems),
            "message": _text(status.get("message"), "span.status.message", problems),
        },
    }
    events, links = (_objects(opened.get(name), f"span.{name}", problems) for name in ("events", "links"))
    if events:
        found["events"] = [_event(event, f"events[{n}]", problems) for n, event in events]
    if links:
        found["links"] = [_link(link, f"links[{n}]", problems) for n, link in links]
    _state(opened, found, "span", problems)
    _dropped(opened, found, "span", problems, "attributes", "events", "links")
    return found


def _objects(value: Any, path: str, problems: Problems) -> list[tuple[int, Plain]]:
    if value is None:
        return []
    if not isinstance(value, list):
        problems.note(path, f"must be an array, got {json_kind(value)}; left out")
        return []
    for index, item in enumerate(value):
        if not isinstance(item, dict):
            problems.note(f"{path}[{index}]", f"must be an object, got {json_kind(item)}; left out")
    return [(index, item) for index, item in enumerate(value) if isinstance(item, dict)]


def _event(event: Plain, path: str, problems: Problems) -> Plain:
    found = {
        "name": _text(event.get("name"), f"{path}.name", problems),
        "timeUnixNano": _nanos(event, "timeUnixNano", path, problems),
        "attributes": attributes_of(event.get("attributes"), path, problems),
    }
    _dropped(event, found, path, problems, "attributes")
    return found


def _link(link: Plain, path: str, problems: Problems) -> Plain:
    found: Plain = {
        "traceId": _optional_id(link, "traceId", TRACE_ID_BYTES, path, problems),
        "spanId": _optional_id(link, "spanId", SPAN_ID_BYTES, path, problems),
        "attributes": attributes_of(link.get("attributes"), path, problems),
    }
    _state(link, found, path, problems)
    _dropped(link, found, path, problems, "attributes")
    return found


def event_name(opened: Plain) -> str:
    """The record's event name; older SDKs gave it as an attribute."""
    name = _get(opened, "eventName")
    attributes = opened.get("attributes")
    if not name and isinstance(attributes, list):
        values = (
            pair.get("value") for pair in attributes if isinstance(pair, dict) and pair.get("key") == "event.name"
        )
        name = next((_get(value, "stringValue") for value in values if isinstance(value, dict)), "")
    return name if isinstance(name, str) else ""


def log_record(opened: Plain, problems: Problems) -> Plain:
    """The log record with plain body and attributes."""
    found: Plain = {
        "eventName": event_name(opened),
        "timeUnixNano": _nanos(opened, "timeUnixNano", "log", problems),
        "observedTimeUnixNano": _nanos(opened, "observedTimeUnixNano", "log", problems),
        "traceId": _optional_id(opened, "traceId", TRACE_ID_BYTES, "log", problems),
        "spanId": _optional_id(opened, "spanId", SPAN_ID_BYTES, "log", problems),
        "severityText": _text(_get(opened, "severityText"), "log.severityText", problems),
        "body": _value(opened.get("body"), "body", 0, problems),
        "attributes": attributes_of(opened.get("attributes"), "attributes", problems),
    }
    _dropped(opened, found, "log", problems, "attributes")
    return found


# --- single members -------------------------------------------------------------------------------------------------


def _optional_id(members: Plain, name: str, size: int, path: str, problems: Problems) -> str:
    return valid_or_empty(_hex(_get(members, name), size), size, f"{path}.{name}", problems)


def _text(value: Any, path: str, problems: Problems) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    problems.note(path, f"must be a text, got {json_kind(value)}")
    return _as_text(value)


def _whole(value: Any) -> int | None:
    """A 64-bit integer as number or text; None when it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and len(value) <= 40:
        digits = value[1:] if value.startswith("-") else value
        return int(value) if digits.isascii() and digits.isdigit() else None
    return value if isinstance(value, int) else None


def _nanos(members: Plain, name: str, path: str, problems: Problems) -> str:
    value = _get(members, name)
    if value is None or value == "":
        return "0"
    number = _whole(value)
    if number is None or not 0 <= number <= MAX_NANOS:
        problems.note(f"{path}.{name}", f"{_shown(value)} is no number of nanoseconds since 1970; taken as unknown")
        return "0"
    return str(number)


def _enumeration(value: Any, prefix: str, names: tuple[str, ...], path: str, problems: Problems) -> int:
    """An enumeration's number. Its names, which OTLP forbids and plain protobuf mappings write, are understood too."""
    if value is None:
        return 0
    if isinstance(value, str) and value.upper().removeprefix(prefix) in names:
        return names.index(value.upper().removeprefix(prefix))
    number = _whole(value)
    if number is None or not -(2**31) <= number < 2**31:
        problems.note(path, f"{_shown(value)} is not understood; taken as unset")
        return 0
    return number


def _state(members: Plain, found: Plain, path: str, problems: Problems) -> None:
    state = _text(_get(members, "traceState"), f"{path}.traceState", problems)
    if state:
        found["traceState"] = state
    _count(members, "flags", found, path, problems)


def _dropped(members: Plain, found: Plain, path: str, problems: Problems, *names: str) -> None:
    for name in names:
        _count(members, f"dropped{name.title()}Count", found, path, problems)


def _count(members: Plain, name: str, found: Plain, path: str, problems: Problems) -> None:
    value = _get(members, name)
    if value is None:
        return
    number = _whole(value)
    if number is None or not 0 <= number <= _MOST_COUNT:
        problems.note(f"{path}.{name}", f"{_shown(value)} is no count; left out")
    elif number:
        found[name] = number


def _shown(value: Any) -> str:
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        return repr(value if not isinstance(value, int) or value.bit_length() < 400 else "a huge number")[:SHOWN_CHARS]
    return json_kind(value)


# --- values ---------------------------------------------------------------------------------------------------------


def attributes_of(value: Any, path: str, problems: Problems, depth: int = 0) -> Plain:
    """Attributes as a plain object; of equal names the last one counts."""
    if value is None:
        return {}
    if isinstance(value, dict):
        problems.note(path, "must be an array of {key, value}, got an object, whose members are taken for them")
        return {name: _bare(item, depth) for name, item in value.items()}
    if not isinstance(value, list):
        problems.note(path, f"must be an array of {{key, value}}, got {json_kind(value)}")
        return {"": _bare(value, depth)}
    found: Plain = {}
    for index, pair in enumerate(value):
        if not isinstance(pair, dict):
            problems.note(f"{path}[{index}]", f"must be {{key, value}}, got {json_kind(pair)}")
            name, given = f"[{index}]", _bare(pair, depth)
        else:
            name = _text(pair.get("key"), f"{path}[{index}].key", problems)
            given = _value(pair.get("value"), f"{path}.{name}"[:200], depth, problems)
        if name in found:
            problems.note(f"{path}.{name}", "is there more than once; the last one counts")
        found[name] = given
    return found


def _value(value: Any, path: str, depth: int, problems: Problems) -> Any:
    """The plain value of an AnyValue."""
    if value is None or value == {}:
        return None
    if not isinstance(value, dict):
        problems.note(path, f"must be an object as {{stringValue}}, got {json_kind(value)}, which is kept")
        return _bare(value, depth)
    for name, read in _READERS.items():
        given = _get(value, name)
        if given is not None:
            return read(given, path, depth, problems)
    if all(item is None for item in value.values()):
        return None
    problems.note(path, "has no value of a known kind and is kept as it came")
    return _bare(value, depth)


def _string(given: Any, path: str, depth: int, problems: Problems) -> Any:
    return given if isinstance(given, str) else _odd(given, "a text", path, depth, problems)


def _boolean(given: Any, path: str, depth: int, problems: Problems) -> Any:
    return given if isinstance(given, bool) else _odd(given, "true or false", path, depth, problems)


def _integer(given: Any, path: str, depth: int, problems: Problems) -> Any:
    number = _whole(given)
    if number is None or not -(2**63) <= number < 2**63:
        return _odd(given, "a 64-bit integer", path, depth, problems)
    return number


def _double(given: Any, path: str, depth: int, problems: Problems) -> Any:
    if given in _SPECIAL_DOUBLES:
        return given
    try:
        number = math.nan if isinstance(given, bool) else float(given)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    return number if math.isfinite(number) else _odd(given, "a number", path, depth, problems)


def _bytes(given: Any, path: str, depth: int, problems: Problems) -> Any:
    """Standard or URL-safe base64, with or without padding, as protobuf's JSON mapping takes."""
    if isinstance(given, str):
        text = given.rstrip("=").replace("-", "+").replace("_", "/")
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
            return {"bytesValue": base64.b64encode(raw).decode()}
        except (binascii.Error, ValueError):
            pass
    return {"bytesValue": _odd(given, "base64", path, depth, problems)}


def _array_value(given: Any, path: str, depth: int, problems: Problems) -> Any:
    values = given.get("values") if isinstance(given, dict) else given
    if values is None:
        return []
    if not isinstance(values, list):
        return _odd(values, "an array", path, depth, problems)
    if depth >= MAX_DEPTH:
        return _too_deep(values, path, problems)
    return [_value(item, path, depth + 1, problems) for item in values]


def _map_value(given: Any, path: str, depth: int, problems: Problems) -> Any:
    values = given.get("values") if isinstance(given, dict) else given
    if depth >= MAX_DEPTH:
        return _too_deep(values, path, problems)
    return attributes_of(values, path, problems, depth + 1)


_READERS = {
    "stringValue": _string,
    "intValue": _integer,
    "boolValue": _boolean,
    "doubleValue": _double,
    "arrayValue": _array_value,
    "kvlistValue": _map_value,
    "bytesValue": _bytes,
}


def _odd(given: Any, expected: str, path: str, depth: int, problems: Problems) -> Any:
    problems.note(path, f"must be {expected}, got {json_kind(given)} {_shown(given)}, which is kept".replace("  ", " "))
    return _bare(given, depth)


def _too_deep(values: Any, path: str, problems: Problems) -> str:
    problems.note(path, f"is nested more than {MAX_DEPTH} levels deep; what is below is kept as JSON text")
    return _as_text(values)


def _as_text(value: Any) -> str:
    try:
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    except (RecursionError, ValueError):
        return f"({json_kind(value)})"


def _bare(value: Any, depth: int) -> Any:
    """A value that is no AnyValue, as JSON that can be written: of bounded depth, without NaN or huge integers."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, int) and not isinstance(value, bool) and not -(2**63) <= value < 2**63:
        return str(value) if value.bit_length() < 10_000 else "(a huge number)"
    if not isinstance(value, (dict, list)):
        return value
    if depth >= MAX_DEPTH:
        return _as_text(value)
    if isinstance(value, dict):
        return {name: _bare(item, depth + 1) for name, item in value.items()}
    return [_bare(item, depth + 1) for item in value]
