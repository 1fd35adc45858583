"""Where what is asked for may be at all, if an index knows that it is in few sessions."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from django.db import connection

from sessions_app.models import Project
from sessions_app.queries.search.conditions import Asked, Conditions, Groups, Hint, Sql

# So many rows of the index are few; what is in very few is looked for first.
VERY_FEW, MOST_CANDIDATES = 500, 20_000


def few_sessions(project: Project, conditions: Conditions, is_over: Callable[[], bool]) -> list[uuid.UUID] | None:
    """The sessions that may match, if they are few. `is_over`: whether there is no time to look."""
    found = _in_ranges(project, conditions.ranges)
    hints = [*_hints_of(conditions.wanted), *conditions.hints]
    if found is None and len(hints) > 1 and not is_over():
        found = _few(project, hints, VERY_FEW)
    return _few(project, hints, MOST_CANDIDATES, is_over) if found is None else found


def very_few_with_words(project: Project, conditions: Conditions) -> list[uuid.UUID] | None:
    """The sessions that may have one of the words that are asked for, if they are very few."""
    return _few(project, _hints_of(one for one in conditions.wanted if one.needle), VERY_FEW)


def _hints_of(wanted: Iterable[Asked]) -> list[Hint]:
    return [(one.where_it_may_be, partial(frozenset, one.named)) for one in wanted]


def _few(
    project: Project, hints: Sequence[Hint], most: int, is_over: Callable[[], bool] = lambda: False
) -> list[uuid.UUID] | None:
    """The sessions of the first of these that at most `most` rows of the index have; those of the most terms first."""
    known = [one for one in hints if one[0] and all(one[0])]
    for groups, others in sorted(known, key=lambda one: -max(map(len, one[0]))):
        if is_over():
            return None
        rows = sessions_with(project, groups, most)
        if len(rows) <= most:
            return list({*rows, *others()})
    return None


def _in_ranges(project: Project, ranges: Sequence[Sql]) -> list[uuid.UUID] | None:
    for text, params in ranges:
        statement = f"SELECT s.id FROM session AS s WHERE s.project_id = %s AND {text} LIMIT %s"  # noqa: S608
        found = _first_column(statement, [project.pk, *params, MOST_CANDIDATES + 1])
        if len(found) <= MOST_CANDIDATES:
            return found
    return None


def sessions_with(project: Project, groups: Groups, most: int | None = None) -> list[uuid.UUID]:
    """The sessions of which the index has any of these groups, one a row: at most `most` and one more, else
    MOST_CANDIDATES.
    """
    condition, params = any_of(groups)
    statement = f"""
        SELECT x.session_id FROM request_search AS x WHERE x.project_id = %s AND ({condition}) LIMIT %s
    """  # noqa: S608 - texts of ours
    return _first_column(statement, [project.pk, *params, (MOST_CANDIDATES if most is None else most) + 1])


def any_of(groups: Groups) -> Sql:
    """The condition that a row of the index has one of these groups of hashes; true for a group without any."""
    if not all(groups):
        return "true", []
    if len(groups) > 1 and all(len(group) == 1 for group in groups):
        return "x.words && %s::int[]", [[group[0] for group in groups]]
    return " OR ".join(["x.words @> %s::int[]"] * len(groups)), [list(group) for group in groups]


def _first_column(statement: str, params: Sequence[Any]) -> list[uuid.UUID]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return [row[0] for row in cursor.fetchall()]
