"""What the body of a response says beside its messages."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sessions_app.content.json_bytes import DocumentError, JsonBytes, array_items, kind_of, object_fields
from sessions_app.records import StreamNote, Usage
from sessions_app.wire import failures
from sessions_app.wire.copies import UNFINISHED
from sessions_app.wire.errors import Failure
from sessions_app.wire.members import Fields, conversation_in, first_text, small_member, text_member
from sessions_app.wire.tiers import tier_of
from sessions_app.wire.usage import UNKNOWN_USAGE
from sessions_app.wire.usage_places import counted_in

_STOPS = frozenset(failures.STOPS)


@dataclass(slots=True)
class ResponseFacts:
    """What a response body says beside its messages. `alternatives`: its outputs are choices to pick from, not one
    sequence. `stream`: it was put together from events. `call_type`: the API that answers so, if that is sure.
    `api`: the same of a conversation, whose request may be that of several APIs.
    `conversation`: the id of the provider's conversation, and the member that has it.
    """

    id: str = ""
    model: str = ""
    finish_reason: str = ""
    usage: Usage = UNKNOWN_USAGE
    cost: Decimal | None = None
    alternatives: bool = False
    failure: Failure | None = None
    stream: StreamNote | None = None
    call_type: str = ""
    tier: str = ""
    api: str = ""
    conversation: tuple[str, str] = ("", "")


def facts_of_response(fields: Fields) -> ResponseFacts:
    """Its id, model, counts, and why it ended."""
    usage, cost = counted_in(fields)
    facts = ResponseFacts(
        id=first_text(fields, "id", "responseId", "response_id"),
        model=first_text(fields, "model", "modelVersion", "model_version"),
        finish_reason="" if _STOPS.isdisjoint(fields) else first_text(fields, *failures.STOPS),
        usage=usage,
        cost=cost,
        tier=tier_of(fields),
        api=_api(fields),
        conversation=conversation_in(fields),
    )
    if "output" in fields and not facts.finish_reason:
        # `incomplete` has a reason, which says more.
        details = small_member(fields, "incomplete_details")
        reason = details.get("reason") if isinstance(details, dict) else None
        status = text_member(fields, "status")
        # The state of an answer that is not there yet is no end of it.
        status = "" if status in UNFINISHED else status
        facts.finish_reason = reason if isinstance(reason, str) and reason else status
    facts.failure = failures.of_body(fields)
    return facts


_OBJECTS = {"chat.completion": "chat.completions", "text_completion": "completions", "response": "responses"}


def _api(fields: Fields) -> str:
    """The API that an answer names, or that alone answers so. Requests of several APIs look the same."""
    if "object" in fields:
        return _OBJECTS.get(text_member(fields, "object"), "")
    if "stop_reason" in fields and "content" in fields and text_member(fields, "type") == "message":
        return "messages"
    if "message" in fields and "finish_reason" in fields and "choices" not in fields:
        # Cohere.
        return "chat"
    if "done" in fields:
        # Ollama.
        return "chat" if "message" in fields else "generate" if "response" in fields else ""
    return "converse" if "stopReason" in fields and "output" in fields else ""


def finish_reasons(raw: JsonBytes) -> list[tuple[int, str]]:
    """The numbers of a body's choices, from 1 on, and why each ended; empty if it is no body with choices."""
    try:
        fields = object_fields(raw) if kind_of(raw) == "object" else {}
        listed = next((fields[name] for name in ("choices", "candidates") if name in fields), b"null")
        choices = array_items(listed) if kind_of(listed) == "array" else []
        found = [object_fields(choice) if kind_of(choice) == "object" else {} for choice in choices]
    except DocumentError:
        return []
    reasons = [first_text(choice, "finish_reason", "finishReason", "stop_reason") for choice in found]
    return [(number, reason) for number, reason in enumerate(reasons, 1) if reason]
