"""The same tool is called with the same arguments again and again, also in rotation with others.

A window of calls is looked at as a multiset, so it does not matter what stands between them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from operator import attrgetter

from sessions_app.structure.findings.facts import Called, CallThread, Finding, KnownSession, requests_of

RULE = "repeated_calls"
# Within so many calls of one thread, a call that brought the same result so often,
WINDOW_CALLS, SAME_RESULT = 20, 3
# or whatever it brought: more than half of them. A test that runs after each edit is half of them.
ANY_RESULT = 12


def find(session: KnownSession) -> Iterator[Finding]:
    """`count`: how many calls; `size`: how many different ones."""
    found: dict[int, dict[int, Called]] = defaultdict(dict)
    for thread in session.threads:
        for group in _together(repeated(thread)):
            # A branch may go on with what was begun before it.
            found[group[0].call].update((id(called), called) for called in group)
    for key, calls in found.items():
        group = sorted(calls.values(), key=attrgetter("index"))
        yield Finding(
            RULE,
            f"{key:08x}",
            requests_of(group),
            requests_of(_after_the_first(group)),
            count=len(group),
            size=len({called.call for called in group}),
            tools=tuple(dict.fromkeys(called.tool for called in group)),
        )


def repeated(thread: CallThread) -> list[Called]:
    """The calls of a thread that are repeated, in order; none if no call of its own is."""
    same: dict[tuple[int, int], list[int]] = defaultdict(list)
    any_result: dict[int, list[int]] = defaultdict(list)
    for number, called in enumerate(thread.calls):
        any_result[called.call].append(number)
        if called.content is not None:
            same[called.call, called.content].append(number)
    found: set[int] = set()
    for numbers in same.values():
        if len(numbers) >= SAME_RESULT:
            found |= _dense(thread.calls, numbers, SAME_RESULT)
    for numbers in any_result.values():
        if len(numbers) >= ANY_RESULT:
            found |= _dense(thread.calls, numbers, ANY_RESULT)
    if not any(number >= thread.own for number in found):
        return []
    return [thread.calls[number] for number in sorted(found)]


def _dense(calls: Sequence[Called], numbers: Sequence[int], least: int) -> set[int]:
    """Those of these calls of which at least so many are within one window."""
    found: set[int] = set()
    for first in range(len(numbers) - least + 1):
        window = numbers[first : first + least]
        if calls[window[-1]].place - calls[window[0]].place < WINDOW_CALLS:
            found.update(window)
    return found


def _together(calls: Sequence[Called]) -> Iterator[list[Called]]:
    """Repeated calls that are within a window of each other: a rotation is one finding."""
    group: list[Called] = []
    for called in calls:
        if group and called.place - group[-1].place >= WINDOW_CALLS:
            yield group
            group = []
        group.append(called)
    if group:
        yield group


def _after_the_first(calls: Sequence[Called]) -> list[Called]:
    """The calls without the first one of each kind."""
    seen: set[int] = set()
    return [called for called in calls if called.call in seen or seen.add(called.call)]  # type: ignore[func-returns-value]
