"""LiteLLM's StandardLoggingPayload, as its `generic_api` callback posts it: JSON array, one object, or NDJSON.

Followed: LiteLLM 1.106.2; also tested with 1.81.12 and with the older payload of `generic_api_use_v1`. LiteLLM does not
read our answers, so as much as possible is kept: a member of the wrong kind counts as unknown, not as an error.
`docs/ingestion.md` lists where each member ends up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from sessions_app.content.array_memory import ArrayMemory
from sessions_app.content.documents import SplitDocument
from sessions_app.content.json_bytes import DocumentError, JsonBytes, array_items, kind_of, object_fields
from sessions_app.content.splitting import Splitter
from sessions_app.records import ERROR, SUCCESS, TAG_CHARS, Record, SessionClaim, Usage, WireFormatError
from sessions_app.wire import bodies, fields, litellm_rows, litellm_text
from sessions_app.wire.copies import is_part, merged
from sessions_app.wire.errors import Failure
from sessions_app.wire.failures import of_response
from sessions_app.wire.fields import text_in
from sessions_app.wire.items import JsonItem, lines_of
from sessions_app.wire.litellm_documents import documents_of
from sessions_app.wire.litellm_kinds import kind_of_call
from sessions_app.wire.litellm_session import headers_of, parent_span, session_claim
from sessions_app.wire.litellm_splitting import split
from sessions_app.wire.response_ids import unwrapped
from sessions_app.wire.session_claims import claim_of
from sessions_app.wire.usage import completed_usage, cost_of, merge_usage, usage_of

__all__ = ["check_log", "documents_of", "is_part", "merged", "read_log", "split_body"]

USER_AGENT_TAG = "User-Agent: "

# The members that are read, beside metadata and model parameters.
_READ = (
    *("id", "litellm_call_id", "trace_id", "session_id", "call_type", "stream", "status", "custom_llm_provider"),
    *("startTime", "endTime", "completionStartTime", "model", "model_group", "api_base", "end_user", "request_tags"),
    *("response_cost", "cost_breakdown", "zero_cost_diagnostic", "response_cost_failure_debug_info"),
    *("prompt_tokens", "completion_tokens", "error_str", "error_information"),
)
# Decodes all of them at once, from strict JSON only.
_FAST = msgspec.json.Decoder(msgspec.defstruct("Read", [(name, Any, None) for name in (*_READ, "metadata")]))
# Members that LiteLLM itself adds to the caller's metadata.
_NOT_THE_CALLERS = frozenset({"headers", "used_client_oauth_token", "user_api_key_user_id", "model_group"})
_MOST_METADATA_BYTES = 8_000_000


# --- a body ---------------------------------------------------------------------------------------------------------


def split_body(body: bytes, content_type: str) -> list[JsonItem]:
    """The payloads of a body. Its content type does not matter: LiteLLM sends NDJSON as application/json too.

    Raises WireFormatError (status 400) when the body as a whole is neither JSON nor NDJSON.
    """
    text = body.removeprefix(b"\xef\xbb\xbf").strip()
    if not text:
        raise WireFormatError("the body is empty: send a JSON array of payloads", type="not_json", status=400)
    if kind_of(text) == "array":
        return [JsonItem(raw) for raw in _read_array(text)]
    first_line, _, others = text.partition(b"\n")
    if others and first_line.rstrip().endswith(b"}"):
        return lines_of(text)
    try:
        object_fields(text)
    except DocumentError as error:
        raise _not_json(error) from None
    return [JsonItem(text)]


def _read_array(text: bytes) -> list[JsonBytes]:
    try:
        return array_items(text)
    except DocumentError as error:
        raise _not_json(error) from None


def _not_json(error: DocumentError) -> WireFormatError:
    message = f"the body must be a JSON array, a JSON object or NDJSON: {error}"
    return WireFormatError(message, type="not_json", status=400)


def check_log(raw: JsonBytes) -> str:
    """Check a payload as `read_log` does, but without cutting its messages; returns its id, "" when it has none.

    Raises WireFormatError.
    """
    return _own_id(_payload(raw, _members(raw)).values)


def _members(raw: JsonBytes) -> dict[str, JsonBytes]:
    if kind_of(raw) != "object":
        raise WireFormatError(f"a LiteLLM payload must be a JSON object, got {kind_of(raw)}", type="invalid_log")
    try:
        members = object_fields(raw)
    except DocumentError as error:
        raise WireFormatError(str(error), type="not_json") from None
    if not members.keys() & {"id", "litellm_call_id", "messages", "response"} and not litellm_rows.is_row(members):
        message = (
            "this is no StandardLoggingPayload: id, litellm_call_id, messages and response are all missing; "
            "send what LiteLLM's generic_api callback posts, or post logs of your own to /api/v1/logs"
        )
        raise WireFormatError(message, type="missing_field", field="id")
    return members


# --- one payload ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Payload:
    """The members of a payload that a record needs, decoded. In `values`, members that cannot be read are None."""

    values: dict[str, Any]
    metadata: dict[str, Any]
    parameters: dict[str, Any]
    headers: dict[str, str]
    claim: SessionClaim


def _payload(raw: JsonBytes, members: dict[str, JsonBytes]) -> _Payload:
    """Raises WireFormatError."""
    values = _values(raw, members)
    metadata = _object(values, "metadata")
    headers = headers_of(metadata)
    claim = session_claim(values, metadata, headers)
    return _Payload(values, metadata, _object(values, "model_parameters"), headers, claim)


def read_log(raw: JsonBytes, received_at: datetime, generated_id: str, memory: ArrayMemory | None = None) -> Record:
    """Translate one payload. `generated_id` is its request id when it has none. Raises WireFormatError.

    `memory` keeps what earlier logs of a conversation brought, which is then not read again.
    """
    members = _members(raw)
    payload = _payload(raw, members)
    values, claim = payload.values, payload.claim
    # A trace id that LiteLLM invented is different in each request of a conversation.
    key = "" if claim.weak else claim.key or ""
    splitter = Splitter(memory, key, text_in(values, "end_user") or text_in(payload.metadata, "user_api_key_hash"))
    try:
        document, response = split(splitter, members, values)
    except DocumentError as error:
        raise WireFormatError(str(error), type="not_json") from None
    return _record(raw, members, payload, document, response, received_at, generated_id)


def _values(raw: JsonBytes, members: dict[str, JsonBytes]) -> dict[str, Any]:
    """The members that a record needs, decoded; those that cannot be read are None."""
    if litellm_text.is_text_payload(members):
        return litellm_text.text_values(members)
    try:
        values = msgspec.structs.asdict(_FAST.decode(raw))
    except (msgspec.DecodeError, RecursionError):
        values = {name: bodies.small_member(members, name) for name in _READ}
        values["metadata"] = bodies.small_member(members, "metadata", _MOST_METADATA_BYTES)
    values["model_parameters"] = _parameter_values(members.get("model_parameters"))
    return litellm_rows.row_values(values, members) if litellm_rows.is_row(members) else values


def _parameter_values(raw: JsonBytes | None) -> dict[str, Any]:
    """The few model parameters that a record needs. The others, tools and schemas, are large."""
    if raw is None or kind_of(raw) != "object":
        return {}
    parameters = object_fields(raw)
    wanted = ("previous_response_id", "stream", "user", "prompt_cache_key", "conversation")
    return {name: bodies.small_member(parameters, name) for name in wanted if name in parameters}


def _record(
    raw: JsonBytes,
    members: dict[str, JsonBytes],
    payload: _Payload,
    document: SplitDocument,
    response: bodies.ResponseFacts,
    received_at: datetime,
    generated_id: str,
) -> Record:
    values, metadata, parameters = payload.values, payload.metadata, payload.parameters
    problems: list[str] = []
    started_at = _time(values, "startTime", problems)
    ended_at = _time(values, "endTime", problems)
    first_token_at = _first_token_at(values, parameters, problems)
    failed, failure = _failure(payload, response, members.get("response"))
    response_ids = _response_ids(values, response)
    call_id = fields.clean(_id(values, "litellm_call_id"), fields.MAX_ID_CHARS)
    own_id = fields.clean(_id(values, "id"), fields.MAX_ID_CHARS) or call_id
    call_type = text_in(values, "call_type")
    return Record(
        source="litellm",
        dedupe_key=_dedupe_key(raw, values),
        request_id=own_id or generated_id,
        claim=claim_of(payload.claim, _conversation(parameters), response.conversation),
        document=document,
        started_at=started_at or received_at,
        received_at=received_at,
        first_token_at=first_token_at,
        ended_at=ended_at,
        time_problems=(*problems, *fields.time_problems(started_at, ended_at, received_at)),
        trace_id=fields.clean(_id(values, "trace_id"), fields.MAX_ID_CHARS),
        parent_id=parent_span(payload.headers),
        kind=kind_of_call(call_type, bool(values.get("model"))),
        call_type=fields.clean(call_type),
        model=fields.clean(text_in(values, "model") or response.model),
        requested_model=fields.clean(text_in(values, "model_group")),
        provider=fields.clean(text_in(values, "custom_llm_provider")),
        api_base=fields.clean(text_in(values, "api_base")),
        status=ERROR if failed else SUCCESS,
        http_status=failure.http_status,
        error_type=fields.clean(failure.type),
        error_message=fields.clean(failure.message, fields.ERROR_CHARS),
        finish_reason=fields.clean(response.finish_reason),
        usage=_usage(values, metadata, response),
        tier=response.tier,
        cost=_cost(values, metadata, response),
        cost_breakdown=fields.clean_costs(_object(values, "cost_breakdown")),
        end_user=fields.clean(_end_user(values, metadata, parameters), TAG_CHARS),
        key_alias=fields.clean(text_in(metadata, "user_api_key_alias")),
        tags=fields.clean_tags(_tags(values)),
        metadata=_callers_metadata(metadata),
        aliases=_others(own_id, (call_id, *response_ids)),
        response_id=response_ids[-1] if response_ids else "",
        previous_response_id=fields.clean(unwrapped(text_in(parameters, "previous_response_id")), fields.MAX_ID_CHARS),
        alternative_outputs=response.alternatives,
        call_id=call_id,
        key_hash=fields.clean(text_in(metadata, "user_api_key_hash")),
        byte_size=len(raw),
        problems=(*fields.tag_problems(_tags(values)), *([str(response.stream)] if response.stream else [])),
    )


def _conversation(parameters: dict[str, Any]) -> tuple[str, str]:
    said = parameters.get("conversation")
    key = text_in(said, "id") if isinstance(said, dict) else said
    return (key, "conversation") if isinstance(key, str) and len(key) <= fields.MAX_ID_CHARS else ("", "")


def _id(values: dict[str, Any], name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) else str(value) if type(value) is int and value.bit_length() < 400 else ""


def _object(values: dict[str, Any], name: str) -> dict[str, Any]:
    value = values.get(name)
    return value if isinstance(value, dict) else {}


def _own_id(values: dict[str, Any]) -> str:
    return _id(values, "id") or _id(values, "litellm_call_id")


def _dedupe_key(raw: JsonBytes, values: dict[str, Any]) -> str:
    """Attempts and cache hits share `id` and call id. Together with status and start these identify one event."""
    ids = (_id(values, "id"), _id(values, "litellm_call_id"))
    if not any(ids):
        return f"litellm\x1f{hashlib.sha256(raw).hexdigest()}"
    return "\x1f".join(("litellm", *ids, text_in(values, "status"), str(values.get("startTime"))))


def _time(values: dict[str, Any], name: str, problems: list[str]) -> datetime | None:
    """A time in epoch seconds. The older payload has local time without a zone, which is taken as UTC."""
    try:
        return fields.optional_time(values.get(name), name)
    except WireFormatError:
        instead = "; the time of receipt is used" if name == "startTime" else ""
        problems.append(f"{name} cannot be read as a time{instead}")
        return None


def _first_token_at(values: dict[str, Any], parameters: dict[str, Any], problems: list[str]) -> datetime | None:
    """Only a streamed success has one: otherwise LiteLLM gives the end of the call as the first token's time."""
    streamed = values.get("stream") is True or parameters.get("stream") is True
    if not streamed or values.get("status") != "success":
        return None
    return _time(values, "completionStartTime", problems)


def _failure(payload: _Payload, response: bodies.ResponseFacts, raw_response: JsonBytes | None) -> tuple[bool, Failure]:
    """Whether the call failed, and what is said of an error.

    For LiteLLM a response that says itself that it failed is a success. When the client disconnects, LiteLLM logs a
    success with status 499.
    """
    values = payload.values
    said, status = _error(values, payload.metadata), text_in(values, "status")
    failed = status == "failure" or (status != "success" and bool(said.type or said.message))
    kind = kind_of_call(text_in(values, "call_type"), bool(values.get("model")))
    if found := of_response(kind, response.failure, raw_response):
        return True, said.or_else(found)
    return failed, said


def _error(values: dict[str, Any], metadata: dict[str, Any]) -> Failure:
    """What LiteLLM says of an error. A row of its spend logs has this in the metadata."""
    details = _object(values, "error_information")
    if not text_in(details, "error_message") and not text_in(details, "error_class"):
        details = _object(metadata, "error_information") or details
    message = text_in(details, "error_message") or text_in(values, "error_str")
    # The code may be a word, as in "content_policy_violation"; "400_CONTENT_POLICY_VIOLATION" then has the status.
    codes = (str(details.get("error_code")), text_in(details, "normalized_error")[:3])
    status = next(
        (int(code) for code in codes if code.isascii() and code.isdigit() and 100 <= int(code[:4]) < 1000), None
    )
    return Failure(text_in(details, "error_class"), message, status)


def _usage(values: dict[str, Any], metadata: dict[str, Any], response: bodies.ResponseFacts) -> Usage:
    """The payload's own counts (0 for a failure), completed from the usage object, which a payload has twice."""
    detailed = response.usage
    if detailed.input_tokens is None:
        detailed = merge_usage(usage_of(metadata.get("usage_object")), detailed)
    prompt = fields.lenient_count(values.get("prompt_tokens"))
    completion = fields.lenient_count(values.get("completion_tokens"))
    return completed_usage(Usage(prompt, completion), detailed)


def _cost(values: dict[str, Any], metadata: dict[str, Any], response: bodies.ResponseFacts) -> Decimal | None:
    """LiteLLM's cost, else the provider's. When LiteLLM says that it does not know the cost, it writes 0."""
    cost = fields.lenient_cost(values.get("response_cost"))
    said_unknown = values.get("zero_cost_diagnostic") or values.get("response_cost_failure_debug_info")
    if cost is not None and not (cost == 0 and said_unknown):
        return cost
    provider_cost = cost_of(metadata.get("usage_object")) if response.cost is None else response.cost
    return None if provider_cost == 0 and said_unknown else provider_cost


def _end_user(values: dict[str, Any], metadata: dict[str, Any], parameters: dict[str, Any]) -> str:
    return text_in(values, "end_user") or text_in(metadata, "user_api_key_end_user_id") or text_in(parameters, "user")


def _tags(values: dict[str, Any]) -> list[str]:
    """The tags without those that LiteLLM adds for the client's user agent."""
    given = values.get("request_tags")
    tags = given if isinstance(given, list) else []
    return [tag for tag in tags if isinstance(tag, str) and not tag.startswith(USER_AGENT_TAG)]


def _callers_metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    caller = {
        key: value for key, value in _object(metadata, "requester_metadata").items() if key not in _NOT_THE_CALLERS
    }
    spend_logs = _object(metadata, "spend_logs_metadata")
    if spend_logs and "spend_logs_metadata" not in caller:
        caller["spend_logs_metadata"] = spend_logs
    return fields.clean_metadata(caller)


def _response_ids(values: dict[str, Any], response: bodies.ResponseFacts) -> list[str]:
    """The response's id as the client knows it, then as the provider does."""
    known = response.id or (_id(values, "id") if values.get("status") == "success" else "")
    ids = (fields.clean(known, fields.MAX_ID_CHARS), fields.clean(unwrapped(known), fields.MAX_ID_CHARS))
    return [text for text in ids if text]


def _others(request_id: str, ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in ids if text and text != request_id))
