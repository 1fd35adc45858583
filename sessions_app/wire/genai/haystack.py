"""Haystack 2's own tracing: one span for each component of a pipeline, with what went in and came out as JSON."""

from __future__ import annotations

from typing import Any

from sessions_app.wire.genai.reader import Content, Fields, attributes, given
from sessions_app.wire.genai.span import Span

TYPE = "haystack.component.type"
_IN, _OUT = "haystack.component.input", "haystack.component.output"


def is_meant(span: Span) -> bool:
    return TYPE in span.attributes or "haystack.pipeline.input_data" in span.attributes


def fields(span: Span) -> Fields:
    if not is_meant(span):
        return {}
    meta = _meta(span)
    return given(
        requested_model=_text(span.object(_IN).get("model")),
        model=_text(meta.get("model")),
        finish_reason=_text(meta.get("finish_reason")),
        agent_name=span.text("haystack.component.name"),
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _meta(span: Span) -> dict[str, Any]:
    """What a generator says of its answer: in the first reply, or beside it if that is a text."""
    output = span.object(_OUT) if span.kind == "llm" else {}
    replies, beside = output.get("replies"), output.get("meta")
    places = [*(replies if isinstance(replies, list) else [])[:1]]
    found = [place.get("meta") for place in places if isinstance(place, dict)]
    found += beside[:1] if isinstance(beside, list) else []
    return next((meta for meta in found if isinstance(meta, dict)), {})


def usage_object(span: Span) -> dict[str, Any]:
    """The provider's usage object."""
    found = _meta(span).get("usage") if is_meant(span) else None
    return found if isinstance(found, dict) else {}


def parameters(span: Span) -> dict[str, Any]:
    given_with = span.object(_IN).get("generation_kwargs") if is_meant(span) else None
    return given_with if isinstance(given_with, dict) else {}


def content(span: Span) -> Content:
    if not is_meant(span):
        return {}
    return attributes(span, input=(_IN, "haystack.pipeline.input_data"), output=(_OUT, "haystack.pipeline.output_data"))
