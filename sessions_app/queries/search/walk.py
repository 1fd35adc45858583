"""Walks through sessions in an order, in chunks that grow, and keeps those that a query asks for.

If the first chunk has few of them, the index is asked where what is wanted may be at all: if that is in few sessions,
only those are walked through. Each find is checked on what is stored. A walk ends when it has enough, at the end, or
when its time is over; then it says how far it came.
"""

from __future__ import annotations

import time
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from django.db import connection

from sessions_app import ids
from sessions_app.models import Project
from sessions_app.queries.search.conditions import Asked, Conditions, Groups
from sessions_app.queries.search.contents import Content, FoundRow, load_contents
from sessions_app.queries.search.orders import Direction

FIRST_CHUNK, LARGEST_CHUNK = 200, 6_400
# So many rows of the index are few.
MOST_CANDIDATES = 20_000
# So many sessions are looked into at once: a page has some fifty.
SLICE = 64
# Mostly the first row of a session has what is wanted. If not, four times as many are read each time.
MORE_ROWS = 4
SECONDS = 1.5

# The value of the order, and the id of a session.
Place: TypeAlias = tuple[Any, uuid.UUID]


@dataclass
class FoundSession:
    """A session that matches: its row, the value of the order, and for each needle the rows that may have it.

    `contents`: what was read of its requests, by their ids.
    """

    columns: Sequence[Any]
    key: Any
    rows: dict[int, list[FoundRow]] = field(default_factory=dict)
    contents: dict[uuid.UUID, Content] = field(default_factory=dict)

    @property
    def id(self) -> uuid.UUID:
        session_id: uuid.UUID = self.columns[0]
        return session_id


@dataclass
class Walked:
    """What a walk found. `last`: the key and id of the last session that was looked at; None if there is no more."""

    found: list[FoundSession]
    last: Place | None
    is_out_of_time: bool = False


class Walk:
    """`columns`: the columns of a session that are wanted, the first of which is its id. `where`: further conditions
    in SQL.
    """

    def __init__(
        self,
        project: Project,
        conditions: Conditions,
        direction: Direction,
        columns: Sequence[str],
        where: Sequence[tuple[str, list[Any]]] = (),
        seconds: float = SECONDS,
    ) -> None:
        self.project, self.conditions, self.direction, self.columns = project, conditions, direction, columns
        self.where = [("s.project_id = %s", [project.pk]), *where]
        self.deadline = time.monotonic() + seconds
        self.instead = [one.instead for one in conditions.wanted if one.instead]
        self.candidates: list[uuid.UUID] | None = None

    def run(self, limit: int, place: Place | None) -> Walked:
        """The next `limit` sessions after a place."""
        found: list[FoundSession] = []
        size, is_first = FIRST_CHUNK, True
        is_free = not (self.conditions.sql or self.conditions.wanted or self.conditions.needs_branch)
        if is_free:
            size = limit + 1
        while True:
            chunk, last = self._chunk(place, size)
            for one in self._matching(chunk):
                found.append(one)
                if len(found) == limit:
                    return Walked(found, (one.key, one.id))
            if last is None:
                return Walked(found, None)
            place = last
            if time.monotonic() > self.deadline:
                return Walked(found, place, is_out_of_time=True)
            if is_first and self.candidates is None:
                self.candidates = self._candidates()
            is_first, size = False, min(size * 2, LARGEST_CHUNK)

    # --- sessions in order ------------------------------------------------------------------------------------------

    def _chunk(
        self, place: tuple[Any, uuid.UUID] | None, size: int
    ) -> tuple[list[FoundSession], tuple[Any, uuid.UUID] | None]:
        """Sessions whose roll-ups are as asked for, among the next ones; and the last one that was looked at."""
        rows = _fetch(*self.statement(place, size))
        width = len(self.columns)
        found = []
        for row in rows:
            if row[width + 1]:
                found.append(FoundSession(row[:width], row[width]))
                found[-1].rows = {-1 - place: [] for place, holds in enumerate(row[width + 2 :]) if holds}
        last = (rows[-1][width], rows[-1][0]) if len(rows) == size else None
        return found, last

    def statement(self, place: Place | None, size: int) -> tuple[str, list[Any]]:
        """For the next sessions: `columns`, the value of the order, whether the roll-up is as asked for, `instead`."""
        where = list(self.where)
        if place is not None:
            where.append((self.direction.after, list(place)))
        if self.candidates is not None:
            where.append(("s.id = ANY(%s::uuid[])", [self.candidates]))
        instead = "".join(f", ({text})" for text, _ in self.instead)
        matches = " AND ".join(f"({text})" for text, _ in self.conditions.sql) or "true"
        columns = ", ".join(f"s.{name}" for name in self.columns)
        statement = f"""
            WITH next AS MATERIALIZED (
                SELECT * FROM session AS s WHERE {" AND ".join(text for text, _ in where)}
                ORDER BY {self.direction.sql} LIMIT %s
            )
            SELECT {columns}, {self.direction.order.sql}, ({matches}) AS matches{instead} FROM next AS s
            ORDER BY {self.direction.sql}
        """  # noqa: S608 - texts of ours
        params = [value for _, values in (*where, ("", [size]), *self.conditions.sql) for value in values]
        params += [value for _, values in self.instead for value in values]
        return statement, params

    def _candidates(self) -> list[uuid.UUID] | None:
        """The sessions where what is wanted may be, if the index knows that they are few."""
        wanted = [(one.groups, one.named) for one in self.conditions.wanted if not one.negated and one.instead is None]
        wanted += [(groups, frozenset()) for groups in self.conditions.hints]
        wanted.sort(key=lambda one: -max(map(len, one[0]), default=0))
        for groups, named in wanted:
            if time.monotonic() > self.deadline or not all(groups):
                continue
            rows = sessions_with(self.project, groups)
            if len(rows) <= MOST_CANDIDATES:
                return sorted({*rows, *named})
        return None

    # --- what their requests say ------------------------------------------------------------------------------------

    def _matching(self, chunk: Sequence[FoundSession]) -> Iterator[FoundSession]:
        """Those of these sessions that have all that is wanted, in order, as far as somebody asks."""
        wanted = self.conditions.wanted
        if not wanted and not self.conditions.needs_branch:
            yield from chunk
            return
        for start in range(0, len(chunk), SLICE):
            some = list(chunk[start : start + SLICE])
            for place, one in enumerate(wanted):
                some = self._with(some, place, one)
            yield from self._with_branches(some)

    def _with(self, sessions: list[FoundSession], place: int, wanted: Asked) -> list[FoundSession]:
        """Those of these sessions of which a request has what is wanted, or none if it is negated."""
        rows = self._rows(sessions, wanted.groups)
        for session in sessions:
            session.rows[place] = rows.get(session.id, [])
        held = self._checked(sessions, place, wanted)
        number = self.instead.index(wanted.instead) if wanted.instead else None
        kept = []
        for session in sessions:
            holds = session.id in held or session.id in wanted.named
            holds = holds or (number is not None and -1 - number in session.rows)
            if holds != wanted.negated:
                kept.append(session)
        return kept

    def _rows(self, sessions: Sequence[FoundSession], groups: Groups) -> dict[uuid.UUID, list[FoundRow]]:
        """The rows of the index, by session, that may have what is wanted, the earliest first."""
        condition, params = any_of(groups)
        bounds = [ids.id_range(session.id) for session in sessions]
        statement = f"""
            SELECT x.session_id, x.id, x.bucket, x.started_at, x.parts
            FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[]) AS s (id, first, last)
            JOIN request_search AS x ON x.session_id = s.id AND x.id BETWEEN s.first AND s.last
            WHERE {condition} ORDER BY x.started_at, x.id
        """  # noqa: S608 - texts of ours
        lists = [session.id for session in sessions], [first for first, _ in bounds], [last for _, last in bounds]
        found: dict[uuid.UUID, list[FoundRow]] = defaultdict(list)
        for row in _fetch(statement, [*lists, *params]):
            session_id, log_id, bucket, started_at, parts = row
            found[session_id].append(FoundRow(session_id, log_id, bucket, started_at, bytes(parts)))
        return found

    def _checked(self, sessions: Sequence[FoundSession], place: int, wanted: Asked) -> set[uuid.UUID]:
        """The sessions of which a request has it, as what is stored says. A few rows of each are read at a time."""
        held: set[uuid.UUID] = set()
        waiting: Mapping[uuid.UUID, FoundSession] = {one.id: one for one in sessions if one.rows[place]}
        done, count = 0, 1
        while waiting:
            some = [row for one in waiting.values() for row in one.rows[place][done : done + count]]
            missing = [row for row in some if row.id not in waiting[row.session_id].contents]
            loaded = load_contents(missing, {one.id: self._key_of(one) for one in waiting.values()})
            for row in some:
                contents = waiting[row.session_id].contents
                if row.id in loaded:
                    contents[row.id] = loaded[row.id]
                if row.session_id not in held and row.id in contents and wanted.check(contents[row.id]):
                    held.add(row.session_id)
            done, count = done + count, count * MORE_ROWS
            waiting = {
                session_id: one
                for session_id, one in waiting.items()
                if session_id not in held and len(one.rows[place]) > done
            }
        return held

    def _key_of(self, session: FoundSession) -> str | None:
        return dict(zip(self.columns, session.columns, strict=True)).get("session_key")

    def _with_branches(self, sessions: list[FoundSession]) -> list[FoundSession]:
        if not self.conditions.needs_branch:
            return sessions
        from sessions_app.queries.session import find_session, load_all_lines, structure_of

        kept = []
        for session in sessions:
            facts = find_session(self.project.pk, session.id)
            has = bool(facts and structure_of(load_all_lines(facts).requests).forks)
            if all(has == wanted for wanted in self.conditions.needs_branch):
                kept.append(session)
        return kept


def sessions_with(project: Project, groups: Groups) -> list[uuid.UUID]:
    """The sessions of which the index has any of these groups, one a row, at most MOST_CANDIDATES and one more."""
    condition, params = any_of(groups)
    statement = f"""
        SELECT x.session_id FROM request_search AS x WHERE x.project_id = %s AND ({condition}) LIMIT %s
    """  # noqa: S608 - texts of ours
    return [row[0] for row in _fetch(statement, [project.pk, *params, MOST_CANDIDATES + 1])]


def any_of(groups: Groups) -> tuple[str, list[Any]]:
    """The condition that a row of the index has one of these groups of hashes; true for a group without any."""
    if not all(groups):
        return "true", []
    if len(groups) > 1 and all(len(group) == 1 for group in groups):
        return "x.words && %s::int[]", [[group[0] for group in groups]]
    return " OR ".join(["x.words @> %s::int[]"] * len(groups)), [list(group) for group in groups]


def _fetch(statement: str, params: Sequence[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        rows: list[Any] = cursor.fetchall()
    return rows
