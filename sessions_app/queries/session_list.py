"""Lists the sessions of a project, newest activity first, with what the list shows beside them.

Every query starts from the project and walks an index; nothing counts a whole table.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet

from sessions_app.content.needles import Needle
from sessions_app.models import Project, Session
from sessions_app.queries.filters import FilterError, SessionFilters
from sessions_app.queries.named_ids import sessions_named
from sessions_app.queries.search.conditions import Conditions, conditions_of
from sessions_app.queries.search.orders import NEWEST_FIRST, OLDEST_FIRST, direction_of
from sessions_app.queries.search.snippets import Snippet, add_contents, more_rows, snippets_of
from sessions_app.queries.search.walk import MOST_CANDIDATES, FoundSession, Walk, sessions_with

__all__ = ["NEWEST_FIRST", "OLDEST_FIRST", "SessionPage", "SessionRow", "list_sessions"]

MAX_LIMIT = 1_000
COUNT_LIMIT = 100


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session with its roll-up. `session_key`: the caller's id, None if the session was formed without one.

    Tokens and cost are None if no request reported them; `cost` is in US dollars.
    """

    id: uuid.UUID
    session_key: str | None
    title: str
    preview: str
    first_at: datetime
    last_at: datetime
    request_count: int
    error_count: int
    retry_count: int
    step_count: int
    tool_error_count: int
    tool_looks_failed_count: int
    input_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None
    cost: Decimal | None
    model_names: list[str]
    users: list[str]
    tags: list[str]
    sources: list[str]
    rules: list[str]
    failed_tools: list[str]
    buckets: list[date]

    @property
    def duration(self) -> timedelta:
        return self.last_at - self.first_at

    @property
    def cursor(self) -> str:
        """Its place in the list by the last activity."""
        return direction_of(NEWEST_FIRST).cursor(self.last_at, self.id)


@dataclass(frozen=True, slots=True)
class SessionPage:
    """Some sessions, and the cursor for the next ones, None at the end. `first_cursor`, `last_cursor`: of the first and
    last of these; "" without any.

    `snippets`: where the words of the query were found, by session; `more` in how many further requests of a session
    they may be. `is_out_of_time`: the search ended before it had found enough; the cursor leads on from there, and
    `reached` is the value of the order there.
    """

    results: list[SessionRow]
    next_cursor: str | None
    snippets: Mapping[uuid.UUID, list[Snippet]] = field(default_factory=dict)
    more: Mapping[uuid.UUID, int] = field(default_factory=dict)
    is_out_of_time: bool = False
    reached: Any = None
    first_cursor: str = ""
    last_cursor: str = ""
    # Of each session, in the order of the page.
    cursors: Sequence[str] = ()


FIELDS = tuple(SessionRow.__dataclass_fields__)
_COLUMNS = tuple("models" if name == "model_names" else name for name in FIELDS)


def list_sessions(
    project: Project,
    filters: SessionFilters,
    order: str = NEWEST_FIRST,
    limit: int = 50,
    cursor: str | None = None,
) -> SessionPage:
    """Sessions of a project in one of the orders of `search.orders`, `limit` of them (1 to 1,000) after `cursor`.

    Raises FilterError for an invalid order, limit or cursor.
    """
    direction = direction_of(order)
    if not 1 <= limit <= MAX_LIMIT:
        raise FilterError("limit", f"must be from 1 to {MAX_LIMIT:,}, got {limit}")
    place = direction.place(cursor) if cursor else None
    conditions = conditions_for(project, filters)
    walk = Walk(project, conditions, direction, _COLUMNS, _where(project, filters))
    # A session more than asked for tells whether there is a next page.
    walked = walk.run(limit + 1, place)
    shown = walked.found[:limit]
    cursors = [direction.cursor(one.key, one.id) for one in shown]
    following, reached = None, None
    if len(walked.found) > limit:
        following = cursors[-1]
    elif walked.is_out_of_time and walked.last:
        following, reached = direction.cursor(*walked.last), walked.last[0]
    page = SessionPage(
        [SessionRow(*one.columns) for one in shown],
        following,
        is_out_of_time=walked.is_out_of_time,
        reached=reached,
        first_cursor=cursors[0] if cursors else "",
        last_cursor=cursors[-1] if cursors else "",
        cursors=cursors,
    )
    needles = {place: one.needle for place, one in enumerate(conditions.wanted) if one.needle and not one.negated}
    return _with_snippets(page, shown, needles, filters) if needles else page


def _with_snippets(
    page: SessionPage, shown: Sequence[FoundSession], needles: Mapping[int, Needle], filters: SessionFilters
) -> SessionPage:
    add_contents(shown, needles)
    roles = frozenset(filters.query.values_of("in"))
    snippets = {one.id: snippets_of(one, needles, roles) for one in shown}
    return replace(page, snippets=snippets, more={one.id: more_rows(one, needles) for one in shown})


# --- filters --------------------------------------------------------------------------------------------------------


# What the index and ids led to, for those who ask several times in one answer.
Memory = dict[object, list[uuid.UUID]]


def conditions_for(project: Project, filters: SessionFilters, memory: Memory | None = None) -> Conditions:
    """What these filters ask for. A word may be an id if there is no other."""
    memory = {} if memory is None else memory

    def named(text: str) -> list[uuid.UUID]:
        if text not in memory:
            memory[text] = sessions_named(project, text)
        return memory[text]

    return conditions_of(project, filters.query, named, len(filters.query.texts) == 1, filters.zone)


def _where(project: Project, filters: SessionFilters) -> list[tuple[str, list[Any]]]:
    where: list[tuple[str, list[Any]]] = []
    if filters.since:
        where.append(("s.last_at >= %s", [filters.since]))
    if filters.until:
        where.append(("s.last_at <= %s", [filters.until]))
    if filters.trace_id:
        where.append(("s.id = ANY(%s::uuid[])", [sessions_named(project, filters.trace_id)]))
    return where


@dataclass(frozen=True, slots=True)
class Matching:
    """Sessions that match, in no order. For what requests say, they are those where the index has it.

    `is_whole`: these are all of them. `is_exact`: nothing of them has to be checked on the text.
    """

    sessions: QuerySet[Session]
    is_whole: bool = True
    is_exact: bool = True


def matching(project: Project, filters: SessionFilters, memory: Memory | None = None) -> QuerySet[Session]:
    """The sessions of a project that match, for statistics; see `matched`."""
    return matched(project, filters, memory).sessions


def matched(project: Project, filters: SessionFilters, memory: Memory | None = None) -> Matching:
    """The sessions of a project that match, for statistics."""
    memory = {} if memory is None else memory
    conditions = conditions_for(project, filters, memory)
    sessions = Session.objects.filter(project_id=project.pk)
    for text, params in (*_where(project, filters), *conditions.sql):
        sessions = sessions.extra(where=[_of_table(text)], params=params)  # noqa: S610 - texts of ours
    is_whole, is_exact = True, not conditions.needs_branch
    for one in conditions.wanted:
        if one.negated or one.instead or not all(one.groups):
            is_exact = False
            continue
        if one.groups not in memory:
            memory[one.groups] = sessions_with(project, one.groups)
        found = memory[one.groups]
        is_whole, is_exact = (
            is_whole and len(found) <= MOST_CANDIDATES,
            is_exact and all(len(group) == 1 for group in one.groups),
        )
        where, chosen = "session.id = ANY(%s::uuid[])", sorted({*found, *one.named})
        sessions = sessions.extra(where=[where], params=[chosen])  # noqa: S610 - a text of ours
    return Matching(sessions, is_whole, is_exact)


_ALIAS = re.compile(r"\bs\.")


def _of_table(text: str) -> str:
    """A condition for a QuerySet, where the table has its own name."""
    return _ALIAS.sub("session.", text)


def newest_first(sessions: QuerySet[Session]) -> QuerySet[Session]:
    return sessions.order_by("-last_at", "-id")


# --- counts, each with a limit --------------------------------------------------------------------------------------


def count_newer(project: Project, filters: SessionFilters, cursor: str) -> int:
    """How many matching sessions are now before the place of `cursor`, new or updated: up to COUNT_LIMIT."""
    last_at, session_id = direction_of(OLDEST_FIRST).place(cursor)
    # The first condition is a range of the index. The second one leaves out sessions of the same moment.
    newer = Q(last_at__gte=last_at) & (Q(last_at__gt=last_at) | Q(id__gt=session_id))
    return _count(matching(project, filters).filter(newer))


def count_some(project: Project, filters: SessionFilters) -> int:
    """How many sessions match: up to COUNT_LIMIT."""
    return _count(matching(project, filters))


def _count(sessions: QuerySet[Session]) -> int:
    # The order makes it a walk along the index that ends at the limit.
    return newest_first(sessions).values("id")[:COUNT_LIMIT].count()
