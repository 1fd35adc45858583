"""Strands Agents 1.62 (scope `strands.telemetry.tracer`): OpenTelemetry's names, messages in span events."""

from __future__ import annotations

from typing import Any

from sessions_app.wire.genai.reader import Content, Fields, given
from sessions_app.wire.genai.span import Span


def is_meant(span: Span) -> bool:
    return (
        span.scope == "strands.telemetry.tracer"
        or span.text("gen_ai.provider.name", "gen_ai.system") == "strands-agents"
    )


def fields(span: Span) -> Fields:
    if not is_meant(span):
        return {}
    milliseconds = span.number("gen_ai.server.time_to_first_token")
    # It names itself as the provider, which it is not.
    return {"provider": ""} | given(
        first_token_after=milliseconds / 1000 if milliseconds is not None else None,
        finish_reason=_finish_reason(span),
        is_error=True if span.text("gen_ai.tool.status") == "error" else None,
    )


def _finish_reason(span: Span) -> str:
    reason = span.own("gen_ai.choice").get("finish_reason")
    return reason if isinstance(reason, str) and span.kind == "llm" else ""


def parameters(span: Span) -> dict[str, Any]:
    return {}


def content(span: Span) -> Content:
    """As OpenTelemetry's conventions have it."""
    return {}
