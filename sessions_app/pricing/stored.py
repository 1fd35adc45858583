"""What a stored request says of its cost: the amount that counts, the caller's, and ours with its calculation."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from sessions_app.pricing.amounts import rounded
from sessions_app.pricing.prices import Calculation, calculation_of
from sessions_app.records import COMPUTED, STATED, Usage

# The caller's amount and ours may differ by so much, in parts of the larger one.
TOLERANCE = Decimal("0.01")
NO_USAGE, UNKNOWN_MODEL, NOT_COMPUTED = "no_usage", "unknown_model", "not_computed"


class Priced(Protocol):
    """A stored request, as far as its cost goes."""

    @property
    def cost(self) -> Decimal | None: ...
    @property
    def cost_source(self) -> str: ...
    @property
    def price(self) -> str | None: ...
    @property
    def input_tokens(self) -> int | None: ...
    @property
    def output_tokens(self) -> int | None: ...
    @property
    def cached_tokens(self) -> int | None: ...
    @property
    def cache_write_tokens(self) -> int | None: ...
    @property
    def reasoning_tokens(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class CostFacts:
    """The cost of a request. None is unknown. `missing` says why there is no calculation."""

    amount: Decimal | None
    source: str
    stated: Decimal | None
    calculation: Calculation | None
    missing: str

    @property
    def computed(self) -> Decimal | None:
        return None if self.calculation is None else self.calculation.total

    @property
    def calculated_or_stated(self) -> Decimal | None:
        """The sum of the calculation; without one, the amount that counts."""
        return self.amount if self.computed is None else self.computed

    @property
    def difference(self) -> Decimal | None:
        """What the caller stated, less what we computed; None if only one of them is known."""
        return None if self.stated is None or self.computed is None else rounded(self.stated - self.computed)

    @property
    def differs(self) -> bool:
        """Whether they differ by more than 1 %. What usual calls cost says nothing of another tier of the service."""
        if self.stated is None or self.calculation is None or self.computed is None:
            return False
        if self.calculation.tier and not self.calculation.is_for_tier:
            return False
        return abs(self.stated - self.computed) > TOLERANCE * max(self.stated, self.computed)


def usage_of_row(row: Priced) -> Usage:
    return Usage(row.input_tokens, row.output_tokens, row.cached_tokens, row.cache_write_tokens, row.reasoning_tokens)


def stated_in(row: Priced) -> Decimal | None:
    """What the caller stated. Rows that were stored before there were prices have no source."""
    return None if row.cost is None or row.cost_source == COMPUTED else rounded(row.cost)


def cost_facts(row: Priced) -> CostFacts:
    """What a stored request says of its cost."""
    stated = stated_in(row)
    calculation = calculation_of(usage_of_row(row), row.price)
    amount = None if row.cost is None else rounded(row.cost)
    source = "" if amount is None else row.cost_source or STATED
    return CostFacts(amount, source, stated, calculation, "" if calculation else _missing(row))


def _missing(row: Priced) -> str:
    if not row.input_tokens and not row.output_tokens:
        return NO_USAGE
    return NOT_COMPUTED if row.price is None else UNKNOWN_MODEL
