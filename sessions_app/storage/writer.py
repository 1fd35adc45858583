"""Store the requests of a batch: a constant number of statements within the caller's transaction.

Rows are sorted by key and the roll-up comes last. So two writers that share sessions lock them in the same order, and
only briefly.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from sessions_app.content.compression import compress
from sessions_app.storage import links, moving, rollups, sql
from sessions_app.storage.parts import PackedDocuments
from sessions_app.storage.prepared import PreparedLog
from sessions_app.storage.rollups import UNIT_SEPARATOR, RollUp
from sessions_app.structure.grouping_rules import StoredAt


@dataclass(frozen=True, slots=True)
class TakenKey:
    """An idempotency key that a stored request has: where that request is, and the hash of what was stored."""

    log_id: uuid.UUID
    session_id: uuid.UUID
    bucket: date
    content_hash: bytes


def stored_keys(cursor: psycopg.Cursor[Any], logs: Sequence[PreparedLog]) -> set[uuid.UUID]:
    """The keys of those logs that are stored already."""
    cursor.execute(sql.load("find_keys"), {"ids": [log.key_id for log in logs]})
    return {row[0] for row in cursor.fetchall()}


def claim_keys(cursor: psycopg.Cursor[Any], logs: Sequence[PreparedLog]) -> dict[uuid.UUID, TakenKey]:
    """Claim the idempotency keys of these logs, each of which occurs once. Returns keys that were taken before."""
    rows = sorted(logs, key=lambda log: log.key_id.bytes)
    cursor.execute(
        sql.load("upsert_request_keys"),
        {
            "id": [log.key_id for log in rows],
            "request_log_id": [log.log_id for log in rows],
            "session_id": [log.session_id for log in rows],
            "bucket": [log.bucket for log in rows],
            "content_hash": [log.content_hash for log in rows],
            "deliveries": [log.copies for log in rows],
            "entry_id": [log.position[0] for log in rows],
            "entry_index": [log.position[1] for log in rows],
        },
    )
    return {row[0]: TakenKey(row[2], row[3], row[4], bytes(row[5])) for row in cursor.fetchall() if not row[1]}


def insert_requests(
    cursor: psycopg.Cursor[Any], logs: Sequence[PreparedLog], packed: PackedDocuments
) -> list[PreparedLog]:
    """Insert requests whose keys were claimed and whose parts are stored, with their links and roll-ups.

    Returns the logs that were new.
    """
    rows = sorted(logs, key=lambda log: (log.session_id.bytes, log.log_id.bytes))
    cursor.execute(sql.load("insert_requests"), _request_columns(rows, packed))
    inserted = {row[0] for row in cursor.fetchall()}
    new = [log for log in rows if log.log_id in inserted]
    links.insert(cursor, [row for log in new for row in log.links()])
    rollups.upsert(cursor, roll_ups_of(new))
    return new


def delete_request(cursor: psycopg.Cursor[Any], stored: StoredAt, key_id: uuid.UUID) -> None:
    """Delete a request and its links; its key, its parts and its session's roll-up stay as they are."""
    where = {"log_id": stored.log_id, "session_id": stored.session_id, "bucket": stored.bucket}
    cursor.execute(sql.load("delete_request"), where)
    links.delete(cursor, [key_id])


def move_key(cursor: psycopg.Cursor[Any], stored: StoredAt, log: PreparedLog) -> None:
    """Let the key of a request, and its old id, lead to the log that took its place."""
    cursor.execute(
        sql.load("move_request_key"),
        {
            "id": log.key_id,
            "log_id": log.log_id,
            "session_id": log.session_id,
            "bucket": log.bucket,
            "content_hash": log.content_hash,
            "entry_id": log.position[0],
            "entry_index": log.position[1],
        },
    )
    if stored.log_id != log.log_id:
        moving.redirect(cursor, [(stored.log_id, log.key_id)])
    rollups.recompute(cursor, [log.session_id])


def refresh_links(cursor: psycopg.Cursor[Any], logs: Sequence[PreparedLog]) -> None:
    """Write the links and profiles of stored requests again; three statements."""
    stored = [log.node.stored for log in logs]
    cursor.execute(
        sql.load("refresh_links"),
        {
            "id": [place.log_id for place in stored if place],
            "session_id": [place.session_id for place in stored if place],
            "bucket": [place.bucket for place in stored if place],
            "resent_count": [log.resent_count for log in logs],
            "profile": [log.profile for log in logs],
            **_link_columns(logs),
            **_failure_columns(logs),
        },
    )
    # What failed is part of the roll-ups.
    rollups.recompute(cursor, {row[0] for row in cursor.fetchall()})
    links.delete(cursor, [log.key_id for log in logs])
    links.insert(cursor, [row for log in logs for row in log.links()])


def roll_ups_of(logs: Sequence[PreparedLog]) -> list[RollUp]:
    """What these new requests add to their sessions."""
    found: dict[uuid.UUID, RollUp] = {}
    for log in logs:
        roll_up = found.get(log.session_id)
        if roll_up is None:
            roll_up = found[log.session_id] = RollUp(log.session_id, log.project_id, log.home.session_key)
        roll_up.add(log.record, log.bucket, log.home.rule, log.node.standing(log.home.rule))
        roll_up.add_name(log.record, log.resent_count)
        if log.node.duplicate_of is None:
            roll_up.tool_failures.update(log.failures.keys)
            roll_up.failed_tools.update(log.failures.names)
        if not log.record.step and log.node.duplicate_of is None:
            roll_up.count(log.record, log.cost.amount, log.resent_count, log.input_preview, log.output_preview)
        elif log.record.is_prompt:
            roll_up.add_texts(log.record, log.resent_count, log.input_preview, "")
    return list(found.values())


# --- requests -------------------------------------------------------------------------------------------------------

_RECORD_COLUMNS = (
    *("request_id", "source", "kind", "call_type", "model", "requested_model", "provider", "api_base", "status"),
    *("http_status", "error_type", "error_message", "finish_reason", "started_at", "first_token_at", "ended_at"),
    *("received_at", "end_user", "key_alias", "trace_id", "parent_id", "byte_size", "span_id", "name"),
    *("tool_name", "tool_call_id", "step"),
)
_LOG_COLUMNS = (*("session_id", "bucket", "project_id", "resent_count", "input_preview", "output_preview", "profile"),)
_USAGE_COLUMNS = ("input_tokens", "output_tokens", "cached_tokens", "cache_write_tokens", "reasoning_tokens")


def _request_columns(logs: list[PreparedLog], packed: PackedDocuments) -> dict[str, list[Any]]:
    records = [log.record for log in logs]
    columns: dict[str, list[Any]] = {name: [getattr(record, name) for record in records] for name in _RECORD_COLUMNS}
    columns |= {name: [getattr(log, name) for log in logs] for name in _LOG_COLUMNS}
    columns |= {name: [getattr(record.usage, name) for record in records] for name in _USAGE_COLUMNS}
    packs = [packed[log.key_id] for log in logs]
    return columns | {
        "id": [log.log_id for log in logs],
        "time_problems": [UNIT_SEPARATOR.join(record.time_problems) for record in records],
        "cost": [log.cost.amount for log in logs],
        "cost_source": [log.cost.source for log in logs],
        "price": [log.cost.price for log in logs],
        "cost_breakdown": [_json_or_null(record.cost_breakdown) for record in records],
        "tags": [UNIT_SEPARATOR.join(record.tags) for record in records],
        "metadata": [_json_or_null(record.metadata) for record in records],
        "duplicate_of": [log.node.duplicate_of for log in logs],
        "problems": [UNIT_SEPARATOR.join(record.problems) or None for record in records],
        "rule": [log.home.rule for log in logs],
        "rule_detail": [log.home.detail for log in logs],
        "weak": [log.node.weak is not None for log in logs],
        **_link_columns(logs),
        "skeleton": [compress(record.document.skeleton) for record in records],
        "input_parts": [pack.input for pack in packs],
        "output_parts": [pack.output for pack in packs],
        "context_parts": [pack.context for pack in packs],
        **_failure_columns(logs),
    }


def _link_columns(logs: Sequence[PreparedLog]) -> dict[str, list[Any]]:
    return {
        "provides": [",".join(map(str, log.provides)) for log in logs],
        "needs": [",".join(map(str, log.needs)) for log in logs],
        "previous": [log.node.previous for log in logs],
        "attempt": [log.node.attempt for log in logs],
        "call": [log.node.call for log in logs],
        "task": [log.node.task for log in logs],
        "resent_call": [log.node.resent_call for log in logs],
    }


def _failure_columns(logs: Sequence[PreparedLog]) -> dict[str, list[Any]]:
    found = [log.failures for log in logs]
    return {
        "tool_failures": [",".join(map(str, failures.keys)) for failures in found],
        "failed_tools": [UNIT_SEPARATOR.join(failures.names) for failures in found],
        "tool_error_count": [failures.error_count for failures in found],
        "tool_looks_failed_count": [failures.looks_failed_count for failures in found],
    }


def _json_or_null(value: dict[str, Any]) -> str | None:
    return json.dumps(value, default=str) if value else None
