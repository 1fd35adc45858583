"""Decides which request another one continues. Without Django; `naming` decides what follows for sessions.

A request's session depends only on what is stored: on its own facts and on those of the requests that it may continue.
The order in which requests arrive makes no difference.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import IntEnum
from typing import Generic, NamedTuple, Protocol, TypeVar

from sessions_app import ids
from sessions_app.ids import LinkKey
from sessions_app.records import (
    RULE_ATTEMPT,
    RULE_CONVERSATION,
    RULE_MANUAL,
    RULE_OWN,
    RULE_PREVIOUS_RESPONSE,
    RULE_SESSION_ID,
    RULE_SUB_AGENT,
    RULE_TOOL_CALL,
    RULE_TRACE_ID,
)
from sessions_app.structure.places import Key, Key_co, Places

# A failed request that is repeated within this time is retried. After it, somebody asks the same thing again.
ATTEMPT_WINDOW = timedelta(minutes=15)
# An agent is started soon after the tool call that asks for it. If two requests made such a call within this time,
# it is not known which of them did.
TASK_WINDOW = timedelta(minutes=15)
TRACE_DETAIL = "traceId"
MOST_RESENT = 2**31 - 1
# The ranks of requests that a caller or a person put into a session. Such a session keeps its name.
CHOSEN_RANK, MANUAL_RANK = -1, 0
# A session is rather named after the request that called a sub-agent than after the sub-agent's run.
SUB_AGENT_RANK = 64
CHOSEN_RULES = (RULE_SESSION_ID, RULE_TRACE_ID)


class LinkRole(IntEnum):
    """What a link key is to the request that it belongs to. Roles up to `TRACE` are ids that people search for."""

    ID = 0
    RESPONSE = 1
    CALL = 2
    TRACE = 3  # a trace id that the proxy may have invented
    END = 4  # its input and output together: a request that continues it begins with them
    FAILED = 5  # its input, if it failed
    NEEDS_RESPONSE = 6  # the id of the response that it continues
    BEGINS = 7  # the conversation that its input begins with
    RETRIES = 8  # its input, if it may be the retry of a failed request; a success ends the retries before it
    REPORTS = 9  # its input, if it is a span and one of another trace may report the same call
    ASKS = 10  # a text among the arguments of its tool calls, which may ask another agent
    TASK = 11  # the text that it was asked, if it has no history


@dataclass(frozen=True, slots=True)
class Home:
    """A session and the rule by which a request is in it. `session_key` is the caller's id, None when there is none."""

    session_id: uuid.UUID
    session_key: str | None
    rule: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class StoredAt:
    """Where a request is stored, and why it is there."""

    log_id: uuid.UUID
    session_id: uuid.UUID
    bucket: date
    rule: str
    detail: str
    duplicate_of: uuid.UUID | None = None
    weak: bool = False

    @property
    def is_fixed(self) -> bool:
        """Whether a caller or a person put it there."""
        return not self.weak and self.rule in (*CHOSEN_RULES, RULE_MANUAL)


Place = tuple[datetime, uuid.UUID]
L = TypeVar("L", uuid.UUID, str, LinkKey)


def begins_of(needs: Iterable[L], previous: L | None) -> tuple[L, ...]:
    """Those of the link keys that a request needs by which it may continue another one's conversation."""
    return begins_in_session(ids.without(ids.TURNS, needs), previous)


def begins_in_session(needs: Iterable[L], previous: L | None) -> tuple[L, ...]:
    """The same if both are known to be in one session: then also the last two turns say that."""
    begins = ids.without(ids.BEGINNING, needs)
    return tuple(begins if previous is None else [one for one in begins if one != previous])


@dataclass(slots=True)
class Node:
    """The facts of a request that say which session it belongs to."""

    # The id of its idempotency key.
    key_id: uuid.UUID
    project_id: int
    started_at: datetime
    # Where it goes when nothing else is known.
    own: Home
    # Where its caller put it.
    chosen: Home | None = None
    # Where a trace id puts it that the proxy may have invented, and the link key of that id.
    weak: Home | None = None
    trace: uuid.UUID | None = None
    # Where a person put it.
    assigned: Home | None = None
    # Where all requests go that continue a certain response, if that response was never logged.
    needed: Home | None = None
    # Link keys: of the response that it continues, and of the conversations that its input begins with, longest first.
    previous: uuid.UUID | None = None
    begins: tuple[uuid.UUID, ...] = ()
    # Link keys: of its own response, and of everything that others may continue.
    response: uuid.UUID | None = None
    provides: tuple[uuid.UUID, ...] = ()
    # Equal for requests with the same input, and for requests of the same call of a proxy.
    attempt: uuid.UUID | None = None
    call: uuid.UUID | None = None
    # The link key of what it was asked, if it has no history: a tool call with this text may have started it.
    task: uuid.UUID | None = None
    # The id of the last tool call that it sends back, if that is long enough to be unique.
    resent_call: str = ""
    failed: bool = False
    # Of a span: the link key of its trace, and the trace's id.
    span: uuid.UUID | None = None
    trace_id: str = ""
    # Whether a span of another trace may report the rest of the same call.
    is_half: bool = False
    # The signs by which other reports of the same call or tool are found, with their link keys.
    signs: Mapping[str, uuid.UUID] = field(default_factory=dict)
    # Of a span whose trace names no session: the span that all others of the trace follow.
    leader: Place | None = None
    # The key of the request that reports the same call.
    duplicate_of: uuid.UUID | None = None
    # How many messages of history it sends again.
    resent_count: int = 0
    # None for a new request.
    stored: StoredAt | None = None
    # The request that it continued was deleted, so it stays with the rest of its session.
    stays: bool = False

    @property
    def place(self) -> Place:
        """Sorts requests by their start."""
        return (self.started_at, self.key_id)

    @property
    def is_fixed(self) -> bool:
        """Whether its session does not depend on other requests."""
        return self.assigned is not None or self.chosen is not None

    @property
    def may_retry(self) -> bool:
        """Whether it may be the retry of a failed request."""
        return may_retry(self)

    @property
    def goes_with_response_alone(self) -> bool:
        """Whether it is a span whose trace names no session. Only a response's id joins such a trace to others."""
        return self.leader is not None

    @property
    def rank(self) -> int:
        """How late in a conversation it seems to be. The SQL function `name_rank` says the same of a stored request.

        A request without a history is first. Of others the length of the history counts, in powers of two.
        """
        if not self.begins and self.previous is None:
            return 1
        return 2 + min(self.resent_count, MOST_RESENT).bit_length()

    def standing(self, rule: str) -> int:
        """Its rank for the name of its session, if this rule put it there."""
        if rule == RULE_MANUAL:
            return MANUAL_RANK
        if rule == RULE_SUB_AGENT:
            return SUB_AGENT_RANK
        return CHOSEN_RANK if rule in CHOSEN_RULES and self.weak is None else self.rank

    @property
    def own_name(self) -> Home:
        """The session that it would be in by itself."""
        return self.weak or self.own

    def choose(self) -> None:
        """Note that a caller chose its trace id. A second time changes nothing."""
        if self.weak is not None:
            self.chosen, self.weak = self.weak, None


# --- the rules ------------------------------------------------------------------------------------------------------


class Linked(Protocol[Key_co]):
    """What the rules read of a request; the members mean the same as those of `Node`.

    `goes_with_response_alone`: only the response that it names says what it continues.
    """

    @property
    def place(self) -> tuple[datetime, Key_co]: ...
    @property
    def previous(self) -> LinkKey | None: ...
    @property
    def begins(self) -> Sequence[LinkKey]: ...
    @property
    def provides(self) -> Sequence[LinkKey]: ...
    @property
    def attempt(self) -> LinkKey | None: ...
    @property
    def call(self) -> LinkKey | None: ...
    @property
    def task(self) -> LinkKey | None: ...
    @property
    def failed(self) -> bool: ...
    @property
    def goes_with_response_alone(self) -> bool: ...


def may_retry(request: Linked[Key]) -> bool:
    """Whether a request may be there because an earlier one with the same input failed.

    One that sends a history continues the request which that history came from.
    """
    return request.attempt is not None and not request.begins and request.previous is None


def is_soon_enough(failed_at: datetime, started_at: datetime) -> bool:
    """Whether a request that repeats the input of a failed one is a retry, and not a person who asks again."""
    return started_at - failed_at <= ATTEMPT_WINDOW


class Continued(NamedTuple, Generic[Key]):
    """The request that another one continues or repeats, and the rule that says so (see `records`).

    `is_whole`: everything that the later request sends again is known from it. `link_key`: what both have, if it is
    one of `Node.begins`.
    """

    key: Key
    rule: str
    is_whole: bool = True
    link_key: LinkKey | None = None


class Index(Generic[Key]):
    """Finds the request that another one continues, by their link keys.

    This is the only place where that is decided: for the requests of a batch and what is stored of others, when they
    are grouped (`naming`), and for the requests of one session, when it is shown (`parents`).
    """

    __slots__ = ("attempts", "calls", "failed", "provides")

    def __init__(self) -> None:
        self.provides: dict[LinkKey, Places[Key]] = defaultdict(Places)
        self.failed: dict[LinkKey, Places[Key]] = defaultdict(Places)
        # The failed ones and the others.
        self.attempts: dict[LinkKey, Places[Key]] = defaultdict(Places)
        self.calls: dict[LinkKey, Places[Key]] = defaultdict(Places)

    def add(self, request: Linked[Key]) -> None:
        """Let others continue this request."""
        place = request.place
        for link_key in request.provides:
            self.provides[link_key].add(place)
        if request.attempt and may_retry(request):
            self.attempts[request.attempt].add(place)
            if request.failed:
                self.failed[request.attempt].add(place)
        if request.call:
            self.calls[request.call].add(place)

    def continued_by(self, request: Linked[Key], window: timedelta) -> Continued[Key] | None:
        """The request that this one continues or repeats, by the first rule that applies."""
        found = self._by_response(request)
        if found is not None or request.goes_with_response_alone:
            return found
        return (
            self._by_conversation(request, window)
            or self._by_failure(request)
            or self._by_call(request)
            or self.started_by(request)
        )

    def started_by(self, request: Linked[Key]) -> Continued[Key] | None:
        """The request whose tool call started this one: the only one of late that passed its first text to a tool."""
        places = self.provides.get(request.task) if request.task else None
        found = places.only_within(TASK_WINDOW, request.place) if places else None
        return Continued(found[1], RULE_SUB_AGENT) if found else None

    def is_certain(self, request: Linked[Key], window: timedelta) -> bool:
        """Whether weaker evidence makes no difference: the response that it names is known, or what it begins with."""
        if request.previous is not None and self.has_response(request):
            return True
        return self._by_conversation(request, window, most=1) is not None

    def is_doubtful(self, request: Linked[Key], window: timedelta) -> bool:
        """Whether several requests leave in doubt which of them it continues."""
        if request.task and (asking := self.provides.get(request.task)):
            return asking.has_several_within(TASK_WINDOW, request.place)
        called = [one for one in request.begins if ids.is_of(ids.TOOL_CALL, one) and one in self.provides]
        return any(self.provides[one].is_shared(request.place, window) for one in called)

    def has_response(self, request: Linked[Key]) -> bool:
        """Whether the response that a request names is another one's."""
        return self._by_response(request) is not None

    def _by_response(self, request: Linked[Key]) -> Continued[Key] | None:
        """The request whose response is named, at any time: clocks differ."""
        places = self.provides.get(request.previous) if request.previous else None
        found = places.latest_but(request.place[1]) if places else None
        return Continued(found[1], RULE_PREVIOUS_RESPONSE) if found else None

    def _by_conversation(
        self, request: Linked[Key], window: timedelta, most: int | None = None
    ) -> Continued[Key] | None:
        """The request that ended as this one begins; of those with the longest such beginning the nearest.

        `most`: only the strongest evidence, so many link keys.
        """
        own, provides = request.provides, self.provides
        for position, link_key in enumerate(request.begins[:most]):
            # A request does not continue itself, should it ever end as it begins.
            if (places := provides.get(link_key)) is None or link_key in own:
                continue
            kind = ids.kind_of(link_key)
            is_call = kind == ids.TOOL_CALL
            # A tool call's id that several requests have is not unique.
            if is_call and places.is_shared(request.place, window):
                continue
            found = places.nearest(request.place[0], window)
            if found:
                rule = RULE_TOOL_CALL if is_call else RULE_CONVERSATION
                is_whole = (position == 0 or request.previous is not None) and kind not in (ids.SUMMARY, ids.TURNS)
                return Continued(found[1], rule, is_whole, link_key)
        return None

    def _by_failure(self, request: Linked[Key]) -> Continued[Key] | None:
        """The latest earlier request with the same input, if it failed and this may be another attempt."""
        if request.attempt is None or request.attempt not in self.failed or not may_retry(request):
            return None
        found = self.failed[request.attempt].before(request.place)
        latest = self.attempts[request.attempt].before(request.place)
        if found is None or (latest is not None and latest > found):
            return None
        return Continued(found[1], RULE_ATTEMPT) if is_soon_enough(found[0], request.place[0]) else None

    def _by_call(self, request: Linked[Key]) -> Continued[Key] | None:
        """The first request of the same call of a proxy."""
        places = self.calls.get(request.call) if request.call else None
        first = next(iter(places), None) if places else None
        return Continued(first[1], RULE_ATTEMPT) if first and first < request.place else None


def own_home(session_id: uuid.UUID) -> Home:
    """The session of a request that belongs to no other."""
    return Home(session_id, None, RULE_OWN)
