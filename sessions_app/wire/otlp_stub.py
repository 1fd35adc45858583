"""Spans as they are, without any convention read: kind "other", the trace is the session."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sessions_app.documents import ArrayMemory, JsonBytes, Splitter, object_fields
from sessions_app.records import RULE_TRACE_ID, Documents, Record, SessionClaim


def record_of(
    item: dict[str, Any], raw: JsonBytes, received_at: datetime, generated_id: str, memory: ArrayMemory | None = None
) -> Record:
    span = item.get("span") or item["log"]
    splitter = Splitter()
    name = f"{span['traceId']}:{span['spanId']}" if "span" in item else generated_id
    return Record(
        source="otlp",
        dedupe_key=name,
        request_id=span["spanId"],
        claim=SessionClaim(span["traceId"], RULE_TRACE_ID, "traceId"),
        document=splitter.finish(splitter.members(object_fields(raw), lambda _, value: splitter.rest(value))),
        started_at=received_at,
        received_at=received_at,
        trace_id=span["traceId"],
        kind="other",
        byte_size=len(raw),
    )


def documents_of(log: bytes) -> Documents:
    return Documents(request=None, response=None, metadata=None, parameters={}, log=log)
