"""Make a record of an item: the readers give its fields, and its document is cut into parts."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sessions_app.content.array_memory import ArrayMemory
from sessions_app.content.documents import SplitDocument
from sessions_app.content.json_bytes import JsonBytes, loads
from sessions_app.content.splitting import Splitter
from sessions_app.records import ERROR, RUNNING, SUCCESS, TAG_CHARS, Record, Usage, WireFormatError
from sessions_app.wire.errors import Failure
from sessions_app.wire.failures import KINDS, of_body_text, of_choices, of_reason, of_response
from sessions_app.wire.fields import (
    ERROR_CHARS,
    MAX_ID_CHARS,
    clean,
    clean_costs,
    clean_metadata,
    clean_tags,
    lenient_cost,
    optional_time,
    tag_problems,
    text_in,
    time_problems,
)
from sessions_app.wire.genai.closing import item_bytes
from sessions_app.wire.genai.cutting import UNFOLDED
from sessions_app.wire.genai.duplicates import CALLS
from sessions_app.wire.genai.event_records import Place, began, name_of_event, place_of
from sessions_app.wire.genai.events import COMPACTED
from sessions_app.wire.genai.kinds import kind_of_span
from sessions_app.wire.genai.reader import COUNTS, Fields
from sessions_app.wire.genai.readers import read_fields
from sessions_app.wire.genai.sessions import claim_of, user_of
from sessions_app.wire.genai.signs import signs_of
from sessions_app.wire.genai.span import STATUS_ERROR, Span
from sessions_app.wire.genai.splitting import split
from sessions_app.wire.response_ids import unwrapped
from sessions_app.wire.tiers import first_tier
from sessions_app.wire.usage import UNKNOWN_USAGE

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The tier of the service, as the answer states it.
_TIERS = ("openai.response.service_tier", "gen_ai.openai.response.service_tier", "gen_ai.response.service_tier")
_NO_ERROR = ("", "none", "None", "null")
_STATUS_IN_TEXT = re.compile(r"\b(?:Error code|status_code): ([1-5][0-9]{2})\b")


def record_of(
    item: dict[str, Any],
    raw: JsonBytes,
    received_at: datetime,
    generated_id: str,
    memory: ArrayMemory | None = None,
) -> Record:
    """Translate one item; `raw` is its JSON. An item that comes from storage is closed first (`closing.py`).

    Never raises because of what a span holds: oddities are listed in `Record.problems`. `memory` keeps what earlier
    spans of a session brought, which is then not read again.
    """
    if _was_cut(item):
        raw = item_bytes(bytes(raw))
        item = loads(raw)
    span = Span(item)
    span.kind = kind_of_span(span)
    found = read_fields(span)
    claim, rank = claim_of(span)
    user = user_of(span)
    document = split(Splitter(memory, claim.key or "", user), span, raw)
    # These add to the problems of the span; the page shows problems in this order.
    started_at, ended_at = _times(span, found, received_at)
    is_call, is_tool = span.kind in CALLS, span.kind == "tool"
    first_token_at = _first_token(started_at, found, span) if is_call else None
    failed = _failure_of(span, found, document)
    failure, has_failed = failed or Failure(), failed is not None
    http_status = _http_status(span, found, failure.message) or failure.http_status
    _note_losses(span)
    place = _place(item, span, raw, generated_id)
    response_id = clean(unwrapped(text_in(found, "response_id")), MAX_ID_CHARS) if is_call else ""
    cost = _cost(found, has_failed) if is_call else None
    model = clean(text_in(found, "model") or text_in(found, "requested_model"))
    requested_model = clean(text_in(found, "requested_model"))
    tool_call_id = clean(text_in(found, "tool_call_id"), MAX_ID_CHARS) if is_tool else ""
    return Record(
        source="otlp",
        dedupe_key=place.dedupe_key,
        request_id=clean(place.request_id, MAX_ID_CHARS),
        claim=claim,
        document=document,
        started_at=started_at,
        received_at=received_at,
        first_token_at=first_token_at,
        ended_at=ended_at,
        time_problems=time_problems(started_at, ended_at, received_at),
        trace_id=place.trace_id,
        parent_id=place.parent_id,
        kind=span.kind,
        call_type=clean(text_in(found, "call_type")),
        model=model,
        requested_model=requested_model,
        provider=clean(text_in(found, "provider")),
        api_base=clean(text_in(found, "api_base")),
        status=ERROR if has_failed else RUNNING if _has_only_begun(span) else SUCCESS,
        http_status=http_status,
        error_type=clean(failure.type),
        error_message=clean(failure.message, ERROR_CHARS),
        finish_reason=clean(text_in(found, "finish_reason")) if is_call else "",
        usage=_usage(found, has_failed) if is_call else UNKNOWN_USAGE,
        tier=first_tier(map(span.text, _TIERS)) if is_call else "",
        cost=cost,
        cost_breakdown=_cost_breakdown(found) if cost is not None else {},
        end_user=clean(user, TAG_CHARS),
        key_alias=clean(text_in(found, "key_alias")),
        tags=_tags(found),
        metadata=clean_metadata(_metadata(span, found)),
        aliases=tuple(filter(None, (response_id, clean(text_in(found, "call_id"), MAX_ID_CHARS)))),
        response_id=response_id,
        previous_response_id=clean(unwrapped(text_in(found, "previous_response_id")), MAX_ID_CHARS),
        alternative_outputs=_are_alternatives(document, span),
        byte_size=len(raw),
        span_id=place.span_id,
        step=bool(place.span_id) and not is_call,
        scope=clean(span.scope),
        name=_name(span, found),
        claim_rank=rank,
        tool_name=clean(text_in(found, "tool_name")) if is_tool else "",
        tool_call_id=tool_call_id,
        is_event=not span.has_span,
        signs=signs_of(span, claim.key or "", requested_model or model, started_at, has_failed, tool_call_id),
        problems=(*tag_problems(found.get("tags")), *map(clean, span.problems)),
    )


def _has_only_begun(span: Span) -> bool:
    """Whether an agent's event says that a call began, and nothing of its end. A span without an end says nothing."""
    return span.logged is not None and span.logged.is_asked_only


def _are_alternatives(document: SplitDocument, span: Span) -> bool:
    """Whether outputs are choices to pick from: OpenTelemetry's output messages are, and so are OpenAI's choices."""
    outputs = document.output
    if len(outputs) < 2 or span.kind != "llm":
        return False
    return all(b'"finish_reason"' in bytes(content) for content in outputs.contents) or span.has("output.value")


def _was_cut(item: dict[str, Any]) -> bool:
    records = (item.get("span"), item.get("log"), *(item.get("logs") or ()))
    for found in records:
        if isinstance(found, dict):
            parts = (found, *(found.get("events") or ()))
            if any(isinstance(part, dict) and (UNFOLDED in part or f"{UNFOLDED}Body" in part) for part in parts):
                return True
    return False


def _place(item: dict[str, Any], span: Span, raw: JsonBytes, generated_id: str) -> Place:
    """Where the item stands. Log records that join a span have the span's place."""
    if span.logged is not None:
        return place_of(span.logged, span, raw)
    found = item.get("span") or item.get("log") or {}
    trace_id, span_id = _hex(found.get("traceId")), _hex(found.get("spanId"))
    key = "\x1f".join(("otlp", trace_id, span_id)) if span_id else generated_id
    return Place(key, trace_id, span_id, _hex(span.span.get("parentSpanId")), span_id or generated_id)


def _hex(value: Any) -> str:
    return clean(value, 64) if isinstance(value, str) else ""


# --- fields ---------------------------------------------------------------------------------------------------------


def _times(span: Span, found: Fields, received_at: datetime) -> tuple[datetime, datetime | None]:
    """When the span started and ended; without a start, when it was received."""
    logged = [] if span.has_span else _log_times(span)
    if span.logged is not None and logged:
        # An event that happened at one moment has no length that is known.
        began_at = began(span.logged, span, logged)
        return began_at, logged[-1] if began_at < logged[-1] else None
    started = _moment(span.span.get("startTimeUnixNano")) if span.has_span else next(iter(logged), None)
    ended = _moment(span.span.get("endTimeUnixNano"))
    if span.has_span and started is None:
        span.problem("the span has no start time: the time of receipt is used")
    if span.has_span and ended is None:
        span.problem("the span has no end time")
    if started is not None and found.get("stream_seconds"):
        # This span was made at the end of a stream and has no length; an attribute has the stream's.
        ended = started
        started -= timedelta(seconds=min(found["stream_seconds"], 1e6))
    return started or received_at, ended


def _moment(nanos: Any) -> datetime | None:
    """A time in nanoseconds since 1970; None for 0 and for anything that is no time."""
    try:
        microseconds = int(nanos) // 1000
        return _EPOCH + timedelta(microseconds=microseconds) if microseconds > 0 else None
    except (ValueError, TypeError, OverflowError):
        return None


def _log_times(span: Span) -> list[datetime]:
    """The times of the log records, earliest first."""
    names = ("timeUnixNano", "observedTimeUnixNano")
    times = [_moment(log.get(names[0])) or _moment(log.get(names[1])) for log in span.logs]
    return sorted(time for time in times if time is not None)


def _first_token(started: datetime, found: Fields, span: Span) -> datetime | None:
    after, at = found.get("first_token_after"), found.get("first_token_time")
    if after is not None:
        return started + timedelta(seconds=after) if after < 1e7 else None
    if at is None:
        return None
    if isinstance(at, str) and "-" not in at:
        return _moment(at)
    try:
        return optional_time(at, "first token")
    except WireFormatError:
        span.problem("the time of the first token cannot be read")
        return None


def _name(span: Span, found: Fields) -> str:
    """The name of the tool or agent; for other spans, the span's."""
    if span.logged is not None and span.kind not in ("tool", "agent"):
        return clean(name_of_event(span.logged, span))
    labels = {"tool": "tool_name", "agent": "agent_name", "chain": "agent_name"}
    label = text_in(found, labels[span.kind]) if span.kind in labels else ""
    return clean(label) or clean(span.name)


def _tags(found: Fields) -> tuple[str, ...]:
    tags = found.get("tags")
    return clean_tags([tag for tag in tags if isinstance(tag, str)]) if isinstance(tags, list) else ()


def _metadata(span: Span, found: Fields) -> dict[str, Any]:
    """The caller's metadata, and the service that sent the span."""
    given = found.get("metadata")
    service = span.resource.get("service.name")
    named: dict[str, Any] = {}
    if isinstance(service, str) and not service.startswith("unknown_service"):
        named["service"] = service
    if span.attributes.get(COMPACTED) is True:
        named |= {"compacted": True}
    return named | (given if isinstance(given, dict) else {})


def _failure_of(span: Span, found: Fields, document: SplitDocument) -> Failure | None:
    """Why a span failed; None if it did not.

    An exception event alone is no sign: a span may have handled it. By the conventions (1.37) `error.type` is only set
    when the operation ended with an error.
    """
    exception = span.own("exception")
    message = text_in(found, "error_message") or text_in(exception, "exception.message")
    message = message or text_in(span.status, "message") or span.text("error.message")
    said = Failure(span.text("error.type") or text_in(exception, "exception.type"), message)
    answer = of_response(span.kind, _failed_answer(span, found), next(iter(document.output.contents), None))
    has_status = span.status.get("code") == STATUS_ERROR or found.get("is_error") is True
    has_bad_status = (span.count("http.response.status_code", "http.status_code") or 0) >= 400 and span.kind in KINDS
    has_error = has_status or has_bad_status or span.text("error.type") not in _NO_ERROR
    return said.or_else(answer) if has_error else answer


def _failed_answer(span: Span, found: Fields) -> Failure | None:
    """The failure that the answer itself tells: why it ended, an error in the provider's body."""
    if span.kind not in KINDS:
        return None
    reasons = span.json("gen_ai.response.finish_reasons")
    listed = [reason for reason in reasons if isinstance(reason, str)] if isinstance(reasons, list) else []
    stopped = of_choices(map(of_reason, listed or [text_in(found, "finish_reason")]))
    if stopped:
        return stopped
    body = span.attributes.get("output.value")
    if not isinstance(body, str) or span.attributes.get("output.mime_type") != "application/json":
        return None
    return of_body_text(body)


def _cost(found: Fields, failed: bool) -> Decimal | None:
    """The cost of a call. For a failed call 0 means unknown."""
    cost = lenient_cost(found.get("cost"))
    return None if failed and not cost else cost


def _cost_breakdown(found: Fields) -> dict[str, Any]:
    costs = found.get("cost_breakdown")
    return clean_costs(costs) if isinstance(costs, dict) else {}


def _http_status(span: Span, found: Fields, message: str) -> int | None:
    status = found.get("http_status") or span.count("http.response.status_code", "http.status_code")
    if status is None and (in_text := _STATUS_IN_TEXT.search(message)):
        status = int(in_text[1])
    return status if isinstance(status, int) and 100 <= status <= 999 else None


def _usage(found: Fields, failed: bool) -> Usage:
    """Token counts. Zeros of a failed call mean unknown."""
    counts = [found.get(name) for name in COUNTS]
    return UNKNOWN_USAGE if failed and not any(counts) else Usage(*counts)


def _note_losses(span: Span) -> None:
    """Note what the SDK says it dropped."""
    record = span.span if span.has_span else (span.logs or [{}])[0]
    for name, what in (("Attributes", "attributes"), ("Events", "events"), ("Links", "links")):
        count = record.get(f"dropped{name}Count")
        if isinstance(count, int) and count > 0:
            span.problem(f"the SDK dropped {count:,} {what} of this span")
    lost = sum(_count(event.get("droppedAttributesCount")) for event in span.events)
    if lost:
        span.problem(f"the SDK dropped {lost:,} attributes of the span's events")
    if not span.has_span and span.logged is None:
        span.problem("only log records of this call have come, not its span")


def _count(value: Any) -> int:
    return value if isinstance(value, int) else 0
