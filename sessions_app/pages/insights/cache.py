"""The panel "Prompt cache" of a session: how often it was hit, and what the misses cost, by cause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from sessions_app.ingest import costs
from sessions_app.pages.insights.findings import MOST_EVIDENCE, Evidence
from sessions_app.pages.thread.addresses import Addresses
from sessions_app.pages.thread.cache_words import CAUSES
from sessions_app.pricing.classes import CACHED, INPUT
from sessions_app.pricing.prices import Prices
from sessions_app.queries.session import RequestLine
from sessions_app.structure.cache_verdicts import HIT, MISS, PARTLY, CacheVerdict

_MILLION = 10**6


@dataclass(slots=True)
class CauseRow:
    """Misses of one cause. `cost`: None if no price is known. `is_at_most`: less may have been repeated."""

    words: str
    counts: bool
    is_at_most: bool
    evidence: list[Evidence] = field(default_factory=list)
    more: int = 0
    lost: int = 0
    cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class CachePanel:
    """`partly` and `misses` are losses; `no_loss` counts requests that could not hit. `unpriced`: of how many losses
    the price is not known. `cost`: of the others, None if there are none.
    """

    hits: int
    partly: int
    misses: int
    no_loss: int
    rows: list[CauseRow]
    lost: int
    cost: Decimal | None
    unpriced: int


def cache_panel(
    project_id: int, lines: Sequence[RequestLine], verdicts: Sequence[CacheVerdict | None], addresses: Addresses
) -> CachePanel | None:
    """None if there is no verdict. At most one statement, for the project's own prices."""
    known = [verdict for verdict in verdicts if verdict]
    kinds = Counter(verdict.kind for verdict in known if verdict.kind == HIT or verdict.counts)
    if not known:
        return None
    rows: dict[tuple[str, ...], CauseRow] = {}
    lost, unpriced, total = 0, 0, None
    prices = _MissPrices(project_id)
    for index, verdict in enumerate(verdicts):
        if verdict is None or verdict.kind == HIT:
            continue
        row = _row_of(rows, verdict)
        _add(row, index, verdict, addresses)
        if not verdict.counts:
            continue
        lost += verdict.lost
        cost = prices.cost(lines[index], verdict)
        if cost is None:
            unpriced += 1
            continue
        row.cost = (row.cost or 0) + cost
        total = (total or 0) + cost
    ordered = sorted(rows.values(), key=lambda row: (not row.counts, -row.lost))
    no_loss = len(known) - sum(kinds.values())
    return CachePanel(kinds[HIT], kinds[PARTLY], kinds[MISS], no_loss, ordered, lost, total, unpriced)


def _row_of(rows: dict[tuple[str, ...], CauseRow], verdict: CacheVerdict) -> CauseRow:
    if verdict.causes not in rows:
        words = " and ".join(CAUSES[cause] for cause in verdict.causes)
        rows[verdict.causes] = CauseRow(words[:1].upper() + words[1:], verdict.counts, verdict.is_at_most)
    return rows[verdict.causes]


def _add(row: CauseRow, index: int, verdict: CacheVerdict, addresses: Addresses) -> None:
    row.lost += verdict.lost
    if len(row.evidence) < MOST_EVIDENCE:
        row.evidence.append(Evidence(index + 1, addresses.in_session(index + 1)))
    else:
        row.more += 1


class _MissPrices:
    """What a token costs more that was not cached. Prices are asked for once in half an hour of a session: some depend
    on the time of day.
    """

    def __init__(self, project_id: int) -> None:
        self._project_id = project_id
        self._known: dict[tuple[str, str, datetime], Prices | None] = {}

    def cost(self, line: RequestLine, verdict: CacheVerdict) -> Decimal | None:
        """What the tokens cost that were not cached, less what they would have cost from the cache."""
        at = line.started_at
        key = (line.provider, line.model, at.replace(minute=at.minute // 30 * 30, second=0, microsecond=0))
        if key not in self._known:
            own = costs.own_prices(self._project_id)
            self._known[key] = costs.prices_of(own, line.provider, (line.model, ""), "", at)
        prices = self._known[key]
        units = prices.units_for(line.input_tokens or 0) if prices else {}
        if INPUT not in units or CACHED not in units:
            return None
        return max(units[INPUT] - units[CACHED], Decimal(0)) * verdict.lost / _MILLION
