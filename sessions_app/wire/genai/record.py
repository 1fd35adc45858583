"""A record of an item: its fields from all readers, its document cut into parts."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from sessions_app.content.array_memory import ArrayMemory
from sessions_app.content.json_bytes import JsonBytes, loads
from sessions_app.content.splitting import Splitter
from sessions_app.records import ERROR, SUCCESS, Record, Usage, WireFormatError
from sessions_app.wire import fields as members
from sessions_app.wire.genai.closing import item_bytes
from sessions_app.wire.genai.cutting import UNFOLDED
from sessions_app.wire.genai.kinds import kind_of_span
from sessions_app.wire.genai.reader import COUNTS, Fields
from sessions_app.wire.genai.readers import read_fields
from sessions_app.wire.genai.sessions import claim_of, user_of
from sessions_app.wire.genai.span import STATUS_ERROR, Span
from sessions_app.wire.genai.splitting import split
from sessions_app.wire.response_ids import unwrapped

CALLS = ("llm", "embedding")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STATUS_IN_TEXT = re.compile(r"\b(?:Error code|status_code): ([1-5][0-9]{2})\b")


def record_of(
    item: dict[str, Any],
    raw: JsonBytes,
    received_at: datetime,
    generated_id: str,
    memory: ArrayMemory | None = None,
) -> Record:
    """Translate one item (`raw` is its JSON); one that was stored and comes again is given back its form first.

    Never raises for what a span holds: oddities are named in `Record.problems`. `memory` saves reading again what
    earlier spans of the same session brought.
    """
    if _was_cut(item):
        raw = item_bytes(bytes(raw))
        item = loads(raw)
    span = Span(item)
    span.kind = kind_of_span(span)
    found = read_fields(span)
    claim, rank = claim_of(span)
    trace_id, span_id = _ids(item)
    splitter = Splitter(memory, claim.key or "", user_of(span))
    document = split(splitter, span, raw)
    record = Record(
        source="otlp",
        dedupe_key="\x1f".join(("otlp", trace_id, span_id)) if span_id else generated_id,
        request_id=span_id or generated_id,
        claim=claim,
        claim_rank=rank,
        document=document,
        started_at=received_at,
        received_at=received_at,
        trace_id=trace_id,
        span_id=span_id,
        parent_id=_hex(span.span.get("parentSpanId")),
        kind=span.kind,
        scope=members.clean(span.scope),
        byte_size=len(raw),
    )
    _set_times(record, span, found)
    _set_names(record, span, found)
    _set_outcome(record, span, found)
    _note_losses(span)
    record.alternative_outputs = _are_alternatives(record, span)
    record.problems = tuple(members.clean(text) for text in span.problems)
    return record


def _are_alternatives(record: Record, span: Span) -> bool:
    """OpenTelemetry: each output message is one choice; so are OpenAI's choices."""
    outputs = record.document.output
    if len(outputs) < 2 or record.kind != "llm":
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


def _ids(item: dict[str, Any]) -> tuple[str, str]:
    found = item.get("span") or item.get("log") or {}
    return _hex(found.get("traceId")), _hex(found.get("spanId"))


def _hex(value: Any) -> str:
    return members.clean(value, 64) if isinstance(value, str) else ""


# --- fields ---------------------------------------------------------------------------------------------------------


def _set_times(record: Record, span: Span, found: Fields) -> None:
    started = _moment(span.span.get("startTimeUnixNano")) if span.has_span else _log_time(span)
    ended = _moment(span.span.get("endTimeUnixNano"))
    if span.has_span and started is None:
        span.problem("the span has no start time: the time of receipt is used")
    if span.has_span and ended is None:
        span.problem("the span has no end time")
    if started is not None and found.get("stream_seconds"):
        # A span without length at the end of what it reports.
        ended = started
        started -= timedelta(seconds=min(found["stream_seconds"], 1e6))
    record.started_at = started or record.received_at
    record.ended_at = ended
    if record.kind in CALLS:
        record.first_token_at = _first_token(record.started_at, found, span)
    record.time_problems = members.time_problems(record.started_at, record.ended_at, record.received_at)


def _moment(nanos: Any) -> datetime | None:
    """A time in nanoseconds since 1970 as text; None for 0 and what is no time."""
    try:
        microseconds = int(nanos) // 1000
        return _EPOCH + timedelta(microseconds=microseconds) if microseconds > 0 else None
    except (ValueError, TypeError, OverflowError):
        return None


def _log_time(span: Span) -> datetime | None:
    names = ("timeUnixNano", "observedTimeUnixNano")
    times = [_moment(log.get(name)) for log in span.logs for name in names]
    return min((time for time in times if time is not None), default=None)


def _first_token(started: datetime, found: Fields, span: Span) -> datetime | None:
    after, at = found.get("first_token_after"), found.get("first_token_time")
    if after is not None:
        return started + timedelta(seconds=after) if after < 1e7 else None
    if at is None:
        return None
    if isinstance(at, str) and "-" not in at:
        return _moment(at)
    try:
        return members.optional_time(at, "first token")
    except WireFormatError:
        span.problem("the time of the first token cannot be read")
        return None


def _set_names(record: Record, span: Span, found: Fields) -> None:
    clean = members.clean
    requested, served = _text(found, "requested_model"), _text(found, "model")
    response_id = clean(unwrapped(_text(found, "response_id")), members.MAX_ID_CHARS)
    is_tool = record.kind == "tool"
    label = _text(found, "tool_name") if is_tool else _text(found, "agent_name")
    record.name = clean(label if is_tool or record.kind in ("agent", "chain") else span.name) or clean(span.name)
    record.call_type = clean(_text(found, "call_type"))
    record.model = clean(served or requested)
    record.requested_model = clean(requested)
    record.provider = clean(_text(found, "provider"))
    record.api_base = clean(_text(found, "api_base"))
    record.response_id = response_id if record.kind in CALLS else ""
    record.previous_response_id = clean(unwrapped(_text(found, "previous_response_id")), members.MAX_ID_CHARS)
    record.aliases = tuple(filter(None, (record.response_id, clean(_text(found, "call_id"), members.MAX_ID_CHARS))))
    record.end_user = clean(user_of(span), members.TAG_CHARS)
    record.key_alias = clean(_text(found, "key_alias"))
    record.tool_name = clean(_text(found, "tool_name")) if is_tool else ""
    record.tool_call_id = clean(_text(found, "tool_call_id"), members.MAX_ID_CHARS) if is_tool else ""
    tags = found.get("tags")
    record.tags = members.clean_tags([tag for tag in tags if isinstance(tag, str)]) if isinstance(tags, list) else ()
    record.metadata = members.clean_metadata(_metadata(span, found))


def _text(found: Fields, name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""


def _metadata(span: Span, found: Fields) -> dict[str, Any]:
    """What the caller noted, and the service that sent the span."""
    given = found.get("metadata")
    service = span.resource.get("service.name")
    named = {"service": service} if isinstance(service, str) and not service.startswith("unknown_service") else {}
    return named | (given if isinstance(given, dict) else {})


def _set_outcome(record: Record, span: Span, found: Fields) -> None:
    exception = span.own("exception")
    failed = span.status.get("code") == STATUS_ERROR or found.get("is_error") is True
    record.status = ERROR if failed else SUCCESS
    if failed:
        message = _text(found, "error_message") or _text(exception, "exception.message")
        message = message or _text(span.status, "message")
        kind = span.text("error.type") or _text(exception, "exception.type")
        record.error_type = members.clean(kind)
        record.error_message = members.clean(message, members.ERROR_CHARS)
    record.http_status = _http_status(span, found, record.error_message)
    if record.kind not in CALLS:
        return
    record.finish_reason = members.clean(_text(found, "finish_reason"))
    record.usage = _usage(found, failed)
    record.cost = members.lenient_cost(found.get("cost"))
    if failed and not record.cost:
        record.cost = None
    costs = found.get("cost_breakdown")
    if isinstance(costs, dict) and record.cost is not None:
        record.cost_breakdown = {
            members.clean(name): cost
            for name, cost in costs.items()
            if type(cost) in (int, float) and 0 < abs(cost) < 1e15
        }


def _http_status(span: Span, found: Fields, message: str) -> int | None:
    status = found.get("http_status") or span.count("http.response.status_code", "http.status_code")
    if status is None and (in_text := _STATUS_IN_TEXT.search(message)):
        status = int(in_text[1])
    return status if isinstance(status, int) and 100 <= status <= 999 else None


def _usage(found: Fields, failed: bool) -> Usage:
    """Zeros of a failed call are no counts. Cached tokens beyond the input were counted beside it: they are added."""
    counts = [found.get(name) for name in COUNTS]
    if failed and not any(counts):
        return Usage()
    beside = (counts[2] or 0) + (counts[3] or 0)
    if counts[0] is not None and beside > counts[0]:
        counts[0] += beside
    return Usage(*counts)


def _note_losses(span: Span) -> None:
    """What the SDK says it dropped."""
    record = span.span if span.has_span else (span.logs or [{}])[0]
    for name, what in (("Attributes", "attributes"), ("Events", "events"), ("Links", "links")):
        count = record.get(f"dropped{name}Count")
        if isinstance(count, int) and count > 0:
            span.problem(f"the SDK dropped {count:,} {what} of this span")
    lost = sum(_count(event.get("droppedAttributesCount")) for event in span.events)
    if lost:
        span.problem(f"the SDK dropped {lost:,} attributes of the span's events")
    if not span.has_span:
        span.problem("only log records of this call have come, not its span")


def _count(value: Any) -> int:
    return value if isinstance(value, int) else 0
