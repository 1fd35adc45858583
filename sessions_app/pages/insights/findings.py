"""The findings of a session as its page shows them: in words, with their requests and their share of the cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup

from sessions_app.pages.html import formats
from sessions_app.pages.insights import wording
from sessions_app.pages.insights.session import Insights, anchor
from sessions_app.pages.thread.addresses import Addresses
from sessions_app.queries.derived import cost_of_finding
from sessions_app.queries.session import RequestLine
from sessions_app.structure.findings.facts import Finding

# The most findings, and requests of each, that are listed; the others are counted.
MOST_LISTED, MOST_EVIDENCE = 60, 12


@dataclass(frozen=True, slots=True)
class Evidence:
    """A request that shows a finding."""

    number: int
    href: str


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """A finding in words. `cost`: of its requests, None if no one's is known. `share`: of the session's, "" likewise.

    `dismissed_by`: "" if it is not dismissed.
    """

    anchor: str
    named: str
    title: str
    words: Markup
    evidence: list[Evidence]
    more: int
    cost: Decimal | None
    share: str
    dismissed_by: str


@dataclass(frozen=True, slots=True)
class FindingsPanel:
    """`left`: how many findings are not listed."""

    findings: list[ShownFinding]
    dismissed: list[ShownFinding]
    left: int


def findings_panel(
    insights: Insights, lines: Sequence[RequestLine], addresses: Addresses, names: wording.Names
) -> FindingsPanel:
    """`names`: those of tools, by their hashes."""
    total = sum((line.cost for line in lines if line.cost), Decimal(0))

    def shown(finding: Finding, dismissed_by: str = "") -> ShownFinding:
        cost = cost_of_finding(lines, finding)
        evidence = [Evidence(index + 1, addresses.in_session(index + 1)) for index in finding.evidence[:MOST_EVIDENCE]]
        return ShownFinding(
            anchor=anchor(finding),
            named=f"{finding.rule}:{finding.key}",
            title=wording.title(finding),
            words=wording.words(finding, names),
            evidence=evidence,
            more=len(finding.evidence) - len(evidence),
            cost=cost,
            share=f"{100 * cost / total:.0f}{formats.NARROW_SPACE}%" if cost is not None and total else "",
            dismissed_by=dismissed_by,
        )

    return FindingsPanel(
        [shown(one) for one in insights.findings[:MOST_LISTED]],
        [shown(*one) for one in insights.dismissed[:MOST_LISTED]],
        max(len(insights.findings) - MOST_LISTED, 0),
    )
