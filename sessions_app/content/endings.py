"""Why an answer ended, in the words of any API: Google's are in capitals, its SDK writes `FinishReason.MAX_TOKENS`."""

from __future__ import annotations

import functools

_LIMITS = frozenset(
    {
        *("length", "max_tokens", "max_output_tokens", "max_length", "model_length", "token_limit", "max_new_tokens"),
        *("model_context_window_exceeded", "error_limit", "incomplete"),
    }
)
_FILTERS = frozenset(
    {
        *("content_filter", "content_filtered", "guardrail_intervened", "refusal", "refused", "error_toxic"),
        *("safety", "recitation", "blocklist", "prohibited_content", "spii", "model_armor", "language"),
        *("image_safety", "image_prohibited_content", "image_recitation", "sensitive"),
    }
)
# A longer text is no reason, but something that was said.
_MOST_CHARS = 100


@functools.lru_cache(maxsize=1024)
def plain(reason: str) -> str:
    """A reason in small letters, without the class of which it is a member; "" for what is none."""
    return reason.rpartition(".")[2].lower().replace("-", "_") if len(reason) <= _MOST_CHARS else ""


def is_cut(reason: str) -> bool:
    """Whether an answer was stopped by a limit."""
    return plain(reason) in _LIMITS


def is_filtered(reason: str) -> bool:
    """Whether a filter stopped an answer, or the model refused to give it."""
    return plain(reason) in _FILTERS
