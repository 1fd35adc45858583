"""The sessions that match, as a set: for counts, sums and lists in other orders.

If the index alone can tell which sessions match, they are a condition in SQL. Else they are looked for as in the list,
with a bound of time, and the set says how far it reaches.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from django.db.models import Q, QuerySet

from sessions_app.models import Project, Session
from sessions_app.queries.filters import SessionFilters
from sessions_app.queries.named_ids import sessions_named
from sessions_app.queries.search.candidates import MOST_CANDIDATES, sessions_with
from sessions_app.queries.search.conditions import Asked, Conditions, conditions_of
from sessions_app.queries.search.orders import NEWEST_FIRST, OLDEST_FIRST, direction_of
from sessions_app.queries.search.walk import Place, Walk, Walked

COUNT_LIMIT = 100
# So many sessions are a set that was looked for; more are said to be cut.
MOST_FOUND = 20_000
SECONDS = 0.25

# What ids led to, and what was looked for, for those who ask several times in one answer.
Memory: TypeAlias = dict[object, Any]


@dataclass(frozen=True, slots=True)
class Matching:
    """Sessions that match, in no order. `since`: those whose last activity was before it were not looked for; None if
    these are all.
    """

    sessions: QuerySet[Session]
    since: datetime | None = None


def conditions_for(project: Project, filters: SessionFilters, memory: Memory | None = None) -> Conditions:
    """What these filters ask for. A word may be an id or a name if there is no other."""
    memory = {} if memory is None else memory

    def named(text: str, by_name: bool) -> list[uuid.UUID]:
        if (text, by_name) not in memory:
            memory[text, by_name] = sessions_named(project, text, by_name)
        found: list[uuid.UUID] = memory[text, by_name]
        return found

    return conditions_of(project, filters.query, named, len(filters.query.texts) == 1, filters.zone, filters.now)


def range_of(project: Project, filters: SessionFilters) -> list[tuple[str, list[Any]]]:
    """The conditions beside the query: the range of time, and the id of a trace. Nothing matches what was not read."""
    where: list[tuple[str, list[Any]]] = [("false", [])] if filters.unread else []
    if filters.since:
        where.append(("s.last_at >= %s", [filters.since]))
    if filters.until:
        where.append(("s.last_at <= %s", [filters.until]))
    if filters.trace_id:
        where.append(("s.id = ANY(%s::uuid[])", [sessions_named(project, filters.trace_id)]))
    return where


def matching(
    project: Project, filters: SessionFilters, memory: Memory | None = None, seconds: float = SECONDS
) -> Matching:
    """The sessions of a project that match. `seconds`: how long they may be looked for, if that is needed."""
    memory = {} if memory is None else memory
    conditions = conditions_for(project, filters, memory)
    sessions = _by_index(project, filters, conditions, memory)
    if sessions is not None:
        return Matching(sessions)
    known = ("walked", str(filters.query), filters.since, filters.until, filters.trace_id)
    if known not in memory:
        memory[known] = _walk(project, filters, conditions, NEWEST_FIRST, seconds).run(MOST_FOUND, None)
    walked: Walked = memory[known]
    found = _with_ids(project, [one.id for one in walked.found if not one.is_unsure])
    return Matching(found, walked.last[0] if walked.last else None)


def _by_index(
    project: Project, filters: SessionFilters, conditions: Conditions, memory: Memory
) -> QuerySet[Session] | None:
    """The sessions that match, if the roll-ups and the index tell."""
    if conditions.needs_branch or conditions.looks_up_requests:
        return None
    sessions = _with_ids(project, conditions.sessions)
    for text, params in (*range_of(project, filters), *conditions.times, *conditions.sql):
        sessions = sessions.extra(where=[of_table(text)], params=params)  # noqa: S610 - texts of ours
    for one in conditions.wanted:
        found = _rows_of(project, one, memory) if one.is_told_by_index else None
        if found is None or len(found) > MOST_CANDIDATES:
            return None
        instead, params = one.instead or ("false", [])
        where = f"(session.id = ANY(%s::uuid[]) OR {of_table(instead)}) IS {'NOT ' if one.negated else ''}TRUE"
        sessions = sessions.extra(where=[where], params=[sorted({*found, *one.named}), *params])  # noqa: S610
    return sessions


def _with_ids(project: Project, session_ids: list[uuid.UUID] | None) -> QuerySet[Session]:
    """Sessions of the project, these alone if there is a list; `IN` could not say that there are none."""
    sessions = Session.objects.filter(project_id=project.pk)
    if session_ids is None:
        return sessions
    return sessions.extra(where=["session.id = ANY(%s::uuid[])"], params=[session_ids])


def _rows_of(project: Project, asked: Asked, memory: Memory) -> Sequence[uuid.UUID]:
    if asked.groups not in memory:
        memory[asked.groups] = sessions_with(project, asked.groups)
    found: Sequence[uuid.UUID] = memory[asked.groups]
    return found


_ALIAS = re.compile(r"\bs\.")


def of_table(text: str) -> str:
    """A condition for a QuerySet, where the table has its own name."""
    return _ALIAS.sub("session.", text)


def _walk(project: Project, filters: SessionFilters, conditions: Conditions, order: str, seconds: float) -> Walk:
    where = range_of(project, filters)
    return Walk(project, conditions, direction_of(order), ("id", "session_key"), where, seconds)


# --- counts, each with a limit --------------------------------------------------------------------------------------


def count_newer(project: Project, filters: SessionFilters, cursor: str) -> int:
    """How many matching sessions are now before the place of `cursor`, new or updated: up to COUNT_LIMIT."""
    last_at, session_id = direction_of(OLDEST_FIRST).place(cursor)
    memory: Memory = {}
    conditions = conditions_for(project, filters, memory)
    sessions = _by_index(project, filters, conditions, memory)
    if sessions is None:
        return _walked(project, filters, conditions, (last_at, session_id))
    # The first condition is a range of the index. The second one leaves out sessions of the same moment.
    newer = Q(last_at__gte=last_at) & (Q(last_at__gt=last_at) | Q(id__gt=session_id))
    return _count(sessions.filter(newer), COUNT_LIMIT)


def count_some(project: Project, filters: SessionFilters, memory: Memory | None = None) -> int:
    """How many sessions match: up to COUNT_LIMIT."""
    memory = {} if memory is None else memory
    conditions = conditions_for(project, filters, memory)
    sessions = _by_index(project, filters, conditions, memory)
    return _walked(project, filters, conditions) if sessions is None else _count(sessions, COUNT_LIMIT)


@dataclass(frozen=True, slots=True)
class CountedMatches:
    """How many match: COUNT_LIMIT + 1 stands for more than COUNT_LIMIT. `is_whole`: the time was enough to look
    everywhere.
    """

    number: int
    is_whole: bool = True

    def and_also(self, other: CountedMatches) -> CountedMatches:
        """Of both."""
        return CountedMatches(min(self.number + other.number, COUNT_LIMIT + 1), self.is_whole and other.is_whole)


def count_outside(project: Project, filters: SessionFilters) -> CountedMatches:
    """How many sessions match outside of the time range."""
    memory: Memory = {}
    found = CountedMatches(0)
    for outside in filters.outside_range():
        found = found.and_also(_counted(project, outside, memory))
        if found.number > COUNT_LIMIT:
            break
    return found


def _counted(project: Project, filters: SessionFilters, memory: Memory) -> CountedMatches:
    conditions = conditions_for(project, filters, memory)
    sessions = _by_index(project, filters, conditions, memory)
    if sessions is not None:
        return CountedMatches(_count(sessions, COUNT_LIMIT + 1))
    walked = _walk(project, filters, conditions, NEWEST_FIRST, SECONDS).run(COUNT_LIMIT + 1, None)
    return CountedMatches(sum(not one.is_unsure for one in walked.found), not walked.is_out_of_time)


def _walked(project: Project, filters: SessionFilters, conditions: Conditions, place: Place | None = None) -> int:
    order = OLDEST_FIRST if place else NEWEST_FIRST
    return len(_walk(project, filters, conditions, order, SECONDS).run(COUNT_LIMIT, place).found)


def _count(sessions: QuerySet[Session], limit: int) -> int:
    # The order makes it a walk along the index that ends at the limit.
    return newest_first(sessions).values("id")[:limit].count()


def newest_first(sessions: QuerySet[Session]) -> QuerySet[Session]:
    """In the order of the list."""
    return sessions.order_by("-last_at", "-id")
