"""An answer was refused by the model, or filtered by its provider."""

from __future__ import annotations

from collections.abc import Iterator

from sessions_app.content.endings import is_filtered
from sessions_app.structure.findings.facts import Finding, FindingRow, KnownSession, key_of_requests

RULE = "withheld_answers"
# What their errors are called.
ERRORS = ("content_filter", "content_policy", "contentpolicy", "responsibleai", "moderation", "prohibited_content")


def find(session: KnownSession) -> Iterator[Finding]:
    """One finding for all. `count`: how many answers."""
    evidence = tuple(index for index, row in enumerate(session.rows) if _is_withheld(row))
    if evidence:
        yield Finding(RULE, key_of_requests(session.rows, evidence[-1:]), evidence, evidence, len(evidence))


def _is_withheld(row: FindingRow) -> bool:
    if is_filtered(row.finish_reason):
        return True
    return bool(row.error_type) and any(name in row.error_type.lower() for name in ERRORS)
