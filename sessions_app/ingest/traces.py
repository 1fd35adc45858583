"""What the spans of a trace say of each other: the session of each, and which of them report the same call."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from sessions_app import ids
from sessions_app.ingest.links import Links
from sessions_app.linking import Home
from sessions_app.records import ERROR, RULE_SESSION_ID, Record, SessionClaim
from sessions_app.storage.traces import SpanRow
from sessions_app.wire.fields import MAX_ID_CHARS, clean
from sessions_app.wire.genai.duplicates import CALLS, MOST_APART, SpanFacts, duplicates
from sessions_app.wire.genai.sessions import ClaimFacts, trace_claims

__all__ = ["CALLS", "MOST_APART", "half_of", "reports_apart", "same_calls", "session_homes", "span_facts"]


def session_homes(project_key: uuid.UUID, trace_id: str, rows: Iterable[SpanRow]) -> dict[uuid.UUID, Home]:
    """The session of each request and step of a trace, by its key."""
    spans = list(rows)
    claims = trace_claims(trace_id, [_claim_facts(row) for row in spans])
    return {row.key_id: _home(project_key, claims[row.span_id], row) for row in spans if row.is_request}


def _claim_facts(row: SpanRow) -> ClaimFacts:
    claim = SessionClaim(row.claim_key, RULE_SESSION_ID, row.claim_detail) if row.claim_key else SessionClaim()
    return ClaimFacts(row.span_id, row.parent_id, claim, row.claim_rank)


def _home(project_key: uuid.UUID, claim: SessionClaim, row: SpanRow) -> Home:
    assert claim.key is not None
    detail = claim.detail
    if claim.rule == RULE_SESSION_ID and (row.claim_key, row.claim_detail) != (claim.key, claim.detail):
        detail = f"{detail} of another span of the trace"
    session_key = clean(claim.key, MAX_ID_CHARS)
    return Home(ids.session_id(project_key, claim.key), session_key, claim.rule, detail)


def span_facts(record: Record, links: Links) -> dict[str, Any]:
    """What tells whether another span reports the same call."""
    usage = record.usage
    return {
        "scope": record.scope,
        "response": record.response_id,
        "input": links.attempt.hex if links.attempt else "",
        "output": len(record.document.output) > 0,
        "usage": usage.input_tokens is not None or usage.output_tokens is not None,
        "failed": record.status == ERROR,
    }


def half_of(row: SpanRow) -> uuid.UUID | None:
    """The token by which the other report of a span's call is found, when that may be in another trace."""
    facts = row.facts or {}
    if row.kind != "llm" or not facts.get("input") or not reports_apart(facts.get("scope", "")):
        return None
    return uuid.UUID(facts["input"])


def reports_apart(scope: str) -> bool:
    """Whether an instrumentation reports a stream's call and its answer in two traces, as Logfire does."""
    return scope.startswith("logfire")


def same_calls(rows: Sequence[SpanRow], inputs: Iterable[uuid.UUID] = ()) -> dict[uuid.UUID, uuid.UUID]:
    """For each span that reports a call which another one stands for, both their keys.

    Spans are compared with those of their own trace, and of the traces in which a call has one of these `inputs`.
    """
    found: dict[uuid.UUID, uuid.UUID] = {}
    for spans in _compared(rows, {token.hex for token in inputs}):
        for one, other in duplicates([_span_facts(row) for row in spans]).items():
            found[uuid.UUID(one)] = uuid.UUID(other)
    return found


def _compared(rows: Sequence[SpanRow], inputs: set[str]) -> list[list[SpanRow]]:
    """The spans of each trace; those of traces that share an input together."""
    groups: dict[uuid.UUID, list[SpanRow]] = {}
    by_input: dict[str, list[SpanRow]] = {}
    for row in rows:
        group = groups.setdefault(row.trace, [])
        group.append(row)
        shared = (row.facts or {}).get("input", "")
        if shared in inputs and by_input.setdefault(shared, group) is not group:
            joined = by_input[shared]
            joined.extend(group)
            for member in group:
                groups[member.trace] = joined
    return list({id(group): group for group in groups.values()}.values())


def _span_facts(row: SpanRow) -> SpanFacts:
    facts = row.facts or {}
    return SpanFacts(
        str(row.key_id),
        row.trace.hex,
        row.span_id,
        row.parent_id,
        row.kind,
        facts.get("scope", ""),
        row.started_at,
        response_id=facts.get("response", ""),
        session=row.claim_key or "",
        input_digest=facts.get("input", "").encode(),
        has_output=facts.get("output", False),
        has_usage=facts.get("usage", False),
        is_failed=facts.get("failed", False),
    )
