"""Vercel's AI SDK: 4 to 6 (scope `ai`, `ai.*`), and what 7 adds to OpenTelemetry's names (`ai.settings.context.*`)."""

from __future__ import annotations

from typing import Any

from sessions_app.content.documents import PartKind
from sessions_app.wire.genai.kinds import ai_sdk_operation
from sessions_app.wire.genai.reader import INPUT, OUTPUT, TOOLS, Content, Cutter, Fields, attributes, given
from sessions_app.wire.genai.span import Span

_METADATA = ("ai.telemetry.metadata.", "ai.settings.context.")
_NOT_METADATA = frozenset({"sessionId", "session_id", "userId", "user_id"})
_SETTINGS = "ai.settings."
# An answer is spread over several attributes. Version 3 called them `ai.result`.
_ANSWER = {"content": "text", "reasoning_content": "reasoning", "tool_calls": "toolCalls"}


def is_meant(span: Span) -> bool:
    return ai_sdk_operation(span) != ""


def fields(span: Span) -> Fields:
    metadata = _metadata(span) if span.scope in ("ai", "gen_ai") or is_meant(span) else {}
    if not is_meant(span):
        return given(metadata=metadata)
    milliseconds = span.number("ai.response.msToFirstChunk", "ai.stream.msToFirstChunk")
    return given(
        call_type=ai_sdk_operation(span),
        requested_model=span.text("ai.model.id", "gen_ai.request.model"),
        model=span.text("ai.response.model", "gen_ai.response.model"),
        provider=span.text("ai.model.provider", "gen_ai.system").partition(".")[0],
        finish_reason=span.text("ai.response.finishReason"),
        response_id=span.text("ai.response.id"),
        first_token_after=milliseconds / 1000 if milliseconds is not None else None,
        tool_name=span.text("ai.toolCall.name"),
        tool_call_id=span.text("ai.toolCall.id"),
        agent_name=span.text("ai.telemetry.functionId"),
        metadata=metadata,
    )


def _metadata(span: Span) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in span.attributes.items():
        prefix = next((prefix for prefix in _METADATA if name.startswith(prefix)), None)
        if prefix and name.removeprefix(prefix) not in _NOT_METADATA:
            found[name.removeprefix(prefix)] = value
    return found


def parameters(span: Span) -> dict[str, Any]:
    if not is_meant(span):
        return {}
    return {
        name.removeprefix(_SETTINGS): value
        for name, value in span.attributes.items()
        if name.startswith(_SETTINGS) and not name.startswith(_METADATA)
    }


def content(span: Span) -> Content:
    if not is_meant(span):
        return {}
    if span.kind == "tool":
        return attributes(span, input="ai.toolCall.args", output="ai.toolCall.result")
    found = attributes(span, input=("ai.prompt.messages", "ai.prompt", "ai.value"))
    if span.has("ai.values"):
        found[INPUT] = lambda cutter: cutter.own.cut_texts("ai.values", "i", PartKind.MESSAGE)
    if span.has("ai.prompt.tools"):
        found[TOOLS] = lambda cutter: cutter.own.cut_texts("ai.prompt.tools", "c", PartKind.TOOL)
    found[OUTPUT] = _cut_answer
    return found


def _cut_answer(cutter: Cutter) -> None:
    for prefix in ("ai.response", "ai.result"):
        answer = {member: f"{prefix}.{name}" for member, name in _ANSWER.items()}
        if f"{prefix}.text" not in cutter.own.raws:
            answer["content"] = f"{prefix}.object"
        cutter.own.compose(prefix, answer, {"role": "assistant"}, "o")
