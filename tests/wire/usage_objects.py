"""Usage objects, as the APIs and SDKs of providers and libraries write them."""

from __future__ import annotations

from typing import Any

from sessions_app.records import Usage

USAGE_OBJECTS: list[tuple[str, dict[str, Any], Usage]] = [
    (
        "OpenAI Chat Completions",
        {
            "prompt_tokens": 2006,
            "completion_tokens": 300,
            "total_tokens": 2306,
            "prompt_tokens_details": {"cached_tokens": 1920, "audio_tokens": 3},
            "completion_tokens_details": {"reasoning_tokens": 64, "audio_tokens": 1, "accepted_prediction_tokens": 9},
        },
        Usage(2006, 300, 1920, None, 64, None, 3, 1),
    ),
    (
        "OpenAI Chat Completions with written cache",
        {
            "prompt_tokens": 50,
            "completion_tokens": 1,
            "prompt_tokens_details": {"cached_tokens": 8, "cache_write_tokens": 4},
        },
        Usage(50, 1, 8, 4),
    ),
    (
        "OpenAI Responses",
        {
            "input_tokens": 75,
            "input_tokens_details": {"cached_tokens": 32},
            "output_tokens": 1186,
            "output_tokens_details": {"reasoning_tokens": 1024},
            "total_tokens": 1261,
        },
        Usage(75, 1186, 32, None, 1024),
    ),
    ("OpenAI Embeddings", {"prompt_tokens": 5, "total_tokens": 5}, Usage(5)),
    (
        "OpenAI Realtime",
        {
            "total_tokens": 253,
            "input_tokens": 132,
            "output_tokens": 121,
            "input_token_details": {"text_tokens": 119, "audio_tokens": 13, "cached_tokens": 64},
            "output_token_details": {"text_tokens": 30, "audio_tokens": 91},
        },
        Usage(132, 121, 64, None, None, None, 13, 91),
    ),
    (
        "Anthropic",
        {
            "input_tokens": 10,
            "output_tokens": 50,
            "cache_creation_input_tokens": 7,
            "cache_read_input_tokens": 100,
            "server_tool_use": {"web_search_requests": 2},
            "service_tier": "standard",
        },
        Usage(117, 50, 100, 7),
    ),
    (
        "Anthropic with TTL keys and thinking",
        {
            "input_tokens": 10,
            "output_tokens": 50,
            "cache_read_input_tokens": 100,
            "cache_creation": {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 4},
            "output_tokens_details": {"thinking_tokens": 20},
        },
        Usage(117, 50, 100, 7, 20, 4),
    ),
    (
        "Anthropic with TTL keys and their sum",
        {
            "input_tokens": 10,
            "cache_creation_input_tokens": 7,
            "cache_read_input_tokens": 0,
            "output_tokens": 1,
            "cache_creation": {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 4},
        },
        Usage(17, 1, 0, 7, None, 4),
    ),
    (
        "Gemini",
        {
            "promptTokenCount": 9,
            "candidatesTokenCount": 3,
            "thoughtsTokenCount": 5,
            "cachedContentTokenCount": 2,
            "toolUsePromptTokenCount": 40,
            "totalTokenCount": 57,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 9}],
        },
        Usage(49, 8, 2, None, 5),
    ),
    (
        "Gemini in snake case",
        {
            "prompt_token_count": 9,
            "candidates_token_count": 3,
            "thoughts_token_count": 5,
            "cached_content_token_count": 2,
            "tool_use_prompt_token_count": 40,
        },
        Usage(49, 8, 2, None, 5),
    ),
    (
        "Gemini that only thought",
        {"prompt_token_count": 9, "thoughts_token_count": 5, "total_token_count": 14},
        Usage(9, 5, None, None, 5),
    ),
    (
        "Gemini Live",
        {"promptTokenCount": 9, "responseTokenCount": 3, "totalTokenCount": 12},
        Usage(9, 3),
    ),
    (
        "Gemini Interactions",
        {
            "total_tokens": 346,
            "total_input_tokens": 11,
            "input_tokens_by_modality": [{"modality": "text", "tokens": 11}],
            "raw_prompt_token": 4,
            "total_cached_tokens": 0,
            "total_output_tokens": 90,
            "total_tool_use_tokens": 0,
            "total_thought_tokens": 245,
        },
        Usage(11, 335, 0, None, 245),
    ),
    (
        "Bedrock Converse",
        {
            "inputTokens": 5,
            "outputTokens": 2,
            "cacheReadInputTokens": 10,
            "cacheWriteInputTokens": 1,
            "totalTokens": 18,
            "cacheDetails": [{"ttl": "5m", "inputTokens": 1}],
        },
        Usage(16, 2, 10, 1),
    ),
    (
        "Bedrock Converse without a total",
        {"inputTokens": 50, "outputTokens": 2, "cacheReadInputTokens": 10, "cacheWriteInputTokens": 1},
        Usage(61, 2, 10, 1),
    ),
    (
        "Bedrock invocation metrics",
        {"inputTokenCount": 11, "outputTokenCount": 4, "cacheReadInputTokenCount": 8, "invocationLatency": 512},
        Usage(19, 4, 8),
    ),
    (
        "Cohere v2",
        {
            "billed_units": {"input_tokens": 5, "output_tokens": 418, "search_units": 1},
            "tokens": {"input_tokens": 71, "output_tokens": 420},
        },
        Usage(71, 420),
    ),
    ("Cohere with billed units alone", {"billed_units": {"input_tokens": 5, "output_tokens": 4}}, Usage(5, 4)),
    (
        "Mistral",
        {"prompt_tokens": 16, "completion_tokens": 34, "total_tokens": 50, "prompt_audio_seconds": 3},
        Usage(16, 34),
    ),
    (
        "DeepSeek",
        {
            "prompt_tokens": 100,
            "completion_tokens": 5,
            "total_tokens": 105,
            "prompt_cache_hit_tokens": 64,
            "prompt_cache_miss_tokens": 36,
        },
        Usage(100, 5, 64),
    ),
    (
        "OpenRouter",
        {
            "prompt_tokens": 194,
            "completion_tokens": 2,
            "total_tokens": 196,
            "cost": 0.95,
            "cost_details": {"upstream_inference_cost": 19},
            "prompt_tokens_details": {"cached_tokens": 100, "cache_write_tokens": 10, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 1},
        },
        Usage(194, 2, 100, 10, 1),
    ),
    (
        "xAI, reasoning beside the completion",
        {
            "prompt_tokens": 32,
            "completion_tokens": 9,
            "total_tokens": 135,
            "completion_tokens_details": {"reasoning_tokens": 94},
        },
        Usage(32, 103, None, None, 94),
    ),
    (
        "LangChain usage_metadata",
        {
            "input_tokens": 350,
            "output_tokens": 240,
            "total_tokens": 590,
            "input_token_details": {"audio": 10, "cache_creation": 200, "cache_read": 100},
            "output_token_details": {"audio": 10, "reasoning": 200},
        },
        Usage(350, 240, 100, 200, 200),
    ),
    (
        "LangChain with TTL keys",
        {
            "input_tokens": 350,
            "output_tokens": 240,
            "input_token_details": {"cache_creation": 0, "cache_read": 100, "ephemeral_5m_input_tokens": 20},
        },
        Usage(350, 240, 100, 20),
    ),
    ("LangChain.js", {"promptTokens": 7, "completionTokens": 3, "totalTokens": 10}, Usage(7, 3)),
    (
        "AI SDK 5",
        {
            "inputTokens": 10,
            "outputTokens": 20,
            "totalTokens": 30,
            "reasoningTokens": 4,
            "cachedInputTokens": 6,
        },
        Usage(10, 20, 6, None, 4),
    ),
    (
        "AI SDK 5 with Anthropic",
        {"inputTokens": 10, "outputTokens": 20, "totalTokens": 36, "cachedInputTokens": 6},
        Usage(16, 20, 6),
    ),
    (
        "AI SDK 6",
        {
            "inputTokens": 100,
            "inputTokenDetails": {"noCacheTokens": 30, "cacheReadTokens": 60, "cacheWriteTokens": 10},
            "outputTokens": 20,
            "outputTokenDetails": {"textTokens": 16, "reasoningTokens": 4},
            "totalTokens": 120,
            "raw": {"input_tokens": 30},
        },
        Usage(100, 20, 60, 10, 4),
    ),
    (
        "AI SDK 6, a provider's",
        {
            "inputTokens": {"total": 100, "noCache": 30, "cacheRead": 60, "cacheWrite": 10},
            "outputTokens": {"total": 20, "text": 16, "reasoning": 4},
        },
        Usage(100, 20, 60, 10, 4),
    ),
    (
        "Langfuse, parts beside the sums",
        {"input": 24, "output": 10, "total": 44, "input_cache_read": 8, "output_reasoning": 2},
        Usage(32, 12, 8, None, 2),
    ),
    (
        "Langfuse, parts inside the sums",
        {"input": 17903, "input_cached_tokens": 17817, "output": 5, "output_reasoning_tokens": 2, "total": 17908},
        Usage(17903, 5, 17817, None, 2),
    ),
    (
        "Langfuse with Anthropic's names",
        {"input": 3, "output": 5, "cache_read_input_tokens": 10, "cache_creation_input_tokens": 2},
        Usage(15, 5, 10, 2),
    ),
    ("Langfuse 2", {"promptTokens": 3, "completionTokens": 5, "totalTokens": 8, "unit": "TOKENS"}, Usage(3, 5)),
    (
        "Codex",
        {
            "input_tokens": 100,
            "cached_input_tokens": 60,
            "output_tokens": 20,
            "reasoning_output_tokens": 5,
            "total_tokens": 120,
        },
        Usage(100, 20, 60, None, 5),
    ),
    (
        "Codex, its log records",
        {
            "input_token_count": 100,
            "cached_token_count": 60,
            "output_token_count": 20,
            "reasoning_token_count": 5,
            "tool_token_count": 120,
        },
        Usage(100, 20, 60, None, 5),
    ),
    (
        "Gemini CLI",
        {
            "input_token_count": 100,
            "output_token_count": 10,
            "cached_content_token_count": 40,
            "thoughts_token_count": 5,
            "tool_token_count": 0,
            "total_token_count": 115,
        },
        Usage(100, 15, 40, None, 5),
    ),
    (
        "Claude Code",
        {"input_tokens": 2, "output_tokens": 1200, "cache_read_tokens": 84562, "cache_creation_tokens": 7096},
        Usage(91660, 1200, 84562, 7096),
    ),
    (
        "Pydantic AI",
        {"input_tokens": 100, "cache_write_tokens": 10, "cache_read_tokens": 60, "output_tokens": 20},
        Usage(100, 20, 60, 10),
    ),
    (
        "opencode",
        {"input": 3, "output": 20, "reasoning": 4, "cache": {"read": 60, "write": 10}},
        Usage(73, 20, 60, 10, 4),
    ),
    (
        "LiteLLM, OpenAI's sum with Anthropic's details",
        {
            "prompt_tokens": 117,
            "completion_tokens": 50,
            "total_tokens": 167,
            "prompt_tokens_details": {"cached_tokens": 100, "cache_creation_tokens": 7},
            "cache_creation_input_tokens": 7,
            "cache_read_input_tokens": 100,
        },
        Usage(117, 50, 100, 7),
    ),
    (
        "our own names",
        {"input_tokens": 9, "output_tokens": 4, "cached_tokens": 5, "cache_write_tokens": 1, "reasoning_tokens": 2},
        Usage(9, 4, 5, 1, 2),
    ),
]
