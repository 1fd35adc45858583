"""What the name of a token count means, in the naming of any API or library.

A name is read by its words, so that `cacheReadInputTokens`, `cache_read_input_tokens` and `cache_read.input_tokens` are
the same. The name of a nested count is its path: `prompt_tokens_details.cached_tokens`. Followed: OpenAI Chat and
Responses (openai 2.9), Anthropic Messages 2023-06-01 (anthropic 0.75), Gemini v1beta and Interactions (google-genai
1.52), Bedrock Converse and InvokeModel (boto3 1.42), Cohere v1 and v2 (cohere 5.20), Ollama 0.6, Mistral, DeepSeek,
OpenRouter, xAI, text-generation-inference 3, LangChain 1, AI SDK 4 to 6, Langfuse 3, OpenTelemetry, OpenInference,
Codex, Claude Code and Gemini CLI.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

MOST_NAME_CHARS = 120

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+[a-z]*")
# Parts of a sum that have no column, and numbers that count something else than tokens.
_OTHER_THINGS = frozenset(
    {
        *("audio", "image", "images", "video", "text", "document", "prediction", "modality", "characters", "chars"),
        *("duration", "latency", "seconds", "time", "ms", "ns", "rate", "per", "details"),
        *("cost", "costs", "price", "spend", "credits", "usd", "discount", "savings", "raw", "ttl", "age"),
        *("max", "min", "limit", "budget", "context", "requests", "queries", "calls", "search", "server"),
    }
)
_CACHE = frozenset({"cache", "cached", "ephemeral"})
_NOT_CACHED = frozenset({"miss", "no", "non", "not", "output", "outputs"})
_WRITTEN = frozenset({"write", "writes", "written", "creation", "created", "create", "ephemeral"})
_REASONING = frozenset({"reasoning", "thinking", "thought", "thoughts"})
# Mistral's agents call tools of the provider connectors.
_TOOLS = frozenset({"tool", "tools", "connector"})
_TOKENS = frozenset({"token", "tokens", "count", "prompt"})
_INPUT_WORDS = frozenset({"input", "prompt"})
_OUTPUT_WORDS = frozenset({"output", "completion", "candidates", "response", "generated", "generation", "predicted"})
# Names whose words do not tell. Titan counts only texts; Llama.cpp and Ollama evaluate.
_SPECIAL = {
    "inputTextTokenCount": "input_tokens",
    "eval_count": "output_tokens",
    "tokens_evaluated": "input_tokens",
    "tokens_predicted": "output_tokens",
    "tokens": "input_tokens",
    "tokens_cached": "",
    "inputTokenCount.totalTokens": "input_tokens",
    "outputTokenCount.totalTokens": "output_tokens",
}


# What a count counts. The numbers are indexes, and plain because members of an Enum are slow.
INPUT, OUTPUT, CACHED, CACHE_WRITE, REASONING, TOOL_USE, TOTAL = range(7)
# Cache writes by the time they are kept. Together they are one CACHE_WRITE.
CACHE_WRITE_PART = 7


class Meaning(NamedTuple):
    """What a name says. Of several names for one role, the one with the lowest `rank` counts.

    `beside`: in this naming the count is no part of the input or output. `within`: it is a detail of the input.
    """

    role: int
    rank: int = 0
    beside: bool = False
    within: bool = False
    is_hour: bool = False


class DetailList(NamedTuple):
    """A list of parts of a count: the part whose member `key` is `value` has its tokens in `tokens`."""

    key: str
    value: str
    tokens: str
    extra: str


# Counts that are within others and may have a price of their own, by their names in `records.Usage`.
CACHE_WRITE_1H = "cache_write_1h_tokens"
_INPUT_AUDIO, _OUTPUT_AUDIO, _OUTPUT_IMAGE = "input_audio_tokens", "output_audio_tokens", "output_image_tokens"
MODALITIES = {
    **{f"{group}.audio_tokens": _INPUT_AUDIO for group in ("prompt_tokens_details", "input_tokens_details")},
    **{f"{group}.audio_tokens": _OUTPUT_AUDIO for group in ("completion_tokens_details", "output_tokens_details")},
    **{f"{group}.image_tokens": _OUTPUT_IMAGE for group in ("completion_tokens_details", "output_tokens_details")},
    "input_token_details.audio_tokens": _INPUT_AUDIO,
    "output_token_details.audio_tokens": _OUTPUT_AUDIO,
}
# Bedrock's and Gemini's.
DETAIL_LISTS = {
    "cacheDetails": (DetailList("ttl", "1h", "inputTokens", CACHE_WRITE_1H),),
    "promptTokensDetails": (DetailList("modality", "AUDIO", "tokenCount", _INPUT_AUDIO),),
    "candidatesTokensDetails": (
        DetailList("modality", "AUDIO", "tokenCount", _OUTPUT_AUDIO),
        DetailList("modality", "IMAGE", "tokenCount", _OUTPUT_IMAGE),
    ),
}


@lru_cache(maxsize=2_000)
def meaning_of(name: str) -> Meaning | None:
    """What a name means; None when it is no count that has a column."""
    name = _SPECIAL.get(name, name)
    words = [word.lower() for word in _WORD.findall(name)]
    found = set(words)
    is_detail = bool(found & {"details", "detail"})
    found -= {"details", "detail"}
    if found & _OTHER_THINGS:
        return None
    if found & _CACHE:
        return _of_cache(found, is_detail or _is_in_group(name))
    if found & _REASONING:
        # Only Google says "thoughts", and counts them beside the candidates.
        return Meaning(REASONING, beside=not found.isdisjoint(("thought", "thoughts")))
    if is_detail:
        return None
    if found & _TOOLS:
        return Meaning(TOOL_USE) if found & _TOKENS else None
    if found & _INPUT_WORDS:
        return Meaning(INPUT, _rank(found, "prompt"))
    if found & _OUTPUT_WORDS:
        return Meaning(OUTPUT, _rank(found, "completion"))
    return Meaning(TOTAL) if "total" in found else None


def is_input_bucket(name: str) -> bool:
    """Whether a count is a part of the input as Langfuse divides it: `input_audio`, `cache_read_input_tokens`."""
    words = [word.lower() for word in _WORD.findall(name[:MOST_NAME_CHARS])]
    return words != ["input"] and (words[:1] == ["input"] or not _CACHE.isdisjoint(words))


def is_output_bucket(name: str) -> bool:
    words = [word.lower() for word in _WORD.findall(name[:MOST_NAME_CHARS])]
    return words != ["output"] and words[:1] == ["output"]


def _of_cache(words: set[str], within: bool) -> Meaning | None:
    if words & _NOT_CACHED:
        return None
    # Anthropic and Bedrock count the cache beside the input; their names for it have these words.
    beside = "input" in words and not words.isdisjoint(("read", "write", "creation"))
    if words & _WRITTEN:
        role = CACHE_WRITE_PART if "ephemeral" in words else CACHE_WRITE
        is_beside = (beside or "creation" in words or "ephemeral" in words) and not within
        return Meaning(role, 0, is_beside, within, role == CACHE_WRITE_PART and "1h" in words)
    return Meaning(CACHED, 0, beside and not within, within)


def _is_in_group(name: str) -> bool:
    """Whether the count is a member of the input's own object, as in the AI SDK's `inputTokens.cacheRead`."""
    group, dot, _ = name.rpartition(".")
    words = {word.lower() for word in _WORD.findall(group)} if dot else set()
    return bool(words & _INPUT_WORDS) and not words & _CACHE


def _rank(words: set[str], first: str) -> int:
    """Names with "prompt" and "completion" come before "input" and "output". What Cohere billed comes last."""
    return 2 if "billed" in words else 0 if first in words else 1
