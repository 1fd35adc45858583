"""An answer was cut at its greatest length, and a later request goes on from it."""

from __future__ import annotations

from collections.abc import Iterator

from sessions_app.content.endings import is_cut
from sessions_app.structure.findings.facts import Finding, KnownSession, key_of_requests

RULE = "cut_answers"


def find(session: KnownSession) -> Iterator[Finding]:
    """One finding for all. `count`: how many answers were cut and used. The evidence has what goes on from them."""
    cut: dict[int, int] = {}
    for index, row in enumerate(session.rows):
        if is_cut(row.finish_reason):
            using = _used_by(session, index)
            if using is not None:
                cut[index] = using
    if cut:
        key = key_of_requests(session.rows, [*cut][-1:])
        yield Finding(RULE, key, tuple(sorted({*cut, *cut.values()})), tuple(cut), len(cut))


def _used_by(session: KnownSession, index: int) -> int | None:
    """The first request that goes on from an answer. A repetition does not."""
    for child in session.structure.children.get(index, ()):
        parent = session.structure.parents[child]
        if parent and parent.is_linked:
            return child
    return None
