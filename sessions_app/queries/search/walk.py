"""Walks through sessions in an order, in chunks that grow, and keeps those that a query asks for.

If there are few of them, the index is asked where what is wanted may be at all: if that is in few sessions, only those
are walked through. For words it is asked at once: rare ones are what people search for. Each find is checked on what is
stored. A walk ends when it has enough, at the end, or when its time is over; then it says how far it came. The sessions
that it looks into first are never left out: if even they take too long, it finds those that may match, and says that it
is not sure.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeAlias

from sessions_app.models import Project
from sessions_app.queries.fetching import array_of, fetched
from sessions_app.queries.search.branches import forks_and_retries
from sessions_app.queries.search.candidates import VERY_FEW, few_sessions, sessions_with, very_few_with_words
from sessions_app.queries.search.conditions import Asked, Conditions
from sessions_app.queries.search.contents import Content, FoundRow, TooLate, load_contents
from sessions_app.queries.search.orders import Direction
from sessions_app.queries.search.rows import rows_of

FIRST_CHUNK, LARGEST_CHUNK = 200, 6_400
# If it seems that more sessions than that must be walked through, the index is asked where what is wanted may be; more
# of them are soon walked through if only their roll-ups are looked at.
MOST_AHEAD, MOST_ROLL_UPS_AHEAD = 1_500, 10_000
# So many sessions are looked into at once: first a few, which are always finished, then as a page has, and more where
# fewer than one in SPARSE matches.
FIRST_SLICE, SLICE, LARGEST_SLICE, SPARSE = 8, 64, 512, 8
# Mostly the first row of a session has what is wanted. If not, four times as many are read each time.
MORE_ROWS = 4
# So many requests are read at once, and of so many of each session it is kept what they say.
ROWS_AT_ONCE, MOST_KEPT = 256, 8
SECONDS = 1.5
# Chunks that take longer do not grow.
CHUNK_SECONDS = 0.1

# The value of the order, and the id of a session.
Place: TypeAlias = tuple[Any, uuid.UUID]


@dataclass
class FoundSession:
    """A session that matches: its row, the value of the order, and for each needle the rows that may have it.

    `contents`: what was read of its requests, by their ids. `is_unsure`: the time was over before all was looked at.
    """

    columns: Sequence[Any]
    key: Any
    buckets: Sequence[date] = ()
    rows: dict[int, list[FoundRow]] = field(default_factory=dict)
    contents: dict[uuid.UUID, Content] = field(default_factory=dict)
    is_unsure: bool = False

    @property
    def id(self) -> uuid.UUID:
        session_id: uuid.UUID = self.columns[0]
        return session_id

    @property
    def place(self) -> Place:
        return self.key, self.id


@dataclass
class Walked:
    """What a walk found. `last`: the key and id of the last session that was looked at; None if there is no more."""

    found: list[FoundSession]
    last: Place | None
    is_out_of_time: bool = False


class OutOfTime(Exception):
    """The time is over, and something is found already: what was begun last is left for the next page."""


class Walk:
    """`columns`: the columns of a session that are wanted, the first of which is its id. `where`: further conditions
    in SQL. `is_patient`: it takes the time to be sure of the sessions that it looks into first.
    """

    def __init__(
        self,
        project: Project,
        conditions: Conditions,
        direction: Direction,
        columns: Sequence[str],
        where: Sequence[tuple[str, list[Any]]] = (),
        seconds: float = SECONDS,
        is_patient: bool = False,
    ) -> None:
        self.project, self.conditions, self.direction, self.columns = project, conditions, direction, columns
        self.read_columns = columns
        self.where = [("s.project_id = %s", [project.pk]), *where, *conditions.times]
        if conditions.sessions is not None:
            self.where.append(("s.id = ANY(%s::uuid[])", [conditions.sessions]))
        self.deadline = time.monotonic() + seconds
        # Conditions of roll-ups, and what is asked of requests, by its place in the query.
        self.sql = list(conditions.sql)
        self.wanted = dict(enumerate(conditions.wanted))
        self.instead = [one.instead for one in conditions.wanted if one.instead]
        self.candidates: list[uuid.UUID] | None = None
        self.is_patient = is_patient
        self.has_begun = False
        self.slice = SLICE

    def run(self, limit: int, place: Place | None) -> Walked:
        """The next `limit` sessions after a place."""
        walked = self._run(limit, place)
        if self.read_columns != self.columns and walked.found:
            walked.found = self._with_all_columns(walked.found)
        return walked

    def _with_all_columns(self, found: list[FoundSession]) -> list[FoundSession]:
        """These sessions with what is wanted of them, but for those that were deleted meanwhile."""
        statement = f"SELECT {', '.join(self.columns)} FROM session WHERE id = ANY(%s::uuid[])"  # noqa: S608
        rows = {row[0]: row for row in fetched(statement, [array_of(one.id for one in found)])}
        for one in found:
            one.columns = rows.get(one.id, one.columns)
        return [one for one in found if one.id in rows]

    def _run(self, limit: int, place: Place | None) -> Walked:
        found: list[FoundSession] = []
        self._leave_to_roll_ups()
        if self._asks_requests():
            # Many are looked into for each that matches, so the rest of its row is read later.
            self.read_columns = ("id", "session_key")
        self.candidates = very_few_with_words(self.project, self.conditions)
        looked_at, has_asked = 0, self.candidates is not None
        size = FIRST_CHUNK if self._asks_requests() or self.sql else limit + 1
        ahead = MOST_AHEAD if self._asks_requests() else MOST_ROLL_UPS_AHEAD
        while True:
            started = time.monotonic()
            chunk, last = self._chunk(place, size)
            took = time.monotonic() - started
            if ended := self._look_into(chunk, place, limit, found):
                return ended
            if last is None:
                return Walked(found, None)
            place, self.has_begun = last, True
            if self._is_over():
                return Walked(found, place, is_out_of_time=True)
            looked_at += size
            if not has_asked and looked_at * (limit - len(found)) > ahead * len(found):
                self.candidates, has_asked = few_sessions(self.project, self.conditions, self._is_over), True
            size = min(size * 2, LARGEST_CHUNK) if took < CHUNK_SECONDS else size

    def _look_into(
        self, chunk: list[FoundSession], place: Place | None, limit: int, found: list[FoundSession]
    ) -> Walked | None:
        """Add the sessions of a chunk that match to `found`. Returns what was found if the walk ends here. `place`: of
        the last session before the chunk.
        """
        for some in self._slices(chunk):
            began = time.monotonic()
            try:
                kept = self._matching(some)
            except OutOfTime:
                return Walked(found, place, is_out_of_time=True)
            found += kept[: limit - len(found)]
            # What a slice did is lost if the time ends within it, so it has to stay quick.
            may_grow = len(kept) * SPARSE < len(some) and time.monotonic() - began < CHUNK_SECONDS
            if self.has_begun:
                self.slice = min(self.slice * 2, LARGEST_SLICE) if may_grow else SLICE
            if len(found) == limit:
                return Walked(found, found[-1].place)
            place, self.has_begun = some[-1].place, True
            if self._is_over():
                return Walked(found, place, is_out_of_time=True)
        return None

    def _asks_requests(self) -> bool:
        return bool(self.wanted or self.conditions.needs_branch)

    def _leave_to_roll_ups(self) -> None:
        """Ask the roll-ups alone for what they tell, but of a few sessions that the index knows."""
        for place, one in list(self.wanted.items()):
            if one.instead is None or not one.is_told_by_index:
                continue
            others = sessions_with(self.project, one.groups, VERY_FEW)
            if len(others) <= VERY_FEW:
                text, params = one.instead
                holds = f"({text} OR s.id = ANY(%s::uuid[])) IS {'NOT ' * one.negated}TRUE"
                self.sql.append((holds, [*params, others]))
                self.instead.remove(one.instead)
                del self.wanted[place]

    def _is_over(self) -> bool:
        return time.monotonic() > self.deadline

    def _slices(self, chunk: list[FoundSession]) -> Iterator[list[FoundSession]]:
        """A chunk as it is looked into; as a whole if no request has to be read."""
        if not self._asks_requests():
            yield from [chunk] if chunk else []
            return
        start = 0
        while start < len(chunk):
            size = self.slice if self.has_begun else FIRST_SLICE
            yield chunk[start : start + size]
            start += size

    # --- sessions in order ------------------------------------------------------------------------------------------

    def _chunk(self, place: Place | None, size: int) -> tuple[list[FoundSession], Place | None]:
        """Sessions whose roll-ups are as asked for, among the next ones; and the last one that was looked at."""
        rows = fetched(*self.statement(place, size))
        width = len(self.read_columns)
        found = []
        for row in rows:
            if row[3] is not None:
                found.append(FoundSession(row[3 : 3 + width], row[3 + width], row[4 + width]))
                found[-1].rows = {-1 - place: [] for place, holds in enumerate(row[5 + width :]) if holds}
        last = (rows[0][1], rows[0][2]) if rows and rows[0][0] == size else None
        return found, last

    def statement(self, place: Place | None, size: int) -> tuple[str, list[Any]]:
        """For those of the next sessions whose roll-ups are as asked for: `columns`, the value of the order, the months
        that they have rows in, `instead`.

        Before these, each row has the number of the next sessions and the place of the last one. If none of them is as
        asked for, there is one row without more. So what does not match is not sent.
        """
        where = list(self.where)
        if place is not None:
            where.append((self.direction.after, list(place)))
        if self.candidates is not None:
            where.append(("s.id = ANY(%s::uuid[])", [array_of(self.candidates)]))
        instead = "".join(f", ({text})" for text, _ in self.instead)
        matches = " AND ".join(f"({text})" for text, _ in self.sql) or "true"
        columns = ", ".join(f"s.{name}" for name in self.read_columns)
        key = self.direction.order.sql
        statement = f"""
            WITH next AS MATERIALIZED (
                SELECT * FROM session AS s WHERE {" AND ".join(text for text, _ in where)}
                ORDER BY {self.direction.sql} LIMIT %s
            ), last AS (
                SELECT (SELECT count(*) FROM next), {key} AS key, s.id FROM next AS s
                ORDER BY {self.direction.opposite.sql} LIMIT 1
            )
            SELECT last.*, {columns}, {key}, s.buckets{instead} FROM last LEFT JOIN next AS s ON {matches}
            ORDER BY {self.direction.sql}
        """  # noqa: S608 - texts of ours
        params = [value for _, values in (*where, ("", [size]), *self.instead) for value in values]
        return statement, params + [value for _, values in self.sql for value in values]

    # --- what their requests say ------------------------------------------------------------------------------------

    def _matching(self, sessions: list[FoundSession]) -> list[FoundSession]:
        """Those of these sessions that have all that is wanted, in order. Raises OutOfTime."""
        for place, one in self.wanted.items():
            sessions = self._with(sessions, place, one)
        return [one for one in sessions if self._has_branches(one)] if self.conditions.needs_branch else sessions

    def _with(self, sessions: list[FoundSession], place: int, wanted: Asked) -> list[FoundSession]:
        """Those of these sessions of which a request has what is wanted, or none if it is negated."""
        number = self.instead.index(wanted.instead) if wanted.instead else None
        settled = {one.id for one in sessions if number is not None and -1 - number in one.rows}
        others = [one for one in sessions if one.id not in settled]
        rows = rows_of([(one.id, one.buckets) for one in others], wanted) if others else {}
        for session in sessions:
            session.rows[place] = rows.get(session.id, [])
        held = self._checked(others, place, wanted)
        kept = []
        for session in sessions:
            holds = session.id in held or session.id in wanted.named or session.id in settled
            if holds != wanted.negated or session.is_unsure:
                kept.append(session)
        return kept

    def _checked(self, sessions: Sequence[FoundSession], place: int, wanted: Asked) -> set[uuid.UUID]:
        """The sessions of which a request has it, as what is stored says. A few rows of each are read at a time."""
        held: set[uuid.UUID] = set()
        waiting: Mapping[uuid.UUID, FoundSession] = {one.id: one for one in sessions if one.rows[place]}
        done, count = 0, 1
        while waiting:
            some = [row for one in waiting.values() for row in one.rows[place][done : done + count]]
            for start in range(0, len(some), ROWS_AT_ONCE):
                if self._must_end(waiting.values(), held):
                    return held
                self._check_rows(some[start : start + ROWS_AT_ONCE], waiting, wanted, held)
            done, count = done + count, count * MORE_ROWS
            waiting = {
                session_id: one
                for session_id, one in waiting.items()
                if session_id not in held and len(one.rows[place]) > done
            }
        return held

    def _must_end(self, waiting: Iterable[FoundSession], held: Set[uuid.UUID]) -> bool:
        """Whether the time is over; then all that still waits may match. Raises OutOfTime if it can wait."""
        if not self._is_over():
            return False
        if self.has_begun:
            raise OutOfTime
        if self.is_patient:
            return False
        for one in waiting:
            one.is_unsure = one.is_unsure or one.id not in held
        return True

    def _check_rows(
        self,
        rows: Sequence[FoundRow],
        sessions: Mapping[uuid.UUID, FoundSession],
        wanted: Asked,
        held: set[uuid.UUID],
    ) -> None:
        """Add to `held` the sessions of which one of these rows has it."""
        rows = [row for row in rows if row.session_id not in held]
        missing = [row for row in rows if row.id not in sessions[row.session_id].contents]
        loaded = load_contents(missing, {one.id: self._key_of(one) for one in sessions.values()})
        for row in rows:
            kept = sessions[row.session_id].contents
            content = kept.get(row.id) or loaded.get(row.id)
            if content is None or row.session_id in held:
                continue
            if content.is_large and self._must_end(sessions.values(), held):
                return
            holds = self._check(wanted, content)
            if holds is None:
                self._must_end(sessions.values(), held)
                return
            if holds or len(kept) < MOST_KEPT:
                kept[row.id] = content
            if holds:
                held.add(row.session_id)

    def _check(self, wanted: Asked, content: Content) -> bool | None:
        """Whether a request has it; None if it is so large that the time was over before."""
        if content.is_large and (self.has_begun or not self.is_patient):
            content.deadline = self.deadline
        try:
            return wanted.check(content)
        except TooLate:
            return None
        finally:
            # What shows the request may read it.
            content.deadline = float("inf")

    def _key_of(self, session: FoundSession) -> str | None:
        return dict(zip(self.read_columns, session.columns, strict=True)).get("session_key")

    def _has_branches(self, session: FoundSession) -> bool:
        """Whether it has branches, or none, as is asked for. Raises OutOfTime."""
        if self._must_end([session], frozenset()):
            return True
        has = bool(forks_and_retries(self.project, session.id)[0])
        return all(has == wanted for wanted in self.conditions.needs_branch)
