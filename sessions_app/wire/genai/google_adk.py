"""Google's Agent Development Kit 2.13 (scope `gcp.vertex.agent`) and older: a request is a single JSON text."""

from __future__ import annotations

from typing import Any

from sessions_app.wire.genai.reader import OUTPUT, Content, Fields, attributes, given
from sessions_app.wire.genai.span import Span

_REQUEST, _RESPONSE = "gcp.vertex.agent.llm_request", "gcp.vertex.agent.llm_response"


def is_meant(span: Span) -> bool:
    return span.scope == "gcp.vertex.agent" or _REQUEST in span.attributes


def fields(span: Span) -> Fields:
    if not is_meant(span):
        return {}
    request = span.object(_REQUEST)
    model = request.get("model")
    return given(
        requested_model=span.text("gen_ai.request.model") or (model if isinstance(model, str) else ""),
        agent_name=span.text("gen_ai.agent.name"),
    )


def parameters(span: Span) -> dict[str, Any]:
    config = span.object(_REQUEST).get("config") if is_meant(span) else None
    return config if isinstance(config, dict) else {}


def content(span: Span) -> Content:
    if not is_meant(span):
        return {}
    if span.kind == "tool":
        return attributes(span, input="gcp.vertex.agent.tool_call_args", output="gcp.vertex.agent.tool_response")
    if span.has("gen_ai.output.messages") and _is_streamed(span):
        return {OUTPUT: lambda cutter: cutter.own.cut_last("gen_ai.output.messages")}
    if span.has("gen_ai.input.messages"):
        return {}
    return attributes(span, input=_REQUEST, output=_RESPONSE)


def _is_streamed(span: Span) -> bool:
    """Whether the output messages are the pieces of a stream, followed by the whole answer."""
    messages = span.json("gen_ai.output.messages")
    if not isinstance(messages, list) or len(messages) < 2:
        return False
    reasons = [message.get("finish_reason") if isinstance(message, dict) else None for message in messages]
    return bool(reasons[-1]) and not any(reasons[:-1])
