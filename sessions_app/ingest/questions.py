"""Questions for stored requests: which ones may a request continue, and which ones may continue it. Pure Python.

`stored_facts.find` answers them. Each asks for as few requests as `grouping_rules` needs to decide.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sessions_app import ids
from sessions_app.structure.grouping_rules import ATTEMPT_WINDOW, TASK_WINDOW, LinkRole, Node, Place
from sessions_app.structure.places import Places

# If more requests than this share a link key, it does not identify a conversation. `manage.py regroup` groups the rest.
MOST_FOUND = 100_000
# If more requests than this may continue one by the same link key, the database is asked in narrower questions.
MOST_ASKED = 20
# At most so many requests are looked for that quote an answer, or that a tool call may have started; the first ones.
MOST_STARTED = 200
EARLIEST: Place = (datetime.min.replace(tzinfo=UTC), uuid.UUID(int=0))
LATEST: Place = (datetime.max.replace(tzinfo=UTC), uuid.UUID(int=2**128 - 1))


class Wanted(NamedTuple):
    """A question: the latest requests to which `link_key` is what `role` says, between two places (not included).

    With `first`, the first ones instead.
    """

    link_key: uuid.UUID
    role: LinkRole
    after: Place = EARLIEST
    before: Place = LATEST
    most: int = MOST_FOUND
    first: bool = False


class Found(NamedTuple):
    """An answer: a request, and the session it is in."""

    wanted: Wanted
    place: Place
    session_id: uuid.UUID


def in_full(found: Iterable[Found]) -> set[Wanted]:
    """The questions that have as many answers as they asked for, so that there may be more."""
    counts = Counter(answer.wanted for answer in found)
    return {wanted for wanted, count in counts.items() if count >= wanted.most}


def about(node: Node, window: timedelta) -> list[Wanted]:
    """Questions for the requests that this one may continue, and for those that may continue it."""
    return [*for_earlier(node, window), *for_later(node, window)]


def for_earlier(node: Node, window: timedelta) -> list[Wanted]:
    """Questions for the requests that this one may continue, and for those of the same call.

    If they find none that ended as this one begins, there is `for_others`.
    """
    found = [Wanted(node.call, LinkRole.CALL, most=MOST_ASKED, first=True)] if node.call else []
    if not _is_open(node):
        return found
    # Two, because one of them may be the request itself.
    found += [Wanted(node.previous, LinkRole.RESPONSE, most=2)] if node.previous else []
    found += [question for link_key in node.begins[:1] for question in _for_end(node, link_key, window)]
    if node.task:
        # Two others make it doubtful which of them started this one.
        since, now = (earlier(node.started_at, TASK_WINDOW), EARLIEST[1]), (node.started_at, LATEST[1])
        found.append(Wanted(node.task, LinkRole.ASKS, since, now, most=3))
    return found + for_failure(node)


def for_others(node: Node, window: timedelta) -> list[Wanted]:
    """Questions by weaker evidence for the requests that this one may continue."""
    if not _is_open(node):
        return []
    return [question for link_key in node.begins[1:] for question in _for_end(node, link_key, window)]


def may_be_doubtful(node: Node) -> bool:
    """Whether several requests that it may continue leave in doubt which one it does."""
    return node.task is not None or any(ids.is_of(ids.TOOL_CALL, link_key) for link_key in node.begins)


def _is_open(node: Node) -> bool:
    """Whether other requests say where it belongs."""
    return not node.is_fixed and not (node.leader and node.leader != node.place)


def _for_end(node: Node, link_key: uuid.UUID, window: timedelta) -> list[Wanted]:
    since, until = around(node.started_at, window)
    if ids.is_of(ids.TOOL_CALL, link_key):
        # If two requests have it, the id is not unique.
        return [Wanted(link_key, LinkRole.END, since, until, most=3)]
    now = (node.started_at, LATEST[1])
    before = Wanted(link_key, LinkRole.END, since, now, most=1)
    return [before, Wanted(link_key, LinkRole.END, now, until, most=1, first=True)]


def for_later(node: Node, window: timedelta) -> list[Wanted]:
    """Questions for some of the stored requests that may continue this one."""
    found = [Wanted(node.response, LinkRole.NEEDS_RESPONSE, most=MOST_ASKED)] if node.response else []
    between = around(node.started_at, window)
    soon = ((node.started_at, EARLIEST[1]), (later(node.started_at, TASK_WINDOW), LATEST[1]))
    for link_key in node.provides:
        if ids.is_of(ids.TASK, link_key):
            found.append(Wanted(link_key, LinkRole.TASK, *soon, most=MOST_STARTED, first=True))
        elif ids.is_of(ids.BEGINNING, link_key):
            found.append(Wanted(link_key, LinkRole.BEGINS, node.place, between[1], most=MOST_STARTED, first=True))
        elif link_key != node.response and not ids.is_one_of((ids.ANSWER, ids.TURNS), link_key):
            found.append(Wanted(link_key, LinkRole.BEGINS, *between, most=MOST_ASKED))
    return found + (for_next_attempt(node) if node.failed else for_failure(node))


def for_failure(node: Node) -> list[Wanted]:
    """A question for the failed request that this one repeats, or whose retries end with it."""
    if node.attempt is None or not node.may_retry:
        return []
    since = (earlier(node.started_at, ATTEMPT_WINDOW), EARLIEST[1])
    return [Wanted(node.attempt, LinkRole.FAILED, since, node.place, most=1)]


def for_next_attempt(node: Node) -> list[Wanted]:
    """A question for the next request with the same input: it repeats this one, or no longer one before this."""
    if node.attempt is None or not node.may_retry:
        return []
    until = later(node.started_at, ATTEMPT_WINDOW), LATEST[1]
    return [Wanted(node.attempt, LinkRole.RETRIES, node.place, until, most=1, first=True)]


def between(failed: Found) -> Wanted:
    """A question for the latest request with the same input between a failed one and the one that may repeat it."""
    wanted = failed.wanted
    return Wanted(wanted.link_key, LinkRole.RETRIES, failed.place, wanted.before, most=1)


def for_neighbours(node: Node, link_key: uuid.UUID) -> list[Wanted]:
    """Questions for the requests right before and after this one that end with the same conversation."""
    before = Wanted(link_key, LinkRole.END, before=node.place, most=1)
    return [before, Wanted(link_key, LinkRole.END, node.place, most=1, first=True)]


def begins_between(node: Node, link_key: uuid.UUID, providers: Places[uuid.UUID], window: timedelta) -> Wanted:
    """A question for those that continue this request and none of its neighbours among `providers`."""
    since, until = around(node.started_at, window)
    before, after = providers.before(node.place), providers.after(node.place)
    since = max(since, (before[0], LATEST[1])) if before else since
    until = min(until, (after[0], EARLIEST[1])) if after else until
    return Wanted(link_key, LinkRole.BEGINS, since, until)


def ends(node: Node) -> list[uuid.UUID]:
    """The link keys by which others may continue what a request ends with."""
    return [one for one in node.provides if one != node.response and not ids.is_one_of(ids.FOUND_OTHERWISE, one)]


def around(moment: datetime, window: timedelta) -> tuple[Place, Place]:
    """The places from so long before a moment until so long after it."""
    return (earlier(moment, window), EARLIEST[1]), (later(moment, window), LATEST[1])


def earlier(moment: datetime, by: timedelta) -> datetime:
    """A moment less a time, within what a datetime can be."""
    return moment - by if moment - EARLIEST[0] > by else EARLIEST[0]


def later(moment: datetime, by: timedelta) -> datetime:
    """A moment and a time, within what a datetime can be."""
    return moment + by if LATEST[0] - moment > by else LATEST[0]
