"""Prices of models that are public, from the package genai-prices. It is asked offline: its data is in the package.

The package is loaded when the first price is wanted, because its data takes some 30 MB. How large the contexts of
models are, `context_windows` knows without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from importlib.metadata import version
from typing import Any

from sessions_app.pricing.classes import (
    AUDIO_INPUT,
    AUDIO_OUTPUT,
    CACHE_WRITE,
    CACHE_WRITE_1H,
    CACHED,
    IMAGE_OUTPUT,
    INPUT,
    OUTPUT,
    REASONING,
    REQUEST,
)
from sessions_app.pricing.prices import Prices

# The day on which the version in requirements.txt was the newest: the data has no date. A test compares the versions.
DATED = {"0.2.3": "2026-11-27"}
_MOST_NAME_CHARS = 200
# Names that say how a model was reached, and not who runs it.
_GATEWAYS = frozenset(
    {
        *("", "litellm", "litellm_proxy", "custom", "custom_openai", "openai_like", "openai-compatible", "gateway"),
        *("other", "_other"),
    }
)
# Names of OpenTelemetry, LiteLLM and the AI SDK for providers that the library calls otherwise, or takes for others.
_OTHER_NAMES = {
    **dict.fromkeys(("azure.ai.openai", "az.ai.openai", "azure.ai.inference", "azure_ai", "azure_text"), "azure"),
    **dict.fromkeys(("azure_openai", "azure-openai", "azureopenai"), "azure"),
    "gcp.gen_ai": "google",
    "togetherai": "together",
    "x_ai": "x-ai",
}
# Names of models that tell who runs them: OpenAI's fine-tuned ones, and those of Bedrock, with or without a region.
_TELLING = (
    (re.compile(r"ft:"), "openai"),
    (re.compile(r"(?:[a-z-]{2,6}\.)?(?:anthropic|amazon|meta|mistral|cohere|deepseek)\.[a-z]"), "bedrock"),
    (re.compile(r"models/gemini-"), "google"),
)
# The library's names for the unit prices. Without a price for writing, some know only one by time.
_KEYS = (
    (INPUT, "input_mtok"),
    (CACHED, "cache_read_mtok"),
    (CACHE_WRITE, "cache_write_mtok"),
    (CACHE_WRITE, "cache_write_5m_mtok"),
    (CACHE_WRITE_1H, "cache_write_1h_mtok"),
    (AUDIO_INPUT, "input_audio_mtok"),
    (OUTPUT, "output_mtok"),
    (REASONING, "output_reasoning_mtok"),
    (AUDIO_OUTPUT, "output_audio_mtok"),
    (IMAGE_OUTPUT, "output_image_mtok"),
)
_PER_THOUSAND = "requests_kcount"


def source() -> str:
    return f"genai-prices {version('genai-prices')}"


def dated() -> str:
    """The date of the data, as text."""
    return DATED.get(version("genai-prices"), "")


def find_prices(provider: str, model: str, api_base: str, moment: datetime, tier: str = "") -> Prices | None:
    """The prices of a model at a time, its names as they were logged; None if they are not known.

    `tier`: that of the service. If its prices are not known, they are those of usual calls.
    """
    if not model or len(model) > _MOST_NAME_CHARS:
        return None
    found = _find(provider[:_MOST_NAME_CHARS], model, "" if provider else api_base[:_MOST_NAME_CHARS])
    if found is None:
        return None
    provider_id, info, has_hours = found
    moment = moment.astimezone(UTC)
    at = moment if has_hours else datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    return _prices_at(provider_id, info.id, _Held(info), at, tier)


class _Held:
    """A model of the library, as an argument of a function that remembers its answers."""

    __slots__ = ("info",)

    def __init__(self, info: Any) -> None:
        self.info = info

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and other.info is self.info

    def __hash__(self) -> int:
        return id(self.info)


@lru_cache(maxsize=4_000)
def _find(provider: str, model: str, api_base: str) -> tuple[str, Any, bool] | None:
    """The provider's id and the model in the library, and whether its price depends on the time of day."""
    for provider_id, url, name in guesses(provider.strip().lower(), model.strip(), api_base):
        try:
            owner, info = _snapshot().find_provider_model(name, None, provider_id, url)
        except LookupError:
            continue
        conditions = [] if not isinstance(info.prices, list) else info.prices
        has_hours = any(hasattr(price.constraint, "start_time") for price in conditions)
        return owner.id, info, has_hours
    return None


def guesses(provider: str, model: str, api_base: str) -> Iterator[tuple[str | None, str | None, str]]:
    """What to ask the library for, the surest first: provider, address and model.

    A model may have its provider as a prefix, as LiteLLM writes it (`azure/gpt-4o`). A provider that the library does
    not know may run a model of the same name at its own price, or for nothing, so the name alone is not enough then.
    """
    if provider in _GATEWAYS:
        yield from _guesses_without_provider(model, api_base)
        return
    prefix, _, rest = model.partition("/")
    for name in _names_of(provider):
        if rest and prefix.lower() == provider:
            # The name with this prefix may be that of something else (Perplexity's agent).
            yield name, None, rest
        yield name, None, model
        left = rest
        while left:
            yield name, None, left
            left = left.partition("/")[2]


def _guesses_without_provider(model: str, api_base: str) -> Iterator[tuple[str | None, str | None, str]]:
    is_bare, left = True, model
    while "/" in left:
        prefix, _, left = left.partition("/")
        if prefix.lower() not in _GATEWAYS:
            is_bare = False
            yield from ((name, None, left) for name in _names_of(prefix.lower()))
    yield from ((provider, None, left) for pattern, provider in _TELLING if pattern.match(model))
    if api_base:
        yield None, api_base, model
    if is_bare:
        yield None, None, left


def _names_of(provider: str) -> Iterator[str]:
    """The names by which the library may know a provider. The AI SDK adds the API to it (`azure.chat`)."""
    if provider in _OTHER_NAMES:
        yield _OTHER_NAMES[provider]
        return
    head, dot, _ = provider.partition(".")
    if dot and head:
        yield _OTHER_NAMES.get(head, head)
    yield provider


def load() -> None:
    """Read the data of the library, which takes a moment, before the first price is asked for."""
    _snapshot()


def providers() -> list[Any]:
    """All that the library knows."""
    found: list[Any] = _snapshot().providers
    return found


@cache
def _snapshot() -> Any:
    from genai_prices.data_snapshot import DataSnapshot, get_snapshot

    bundled = get_snapshot()
    return DataSnapshot(providers=bundled.providers, from_auto_update=False)


@lru_cache(maxsize=4_000)
def _prices_at(provider_id: str, model_id: str, held: _Held, moment: datetime, tier: str) -> Prices | None:
    usual = held.info.get_prices(moment)
    # The library calls a batch a way of processing, and the fast mode of Anthropic a speed.
    found = (
        held.info.get_prices(moment, dict.fromkeys(("service_tier", "processing", "speed"), tier)) if tier else usual
    )
    values = dict(vars(found))
    starts = sorted({tier.start for value in values.values() for tier in getattr(value, "tiers", ())}, reverse=True)
    units = _units(values, 0)
    if not units:
        return None
    tiers = tuple((start, _units(values, start + 1)) for start in starts)
    since = _since(held.info, moment.date())
    named = (source(), dated(), f"{provider_id}/{model_id}")
    return Prices(*named, units, since, tiers, tier, is_for_tier=values != vars(usual))


def _units(values: Mapping[str, Any], input_tokens: int) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for name, key in _KEYS:
        value = values.get(key)
        if value is not None and name not in found:
            found[name] = _plain(_tier(value, input_tokens))
    if found and (value := values.get(_PER_THOUSAND)) is not None:
        found[REQUEST] = _plain(_tier(value, input_tokens) / 1000)
    return found


def _plain(price: Decimal) -> Decimal:
    return Decimal(format(price.normalize(), "f"))


def _tier(value: Any, input_tokens: int) -> Decimal:
    """The price of the tier: crossing its start, all tokens have that price."""
    if not hasattr(value, "tiers"):
        return Decimal(value)
    reached = [tier.price for tier in value.tiers if input_tokens > tier.start]
    return Decimal(reached[-1] if reached else value.base)


def _since(info: Any, day: date) -> str:
    """The day from which a price holds, if the library knows that."""
    conditions = info.prices if isinstance(info.prices, list) else []
    days = [start for price in conditions if (start := getattr(price.constraint, "start_date", None)) and start <= day]
    return max(days).isoformat() if days else ""
