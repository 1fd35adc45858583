"""Pydantic AI (instrumentation formats 1 to 6) and Logfire 5: OpenTelemetry's names, and some of their own."""

from __future__ import annotations

from typing import Any

from sessions_app.wire.genai.reader import Content, Fields, attributes, given
from sessions_app.wire.genai.span import Span


def is_meant(span: Span) -> bool:
    return any(name in span.attributes for name in ("logfire.json_schema", "logfire.msg", "model_request_parameters"))


def fields(span: Span) -> Fields:
    if not is_meant(span):
        return {}
    return given(
        requested_model=span.text("gen_ai.request.model", "model_name"),
        agent_name=span.text("gen_ai.agent.name", "agent_name"),
        cost=span.number("operation.cost"),
        stream_log=is_stream_log(span) or None,
        stream_seconds=span.number("duration") if is_stream_log(span) else None,
    )


def is_stream_log(span: Span) -> bool:
    """When a stream has ended, Logfire reports its answer in a second span, which has no length."""
    return span.text("logfire.span_type") == "log" and "duration" in span.attributes


def parameters(span: Span) -> dict[str, Any]:
    """Older Logfire has the request's body in `request_data`."""
    if not is_meant(span):
        return {}
    data = span.object("request_data")
    return {name: value for name, value in data.items() if name not in ("messages", "model", "input", "tools")}


def content(span: Span) -> Content:
    if not is_meant(span):
        return {}
    if span.kind == "tool":
        return attributes(
            span,
            input=("gen_ai.tool.call.arguments", "tool_arguments"),
            output=("gen_ai.tool.call.result", "tool_response"),
        )
    return attributes(
        span,
        input=("gen_ai.input.messages", "pydantic_ai.all_messages", "all_messages_events", "request_data"),
        output=("gen_ai.output.messages", "final_result", "response_data"),
    )
