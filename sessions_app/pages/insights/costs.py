"""The block "Top requests by cost" of a session's page: from the rows that the page has read already."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from sessions_app.pages.html import formats
from sessions_app.pages.session.view import View
from sessions_app.pages.thread.cache_words import lost_words
from sessions_app.queries.derived import verdicts_of
from sessions_app.structure.cache_verdicts import CacheVerdict
from sessions_app.structure.top_costs import TopCost, top_costs

# A single request needs no order.
_LEAST = 2


@dataclass(frozen=True, slots=True)
class CostlyRequest:
    """A line of the block."""

    number: int
    href: str
    model: str
    cost: Decimal
    share: str
    reasons: str


def costly_requests(shown: View) -> list[CostlyRequest]:
    """The requests of the session that cost most, each with the reason."""
    lines = shown.lines.requests
    verdicts = verdicts_of(lines)
    found = top_costs(lines, shown.structure.continues, verdicts)
    total = sum((line.cost for line in lines if line.cost), Decimal(0))
    if len(found) < _LEAST:
        return []
    return [
        CostlyRequest(
            one.index + 1,
            shown.addresses.in_session(one.index + 1),
            lines[one.index].model,
            one.cost,
            f"{100 * one.cost / total:.0f}{formats.NARROW_SPACE}%",
            "; ".join(_reasons(one, shown, verdicts[one.index])),
        )
        for one in found
    ]


def _reasons(one: TopCost, shown: View, verdict: CacheVerdict | None) -> Iterator[str]:
    base = shown.structure.continues[one.index]
    before = "" if base is None else f" since request {base + 1}"
    if one.grown_by:
        yield f"input grew by {formats.tokens(one.grown_by)} tokens{before}"
    if one.cache_lost and verdict:
        yield lost_words(verdict)
    if one.long_output:
        yield f"long output: {formats.tokens(one.long_output)} tokens"
    if one.price_ratio:
        yield f"expensive model: {one.price_ratio:g} times the session's price of a token"
