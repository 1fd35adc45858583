"""The kind of call (`records.KINDS`) that a call type of LiteLLM is."""

from __future__ import annotations

import functools

_KINDS = {
    "embedding": ("embedding",),
    "retrieval": ("rerank", "search", "vector_store", "rag_"),
    "agent": ("send_message", "a2a", "run_thread", "assistant"),
    "tool": ("mcp",),
    "llm": ("completion", "response", "messages", "generate_content", "realtime", "converse", "chat"),
}


def kind_of_call(call_type: str, has_model: bool = True) -> str:
    """The kind of one of LiteLLM's about 150 call types. A pass-through call with a model is a call of that model."""
    return _kind_of_call(call_type[:100], has_model)


@functools.lru_cache(maxsize=1024)
def _kind_of_call(call_type: str, has_model: bool) -> str:
    if call_type == "pass_through_endpoint":
        return "llm" if has_model else "other"
    for kind, words in _KINDS.items():
        if any(word in call_type for word in words):
            return kind
    return "other" if call_type else "llm"
