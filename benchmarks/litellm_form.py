# ruff: noqa: SIM905 -- lists of names read better as text
"""A call as LiteLLM's `generic_api` callback posts it: the StandardLoggingPayload of LiteLLM 1.106, all its fields.

Two lines of chat become about 14 KB: half is an entry of LiteLLM's price table, most of whose fields are null.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from benchmarks.calls import PRICES, Call, Price, Session, cost, identifier

Log = dict[str, Any]

USER_AGENT = "OpenAI/Python 2.54.0"
STAINLESS = {
    "x-stainless-lang": "python",
    "x-stainless-package-version": "2.54.0",
    "x-stainless-os": "Linux",
    "x-stainless-arch": "x64",
    "x-stainless-runtime": "CPython",
    "x-stainless-runtime-version": "3.11.7",
    "x-stainless-async": "false",
    "x-stainless-raw-response": "true",
    "x-stainless-retry-count": "0",
    "x-stainless-read-timeout": "600",
}
# Fields of the price table that are null for an ordinary chat model.
UNUSED_PRICE_FIELDS = """
input_cost_per_token_priority output_cost_per_token_priority cache_read_input_token_cost_priority
input_cost_per_token_flex input_cost_per_token_balanced input_cost_per_token_ultrafast
cache_creation_input_token_cost cache_creation_input_token_cost_above_200k_tokens
cache_creation_input_token_cost_above_272k_tokens cache_creation_input_token_cost_above_272k_tokens_priority
cache_creation_input_token_cost_above_272k_tokens_flex
cache_creation_input_token_cost_above_272k_tokens_ultrafast cache_creation_input_token_cost_flex
cache_creation_input_token_cost_priority cache_creation_input_token_cost_ultrafast
cache_read_input_audio_token_cost prompt_cache_min_tokens cache_read_input_token_cost_above_200k_tokens
cache_read_input_token_cost_above_200k_tokens_priority cache_read_input_token_cost_above_272k_tokens
cache_read_input_token_cost_above_272k_tokens_priority cache_read_input_token_cost_above_272k_tokens_flex
cache_read_input_token_cost_above_272k_tokens_ultrafast cache_read_input_token_cost_above_512k_tokens
cache_read_input_token_cost_flex cache_read_input_token_cost_balanced cache_read_input_token_cost_ultrafast
cache_read_input_token_cost_batches cache_read_input_token_cost_above_200k_tokens_batches
cache_read_input_token_cost_above_272k_tokens_batches cache_creation_input_token_cost_batches
cache_creation_input_token_cost_above_200k_tokens_batches
cache_creation_input_token_cost_above_272k_tokens_batches cache_creation_input_token_cost_above_1hr
off_peak_pricing input_cost_per_character input_cost_per_token_above_128k_tokens
input_cost_per_token_above_200k_tokens input_cost_per_token_above_200k_tokens_priority
input_cost_per_token_above_272k_tokens input_cost_per_token_above_272k_tokens_priority
input_cost_per_token_above_272k_tokens_flex input_cost_per_token_above_272k_tokens_ultrafast
input_cost_per_token_above_512k_tokens input_cost_per_query cost_per_second input_cost_per_second
input_cost_per_audio_token input_cost_per_image_token input_cost_per_video_token
input_cost_per_audio_token_batches input_cost_per_image_token_batches input_cost_per_image
input_cost_per_audio_per_second input_cost_per_video_per_second input_cost_per_video_token_batches
input_cost_per_token_above_200k_tokens_batches input_cost_per_token_above_272k_tokens_batches
output_cost_per_token_above_200k_tokens_batches output_cost_per_token_above_272k_tokens_batches
output_cost_per_token_flex output_cost_per_token_balanced output_cost_per_token_ultrafast
regional_processing_uplift_multiplier_eu regional_processing_uplift_multiplier_us
regional_endpoint_uplift_multiplier output_cost_per_audio_token output_cost_per_character
output_cost_per_reasoning_token output_cost_per_reasoning_token_flex output_cost_per_reasoning_token_priority
output_cost_per_token_above_128k_tokens output_cost_per_character_above_128k_tokens
output_cost_per_token_above_200k_tokens output_cost_per_token_above_200k_tokens_priority
output_cost_per_token_above_272k_tokens output_cost_per_token_above_272k_tokens_priority
output_cost_per_token_above_272k_tokens_flex output_cost_per_token_above_272k_tokens_ultrafast
output_cost_per_token_above_512k_tokens output_cost_per_second output_cost_per_second_1080p
output_cost_per_second_480p output_cost_per_second_720p output_cost_per_second_768p output_cost_per_second_2k
output_cost_per_second_4k output_cost_per_video_per_second output_cost_per_image output_cost_per_pixel
output_cost_per_image_token output_cost_per_image_token_batches output_cost_per_video_token output_vector_size
citation_cost_per_token tiered_pricing supported_endpoints supports_assistant_prefill
supports_prompt_cache_breakpoint supports_thinking_cache_preservation supports_audio_input supports_video_input
supports_box_questions supports_audio_output supports_embedding_image_input supports_native_streaming
supports_native_structured_output supports_web_search supports_url_context supports_reasoning
supports_adaptive_thinking supports_legacy_thinking thinking_always_on supports_tool_search
supports_mid_conversation_system supports_anthropic_thinking_payload supports_anthropic_compaction
supports_none_reasoning_effort supports_minimal_reasoning_effort supports_low_reasoning_effort
supports_xhigh_reasoning_effort supports_max_reasoning_effort reasoning_effort_levels default_reasoning_effort
bedrock_output_config_effort_ceiling bedrock_converse_supports_strict_tools supports_regex_lookaround
supports_computer_use web_search_billing_unit search_free_requests google_maps_grounding_cost_per_query tpm rpm
ocr_cost_per_page ocr_cost_per_page_batches ocr_cost_per_credit annotation_cost_per_page
annotation_cost_per_page_batches provider_specific_entry uses_embed_content supports_image_size
supported_audio_formats token_count_framing token_count_model token_count_tokenizer vertex_ai_audio_api
""".split()
PARAMETERS = """
frequency_penalty logit_bias logprobs top_logprobs max_tokens max_completion_tokens modalities prediction n
presence_penalty seed stop stream stream_options temperature top_p tools tool_choice function_call functions
max_retries extra_headers parallel_tool_calls audio web_search_options service_tier safety_identifier
prompt_cache_key prompt_cache_retention store response_format reasoning_effort
""".split()
KEY_FIELDS = """
alias spend max_budget budget_reset_at user_spend user_max_budget team_spend team_max_budget team_id org_id org_alias
project_id project_alias user_id team_alias user_email end_user_id
""".split()
ERROR_CLASSES = {
    400: ("BadRequestError", "400_INVALID_REQUEST"),
    401: ("AuthenticationError", "401_AUTHENTICATION_FAILED"),
    404: ("NotFoundError", "404_RESOURCE_NOT_FOUND"),
    408: ("Timeout", "408_UPSTREAM_TIMEOUT"),
    429: ("RateLimitError", "429_RATE_LIMIT_EXCEEDED"),
    500: ("InternalServerError", "500_PROVIDER_INTERNAL_ERROR"),
    503: ("ServiceUnavailableError", "503_PROVIDER_OVERLOADED"),
}
EXCEPTION_NAMES = {"openai": "OpenAIException", "anthropic": "AnthropicException"}
TRACEBACK = """\
  File "lib/python3.11/site-packages/litellm/utils.py", line 2112, in wrapper_async
    result = await original_function(*args, **call_kwargs)
             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "lib/python3.11/site-packages/litellm/main.py", line 740, in acompletion
    raise exception_type(
          ^^^^^^^^^^^^^^^
  File "lib/python3.11/site-packages/litellm/litellm_core_utils/exception_mapping_utils.py", line 475, in \
_map_openai_exception
    raise {name}(
"""


def litellm_payload(session: Session, place: int, anchor: datetime) -> Log:
    """The payload of one call of an OpenAI chat. Its session id is where only `requester_metadata` keeps it."""
    call = session.calls[place]
    start, end = (session.moment(second, anchor).timestamp() for second in (call.start, call.end))
    price = PRICES[call.model]
    call_id = uuid_of(session.key, "call", place)
    response = dated(call.response, int(end)) if call.response else {}
    body = {name: value for name, value in call.request.items() if name not in ("model", "messages")}
    spent = float(cost(call.model, call.tokens)) if call.tokens else 0.0
    base = api_base(price)
    return {
        "id": response["id"] if response else call_id,
        "litellm_call_id": call_id,
        # Random for each request, as LiteLLM makes it when the caller sent none in a way that it honours.
        "trace_id": uuid_of(session.key, "trace", place),
        "session_id": "",
        "call_type": "acompletion",
        "cache_hit": False if call.error else None,
        "stream": True if body.get("stream") else None,
        "status": "failure" if call.error else "success",
        "status_fields": {
            "llm_api_status": "failure" if call.error else "success",
            "guardrail_status": "not_run",
        },
        "custom_llm_provider": price.provider,
        "saved_cache_cost": 0.0,
        "startTime": start,
        "endTime": end,
        "completionStartTime": end,
        "response_time": end - start,
        "model": f"{price.provider}/{call.model}",
        "metadata": metadata(session, usage_object(call)),
        "cache_key": None,
        "response_cost": spent,
        "cost_breakdown": cost_breakdown(call, price, spent) if call.tokens else None,
        "autorouter_savings": None,
        "autorouter_savings_estimate": None,
        "autorouter_baseline_observation": None,
        "total_tokens": call.tokens.input + call.tokens.output if call.tokens else 0,
        "prompt_tokens": call.tokens.input if call.tokens else 0,
        "completion_tokens": call.tokens.output if call.tokens else 0,
        "request_tags": [*session.tags, "User-Agent: OpenAI", f"User-Agent: {USER_AGENT}"],
        "request_model_access_groups": [],
        "end_user": session.user or None,
        "api_base": base,
        "model_group": call.model,
        "model_id": identifier("", "deployment", call.model, digits=64),
        "requester_ip_address": "10.20.0.14",
        "user_agent": USER_AGENT,
        "messages": call.request["messages"],
        "response": response,
        "model_parameters": {"stream": False} | body,
        "hidden_params": hidden_params(session, place, spent, base),
        "model_map_information": model_map(call.model, price),
        "error_str": error_text(call) if call.error else None,
        "error_information": error_information(call, price),
        "response_cost_failure_debug_info": None,
        "zero_cost_diagnostic": None,
        "guardrail_information": None,
        "standard_built_in_tools_params": {"web_search_options": None, "file_search": None},
    }


def dated(response: Log, second: int) -> Log:
    """The response with the second at which it was made."""
    return {name: second if name == "created" else value for name, value in response.items()}


def uuid_of(*names: Any) -> str:
    """A version 4 UUID that depends on the names alone."""
    digits = identifier("", *names, digits=32)
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def api_base(price: Price) -> str:
    hosts = {"openai": "https://api.openai.com/v1/", "anthropic": "https://api.anthropic.com/v1/messages"}
    return hosts.get(price.provider, "http://models.internal:8000/v1")


def usage_object(call: Call) -> Log:
    return call.response["usage"] if call.response else {}


def metadata(session: Session, usage: Log) -> Log:
    headers = {"host": "llm-proxy.internal:4000", "accept-encoding": "gzip, deflate, zstd", "connection": "keep-alive"}
    headers |= {"accept": "application/json", "content-type": "application/json", "user-agent": USER_AGENT, **STAINLESS}
    return {
        "user_api_key_hash": identifier("", "key", session.tags, digits=64),
        **{f"user_api_key_{name}": None for name in KEY_FIELDS},
        "user_api_key_alias": "backend-production",
        "user_api_key_user_id": "default_user_id",
        "user_api_key_request_route": "/v1/chat/completions",
        "spend_logs_metadata": None,
        "requester_ip_address": "10.20.0.14",
        "user_agent": USER_AGENT,
        "requester_metadata": {
            "litellm_trace_id": session.key,
            "headers": headers,
            "used_client_oauth_token": False,
        },
        "prompt_management_metadata": None,
        "applied_guardrails": [],
        "mcp_tool_call_metadata": None,
        "vector_store_request_metadata": None,
        "routing_decision": None,
        "usage_object": usage,
        "requester_custom_headers": STAINLESS,
        "cold_storage_object_key": None,
        "user_api_key_auth_metadata": {},
        "team_alias": None,
        "team_id": None,
        "used_client_oauth_token": False,
    }


def cost_breakdown(call: Call, price: Price, spent: float) -> Log:
    assert call.tokens is not None
    output = call.tokens.output * float(price.output or 0) / 1e6
    zeros = ("discount_percent", "discount_amount", "margin_percent", "margin_fixed_amount", "margin_total_amount")
    return {
        "input_cost": spent - output,
        "output_cost": output,
        "total_cost": spent,
        "tool_usage_cost": 0.0,
        "service_tier": None,
        "data_residency": None,
        "vertex_location": None,
        "original_cost": spent,
        **dict.fromkeys(zeros, 0.0),
    }


def hidden_params(session: Session, place: int, spent: float, base: str) -> Log:
    call = session.calls[place]
    upstream = {"server": "cloudflare", "content-type": "application/json", "x-request-id": request_id(session, place)}
    limits = {"x_ratelimit_limit_requests": 5000, "x_ratelimit_remaining_requests": 4999 - place}
    headers: Log = limits | {f"llm_provider-{name}": value for name, value in upstream.items()}
    if call.error:
        return hidden_fields(None, None, 0.0, limits | upstream, None)
    headers |= {
        "x-litellm-model-group": call.model,
        "x-litellm-attempted-retries": 0,
        "x-litellm-attempted-fallbacks": 0,
    }
    return hidden_fields(identifier("", "deployment", call.model, digits=64), base, spent, headers, call.model)


def hidden_fields(model_id: str | None, base: str | None, spent: float, headers: Log, model: str | None) -> Log:
    return {
        "model_id": model_id,
        "cache_key": None,
        "api_base": base,
        "response_cost": spent,
        "additional_headers": headers,
        "litellm_overhead_time_ms": 21.4 if model else None,
        "batch_models": None,
        "batch_successful_requests": None,
        "batch_failed_requests": None,
        "litellm_model_name": model,
        "usage_object": None,
    }


def request_id(session: Session, place: int) -> str:
    return identifier("req_", session.key, "upstream", place, digits=20)


def model_map(model: str, price: Price) -> Log:
    """The price table's entry."""
    abilities = ("system_messages", "response_schema", "vision", "function_calling", "parallel_function_calling")
    used = {
        "key": model,
        "max_tokens": 16384,
        "max_input_tokens": 128000,
        "max_output_tokens": 16384,
        "input_cost_per_token": float(price.input or 0) / 1e6,
        "cache_read_input_token_cost": float(price.cached or 0) / 1e6,
        "output_cost_per_token": float(price.output or 0) / 1e6,
        "litellm_provider": price.provider,
        "mode": "chat",
        **{f"supports_{ability}": True for ability in (*abilities, "tool_choice", "prompt_caching", "pdf_input")},
        "search_context_cost_per_query": {f"search_context_size_{size}": 0.025 for size in ("high", "low", "medium")},
        "supported_openai_params": PARAMETERS,
    }
    return {
        "model_map_key": f"{price.provider}/{model}",
        "model_map_value": used | dict.fromkeys(UNUSED_PRICE_FIELDS),
    }


def error_text(call: Call) -> str:
    assert call.error is not None
    name = ERROR_CLASSES[call.status_code][0]
    return f"litellm.{name}: {name}: {EXCEPTION_NAMES[PRICES[call.model].provider]} - {call.error['message']}"


def error_information(call: Call, price: Price) -> Log:
    name, normalised = ERROR_CLASSES[call.status_code] if call.error else ("", None)
    budget = ("budget_entity_type", "budget_entity_id", "budget_limit", "budget_spend")
    names = ("provider_request_id", "rate_limit_category", "rate_limit_type", *budget)
    return {
        "error_code": str(call.status_code) if call.error else "",
        "error_class": name,
        "llm_provider": price.provider if call.error else "",
        "traceback": TRACEBACK.format(name=name) if call.error else "",
        "error_message": error_text(call) if call.error else "",
        **{f"error_{field}": None for field in names},
        "normalized_error": normalised,
    }
