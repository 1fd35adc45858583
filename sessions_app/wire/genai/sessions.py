"""Which session and user a span names, and which session the spans of a trace belong to.

Ids by rank: keys that the application set, then `gen_ai.conversation.id` (some libraries invent one for each run), then
the resource's `session.id` (one process, one session).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sessions_app.records import RULE_SESSION_ID, RULE_TRACE_ID, SessionClaim
from sessions_app.wire.fields import MAX_ID_CHARS, clean
from sessions_app.wire.genai.span import Span

EXPLICIT, CONVERSATION, RESOURCE, NONE = 3, 2, 1, 0

_EXPLICIT_KEYS = (
    *("langfuse.session.id", "session.id", "traceloop.association.properties.session_id"),
    *("ai.telemetry.metadata.sessionId", "ai.telemetry.metadata.session_id"),
    *("ai.settings.context.sessionId", "ai.settings.context.session_id"),
    *("langfuse.observation.metadata.langfuse_session_id", "langfuse.trace.metadata.langfuse_session_id"),
    *("mlflow.trace.session", "wandb.thread_id", "session_id", "thread_id"),
)
_METADATA_KEYS = ("session_id", "thread_id", "conversation_id")
_CONVERSATION_KEYS = ("gen_ai.conversation.id", "gcp.vertex.agent.session_id", "conversation.id")
_USER_KEYS = (
    *("user.id", "langfuse.user.id", "enduser.id", "traceloop.association.properties.user_id"),
    *("ai.telemetry.metadata.userId", "ai.telemetry.metadata.user_id"),
    *("ai.settings.context.userId", "ai.settings.context.user_id"),
    *("langfuse.observation.metadata.langfuse_user_id", "langfuse.trace.metadata.langfuse_user_id"),
    *("mlflow.trace.user", "llm.user", "user_id", "user.account_id", "user.email"),
)


def claim_of(span: Span) -> tuple[SessionClaim, int]:
    """The session that a span itself names, and the rank of that claim: `EXPLICIT`, ... or `NONE`."""
    for name in _EXPLICIT_KEYS:
        if key := _id(span.quoted(name)):
            return SessionClaim(key, RULE_SESSION_ID, name), EXPLICIT
    if span.attributes.get("metadata"):
        metadata = span.object("metadata")
        for name in _METADATA_KEYS:
            if key := _id(metadata.get(name)):
                return SessionClaim(key, RULE_SESSION_ID, f"metadata.{name}"), EXPLICIT
    for name in _CONVERSATION_KEYS:
        if key := _id(span.text(name)):
            return SessionClaim(key, RULE_SESSION_ID, name), CONVERSATION
    if key := _id(span.resource.get("session.id")):
        return SessionClaim(key, RULE_SESSION_ID, "resource session.id"), RESOURCE
    return SessionClaim(), NONE


def _id(value: Any) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return clean(text.strip(), MAX_ID_CHARS) if isinstance(text, str) else ""


def user_of(span: Span) -> str:
    return span.quoted(*_USER_KEYS)


# --- over the spans of a trace --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ClaimFacts:
    """The fields of a span's `Record` that decide which session the spans of its trace belong to."""

    span_id: str
    parent_id: str
    claim: SessionClaim
    rank: int


def trace_claims(trace_id: str, spans: Sequence[ClaimFacts]) -> dict[str, SessionClaim]:
    """The session of each span of a trace, by span id.

    For each rank, strongest first: the id of the span itself, else that of its nearest ancestor with one, else the id
    on which all spans of that rank agree. Without any id the trace is the session.
    """
    by_id = {span.span_id: span for span in spans}
    without = SessionClaim(trace_id, RULE_TRACE_ID, "traceId")
    found: dict[str, SessionClaim] = {}
    for rank in (EXPLICIT, CONVERSATION, RESOURCE):
        nearest, common = _nearest(by_id, rank), _agreed(spans, rank)
        for span_id in by_id.keys() - found.keys():
            if claim := nearest[span_id] or common:
                found[span_id] = claim
    return {span_id: found.get(span_id, without) for span_id in by_id}


def _agreed(spans: Sequence[ClaimFacts], rank: int) -> SessionClaim | None:
    claims = [span.claim for span in spans if span.rank == rank]
    # `detail` too must not depend on which span came first.
    return min(claims, key=lambda claim: claim.detail) if len({claim.key for claim in claims}) == 1 else None


def _nearest(by_id: dict[str, ClaimFacts], rank: int) -> dict[str, SessionClaim | None]:
    """For each span, the claim of this rank of the span itself, else of its nearest ancestor with one.

    Each span is visited once, however deep they are nested.
    """
    found: dict[str, SessionClaim | None] = {}
    for span_id, span in by_id.items():
        path: dict[str, None] = {}
        at: ClaimFacts | None = span
        while at is not None and at.rank != rank and at.span_id not in found and at.span_id not in path:
            path[at.span_id] = None
            at = by_id.get(at.parent_id)
        claim = None
        if at is not None:
            claim = at.claim if at.rank == rank else found.get(at.span_id)
        found.update(dict.fromkeys(path, claim))
        found.setdefault(span_id, claim)
    return found
