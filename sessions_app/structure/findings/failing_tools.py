"""A tool keeps failing: it failed several times in a row, and did not succeed in between."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sessions_app.structure.findings.facts import Finding, KnownSession, Thread
from sessions_app.structure.profiles import Profile, name_hash
from sessions_app.structure.tool_failures import new_failures

RULE = "failing_tools"
IN_A_ROW = 3


def find(session: KnownSession) -> Iterator[Finding]:
    """One finding a tool. `count`: how many of its results failed; `size`: the most in a row.

    The evidence are the requests that brought them.
    """
    in_a_row: dict[Thread, dict[int, dict[int, int]]] = {}
    found: dict[int, dict[int, int]] = defaultdict(dict)
    longest: Counter[int] = Counter()
    brought = new_failures(session.rows)
    for index, profile in enumerate(session.profiles) if brought else ():
        if profile is None or not profile.results:
            continue
        row, thread = session.rows[index], session.thread(index)
        if thread not in in_a_row:
            before = in_a_row.get(session.thread_before(thread), {})
            in_a_row[thread] = {tool: dict(failures) for tool, failures in before.items()}
        failing = in_a_row[thread]
        for tool, failed in _outcomes(profile, brought.get(row.id, 0), row.failed_tools, failing):
            if not failed:
                failing.pop(tool, None)
                continue
            failures = failing.setdefault(tool, {})
            failures[index] = failed
            if (run := sum(failures.values())) >= IN_A_ROW:
                longest[tool] = max(longest[tool], run)
                found[tool] |= failures
    for tool, counts in found.items():
        evidence = tuple(sorted(counts))
        yield Finding(RULE, f"{tool:08x}", evidence, evidence, sum(counts.values()), longest[tool], (tool,))


def _outcomes(
    profile: Profile, failed: int, failed_tools: Sequence[str], failing: Mapping[int, object]
) -> Iterable[tuple[int, int]]:
    """How often each tool failed, 0 if it succeeded. Tools of which that is not known are left out.

    `failed`: how many of the results did. `failed_tools`: names of tools that failed, also in the history before.
    `failing`: the tools for which a success matters.
    """
    if not failed:
        return [(result.tool, 0) for result in profile.results] if failing else ()
    counts = Counter(result.tool for result in profile.results)
    if failed >= len(profile.results):
        return counts.items()
    suspects = counts.keys() & {name_hash(name) for name in failed_tools}
    outcomes = {tool: 0 for tool in counts if tool not in suspects}
    if len(suspects) == 1:
        (tool,) = suspects
        # If it succeeded as well, it does not only fail.
        outcomes[tool] = failed if failed >= counts[tool] else 0
    return outcomes.items()
