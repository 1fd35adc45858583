"""Langfuse's SDK 3 to 5 (`langfuse.observation.*`): `@observe`, its OpenAI wrapper and its LangChain callback."""

from __future__ import annotations

from typing import Any

from sessions_app.wire.genai.reader import Content, Fields, attributes, given
from sessions_app.wire.genai.span import Span

_INPUT, _OUTPUT = "langfuse.observation.input", "langfuse.observation.output"
_METADATA, _TRACE_METADATA = "langfuse.observation.metadata.", "langfuse.trace.metadata."
_NOT_METADATA = ("langfuse_session_id", "langfuse_user_id", "langfuse_tags")


def is_meant(span: Span) -> bool:
    return "langfuse.observation.type" in span.attributes or _INPUT in span.attributes


def fields(span: Span) -> Fields:
    if not is_meant(span):
        return {}
    costs = span.object("langfuse.observation.cost_details")
    is_tool = span.kind == "tool"
    return given(
        call_type=span.text("langfuse.observation.type"),
        model=span.text("langfuse.observation.model.name"),
        provider=span.quoted(f"{_METADATA}ls_provider"),
        requested_model=span.quoted(f"{_METADATA}ls_model_name"),
        error_message=span.text("langfuse.observation.status_message"),
        is_error=True if span.text("langfuse.observation.level") == "ERROR" else None,
        cost=costs.get("total"),
        cost_breakdown={name: cost for name, cost in costs.items() if name != "total"},
        first_token_time=span.quoted("langfuse.observation.completion_start_time"),
        finish_reason=span.quoted(f"{_METADATA}finish_reason"),
        response_id=span.quoted(f"{_METADATA}id") if span.kind == "llm" else None,
        tool_name=span.name if is_tool else None,
        tool_call_id=span.quoted(f"{_METADATA}tool_call_id") if is_tool else None,
        agent_name=span.name if not is_tool else None,
        tags=span.json("langfuse.trace.tags") or span.json(f"{_METADATA}langfuse_tags"),
        metadata=_metadata(span),
    )


def _metadata(span: Span) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in span.attributes.items():
        for prefix in (_METADATA, _TRACE_METADATA):
            if name.startswith(prefix) and name.removeprefix(prefix) not in _NOT_METADATA:
                found[name.removeprefix(prefix)] = span.json(name) if isinstance(value, str) else value
    return {name: value for name, value in found.items() if value is not None}


def parameters(span: Span) -> dict[str, Any]:
    return span.object("langfuse.observation.model.parameters") if is_meant(span) else {}


def content(span: Span) -> Content:
    return attributes(span, input=_INPUT, output=_OUTPUT) if is_meant(span) else {}
