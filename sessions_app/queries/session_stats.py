"""What the page says of all sessions that match: totals, a histogram over time, and the values of each filter.

They look at the newest MOST_COUNTED sessions of the project, so that their work has a bound whatever is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import chain
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from sessions_app.models import Project, Session
from sessions_app.queries.filters import SessionFilters
from sessions_app.queries.matching import Memory, matching, of_table
from sessions_app.queries.search.statuses import OK, UNFINISHED, status_of_session
from sessions_app.records import ERROR, RUNNING
from sessions_app.search_language.keys import CHOICES

MOST_COUNTED = 100_000


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the sessions that match. Tokens and cost are None if no request reported them.

    `failed_requests` are of all `requests`, `failed` are the sessions that have one. `median`, `slow`: half of the
    sessions, and 95 % of them, take at most so long. `first_at`, `last_at`: each was last active between
    them. `unpriced`: how many sessions have tokens, but no known cost. `is_cut`: older sessions were not counted.
    `since`: what was last active before was not looked for.
    """

    sessions: int
    failed: int
    requests: int
    failed_requests: int
    input_tokens: int | None
    output_tokens: int | None
    cost: Decimal | None
    unpriced: int
    median: timedelta | None
    slow: timedelta | None
    first_at: datetime | None
    last_at: datetime | None
    is_cut: bool
    since: datetime | None = None


_COUNTED = ("first_at", "last_at", "request_count", "error_count", "input_tokens", "output_tokens", "cost")
_TOTALS = """
SELECT count(*), count(*) FILTER (WHERE error_count > 0), coalesce(sum(request_count), 0)::bigint,
       coalesce(sum(error_count), 0)::bigint, sum(input_tokens)::bigint, sum(output_tokens)::bigint, sum(cost),
       count(*) FILTER (WHERE cost IS NULL AND (input_tokens > 0 OR output_tokens > 0)),
       percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY last_at - first_at),
       min(last_at), max(last_at)
FROM counted
"""


def totals(project: Project, filters: SessionFilters, memory: Memory | None = None) -> Totals:
    """The sums over all sessions that match."""
    memory = {} if memory is None else memory
    oldest = _oldest_counted(project, memory)
    found = matching(project, filters, memory)
    counted = _newer(found.sessions, oldest).values(*_COUNTED)
    (row,) = _ask(_TOTALS, {"counted": counted})
    sessions, failed, requests, failed_requests, tokens_in, tokens_out, cost, unpriced, lengths, first_at, last_at = row
    median, slow = lengths or (None, None)
    return Totals(
        sessions=sessions,
        failed=failed,
        requests=requests,
        failed_requests=failed_requests,
        input_tokens=tokens_in,
        output_tokens=tokens_out,
        cost=cost,
        unpriced=unpriced,
        median=median,
        slow=slow,
        first_at=first_at,
        last_at=last_at,
        is_cut=_is_cut(filters, oldest),
        since=found.since,
    )


# --- histogram ------------------------------------------------------------------------------------------------------

MOST_BINS = 96
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400
# How wide a bin may be, in seconds: what clocks and calendars have lines for.
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, _DAY)
_BINS = """
SELECT date_bin(%s, last_at, 'epoch'::timestamptz), count(*), count(*) FILTER (WHERE error_count > 0)
FROM counted GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Bin:
    """A piece of the time and the sessions that were last active in it; `failed` of them have a failed request."""

    start: datetime
    end: datetime
    sessions: int
    failed: int


@dataclass(frozen=True, slots=True)
class Histogram:
    """Bins of equal width without gaps, oldest first."""

    bins: list[Bin]
    step: timedelta

    @property
    def peak(self) -> int:
        return max((one.sessions for one in self.bins), default=0)


def histogram(
    project: Project, filters: SessionFilters, first_at: datetime, last_at: datetime, memory: Memory | None = None
) -> Histogram:
    """How many matching sessions were last active when, from `first_at` to `last_at`; MOST_BINS at most."""
    memory = {} if memory is None else memory
    step = _step(first_at, last_at)
    found = matching(project, filters, memory).sessions
    sessions = _newer(found, _oldest_counted(project, memory)).values("last_at", "error_count")
    rows = _ask(_BINS, {"counted": sessions}, [timedelta(seconds=step)])
    counted = {_number(start, step): (sessions, failed) for start, sessions, failed in rows}
    first, last = _number(first_at, step), _number(last_at, step)
    bins = [Bin(_moment(n * step), _moment((n + 1) * step), *counted.get(n, (0, 0))) for n in range(first, last + 1)]
    return Histogram(bins, timedelta(seconds=step))


def _step(first_at: datetime, last_at: datetime) -> int:
    seconds = (last_at - first_at).total_seconds()
    # A range that begins within a bin needs one bin more.
    for step in _STEPS:
        if seconds / step <= MOST_BINS - 1:
            return step
    return _DAY * (int(seconds // (_DAY * (MOST_BINS - 1))) + 1)


def _number(moment: datetime, step: int) -> int:
    """The number of the bin that a moment lies in."""
    return int((moment - _EPOCH) // timedelta(seconds=step))


def _moment(seconds: int) -> datetime:
    return min(_EPOCH + timedelta(seconds=max(seconds, -62_135_596_800)), datetime.max.replace(tzinfo=UTC))


# --- facets ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FacetValue:
    value: str
    count: int
    selected: bool


@dataclass(frozen=True, slots=True)
class Facets:
    """The values of each filter and how many sessions have them, most first. Selected values are always included.

    `is_cut`: older sessions were not counted. `since`: what was last active before was not looked for.
    """

    values: dict[str, list[FacetValue]]
    is_cut: bool
    since: datetime | None = None


FACET_LIMIT = 24
_STATUS = "CASE WHEN error_count > 0 THEN 'error' ELSE 'ok' END"
_FACET_COLUMNS = {
    "model": "model_names",
    "user": "users",
    "tag": "tags",
    "source": "sources",
    "rule": "rules",
    "failed_tool": "failed_tools",
}
_FACETS = ("status", *_FACET_COLUMNS)


def facets(project: Project, filters: SessionFilters) -> Facets:
    """Count the values of each filter in the sessions that match.

    A filter's own values are counted as if it was not set, so that the others show what they would add.
    """
    memory: Memory = {}
    oldest = _oldest_counted(project, memory)
    columns = ("error_count", *_FACET_COLUMNS.values())
    open_facets = [name for name in _FACETS if not filters.query.values_of(name)]
    closed = [name for name in _FACETS if name not in open_facets]
    found = {"": matching(project, filters, memory)}
    found |= {name: matching(project, filters.without(name), memory) for name in closed}
    since = max((one.since for one in found.values() if one.since), default=None)
    sessions = {name: _newer(one.sessions, oldest, since) for name, one in found.items()}
    sets = {"counted": sessions[""].values(*columns)}
    statements = [_count_values(name, f"SELECT * FROM grouped WHERE facet = '{name}'") for name in open_facets]  # noqa: S608
    for name in closed:
        sets[f"counted_{name}"] = sessions[name].values(_FACET_COLUMNS.get(name, "error_count"))
        alone = f"SELECT {_key(name)}, count(*) AS count FROM counted_{name} GROUP BY 1"  # noqa: S608
        statements.append(_count_values(name, alone))
    for value in (RUNNING, UNFINISHED):
        # Those with one that runs are few. The others are looked for among all, so only if they are asked for.
        if value == RUNNING or value in filters.query.values_of("status"):
            text, params = status_of_session([value], filters.now or datetime.now(UTC))
            some = sessions["status" if "status" in closed else ""]
            sets[value] = some.extra(where=[of_table(text)], params=params).values("id")  # noqa: S610 - texts of ours
            statements.append(f"(SELECT 'status', '{value}', count(*) FROM {value})")  # noqa: S608
    counted: dict[str, dict[str, int]] = {name: {} for name in _FACETS}
    tables = {"grouped": _grouped(open_facets)} if open_facets else {}
    for facet, value, count in _ask(" UNION ALL ".join(statements), sets, tables=tables):
        counted[facet][value] = count
    values_of = {name: _facet_values(name, counted[name], filters) for name in _FACETS}
    return Facets(values_of, _is_cut(filters, oldest), since)


# All names in these statements are those of this module, never what a user wrote.


def _key(name: str) -> str:
    return f"{_STATUS} AS status" if name == "status" else _FACET_COLUMNS[name]


def _grouped(names: list[str]) -> str:
    """One pass over the sessions. Most have the same few lists of values: these are counted, and taken apart later."""
    keys = [_STATUS if name == "status" else _FACET_COLUMNS[name] for name in names]
    facet = " ".join(f"WHEN grouping({key}) = 0 THEN '{name}'" for name, key in zip(names, keys, strict=True))
    return (
        f"SELECT CASE {facet} END AS facet, {', '.join(map(_key, names))}, count(*) AS count"  # noqa: S608
        f" FROM counted GROUP BY GROUPING SETS ({', '.join(f'({key})' for key in keys)})"
    )


def _count_values(name: str, lists: str) -> str:
    value = "status" if name == "status" else f"unnest({_FACET_COLUMNS[name]})"
    return (
        f"(SELECT '{name}', value, sum(count)::bigint FROM (SELECT {value} AS value, count FROM ({lists}) AS lists)"  # noqa: S608
        f" AS found GROUP BY value ORDER BY sum(count) DESC, value LIMIT {FACET_LIMIT})"
    )


def _facet_values(name: str, counts: dict[str, int], filters: SessionFilters) -> list[FacetValue]:
    selected = set(filters.query.values_of(name))
    if name == "status":
        shown = [value for value in CHOICES[name] if value in (OK, ERROR) or counts.get(value) or value in selected]
        return [FacetValue(value, counts.get(value, 0), value in selected) for value in shown]
    counts = dict.fromkeys(sorted(selected), 0) | counts
    values = [FacetValue(value, count, value in selected) for value, count in counts.items()]
    return sorted(values, key=lambda item: (-item.selected, -item.count, item.value))


# --- which sessions -------------------------------------------------------------------------------------------------


def _oldest_counted(project: Project, memory: Memory) -> datetime | None:
    """When the last of the newest MOST_COUNTED sessions was active; None if there are fewer. Walks an index alone."""
    if "oldest" not in memory:
        newest = Session.objects.filter(project_id=project.pk).order_by("-last_at", "-id")
        memory["oldest"] = newest.values_list("last_at", flat=True)[MOST_COUNTED : MOST_COUNTED + 1].first()
    oldest: datetime | None = memory["oldest"]
    return oldest


def _newer(sessions: QuerySet[Session], oldest: datetime | None, since: datetime | None = None) -> QuerySet[Session]:
    """Those of these sessions that were active after `oldest`, and not before `since`."""
    sessions = sessions.filter(last_at__gt=oldest) if oldest else sessions
    return sessions.filter(last_at__gte=since) if since else sessions


def _is_cut(filters: SessionFilters, oldest: datetime | None) -> bool:
    return bool(oldest and (filters.since is None or filters.since <= oldest))


def _ask(
    statement: str,
    sets: Mapping[str, QuerySet[Any, Any]],
    params: Sequence[Any] = (),
    tables: Mapping[str, str] | None = None,
) -> list[Any]:
    """Rows of a statement over named sets of sessions, and over further tables that are made of these."""
    selects = {name: found.query.sql_with_params() for name, found in sets.items()}
    written = [f"{name} AS ({select})" for name, (select, _) in selects.items()]
    written += [f"{name} AS MATERIALIZED ({select})" for name, select in (tables or {}).items()]
    own = chain.from_iterable(values for _, values in selects.values())
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {', '.join(written)} {statement}", [*own, *params])
        rows: list[Any] = cursor.fetchall()
    return rows
