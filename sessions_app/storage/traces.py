"""The spans of traces: where each is in its trace, and which session it names for all of them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from sessions_app.content.compression import compress, decompress
from sessions_app.storage import sql
from sessions_app.storage.prepared import PreparedLog

OTHER = "other"


@dataclass(frozen=True, slots=True)
class SpanRow:
    """What is known of a span for its trace. `facts` tell whether another span reports the same call."""

    trace: uuid.UUID
    span_id: str
    project_id: int
    parent_id: str
    key_id: uuid.UUID
    kind: str
    claim_key: str | None
    claim_detail: str
    claim_rank: int
    started_at: datetime
    facts: dict[str, Any] | None

    @property
    def is_request(self) -> bool:
        """Whether it is stored as a request or step."""
        return self.kind != OTHER


def store(cursor: psycopg.Cursor[Any], logs: Sequence[PreparedLog], kept: set[int]) -> None:
    """Store or complete the places of spans; one statement. `kept`: projects that keep the content of other spans."""
    rows = {(log.node.span, log.record.span_id): log for log in logs if log.node.span}
    if not rows:
        return
    ordered = [rows[key] for key in sorted(rows, key=lambda key: (key[0].bytes if key[0] else b"", key[1]))]
    records = [log.record for log in ordered]
    names = ("span_id", "parent_id", "name", "started_at", "ended_at", "status", "claim_rank")
    columns: dict[str, list[Any]] = {name: [getattr(record, name) for record in records] for name in names}
    columns |= {
        "trace": [log.node.span for log in ordered],
        "project_id": [log.project_id for log in ordered],
        "key_id": [log.key_id for log in ordered],
        "kind": [record.kind for record in records],
        "claim_key": [record.claim.key if record.claim_rank else None for record in records],
        "claim_detail": [record.claim.detail for record in records],
        "facts": [json.dumps(log.span_facts) if log.span_facts else None for log in ordered],
        "content": [
            compress(log.record.document.joined()) if log.is_other_span and log.project_id in kept else None
            for log in ordered
        ],
    }
    cursor.execute(sql.load("upsert_trace_spans"), columns)


def contents(cursor: psycopg.Cursor[Any], logs: Sequence[PreparedLog]) -> dict[uuid.UUID, bytes]:
    """By their keys, the stored content of those of these spans that are kept with their trace alone; one statement."""
    spans = [log for log in logs if log.node.span]
    if not spans:
        return {}
    params = {"trace": [log.node.span for log in spans], "span_id": [log.record.span_id for log in spans]}
    cursor.execute(sql.load("load_span_contents"), params)
    return {row[0]: decompress(row[1]) for row in cursor.fetchall()}


def load(cursor: psycopg.Cursor[Any], traces: Iterable[uuid.UUID], key_ids: Iterable[uuid.UUID] = ()) -> list[SpanRow]:
    """All spans of these traces, and of those that the spans with these keys are of; one statement."""
    cursor.execute(sql.load("load_trace_spans"), {"traces": sorted(set(traces)), "key_ids": sorted(set(key_ids))})
    return [SpanRow(*row[:10], _members(row[10])) for row in cursor.fetchall()]


def _members(facts: Any) -> dict[str, Any] | None:
    return json.loads(facts) if isinstance(facts, str | bytes) else facts
