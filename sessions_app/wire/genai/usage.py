"""Token counts of a span, as each convention writes them. `wire/usage.py` reads the names and settles the sums.

OpenTelemetry (since 1.40), OpenInference and the AI SDK count cached tokens as part of the input and reasoning as part
of the output, although some name them as Anthropic does, which counts them beside it.
"""

from __future__ import annotations

from contextlib import suppress
from functools import reduce
from typing import Any

from sessions_app.content.json_bytes import DocumentError, object_fields
from sessions_app.records import Usage
from sessions_app.wire.fields import MAX_COUNT
from sessions_app.wire.genai import haystack
from sessions_app.wire.genai.duplicates import CALLS
from sessions_app.wire.genai.reader import COUNTS, Fields
from sessions_app.wire.genai.span import Span, whole_number
from sessions_app.wire.genai.unfolding import text_of
from sessions_app.wire.python_text import read_python_text
from sessions_app.wire.usage import UNKNOWN_USAGE, Counts, counts_of
from sessions_app.wire.usage_names import meaning_of
from sessions_app.wire.usage_places import counted_in

# In this order each completes the ones before it.
_PREFIXES = ("llm.token_count.", "ai.usage.", "gen_ai.usage.", "llm.usage.")
# Claude Code 2, Codex 0.120, Gemini CLI 0.30 and Qwen Code have names without a prefix.
_BARE = frozenset(
    {
        *("input_tokens", "output_tokens", "cache_read_tokens", "cache_creation_tokens"),
        *("input_token_count", "output_token_count", "cached_content_token_count", "cached_token_count"),
        *("thoughts_token_count", "reasoning_token_count", "tool_token_count", "total_token_count"),
    }
)
_ADK_RESPONSE = "gcp.vertex.agent.llm_response"
_MOST_TEXT_CHARS = 20_000
_BODIES = ("output.value", "langfuse.observation.output", "gen_ai.completion", "mlflow.spanOutputs")
_MOST_BODY_BYTES = 2_000_000


def usage_fields(span: Span) -> Fields:
    """The token counts of a span, by the names of the record's columns."""
    if span.kind in ("tool", "other"):
        return {}
    found = [more for more in (*_of_objects(span), *_of_prefixes(span), *_of_bare_names(span)) if more]
    usage = reduce(Counts.or_else, found).usage() if found else _of_body(span)
    return {name: count for name in COUNTS if (count := getattr(usage, name)) is not None}


def _of_prefixes(span: Span) -> list[Counts]:
    groups: dict[str, dict[str, Any]] = {}
    for name, value in span.attributes.items():
        if name.startswith(_PREFIXES):
            prefix = next(prefix for prefix in _PREFIXES if name.startswith(prefix))
            groups.setdefault(prefix, {})[name.removeprefix(prefix)] = _checked(span, name, prefix, value)
    found = [counts_of(groups[prefix], whole_number, within=True) for prefix in _PREFIXES if prefix in groups]
    raw = span.object("gen_ai.usage.raw") if "gen_ai.usage.raw" in span.attributes else {}
    return [*found, counts_of(raw, within=True)] if raw else found


def _of_objects(span: Span) -> list[Counts]:
    """Langfuse's parts of the sums or the provider's own usage object, and the usage object of LiteLLM's callback."""
    found = []
    if "langfuse.observation.usage_details" in span.attributes:
        found.append(counts_of(span.object("langfuse.observation.usage_details")))
    if "mlflow.chat.tokenUsage" in span.attributes:
        found.append(counts_of(span.object("mlflow.chat.tokenUsage"), within=True))
    if _ADK_RESPONSE in span.attributes and isinstance(told := span.object(_ADK_RESPONSE).get("usage_metadata"), dict):
        # Google counts thoughts beside the candidates, and the attributes only have these.
        found.append(counts_of(told))
    if told := haystack.usage_object(span):
        found.append(counts_of(told))
    text = span.attributes.get("metadata.usage_object")
    if isinstance(text, str) and text.startswith("{") and len(text) <= _MOST_TEXT_CHARS:
        # The callback writes it with Python's repr.
        with suppress(ValueError):
            value = read_python_text(text)
            found += [counts_of(value, within=True)] if isinstance(value, dict) else []
    return found


def _of_body(span: Span) -> Usage:
    """What the body of the answer says, if no attribute says anything."""
    if span.kind in CALLS:
        for name in _BODIES:
            text = text_of(span.attributes.get(name))
            if text is not None and text[:1] == b"{" and len(text) <= _MOST_BODY_BYTES:
                with suppress(DocumentError):
                    return counted_in(object_fields(text)).usage
    return UNKNOWN_USAGE


def _of_bare_names(span: Span) -> list[Counts]:
    attributes = span.attributes
    found = {name: _checked(span, name, "", attributes[name]) for name in _BARE & attributes.keys()}
    return [counts_of(found, whole_number)] if found else []


def _checked(span: Span, name: str, prefix: str, value: Any) -> Any:
    """The value. What is no count under the name of one is noted."""
    if type(value) is int and 0 <= value <= MAX_COUNT:
        return value
    if value is None or value == "" or whole_number(value) is not None:
        return value
    if meaning_of(name.removeprefix(prefix)) is not None:
        span.problem(f"{name} is not a whole number")
    return None
