"""Which request another one continues, and so which session it belongs to: the rules, on facts alone. No Django.

A request's session is a pure function of what is stored: of its own facts and of those of the requests that it may
continue. So the result does not depend on the order in which requests came.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import IntEnum

from sessions_app.records import (
    RULE_ATTEMPT,
    RULE_CONVERSATION,
    RULE_OWN,
    RULE_PREVIOUS_RESPONSE,
    RULE_SESSION_ID,
    RULE_TRACE_ID,
)

# A repetition of a failed request that comes later than this is a person who asks again.
ATTEMPT_WINDOW = timedelta(minutes=15)
TRACE_DETAIL = "traceId"
CHOSEN_RULES = (RULE_SESSION_ID, RULE_TRACE_ID)


class LinkRole(IntEnum):
    """What a token is to the request that it stands for. Up to `TRACE` they are ids by which a person may look."""

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


Place = tuple[datetime, uuid.UUID]


@dataclass(slots=True)
class Node:
    """The facts of a request that say which session it belongs to. `key_id` is its idempotency key.

    `chosen`: where its caller put it; `weak`: where a trace id puts it that the proxy may have invented, with the
    token `trace`; `assigned`: where a person put it; `own`: where it is when nothing else is known; `needed`: the
    session of those that continue a response which was never logged. `response`: the token of its response's id.
    `span`: the token of its trace and `trace_id` that trace's id, when it is a span; `is_half`: it may report a call
    together with a span of another trace; `duplicate_of`: the key of the request that reports the same call.
    `leader`: the span whose session all spans of a trace without an id share; such a trace goes with a response's id,
    and with nothing weaker. `stored` is None for a request that is new.
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
    stored: Stored | None = None

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


@dataclass(slots=True)
class Index:
    """Where the requests are that others may continue, by token."""

    provides: dict[uuid.UUID, set[Place]] = field(default_factory=lambda: defaultdict(set))
    failed: dict[uuid.UUID, set[Place]] = field(default_factory=lambda: defaultdict(set))
    calls: dict[uuid.UUID, set[Place]] = field(default_factory=lambda: defaultdict(set))

    def add(self, node: Node) -> None:
        for token in node.provides:
            self.provides[token].add(node.place)
        if node.failed and node.attempt:
            self.failed[node.attempt].add(node.place)
        if node.call:
            self.calls[node.call].add(node.place)

    def parent_of(self, node: Node, window: timedelta) -> Parent | None:
        """The request that this one continues, by the first rule that applies."""
        if node.previous:
            others = [place for place in self.provides.get(node.previous, ()) if place[1] != node.key_id]
            if others:
                return Parent(max(others), RULE_PREVIOUS_RESPONSE, node.needed.detail if node.needed else "")
        if node.leader is not None:
            return None
        for token in node.begins:
            if found := nearest(self.provides.get(token, ()), node.started_at, window):
                return Parent(found, RULE_CONVERSATION)
        if node.may_retry and node.attempt:
            found = latest_before(self.failed.get(node.attempt, ()), node.place, ATTEMPT_WINDOW)
            if found:
                return Parent(found, RULE_ATTEMPT)
        if node.call:
            first = min(self.calls.get(node.call, ()), default=node.place)
            if first < node.place:
                return Parent(first, RULE_ATTEMPT)
        return None


def nearest(places: Iterable[Place], moment: datetime, window: timedelta) -> Place | None:
    """The latest of these places up to a moment, else the first after it, at most `window` away.

    For conversations: one that begins with another came after it, whatever the clocks say. Logs without a time have
    that of their receipt, which may be out of order.
    """
    near = [place for place in places if abs(place[0] - moment) <= window]
    earlier = [place for place in near if place[0] <= moment]
    return max(earlier) if earlier else min(near, default=None)


def latest_before(places: Iterable[Place], place: Place, window: timedelta) -> Place | None:
    """The latest of these places before another one, at most `window` earlier."""
    return max((found for found in places if found < place and place[0] - found[0] <= window), default=None)


@dataclass(slots=True)
class Grouping:
    """The sessions of requests. `homes`: of requests that are not among `nodes`, as far as these continue them."""

    nodes: Mapping[uuid.UUID, Node]
    index: Index
    homes: Mapping[uuid.UUID, uuid.UUID]
    window: timedelta
    _found: dict[uuid.UUID, Home] = field(default_factory=dict)

    def home_of(self, node: Node) -> Home:
        """Where a request belongs. Follows the chain of those it continues; where ids make a circle, its first."""
        chain: dict[uuid.UUID, Parent | None] = {}
        current = node
        while current.key_id not in self._found:
            parent = self._parent(current)
            chain[current.key_id] = parent
            if parent is None:
                break
            if parent.key_id in chain:
                self._open_circle(chain, parent.key_id)
                break
            if parent.key_id not in self.nodes:
                break
            current = self.nodes[parent.key_id]
        for key_id, parent in reversed(chain.items()):
            if key_id not in self._found:
                self._found[key_id] = self._home(self.nodes[key_id], parent)
        return self._found[node.key_id]

    def _parent(self, node: Node) -> Parent | None:
        if node.is_fixed:
            return None
        if node.leader and node.leader != node.place:
            return Parent(node.leader, RULE_TRACE_ID, TRACE_DETAIL)
        return self.index.parent_of(node, self.window)

    def _open_circle(self, chain: dict[uuid.UUID, Parent | None], key_id: uuid.UUID) -> None:
        """Let the earliest request of a circle begin it: responses that name each other as the previous one."""
        keys = list(chain)
        circle = keys[keys.index(key_id) :]
        first = min(circle, key=lambda key: self.nodes[key].place)
        self._found[first] = self._home(self.nodes[first], None)
        start = circle.index(first)
        # Each continues the next in the list, so the last to be resolved is the one after the first.
        ordered = [*circle[start + 1 :], *circle[: start + 1]]
        parents = {key: chain.pop(key) for key in circle}
        for key in ordered:
            chain[key] = parents[key]

    def _home(self, node: Node, parent: Parent | None) -> Home:
        fixed = node.assigned or node.chosen
        if fixed:
            return fixed
        if parent is None:
            return node.needed or node.weak or node.own
        known = self._found.get(parent.key_id)
        session_id, session_key = (known.session_id, known.session_key) if known else (self.homes[parent.key_id], None)
        return Home(session_id, session_key, parent.rule, parent.detail)


def own_home(session_id: uuid.UUID) -> Home:
    """The session of a request that belongs to no other."""
    return Home(session_id, None, RULE_OWN)
