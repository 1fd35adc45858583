"""Lists the sessions of a project, newest activity first, with what the list shows beside them.

Every query starts from the project and walks an index; nothing counts a whole table.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sessions_app.content.needles import Needle
from sessions_app.models import Project
from sessions_app.queries.filters import FilterError, SessionFilters
from sessions_app.queries.matching import conditions_for, range_of
from sessions_app.queries.search.orders import NEWEST_FIRST, OLDEST_FIRST, direction_of
from sessions_app.queries.search.snippets import Snippet, add_contents, more_rows, snippets_of
from sessions_app.queries.search.walk import FoundSession, Walk

__all__ = ["NEWEST_FIRST", "OLDEST_FIRST", "SessionPage", "SessionRow", "list_sessions"]

MAX_LIMIT = 1_000


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session with its roll-up. `session_key`: the caller's id, None if the session was formed without one.

    Tokens and cost are None if no request reported them; `cost` is in US dollars.
    """

    id: uuid.UUID
    session_key: str | None
    title: str
    given_name: str
    source_name: str
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
    # Grows with every change of the session, and of what its requests say.
    revision: int

    @property
    def name(self) -> str:
        """What it is called: as a person named it, else as its logs did, else the first thing that the user said."""
        return self.given_name or self.source_name or self.title

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
    `reached` is the value of the order there. `unsure`: sessions that may match; they are too long to be looked through
    in the time of one page. `words`: of the query what is looked for in texts.
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
    unsure: frozenset[uuid.UUID] = frozenset()
    words: str = ""


FIELDS = tuple(SessionRow.__dataclass_fields__)
_COLUMNS = tuple("models" if name == "model_names" else name for name in FIELDS)


def list_sessions(
    project: Project,
    filters: SessionFilters,
    order: str = NEWEST_FIRST,
    limit: int = 50,
    cursor: str | None = None,
    is_patient: bool = False,
) -> SessionPage:
    """Sessions of a project in one of the orders of `search.orders`, `limit` of them (1 to 1,000) after `cursor`.

    `is_patient`: it takes the time to be sure of each session (see `SessionPage.unsure`).

    Raises FilterError for an invalid order, limit or cursor.
    """
    direction = direction_of(order)
    if not 1 <= limit <= MAX_LIMIT:
        raise FilterError("limit", f"must be from 1 to {MAX_LIMIT:,}, got {limit}")
    place = direction.place(cursor) if cursor else None
    conditions = conditions_for(project, filters)
    walk = Walk(project, conditions, direction, _COLUMNS, range_of(project, filters), is_patient=is_patient)
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
        unsure=frozenset(one.id for one in shown if one.is_unsure),
    )
    needles = {place: one.needle for place, one in enumerate(conditions.wanted) if one.needle and not one.negated}
    return _with_snippets(page, shown, needles, filters) if needles else page


def _with_snippets(
    page: SessionPage, shown: Sequence[FoundSession], needles: Mapping[int, Needle], filters: SessionFilters
) -> SessionPage:
    # What was not read in time is not read again for its words: its row says so, with a link.
    shown = [one for one in shown if not one.is_unsure]
    add_contents(shown, needles)
    roles = frozenset(filters.query.values_of("in"))
    snippets = {one.id: snippets_of(one, needles, roles) for one in shown}
    words = str(filters.query.words)
    return replace(page, words=words, snippets=snippets, more={one.id: more_rows(one, needles) for one in shown})
