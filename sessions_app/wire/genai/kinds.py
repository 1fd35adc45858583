"""What a span is: a model call, a tool, an agent, …, or no part of a GenAI application.

The first sign that is understood decides: what a convention says the span is, then its tool, its operation or name by
the words in it, and at last a model with usage or messages. A value that nobody knows says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sessions_app.wire.genai.span import RESULT_EVENT, Attributes, Span

_LANGFUSE = {
    "generation": "llm",
    "embedding": "embedding",
    "tool": "tool",
    "agent": "agent",
    "retriever": "retrieval",
    "guardrail": "guardrail",
    "span": "chain",
    "chain": "chain",
    "evaluator": "chain",
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
    "EVALUATOR": "chain",
}
# LangSmith and MLflow have names of LangChain's.
_LANGCHAIN = {
    **dict.fromkeys(("llm", "chat_model"), "llm"),
    "embedding": "embedding",
    "tool": "tool",
    "agent": "agent",
    **dict.fromkeys(("retriever", "reranker"), "retrieval"),
    "guardrail": "guardrail",
    **dict.fromkeys(("chain", "prompt", "parser", "memory", "workflow", "task", "evaluator"), "chain"),
}
# `span.type` of Claude Code and Qwen Code; their spans have it as the end of their names, too.
_SPAN_TYPES = {
    "interaction": "agent",
    "subagent": "agent",
    "llm_request": "llm",
    "tool": "tool",
    "tool.execution": "chain",
    "tool.blocked_on_user": "guardrail",
    "hook": "chain",
}
_AGENT_NAMES = ("claude_code.", "qwen-code.")
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
# The words in the name of an operation, or of a span, that tell what it is. The first line with one of them decides.
_WORDS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"embed", "embedding", "embeddings"}), "embedding"),
    (frozenset({"llm", "chat", "completion", "completions", "generate", "generation", "inference"}), "llm"),
    (frozenset({"retrieve", "retrieval", "retriever", "rerank", "reranker"}), "retrieval"),
    (frozenset({"guardrail", "guardrails", "moderation"}), "guardrail"),
    (frozenset({"agent", "subagent", "crew", "interaction"}), "agent"),
    (frozenset({"schedule", "workflow", "chain", "task", "step", "graph", "plan", "turn"}), "chain"),
    (frozenset({"tool", "tools", "function"}), "tool"),
)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_NAME_CHARS = 100
# Google ADK reports tools that ran in parallel a second time, together, in a span of this name.
_MERGED_TOOLS = "(merged tools)"
_TOOLS = ("gen_ai.tool.name", "gen_ai.tool.call.id", "gen_ai.tool.call_id")
_MODELS = ("gen_ai.request.model", "gen_ai.response.model", "llm.model_name")
_USAGE = ("gen_ai.usage.", "llm.usage.", "llm.token_count.")
_CONTENT = (
    *("gen_ai.input.", "gen_ai.output.", "gen_ai.prompt", "gen_ai.completion", "llm.input_messages."),
    *("mlflow.spanInputs", "mlflow.spanOutputs", "gcp.vertex.agent.llm_request", "request_data", "response_data"),
)


def kind_of_span(span: Span) -> str:
    """The kind by the first sign that is understood, in the order of Langfuse's mapping; "other" without any."""
    if span.logged is not None:
        return span.logged.kind
    attributes = span.attributes
    return (
        _known(_LANGFUSE, attributes.get("langfuse.observation.type"))
        or _known(_OPENINFERENCE, attributes.get("openinference.span.kind"), str.upper)
        or _of_ai_sdk(ai_sdk_operation(span))
        or _of_operation(attributes)
        or _of_span_type(attributes.get("span.type"))
        or _known(_TRACELOOP, attributes.get("traceloop.span.kind"))
        or _known(_REQUEST_TYPES, attributes.get("llm.request.type"))
        or _known(_LANGCHAIN, attributes.get("langsmith.span.kind"), str.lower)
        or _known(_LANGCHAIN, attributes.get("mlflow.spanType"), _without_quotes)
        or _of_haystack(attributes)
        or _of_weaker_signs(span)
    )


# What the types of Haystack's components end with.
_COMPONENTS = {
    "Generator": "llm",
    **dict.fromkeys(("Retriever", "WebSearch", "Ranker"), "retrieval"),
    "TextEmbedder": "embedding",
    "Agent": "agent",
}


def _of_haystack(attributes: Attributes) -> str:
    """A component of a pipeline, or the pipeline."""
    kind = attributes.get("haystack.component.type")
    if not isinstance(kind, str):
        return "chain" if "haystack.pipeline.input_data" in attributes else ""
    return next((found for ending, found in _COMPONENTS.items() if kind.endswith(ending)), "chain")


def _without_quotes(value: str) -> str:
    """MLflow writes its attributes as JSON."""
    return value[:_NAME_CHARS].strip('"').lower()


def _known(kinds: dict[str, str], value: Any, form: Callable[[str], str] = str) -> str:
    return kinds.get(form(value), "") if isinstance(value, str) else ""


def _of_operation(attributes: Attributes) -> str:
    kind = _known(_OPERATIONS, attributes.get("gen_ai.operation.name"))
    return "other" if kind and attributes.get("gen_ai.tool.name") == _MERGED_TOOLS else kind


def _of_span_type(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    name = next((value.removeprefix(agent) for agent in _AGENT_NAMES if value.startswith(agent)), value)
    return _SPAN_TYPES.get(name, "")


def is_of_agent(span: Span) -> bool:
    """Whether a coding agent made the span, or the event: its attributes have names without a prefix."""
    return (
        span.logged is not None
        or span.name.startswith(_AGENT_NAMES)
        or _of_span_type(span.attributes.get("span.type")) != ""
    )


def ai_sdk_operation(span: Span) -> str:
    """What the AI SDK did: by the attribute for it, else by the span's name, else by what only such a span has."""
    attributes = span.attributes
    for told in (attributes.get("ai.operationId"), attributes.get("operation.name"), span.name):
        if isinstance(told, str) and told.startswith("ai."):
            return told[:_NAME_CHARS].partition(" ")[0]
    return next((operation for name, operation in _AI_SDK.items() if name in attributes), "")


_AI_SDK = {
    "ai.toolCall.name": "ai.toolCall",
    "ai.prompt.messages": "ai.generateText.doGenerate",
    "ai.values": "ai.embedMany.doEmbed",
    "ai.prompt": "ai.generateText",
}


def _of_ai_sdk(operation: str) -> str:
    if operation.endswith((".doGenerate", ".doStream")):
        return "llm"
    if operation.endswith(".doEmbed"):
        return "embedding"
    if operation == "ai.toolCall":
        return "tool"
    return "agent" if operation.startswith("ai.") else ""


def _of_weaker_signs(span: Span) -> str:
    """Without a kind that is known: by the tool that it names, by words, by what the span has."""
    attributes = span.attributes
    if any(name in attributes for name in _TOOLS):
        return "tool"
    if _of_span_type(span.name) and span.name.startswith(_AGENT_NAMES):
        return _of_span_type(span.name)
    if span.events and span.event(RESULT_EVENT):
        return "retrieval"
    has_usage = any(name.startswith(_USAGE) for name in attributes)
    has_content = any(name.startswith(_CONTENT) for name in attributes)
    has_model = any(name in attributes for name in _MODELS)
    # Weave's have no sign but the model and what it answered.
    has_content = has_content or (has_model and "output.value" in attributes)
    operation = attributes.get("gen_ai.operation.name")
    if has_usage or has_content:
        by_name = _of_words(operation) or _of_words(span.name)
        # The SDK may have dropped the markers. A model's name is not enough: agents have one too.
        return by_name or ("llm" if has_model else "chain")
    # Log records of a call whose span has not come, or not yet.
    return "llm" if not span.has_span and span.logs else "other"


def _of_words(name: Any) -> str:
    """What a name that nobody knows says: `llm_call` is a call of a model."""
    if not isinstance(name, str):
        return ""
    words = {word.lower() for word in _WORD.findall(name[:_NAME_CHARS])}
    return next((kind for known, kind in _WORDS if words & known), "")
