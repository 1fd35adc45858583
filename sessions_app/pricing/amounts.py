"""Costs with the digits that mean something.

A program that multiplies a price with a count in binary floating point writes 0.00003539999999999999 for 0.0000354. A
double has at least 15 good digits; what comes after them is noise. A decimal text may have more that mean something:
it has a tail only if 15 digits make it much shorter.
"""

from __future__ import annotations

from decimal import Context, Decimal

# What the column holds.
_PLACES = Decimal("1e-20")
_GOOD = Context(prec=15)
_EXACT = Context(prec=60)


# A number of so many digits is not what is left of one with a tail.
_MOST_DIGITS_BEFORE_A_TAIL = 12


def of_float(cost: float) -> Decimal:
    """The cost that a float means."""
    return rounded(_GOOD.plus(Decimal(repr(cost))))


def rounded(cost: Decimal) -> Decimal:
    """A cost without a float's tail, and without zeros at its end."""
    short = _GOOD.plus(cost).normalize(_EXACT)
    found = short if len(short.as_tuple().digits) <= _MOST_DIGITS_BEFORE_A_TAIL else cost
    if found.as_tuple().exponent < -20:  # type: ignore[operator]
        found = found.quantize(_PLACES, context=_EXACT)
    found = found.normalize(_EXACT)
    return found.quantize(Decimal(1), context=_EXACT) if found == found.to_integral_value() else found
