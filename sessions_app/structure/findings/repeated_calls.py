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
        for group in _together(thread.calls, repeated_places(thread)):
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


def repeated_places(thread: CallThread) -> list[int]:
    """The places of the calls in a thread that are repeated; none if no call of its own is."""
    same: dict[tuple[int, int], list[int]] = defaultdict(list)
    any_result: dict[int, list[int]] = defaultdict(list)
    for place, called in enumerate(thread.calls):
        any_result[called.call].append(place)
        if called.content is not None:
            same[called.call, called.content].append(place)
    found: set[int] = set()
    for places in same.values():
        found |= _dense(places, SAME_RESULT)
    for places in any_result.values():
        found |= _dense(places, ANY_RESULT)
    return sorted(found) if any(place >= thread.own for place in found) else []


def _dense(places: Sequence[int], least: int) -> set[int]:
    """Those of these places of which at least so many are within one window."""
    found: set[int] = set()
    for first in range(len(places) - least + 1):
        if places[first + least - 1] - places[first] < WINDOW_CALLS:
            found.update(places[first : first + least])
    return found


def _together(thread: Sequence[Called], places: Sequence[int]) -> Iterator[list[Called]]:
    """Repeated calls that are within a window of each other: a rotation is one finding."""
    group: list[int] = []
    for place in places:
        if group and place - group[-1] >= WINDOW_CALLS:
            yield [thread[one] for one in group]
            group = []
        group.append(place)
    if group:
        yield [thread[one] for one in group]


def _after_the_first(calls: Sequence[Called]) -> list[Called]:
    """The calls without the first one of each kind."""
    seen: set[int] = set()
    return [called for called in calls if called.call in seen or seen.add(called.call)]  # type: ignore[func-returns-value]
