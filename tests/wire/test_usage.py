"""Token counts of each provider and library, as their APIs and SDKs write them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from sessions_app.content.json_bytes import object_fields
from sessions_app.records import Usage
from sessions_app.wire.usage import completed_usage, cost_of, usage_of
from sessions_app.wire.usage_names import meaning_of
from sessions_app.wire.usage_places import Counted, counted_in
from tests.wire.usage_objects import USAGE_OBJECTS


@pytest.mark.parametrize(("value", "expected"), [case[1:] for case in USAGE_OBJECTS], ids=[c[0] for c in USAGE_OBJECTS])
def test_a_usage_object(value: dict[str, Any], expected: Usage) -> None:
    assert usage_of(value) == expected


@pytest.mark.parametrize(
    ("total", "expected"),
    [(110, 100), (160, 150), (999, 150), (None, 150), (-1, 150), ("110", 150)],
    ids=["inside", "beside", "neither", "none", "negative", "a text"],
)
def test_the_total_decides_whether_cached_tokens_are_inside_the_input(total: Any, expected: int) -> None:
    usage = {"input_tokens": 100, "output_tokens": 10, "cache_read_input_tokens": 50, "total_tokens": total}
    assert usage_of(usage) == Usage(expected, 10, 50)


def test_the_total_overrides_names_that_mean_inside() -> None:
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "cached_tokens": 50, "total_tokens": 160}
    assert usage_of(usage) == Usage(150, 10, 50)


def test_more_cached_tokens_than_input_cannot_be_inside_it() -> None:
    usage = {"input_tokens": 2, "output_tokens": 10, "cache_read_input_tokens": 50, "total_tokens": 12}
    assert usage_of(usage) == Usage(52, 10, 50)


@pytest.mark.parametrize("value", [None, 5, "many", [], ["input_tokens"], {}, {"a": {"b": {"c": {"d": {"e": 1}}}}}])
def test_what_is_no_usage_object_says_nothing(value: Any) -> None:
    assert usage_of(value) == Usage()


@pytest.mark.parametrize("count", [-1, "12", 1.5, True, None, [3], 2**53 + 1, 10**400, float("inf"), float("nan")])
def test_what_is_no_count_is_unknown(count: Any) -> None:
    usage = {"prompt_tokens": count, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": count}}
    assert usage_of(usage) == Usage(None, 3)


def test_sums_of_huge_counts_are_unknown() -> None:
    usage = {"input_tokens": 2**53, "output_tokens": 2**53, "cache_read_input_tokens": 1}
    assert usage_of(usage) == Usage(None, 2**53, 1)
    parts = {f"input_{number}_tokens": 2**53 for number in range(250)}
    assert usage_of({"input": 3, "output": 5} | parts) == Usage(None, 5)


def test_a_huge_usage_object_is_not_read_to_its_end() -> None:
    usage = {f"a{number}": {"b": number} for number in range(10_000)} | {"input_tokens": 3}
    assert usage_of({"input_tokens": 5} | usage) == Usage(3)
    assert usage_of(usage | {"x" * 10**6: 1}) == Usage()


@pytest.mark.parametrize(
    "name",
    [
        *("prompt_eval_duration", "total_duration", "prompt_time", "max_output_tokens", "thinking_budget_tokens"),
        *(
            "completion_tokens_details.text_tokens",
            "prompt_tokens_details.audio_tokens",
            "cache_discount",
            "total_cost",
        ),
        *("prompt_cache_miss_tokens", "server_tool_use.web_search_requests", "num_search_queries", "citation_tokens"),
        *("inputTokens.noCache", "cost_in_usd_ticks", "service_tier", "billed_units.search_units"),
    ],
)
def test_other_numbers_are_no_token_counts(name: str) -> None:
    assert meaning_of(name) is None


# --- where it is in a body ------------------------------------------------------------------------------------------


BODIES: list[tuple[str, dict[str, Any], Usage]] = [
    ("OpenAI", {"choices": [], "usage": {"prompt_tokens": 4, "completion_tokens": 3}}, Usage(4, 3)),
    ("Gemini", {"candidates": [], "usageMetadata": {"promptTokenCount": 4, "candidatesTokenCount": 3}}, Usage(4, 3)),
    ("google-genai", {"usage_metadata": {"prompt_token_count": 4, "candidates_token_count": 3}}, Usage(4, 3)),
    ("Vertex, no usage", {"usageMetadata": {"trafficType": "ON_DEMAND"}}, Usage()),
    ("Bedrock Converse", {"metrics": {"latencyMs": 9}, "usage": {"inputTokens": 4, "outputTokens": 3}}, Usage(4, 3)),
    (
        "Bedrock invoke",
        {"type": "message_stop", "amazon-bedrock-invocationMetrics": {"inputTokenCount": 4, "outputTokenCount": 3}},
        Usage(4, 3),
    ),
    ("Bedrock Llama", {"generation": "a", "prompt_token_count": 4, "generation_token_count": 3}, Usage(4, 3)),
    (
        "Bedrock Titan",
        {"inputTextTokenCount": 4, "results": [{"tokenCount": 3, "outputText": "a", "completionReason": "FINISH"}]},
        Usage(4, 3),
    ),
    ("Bedrock Titan embedding", {"embedding": [0.1], "inputTextTokenCount": 4}, Usage(4)),
    ("Cohere v1", {"text": "a", "meta": {"tokens": {"input_tokens": 4, "output_tokens": 3}}}, Usage(4, 3)),
    ("Cohere embed", {"meta": {"api_version": {"version": "2"}, "billed_units": {"input_tokens": 4}}}, Usage(4)),
    (
        "Ollama chat",
        {"message": {"content": "a"}, "total_duration": 5, "prompt_eval_count": 4, "eval_count": 3, "eval_duration": 9},
        Usage(4, 3),
    ),
    ("Ollama, all of the prompt cached", {"response": "a", "eval_count": 3}, Usage(None, 3)),
    (
        "text-generation-inference",
        {"generated_text": "a", "details": {"generated_tokens": 3, "prefill": [{"id": 1}] * 4, "tokens": []}},
        Usage(4, 3),
    ),
    ("text-generation-inference, streamed", {"details": {"generated_tokens": 3, "input_length": 4}}, Usage(4, 3)),
    ("llama.cpp", {"content": "a", "tokens_evaluated": 4, "tokens_predicted": 3, "tokens_cached": 7}, Usage(4, 3)),
    ("watsonx", {"results": [{"generated_token_count": 3, "input_token_count": 4}]}, Usage(4, 3)),
    ("Groq, streamed", {"x_groq": {"usage": {"prompt_tokens": 4, "completion_tokens": 3}}}, Usage(4, 3)),
    (
        "LangChain message",
        {"type": "ai", "content": "a", "usage_metadata": {"input_tokens": 4, "output_tokens": 3}},
        Usage(4, 3),
    ),
    (
        "LangChain message of old",
        {"content": "a", "response_metadata": {"token_usage": {"prompt_tokens": 4, "completion_tokens": 3}}},
        Usage(4, 3),
    ),
    (
        "LangChain, Ollama",
        {"content": "a", "response_metadata": {"prompt_eval_count": 4, "eval_count": 3, "total_duration": 8}},
        Usage(4, 3),
    ),
    (
        "LangChain result",
        {"generations": [[{"text": "a"}]], "llm_output": {"token_usage": {"prompt_tokens": 4, "completion_tokens": 3}}},
        Usage(4, 3),
    ),
    (
        "LangChain result, dumped",
        {
            "generations": [
                [{"message": {"lc": 1, "kwargs": {"usage_metadata": {"input_tokens": 4, "output_tokens": 3}}}}]
            ]
        },
        Usage(4, 3),
    ),
    ("Claude Code transcript", {"message": {"usage": {"input_tokens": 4, "output_tokens": 3}}}, Usage(4, 3)),
    ("Responses event", {"response": {"usage": {"input_tokens": 4, "output_tokens": 3}}}, Usage(4, 3)),
    ("batch line", {"response": {"body": {"usage": {"prompt_tokens": 4, "completion_tokens": 3}}}}, Usage(4, 3)),
    ("Replicate", {"output": ["a"], "metrics": {"input_token_count": 4, "output_token_count": 3}}, Usage(4, 3)),
]


@pytest.mark.parametrize(("body", "expected"), [case[1:] for case in BODIES], ids=[case[0] for case in BODIES])
def test_a_response_body(body: dict[str, Any], expected: Usage) -> None:
    assert counted_in(object_fields(json.dumps(body).encode())).usage == expected


def test_a_deeply_nested_body_is_not_read_to_its_end() -> None:
    body = '{"response":' * 50 + '{"usage":{"input_tokens":3}}' + "}" * 50
    assert counted_in(object_fields(body.encode())) == Counted()


# --- cost -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"cost": 0.00095}, Decimal("0.00095")),
        ({"cost": {"input_tokens_cost": 1e-6, "total_cost": 0.006}}, Decimal("0.006")),
        ({"cost_in_usd_ticks": 318319000}, Decimal("0.0318319")),
        ({"cost": -1}, None),
        ({"cost": "free"}, None),
        ({"cost": float("nan")}, None),
        ({"prompt_tokens": 3}, None),
        (None, None),
    ],
)
def test_the_cost_in_a_usage_object(usage: Any, expected: Decimal | None) -> None:
    assert cost_of(usage) == expected


# --- a log's own counts and those of its usage object ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "detailed", "expected"),
    [
        (Usage(20, 5), Usage(21, 6, 4), Usage(20, 5, 4)),
        (Usage(0, 0), Usage(20, 5), Usage(20, 5)),
        (Usage(0, 0), Usage(), Usage(0, 0)),
        (Usage(), Usage(), Usage()),
        (Usage(3, 5), Usage(113, 5, 100, 10), Usage(113, 5, 100, 10)),
    ],
    ids=["own first", "zeros give way", "only zeros", "nothing", "own without cached tokens"],
)
def test_own_counts_are_completed(own: Usage, detailed: Usage, expected: Usage) -> None:
    assert completed_usage(own, detailed) == expected
