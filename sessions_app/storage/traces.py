"""Stores the spans of traces: the place of each in its trace, and the session that it names for all of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import psycopg

from sessions_app.content.compression import compress
from sessions_app.storage import sql
from sessions_app.storage.prepared import PreparedLog


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
