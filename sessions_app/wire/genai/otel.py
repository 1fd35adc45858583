"""OpenTelemetry's GenAI conventions: semantic-conventions-genai as of November 2026, and all older names since
semantic-conventions 1.26 (messages as attributes, as one event, or as one event each).
"""

from __future__ import annotations

from typing import Any

from sessions_app.content.documents import PartKind
from sessions_app.content.json_bytes import DocumentError, object_fields
from sessions_app.wire.genai.cutting import Attributes
from sessions_app.wire.genai.reader import INPUT, OUTPUT, SYSTEM, TOOLS, Content, Cutter, Fields, attributes, given
from sessions_app.wire.genai.span import Span, event_name
from sessions_app.wire.genai.unfolding import text_of

INPUT_MESSAGES, OUTPUT_MESSAGES = "gen_ai.input.messages", "gen_ai.output.messages"
SYSTEM_INSTRUCTIONS, TOOL_DEFINITIONS = "gen_ai.system_instructions", "gen_ai.tool.definitions"
PARAMETER_PREFIX = "gen_ai.request."
_NO_PARAMETERS = frozenset({"gen_ai.request.model"})
# Conventions 1.28 to 1.36 have an event for each message, older ones one for the prompt and one for the completion.
_MESSAGE_EVENTS = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}
_CHOICE_EVENT = "gen_ai.choice"
_PROMPT_EVENT, _COMPLETION_EVENT = "gen_ai.content.prompt", "gen_ai.content.completion"
# Gemini's name for the assistant, and what Gemini CLI makes of it in its log records.
_ROLES_OF_PIECES = frozenset({"model", "system"})
_MESSAGE_MEMBERS = frozenset({"content", "tool_calls"})
_MEMBERS = ("content", "role", "name", "tool_calls")


def fields(span: Span) -> Fields:
    return given(
        call_type=span.text("gen_ai.operation.name"),
        requested_model=span.text("gen_ai.request.model"),
        model=span.text("gen_ai.response.model"),
        provider=span.text("gen_ai.provider.name", "gen_ai.system"),
        api_base=_api_base(span),
        finish_reason=_finish_reason(span),
        response_id=span.text("gen_ai.response.id"),
        previous_response_id=span.text("gen_ai.request.previous_response_id", "openai.request.previous_response_id"),
        first_token_after=span.number(
            "gen_ai.response.time_to_first_chunk", "gen_ai.client.operation.time_to_first_chunk"
        ),
        tool_name=span.text("gen_ai.tool.name"),
        tool_call_id=span.text("gen_ai.tool.call.id", "gen_ai.tool.call_id"),
        agent_name=span.text("gen_ai.agent.name", "gen_ai.workflow.name"),
        cost=span.number("gen_ai.usage.cost", "cost_usd"),
    )


def _api_base(span: Span) -> str:
    host = span.text("server.address")
    port = span.count("server.port")
    return f"{host}:{port}" if host and port else host


def _finish_reason(span: Span) -> str:
    """The first of an array. Logfire and LiteLLM write the array as JSON text."""
    reasons = span.json("gen_ai.response.finish_reasons")
    if isinstance(reasons, list):
        return next((reason for reason in reasons if isinstance(reason, str) and reason), "")
    return span.text("gen_ai.response.finish_reasons", "gen_ai.response.finish_reason") or _reason_in_messages(span)


def _reason_in_messages(span: Span) -> str:
    """Why the first of the output messages ended, or the first choice among the events and log records."""
    messages = span.json(OUTPUT_MESSAGES) if span.has(OUTPUT_MESSAGES) else None
    found = messages[:1] if isinstance(messages, list) else []
    for event in (*span.logs, *span.events):
        if event_name(event) == _CHOICE_EVENT:
            found += [event.get("body"), event.get("attributes")]
    reasons = (item.get("finish_reason") for item in found if isinstance(item, dict))
    return next((reason for reason in reasons if isinstance(reason, str)), "")


def parameters(span: Span) -> dict[str, Any]:
    """What the request asked for, under the names that the APIs use."""
    return {
        name.removeprefix(PARAMETER_PREFIX): value
        for name, value in span.attributes.items()
        if name.startswith(PARAMETER_PREFIX) and name not in _NO_PARAMETERS
    }


# --- content --------------------------------------------------------------------------------------------------------


def content(span: Span) -> Content:
    found: Content = _tool_content(span) if span.kind == "tool" else {}
    if span.kind == "retrieval":
        found = attributes(span, input="gen_ai.retrieval.query.text", output="gen_ai.retrieval.documents")
    for role, name in (
        (SYSTEM, SYSTEM_INSTRUCTIONS),
        (INPUT, INPUT_MESSAGES),
        (OUTPUT, OUTPUT_MESSAGES),
        (TOOLS, TOOL_DEFINITIONS),
    ):
        if role not in found and span.has(name):
            letter = {INPUT: "i", OUTPUT: "o"}.get(role, "c")
            kind = {SYSTEM: PartKind.SYSTEM, TOOLS: PartKind.TOOL}.get(role, PartKind.MESSAGE)
            is_whole = role == OUTPUT and is_in_pieces(span)
            found[role] = _cut_pieces if is_whole else _everywhere(name, letter, kind)
    if INPUT not in found and OUTPUT not in found and _has_message_events(span):
        found |= {INPUT: _cut_message_events, OUTPUT: _cut_choice_events}
    return found


def _tool_content(span: Span) -> Content:
    """A tool's arguments and result. Strands sends them in events."""
    found: Content = {}
    if span.has("gen_ai.tool.call.arguments"):
        found[INPUT] = _everywhere("gen_ai.tool.call.arguments", "i", PartKind.MESSAGE)
    if span.has("gen_ai.tool.call.result"):
        found[OUTPUT] = _everywhere("gen_ai.tool.call.result", "o", PartKind.MESSAGE)
    if not found and _has_message_events(span):
        found = {INPUT: _cut_tool_arguments, OUTPUT: _cut_tool_result}
    return found


def _cut_tool_arguments(cutter: Cutter) -> None:
    for name, values, _ in cutter.message_events():
        if name == "gen_ai.tool.message":
            values.cut("content", "i", PartKind.MESSAGE)


def _cut_tool_result(cutter: Cutter) -> None:
    for name, values, _ in cutter.message_events():
        if name == _CHOICE_EVENT:
            values.cut("message", "o", PartKind.MESSAGE)


def _everywhere(name: str, letter: str, kind: PartKind) -> Any:
    return lambda cutter: cutter.cut_everywhere(name, letter, kind)


def is_in_pieces(span: Span) -> bool:
    """Whether the output messages are the pieces of one streamed answer, and no alternatives to choose from.

    Alternatives say so (`gen_ai.request.choice.count`), or end for different reasons, or all have a text, or none.
    Pieces are Gemini's contents as they arrived, or only some of them have a text.
    """
    messages = span.json(OUTPUT_MESSAGES)
    if not isinstance(messages, list) or len(messages) < 2 or (span.count("gen_ai.request.choice.count") or 1) > 1:
        return False
    listed = [message for message in messages if isinstance(message, dict) and isinstance(message.get("role"), str)]
    roles = {message["role"] for message in listed}
    if len(listed) < len(messages) or len(roles) > 1:
        return False
    reasons = {str(message.get("finish_reason") or "") for message in listed}
    is_mixed = len({_has_text(message) for message in listed}) > 1 and len(reasons - {""}) < 2
    return roles <= _ROLES_OF_PIECES or is_mixed


def _has_text(message: dict[str, Any]) -> bool:
    parts = message.get("parts", message.get("content"))
    if not isinstance(parts, list):
        return bool(parts)
    return any(isinstance(part, dict) and part.get("type") == "text" and part.get("content") for part in parts)


def _cut_pieces(cutter: Cutter) -> None:
    if found := cutter.holder(OUTPUT_MESSAGES):
        found.cut_whole(OUTPUT_MESSAGES, "o", PartKind.MESSAGE)


def _has_message_events(span: Span) -> bool:
    events = (*span.events, *span.logs)
    names = {*_MESSAGE_EVENTS, _CHOICE_EVENT, _PROMPT_EVENT, _COMPLETION_EVENT}
    return any(event_name(event) in names for event in events)


def _cut_message_events(cutter: Cutter) -> None:
    for name, values, _ in cutter.message_events():
        role = _MESSAGE_EVENTS.get(name)
        if role is not None:
            _compose(values, role)
        elif name == _PROMPT_EVENT:
            values.cut("gen_ai.prompt", "i", PartKind.MESSAGE)


def _compose(values: Attributes, role: str) -> None:
    """Make a message of an event's members. A tool's `id` is that of its call."""
    members = {member: member for member in _MEMBERS}
    if role == "tool":
        members["tool_call_id"] = "id"
    fixed = {} if "role" in values.values else {"role": role}
    values.compose("message", members, fixed, "i")


def _is_message(value: Any, is_body: bool) -> bool:
    """Whether a choice has a message, and not only its content. Attributes have it as JSON."""
    if isinstance(value, dict):
        return is_body or not _MESSAGE_MEMBERS.isdisjoint(value)
    text = text_of(value)
    if text is None or text[:1] != b"{":
        return False
    try:
        return not _MESSAGE_MEMBERS.isdisjoint(object_fields(text))
    except DocumentError:
        return False


def _cut_choice_events(cutter: Cutter) -> None:
    for name, values, is_body in cutter.message_events():
        if name == _COMPLETION_EVENT:
            values.cut("gen_ai.completion", "o", PartKind.MESSAGE)
        elif name == _CHOICE_EVENT and _is_message(values.values.get("message"), is_body):
            values.cut("message", "o", PartKind.MESSAGE)
        elif name == _CHOICE_EVENT:
            fixed = {} if "role" in values.values else {"role": "assistant"}
            values.compose("choice", {"content": "message", "role": "role", "tool_calls": "tool_calls"}, fixed, "o")
