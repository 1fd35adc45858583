"""What the record of an event is called, when it was, and by what it is known."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sessions_app.content.json_bytes import JsonBytes
from sessions_app.wire.fields import clean
from sessions_app.wire.genai.events import Event, span_id_of
from sessions_app.wire.genai.span import Span

_DURATION = re.compile(r"\bDuration: ([0-9]{1,9})ms")
_BODY_CHARS = 2_000
_LONGEST_MS = 86_400_000
_BEFORE = ("tokens_before", "pre_tokens", "original_token_count", "original_tokens")
_AFTER = ("tokens_after", "post_tokens", "new_token_count", "new_tokens")


@dataclass(frozen=True, slots=True)
class Place:
    """The ids of a record: its idempotency key, its place in a trace, and the id that a person would look for."""

    dedupe_key: str
    trace_id: str
    span_id: str
    parent_id: str
    request_id: str


def place_of(event: Event, span: Span, raw: JsonBytes) -> Place:
    """Where an event stands. With a session it is in no trace: agents name whatever span was active."""
    identity = event.identity()
    parts = identity if identity and event.is_step else (hashlib.sha256(bytes(raw)).hexdigest(),)
    key = "\x1f".join(("otlp-event", event.session, *parts))
    first = span.logs[0]
    trace_id, parent_id = (clean(first[n], 64) if isinstance(first.get(n), str) else "" for n in ("traceId", "spanId"))
    if event.session:
        trace_id = parent_id = ""
    span_id = span_id_of(key) if event.session or parent_id else ""
    return Place(key, trace_id, span_id, parent_id, span.text("request_id", "gen_ai.response.id") or span_id_of(key))


def is_homeless(item: dict[str, Any]) -> bool:
    """Whether an item is an event that belongs nowhere."""
    span = Span(item)
    event = span.logged
    return event is not None and event.kind != "llm" and not event.session and not span.logs[0].get("spanId")


def began(event: Event, span: Span, logged: Sequence[datetime]) -> datetime:
    """When a call or tool began: agents tell of it when it is over. `logged`: the times of the records."""
    milliseconds = span.number("duration_ms", "total_duration_ms") if event.kind in ("llm", "tool", "agent") else None
    if milliseconds is None and event.kind == "llm":
        bodies = (log.get("body") for log in span.logs)
        found = next(
            (m for body in bodies if isinstance(body, str) and (m := _DURATION.search(body[:_BODY_CHARS]))), None
        )
        milliseconds = float(found[1]) if found else None
    return logged[0] if milliseconds is None else logged[-1] - timedelta(milliseconds=min(milliseconds, _LONGEST_MS))


def name_of_event(event: Event, span: Span) -> str:
    """What a step is called: `gemini_cli.chat_compression: 61,000 to 9,000 tokens`, `codex.sse_event × 12`."""
    if event.is_compaction:
        before, after = span.count(*_BEFORE), span.count(*_AFTER)
        trigger = span.text("trigger", "strategy")
        words = [f"{before:,} to {after:,} tokens"] if before is not None and after is not None else []
        words += [trigger] if trigger else []
        return ": ".join((event.name, ", ".join(words))) if words else event.name
    return f"{event.name} × {len(span.logs):,}" if not event.is_step and len(span.logs) > 1 else event.name
