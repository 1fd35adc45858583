"""A failed request is sent again without a change, though that cannot help, or too often."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from sessions_app.records import ERROR
from sessions_app.structure.findings.facts import Finding, FindingRow, KnownSession, key_of_requests

RULE = "repeated_errors"
# Client errors that may go away by themselves: a timeout, a conflict, a lock, too early, too many requests.
PASSING = frozenset({408, 409, 423, 425, 429})
# Other errors may pass as well, so they may be retried more often.
MOST_FAILED = 4


def find(session: KnownSession) -> Iterator[Finding]:
    """One finding a call. `count`: how many of its attempts failed. `size`: its HTTP status, if that is one."""
    for chain in dict.fromkeys(session.structure.chains.values()):
        attempts = [session.rows[index] for index in chain]
        failed = [index for index in chain if session.rows[index].status == ERROR]
        permanent = _permanent(attempts)
        if permanent or (len(failed) >= MOST_FAILED and _one_error([session.rows[index] for index in failed])):
            status = permanent or _status(attempts)
            yield Finding(RULE, key_of_requests(session.rows, chain), chain, chain[1:], len(failed), status)


def _permanent(attempts: Sequence[FindingRow]) -> int:
    """The status of an error that a retry of the same model cannot mend, and that was retried; 0 if there is none."""
    for one, following in pairwise(attempts):
        status = one.http_status or 0
        is_permanent = one.status == ERROR and 400 <= status < 500 and status not in PASSING
        if is_permanent and following.model == one.model:
            return status
    return 0


def _one_error(failed: Sequence[FindingRow]) -> bool:
    return len({(row.model, row.http_status, row.error_type) for row in failed}) == 1


def _status(attempts: Sequence[FindingRow]) -> int:
    return next((row.http_status for row in attempts if row.status == ERROR and row.http_status), 0)
