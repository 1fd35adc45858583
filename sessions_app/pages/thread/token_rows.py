"""The table of tokens and cost of a request: our calculation, or else what the caller said of single costs."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from sessions_app.models import RequestLog
from sessions_app.pricing.amounts import rounded
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
from sessions_app.pricing.stored import CostFacts

_MILLION = 10**6
_TITLES = {
    INPUT: "Input",
    CACHED: "Cached input",
    CACHE_WRITE: "Written to the cache",
    CACHE_WRITE_1H: "Written for an hour",
    AUDIO_INPUT: "Audio input",
    OUTPUT: "Output",
    REASONING: "Reasoning",
    AUDIO_OUTPUT: "Audio output",
    IMAGE_OUTPUT: "Image output",
    REQUEST: "The call itself",
}


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A line of the table of tokens and cost. What is not known is None."""

    title: str
    tokens: int | None
    cost: Decimal | None = None
    per_million: Decimal | None = None


def token_rows(log: RequestLog, cost: CostFacts) -> list[TokenRow]:
    """The lines of the calculation. Without one, the tokens with what the caller said of their costs."""
    if cost.calculation is None:
        return list(_stated_rows(log))
    rows = [
        TokenRow(_TITLES[name], tokens, rounded(amount), None if name == REQUEST else unit_price)
        for name, tokens, unit_price, amount in cost.calculation.lines
    ]
    if log.reasoning_tokens and not any(line.name == REASONING for line in cost.calculation.lines):
        rows.append(TokenRow("of which reasoning", log.reasoning_tokens))
    return rows


def _stated_rows(log: RequestLog) -> list[TokenRow]:
    """Cached tokens are part of the input, reasoning of the output (`records.Usage`)."""
    costs = log.cost_breakdown or {}
    fresh = log.input_tokens
    if fresh is not None:
        fresh = max(fresh - (log.cached_tokens or 0) - (log.cache_write_tokens or 0), 0)
    is_whole = not log.cached_tokens and not log.cache_write_tokens
    rows = [_stated("Input", fresh, costs, "input_cost" if is_whole else "")]
    if log.cached_tokens:
        rows.append(_stated("Cached input", log.cached_tokens, costs, "cache_read_cost"))
    if log.cache_write_tokens:
        rows.append(_stated("Written to the cache", log.cache_write_tokens, costs, "cache_creation_cost"))
    rows.append(_stated("Output", log.output_tokens, costs, "output_cost"))
    if log.reasoning_tokens:
        rows.append(TokenRow("of which reasoning", log.reasoning_tokens))
    return rows


def _stated(title: str, tokens: int | None, costs: dict[str, object], name: str) -> TokenRow:
    cost = _cost(costs.get(name))
    return TokenRow(title, tokens, cost, cost * _MILLION / tokens if cost is not None and tokens else None)


def _cost(value: object) -> Decimal | None:
    try:
        return rounded(Decimal(str(value))) if isinstance(value, (int, float, str)) else None
    except InvalidOperation:
        return None
