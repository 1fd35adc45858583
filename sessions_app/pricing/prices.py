"""Unit prices of one model, and the calculation of a call's cost with them. Both can be written in one short text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from sessions_app.pricing.amounts import rounded
from sessions_app.pricing.classes import CLASSES, REQUEST, tokens_by_class
from sessions_app.records import Usage

_UNIT = "\x1f"
_MILLIONTH = Decimal("0.000001")
OWN = "own prices"
# Counts that have no column of their own, and that a new calculation needs.
_KEPT = {
    "cache_write_1h_tokens": "w",
    "input_audio_tokens": "i",
    "output_audio_tokens": "o",
    "output_image_tokens": "g",
}
# The tier of the service, with prices of its own or without.
_PRICED, _UNPRICED = "T", "t"
# Each request has such a text, so it is short: what it says of the source, and of the class of a unit price.
_SOURCE, _SHORT_SOURCE = "genai-prices ", "@"
_LETTERS = dict(zip(CLASSES, "icwhaorsgq", strict=True))
_CLASSES = {letter: name for name, letter in _LETTERS.items()}


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars for a million tokens of each class. `request` is for one call.

    `source` and `dated`: where the prices are from and as of when. `model`: what they are for, in the source's words.
    `since`: the day from which they hold, if the source says that. `tiers`: the prices that hold instead if the whole
    input has more tokens than so many; the highest first. `tier`: that of the service in which the call was answered,
    if it is not the usual one. `is_for_tier`: the prices are those of this tier, and not of usual calls.
    """

    source: str
    dated: str
    model: str
    units: Mapping[str, Decimal]
    since: str = ""
    tiers: tuple[tuple[int, Mapping[str, Decimal]], ...] = ()
    tier: str = ""
    is_for_tier: bool = False

    def units_for(self, input_tokens: int) -> Mapping[str, Decimal]:
        return next((units for start, units in self.tiers if input_tokens > start), self.units)


class Line(NamedTuple):
    """One line of a calculation. `unit_price` is for a million tokens, of the class `request` for one call."""

    name: str
    tokens: int
    unit_price: Decimal
    amount: Decimal


class Calculation(NamedTuple):
    """What a call costs by our prices, line by line."""

    source: str
    dated: str
    model: str
    since: str
    lines: tuple[Line, ...]
    tier: str = ""
    is_for_tier: bool = False

    @property
    def total(self) -> Decimal:
        return rounded(sum((line.amount for line in self.lines), Decimal(0)))

    @property
    def is_own(self) -> bool:
        """Whether it was calculated with the project's own prices."""
        return self.source == OWN


def calculate(usage: Usage, prices: Prices) -> Calculation | None:
    """The cost of a call; None if it did not report tokens, or if the prices lack one that is needed."""
    if usage.input_tokens is None and usage.output_tokens is None:
        return None
    units = prices.units_for(usage.input_tokens or 0)
    counts = tokens_by_class(usage, units)
    if not counts or not counts.keys() <= units.keys():
        return None
    lines = [Line(name, count, (price := units[name]), price * count * _MILLIONTH) for name, count in counts.items()]
    if REQUEST in units:
        lines.append(Line(REQUEST, 1, units[REQUEST], units[REQUEST]))
    named = (prices.source, prices.dated, prices.model, prices.since)
    return Calculation(*named, tuple(lines), prices.tier, prices.is_for_tier)


@dataclass(frozen=True, slots=True)
class Noted:
    """What is stored of a calculation: the unit prices that were used, counts that have no column, and the tier."""

    prices: Prices | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    tier: str = ""


def note(usage: Usage, calculation: Calculation | None, tier: str = "") -> str:
    """The calculation as one text. With the request's token counts, `recall` has all of it again."""
    kept = [f"{_KEPT[name]}{count}" for name in _KEPT if (count := getattr(usage, name))]
    if tier:
        kept.append((_PRICED if calculation and calculation.is_for_tier else _UNPRICED) + tier)
    if calculation is None:
        return _UNIT.join(["", *kept])
    units = ",".join(_LETTERS[line.name] + _short(line.unit_price) for line in calculation.lines)
    source = calculation.source
    if source.startswith(_SOURCE):
        source = _SHORT_SOURCE + source.removeprefix(_SOURCE)
    head = (source, calculation.dated, calculation.model, calculation.since, units)
    return _UNIT.join([*(part.replace(_UNIT, " ") for part in head), *kept])


def _short(price: Decimal) -> str:
    text = str(price)
    return text[1:] if text.startswith("0.") else text


def recall(text: str) -> Noted:
    """What a stored text says."""
    parts = text.split(_UNIT)
    if not parts[0]:
        return Noted(None, _counts(parts[1:]), _tier(parts[1:])[0])
    if len(parts) < 5:
        return Noted()
    source, dated, model, since, units, *kept = parts
    if source.startswith(_SHORT_SOURCE):
        source = _SOURCE + source.removeprefix(_SHORT_SOURCE)
    tier, is_for_tier = _tier(kept)
    prices = Prices(source, dated, model, _units(units), since, tier=tier, is_for_tier=is_for_tier)
    return Noted(prices, _counts(kept), tier)


def with_counts(usage: Usage, noted: Noted) -> Usage:
    """A stored usage, completed with the counts that have no column."""
    return replace(usage, **noted.counts) if noted.counts else usage


def calculation_of(usage: Usage, text: str | None) -> Calculation | None:
    """The stored calculation of a request; None if it has none."""
    if not text:
        return None
    noted = recall(text)
    return calculate(with_counts(usage, noted), noted.prices) if noted.prices else None


def _units(text: str) -> dict[str, Decimal]:
    found = {}
    for item in text.split(",") if text else ():
        # Earlier versions wrote the names in full.
        name, is_long, price = item.partition("=")
        if not is_long:
            name, price = _CLASSES.get(item[:1], ""), item[1:]
        try:
            found[name] = Decimal(price)
        except InvalidOperation:
            continue
    return {name: found[name] for name in CLASSES if name in found}


def _tier(items: Iterable[str]) -> tuple[str, bool]:
    """The tier that is kept, and whether the prices are its own."""
    return next(((item[1:], item[0] == _PRICED) for item in items if item[:1] in (_PRICED, _UNPRICED)), ("", False))


def _counts(items: Iterable[str]) -> dict[str, int]:
    names = {letter: name for name, letter in _KEPT.items()}
    return {names[item[0]]: int(item[1:]) for item in items if item[:1] in names and item[1:].isdecimal()}
