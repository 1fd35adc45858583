"""Loads what is stored of the spans of traces. It writes nothing."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from sessions_app.content.compression import decompress
from sessions_app.storage import sql
from sessions_app.storage.prepared import PreparedLog

OTHER = "other"


@dataclass(frozen=True, slots=True)
class StoredSpan:
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


def contents(cursor: psycopg.Cursor[Any], logs: Sequence[PreparedLog]) -> dict[uuid.UUID, bytes]:
    """The stored content of other spans, which are no requests, by their keys; one statement."""
    spans = [log for log in logs if log.node.span]
    if not spans:
        return {}
    params = {"trace": [log.node.span for log in spans], "span_id": [log.record.span_id for log in spans]}
    cursor.execute(sql.load("load_span_contents"), params)
    return {row[0]: decompress(row[1]) for row in cursor.fetchall()}


def load(
    cursor: psycopg.Cursor[Any], traces: Iterable[uuid.UUID], key_ids: Iterable[uuid.UUID] = ()
) -> list[StoredSpan]:
    """All spans of these traces, and of the traces of the spans with these keys; one statement."""
    cursor.execute(sql.load("load_trace_spans"), {"traces": sorted(set(traces)), "key_ids": sorted(set(key_ids))})
    return [_span(row) for row in cursor.fetchall()]


def _span(row: Sequence[Any]) -> StoredSpan:
    values: list[Any] = [*row[:10], _members(row[10])]
    return StoredSpan(*values)


def _members(facts: str | bytes | dict[str, Any] | None) -> dict[str, Any] | None:
    members: dict[str, Any] | None = json.loads(facts) if isinstance(facts, str | bytes) else facts
    return members
