"""Something is read again though it is in the context already, unchanged: the same call brought the same content."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from sessions_app.structure.findings.facts import Called, Finding, KnownSession, requests_of
from sessions_app.structure.findings.repeated_calls import repeated

RULE = "read_again"
# A shorter result ("ok", an exit code) is no reading.
LEAST_CHARS = 200


def find(session: KnownSession) -> Iterator[Finding]:
    """One finding a tool; a call of another tool in between may have been the cause to read again.

    `count`: how many results came again; `size`: their characters.
    """
    firsts: dict[int, list[Called]] = defaultdict(list)
    again: dict[int, list[Called]] = defaultdict(list)
    for thread in session.threads:
        known: dict[tuple[int, int | None], Called] = {}
        looping = {called.call for called in repeated(thread)}
        for number, called in enumerate(thread.calls):
            if called.content is None or called.chars < LEAST_CHARS or called.call in looping:
                continue
            first = known.get((called.call, called.content))
            known[called.call, called.content] = called
            if first and first.place >= called.since and number >= thread.own:
                firsts[called.tool].append(first)
                again[called.tool].append(called)
    for tool, calls in again.items():
        evidence = requests_of([*firsts[tool], *calls])
        size = sum(called.chars for called in calls)
        yield Finding(RULE, f"{tool:08x}", evidence, requests_of(calls), len(calls), size, (tool,))
