"""What a span is: a model call, a tool, an agent, …, or no part of a GenAI application."""

from __future__ import annotations

from sessions_app.wire.genai.span import Attributes, Span

_LANGFUSE = {
    "generation": "llm",
    "embedding": "embedding",
    "tool": "tool",
    "agent": "agent",
    "retriever": "retrieval",
    "guardrail": "guardrail",
    "span": "chain",
    "chain": "chain",
}
_OPENINFERENCE = {
    "LLM": "llm",
    "EMBEDDING": "embedding",
    "TOOL": "tool",
    "AGENT": "agent",
    "CHAIN": "chain",
    "RETRIEVER": "retrieval",
    "RERANKER": "retrieval",
    "GUARDRAIL": "guardrail",
}
_CALLS = (
    *("chat", "completion", "text_completion", "generate_content", "generate", "responses", "anthropic_messages"),
    *("message", "messages", "text_generation"),
)
_OPERATIONS = {
    **dict.fromkeys(_CALLS, "llm"),
    **{f"a{name}": "llm" for name in _CALLS},
    **dict.fromkeys(("embeddings", "embedding", "aembedding"), "embedding"),
    "execute_tool": "tool",
    **dict.fromkeys(("invoke_agent", "create_agent", "invoke_workflow"), "agent"),
    **dict.fromkeys(("agent_step", "plan", "execute_event_loop_cycle"), "chain"),
    **dict.fromkeys(("retrieval", "retrieve", "rerank", "arerank", "search_memory"), "retrieval"),
    "guardrail": "guardrail",
}
_TRACELOOP = {"workflow": "chain", "task": "chain", "agent": "agent", "tool": "tool"}
_REQUEST_TYPES = {"chat": "llm", "completion": "llm", "embedding": "embedding", "rerank": "retrieval"}
# Google ADK reports tools that ran in parallel a second time, together, in a span of this name.
_MERGED_TOOLS = "(merged tools)"
_MODELS = ("gen_ai.request.model", "gen_ai.response.model", "llm.model_name")
_SIGNS = ("gen_ai.usage.", "llm.usage.", "llm.token_count.", "gen_ai.input.", "gen_ai.prompt.", "gen_ai.completion.")


def kind_of_span(span: Span) -> str:
    """The kind by the first attribute that states it, in the order of Langfuse's mapping; "other" when none does."""
    attributes = span.attributes
    observed = attributes.get("langfuse.observation.type")
    if isinstance(observed, str):
        return _LANGFUSE.get(observed, "other")
    kind = attributes.get("openinference.span.kind")
    if isinstance(kind, str):
        return _OPENINFERENCE.get(kind.upper(), "other")
    operation = attributes.get("ai.operationId")
    if isinstance(operation, str):
        return _of_ai_sdk(operation)
    operation = attributes.get("gen_ai.operation.name")
    if isinstance(operation, str) and operation:
        if attributes.get("gen_ai.tool.name") == _MERGED_TOOLS:
            return "other"
        return _OPERATIONS.get(operation, "other")
    return _of_weaker_signs(attributes, span)


def _of_ai_sdk(operation: str) -> str:
    if operation.endswith((".doGenerate", ".doStream")):
        return "llm"
    if operation.endswith(".doEmbed"):
        return "embedding"
    if operation == "ai.toolCall":
        return "tool"
    return "agent" if operation.startswith("ai.") else "other"


def _of_weaker_signs(attributes: Attributes, span: Span) -> str:
    for name, kinds in (("traceloop.span.kind", _TRACELOOP), ("llm.request.type", _REQUEST_TYPES)):
        value = attributes.get(name)
        if isinstance(value, str) and value in kinds:
            return kinds[value]
    if "gen_ai.tool.name" in attributes or "gen_ai.tool.call.id" in attributes:
        return "tool"
    # The SDK may have dropped the markers. A model's name is not enough: agents have one too.
    if any(name in attributes for name in _MODELS) and any(name.startswith(_SIGNS) for name in attributes):
        return "llm"
    # Log records of a call whose span has not come, or not yet.
    return "llm" if not span.has_span and span.logs else "other"
