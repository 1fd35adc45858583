"""The readers of all conventions, merged field by field."""

from __future__ import annotations

from typing import Any, Protocol

from sessions_app.wire.genai import (
    agents,
    ai_sdk,
    google_adk,
    haystack,
    langfuse,
    litellm,
    openinference,
    otel,
    pydantic,
    strands,
    traceloop,
    whole_bodies,
)
from sessions_app.wire.genai.reader import Content, Fields
from sessions_app.wire.genai.span import Span
from sessions_app.wire.genai.usage import usage_fields


class ConventionReader(Protocol):
    """What the module of a convention has. Each function gives {} for spans that are not of the convention."""

    def fields(self, span: Span) -> Fields:
        """The fields of the record that the span's attributes give."""

    def content(self, span: Span) -> Content:
        """Where the span's messages, system prompt and tools are."""

    def parameters(self, span: Span) -> dict[str, Any]:
        """What the request asked for beside its messages: temperature, most tokens, ..."""


# Specific conventions first: of a span that has both, OpenTelemetry's own names say less.
READERS: tuple[ConventionReader, ...] = (
    langfuse,
    openinference,
    ai_sdk,
    litellm,
    strands,
    google_adk,
    pydantic,
    haystack,
    otel,
    traceloop,
    whole_bodies,
    agents,
)


def read_fields(span: Span) -> Fields:
    """The fields that the readers give; for each field the first answer counts."""
    found: Fields = {}
    for reader in READERS:
        found = reader.fields(span) | found
    return usage_fields(span) | found


def read_content(span: Span) -> Content:
    """How to cut the span's messages; for each role the first answer counts."""
    found: Content = {}
    for reader in READERS:
        found = reader.content(span) | found
    return found
