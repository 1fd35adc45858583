"""What a query asks for: of the roll-up of a session, and of what its requests say."""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from typing import Any, TypeAlias

from sessions_app.content.needles import Needle
from sessions_app.content.search_facts import fact
from sessions_app.content.search_text import WORD_CHARS, hashes_of
from sessions_app.models import Project, SessionTag
from sessions_app.queries.search.contents import ERROR_ROLE, Content
from sessions_app.queries.search.ranges import index_range
from sessions_app.queries.search.statuses import OK, UNFINISHED, facts_of_status, runs_since, status_of_session
from sessions_app.records import ERROR, RUNNING
from sessions_app.search_language import Query, Range, Text, TimeBound, Values
from sessions_app.search_language.keys import METADATA, UNITS

# Lists of a roll-up have at most so many values (`text_union`); beyond that the requests are asked.
MOST_LISTED = 50

# Keys whose values are listed in the roll-up: the column there, and the one of a request.
LISTED = {
    "model": ("models", "r.model"),
    "user": ("users", "r.end_user"),
    "source": ("sources", "r.source"),
    "rule": ("rules", "r.rule"),
    "tag": ("tags", "r.tags"),
    "failed_tool": ("failed_tools", "r.failed_tools"),
}
# Of these, a request has a list as well.
_LISTED_BY_REQUESTS = frozenset({"tag", "failed_tool"})
_GIVEN = "EXISTS (SELECT FROM session_tag AS g WHERE g.session_id = s.id AND g.project_id = s.project_id"
# Keys that only the requests know.
FACTS = ("provider", "key", "kind", "tool", "finish")
NAMED = ("trace", "request", "session")
COUNTED = {
    "error": "s.error_count > 0",
    "retry": "s.retry_count > 0",
    "steps": "s.step_count > 0",
    "failed_tool": "s.tool_error_count + s.tool_looks_failed_count > 0",
}
# What is not known is null, and so in no range. A duration of zero is not: no request says when it ended.
RANGE_OF_SESSION = {
    "cost": "s.cost",
    "tokens": "coalesce(s.input_tokens + s.output_tokens, s.input_tokens, s.output_tokens)",
    "duration": "nullif(extract(epoch FROM s.last_at - s.first_at), 0)",
    "requests": "s.request_count",
}
# Of a request. What ends before it begins has a wrong clock, and no duration.
TTFT = "CASE WHEN r.first_token_at >= r.started_at THEN extract(epoch FROM r.first_token_at - r.started_at) END"

# Of a request `r`: the condition of the index `request_error`.
OF_ERRORS = "(r.error_type <> '' OR r.error_message <> '')"

# A condition in SQL, and its parameters.
Sql: TypeAlias = tuple[str, list[Any]]
# Any of these groups of hashes, each of which a row must have as a whole.
Groups: TypeAlias = tuple[tuple[int, ...], ...]

# What a row of the index has, and what finds the sessions that match without such a row.
Hint: TypeAlias = tuple[Groups, Callable[[], Iterable[uuid.UUID]]]


@dataclass(frozen=True)
class Asked:
    """What some request must say, or none if `negated`: `groups` for the index, and `check` for what is stored.

    `named`: sessions that have it in another way: by an id. `instead`: a condition of the roll-up that is enough.
    `hint`: what some row of each session has that matches in either way, where that is known. `is_told_by_index`: a
    row that has the hashes says it, so that nothing need be read. `is_of_errors`: only a request that says something of
    an error (`OF_ERRORS`) can have it.
    """

    groups: Groups
    check: Callable[[Content], bool]
    negated: bool = False
    needle: Needle | None = None
    named: frozenset[uuid.UUID] = frozenset()
    instead: Sql | None = None
    hint: Groups = ()
    is_told_by_index: bool = False
    is_of_errors: bool = False

    @property
    def where_it_may_be(self) -> Groups:
        """What the index has wherever this matches; () if the index does not know."""
        return () if self.negated else self.hint if self.instead else self.groups


@dataclass
class Conditions:
    """All that a query asks for. `times`: bounds of the last activity. `hints`: what rows of the index have if the
    roll-up is as it asks, and what finds the sessions that are so without such a row. `ranges`: the same for indexes of
    roll-ups. `sessions`: it is one of these; None if it may be any. `looks_up_requests`: `sql` needs those of each
    session.
    """

    sql: list[Sql] = field(default_factory=list)
    times: list[Sql] = field(default_factory=list)
    ranges: list[Sql] = field(default_factory=list)
    wanted: list[Asked] = field(default_factory=list)
    hints: list[Hint] = field(default_factory=list)
    needs_branch: list[bool] = field(default_factory=list)
    sessions: list[uuid.UUID] | None = None
    looks_up_requests: bool = False

    def restrict(self, sessions: Iterable[uuid.UUID]) -> None:
        """Ask for one of these sessions."""
        self.sessions = sorted(set(sessions) & set(self.sessions) if self.sessions is not None else set(sessions))

    @property
    def needles(self) -> list[Needle]:
        return [one.needle for one in self.wanted if one.needle and not one.negated]


# By an id; with true, also by a name.
SessionsOf: TypeAlias = Callable[[str, bool], Iterable[uuid.UUID]]


def conditions_of(
    project: Project, query: Query, named: SessionsOf, may_be_id: bool, zone: tzinfo = UTC, now: datetime | None = None
) -> Conditions:
    """What a query asks for. `named`: the sessions that an id leads to. `may_be_id`: words may be one."""
    found = Conditions()
    roles = frozenset(query.values_of("in"))
    for clause in query.clauses:
        match clause:
            case Text():
                found.wanted.append(_text(project, clause, roles, named if may_be_id else None))
            case Range(key="ttft"):
                found.sql.append(_of_requests(*between(TTFT, clause), negated=clause.negated))
                found.looks_up_requests = True
            case Range():
                found.sql.append(_maybe_not(between(RANGE_OF_SESSION[clause.key], clause), clause.negated))
                found.ranges += [condition] if (condition := index_range(clause)) else []
            case TimeBound():
                found.times.append(_moment(clause, zone, now or datetime.now(UTC)))
            case Values(key="status"):
                _add_status(found, project, clause, now or datetime.now(UTC))
            case Values() if clause.key != "in":
                _add_values(found, project, clause, named)
    return found


def _text(project: Project, clause: Text, roles: frozenset[str], named: SessionsOf | None) -> Asked:
    needle = clause.needle
    is_id = named is not None and not (clause.negated or needle.is_prefix or roles)
    leading = frozenset(named(needle.text, True)) if named and is_id else frozenset[uuid.UUID]()
    groups = groups_of(project, needle)
    is_word = len(groups[0]) == 1 and not (needle.is_prefix or needle.is_literal or roles)
    is_told = is_word and len(needle.normal) <= WORD_CHARS
    return Asked(
        groups,
        lambda content: is_said(content, needle, roles),
        clause.negated,
        needle,
        leading,
        is_told_by_index=is_told,
    )


def is_said(content: Content, needle: Needle, roles: frozenset[str] = frozenset()) -> bool:
    """Whether a text of the request has it, of the given roles only if there are some."""
    return any(needle.is_in(piece.original.normal) for piece in content.pieces(roles, [needle]))


def _add_values(found: Conditions, project: Project, clause: Values, named: SessionsOf) -> None:
    key, values = clause.key, clause.values
    if key in NAMED:
        sessions = [one for value in values for one in named(value, key == "session")]
        if clause.negated:
            found.sql.append(("s.id <> ALL(%s::uuid[])", [sessions]))
        else:
            found.restrict(sessions)
    elif key == "model":
        found.wanted.append(_model(project, clause))
    elif key in LISTED:
        found.sql.append(_maybe_not(_listed(key, list(values)), clause.negated))
        if not clause.negated:
            given = partial(sessions_with_tags, project, values) if key == "tag" else tuple
            found.hints.append((_groups(project, [fact(key, value) for value in values]), given))
    elif key == "has":
        _add_has(found, project, clause)
    elif key == "error":
        found.wanted.append(_error(project, clause))
    else:
        assert key in FACTS or key.startswith(f"{METADATA}.")
        found.wanted.append(_facts(project, [fact(key, value) for value in values], clause.negated))


def _add_status(found: Conditions, project: Project, clause: Values, now: datetime) -> None:
    asked = set(clause.values)
    found.sql.append(_maybe_not(status_of_session(clause.values, now), clause.negated))
    if asked == {RUNNING} and not clause.negated:
        found.times.append(("s.last_at > %s", [runs_since(now)]))
    # Sessions that were not active lately are many, and each has to be looked at.
    found.looks_up_requests |= UNFINISHED in asked
    if (OK in asked) == clause.negated and asked <= {OK, ERROR}:
        found.hints.append((_groups(project, facts_of_status([ERROR])), tuple))
    elif OK not in asked and not clause.negated:
        found.hints.append((_groups(project, facts_of_status(clause.values)), tuple))


def _add_has(found: Conditions, project: Project, clause: Values) -> None:
    if "branch" in clause.values:
        found.needs_branch.append(not clause.negated)
        return
    counted = [COUNTED[value] for value in clause.values if value in COUNTED]
    facts = [fact("has", value) for value in clause.values if value not in COUNTED]
    of_session: Sql | None = (f"({' OR '.join(counted)})", []) if counted else None
    if facts:
        # An error is in the index too; where the others are, it does not know.
        known = {"error"} >= {value for value in clause.values if value in COUNTED}
        hint = _groups(project, [*facts, fact("status", "error")]) if known else ()
        found.wanted.append(replace(_facts(project, facts, clause.negated), instead=of_session, hint=hint))
    elif of_session:
        found.sql.append(_maybe_not(of_session, clause.negated))


def _model(project: Project, clause: Values) -> Asked:
    """The roll-up lists the models that answered. Rows of the index know where another one was asked for."""
    found = _facts(project, [fact("asked", value) for value in clause.values], clause.negated)
    either = _groups(project, [fact("model", value) for value in clause.values])
    return replace(found, instead=_listed("model", list(clause.values)), hint=either)


def sessions_with_tags(project: Project, tags: Iterable[str]) -> list[uuid.UUID]:
    """The sessions to which people gave one of these tags; no row of the index knows of them."""
    where, params = is_one_of("session_tag.tag", list(tags))
    found = SessionTag.objects.filter(project_id=project.pk).extra(where=[where], params=params)  # noqa: S610
    return list(found.values_list("session_id", flat=True))


def _facts(project: Project, facts: Sequence[str], negated: bool) -> Asked:
    wanted = frozenset(facts)
    groups = _groups(project, facts)
    return Asked(groups, lambda content: content.shows_any(wanted), negated, is_told_by_index=True)


def groups_of(project: Project, needle: Needle) -> Groups:
    """What the index has of a text in which a needle is."""
    return tuple(tuple(hashes_of(terms, project.pk)) for terms in needle.term_groups)


def _groups(project: Project, facts: Iterable[str]) -> Groups:
    return tuple(tuple(hashes_of([one], project.pk)) for one in facts)


def _error(project: Project, clause: Values) -> Asked:
    """By the type of an error, or by words of its message."""
    facts = frozenset(fact("error", value) for value in clause.values)
    needles = [needle for value in clause.values if (needle := needle_or_none(value))]
    groups = [*_groups(project, facts), *(group for needle in needles for group in groups_of(project, needle))]
    roles = frozenset({ERROR_ROLE})

    def check(content: Content) -> bool:
        return content.shows_any(facts) or any(is_said(content, needle, roles) for needle in needles)

    return Asked(tuple(groups), check, clause.negated, is_of_errors=True)


def needle_or_none(text: str) -> Needle | None:
    try:
        return Needle(text, is_phrase=True)
    except ValueError:
        return None


# --- SQL ------------------------------------------------------------------------------------------------------------


def _maybe_not(condition: Sql, negated: bool) -> Sql:
    text, params = condition
    return (f"({text}) IS NOT TRUE", params) if negated else condition


def _listed(key: str, values: list[str]) -> Sql:
    column, of_request = LISTED[key]
    listed, params = overlaps(f"s.{column}", values)
    among = overlaps if key in _LISTED_BY_REQUESTS else is_one_of
    text, more = _of_requests(*among(of_request, values))
    if key == "tag":
        # Later logs may have taken the places of tags that people gave.
        given, others = is_one_of("g.tag", values)
        text, more = f"({text} OR {_GIVEN} AND {given}))", [*more, *others]
    return f"({listed} OR (cardinality(s.{column}) >= {MOST_LISTED} AND {text}))", [*params, *more]


def overlaps(column: str, values: Sequence[str]) -> Sql:
    """Whether a list has one of these values, whatever its case."""
    # The list as one text: a sub-select for each row takes ten times as long.
    text = f"({column} && %s::text[] OR lower({column}::text)::text[] && %s::text[])"
    return text, [list(values), in_lower_case(values)]


def is_one_of(column: str, values: Sequence[str]) -> Sql:
    """Whether a text is one of these values, whatever its case."""
    return f"({column} = ANY(%s::text[]) OR lower({column}) = ANY(%s::text[]))", [list(values), in_lower_case(values)]


def in_lower_case(values: Iterable[str]) -> list[str]:
    """Values as they may be stored but for their case: an ü may be a letter, or a u with a mark."""
    return list({unicodedata.normalize(form, value.lower()): None for value in values for form in ("NFC", "NFD")})


def _of_requests(condition: str, params: list[Any], negated: bool = False) -> Sql:
    """Whether a request of the session is so."""
    # With OFFSET it is looked up for each session. Else PostgreSQL may read all requests first.
    text = (
        f"EXISTS (SELECT FROM request_log AS r WHERE r.session_id = s.id AND r.bucket = ANY(s.buckets) AND {condition}"
        " OFFSET 0)"
    )
    return _maybe_not((text, params), negated)


def between(expression: str, clause: Range) -> Sql:
    """Whether a number is in a range."""
    parts: list[str] = []
    params: list[Any] = []
    if clause.low is not None:
        parts.append(f"{expression} {'>' if clause.low_open else '>='} %s::numeric")
        params.append(clause.low)
    if clause.high is not None:
        parts.append(f"{expression} {'<' if clause.high_open else '<='} %s::numeric")
        params.append(clause.high)
    return " AND ".join(parts), params


def _moment(clause: TimeBound, zone: tzinfo, now: datetime) -> Sql:
    is_after = (clause.key == "after") != clause.negated
    return f"s.last_at {'>=' if is_after else '<'} %s", [moment_of(clause.text, zone, now)]


def moment_of(text: str, zone: tzinfo, now: datetime) -> datetime:
    """The moment that a query names: a date or time, in `zone` if it says none, or how long ago."""
    if text.startswith("-"):
        seconds = float(UNITS[text[-1]]) * int(text[1:-1])
        return now - timedelta(seconds=min(seconds, 30 * 366 * 86_400))
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
