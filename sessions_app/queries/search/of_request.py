"""What a query asks of one request: of its columns, and of what it says. See `conditions` for sessions."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sessions_app.content.search_facts import fact
from sessions_app.content.search_text import hashes_of
from sessions_app.models import Project
from sessions_app.queries.filters import SessionFilters
from sessions_app.queries.named_ids import requests_named, sessions_named
from sessions_app.queries.search.conditions import (
    TTFT,
    Asked,
    Groups,
    Sql,
    between,
    conditions_of,
    in_lower_case,
    is_one_of,
    moment_of,
    overlaps,
)
from sessions_app.queries.search.contents import Content
from sessions_app.queries.search.statuses import facts_of_status, status_of_request
from sessions_app.search_language import Clause, Query, Range, TimeBound, Values

# What a condition on a session asks of one request.
_RANGES = {
    "cost": "r.cost",
    "tokens": "coalesce(r.input_tokens + r.output_tokens, r.input_tokens, r.output_tokens)",
    "duration": "CASE WHEN r.ended_at >= r.started_at THEN extract(epoch FROM r.ended_at - r.started_at) END",
    "ttft": TTFT,
    "requests": "s.request_count",
}
_EXACT = {"user": "r.end_user", "source": "r.source", "rule": "r.rule"}
_OF_PEOPLE = (
    "EXISTS (SELECT FROM session_tag AS g WHERE g.session_id = x.session_id AND g.project_id = x.project_id"
    " AND lower(g.tag) = ANY(%s::text[]))"
)
# Values of `has:` that columns tell. Steps are those of the session.
_BY_COLUMNS = {
    "error": "r.status = 'error'",
    "steps": "s.step_count > 0",
    "failed_tool": "r.tool_error_count + r.tool_looks_failed_count > 0",
}
# Values that only all requests of the session tell; a retry can be none where the session has none.
BRANCH, RETRY = "branch", "retry"
_MAY_BE_RETRY = "s.retry_count > 0"


@dataclass(frozen=True)
class HasAny:
    """One of the values of `has:`, or none if `negated`. `columns`: a condition that is enough. `facts`: of what the
    request says, with the `groups` of the index. `forks`, `retries`: whether it is one that several others continue, or
    one that repeats a failed one: only all requests of the session tell.
    """

    columns: str
    facts: frozenset[str]
    groups: Groups
    forks: bool
    retries: bool
    negated: bool

    @property
    def asks_session(self) -> bool:
        return self.forks or self.retries

    @property
    def possible(self) -> Sql:
        """The condition that it may be so."""
        if self.negated or self.forks:
            return "true", []
        parts = [self.columns] if self.columns else []
        parts += [_MAY_BE_RETRY] if self.retries else []
        parts += ["x.words && %s::int[]"] if self.groups else []
        return f"({' OR '.join(parts)})", [[group[0] for group in self.groups]] if self.groups else []


@dataclass
class AskedOfRequest:
    """All that a query asks of a request. `times`: bounds of its start. `sessions`, `requests`: it is in one of these,
    and one of these.
    """

    sql: list[Sql] = field(default_factory=list)
    times: list[Sql] = field(default_factory=list)
    wanted: list[Asked] = field(default_factory=list)
    has: list[HasAny] = field(default_factory=list)
    hints: list[Groups] = field(default_factory=list)
    sessions: list[uuid.UUID] | None = None
    requests: list[uuid.UUID] | None = None

    @property
    def needs_content(self) -> bool:
        """Whether what a request says must be read."""
        return bool(self.wanted) or any(one.facts for one in self.has)


def asked_of_request(project: Project, filters: SessionFilters) -> AskedOfRequest:
    """What a query and the filters beside it ask."""
    found = AskedOfRequest()
    rest: list[Clause] = []
    for clause in filters.query.clauses:
        if not _add_clause(found, project, clause, filters):
            rest.append(clause)
    others = conditions_of(project, Query(tuple(rest)), lambda text, by_name: (), False, filters.zone, filters.now)
    found.sql += others.sql
    found.wanted = others.wanted
    found.hints += [one.where_it_may_be for one in others.wanted] + [groups for groups, _ in others.hints]
    has_kind = bool(filters.query.values_of("kind"))
    found.sql.append(("r.duplicate_of IS NULL" if has_kind else "NOT r.step AND r.duplicate_of IS NULL", []))
    if filters.trace_id:
        _restrict(found, "sessions", sessions_named(project, filters.trace_id))
    return found


def _named(project: Project, key: str, value: str) -> list[uuid.UUID]:
    if key == "request":
        return requests_named(project, value)
    return sessions_named(project, value, by_name=key == "session")


def _add_clause(found: AskedOfRequest, project: Project, clause: Clause, filters: SessionFilters) -> bool:
    """Add what a clause asks of columns. False if it asks something else."""
    match clause:
        case Values(key="has"):
            found.has.append(_has(project, clause))
            found.hints.append(_hint(project, found.has[-1], clause))
            return True
        case Values(key="trace" | "session" | "request" as key, values=values, negated=negated):
            kind = "requests" if key == "request" else "sessions"
            named = [one for value in values for one in _named(project, key, value)]
            if negated:
                found.sql.append((f"x.{'id' if key == 'request' else 'session_id'} <> ALL(%s::uuid[])", [named]))
            else:
                _restrict(found, kind, named)
            return True
        case TimeBound(key=key, text=text, negated=negated):
            moment = moment_of(text, filters.zone, filters.now or datetime.now(UTC))
            is_after = (key == "after") != negated
            found.times.append((f"x.started_at {'>=' if is_after else '<'} %s", [moment]))
            return True
    condition = _of_columns(clause, filters.now or datetime.now(UTC))
    if condition is None:
        return False
    text, params = condition
    found.sql.append((f"({text}) IS NOT TRUE", params) if clause.negated else condition)
    if isinstance(clause, Values) and not clause.negated and clause.key != "tag":
        # A person's tag is in no row of the index.
        is_status = clause.key == "status"
        facts = facts_of_status(clause.values) if is_status else [fact(clause.key, value) for value in clause.values]
        found.hints.append(_groups(project, facts))
    return True


def _restrict(found: AskedOfRequest, kind: str, ids: list[uuid.UUID]) -> None:
    before = getattr(found, kind)
    setattr(found, kind, sorted(set(ids) if before is None else set(ids) & set(before)))


def _of_columns(clause: Clause, now: datetime) -> Sql | None:
    match clause:
        case Range(key=key):
            return between(_RANGES[key], clause)
        case Values(key="status", values=values):
            return status_of_request(values, now)
        case Values(key="model", values=values):
            (model, params), (asked, more) = is_one_of("r.model", values), is_one_of("r.requested_model", values)
            return f"({model} OR {asked})", [*params, *more]
        case Values(key=key, values=values) if key in _EXACT:
            return is_one_of(_EXACT[key], values)
        case Values(key="failed_tool", values=values):
            return overlaps("r.failed_tools", values)
        case Values(key="tag", values=values):
            of_log, params = overlaps("r.tags", values)
            return f"({of_log} OR {_OF_PEOPLE})", [*params, in_lower_case(values)]
    return None


def _has(project: Project, clause: Values) -> HasAny:
    values = set(clause.values)
    facts = [fact("has", value) for value in sorted(values - {*_BY_COLUMNS, BRANCH, RETRY})]
    columns = " OR ".join(_BY_COLUMNS[value] for value in sorted(values & _BY_COLUMNS.keys()))
    return HasAny(columns, frozenset(facts), _groups(project, facts), BRANCH in values, RETRY in values, clause.negated)


def _hint(project: Project, has: HasAny, clause: Values) -> Groups:
    """What the index has wherever it may be so; () if the index does not know."""
    if has.negated or has.asks_session or {"steps", "failed_tool"} & set(clause.values):
        return ()
    errors = [fact("status", "error")] if "error" in clause.values else []
    return (*has.groups, *_groups(project, errors))


def _groups(project: Project, facts: list[str]) -> Groups:
    return tuple(tuple(hashes_of([one], project.pk)) for one in facts)


def says(asked: AskedOfRequest, content: Content | None) -> bool:
    """Whether a request says all that is wanted. `content` is None if nothing of it is stored."""
    return all(content is not None and one.check(content) != one.negated for one in asked.wanted)


def has_one(has: HasAny, columns_hold: bool, content: Content | None, is_fork: bool, is_retry: bool) -> bool:
    """Whether a request is as one `has:` asks."""
    in_content = content is not None and content.shows_any(has.facts) if has.facts else False
    return (columns_hold or in_content or (has.forks and is_fork) or (has.retries and is_retry)) != has.negated
