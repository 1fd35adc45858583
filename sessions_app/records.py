"""The normalised record: what every wire format is translated into. Plain Python, no Django."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sessions_app.content.documents import SplitDocument

SUCCESS = "success"
ERROR = "error"

RULE_SESSION_ID = "session_id"
RULE_TRACE_ID = "trace_id"
RULE_PREVIOUS_RESPONSE = "previous_response_id"
RULE_CONVERSATION = "conversation"
RULE_ATTEMPT = "attempt"
RULE_MANUAL = "manual"
RULE_OWN = "own"
RULES = (
    *(RULE_SESSION_ID, RULE_TRACE_ID, RULE_PREVIOUS_RESPONSE, RULE_CONVERSATION, RULE_ATTEMPT, RULE_MANUAL, RULE_OWN),
)

# Texts in lists and filters (tags, end users, models) are clipped to this, which every index takes.
TAG_CHARS = 200

KINDS = ("llm", "embedding", "tool", "agent", "chain", "retrieval", "guardrail", "other")


class WireFormatError(ValueError):
    """A log that cannot be understood.

    `type` is a short machine-readable word, `field` the path of the offending member (`request.messages`), `status`
    the HTTP status that says the same to a client.
    """

    def __init__(self, message: str, *, type: str = "invalid_log", field: str | None = None, status: int = 422) -> None:
        super().__init__(message)
        self.message = message
        self.type = type
        self.field = field
        self.status = status

    def as_dict(self) -> dict[str, Any]:
        """The `error` object of the HTTP contract."""
        named = {"field": self.field} if self.field else {}
        return {"type": self.type, "message": self.message, **named}


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts of one call; None is unknown. Cached and cache-write tokens count as input, reasoning as output."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class SessionClaim:
    """Which session a log says it belongs to: the key, the rule that found it and the member it stood in.

    `key` is None when the caller gave none (rule `own`). `weak` marks a key that the proxy may have invented.
    """

    key: str | None = None
    rule: str = RULE_OWN
    detail: str = ""
    weak: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """One call of a model (or tool, agent, …) with its answer, as every source gives it.

    `dedupe_key` is the idempotency key within the project (text of any length). `request_id` is the id a person
    would look for; `aliases` are further ids of the same call (call id, response id). Times are aware datetimes in
    UTC between the years 1 and 9999; `time_problems` names what was clamped or is contradictory. `document` is the
    whole log entry, split; `input`, `output` and `context` lists of it are in the order of the conversation.
    `alternative_outputs`: the outputs are choices among which a caller picks, not one sequence. `call_id` is what all
    attempts of one call share at a proxy; `key_hash` tells by which of the proxy's keys it was made.

    Of a span of a trace: `span_id` and `parent_id` are its place in `trace_id`; `scope` is the instrumentation that
    made it; `name` is what it calls itself; `step` marks one that is no model call by itself; `claim_rank` is how
    strong its claim is for the whole trace (`wire.genai.sessions`); a tool's span has `tool_name` and the
    `tool_call_id` of the call that caused it. `problems` says what could not be read as it was meant.
    """

    source: str
    dedupe_key: str
    request_id: str
    claim: SessionClaim
    document: SplitDocument
    started_at: datetime
    received_at: datetime
    first_token_at: datetime | None = None
    ended_at: datetime | None = None
    time_problems: tuple[str, ...] = ()
    trace_id: str = ""
    parent_id: str = ""
    kind: str = "llm"
    call_type: str = ""
    model: str = ""
    requested_model: str = ""
    provider: str = ""
    api_base: str = ""
    status: str = SUCCESS
    http_status: int | None = None
    error_type: str = ""
    error_message: str = ""
    finish_reason: str = ""
    usage: Usage = field(default_factory=Usage)
    cost: Decimal | None = None
    cost_breakdown: dict[str, Any] = field(default_factory=dict)
    end_user: str = ""
    key_alias: str = ""
    tags: tuple[str, ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    response_id: str = ""
    previous_response_id: str = ""
    alternative_outputs: bool = False
    call_id: str = ""
    key_hash: str = ""
    byte_size: int = 0
    span_id: str = ""
    step: bool = False
    scope: str = ""
    name: str = ""
    claim_rank: int = 0
    tool_name: str = ""
    tool_call_id: str = ""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Documents:
    """What one stored log entry holds, for reading: exact JSON bytes of each document, None when absent."""

    request: bytes | None
    response: bytes | None
    metadata: bytes | None
    parameters: dict[str, Any]
    log: bytes
