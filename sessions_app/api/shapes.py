"""What goes in and comes out, in JSON Schema (2020-12, as OpenAPI 3.1 has it): the components of the API's schema."""

from __future__ import annotations

from typing import Any

from sessions_app.records import KINDS, RULES
from sessions_app.wire.fields import MAX_COUNT, MAX_ID_CHARS

Shape = dict[str, Any]

# No maxItems: an operator may set another limit.
MANY = "At most 10,000, unless LOGSUI_MAX_LOGS_PER_REQUEST says otherwise."
# Years 1 and 9999 in seconds since 1970.
EARLIEST_SECONDS, LATEST_SECONDS = -62_135_596_800, 253_402_300_799


def ref(name: str) -> Shape:
    return {"$ref": f"#/components/schemas/{name}"}


def text(description: str = "", **more: Any) -> Shape:
    return _described({"type": "string", **more}, description)


def optional(shape: Shape, description: str = "") -> Shape:
    """The shape, or null for unknown."""
    kinds = shape["type"] if isinstance(shape.get("type"), list) else [shape["type"]]
    enum = {"enum": [*shape["enum"], None]} if "enum" in shape else {}
    return _described({**shape, "type": [*kinds, "null"], **enum}, description)


def count(description: str = "") -> Shape:
    return _described({"type": "integer", "minimum": 0}, description)


def array(items: Shape, description: str = "", **more: Any) -> Shape:
    return _described({"type": "array", "items": items, **more}, description)


def record(properties: dict[str, Shape], description: str = "", required: list[str] | None = None) -> Shape:
    """An object of an answer: all members are there, unless `required` names fewer."""
    return _described(
        {"type": "object", "properties": properties, "required": list(properties) if required is None else required},
        description,
    )


def page_of(name: str) -> Shape:
    return record(
        {
            "results": array(ref(name)),
            "next": optional(text(), "The cursor for the next page; null at the end."),
        }
    )


def _described(shape: Shape, description: str) -> Shape:
    return {**shape, "description": description} if description else shape


TIME = text("RFC 3339 in UTC with microseconds.", format="date-time")
ID = text(format="uuid")
COST = text("US dollars, a decimal without exponent.", pattern=r"^[0-9]+(\.[0-9]+)?$")
TOKENS = optional(count())

ERROR_DETAIL = record(
    {
        "type": text("A short word for programs."),
        "message": text("What is wrong and how to mend it."),
        "field": text("The member or parameter that is wrong."),
        "index": count("Which log of a body it is, from 0."),
        "docs": text("Where this is described."),
    },
    required=["type", "message"],
)
ERROR = record({"error": ref("ErrorDetail")})

# --- what is sent ---------------------------------------------------------------------------------------------------

_GIVEN = {"type": ["object", "array", "string", "number", "boolean"]}
_OPTIONAL_ID = optional(text(maxLength=MAX_ID_CHARS))
_LOG_TIME = {
    "anyOf": [
        text("RFC 3339; without an offset it is UTC.", format="date-time"),
        {
            "type": "number",
            "minimum": EARLIEST_SECONDS,
            "maximum": LATEST_SECONDS,
            "description": "Seconds since 1970-01-01T00:00:00Z.",
        },
        {"type": "null"},
    ]
}
# Seconds as a text are understood too, and an empty text as absent.
SECONDS_TEXT = {"type": "string", "pattern": r"^([0-9]{1,10}(\.[0-9]{1,6})?)?$"}
_LOG_TIME["anyOf"].append(SECONDS_TEXT)
FILTER_TIME = {"anyOf": [text(format="date-time"), text(format="date"), SECONDS_TEXT]}
_LOG_COUNT = {"type": ["integer", "null"], "minimum": 0, "maximum": MAX_COUNT}
USAGE = {
    "type": ["object", "null"],
    "description": "Also understood: prompt_tokens, completion_tokens, and the names of Anthropic.",
    "properties": dict.fromkeys(
        ("input_tokens", "output_tokens", "cached_tokens", "cache_write_tokens", "reasoning_tokens"), _LOG_COUNT
    ),
}
LOG: Shape = {
    "type": "object",
    "description": "One call of a model. At least one of request, response and error must be there. What is not listed "
    "here is kept with the metadata.",
    "properties": {
        "request_id": _described(_OPTIONAL_ID, "Sent twice, a log is stored once. Generated when absent."),
        "session_id": _described(_OPTIONAL_ID, "The session it belongs to; wins over trace_id."),
        "trace_id": _described(_OPTIONAL_ID, "Groups requests into a session."),
        "parent_id": _OPTIONAL_ID,
        "kind": optional(text(enum=list(KINDS)), "llm when absent."),
        "call_type": optional(text(), "Such as chat.completions; read from the request when absent."),
        "model": optional(text(), "Read from the bodies when absent."),
        "provider": optional(text()),
        "status": optional(text(enum=["success", "error"]), "error when there is an error or a status of 400 or more."),
        "status_code": {"type": ["integer", "null"], "minimum": 100, "maximum": 999},
        "error": {
            "type": ["object", "string", "null"],
            "properties": {"type": {}, "message": {}},
            "description": "An object with type and message, or a text.",
        },
        "started_at": {**_LOG_TIME, "description": "The time of receipt when absent."},
        "first_token_at": _LOG_TIME,
        "ended_at": _LOG_TIME,
        "request": {"description": "The body as it was sent to the model, any JSON."},
        "response": {"description": "The body as it came back, any JSON."},
        "usage": USAGE,
        "cost": {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": 10**15},
                {"type": "string", "pattern": r"^[0-9]{1,15}(\.[0-9]{1,20})?$"},
                {"type": "null"},
            ],
            "description": "US dollars.",
        },
        "user": optional(text(), "The end user."),
        "tags": {"type": ["array", "null"], "items": text()},
        "metadata": {"type": ["object", "null"], "description": "Anything else."},
    },
    "anyOf": [{"required": [name], "properties": {name: _GIVEN}} for name in ("request", "response")]
    + [{"required": ["error"], "properties": {"error": {"type": ["object", "string"]}}}],
    "example": {
        "request_id": "req-81f2",
        "trace_id": "checkout-bot-4711",
        "started_at": "2026-01-31T14:00:00Z",
        "ended_at": "2026-01-31T14:00:02.5Z",
        "request": {"model": "gpt-4o", "messages": [{"role": "user", "content": "Where is my order?"}]},
        "response": {
            "choices": [{"message": {"role": "assistant", "content": "On its way."}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 12, "completion_tokens": 5},
        },
        "cost": 0.0021,
        "user": "ada",
        "tags": ["production"],
    },
}
LOGS: Shape = {
    "anyOf": [
        ref("Log"),
        array(ref("Log"), MANY, minItems=1),
        {
            "type": "object",
            "properties": {"logs": array(ref("Log"), MANY, minItems=1)},
            "required": ["logs"],
        },
    ],
    "example": [LOG["example"]],
}
LITELLM_PAYLOAD: Shape = {
    "type": "object",
    "description": "A StandardLoggingPayload of LiteLLM, as its generic_api callback posts it.",
    "properties": {"id": {"description": "LiteLLM's id of the call."}},
    "anyOf": [{"required": [name]} for name in ("id", "litellm_call_id", "messages", "response")],
    "example": {
        "id": "chatcmpl-1",
        "call_type": "acompletion",
        "model": "gpt-4o",
        "status": "success",
        "startTime": 1769868000.0,
        "endTime": 1769868002.5,
        "messages": [{"role": "user", "content": "Where is my order?"}],
        "response": {"choices": [{"message": {"role": "assistant", "content": "On its way."}}]},
        "metadata": {"requester_metadata": {"litellm_trace_id": "checkout-bot-4711"}},
    },
}
LITELLM_LOGS: Shape = {
    "anyOf": [ref("LiteLLMPayload"), array(ref("LiteLLMPayload"), MANY, minItems=1)],
    "example": [LITELLM_PAYLOAD["example"]],
}

# --- what is answered -----------------------------------------------------------------------------------------------

REJECTED = record({"index": count("Which log of the body, from 0."), "error": ref("ErrorDetail")})
ACCEPTED = record({"accepted": count(), "rejected": array(ref("RejectedLog"))})
STORED_LOG = record(
    {
        "index": count("Which log of the body, from 0."),
        "id": ID,
        "request_id": text(),
        "session_id": ID,
        "session_key": optional(text()),
        "duplicate": {"type": "boolean", "description": "It had been sent before."},
        "contradicts": {
            "type": "boolean",
            "description": "It says other things than what came before under its id: kept beside that, not counted.",
        },
        "url": text(format="uri"),
    }
)
STORED = record(ACCEPTED["properties"] | {"duplicates": count(), "logs": array(ref("StoredLog"))})
NOTHING_ACCEPTED = record(
    {"error": ref("ErrorDetail"), **ACCEPTED["properties"]},
    "The error is that of the first log. accepted and rejected are missing when the body as a whole can't be taken.",
    required=["error"],
)

RULE = text(
    "Why a request is in its session: an id that its caller chose (session_id, trace_id); it continues a response or, "
    "as inferred from its messages, a conversation; it is another attempt after a failure; a person put it there "
    "(manual); or none of these (own).",
    enum=list(RULES),
)
SESSION = record(
    {
        "id": ID,
        "session_key": optional(text(), "The caller's id; null when the session was formed without one."),
        "project": text("The project's slug."),
        "title": optional(text(), "The beginning of the first user text."),
        "preview": optional(text(), "The beginning of the last answer."),
        "started_at": TIME,
        "last_at": TIME,
        "request_count": count(),
        "error_count": count(),
        "retry_count": count("How many of its requests repeat one that failed."),
        "step_count": count("How many steps it has: agents, tools, ... around its requests."),
        "input_tokens": TOKENS,
        "output_tokens": TOKENS,
        "cached_tokens": TOKENS,
        "cost": optional(COST),
        "models": array(text()),
        "users": array(text()),
        "tags": array(text()),
        "sources": array(text()),
        "rules": array(RULE, "Why its requests are in it; more than one may hold."),
        "url": text("Its page.", format="uri"),
    }
)
REQUEST = record(
    {
        "id": ID,
        "request_id": text("The caller's id, or a generated one."),
        "session_id": ID,
        "session_key": optional(text()),
        "kind": text(enum=list(KINDS)),
        "name": optional(text(), "What the span, tool or agent calls itself."),
        "counted": {
            "type": "boolean",
            "description": "False for steps (tools, agents, ...) and for a second report of a call.",
        },
        "step": {"type": "boolean", "description": "It is no call of a model by itself."},
        "duplicate_of": optional(text(format="uuid"), "The request that stands for the call which this reports too."),
        "contradicting_copies": count(
            "How often it was reported again with other content: kept beside it, counted nowhere."
        ),
        "trace_id": optional(text()),
        "span_id": optional(text()),
        "parent_id": optional(text(), "The id of the span or request above."),
        "tool_call_id": optional(text(), "Of a tool's run: the call that asked for it."),
        "problems": array(text(), "What of a span could not be read as it was meant."),
        "call_type": optional(text()),
        "model": optional(text()),
        "provider": optional(text()),
        "status": text(enum=["success", "error"]),
        "status_code": {"type": ["integer", "null"], "description": "The HTTP status of the model's API."},
        "error": {
            **record({"type": optional(text()), "message": optional(text())}),
            "type": ["object", "null"],
        },
        "started_at": TIME,
        "first_token_at": optional(TIME),
        "ended_at": optional(TIME),
        "duration_ms": {"type": ["number", "null"], "minimum": 0},
        "input_tokens": TOKENS,
        "output_tokens": TOKENS,
        "cached_tokens": TOKENS,
        "cache_write_tokens": TOKENS,
        "reasoning_tokens": TOKENS,
        "cost": optional(COST),
        "user": optional(text()),
        "tags": array(text()),
        "source": text(),
        "grouped_by": record(
            {
                "rule": RULE,
                "detail": text("In words: the member that says so, the request that it continues or repeats, or who."),
            }
        ),
        "continues": optional(text(format="uuid"), "The request whose conversation this one goes on with."),
        "url": text("Its page.", format="uri"),
    }
)
_DOCUMENTS = {
    "request": {"description": "The body exactly as it was sent; null when there is none."},
    "response": {"description": "The body exactly as it came back; null when there is none."},
    "metadata": {"description": "The caller's metadata, exactly as sent, and what else the log held."},
    "parameters": {"type": "object", "description": "What the request asks for beside its messages and tools."},
}
REQUEST_WITH_DOCUMENTS = record(REQUEST["properties"] | _DOCUMENTS)
COPY = record(
    {
        "id": ID,
        "source": text("The format in which it came: native, litellm, otlp."),
        "received_at": TIME,
        "differs": array(text(), "Members in which it differs from the request, as paths; ten at most."),
    }
    | _DOCUMENTS
)
REMOVED = record({"rows": count(), "bytes": count("As the database stores them, indexes aside.")})
RECEIPT = record(
    {
        "deleted": record({"sessions": count(), "requests": count()}),
        "rows": count(),
        "bytes": count(),
        "tables": {"type": "object", "additionalProperties": ref("Removed")},
        "left": record(
            {
                "rejected_logs": count("Rejected logs that mention an id of what was deleted, but are others'."),
                "waiting_bodies": count("Bodies that wait to be digested and mention one: they may bring it again."),
                "not_looked_through": count("Older rejected logs and waiting bodies that were not looked through."),
            }
        ),
    },
    "What was deleted.",
)

_ACTIONS = ["move", "split", "merge"]
CORRECTION = record(
    {
        "id": count(),
        "project": text("The project's slug."),
        "action": text(enum=_ACTIONS),
        "made_at": TIME,
        "made_by": text("The user, or the API key by its name."),
        "source_session_id": ID,
        "target_session_id": ID,
        "request_id": optional(text(format="uuid"), "Where a session was split: the id that this request had then."),
        "request_count": count("How many requests went to the other session."),
        "undone_at": optional(TIME),
        "undone_by": optional(text()),
        "url": text("The page with the session's corrections.", format="uri"),
    }
)


def _correction(action: str, description: str, members: dict[str, Shape], *optional_ones: str) -> Shape:
    return {
        "type": "object",
        "description": description,
        "properties": {"action": text(enum=[action]), **members},
        "required": ["action", *(name for name in members if name not in optional_ones)],
        "additionalProperties": False,
    }


MOVE = _correction(
    "move",
    "Requests of one session go to the target, or to a new session when that is null or absent.",
    {
        "request_ids": array(ID, minItems=1, maxItems=1000),
        "target_session_id": optional(text(format="uuid")),
    },
    "target_session_id",
)
SPLIT = _correction(
    "split",
    "This request and all later ones of its session go to a new one, and so do those that arrive later.",
    {"request_id": ID},
)
MERGE = _correction(
    "merge",
    "All requests of the session go to the target, to which its id leads then, and so do those that arrive later.",
    {"session_id": ID, "target_session_id": ID},
)
_EXAMPLE_ID = "3d1f2f4e-8a55-5c0b-9d51-0c9a3a1f7e21"
CORRECTION_BODY: Shape = {
    "anyOf": [ref("Move"), ref("Split"), ref("Merge")],
    "example": {"action": "split", "request_id": _EXAMPLE_ID},
}

COMPONENTS: dict[str, Shape] = {
    "Accepted": ACCEPTED,
    "Correction": CORRECTION,
    "CorrectionPage": page_of("Correction"),
    "Error": ERROR,
    "ErrorDetail": ERROR_DETAIL,
    "LiteLLMPayload": LITELLM_PAYLOAD,
    "Log": LOG,
    "Merge": MERGE,
    "Move": MOVE,
    "NothingAccepted": NOTHING_ACCEPTED,
    "Receipt": RECEIPT,
    "RejectedLog": REJECTED,
    "Removed": REMOVED,
    "ContradictingCopy": COPY,
    "ContradictingCopyPage": page_of("ContradictingCopy"),
    "Request": REQUEST,
    "RequestPage": page_of("Request"),
    "RequestWithDocuments": REQUEST_WITH_DOCUMENTS,
    "Session": SESSION,
    "SessionPage": page_of("Session"),
    "Split": SPLIT,
    "Stored": STORED,
    "StoredLog": STORED_LOG,
}
