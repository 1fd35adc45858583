"""OpenInference (spec of November 2026): `openinference.span.kind` and `llm.*`, as Arize's instrumentations of OpenAI,
Anthropic, LangChain, the OpenAI Agents SDK and many others write them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sessions_app.content.documents import PartKind
from sessions_app.content.json_bytes import DocumentError, JsonBytes, array_items, kind_of, loads, object_fields
from sessions_app.wire import bodies
from sessions_app.wire.failures import STOPS
from sessions_app.wire.genai.reader import INPUT, OUTPUT, SYSTEM, TOOLS, Content, Cutter, Fields, attribute, given
from sessions_app.wire.genai.span import Span
from sessions_app.wire.genai.unfolding import text_of
from sessions_app.wire.response_facts import finish_reasons

_STREAM_EVENT = "First Token Stream Event"
_IN, _OUT = "llm.input_messages", "llm.output_messages"
_RETRIEVED, _TO_RERANK, _RERANKED = "retrieval.documents", "reranker.input_documents", "reranker.output_documents"
# A request or response body up to this size is searched for its messages; larger ones stay texts.
_MOST_BODY_BYTES = 2_000_000


def is_meant(span: Span) -> bool:
    return "openinference.span.kind" in span.attributes or "llm.input_messages" in span.groups


def fields(span: Span) -> Fields:
    if not is_meant(span):
        return {}
    invocation = span.object("llm.invocation_parameters") or span.object("embedding.invocation_parameters")
    request, response = body_facts(span, "input.value"), body_facts(span, "output.value")
    is_tool = span.kind == "tool"
    return given(
        requested_model=span.text("llm.request.model_name") or _text(invocation.get("model")),
        model=span.text("llm.response.model_name", "llm.model_name", "embedding.model_name", "reranker.model_name")
        or (_text(response.get("model")) if span.kind == "llm" else ""),
        provider=span.text("llm.provider", "llm.system"),
        finish_reason=span.text("llm.finish_reason") or _text(response.get("finish_reason")),
        response_id=_text(response.get("id")) if span.kind == "llm" else None,
        previous_response_id=_text(invocation.get("previous_response_id") or request.get("previous_response_id")),
        first_token_time=span.event(_STREAM_EVENT).get("timeUnixNano"),
        cost=span.number("llm.cost.total"),
        cost_breakdown=_costs(span),
        tool_name=span.text("tool.name") or (span.name if is_tool else ""),
        tool_call_id=span.text("tool_call.id", "tool.id"),
        agent_name=span.text("agent.name", "graph.node.id"),
        tags=span.attributes.get("tag.tags"),
        metadata=span.object("metadata"),
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def body_facts(span: Span, name: str) -> dict[str, Any]:
    """The small members of a body that is an attribute's JSON text."""
    text = text_of(span.attributes.get(name))
    if text is None or len(text) > _MOST_BODY_BYTES or text[:1] != b"{":
        return {}
    try:
        members = object_fields(text)
    except DocumentError:
        return {}
    found = {name: bodies.text_member(members, name) for name in ("id", "model", "previous_response_id")}
    reasons = {reason for _, reason in finish_reasons(text)} or {bodies.first_text(members, *STOPS)}
    # Of several answers each may have ended differently.
    return found | {"finish_reason": reasons.pop() if len(reasons) == 1 else ""}


def _costs(span: Span) -> dict[str, Any]:
    costs = {name: span.number(f"llm.cost.{name}") for name in ("prompt", "completion")}
    return {name: cost for name, cost in costs.items() if cost is not None}


def parameters(span: Span) -> dict[str, Any]:
    if not is_meant(span):
        return {}
    invocation = span.object("llm.invocation_parameters") or span.object("embedding.invocation_parameters")
    # In spans of the Agents SDK these include members of the response.
    return {name: value for name, value in invocation.items() if name not in ("model", "id", "instructions", "tools")}


# --- content --------------------------------------------------------------------------------------------------------


def content(span: Span) -> Content:
    if not is_meant(span):
        return {}
    found: Content = {}
    if span.group(_IN) and (span.kind == "llm" or not span.has("input.value")):
        found |= {INPUT: lambda cutter: _nest(span, cutter, _IN, "i", "input.value")}
    elif span.group("embedding.embeddings"):
        found |= {INPUT: lambda cutter: _cut_texts(span, cutter)}
    elif span.group("llm.prompts"):
        found |= {INPUT: lambda cutter: _cut_indexed(span, cutter, "llm.prompts", "i")}
    elif span.has("input.value"):
        found |= {INPUT: attribute(INPUT, "input.value")}
    if span.group(_OUT) and (span.kind == "llm" or not span.has("output.value")):
        found |= {OUTPUT: lambda cutter: _nest(span, cutter, _OUT, "o", "output.value")}
    elif span.group("llm.choices"):
        found |= {OUTPUT: lambda cutter: _cut_indexed(span, cutter, "llm.choices", "o")}
    elif span.has("output.value") and span.kind != "embedding":
        found |= {OUTPUT: attribute(OUTPUT, "output.value")}
    found |= _documents(span)
    if span.group("llm.tools"):
        found |= {TOOLS: lambda cutter: cutter.own.nest_tools("llm.tools", span.group("llm.tools"), _schema)}
    if span.has("llm.prompt_template.template") and span.kind == "llm" and not found.get(INPUT):
        found |= {SYSTEM: attribute(SYSTEM, "llm.prompt_template.template")}
    return found


def _documents(span: Span) -> Content:
    """What a retriever found, and what a reranker was given and returned. They say more than `output.value`."""
    found: Content = {}
    if span.group(_RETRIEVED) or span.group(_RERANKED):
        prefix = _RETRIEVED if span.group(_RETRIEVED) else _RERANKED
        found[OUTPUT] = lambda cutter: _nest_documents(span, cutter, prefix, "o")
    if span.group(_TO_RERANK) or span.has("reranker.query"):
        found[INPUT] = lambda cutter: _cut_query(span, cutter)
    return found


def _cut_query(span: Span, cutter: Cutter) -> None:
    cutter.own.cut("reranker.query", "i", PartKind.MESSAGE)
    _nest_documents(span, cutter, _TO_RERANK, "i")


def _nest_documents(span: Span, cutter: Cutter, prefix: str, letter: str) -> None:
    cutter.own.nest(prefix, span.group(prefix), "document", letter)


def _nest(span: Span, cutter: Cutter, prefix: str, letter: str, body: str) -> None:
    candidates = _messages(text_of(span.attributes.get(body)))
    cutter.own.nest(prefix, span.group(prefix), "openinference", letter, candidates)


def _messages(text: bytes | None) -> Iterator[tuple[dict[str, Any], JsonBytes]]:
    """The messages in a request or response body of OpenAI's API, as they were sent."""
    if text is None or len(text) > _MOST_BODY_BYTES or not (b'"messages"' in text[:4000] or b'"choices"' in text[:400]):
        return
    try:
        members = object_fields(text)
        for name in ("messages", "choices"):
            raw = members.get(name)
            if raw is None or kind_of(raw) != "array":
                continue
            for value, item in zip(loads(raw), array_items(raw), strict=True):
                if name == "messages" and isinstance(value, dict):
                    yield value, item
                elif isinstance(value, dict) and isinstance(value.get("message"), dict):
                    yield value["message"], object_fields(item)["message"]
    except DocumentError:
        return


def _cut_texts(span: Span, cutter: Cutter) -> None:
    for index in sorted(span.group("embedding.embeddings")):
        cutter.own.cut(f"embedding.embeddings.{index}.embedding.text", "i", PartKind.MESSAGE)


def _cut_indexed(span: Span, cutter: Cutter, prefix: str, letter: str) -> None:
    """The prompts of a completion, and the texts that completed them."""
    for index, flat in sorted(span.group(prefix).items()):
        for rest in flat:
            cutter.own.cut(f"{prefix}.{index}.{rest}" if rest else f"{prefix}.{index}", letter, PartKind.MESSAGE)


def _schema(flat: dict[str, Any]) -> bytes | None:
    """A tool's definition, which is a JSON text."""
    text = text_of(flat.get("tool.json_schema"))
    if text is None or flat.keys() != {"tool.json_schema"} or text[:1] != b"{":
        return None
    try:
        object_fields(text)
    except DocumentError:
        return None
    return text
