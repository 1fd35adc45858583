"""logsui's own log format, as `POST /api/v1/logs` takes it: one object, an array, `{"logs": [...]}` or NDJSON."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from sessions_app.content.array_memory import ArrayMemory
from sessions_app.content.documents import SplitDocument
from sessions_app.content.json_bytes import DocumentError, JsonBytes, array_items, kind_of, loads, object_fields
from sessions_app.content.splitting import Splitter
from sessions_app.records import (
    ERROR,
    KINDS,
    RULE_SESSION_ID,
    RULE_TRACE_ID,
    RUNNING,
    SUCCESS,
    TAG_CHARS,
    Documents,
    Record,
    SessionClaim,
    Usage,
    WireFormatError,
)
from sessions_app.wire import bodies, errors, failures, fields, single_calls
from sessions_app.wire.copies import is_part, is_unfinished, merged
from sessions_app.wire.errors import Failure
from sessions_app.wire.items import JsonItem, lines_of
from sessions_app.wire.request_bodies import body_of
from sessions_app.wire.request_shapes import (
    ASKED,
    DIFY,
    HISTORY,
    MESSAGE,
    RANKED,
    RESULTS,
    call_type_of,
    is_prompt_template,
)
from sessions_app.wire.response_ids import unwrapped
from sessions_app.wire.session_claims import claim_of, id_in_metadata
from sessions_app.wire.usage import UNKNOWN_USAGE, USAGE_MEMBERS, cost_of, merge_usage, usage_of

__all__ = ["check_log", "documents_of", "is_part", "merged", "read_log", "split_body"]

NDJSON_TYPES = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")
BODY_MEMBERS = frozenset({"request", "response", "metadata"})
KNOWN_MEMBERS = BODY_MEMBERS | {
    *("request_id", "trace_id", "session_id", "parent_id", "kind", "call_type", "model", "provider", "status"),
    *("status_code", "error", "started_at", "first_token_at", "ended_at", "usage", "cost", "user", "tags"),
}
HEADER_MEMBERS = KNOWN_MEMBERS - BODY_MEMBERS
_COUNTS = {
    *USAGE_MEMBERS,
    *("prompt_tokens", "completion_tokens", "total_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"),
}


# A name that stands for whatever model the provider chooses (Azure, OpenRouter).
_ROUTER = re.compile(r"(?:[^/]*/)*(?:auto|(?:[a-z]+-)?router)")
# Before it there may be white space and a byte order mark.
_ARRAY_BEGINS = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*\[")


def split_body(body: bytes, content_type: str) -> list[JsonItem]:
    """The logs of a body. Raises WireFormatError (status 400) when the body as a whole is not JSON."""
    if content_type.partition(";")[0].strip().lower() in NDJSON_TYPES:
        return lines_of(body)
    try:
        if _ARRAY_BEGINS.match(body):
            return [JsonItem(raw) for raw in array_items(body)]
        members = object_fields(body)
    except DocumentError as error:
        hint = "; send several logs as an array, or one a line as application/x-ndjson" if _is_several(body) else ""
        raise WireFormatError(f"{error}{hint}", type="not_json", status=400) from None
    if "logs" in members and not members.keys() & {"request", "response", "error"}:
        if kind_of(members["logs"]) != "array":
            raise fields.invalid("logs", "an array of logs", loads(members["logs"]))
        return [JsonItem(raw) for raw in array_items(members["logs"])]
    return [JsonItem(body)]


def _is_several(body: bytes) -> bool:
    """Whether there is an object in the first line and more in others."""
    first_line, _, others = body.partition(b"\n")
    return first_line.rstrip().endswith(b"}") and others.lstrip()[:1] == b"{"


@dataclass(slots=True)
class _Header:
    """The members of a log beside request, response and metadata, decoded and checked."""

    request_id: str
    claim: SessionClaim
    trace_id: str
    parent_id: str
    kind: str
    status: str | None
    http_status: int | None
    error: Any
    started_at: datetime | None
    first_token_at: datetime | None
    ended_at: datetime | None
    usage: Usage
    values: dict[str, Any]
    tags: tuple[str, ...]

    @property
    def is_error_response(self) -> bool:
        """Whether the HTTP status says so."""
        return (self.http_status or 0) >= 400


def check_log(raw: JsonBytes) -> str:
    """Check a log as `read_log` does, but without cutting its bodies; returns its request id, "" when it has none.

    Raises WireFormatError.
    """
    return _read_header(_members(raw)).request_id


def _members(raw: JsonBytes) -> dict[str, JsonBytes]:
    if kind_of(raw) != "object":
        raise WireFormatError(f"a log must be a JSON object, got {kind_of(raw)}", type="invalid_log")
    try:
        return object_fields(raw)
    except DocumentError as error:
        raise WireFormatError(str(error), type="not_json") from None


def _read_header(members: dict[str, JsonBytes]) -> _Header:
    values = _header_values(members)
    present = [name for name in ("request", "response", "error") if _is_given(members.get(name))]
    if not present:
        message = "a log needs request, response or error, and all are missing or null: send at least one of them"
        raise WireFormatError(message, type="missing_field", field="request")
    if "metadata" in members and kind_of(members["metadata"]) not in ("object", "null"):
        raise fields.invalid("metadata", "an object", loads(members["metadata"]))
    session_id = fields.optional_id(values.get("session_id"), "session_id")
    trace_id = fields.optional_id(values.get("trace_id"), "trace_id")
    for name in ("call_type", "model", "provider", "user"):
        fields.optional_text(values.get(name), name)
    fields.optional_cost(values.get("cost"), "cost")
    http_status = _http_status(values.get("status_code"))
    return _Header(
        request_id=fields.optional_id(values.get("request_id"), "request_id"),
        claim=_claim(session_id, trace_id, members.get("metadata")),
        trace_id=trace_id,
        parent_id=fields.optional_id(values.get("parent_id"), "parent_id"),
        kind=_choice(values.get("kind"), "kind", KINDS) or "llm",
        status=_choice(values.get("status"), "status", (SUCCESS, ERROR, RUNNING)),
        http_status=http_status,
        error=_error(values.get("error")),
        started_at=fields.optional_time(values.get("started_at"), "started_at"),
        first_token_at=fields.optional_time(values.get("first_token_at"), "first_token_at"),
        ended_at=fields.optional_time(values.get("ended_at"), "ended_at"),
        usage=_usage(values.get("usage")),
        values=values,
        tags=fields.tags_of(values.get("tags"), "tags"),
    )


def _header_values(members: dict[str, JsonBytes]) -> dict[str, Any]:
    given = [(name, raw) for name, raw in members.items() if name in HEADER_MEMBERS]
    try:
        return {name: msgspec.json.decode(raw) for name, raw in given}
    except (msgspec.DecodeError, RecursionError, ValueError):
        return {name: loads(raw) for name, raw in given}


def _is_given(raw: JsonBytes | None) -> bool:
    return raw is not None and kind_of(raw) != "null"


def _claim(session_id: str, trace_id: str, metadata: JsonBytes | None) -> SessionClaim:
    if session_id:
        return SessionClaim(session_id, RULE_SESSION_ID, "session_id")
    if trace_id:
        return SessionClaim(trace_id, RULE_TRACE_ID, "trace_id")
    key, place = id_in_metadata(metadata)
    return SessionClaim(key, RULE_SESSION_ID, place) if key else SessionClaim()


def _choice(value: Any, name: str, choices: tuple[str, ...]) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or value not in choices:
        raise fields.invalid(name, f"one of {', '.join(choices)}", value)
    return value


def _http_status(value: Any) -> int | None:
    status = fields.optional_count(value, "status_code")
    if status is not None and not 100 <= status <= 999:
        raise fields.invalid("status_code", "an HTTP status from 100 to 999", value)
    return status


def _error(value: Any) -> Any:
    if value is not None and not isinstance(value, (str, dict, list)):
        raise fields.invalid("error", 'an object {"type", "message"} or a string', value)
    return value


def _usage(value: Any) -> Usage:
    if value is None:
        return UNKNOWN_USAGE
    if not isinstance(value, dict):
        raise fields.invalid("usage", "an object", value)
    for name in value.keys() & _COUNTS:
        fields.optional_count(value[name], f"usage.{name}")
    return usage_of(value)


def _cost(values: dict[str, Any], response: bodies.ResponseFacts) -> Decimal | None:
    """The caller's cost, else what the provider says in its usage object."""
    cost = fields.optional_cost(values.get("cost"), "cost")
    cost = cost_of(values.get("usage")) if cost is None else cost
    return response.cost if cost is None else cost


def read_log(raw: JsonBytes, received_at: datetime, generated_id: str, memory: ArrayMemory | None = None) -> Record:
    """Translate one log. `generated_id` is its request id when it has none. Raises WireFormatError.

    `memory` keeps what earlier logs of a conversation brought, which is then not read again.
    """
    members = _members(raw)
    header = _read_header(members)
    splitter = Splitter(memory, header.claim.key or "", header.values.get("user") or "")
    request, response = bodies.RequestFacts(), bodies.ResponseFacts()

    def write_request(value: JsonBytes) -> bytes:
        nonlocal request
        skeleton, request = bodies.split_request(splitter, value)
        return skeleton

    def write_response(value: JsonBytes) -> bytes:
        nonlocal response
        if _is_error_text(header, value):
            return splitter.rest(value)
        skeleton, response = bodies.split_response(splitter, value)
        return skeleton

    try:
        cuts = {"request": write_request, "response": write_response}
        document = splitter.finish(splitter.object(members, cuts, 0))
    except DocumentError as error:
        raise WireFormatError(str(error), type="not_json") from None
    return _record(header, members, document, request, response, received_at, generated_id, len(raw))


def _record(
    header: _Header,
    members: dict[str, JsonBytes],
    document: SplitDocument,
    request: bodies.RequestFacts,
    response: bodies.ResponseFacts,
    received_at: datetime,
    generated_id: str,
    byte_size: int,
) -> Record:
    values = header.values
    started_at = header.started_at or received_at
    request_id = header.request_id or generated_id
    failed = _failure(header, members, response)
    failure = failed or Failure()
    served = response.model
    asked = values.get("model") or request.model
    # Of requests that look the same in several APIs, the answer tells which it was.
    api = response.api if request.call_type in ("", "chat.completions") else ""
    call_type = values.get("call_type") or response.call_type or api or request.call_type
    # A proxy gives its client another id than the provider's. Both have to name the same response.
    response_id = fields.clean(unwrapped(response.id), fields.MAX_ID_CHARS)
    return Record(
        source="native",
        dedupe_key=request_id,
        request_id=fields.clean(request_id, fields.MAX_ID_CHARS),
        claim=claim_of(header.claim, request.conversation, response.conversation),
        document=document,
        started_at=started_at,
        received_at=received_at,
        first_token_at=header.first_token_at,
        ended_at=header.ended_at,
        time_problems=fields.time_problems(header.started_at, header.ended_at, received_at),
        trace_id=fields.clean(header.trace_id, fields.MAX_ID_CHARS),
        parent_id=fields.clean(header.parent_id, fields.MAX_ID_CHARS),
        kind=values.get("kind") or single_calls.KINDS.get(call_type, "llm"),
        call_type=fields.clean(call_type),
        model=fields.clean(served if served and _ROUTER.fullmatch(asked) else asked or served),
        requested_model=fields.clean(request.model),
        provider=fields.clean(values.get("provider") or ""),
        status=_status(header, failed is not None, members.get("response")),
        http_status=header.http_status or failure.http_status,
        error_type=fields.clean(failure.type),
        error_message=fields.clean(failure.message, fields.ERROR_CHARS),
        finish_reason=fields.clean(response.finish_reason),
        usage=merge_usage(header.usage, response.usage),
        tier=response.tier,
        cost=_cost(values, response),
        end_user=fields.clean(values.get("user") or request.user, TAG_CHARS),
        tags=header.tags,
        metadata=fields.clean_metadata(bodies.small_member(members, "metadata")),
        aliases=tuple(dict.fromkeys(text for text in (response.id, response_id) if text)),
        response_id=response_id,
        previous_response_id=fields.clean(unwrapped(request.previous_response_id), fields.MAX_ID_CHARS),
        alternative_outputs=response.alternatives,
        byte_size=byte_size,
        problems=(*fields.tag_problems(values.get("tags")), *([str(response.stream)] if response.stream else [])),
    )


def _status(header: _Header, has_failed: bool, response: JsonBytes | None) -> str:
    """How the call went. It runs if the log says so, or its response does, and the log has no end."""
    if header.status != RUNNING and (header.status or has_failed):
        return header.status or ERROR
    says_so = header.status == RUNNING or is_unfinished(response)
    return ERROR if has_failed else RUNNING if says_so and header.ended_at is None else SUCCESS


def _failure(header: _Header, members: dict[str, JsonBytes], response: bodies.ResponseFacts) -> Failure | None:
    """Why the call failed, if it did: by the sender's words, by the HTTP status, or by the response itself."""
    found = errors.of_error(header.error)
    if said := failures.of_response(header.kind, response.failure, members.get("response")):
        found = (found or Failure()).or_else(said)
    if not found and not header.is_error_response and header.status != ERROR:
        return None
    found = found or Failure()
    return found if found.message else found.or_else(failures.of_failed_body(members.get("response")))


def _is_error_text(header: _Header, response: JsonBytes) -> bool:
    """Whether a response is the text of an error, as a proxy writes it, and not what a model said."""
    if not header.is_error_response:
        return False
    if kind_of(response) == "array" and bytes(memoryview(response)[1:20]).lstrip()[:1] == b'"':
        return True
    if kind_of(response) != "string":
        return False
    return failures.is_error_text(response, has_reason=errors.of_error(header.error) is not None)


def documents_of(log: bytes) -> Documents:
    """What a stored log holds, for reading, exactly as sent. Unknown members of the log are shown with its metadata."""
    members = object_fields(log)
    request = members.get("request")
    return Documents(
        request=_given(request),
        response=_given(members.get("response")),
        metadata=_metadata(members),
        parameters=parameters_of(request),
        log=log,
    )


def _metadata(members: dict[str, JsonBytes]) -> bytes | None:
    unknown = {key: raw for key, raw in members.items() if key not in KNOWN_MEMBERS}
    given = _given(members.get("metadata"))
    if not unknown:
        return given
    shown = unknown | (object_fields(given) if given is not None else {})
    return Splitter().members(shown, lambda _, raw: bytes(raw))


def _given(raw: JsonBytes | None) -> bytes | None:
    """A document; None when it is missing or null."""
    return bytes(raw) if raw is not None and _is_given(raw) else None


def parameters_of(request: JsonBytes | None) -> dict[str, Any]:
    """What a request body asks for beside messages, system prompt and tools, decoded; {} if the body is no object."""
    request = body_of(request) if request is not None else None
    if request is None or kind_of(request) != "object":
        return {}
    left_out = bodies.INPUT_MEMBERS | bodies.SYSTEM_MEMBERS | bodies.TOOL_MEMBERS | {HISTORY, MESSAGE, RESULTS}
    fields = object_fields(request)
    if is_prompt_template(fields):
        left_out -= {"prompt"}
    if call_type_of(fields) == single_calls.RERANK:
        left_out |= {*RANKED}
    if call_type_of(fields) == DIFY:
        left_out |= {*ASKED}
    return {key: loads(raw) for key, raw in fields.items() if key not in left_out}
