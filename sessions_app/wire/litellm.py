"""LiteLLM's StandardLoggingPayload, as its `generic_api` callback posts it: JSON array, one object, or NDJSON.

Followed: LiteLLM 1.106.2; seen with 1.81.12 too, and with the older payload of `generic_api_use_v1`. LiteLLM does not
read our answers, so whatever can be kept is kept: a member of the wrong kind is unknown, not an error. Where every
member ends up is listed in `docs/ingestion.md`.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from sessions_app.content.array_memory import ArrayMemory
from sessions_app.content.documents import PartKind, SplitDocument
from sessions_app.content.json_bytes import DocumentError, JsonBytes, array_items, kind_of, object_fields
from sessions_app.content.splitting import Splitter
from sessions_app.records import ERROR, SUCCESS, Record, SessionClaim, Usage, WireFormatError
from sessions_app.wire import bodies, fields, litellm_text
from sessions_app.wire.litellm_documents import documents_of, is_placeholder
from sessions_app.wire.litellm_session import headers_of, parent_span, session_claim
from sessions_app.wire.native import Item, lines_of, merge_usage
from sessions_app.wire.response_ids import unwrapped

__all__ = ["check_log", "documents_of", "read_log", "split_body"]

USER_AGENT_TAG = "User-Agent: "

# The members that are read, metadata and model parameters aside.
_READ = (
    *("id", "litellm_call_id", "trace_id", "session_id", "call_type", "stream", "status", "custom_llm_provider"),
    *("startTime", "endTime", "completionStartTime", "model", "model_group", "api_base", "end_user", "request_tags"),
    *("response_cost", "cost_breakdown", "zero_cost_diagnostic", "response_cost_failure_debug_info"),
    *("prompt_tokens", "completion_tokens", "error_str", "error_information"),
)
# All of them in one go; strict JSON only.
_FAST = msgspec.json.Decoder(msgspec.defstruct("Read", [(name, Any, None) for name in (*_READ, "metadata")]))
# Members that LiteLLM itself adds to the caller's metadata.
_NOT_THE_CALLERS = frozenset({"headers", "used_client_oauth_token", "user_api_key_user_id", "model_group"})
_MOST_METADATA_BYTES = 8_000_000
# Metadata, hidden parameters and the like differ from request to request: cutting them up would save little.
_KEPT_BYTES = 4_096
_SPLIT = frozenset({"messages", "response", "model_parameters", "metadata", "model_map_information"})

_KINDS = {
    "embedding": ("embedding",),
    "retrieval": ("rerank", "search", "vector_store", "rag_"),
    "agent": ("send_message", "a2a", "run_thread", "assistant"),
    "tool": ("mcp",),
    "llm": ("completion", "response", "messages", "generate_content", "realtime", "converse", "chat"),
}
_OUTPUT_MEMBERS = frozenset({"choices", "output", "candidates", "message"})
_RESULT_MEMBERS = frozenset({"results", "response", "text", "content"})


# --- a body ---------------------------------------------------------------------------------------------------------


def split_body(body: bytes, content_type: str) -> list[Item]:
    """The payloads of a body, whatever its content type says: LiteLLM calls NDJSON application/json too.

    Raises WireFormatError (status 400) when the body as a whole is neither JSON nor NDJSON.
    """
    text = body.removeprefix(b"\xef\xbb\xbf").strip()
    if not text:
        raise WireFormatError("the body is empty: send a JSON array of payloads", type="not_json", status=400)
    if kind_of(text) == "array":
        return [Item(raw) for raw in _read_array(text)]
    first_line, _, others = text.partition(b"\n")
    if others and first_line.rstrip().endswith(b"}"):
        return lines_of(text)
    try:
        object_fields(text)
    except DocumentError as error:
        raise _not_json(error) from None
    return [Item(text)]


def _read_array(text: bytes) -> list[JsonBytes]:
    try:
        return array_items(text)
    except DocumentError as error:
        raise _not_json(error) from None


def _not_json(error: DocumentError) -> WireFormatError:
    return WireFormatError(f"the body is no JSON array, object or NDJSON: {error}", type="not_json", status=400)


def check_log(raw: JsonBytes) -> str:
    """Check a payload as `read_log` would, without cutting its messages; returns its id ("" when it has none).

    Raises WireFormatError.
    """
    members = _members(raw)
    values = _values(raw, members)
    _claim(values)
    return _id(values, "id") or _id(values, "litellm_call_id")


def _members(raw: JsonBytes) -> dict[str, JsonBytes]:
    if kind_of(raw) != "object":
        raise WireFormatError(f"a LiteLLM payload must be a JSON object, got {kind_of(raw)}", type="invalid_log")
    try:
        members = object_fields(raw)
    except DocumentError as error:
        raise WireFormatError(str(error), type="not_json") from None
    if not members.keys() & {"id", "litellm_call_id", "messages", "response"}:
        message = (
            "this is no StandardLoggingPayload: id, litellm_call_id, messages and response are all missing; "
            "send what LiteLLM's generic_api callback posts, or post logs of your own to /api/v1/logs"
        )
        raise WireFormatError(message, type="missing_field", field="id")
    return members


# --- one payload ----------------------------------------------------------------------------------------------------


def read_log(raw: JsonBytes, received_at: datetime, generated_id: str, memory: ArrayMemory | None = None) -> Record:
    """Translate one payload. `generated_id` is its request id when it brings none. Raises WireFormatError.

    `memory` saves reading again what earlier logs of the same conversation brought.
    """
    members = _members(raw)
    values = _values(raw, members)
    metadata = _object(values, "metadata")
    headers = headers_of(metadata)
    claim = session_claim(values, metadata, headers)
    # An invented trace id is another one in each request of a conversation.
    key = "" if claim.weak else claim.key or ""
    splitter = Splitter(memory, key, _text(values, "end_user") or _text(metadata, "user_api_key_hash"))
    try:
        document, response = _split(splitter, members, values)
    except DocumentError as error:
        raise WireFormatError(str(error), type="not_json") from None
    record = _record(values, metadata, document, response, received_at)
    record.dedupe_key = _dedupe_key(raw, values)
    record.request_id = record.request_id or generated_id
    record.claim = claim
    record.parent_id = parent_span(headers)
    record.byte_size = len(memoryview(raw))
    return record


def _values(raw: JsonBytes, members: dict[str, JsonBytes]) -> dict[str, Any]:
    """The members that a record needs, decoded; unreadable ones are None."""
    if litellm_text.is_text_payload(members):
        return litellm_text.text_values(members)
    try:
        values = msgspec.structs.asdict(_FAST.decode(raw))
    except (msgspec.DecodeError, RecursionError):
        values = {name: bodies.small_member(members, name) for name in _READ}
        values["metadata"] = bodies.small_member(members, "metadata", _MOST_METADATA_BYTES)
    values["model_parameters"] = _parameter_values(members.get("model_parameters"))
    return values


def _parameter_values(raw: JsonBytes | None) -> dict[str, Any]:
    """The few model parameters that a record needs: tools and schemas beside them are large."""
    if raw is None or kind_of(raw) != "object":
        return {}
    parameters = object_fields(raw)
    wanted = ("previous_response_id", "stream", "user")
    return {name: bodies.small_member(parameters, name) for name in wanted if name in parameters}


def _record(
    values: dict[str, Any],
    metadata: dict[str, Any],
    document: SplitDocument,
    response: bodies.ResponseFacts,
    received_at: datetime,
) -> Record:
    """The record as far as its values and response tell."""
    problems: list[str] = []
    started_at = _time(values, "startTime", problems) or received_at
    ended_at = _time(values, "endTime", problems)
    error_type, error_message, http_status = _error(values)
    response_ids = _response_ids(values, response)
    call_id = fields.clean(_id(values, "litellm_call_id"), fields.MAX_ID_CHARS)
    request_id = fields.clean(_id(values, "id"), fields.MAX_ID_CHARS) or call_id
    call_type = _text(values, "call_type")
    parameters = _object(values, "model_parameters")
    return Record(
        source="litellm",
        dedupe_key="",
        request_id=request_id,
        claim=SessionClaim(),
        document=document,
        started_at=started_at,
        received_at=received_at,
        first_token_at=_first_token_at(values, parameters, problems),
        ended_at=ended_at,
        time_problems=(*problems, *fields.time_problems(started_at, ended_at, received_at)),
        trace_id=fields.clean(_id(values, "trace_id"), fields.MAX_ID_CHARS),
        kind=kind_of_call(call_type, bool(values.get("model"))),
        call_type=fields.clean(call_type),
        model=fields.clean(_text(values, "model") or response.model),
        requested_model=fields.clean(_text(values, "model_group")),
        provider=fields.clean(_text(values, "custom_llm_provider")),
        api_base=fields.clean(_text(values, "api_base")),
        status=_status(values, error_type or error_message),
        http_status=http_status,
        error_type=fields.clean(error_type),
        error_message=fields.clean(error_message, fields.ERROR_CHARS),
        finish_reason=fields.clean(response.finish_reason),
        usage=_usage(values, metadata, response),
        cost=_cost(values),
        cost_breakdown=_cost_breakdown(values),
        end_user=fields.clean(_end_user(values, metadata, parameters), fields.TAG_CHARS),
        key_alias=fields.clean(_text(metadata, "user_api_key_alias")),
        tags=_tags(values),
        metadata=_callers_metadata(metadata),
        aliases=_others(request_id, (call_id, *response_ids)),
        response_id=response_ids[-1] if response_ids else "",
        previous_response_id=fields.clean(unwrapped(_text(parameters, "previous_response_id")), fields.MAX_ID_CHARS),
        alternative_outputs=response.alternatives,
        call_id=call_id,
        key_hash=fields.clean(_text(metadata, "user_api_key_hash")),
    )


def _text(values: dict[str, Any], name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) else ""


def _id(values: dict[str, Any], name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) else str(value) if type(value) is int and value.bit_length() < 400 else ""


def _object(values: dict[str, Any], name: str) -> dict[str, Any]:
    value = values.get(name)
    return value if isinstance(value, dict) else {}


def _claim(values: dict[str, Any]) -> SessionClaim:
    metadata = _object(values, "metadata")
    return session_claim(values, metadata, headers_of(metadata))


def _dedupe_key(raw: JsonBytes, values: dict[str, Any]) -> str:
    """`id` and call id are shared by attempts and cache hits; with status and start they are one event's own."""
    ids = (_id(values, "id"), _id(values, "litellm_call_id"))
    if not any(ids):
        return f"litellm\x1f{hashlib.sha256(raw).hexdigest()}"
    return "\x1f".join(("litellm", *ids, _text(values, "status"), str(values.get("startTime"))))


def _time(values: dict[str, Any], name: str, problems: list[str]) -> datetime | None:
    """A time in epoch seconds; the older payload has local time without a zone, which is taken as UTC."""
    try:
        return fields.optional_time(values.get(name), name)
    except WireFormatError:
        instead = "; the time of receipt is used" if name == "startTime" else ""
        problems.append(f"{name} cannot be read as a time{instead}")
        return None


def _first_token_at(values: dict[str, Any], parameters: dict[str, Any], problems: list[str]) -> datetime | None:
    """Without streaming LiteLLM gives the end of the call as the first token's time; after a failure, too."""
    streamed = values.get("stream") is True or parameters.get("stream") is True
    if not streamed or values.get("status") != "success":
        return None
    return _time(values, "completionStartTime", problems)


def kind_of_call(call_type: str, has_model: bool = True) -> str:
    """The kind of one of LiteLLM's about 150 call types. Pass-through calls of a model count as its calls."""
    return _kind_of_call(call_type[:100], has_model)


@functools.lru_cache(maxsize=1024)
def _kind_of_call(call_type: str, has_model: bool) -> str:
    if call_type == "pass_through_endpoint":
        return "llm" if has_model else "other"
    for kind, words in _KINDS.items():
        if any(word in call_type for word in words):
            return kind
    return "other" if call_type else "llm"


def _status(values: dict[str, Any], problem: str) -> str:
    status = _text(values, "status")
    return ERROR if status == "failure" or (status != "success" and problem) else SUCCESS


def _error(values: dict[str, Any]) -> tuple[str, str, int | None]:
    """Type, message and HTTP status. A client that went away is logged as a success with status 499."""
    details = _object(values, "error_information")
    message = _text(details, "error_message") or _text(values, "error_str")
    # The code may be a word, as "content_policy_violation"; then "400_CONTENT_POLICY_VIOLATION" has the status.
    codes = (str(details.get("error_code")), _text(details, "normalized_error")[:3])
    status = next(
        (int(code) for code in codes if code.isascii() and code.isdigit() and 100 <= int(code[:4]) < 1000), None
    )
    return _text(details, "error_class"), message, status


def _usage(values: dict[str, Any], metadata: dict[str, Any], response: bodies.ResponseFacts) -> Usage:
    """The payload's own counts, 0 for a failure; the rest from the usage object, which a payload holds twice."""
    detailed = response.usage
    if detailed.input_tokens is None:
        detailed = fields.usage_of(metadata.get("usage_object"))
    prompt = fields.lenient_count(values.get("prompt_tokens"))
    completion = fields.lenient_count(values.get("completion_tokens"))
    return merge_usage(Usage(prompt, completion), detailed)


def _cost(values: dict[str, Any]) -> Decimal | None:
    """LiteLLM writes 0 where it could not tell the cost; None where it says that it could not."""
    cost = fields.lenient_cost(values.get("response_cost"))
    said_unknown = values.get("zero_cost_diagnostic") or values.get("response_cost_failure_debug_info")
    return None if cost == 0 and said_unknown else cost


def _cost_breakdown(values: dict[str, Any]) -> dict[str, Any]:
    """The sums that are not zero; discounts in per cent are among them."""
    sums = _object(values, "cost_breakdown").items()
    return {fields.clean(name): value for name, value in sums if type(value) in (int, float) and 0 < abs(value) < 1e15}


def _end_user(values: dict[str, Any], metadata: dict[str, Any], parameters: dict[str, Any]) -> str:
    return _text(values, "end_user") or _text(metadata, "user_api_key_end_user_id") or _text(parameters, "user")


def _tags(values: dict[str, Any]) -> tuple[str, ...]:
    """The tags without those that LiteLLM makes of the client's user agent."""
    given = values.get("request_tags")
    tags = given if isinstance(given, list) else []
    return fields.clean_tags([tag for tag in tags if isinstance(tag, str) and not tag.startswith(USER_AGENT_TAG)])


def _callers_metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    caller = {
        key: value for key, value in _object(metadata, "requester_metadata").items() if key not in _NOT_THE_CALLERS
    }
    spend_logs = _object(metadata, "spend_logs_metadata")
    if spend_logs and "spend_logs_metadata" not in caller:
        caller["spend_logs_metadata"] = spend_logs
    return fields.clean_metadata(caller)


def _response_ids(values: dict[str, Any], response: bodies.ResponseFacts) -> list[str]:
    """The response's id as the client knows it, then the provider's own."""
    known = response.id or (_id(values, "id") if values.get("status") == "success" else "")
    ids = (fields.clean(known, fields.MAX_ID_CHARS), fields.clean(unwrapped(known), fields.MAX_ID_CHARS))
    return [text for text in ids if text]


def _others(request_id: str, ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in ids if text and text != request_id))


# --- the document ---------------------------------------------------------------------------------------------------


def _split(
    splitter: Splitter, members: dict[str, JsonBytes], values: dict[str, Any]
) -> tuple[SplitDocument, bodies.ResponseFacts]:
    """Cut a payload into parts, and tell what its response says."""
    facts = _facts_of_text(members) if "modelParameters" in members else bodies.ResponseFacts()
    call_type = _text(values, "call_type")

    def write(key: str, value: JsonBytes) -> bytes:
        nonlocal facts
        if key not in _SPLIT:
            kept = bytes(value)
            return kept if len(kept) < _KEPT_BYTES else splitter.rest(value)
        if key == "messages":
            return _split_messages(splitter, value)
        if key == "response":
            skeleton, found = _split_response(splitter, value, call_type)
            facts = facts if facts.id else found
            return skeleton
        if key == "model_parameters" and kind_of(value) == "object":
            return splitter.members(object_fields(value), lambda name, raw: _split_parameter(splitter, name, raw))
        if key == "metadata":
            return _split_metadata(splitter, value, call_type)
        if key == "model_map_information":
            # The price table's entry: the same in every request for a model.
            return splitter.item("c", value, PartKind.OTHER)
        return splitter.rest(value)

    return splitter.finish(splitter.members(members, write)), facts


def _facts_of_text(members: dict[str, JsonBytes]) -> bodies.ResponseFacts:
    response = litellm_text.decoded(members, "response")
    if not isinstance(response, dict):
        return bodies.ResponseFacts()
    return bodies.split_response(Splitter(), litellm_text.as_json(response))[1]


def _split_messages(splitter: Splitter, raw: JsonBytes) -> bytes:
    return bytes(raw) if is_placeholder(raw) else splitter.items("i", raw, PartKind.MESSAGE)


def _split_parameter(splitter: Splitter, name: str, raw: JsonBytes) -> bytes:
    if name in bodies.TOOL_MEMBERS:
        return splitter.items("c", raw, PartKind.TOOL)
    if name in bodies.SYSTEM_MEMBERS:
        return splitter.item("c", raw, PartKind.SYSTEM)
    return splitter.rest(raw)


def _split_metadata(splitter: Splitter, raw: JsonBytes, call_type: str) -> bytes:
    """Metadata stays as it is, but what an MCP tool was called with stands there: that is the request's input."""

    def write(name: str, value: JsonBytes) -> bytes:
        if name == "mcp_tool_call_metadata":
            return splitter.item("i", value, PartKind.MESSAGE)
        return splitter.rest(value, depth=1)

    if call_type == "call_mcp_tool" and kind_of(raw) == "object":
        return splitter.members(object_fields(raw), write)
    return bytes(raw) if len(memoryview(raw)) < _KEPT_BYTES else splitter.rest(raw)


def _split_response(splitter: Splitter, raw: JsonBytes, call_type: str) -> tuple[bytes, bodies.ResponseFacts]:
    """Chat, responses and the like as the provider's body; other results as the member that holds them."""
    if kind_of(raw) == "array":
        return splitter.item("o", raw, PartKind.MESSAGE), bodies.ResponseFacts()
    if kind_of(raw) != "object" or (kind_of_call(call_type) == "llm" and call_type != "pass_through_endpoint"):
        return bodies.split_response(splitter, raw)
    members = object_fields(raw)
    if members.keys() & _OUTPUT_MEMBERS:
        return bodies.split_response(splitter, raw)

    def write(key: str, value: JsonBytes) -> bytes:
        if key in _RESULT_MEMBERS:
            return splitter.item("o", value, PartKind.MESSAGE)
        if key == "data" and "image" in call_type:
            return splitter.items("o", value, PartKind.MESSAGE)
        return splitter.rest(value)

    facts = bodies.ResponseFacts(id=bodies.text_member(members, "id"), model=bodies.text_member(members, "model"))
    return splitter.members(members, write), facts
