"""All rules of findings, in the order in which they are shown. docs/findings.md explains them."""

from __future__ import annotations

from sessions_app.structure.findings import (
    cut_answers,
    failing_tools,
    full_context,
    large_results,
    read_again,
    repeated_calls,
    repeated_errors,
    withheld_answers,
)
from sessions_app.structure.findings.facts import Finding, KnownSession

RULES = (
    repeated_calls,
    failing_tools,
    repeated_errors,
    withheld_answers,
    cut_answers,
    full_context,
    large_results,
    read_again,
)


def find_all(session: KnownSession) -> list[Finding]:
    """What is worth a look in a session."""
    return [finding for rule in RULES for finding in rule.find(session)]
