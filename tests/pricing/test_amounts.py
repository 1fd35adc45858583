"""What calls cost: usage objects as providers send them, and amounts calculated by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.pricing import library
from sessions_app.pricing.amounts import of_float, rounded
from sessions_app.pricing.classes import CLASSES, tokens_by_class
from sessions_app.pricing.own import OwnPrice, own_prices_of
from sessions_app.pricing.prices import Prices, calculate, calculation_of, note, recall
from sessions_app.records import Usage
from sessions_app.wire.usage import usage_of

THEN = datetime(2026, 3, 14, 12, tzinfo=UTC)
ANTHROPIC = {
    "input_tokens": 1000,
    "cache_read_input_tokens": 10_000,
    "cache_creation_input_tokens": 3000,
    "cache_creation": {"ephemeral_5m_input_tokens": 1000, "ephemeral_1h_input_tokens": 2000},
    "output_tokens": 500,
}
# Provider and model as logged, usage, and each class: tokens, dollars for a million.
CALLS: dict[str, tuple[str, str, dict[str, Any], dict[str, tuple[int, str]]]] = {
    "OpenAI, cached": (
        "openai",
        "gpt-4o",
        {
            "prompt_tokens": 2006,
            "completion_tokens": 300,
            "prompt_tokens_details": {"cached_tokens": 1920},
            "completion_tokens_details": {"reasoning_tokens": 64},
        },
        {"input": (86, "2.5"), "cached": (1920, "1.25"), "output": (300, "10")},
    ),
    "OpenAI by LiteLLM, at Azure": (
        "azure",
        "azure/gpt-4o",
        {"prompt_tokens": 1000, "completion_tokens": 10},
        {"input": (1000, "2.5"), "output": (10, "10")},
    ),
    "Anthropic, written for 5 minutes and for an hour": (
        "anthropic",
        "claude-sonnet-4-5-20250929",
        ANTHROPIC,
        {
            "input": (1000, "3"),
            "cached": (10_000, "0.3"),
            "cache_write": (1000, "3.75"),
            "cache_write_1h": (2000, "6"),
            "output": (500, "15"),
        },
    ),
    "Anthropic beyond 200,000 tokens": (
        "anthropic",
        "claude-sonnet-4-5",
        {"input_tokens": 1, "cache_read_input_tokens": 200_000, "output_tokens": 2},
        {"input": (1, "6"), "cached": (200_000, "0.6"), "output": (2, "22.5")},
    ),
    "Gemini, thoughts beside the candidates": (
        "gemini",
        "gemini/gemini-2.5-flash",
        {
            "promptTokenCount": 100,
            "cachedContentTokenCount": 40,
            "candidatesTokenCount": 20,
            "thoughtsTokenCount": 30,
            "totalTokenCount": 150,
        },
        {"input": (60, "0.3"), "cached": (40, "0.03"), "output": (50, "2.5")},
    ),
    "Gemini, audio": (
        "vertex_ai",
        "gemini-2.5-flash",
        {
            "promptTokenCount": 100,
            "candidatesTokenCount": 20,
            "promptTokensDetails": [
                {"modality": "TEXT", "tokenCount": 10},
                {"modality": "AUDIO", "tokenCount": 90},
            ],
        },
        {"input": (10, "0.3"), "audio_input": (90, "1"), "output": (20, "2.5")},
    ),
    "Gemini, an image": (
        "gemini",
        "gemini-2.5-flash-image",
        {
            "promptTokenCount": 12,
            "candidatesTokenCount": 1300,
            "totalTokenCount": 1312,
            "candidatesTokensDetails": [
                {"modality": "IMAGE", "tokenCount": 1290},
                {"modality": "TEXT", "tokenCount": 10},
            ],
        },
        {"input": (12, "0.3"), "output": (10, "2.5"), "image_output": (1290, "30")},
    ),
    "LiteLLM, an image": (
        "vertex_ai",
        "gemini-2.5-flash-image",
        {
            "prompt_tokens": 12,
            "completion_tokens": 1300,
            "completion_tokens_details": {"image_tokens": 1290, "text_tokens": 10},
        },
        {"input": (12, "0.3"), "output": (10, "2.5"), "image_output": (1290, "30")},
    ),
    "Bedrock": (
        "bedrock",
        "bedrock/anthropic.claude-3-5-sonnet-20241022-v2:0",
        {"inputTokens": 10, "outputTokens": 5, "cacheReadInputTokens": 100, "cacheWriteInputTokens": 20},
        {"input": (10, "3"), "cached": (100, "0.3"), "cache_write": (20, "3.75"), "output": (5, "15")},
    ),
    "DeepSeek, hit and miss": (
        "deepseek",
        "deepseek-chat",
        {
            "prompt_tokens": 100,
            "completion_tokens": 10,
            "prompt_cache_hit_tokens": 60,
            "prompt_cache_miss_tokens": 40,
        },
        {"input": (40, "0.27"), "cached": (60, "0.07"), "output": (10, "1.1")},
    ),
    "OpenRouter": (
        "openrouter",
        "openrouter/anthropic/claude-sonnet-4",
        {"prompt_tokens": 10, "completion_tokens": 10},
        {"input": (10, "3"), "output": (10, "15")},
    ),
    "Vertex": (
        "vertex_ai",
        "claude-sonnet-4@20250514",
        {"input_tokens": 10, "output_tokens": 10},
        {"input": (10, "3"), "output": (10, "15")},
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_each_token_is_priced_once(name: str) -> None:
    provider, model, usage, expected = CALLS[name]
    # The library's history may be corrected; these are the prices of one day.
    prices = library.find_prices(provider, model, "", THEN)
    assert prices
    found = calculate(usage_of(usage), prices)
    assert found

    assert {line.name: (line.tokens, str(line.unit_price)) for line in found.lines} == expected
    assert found.total == sum(count * Decimal(price) for count, price in expected.values()) / 1_000_000


def test_an_amount_calculated_by_hand() -> None:
    prices = library.find_prices("anthropic", "claude-sonnet-4-5", "", THEN)
    assert prices
    found = calculate(usage_of(ANTHROPIC), prices)
    # 0.003 + 0.003 + 0.00375 + 0.012 + 0.0075
    assert found
    assert found.total == Decimal("0.02925")


counts = st.none() | st.integers(0, 10**9)


@given(st.builds(Usage, *[counts] * 9), st.sets(st.sampled_from(CLASSES)))
def test_the_classes_add_up_to_the_sums(usage: Usage, priced: set[str]) -> None:
    found = tokens_by_class(usage, priced)
    cache = (usage.cached_tokens or 0) + (usage.cache_write_tokens or 0)
    expected = cache if usage.input_tokens is None else usage.input_tokens
    expected += (usage.reasoning_tokens or 0) if usage.output_tokens is None else usage.output_tokens

    assert sum(found.values()) == expected
    assert all(count > 0 for count in found.values())


sources = st.sampled_from(("genai-prices 0.2.3", "own prices"))


tiers = st.sampled_from((("", False), ("flex", True), ("scale", False)))


@given(
    st.builds(Usage, *[counts] * 9),
    st.dictionaries(st.sampled_from(CLASSES), st.decimals(0, 1000, places=6)),
    sources,
    tiers,
)
def test_what_is_noted_is_the_same_calculation(
    usage: Usage, units: dict[str, Decimal], source: str, tier: tuple[str, bool]
) -> None:
    found = calculate(usage, Prices(source, "2026-11-27", "c", units, tier=tier[0], is_for_tier=tier[1]))
    columns = Usage(*(getattr(usage, name) for name in Usage.__slots__[:5]))
    noted = note(usage, found, tier[0])

    assert calculation_of(columns, noted) == found
    assert recall(noted).tier == tier[0]


def test_notes_of_earlier_versions_are_read() -> None:
    text = "genai-prices 0.2.3\x1f2026-11-27\x1fopenai/o4-mini\x1f\x1finput=1.1,cached=0.275,output=4.4\x1fi7"
    noted = recall(text)
    units = {"input": Decimal("1.1"), "cached": Decimal("0.275"), "output": Decimal("4.4")}

    assert noted.prices == Prices("genai-prices 0.2.3", "2026-11-27", "openai/o4-mini", units)
    assert noted.counts == {"input_audio_tokens": 7}
    usage = Usage(100, 10, 50, input_audio_tokens=7)
    assert recall(short := note(usage, calculate(usage, noted.prices))) == noted
    assert len(short) < 0.7 * len(text)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("ollama", "llama3"),
        ("", "ollama/llama3"),
        ("openai", "no-such"),
        ("openai", ""),
        ("", "x" * 500),
        ("x", "\x00"),
        ("ollama.chat", "gpt-4o"),
        (".chat", "gpt-4o"),
    ],
)
def test_what_nobody_knows_has_no_price(provider: str, model: str) -> None:
    assert library.find_prices(provider, model, "", THEN) is None


@pytest.mark.parametrize(
    ("provider", "model", "expected"),
    [
        ("x_ai", "grok-4", "x-ai/grok-4-0709"),
        ("gcp.gen_ai", "gemini-2.5-pro", "google/gemini-2.5-pro"),
        ("azure.ai.inference", "gpt-4o", "azure/gpt-4o"),
        ("az.ai.openai", "gpt-4o", "azure/gpt-4o"),
        ("azure_ai", "azure_ai/claude-sonnet-4-5", "azure/claude-sonnet-4-5"),
        # The AI SDK names the API, too.
        ("azure-openai.chat", "gpt-4o", "azure/gpt-4o"),
        ("xai.chat", "grok-4", "x-ai/grok-4-0709"),
        ("groq.chat", "llama-3.3-70b-versatile", "groq/llama-3.3-70b-versatile"),
        ("openrouter.chat", "openai/gpt-4o", "openrouter/openai/gpt-4o"),
        ("gateway", "openai/gpt-4o", "openai/gpt-4o"),
        # LiteLLM's prefix, and Perplexity's agent of the same name.
        ("perplexity", "perplexity/sonar", "perplexity/sonar"),
        ("litellm_proxy", "litellm_proxy/gpt-4o", "openai/gpt-4o"),
        # Names that tell who runs them.
        ("", "ft:gpt-4o-mini-2024-07-18:acme::id", "openai/ft:gpt-4o-mini"),
        ("", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "aws/regional.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("", "models/gemini-2.5-pro", "google/gemini-2.5-pro"),
        ("", "litellm/" * 20 + "gpt-4o", "openai/gpt-4o"),
    ],
)
def test_names_of_providers_and_models(provider: str, model: str, expected: str) -> None:
    found = library.find_prices(provider, model, "", THEN)
    assert found
    assert found.model == expected


def test_old_requests_have_the_price_of_their_time() -> None:
    before, after = datetime(2025, 6, 1, tzinfo=UTC), THEN
    prices = [library.find_prices("openai", "o3", "", moment) for moment in (before, after)]

    assert [price and (str(price.units["input"]), price.since) for price in prices] == [
        ("10", ""),
        ("2", "2025-06-10"),
    ]


@pytest.mark.parametrize(
    ("cost", "expected"),
    [
        ("0.00003539999999999999", "0.0000354"),
        ("0.30000000000000004", "0.3"),
        ("123456789.123456789", "123456789.123456789"),
        ("0", "0"),
        ("100", "100"),
        ("1e-30", "0"),
    ],
)
def test_a_cost_has_the_digits_that_mean_something(cost: str, expected: str) -> None:
    assert format(rounded(Decimal(cost)), "f") == expected


@given(st.floats(0, 1e6))
def test_a_float_is_less_than_16_digits(cost: float) -> None:
    assert len(of_float(cost).as_tuple().digits) <= 15


def test_own_prices_a_name_goes_before_a_pattern_and_the_latest_counts() -> None:
    prices = [
        OwnPrice("gpt-4o", date(2026, 1, 1), {"input": Decimal(1)}),
        OwnPrice("gpt-4o", date(2026, 3, 1), {"input": Decimal(2)}),
        OwnPrice("gpt-4o", date(2026, 4, 1), {"input": Decimal(3)}),
        OwnPrice("azure/*", date(2026, 1, 1), {"input": Decimal(4)}),
    ]

    def input_price(provider: str, *models: str) -> int | None:
        found = own_prices_of(prices, provider, models, THEN)
        return int(found.units["input"]) if found else None

    assert input_price("openai", "GPT-4o") == 2
    assert input_price("azure", "gpt-5") == 4
    assert input_price("", "mine", "gpt-4o") == 2
    assert input_price("openai", "gpt-4o-mini") is None


def test_the_date_is_that_of_the_pinned_version() -> None:
    pinned = (Path(__file__).parent.parent.parent / "requirements.txt").read_text()
    assert [f"genai-prices=={version}" for version in library.DATED if f"genai-prices=={version}\n" in pinned]
    assert library.dated()


def test_a_price_may_depend_on_the_time_of_day() -> None:
    prices = [library.find_prices("deepseek", "deepseek-chat", "", THEN.replace(hour=hour)) for hour in (12, 20)]
    assert [price and str(price.units["input"]) for price in prices] == ["0.27", "0.135"]
