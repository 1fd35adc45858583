"""Keeps the roll-ups of sessions: adds what a batch brings, and computes them again from the stored requests."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg

from sessions_app.content.summaries import is_summary_line
from sessions_app.records import (
    ERROR,
    RULE_ATTEMPT,
    RULE_CONVERSATION,
    RULE_MANUAL,
    RULE_OWN,
    RULE_PREVIOUS_RESPONSE,
    RULE_SESSION_ID,
    RULE_SUB_AGENT,
    RULE_TOOL_CALL,
    RULE_TRACE_ID,
    TAG_CHARS,
    Record,
)
from sessions_app.storage import sql
from sessions_app.structure.grouping_rules import ATTEMPT_WINDOW

MOST_LISTED = 50
# In the order of `Session.rule_counts`, and of the SQL function rules_of.
RULES = (
    *(RULE_ATTEMPT, RULE_CONVERSATION, RULE_MANUAL, RULE_OWN, RULE_PREVIOUS_RESPONSE, RULE_SESSION_ID, RULE_TRACE_ID),
    *(RULE_SUB_AGENT, RULE_TOOL_CALL),
)
UNIT_SEPARATOR = "\x1f"
TURN = timedelta(seconds=10)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def sane_time(moment: datetime, received: datetime) -> datetime:
    """A client's time, at least 1970 and at most a day after receipt. The SQL function of this name does the same."""
    return max(min(moment, received + timedelta(days=1)), _EPOCH)


def told_at(record: Record, resent_count: int) -> datetime:
    """When what a request says was said, to choose title and preview. Without a start, the length of its history says
    more than its receipt: logs may be received out of order.
    """
    moment = sane_time(record.started_at, record.received_at)
    return moment + resent_count * TURN if record.started_at == record.received_at else moment


# Members of the caller's metadata that name the session, the first that is given. LiteLLM's callers name traces.
NAME_MEMBERS = ("session_name", "trace_name")


def source_name(metadata: Mapping[str, Any]) -> str:
    """The name that a log gives its session, "" if it gives none. The SQL function of this name does the same."""
    texts = (metadata.get(name) for name in NAME_MEMBERS)
    return next((name for text in texts if isinstance(text, str) and (name := text.strip(" "))), "")[:TAG_CHARS]


@dataclass(slots=True)
class RollUp:
    """What new requests add to one session. The names are those of the session's columns."""

    id: uuid.UUID
    project_id: int
    session_key: str | None
    title: str = ""
    title_at: datetime | None = None
    source_name: str = ""
    source_name_at: datetime | None = None
    preview: str = ""
    preview_at: datetime | None = None
    first_at: datetime | None = None
    last_at: datetime | None = None
    request_count: int = 0
    error_count: int = 0
    step_count: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    cost: Decimal | None = None
    models: set[str] = field(default_factory=set)
    users: set[str] = field(default_factory=set)
    tags: set[str] = field(default_factory=set)
    sources: set[str] = field(default_factory=set)
    tool_failures: set[int] = field(default_factory=set)
    failed_tools: set[str] = field(default_factory=set)
    rules: Counter[str] = field(default_factory=Counter)
    name_rank: int = 32767
    buckets: set[date] = field(default_factory=set)

    def add(self, record: Record, bucket: date, rule: str, rank: int) -> None:
        """Add a new request or step, without its sums and texts. `rank`: its rank for the session's name."""
        started = sane_time(record.started_at, record.received_at)
        ended = sane_time(max(record.started_at, record.ended_at or record.started_at), record.received_at)
        self.first_at = min(self.first_at or started, started)
        self.last_at = max(self.last_at or ended, ended)
        self.step_count += record.step
        self.users.update([record.end_user] if record.end_user else [])
        self.tags.update(record.tags)
        self.sources.add(record.source)
        self.rules[rule] += 1
        self.name_rank = min(self.name_rank, rank)
        self.buckets.add(bucket)

    def add_name(self, record: Record, resent_count: int) -> None:
        """Add the name that a log gives its session, if it does."""
        name, told = source_name(record.metadata), told_at(record, resent_count)
        if name and (self.source_name_at is None or (told, name) > (self.source_name_at, self.source_name)):
            self.source_name, self.source_name_at = name, told

    def count(
        self, record: Record, cost: Decimal | None, resent_count: int, input_preview: str, output_preview: str
    ) -> None:
        """Add the sums and texts of a new request that is no step and no second report of a call."""
        self.add_texts(record, resent_count, input_preview, output_preview)
        self.request_count += 1
        self.error_count += record.status == ERROR
        usage = record.usage
        self.input_tokens = _known_sum(self.input_tokens, usage.input_tokens)
        self.output_tokens = _known_sum(self.output_tokens, usage.output_tokens)
        self.cached_tokens = _known_sum(self.cached_tokens, usage.cached_tokens)
        self.cost = _known_sum(self.cost, cost)
        self.models.update([record.model[:TAG_CHARS]] if record.model else [])

    def add_texts(self, record: Record, resent_count: int, input_preview: str, output_preview: str) -> None:
        """Add texts that may be the session's title and preview."""
        told = told_at(record, resent_count)
        # An agent's summary of what came before says little of what the session is about.
        title = (is_summary_line(input_preview), told, input_preview)
        if input_preview and (
            self.title_at is None or title < (is_summary_line(self.title), self.title_at, self.title)
        ):
            self.title, self.title_at = input_preview, told
        if output_preview and (self.preview_at is None or (told, output_preview) > (self.preview_at, self.preview)):
            self.preview, self.preview_at = output_preview, told


def _known_sum(a: Any, b: Any) -> Any:
    return b if a is None else a if b is None else a + b


_LISTS = ("models", "users", "tags", "sources", "failed_tools", "buckets")


def upsert(cursor: psycopg.Cursor[Any], roll_ups: Iterable[RollUp]) -> None:
    """Add roll-ups to their sessions, or insert the sessions; one statement."""
    rows = sorted(roll_ups, key=lambda roll_up: roll_up.id)
    if not rows:
        return
    names = [name for name in RollUp.__slots__ if name not in (*_LISTS, "rules", "tool_failures")]
    params: dict[str, list[Any]] = {name: [getattr(row, name) for row in rows] for name in names}
    for name in _LISTS:
        params[name] = [UNIT_SEPARATOR.join(sorted(map(str, getattr(row, name)))[:MOST_LISTED]) for row in rows]
    params["rule_counts"] = [_counts(row.rules) for row in rows]
    params["tool_failures"] = [",".join(map(str, row.tool_failures)) for row in rows]
    cursor.execute(sql.load("upsert_sessions"), params)


def _counts(rules: Mapping[str, int]) -> str:
    return ",".join(str(rules.get(rule, 0)) for rule in RULES)


@dataclass(slots=True)
class Relabelled:
    """How the rules of a session's requests changed. `rank`: the least rank among those that are fixed now."""

    rules: Counter[str] = field(default_factory=Counter)
    rank: int = 32767


def relabel(cursor: psycopg.Cursor[Any], sessions: Mapping[uuid.UUID, Relabelled]) -> None:
    """Note in sessions that other rules hold for some of their requests; one statement."""
    rows = sorted(sessions.items())
    params = {
        "id": [session_id for session_id, _ in rows],
        "rule_counts": [_counts(changed.rules) for _, changed in rows],
        "name_rank": [changed.rank for _, changed in rows],
    }
    cursor.execute(sql.load("relabel_sessions"), params)


def add_stored(cursor: psycopg.Cursor[Any], requests: Sequence[tuple[uuid.UUID, uuid.UUID, date]]) -> None:
    """Add stored requests (id, session, bucket) that were moved to their sessions' roll-ups; two statements."""
    names = ("ids", "session_ids", "buckets")
    columns = {name: list(values) for name, values in zip(names, zip(*requests, strict=True), strict=True)}
    cursor.execute(sql.load("add_to_sessions"), columns)
    count_retries(cursor, columns["session_ids"])


def count_retries(cursor: psycopg.Cursor[Any], session_ids: Iterable[uuid.UUID]) -> None:
    """Count the retries in these sessions, if they have failures; one statement."""
    params = {"ids": sorted(set(session_ids)), "attempt_window": ATTEMPT_WINDOW}
    cursor.execute(sql.load("count_retries"), params)


def add_costs(cursor: psycopg.Cursor[Any], sessions: Mapping[uuid.UUID, Decimal]) -> None:
    """Add what the stored requests of these sessions cost more than before; one statement, whatever their length."""
    rows = sorted(sessions.items())
    params = {"id": [session_id for session_id, _ in rows], "more": [more for _, more in rows]}
    cursor.execute(sql.load("add_costs"), params)


def recompute(
    cursor: psycopg.Cursor[Any], session_ids: Iterable[uuid.UUID], are_changed: bool = True
) -> set[uuid.UUID]:
    """Compute the roll-ups of these sessions again from their stored requests; one statement.

    Returns the sessions whose roll-up was wrong. If their requests `are_changed`, all of them get another revision and
    are returned, even if no sum is another one.
    """
    wanted = sorted(set(session_ids))
    if not wanted:
        return set()
    params = {"ids": wanted, "attempt_window": ATTEMPT_WINDOW, "changed": are_changed}
    cursor.execute(sql.load("recompute_sessions"), params)
    return {row[0] for row in cursor.fetchall()}
