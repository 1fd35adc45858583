"""List prices of the models in the samples, and token counts estimated from text: enough for believable figures."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple


class Price(NamedTuple):
    """US dollars per million tokens; None where the operator has no price (a model of one's own)."""

    provider: str
    input: str | None
    cached: str | None
    output: str | None


PRICES = {
    "gpt-4o": Price("openai", "2.50", "1.25", "10.00"),
    "gpt-4o-mini": Price("openai", "0.15", "0.075", "0.60"),
    "gpt-4.1": Price("openai", "2.00", "0.50", "8.00"),
    "gpt-4.1-mini": Price("openai", "0.40", "0.10", "1.60"),
    "gpt-image-1": Price("openai", "5.00", "1.25", "40.00"),
    "gpt-3.5-turbo-instruct": Price("openai", "1.50", "1.50", "2.00"),
    "o4-mini": Price("openai", "1.10", "0.275", "4.40"),
    "text-embedding-3-small": Price("openai", "0.02", "0.02", "0"),
    "claude-sonnet-4-5": Price("anthropic", "3.00", "0.30", "15.00"),
    "claude-haiku-4-5": Price("anthropic", "1.00", "0.10", "5.00"),
    "gemini-2.5-flash": Price("gemini", "0.30", "0.075", "2.50"),
    "gemini-2.5-pro": Price("gemini", "1.25", "0.31", "10.00"),
    "llama-3.3-70b-instruct": Price("hosted_vllm", None, None, None),
}
MILLION = Decimal(1_000_000)


class Tokens(NamedTuple):
    """What one call used; cached tokens are part of input, reasoning tokens part of output."""

    input: int
    output: int
    cached: int = 0
    reasoning: int = 0


def estimate(text: str) -> int:
    """Tokens of a text: four characters of a Latin script each, one and a half of any other."""
    latin = sum(character < "\u0250" for character in text)
    return -(-latin // 4) + -(-(len(text) - latin) * 2 // 3)


def cost(model: str, tokens: Tokens) -> Decimal | None:
    """US dollars of one call; None without a price."""
    price = PRICES[model]
    if price.input is None or price.cached is None or price.output is None:
        return None
    fresh = tokens.input - tokens.cached
    total = fresh * Decimal(price.input) + tokens.cached * Decimal(price.cached) + tokens.output * Decimal(price.output)
    return total / MILLION
