"""Tells the session of each span of a trace, and which spans report the same call."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sessions_app import ids
from sessions_app.ingest import questions
from sessions_app.ingest.links import Links
from sessions_app.ingest.questions import Wanted
from sessions_app.ingest.stored_spans import StoredSpan
from sessions_app.records import ERROR, RULE_SESSION_ID, Record, SessionClaim
from sessions_app.structure.grouping_rules import Home, LinkRole, Node, Place
from sessions_app.wire.fields import MAX_ID_CHARS, clean
from sessions_app.wire.genai.duplicates import CALLS, GIVEN, LONGEST_CALL, MOST_APART, SpanFacts, duplicates
from sessions_app.wire.genai.sessions import ClaimFacts, trace_claims

__all__ = ["CALLS", "leader_of", "other_reports", "reports_apart", "same_calls", "session_homes", "span_facts"]

# Two or three libraries report the same call, rarely in as many traces.
MOST_REPORTS = 20


def session_homes(project_key: uuid.UUID, trace_id: str, rows: Iterable[StoredSpan]) -> dict[uuid.UUID, Home]:
    """The session of each request and step of a trace, by its key."""
    spans = list(rows)
    claims = trace_claims(trace_id, [_claim_facts(row) for row in spans])
    return {row.key_id: _home(project_key, claims[row.span_id], row) for row in spans if row.is_request}


def _claim_facts(row: StoredSpan) -> ClaimFacts:
    claim = SessionClaim(row.claim_key, RULE_SESSION_ID, row.claim_detail) if row.claim_key else SessionClaim()
    return ClaimFacts(row.span_id, row.parent_id, claim, row.claim_rank)


def _home(project_key: uuid.UUID, claim: SessionClaim, row: StoredSpan) -> Home:
    assert claim.key is not None
    detail = claim.detail
    if claim.rule == RULE_SESSION_ID and (row.claim_key, row.claim_detail) != (claim.key, claim.detail):
        detail = f"{detail} of another span of the trace"
    session_key = clean(claim.key, MAX_ID_CHARS)
    return Home(ids.session_id(project_key, claim.key), session_key, claim.rule, detail)


def span_facts(record: Record, links: Links, signs: Mapping[str, uuid.UUID]) -> dict[str, Any]:
    """The facts that tell whether another span or event reports the same call."""
    usage = record.usage
    rest: dict[str, Any] = {}
    if signs:
        ended_at = record.ended_at or record.started_at
        # The first letter of a sign says what it is.
        written = [f"{sign[:1]}{key.hex}" for sign, key in signs.items()]
        rest = {
            "given": len(record.document.input) > 0,
            "signs": written,
            "ended": ended_at.isoformat(),
            "cost": record.cost is not None,
        }
    if record.is_event:
        rest["event"] = True
    return rest | {
        "scope": record.scope,
        "response": record.response_id,
        "input": links.attempt.hex if links.attempt else "",
        "output": len(record.document.output) > 0,
        "usage": usage.input_tokens is not None or usage.output_tokens is not None,
        "failed": record.status == ERROR,
    }


def other_reports(project_key: uuid.UUID, row: StoredSpan) -> list[Wanted]:
    """Questions for other reports of a span's call, in any trace."""
    facts = row.facts or {}
    found = [(uuid.UUID(sign[1:]), LinkRole.REPORTS) for sign in facts.get("signs", ())]
    if row.kind in CALLS and facts.get("response"):
        found.append((ids.link_key(project_key, "response", facts["response"]), LinkRole.RESPONSE))
    if row.kind == "llm" and facts.get("input") and reports_apart(facts.get("scope", "")):
        found.append((uuid.UUID(facts["input"]), LinkRole.REPORTS))
    # An event may not say how long the call took.
    around = questions.around(row.started_at, LONGEST_CALL if facts.get("signs") else MOST_APART)
    return [Wanted(link_key, role, *around, most=MOST_REPORTS) for link_key, role in found]


def leader_of(nodes: Sequence[Node]) -> Place | None:
    """Of the spans of a trace, the first that continues a response of another trace, else the first."""
    provided = {link_key for node in nodes for link_key in node.provides}
    leading = [node.place for node in nodes if node.previous and node.previous not in provided]
    return min(leading or [node.place for node in nodes], default=None)


def reports_apart(scope: str) -> bool:
    """Whether an instrumentation reports a stream's call and its answer in two traces, as Logfire does."""
    return scope.startswith("logfire")


def same_calls(rows: Sequence[StoredSpan]) -> dict[uuid.UUID, uuid.UUID]:
    """The spans that report the same call as another one, and that one, by their keys.

    A span is compared with those of its own trace and of traces that report one of its calls.
    """
    found: dict[uuid.UUID, uuid.UUID] = {}
    for spans in _compared(rows):
        for one, other in duplicates([_span_facts(row) for row in spans]).items():
            found[uuid.UUID(one)] = uuid.UUID(other)
    return found


def _compared(rows: Sequence[StoredSpan]) -> list[list[StoredSpan]]:
    """The spans of each trace. Traces that may report the same call are one group."""
    shared: dict[tuple[str, str], uuid.UUID] = {}
    leads: dict[uuid.UUID, uuid.UUID] = {row.trace: row.trace for row in rows}

    def first(trace: uuid.UUID) -> uuid.UUID:
        while leads[trace] != trace:
            trace = leads[trace]
        return trace

    for row in rows:
        for sign in _signs(row):
            one, other = first(row.trace), first(shared.setdefault(sign, row.trace))
            leads[max(one, other)] = min(one, other)
    groups: dict[uuid.UUID, list[StoredSpan]] = defaultdict(list)
    for row in rows:
        groups[first(row.trace)].append(row)
    return list(groups.values())


def _signs(row: StoredSpan) -> list[tuple[str, str]]:
    """The signs that two reports of the same call share."""
    facts = row.facts or {}
    signs = [("sign", sign) for sign in facts.get("signs", ())]
    signs += [("response", facts["response"])] if row.kind in CALLS and facts.get("response") else []
    if row.kind == "llm" and facts.get("input") and reports_apart(facts.get("scope", "")):
        signs.append(("input", facts["input"]))
    return signs


def _span_facts(row: StoredSpan) -> SpanFacts:
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
        input_digest=facts.get("input", "").encode() or (GIVEN if facts.get("given") else b""),
        has_output=facts.get("output", False),
        has_usage=facts.get("usage", False),
        is_failed=facts.get("failed", False),
        ended_at=datetime.fromisoformat(facts["ended"]) if "ended" in facts else None,
        has_cost=facts.get("cost", False),
        is_event=facts.get("event", False),
        signs=tuple(facts.get("signs", ())),
    )
