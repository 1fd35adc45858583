"""Loads the facts about stored requests that say which session each belongs to. It writes nothing."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg

from sessions_app import ids
from sessions_app.ingest import questions
from sessions_app.ingest.questions import EARLIEST, Found, Wanted
from sessions_app.records import ERROR, RULE_MANUAL, RULE_PREVIOUS_RESPONSE, RULE_TRACE_ID
from sessions_app.storage import sql
from sessions_app.structure.grouping_rules import CHOSEN_RANK, Home, LinkRole, Node, StoredAt, begins_of, own_home


def find(cursor: psycopg.Cursor[Any], wanted: Sequence[Wanted]) -> list[Found]:
    """Answer questions, each once; one statement."""
    wanted = list(dict.fromkeys(wanted))
    if not wanted:
        return []
    cursor.execute(
        sql.load("find_links"),
        {
            "n": list(range(len(wanted))),
            "link_key": [w.link_key for w in wanted],
            "role": [int(w.role) for w in wanted],
            "after": [w.after[0] for w in wanted],
            "after_key": [w.after[1] for w in wanted],
            "before": [w.before[0] for w in wanted],
            "before_key": [w.before[1] for w in wanted],
            "most": [w.most for w in wanted],
            "first": [w.first for w in wanted],
        },
    )
    return [Found(wanted[n], (started_at, key_id), home) for n, started_at, key_id, home in cursor.fetchall()]


def load_nodes(
    cursor: psycopg.Cursor[Any],
    project_keys: dict[int, uuid.UUID],
    key_ids: Iterable[uuid.UUID] = (),
    session_ids: Iterable[uuid.UUID] = (),
) -> list[Node]:
    """The facts of the requests with these keys and of all requests of these sessions; two statements."""
    params = {"key_ids": sorted(set(key_ids)), "session_ids": sorted(set(session_ids))}
    if not any(params.values()):
        return []
    cursor.execute(sql.load("load_nodes"), params)
    nodes = [_node(row, project_keys[row[4]]) for row in cursor.fetchall()]
    assign(cursor, nodes)
    return nodes


def _node(row: Sequence[Any], project_key: uuid.UUID) -> Node:
    key_id, log_id, session_id, bucket, project_id, started_at, rule, detail, weak, trace_id = row[:10]
    previous, needs, provides, attempt, call, task, resent_call, status, duplicate_of, span_id, resent_count = row[10:]
    stored = StoredAt(log_id, session_id, bucket, rule, detail, duplicate_of, weak)
    node = Node(
        key_id,
        project_id,
        started_at,
        own_home(ids.own_session_id(project_key, key_id)),
        # A session that was merged into another by hand keeps what it had.
        chosen=Home(session_id, None, rule, detail) if stored.is_fixed else None,
        previous=previous,
        begins=begins_of(needs, previous),
        provides=tuple(provides),
        attempt=attempt,
        call=call,
        task=task,
        resent_call=resent_call,
        failed=status == ERROR,
        duplicate_of=duplicate_of,
        resent_count=resent_count,
        stored=stored,
    )
    if span_id:
        node.span, node.trace_id = ids.trace_key(project_key, trace_id, span_id), trace_id
    if weak:
        node.weak = Home(ids.session_id(project_key, trace_id), trace_id, RULE_TRACE_ID, "trace_id")
        node.trace = ids.alias_key(project_key, trace_id)
    if previous:
        session = ids.own_session_id(project_key, previous)
        node.needed = Home(session, None, RULE_PREVIOUS_RESPONSE, detail if rule == RULE_PREVIOUS_RESPONSE else "")
    return node


def assign(cursor: psycopg.Cursor[Any], nodes: Iterable[Node]) -> None:
    """Note where a person put these requests; one statement."""
    by_key = {node.key_id: node for node in nodes}
    cursor.execute(sql.load("find_assignments"), {"ids": sorted(by_key)})
    for key_id, session_id, session_key, made_by, made_at in cursor.fetchall():
        by_key[key_id].assigned = Home(session_id, session_key, RULE_MANUAL, by_hand(made_by, made_at))


def continuing(cursor: psycopg.Cursor[Any], node: Node) -> set[uuid.UUID]:
    """The keys of the stored requests that may continue this one, by any rule; one statement."""
    wanted = [
        Wanted(link_key, role) for link_key in node.provides for role in (LinkRole.NEEDS_RESPONSE, LinkRole.BEGINS)
    ]
    wanted += [Wanted(link_key, LinkRole.TASK) for link_key in node.provides if ids.is_of(ids.TASK, link_key)]
    wanted += questions.for_next_attempt(node)
    if node.call:
        wanted.append(Wanted(node.call, LinkRole.CALL))
    return {found.place[1] for found in find(cursor, wanted)} - {node.key_id}


def by_hand(made_by: str, made_at: datetime) -> str:
    """Who moved a request and when, as the detail of its rule."""
    return f"{made_by}, {made_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def waiting(cursor: psycopg.Cursor[Any], link_keys: Iterable[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """For link keys of responses that were never logged: the session of a request that continues each."""
    params = {"link_keys": sorted(set(link_keys)), "role": int(LinkRole.NEEDS_RESPONSE)}
    cursor.execute(sql.load("find_waiting"), params)
    return dict(cursor.fetchall())


def session_ranks(cursor: psycopg.Cursor[Any], session_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, int]:
    """The ranks of these sessions' names (see `naming`); one statement."""
    cursor.execute(sql.load("session_ranks"), {"ids": sorted(set(session_ids))})
    return dict(cursor.fetchall())


def chosen_sessions(cursor: psycopg.Cursor[Any], session_ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Which of these sessions have a request that its caller put there; one statement."""
    cursor.execute(sql.load("chosen_sessions"), {"ids": sorted(set(session_ids)), "rank": CHOSEN_RANK})
    return {row[0] for row in cursor.fetchall()}


def has_spans(cursor: psycopg.Cursor[Any]) -> bool:
    """Whether any project has spans; one statement."""
    cursor.execute("SELECT EXISTS (SELECT FROM trace_span)")
    row = cursor.fetchone()
    return bool(row and row[0])


@dataclass(frozen=True, slots=True)
class Route:
    """A manual correction: what would be in a session from a moment on is in another one."""

    since: datetime
    home: Home


def routes(cursor: psycopg.Cursor[Any], session_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[Route]]:
    """The reroutes of these sessions, latest first; one statement."""
    cursor.execute(sql.load("find_reroutes"), {"session_ids": sorted(set(session_ids))})
    found: dict[uuid.UUID, list[Route]] = {}
    for source, since, session_id, session_key, made_by, made_at in cursor.fetchall():
        home = Home(session_id, session_key, RULE_MANUAL, by_hand(made_by, made_at))
        found.setdefault(source, []).append(Route(since or EARLIEST[0], home))
    for of_session in found.values():
        of_session.sort(key=lambda route: route.since, reverse=True)
    return found
