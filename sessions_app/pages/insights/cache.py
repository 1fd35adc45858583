"""The panel "Prompt cache" of a session: how often it was hit, and what the misses cost, by cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sessions_app.pages.insights.findings import MOST_EVIDENCE, Evidence
from sessions_app.pages.thread.addresses import Addresses
from sessions_app.pages.thread.cache_words import CAUSES
from sessions_app.queries.cache_losses import CacheLosses, CauseLoss, cache_losses
from sessions_app.queries.session import RequestLine


@dataclass(frozen=True, slots=True)
class CauseRow:
    """Misses of one cause: in words, with links to their first requests."""

    loss: CauseLoss
    words: str
    evidence: list[Evidence]

    @property
    def more(self) -> int:
        return len(self.loss.requests) - len(self.evidence)


@dataclass(frozen=True, slots=True)
class CachePanel:
    """The sums, and a row for each cause."""

    losses: CacheLosses
    rows: list[CauseRow]


def cache_panel(project_id: int, lines: Sequence[RequestLine], addresses: Addresses) -> CachePanel | None:
    """None if there is no verdict. At most one statement, for the project's own prices."""
    losses = cache_losses(project_id, lines)
    if losses is None:
        return None
    return CachePanel(losses, [_row(one, addresses) for one in losses.by_cause])


def _row(loss: CauseLoss, addresses: Addresses) -> CauseRow:
    words = " and ".join(CAUSES[cause] for cause in loss.causes)
    chosen = loss.requests[:MOST_EVIDENCE]
    evidence = [Evidence(index + 1, addresses.in_session(index + 1)) for index in chosen]
    return CauseRow(loss, words[:1].upper() + words[1:], evidence)
