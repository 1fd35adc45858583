"""Sessions and requests in JSON: unknown is null, times are RFC 3339 in UTC, costs are decimal texts."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson

from sessions_app.models import Session
from sessions_app.queries.contradictions import Copy
from sessions_app.queries.requests import LinkedRow, ParentRequest, RequestRow
from sessions_app.queries.session_list import SessionRow
from sessions_app.records import (
    ERROR,
    RULE_ATTEMPT,
    RULE_CONVERSATION,
    RULE_MANUAL,
    RULE_OWN,
    RULE_PREVIOUS_RESPONSE,
    Documents,
)
from sessions_app.structure import timeline


def session_json(session: SessionRow | Session, project_slug: str, url: str) -> dict[str, Any]:
    return {
        "id": session.id,
        "session_key": session.session_key,
        "project": project_slug,
        "title": session.title or None,
        "preview": session.preview or None,
        "started_at": time_text(session.first_at),
        "last_at": time_text(session.last_at),
        "request_count": session.request_count,
        "error_count": session.error_count,
        "retry_count": session.retry_count,
        "step_count": session.step_count,
        "input_tokens": session.input_tokens,
        "output_tokens": session.output_tokens,
        "cached_tokens": session.cached_tokens,
        "cost": cost_text(session.cost),
        "models": session.model_names,
        "users": session.users,
        "tags": session.tags,
        "sources": session.sources,
        "rules": session.rules,
        "url": url,
    }


def request_json(
    row: RequestRow,
    session_key: str | None,
    parent: ParentRequest | None,
    url: str,
    standing: uuid.UUID | None = None,
    contradicting_copies: int = 0,
) -> dict[str, Any]:
    """`standing`: the request that stands for the same call."""
    return {
        "id": row.id,
        "request_id": row.request_id,
        "session_id": row.session_id,
        "session_key": session_key,
        "kind": row.kind,
        "name": row.name or None,
        "counted": row.is_counted,
        "step": row.step,
        "duplicate_of": standing,
        "contradicting_copies": contradicting_copies,
        "trace_id": row.trace_id or None,
        "span_id": row.span_id or None,
        "parent_id": row.parent_id or None,
        "tool_call_id": row.tool_call_id or None,
        "problems": row.problems or [],
        "call_type": row.call_type or None,
        "model": row.model or None,
        "provider": row.provider or None,
        "status": row.status,
        "status_code": row.http_status,
        "error": error_json(row),
        "started_at": time_text(row.started_at),
        "first_token_at": time_text(row.first_token_at),
        "ended_at": time_text(row.ended_at),
        "duration_ms": milliseconds(timeline.duration(row)),
        "input_tokens": row.input_tokens,
        "output_tokens": row.output_tokens,
        "cached_tokens": row.cached_tokens,
        "cache_write_tokens": row.cache_write_tokens,
        "reasoning_tokens": row.reasoning_tokens,
        "cost": cost_text(row.cost),
        "user": row.end_user or None,
        "tags": row.tags,
        "source": row.source,
        "grouped_by": {"rule": row.rule, "detail": grouping_detail(row, parent)},
        "continues": parent.request.id if parent else None,
        "url": url,
    }


def grouping_detail(row: RequestRow, parent: ParentRequest | None) -> str:
    """Why a request is in its session, in words: the member, the request or the person behind its rule."""
    detail, before = row.rule_detail, parent.request if parent else None
    if row.rule == RULE_PREVIOUS_RESPONSE:
        whose = f"of request {before.id}" if before else "of a request that was not logged here"
        return f"continues the response {detail} {whose}" if detail else f"continues the response {whose}"
    if row.rule == RULE_CONVERSATION:
        if before is None:
            return "continues a conversation whose earlier requests are not stored any more"
        return f"continues request {before.id}: its input begins with all that was sent and answered there"
    if row.rule == RULE_ATTEMPT:
        return _attempt_of(before)
    if row.rule == RULE_MANUAL:
        return f"put into this session by hand: {detail}" if detail else "put into this session by hand"
    if row.rule == RULE_OWN:
        return "names no session, and continues no request that is stored"
    return detail or row.rule


def _attempt_of(before: LinkedRow | None) -> str:
    if before is None:
        return "another attempt of a request that is not stored any more"
    if before.status != ERROR:
        return f"belongs to the same call of the proxy as request {before.id}"
    status = f"HTTP {before.http_status}" if before.http_status else ""
    failure = ", ".join(filter(None, (status, before.error_type)))
    return f"another attempt of request {before.id}, which failed{f' ({failure})' if failure else ''}"


def error_json(row: RequestRow) -> dict[str, Any] | None:
    """What a failed request says of its failure; null for one that succeeded and says nothing."""
    if row.status != ERROR and not row.error_type and not row.error_message:
        return None
    return {"type": row.error_type or None, "message": row.error_message or None}


def documents_json(documents: Documents) -> dict[str, Any]:
    """The documents as they were sent, byte for byte: they are put into the answer without being read."""
    return {
        "request": verbatim(documents.request),
        "response": verbatim(documents.response),
        "metadata": verbatim(documents.metadata),
        # Python's own writer takes what its reader gave: NaN, lone surrogates, integers of any size.
        "parameters": orjson.Fragment(json.dumps(documents.parameters)),
    }


def copy_json(copy: Copy, documents: Documents) -> dict[str, Any]:
    """A copy that contradicts a request, with its documents."""
    return {
        "id": copy.id,
        "source": copy.source,
        "received_at": time_text(copy.received_at),
        "differs": copy.differs,
        **documents_json(documents),
    }


def verbatim(raw: bytes | None) -> orjson.Fragment | None:
    return None if raw is None else orjson.Fragment(raw)


def time_text(moment: datetime | None) -> str | None:
    """`2026-11-20T10:00:00.000000Z`."""
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def cost_text(cost: Decimal | None) -> str | None:
    """A decimal without exponent and trailing zeros."""
    if cost is None:
        return None
    text = format(cost, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def milliseconds(duration: timedelta | None) -> float | None:
    return None if duration is None else round(duration / timedelta(milliseconds=1), 3)
