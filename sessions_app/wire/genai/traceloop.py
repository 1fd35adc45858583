"""OpenLLMetry: Traceloop SDK 0.62 and its instrumentations, which follow OpenTelemetry's names, and the indexed
attributes of all releases before 0.55 (`gen_ai.prompt.0.role`)."""

from __future__ import annotations

from typing import Any

from sessions_app.content.json_bytes import DocumentError, object_fields
from sessions_app.wire.genai.reader import INPUT, OUTPUT, TOOLS, Content, Cutter, Fields, attributes, given
from sessions_app.wire.genai.span import RESULT_EVENT, Span
from sessions_app.wire.genai.unfolding import dumps, text_of

_IN, _OUT, _FUNCTIONS = "gen_ai.prompt", "gen_ai.completion", "llm.request.functions"
_CHUNK_EVENTS = ("gen_ai.content.completion.chunk", "llm.content.completion.chunk")
_RESULT = {
    "content": f"{RESULT_EVENT}.document",
    "id": f"{RESULT_EVENT}.id",
    "score": f"{RESULT_EVENT}.score",
    "distance": f"{RESULT_EVENT}.distance",
    "metadata": f"{RESULT_EVENT}.metadata",
}
_PROPERTIES = "traceloop.association.properties."
_NOT_METADATA = frozenset({f"{_PROPERTIES}session_id", f"{_PROPERTIES}user_id"})


def fields(span: Span) -> Fields:
    """The fields for which other conventions have no name."""
    is_tool = span.kind == "tool"
    return given(
        call_type=span.text("llm.request.type"),
        api_base=span.text("gen_ai.openai.api_base", "llm.openai.api_base"),
        finish_reason=_finish_reason(span),
        first_token_time=span.event(*_CHUNK_EVENTS).get("timeUnixNano") if span.events else None,
        tool_name=span.text("traceloop.entity.name") if is_tool else None,
        agent_name=span.text("traceloop.entity.name", "traceloop.workflow.name") if not is_tool else None,
        metadata={
            name.removeprefix(_PROPERTIES): value
            for name, value in span.attributes.items()
            if name.startswith(_PROPERTIES) and name not in _NOT_METADATA
        },
    )


def _finish_reason(span: Span) -> str:
    first = span.group(_OUT).get(0, {}).get("finish_reason")
    return first if isinstance(first, str) else ""


def parameters(span: Span) -> dict[str, Any]:
    streaming = span.attributes.get("gen_ai.is_streaming", span.attributes.get("llm.is_streaming"))
    return {"stream": True} if streaming in (True, "True", "true") else {}


def content(span: Span) -> Content:
    found: Content = {}
    if span.group(_IN):
        found[INPUT] = lambda cutter: cutter.own.nest(_IN, span.group(_IN), "traceloop", "i")
    if span.group(_OUT):
        found[OUTPUT] = lambda cutter: cutter.own.nest(_OUT, span.group(_OUT), "traceloop", "o")
    if span.group(_FUNCTIONS):
        found[TOOLS] = lambda cutter: cutter.own.nest_tools(_FUNCTIONS, span.group(_FUNCTIONS), function)
    if span.kind == "retrieval" and span.event(RESULT_EVENT):
        found[OUTPUT] = _cut_results
    return attributes(span, input="traceloop.entity.input", output="traceloop.entity.output") | found


def _cut_results(cutter: Cutter) -> None:
    """What a vector database found, one event for each."""
    for name, values in cutter.events:
        if name == RESULT_EVENT:
            values.compose("document", _RESULT, {}, "o")


def function(flat: dict[str, Any]) -> bytes | None:
    """A tool definition in OpenAI's form; `parameters` is a JSON text."""
    if "name" not in flat or not flat.keys() <= {"name", "description", "parameters"}:
        return None
    members = [f'"{name}": '.encode() + dumps(flat[name]) for name in ("name", "description") if name in flat]
    if "parameters" in flat:
        members.append(b'"parameters": ' + _parameters(flat["parameters"]))
    return b'{"type": "function", "function": {' + b", ".join(members) + b"}}"


def _parameters(value: Any) -> bytes:
    text = text_of(value)
    try:
        return text if text and object_fields(text) else dumps(value)
    except DocumentError:
        return dumps(value)
