"""Members of bodies that are not read. Those with texts become parts of their own, so that their words are kept."""

from __future__ import annotations

from collections.abc import Set

from sessions_app.content.documents import PartKind
from sessions_app.content.json_bytes import JsonBytes
from sessions_app.content.splitting import Splitter, WriteMember

# What bodies of the followed APIs have beside messages: settings, ids, counts, and results that are no text.
KNOWN_IN_REQUEST = frozenset(
    {
        *("model", "model_id", "stream", "stream_options", "temperature", "top_p", "top_k", "min_p", "n", "seed"),
        *("max_tokens", "max_completion_tokens", "max_output_tokens", "max_tokens_to_sample", "stop", "stop_sequences"),
        *("frequency_penalty", "presence_penalty", "repetition_penalty", "logit_bias", "logprobs", "top_logprobs"),
        *("tool_choice", "parallel_tool_calls", "function_call", "response_format", "text", "modalities", "audio"),
        *("reasoning", "reasoning_effort", "thinking", "include", "store", "truncation", "background", "verbosity"),
        *("user", "safety_identifier", "metadata", "previous_response_id", "conversation", "service_tier"),
        *("prompt_cache_key", "prompt_cache_retention", "max_tool_calls", "prediction", "web_search_options"),
        *("anthropic_version", "anthropic_beta", "betas", "mcp_servers", "container", "context_management"),
        *("generationConfig", "generation_config", "safetySettings", "safety_settings", "toolConfig", "tool_config"),
        *("cachedContent", "cached_content", "config", "inferenceConfig", "toolConfig", "modelId", "parameters"),
        *("encoding_format", "dimensions", "size", "quality", "style", "voice", "options", "keep_alive", "format"),
        *("extra_body", "extra_headers", "extra_query", "timeout", "output_config", "speed", "client_metadata"),
    }
)
KNOWN_IN_RESPONSE = frozenset(
    {
        *("id", "object", "type", "role", "created", "created_at", "completed_at", "createTime", "model", "provider"),
        *("modelVersion", "model_version", "responseId", "response_id", "system_fingerprint", "service_tier"),
        *("usage", "usageMetadata", "usage_metadata", "stop_reason", "stop_sequence", "stopReason", "status"),
        *("finish_reason", "incomplete_details", "error", "done", "done_reason", "metrics", "meta", "trace"),
        *("instructions", "tools", "tool_choice", "text", "reasoning"),
        *("truncation", "metadata", "user", "safety_identifier", "store", "background", "conversation", "prompt"),
        *("previous_response_id", "prompt_cache_key", "prompt_cache_retention", "container", "billing", "logprobs"),
        *("prompt_logprobs", "sdkHttpResponse", "sdk_http_response", "ResponseMetadata", "images", "audio"),
        *("context_management", "citations", "search_results", "promptFeedback", "prompt_feedback", "moderation"),
    }
)
KNOWN_IN_CHOICE = frozenset(
    {
        *("index", "finish_reason", "finishReason", "native_finish_reason", "stop_reason", "logprobs", "token_ids"),
        *("content_filter_results", "safetyRatings", "safety_ratings", "avgLogprobs", "matched_stop", "tokenCount"),
    }
)


def cuts_of_unread(
    splitter: Splitter, fields: dict[str, JsonBytes], known: Set[str], read: Set[str]
) -> dict[str, WriteMember]:
    """For each member that is neither known nor read, and holds texts, the function that cuts it."""

    def unread(value: JsonBytes) -> bytes:
        return splitter.item("c", value, PartKind.UNREAD)

    unknown = fields.keys() - known - read
    return {name: unread for name in unknown if b'"' in bytes(fields[name])} if unknown else {}


def cut_unread(splitter: Splitter, raw: JsonBytes) -> bytes:
    """Cut a value that stands where messages were expected."""
    return splitter.item("c", raw, PartKind.UNREAD) if b'"' in bytes(raw) else splitter.rest(raw)
