"""What rules say of a session: from the rows that a page has read already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from sessions_app.ingest import dismissing
from sessions_app.models import Project
from sessions_app.pages.html.components import NOTHING, component
from sessions_app.pages.insights.wording import TITLES
from sessions_app.pages.session.view import View
from sessions_app.pages.thread.cache_words import short_words
from sessions_app.pages.thread.wording import slow_words
from sessions_app.queries.derived import findings_of, profiles_of, slow_of, verdicts_of
from sessions_app.queries.session import RequestLine
from sessions_app.structure.cache_verdicts import MISS, CacheVerdict
from sessions_app.structure.findings.facts import Finding
from sessions_app.structure.profiles import Profile
from sessions_app.structure.time_split import SlowRequest

# So many requests of a finding are marked in the thread: the first ones.
MOST_MARKED = 50
# From so many tokens on that were not cached, a request is marked.
LEAST_LOST = 512


@dataclass(frozen=True, slots=True)
class Insights:
    """`dismissed`: who dismissed which findings. The others are `findings`."""

    findings: Sequence[Finding]
    dismissed: Sequence[tuple[Finding, str]]
    lines: Sequence[RequestLine]

    @property
    def profiles(self) -> Sequence[Profile | None]:
        return profiles_of(self.lines)

    @property
    def cache(self) -> Sequence[CacheVerdict | None]:
        """What the prompt cache did for each request."""
        return verdicts_of(self.lines)

    @property
    def slow(self) -> Mapping[int, SlowRequest]:
        """The requests that were slower than usual, by index."""
        return slow_of(self.lines)

    def marks(self, page: str = "") -> dict[int, Markup]:
        """The marks of findings, by the index of a request. `page`: the address of the page that tells them, "" for
        the one that has the marks.
        """
        shown: dict[int, list[Finding]] = {}
        for finding in self.findings:
            for index in finding.evidence[:MOST_MARKED]:
                shown.setdefault(index, []).append(finding)
        return {index: _mark(found, page) for index, found in shown.items()}

    def note(self, index: int, marks: Mapping[int, Markup], *, is_short: bool = False) -> Markup:
        """What stands on the line of a request: its mark, and those of a missed prompt cache and of a slow request.
        `is_short`: in a row, which has room for a word.
        """
        note = marks.get(index, NOTHING)
        verdict, slow = self.cache[index], self.slow.get(index)
        if verdict and verdict.counts and verdict.lost >= LEAST_LOST:
            note += component("insights", "cache_mark")(verdict.kind == MISS, short_words(verdict), is_short)
        if slow:
            note += component("insights", "slow_mark")(slow_words(slow))
        return note


def _mark(findings: Sequence[Finding], page: str) -> Markup:
    words = "; ".join(TITLES[one.rule] for one in findings)
    return component("insights", "mark")(words, f"{page}#{anchor(findings[0])}")


def anchor(finding: Finding) -> str:
    """The id of a finding on its session's page. A key may be a model's name, which has other characters."""
    return f"finding-{finding.rule}-{finding.key.encode('utf-8', 'replace').hex()[:40]}"


def insights_of(project: Project, shown: View) -> Insights:
    """What rules say of a session. One statement, and none if they find nothing."""
    lines = shown.lines.requests
    found = findings_of(lines)
    dismissed = dismissing.dismissed(project.pk, shown.session.id) if found else {}
    return Insights(
        [one for one in found if (one.rule, one.key) not in dismissed],
        [(one, dismissed[one.rule, one.key]) for one in found if (one.rule, one.key) in dismissed],
        lines,
    )
