"""Which request another one continues: the rules, on facts alone. No Django. `naming` has what follows for sessions.

A request's session is a pure function of what is stored: of its own facts and of those of the requests that it may
continue. So the result does not depend on the order in which requests came.
"""

from __future__ import annotations

import uuid
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import IntEnum

from sessions_app.records import (
    RULE_ATTEMPT,
    RULE_CONVERSATION,
    RULE_MANUAL,
    RULE_OWN,
    RULE_PREVIOUS_RESPONSE,
    RULE_SESSION_ID,
    RULE_TRACE_ID,
)

# A repetition of a failed request that comes later than this is a person who asks again.
ATTEMPT_WINDOW = timedelta(minutes=15)
TRACE_DETAIL = "traceId"
MOST_RESENT = 2**31 - 1
# Of what a caller or a person put into a session: its name stays.
CHOSEN_RANK, MANUAL_RANK = -1, 0
CHOSEN_RULES = (RULE_SESSION_ID, RULE_TRACE_ID)


class LinkRole(IntEnum):
    """What a link key is to the request that it stands for. Up to `TRACE` they are ids by which a person may look."""

    ID = 0
    RESPONSE = 1
    CALL = 2
    TRACE = 3  # a trace id that the proxy may have invented
    END = 4  # its input and output together: what continues it begins so
    FAILED = 5  # its input, of a request that failed
    NEEDS_RESPONSE = 6
    BEGINS = 7  # what its input begins with
    RETRIES = 8  # its input, of a request that may repeat a failed one
    REPORTS = 9  # its input, of a span that may report the same call as one of another trace


@dataclass(frozen=True, slots=True)
class Home:
    """A session and the rule by which a request is in it. `session_key` is the caller's id, None when there is none."""

    session_id: uuid.UUID
    session_key: str | None
    rule: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a request is."""

    log_id: uuid.UUID
    session_id: uuid.UUID
    bucket: date
    rule: str
    detail: str
    duplicate_of: uuid.UUID | None = None
    weak: bool = False

    @property
    def is_fixed(self) -> bool:
        """Whether it is there because a caller or a person said so."""
        return not self.weak and self.rule in (*CHOSEN_RULES, RULE_MANUAL)


Place = tuple[datetime, uuid.UUID]


@dataclass(slots=True)
class Node:
    """The facts of a request that say which session it belongs to. `key_id` is its idempotency key.

    `chosen`: where its caller put it; `weak`: where a trace id puts it that the proxy may have invented, with the
    link key `trace`; `assigned`: where a person put it; `own`: where it is when nothing else is known; `needed`: the
    session of those that continue a response which was never logged. `response`: the link key of its response's id.
    `span`: the link key of its trace and `trace_id` that trace's id, when it is a span; `is_half`: it may report a call
    together with a span of another trace; `duplicate_of`: the key of the request that reports the same call.
    `leader`: the span whose session all spans of a trace without an id share; such a trace goes with a response's id,
    and with nothing weaker. `resent_count`: how much history it sends. `stored` is None for a request that is new;
    `stays`: it continues one that was deleted, so it goes with what is in its session.
    """

    key_id: uuid.UUID
    project_id: int
    started_at: datetime
    own: Home
    chosen: Home | None = None
    weak: Home | None = None
    trace: uuid.UUID | None = None
    assigned: Home | None = None
    needed: Home | None = None
    previous: uuid.UUID | None = None
    begins: tuple[uuid.UUID, ...] = ()
    response: uuid.UUID | None = None
    provides: tuple[uuid.UUID, ...] = ()
    attempt: uuid.UUID | None = None
    call: uuid.UUID | None = None
    failed: bool = False
    span: uuid.UUID | None = None
    trace_id: str = ""
    is_half: bool = False
    leader: Place | None = None
    duplicate_of: uuid.UUID | None = None
    resent_count: int = 0
    stored: Stored | None = None
    stays: bool = False

    @property
    def place(self) -> Place:
        """Sorts requests as they started."""
        return (self.started_at, self.key_id)

    @property
    def is_fixed(self) -> bool:
        """Whether its session does not depend on other requests."""
        return self.assigned is not None or self.chosen is not None

    @property
    def may_retry(self) -> bool:
        """Whether a failed request with the same input may be why it is there; with a history, that tells more."""
        return self.attempt is not None and not self.begins and self.previous is None

    @property
    def rank(self) -> int:
        """How late in a conversation it seems to be; `name_rank` in the database says the same of a stored one.

        What continues nothing comes first, then those that send a short history, in powers of two.
        """
        if not self.begins and self.previous is None:
            return 1
        return 2 + min(self.resent_count, MOST_RESENT).bit_length()

    def standing(self, rule: str) -> int:
        """Its rank for the name of its session, where it is by this rule."""
        if rule == RULE_MANUAL:
            return MANUAL_RANK
        return CHOSEN_RANK if rule in CHOSEN_RULES and self.weak is None else self.rank

    @property
    def own_name(self) -> Home:
        """The session that it would be alone in."""
        return self.weak or self.own

    def choose(self) -> None:
        """Its trace id turns out to be a caller's."""
        self.chosen, self.weak = self.weak, None


@dataclass(frozen=True, slots=True)
class Parent:
    """The request that another one continues, and why."""

    place: Place
    rule: str
    detail: str = ""

    @property
    def key_id(self) -> uuid.UUID:
        return self.place[1]


class Places:
    """Places of requests that share a link key. There may be many, so each question takes a few steps."""

    __slots__ = ("_ordered", "_places")

    def __init__(self, places: Iterable[Place] = ()) -> None:
        self._places = set(places)
        self._ordered: list[Place] = []

    def add(self, place: Place) -> None:
        self._places.add(place)

    def __iter__(self) -> Iterator[Place]:
        """In order."""
        return iter(self._in_order())

    def before(self, place: Place) -> Place | None:
        """The latest one before a place."""
        index = bisect_left(self._in_order(), place)
        return self._ordered[index - 1] if index else None

    def after(self, place: Place) -> Place | None:
        """The first one after a place."""
        index = bisect_right(self._in_order(), place)
        return self._ordered[index] if index < len(self._ordered) else None

    def latest_but(self, key_id: uuid.UUID) -> Place | None:
        """The latest one that is not of this request."""
        return next((place for place in reversed(self._in_order()) if place[1] != key_id), None)

    def _in_order(self) -> list[Place]:
        if len(self._ordered) != len(self._places):
            self._ordered = sorted(self._places)
        return self._ordered


NOWHERE = Places()
_LAST_KEY = uuid.UUID(int=2**128 - 1)


@dataclass(slots=True)
class Index:
    """Where the requests are that others may continue, by link key."""

    provides: dict[uuid.UUID, Places] = field(default_factory=lambda: defaultdict(Places))
    failed: dict[uuid.UUID, Places] = field(default_factory=lambda: defaultdict(Places))
    calls: dict[uuid.UUID, Places] = field(default_factory=lambda: defaultdict(Places))

    def add(self, node: Node) -> None:
        for link_key in node.provides:
            self.provides[link_key].add(node.place)
        if node.failed and node.attempt:
            self.failed[node.attempt].add(node.place)
        if node.call:
            self.calls[node.call].add(node.place)

    def parent_of(self, node: Node, window: timedelta) -> Parent | None:
        """The request that this one continues, by the first rule that applies."""
        if node.previous:
            found = self.provides.get(node.previous, NOWHERE).latest_but(node.key_id)
            if found:
                return Parent(found, RULE_PREVIOUS_RESPONSE, node.needed.detail if node.needed else "")
        if node.leader is not None:
            return None
        for link_key in node.begins:
            if found := nearest(self.provides.get(link_key, NOWHERE), node.started_at, window):
                return Parent(found, RULE_CONVERSATION)
        if node.may_retry and node.attempt:
            found = latest_before(self.failed.get(node.attempt, NOWHERE), node.place, ATTEMPT_WINDOW)
            if found:
                return Parent(found, RULE_ATTEMPT)
        if node.call:
            first = next(iter(self.calls.get(node.call, NOWHERE)), None)
            if first and first < node.place:
                return Parent(first, RULE_ATTEMPT)
        return None


def nearest(places: Places, moment: datetime, window: timedelta) -> Place | None:
    """The latest of these places up to a moment, else the first after it, at most `window` away.

    For conversations: one that begins with another came after it, whatever the clocks say. Logs without a time have
    that of their receipt, which may be out of order.
    """
    now = (moment, _LAST_KEY)
    earlier = places.before(now)
    if earlier and moment - earlier[0] <= window:
        return earlier
    later = places.after(now)
    return later if later and later[0] - moment <= window else None


def latest_before(places: Places, place: Place, window: timedelta) -> Place | None:
    """The latest of these places before another one, at most `window` earlier."""
    found = places.before(place)
    return found if found and place[0] - found[0] <= window else None


def own_home(session_id: uuid.UUID) -> Home:
    """The session of a request that belongs to no other."""
    return Home(session_id, None, RULE_OWN)
