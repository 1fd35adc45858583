"""LiteLLM's OpenTelemetry callbacks, 1.106: the classic one (`otel`) and its successor (`LITELLM_OTEL_V2`)."""

from __future__ import annotations

from typing import Any

from sessions_app.content.documents import PartKind
from sessions_app.wire.genai.reader import OUTPUT, TOOLS, Content, Cutter, Fields, given
from sessions_app.wire.genai.span import Span
from sessions_app.wire.genai.traceloop import function

_COMPLETION = "gen_ai.completion"
_FUNCTIONS, _TOOLS = "llm.request.functions", "gen_ai.tool"


def is_meant(span: Span) -> bool:
    return "litellm.call_id" in span.attributes or span.scope == "litellm"


def fields(span: Span) -> Fields:
    if not is_meant(span):
        return {}
    call_id = span.text("litellm.call_id")
    response_id = span.text("gen_ai.response.id")
    return (
        {}
        if span.kind == "other"
        else given(
            # For a failed call or an embedding, the callback gives the call's id as the response's.
            response_id="" if response_id == call_id else response_id,
            call_id=call_id,
            call_type=span.text("litellm.call_type", "gen_ai.operation.name"),
            error_message=span.text("error.message"),
            http_status=span.count("http.response.status_code", "error.code", "litellm.provider.error.code"),
            cost=span.number("gen_ai.cost.total_cost", "litellm.cost.total"),
            cost_breakdown=_costs(span),
            key_alias=span.text("metadata.user_api_key_alias"),
        )
    )


def _costs(span: Span) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in span.attributes.items():
        for prefix in ("gen_ai.cost.", "litellm.cost."):
            if name.startswith(prefix) and name not in ("gen_ai.cost.total_cost", "litellm.cost.total") and value:
                found[name.removeprefix(prefix)] = value
    return found


def parameters(span: Span) -> dict[str, Any]:
    return {}


def content(span: Span) -> Content:
    """The classic callback leaves tool calls out of its messages; their names and arguments are separate attributes."""
    if not is_meant(span):
        return {}
    found: Content = {}
    if span.group(_COMPLETION):
        found[OUTPUT] = lambda cutter: _cut_output(span, cutter)
    if span.group(_FUNCTIONS) or span.group(_TOOLS):
        found[TOOLS] = lambda cutter: _cut_tools(span, cutter)
    return found


def _cut_output(span: Span, cutter: Cutter) -> None:
    cutter.own.cut("gen_ai.output.messages", "o", PartKind.MESSAGE)
    cutter.own.nest(_COMPLETION, span.group(_COMPLETION), "traceloop", "o")


def _cut_tools(span: Span, cutter: Cutter) -> None:
    """The successor writes tools under both names. Equal definitions are stored once."""
    for prefix in (_FUNCTIONS, _TOOLS):
        cutter.own.nest_tools(prefix, span.group(prefix), function)
