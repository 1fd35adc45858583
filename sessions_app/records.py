"""The normalised record: every wire format is translated into it. Plain Python, no Django."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sessions_app.content.documents import SplitDocument

SUCCESS = "success"
# Who says what a request costs.
STATED, COMPUTED = "stated", "computed"
ERROR = "error"
# It began; its log says that there is no end yet.
RUNNING = "running"

RULE_SESSION_ID = "session_id"
RULE_TRACE_ID = "trace_id"
RULE_PREVIOUS_RESPONSE = "previous_response_id"
RULE_CONVERSATION = "conversation"
RULE_TOOL_CALL = "tool_call"
RULE_ATTEMPT = "attempt"
RULE_SUB_AGENT = "sub_agent"
RULE_MANUAL = "manual"
RULE_OWN = "own"
RULES = (
    *(RULE_SESSION_ID, RULE_TRACE_ID, RULE_PREVIOUS_RESPONSE, RULE_CONVERSATION, RULE_TOOL_CALL, RULE_ATTEMPT),
    *(RULE_SUB_AGENT, RULE_MANUAL, RULE_OWN),
)

# Texts in lists and filters (tags, end users, models) are clipped to this length, which every index takes.
TAG_CHARS = 200

# The sources of logs, as pages write them.
SOURCES = {"native": "REST", "litellm": "LiteLLM", "otlp": "OpenTelemetry"}
KINDS = ("llm", "embedding", "tool", "agent", "chain", "retrieval", "guardrail", "other")


class WireFormatError(ValueError):
    """A log that cannot be understood.

    `type` is a short machine-readable word. `field` is the path of the wrong member (`request.messages`). `status` is
    the HTTP status for the client.
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
    # Parts of the written, of the input and of the output that may have a price of their own.
    cache_write_1h_tokens: int | None = None
    input_audio_tokens: int | None = None
    output_audio_tokens: int | None = None
    output_image_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class SessionClaim:
    """The session that a log names: its key, the rule by which it was found and the member that has it.

    `key` is None when the caller gave none (rule `own`). `weak` marks a key that a proxy may have invented.
    """

    key: str | None = None
    rule: str = RULE_OWN
    detail: str = ""
    weak: bool = False


@dataclass(frozen=True, slots=True)
class StreamNote:
    """The answer was put together from the events of a stream. `is_broken_off`: its end was not received.

    It is stored as text among the problems of a record.
    """

    events: int
    is_broken_off: bool = False

    def __str__(self) -> str:
        return f"{_STREAM}{self.events}{_BROKEN_OFF if self.is_broken_off else ''}"

    @classmethod
    def apart(cls, problems: Sequence[str]) -> tuple[tuple[str, ...], StreamNote | None]:
        """The problems of a record without the note, and the note."""
        text = next((text for text in problems if text.startswith(_STREAM)), None)
        if text is None:
            return tuple(problems), None
        count = text.removeprefix(_STREAM).removesuffix(_BROKEN_OFF)
        note = cls(int(count), text.endswith(_BROKEN_OFF)) if count.isascii() and count.isdigit() else None
        return tuple(other for other in problems if other != text), note


_STREAM, _BROKEN_OFF = "events of a stream: ", ", broken off"


@dataclass(frozen=True, slots=True)
class Record:
    """One call of a model (or tool, agent, …) with its answer. Wire formats make it complete; nobody changes it later.

    `dedupe_key` is the idempotency key within the project (text of any length). `request_id` is the id that a person
    would look for; `aliases` are further ids of the same call (call id, response id). Times are aware datetimes in UTC
    between the years 1 and 9999; `time_problems` lists times that were clamped or contradict each other. `document` is
    the whole log entry, cut into parts; its lists `input`, `output` and `context` are in the order of the conversation.
    `alternative_outputs`: the outputs are choices to pick from, not one sequence. All attempts of one call at a proxy
    share `call_id`; `key_hash` identifies the proxy's key with which the call was made. `tier` is that of the service
    (flex, priority, batch), if the answer states another one than the usual.

    For a span of a trace: `span_id` and `parent_id` are its place in the trace `trace_id`; `scope` is the
    instrumentation that made it; `name` is the name that it has; `step` marks a span that is not a model call itself;
    `claim_rank` is how strong its claim is for the whole trace (`wire.genai.sessions`). A tool's span has `tool_name`
    and, as `tool_call_id`, the id of the tool call for which the tool ran. `is_event`: it is not a span, but an agent's
    log record of the same; `signs` are what it shares with other reports of its call. `problems` lists what could not
    be read as it was meant, and may have the note of a stream.
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
    tier: str = ""
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
    is_event: bool = False
    signs: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def is_prompt(self) -> bool:
        """Whether it is an agent's event that tells what the user said. `_session_sums.sql` says the same."""
        return self.step and self.call_type.endswith(".user_prompt")


@dataclass(frozen=True, slots=True)
class Documents:
    """What one stored log entry holds, for reading: the exact JSON bytes of each document, None when it is absent.

    `is_input_withheld`: the sender had no messages to log, and says so. `is_span`: telemetry reported it, which holds
    messages only if it was told to capture them.
    """

    request: bytes | None
    response: bytes | None
    metadata: bytes | None
    parameters: dict[str, Any]
    log: bytes
    is_input_withheld: bool = False
    is_span: bool = False
