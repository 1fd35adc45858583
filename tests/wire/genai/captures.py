"""The captured exports of each library as records, put together as the digester does it, and what is expected."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sessions_app.content.blocks import Message, TextBlock, ToolCallBlock
from sessions_app.content.messages import read_message
from sessions_app.records import ERROR, RULE_TRACE_ID, Record, SessionClaim
from sessions_app.wire import genai, otlp
from sessions_app.wire.genai.duplicates import CALLS, SpanFacts, duplicates
from sessions_app.wire.genai.sessions import ClaimFacts, trace_claims

CAPTURES = Path(__file__).parents[2] / "payloads" / "otlp"
RECEIVED = datetime(2026, 11, 23, tzinfo=UTC)
FOLDERS = sorted(path.name for path in CAPTURES.iterdir() if path.is_dir())
# Of one library, what it posted in JSON as its exporter wrote it; that is tested where bodies are read.
FILES = sorted(
    str(path.relative_to(CAPTURES))
    for path in CAPTURES.glob("*/*.json")
    if path.name[0].isdigit() and not path.name.endswith(".raw.json")
)


@dataclass(slots=True)
class Call:
    """A request as the digester would store it, with the session that its trace gives it; the agent that made it."""

    record: Record
    file: str
    claim: SessionClaim
    agent: Record | None = None


def items_of(file: str) -> list[bytes]:
    signal = "logs" if "-logs" in file else "traces"
    body = (CAPTURES / file).read_bytes()
    return [bytes(item.raw) for item in otlp.split_body(body, f"application/json;signal={signal}")]


def record_of(raw: bytes) -> Record:
    return otlp.read_log(raw, RECEIVED, "generated")


def expected_of(folder: str) -> dict[str, Any]:
    return json.loads((CAPTURES / folder / "expected.json").read_text())


@cache
def records_of(folder: str) -> dict[str, tuple[Record, str]]:
    """The records of a library by idempotency key, each with its file: log records joined to their spans."""
    raws: dict[str, bytes] = {}
    files: dict[str, str] = {}
    for file in (name for name in FILES if name.startswith(f"{folder}/")):
        for raw in items_of(file):
            key = record_of(raw).dedupe_key
            raws[key] = genai.merged(raws[key], raw) if key in raws else raw
            files.setdefault(key, file.replace("-logs", ""))
    return {key: (record_of(raw), files[key]) for key, raw in raws.items()}


@cache
def calls_of(folder: str) -> list[Call]:
    """What counts as requests of a library, in the order of time."""
    found = records_of(folder)
    claims = _claims([record for record, _ in found.values()])
    details = duplicates([facts_of(record) for record, _ in found.values()])
    calls = [
        Call(record, file, claims[key], _agent_above(record, found))
        for key, (record, file) in found.items()
        if record.kind in CALLS and key not in details
    ]
    return sorted(calls, key=lambda call: call.record.started_at)


def _agent_above(record: Record, found: dict[str, tuple[Record, str]]) -> Record | None:
    above = found.get("\x1f".join(("otlp", record.trace_id, record.parent_id)))
    return above[0] if above and above[0].kind == "agent" else None


def _claims(records: list[Record]) -> dict[str, SessionClaim]:
    traces: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        traces[record.trace_id].append(record)
    found: dict[str, SessionClaim] = {}
    for trace_id, spans in traces.items():
        facts = [ClaimFacts(span.span_id, span.parent_id, span.claim, span.claim_rank) for span in spans]
        claims = trace_claims(trace_id, facts)
        found |= {span.dedupe_key: claims[span.span_id] for span in spans}
    return found


def facts_of(record: Record) -> SpanFacts:
    digests = b"".join(record.document.input.digests)
    return SpanFacts(
        id=record.dedupe_key,
        trace_id=record.trace_id,
        span_id=record.span_id,
        parent_id=record.parent_id,
        kind=record.kind,
        scope=record.scope,
        started_at=record.started_at,
        response_id=record.response_id,
        session=record.claim.key or "",
        input_digest=hashlib.sha256(digests).digest() if digests else b"",
        has_output=len(record.document.output) > 0,
        has_usage=record.usage.input_tokens is not None,
        is_failed=record.status == ERROR,
    )


def groups_of(folder: str) -> dict[str, list[Call]]:
    """The requests by session, or by trace where there is none (`trace <id>`)."""
    groups: dict[str, list[Call]] = defaultdict(list)
    for call in calls_of(folder):
        by_trace = call.claim.rule == RULE_TRACE_ID
        groups[f"trace {call.claim.key}" if by_trace else str(call.claim.key)].append(call)
    return groups


# --- what a request says, in the terms of expected.json -------------------------------------------------------------


def messages_in(record: Record) -> list[Message]:
    return [read_message(raw, "user") for raw in record.document.input.contents]


def messages_out(record: Record) -> list[Message]:
    return [read_message(raw, "assistant") for raw in record.document.output.contents]


def text_of(message: Message) -> str:
    return "".join(block.text for block in message.blocks if isinstance(block, TextBlock))


def said(call: Call) -> dict[str, Any]:
    """A request as a row of expected.json. What a failed call was asked may stand on its agent's span alone."""
    record = call.record
    asked = messages_in(record) or (messages_in(call.agent) if call.agent else [])
    users = [text for m in asked if m.role == "user" and (text := text_of(m))]
    outputs = messages_out(record)
    usage = record.usage
    calls = [block for message in outputs for block in message.blocks if isinstance(block, ToolCallBlock)]
    return {
        "model": record.requested_model or record.model,
        "response_model": record.model,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cached_input_tokens": usage.cached_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "first_user_text": users[0] if users else None,
        "last_user_text": users[-1] if users else None,
        "output_text": "".join(text_of(message) for message in outputs).strip() or None,
        "tool_calls": [{"name": call.name, "arguments": json.loads(call.arguments)} for call in calls],
        "error": record.error_message or None,
        "status": "error" if record.status == ERROR else "ok",
    }
