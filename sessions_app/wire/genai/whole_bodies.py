"""Requests and answers that stand whole in one attribute each: LangSmith, and what followed OpenTelemetry's conventions
1.25 (`gen_ai.prompt`, `gen_ai.completion`), and MLflow 3 (`mlflow.spanInputs`, `mlflow.spanOutputs`).
"""

from __future__ import annotations

from typing import Any

from sessions_app.wire.genai.openinference import body_facts
from sessions_app.wire.genai.reader import Content, Fields, attributes, given
from sessions_app.wire.genai.span import Span

_MLFLOW_IN, _MLFLOW_OUT = "mlflow.spanInputs", "mlflow.spanOutputs"
_ASKED = ("gen_ai.prompt", _MLFLOW_IN)
_ANSWERED = ("gen_ai.completion", _MLFLOW_OUT)
_OWN_ASKED = ("input.value", "input", "prompt", "messages")
_OWN_ANSWERED = ("output.value", "output", "completion", "response")
_METADATA = "langsmith.metadata."


def fields(span: Span) -> Fields:
    request, response = (_facts(span, names) for names in (_ASKED, _ANSWERED))
    is_tool = span.kind == "tool"
    return given(
        requested_model=request.get("model"),
        model=response.get("model") if span.kind == "llm" else None,
        finish_reason=response.get("finish_reason") if span.kind == "llm" else None,
        response_id=response.get("id") if span.kind == "llm" else None,
        tool_name=span.name if is_tool and span.has(*_ASKED) else None,
        metadata={
            name.removeprefix(_METADATA): value for name, value in span.attributes.items() if name.startswith(_METADATA)
        },
    )


def _facts(span: Span, names: tuple[str, ...]) -> dict[str, Any]:
    return next((body_facts(span, name) for name in names if span.has(name)), {})


def content(span: Span) -> Content:
    found = attributes(span, input=_ASKED, output=_ANSWERED)
    if span.kind == "llm" and span.has_span:
        # What programs call it that write spans of their own.
        found = attributes(span, input=_OWN_ASKED, output=_OWN_ANSWERED) | found
    return found


def parameters(span: Span) -> dict[str, Any]:
    return {}
