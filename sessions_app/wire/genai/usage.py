"""Token counts of a span, as each convention writes them. `wire/usage.py` reads the names and settles the sums.

OpenTelemetry (since 1.40), OpenInference and the AI SDK count cached tokens as part of the input and reasoning as part
of the output, although some name them as Anthropic does, which counts them beside it.
"""

from __future__ import annotations

from typing import Any

from sessions_app.wire.genai.reader import COUNTS, Fields
from sessions_app.wire.genai.span import Span, whole_number
from sessions_app.wire.python_text import read_python_text
from sessions_app.wire.usage import Counts, counts_of
from sessions_app.wire.usage_names import meaning_of

# In this order each completes the ones before it.
_PREFIXES = ("llm.token_count.", "ai.usage.", "gen_ai.usage.", "llm.usage.")
# Claude Code 2, Codex 0.120, Gemini CLI 0.30 and Qwen Code have names without a prefix.
_BARE = (
    *("input_tokens", "output_tokens", "cache_read_tokens", "cache_creation_tokens"),
    *("input_token_count", "output_token_count", "cached_content_token_count", "cached_token_count"),
    *("thoughts_token_count", "reasoning_token_count", "tool_token_count", "total_token_count"),
)
_MOST_TEXT_CHARS = 20_000


def usage_fields(span: Span) -> Fields:
    """The token counts of a span, by the names of the record's columns."""
    counts = Counts()
    for more in (_of_langfuse(span), *_of_prefixes(span), _of_litellm(span), _of_bare_names(span)):
        counts = counts.or_else(more) if counts else more
    if not counts:
        return {}
    usage = counts.usage()
    return {name: count for name in COUNTS if (count := getattr(usage, name)) is not None}


def _of_langfuse(span: Span) -> Counts:
    """The provider's own usage object, or Langfuse's parts of the sums."""
    return counts_of(span.object("langfuse.observation.usage_details"))


def _of_prefixes(span: Span) -> list[Counts]:
    groups: dict[str, dict[str, Any]] = {}
    for name, value in span.attributes.items():
        prefix = next((prefix for prefix in _PREFIXES if name.startswith(prefix)), None)
        if prefix:
            groups.setdefault(prefix, {})[name.removeprefix(prefix)] = _checked(span, name, prefix, value)
    found = [counts_of(groups[prefix], whole_number, within=True) for prefix in _PREFIXES if prefix in groups]
    return [*found, counts_of(span.object("gen_ai.usage.raw"), within=True)] if "gen_ai.usage." in groups else found


def _of_litellm(span: Span) -> Counts:
    """The callback writes the usage object with Python's repr."""
    text = span.attributes.get("metadata.usage_object")
    if not isinstance(text, str) or not text.startswith("{") or len(text) > _MOST_TEXT_CHARS:
        return Counts()
    try:
        value = read_python_text(text)
    except ValueError:
        return Counts()
    return counts_of(value, within=True) if isinstance(value, dict) else Counts()


def _of_bare_names(span: Span) -> Counts:
    found = {name: _checked(span, name, "", span.attributes[name]) for name in _BARE if name in span.attributes}
    return counts_of(found, whole_number)


def _checked(span: Span, name: str, prefix: str, value: Any) -> Any:
    """The value. What is no count under the name of one is noted."""
    if value is None or value == "" or whole_number(value) is not None:
        return value
    if meaning_of(name.removeprefix(prefix)) is not None:
        span.problem(f"{name} is not a whole number")
    return None
