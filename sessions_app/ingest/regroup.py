"""Groups stored requests again, by their logs and today's rules."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
from django.db import transaction

from sessions_app import ids
from sessions_app.content.message_reader import MessageReader
from sessions_app.ingest import stored_facts
from sessions_app.ingest.grouping import Grouper
from sessions_app.ingest.prepare import prepare
from sessions_app.models import Project, RequestLog
from sessions_app.storage import moving, rollups, sql, writer
from sessions_app.storage.buckets import bucket_of
from sessions_app.storage.connections import binary_cursor
from sessions_app.storage.locks import lock_digest, lock_grouping
from sessions_app.storage.moving import Move
from sessions_app.storage.prepared import PreparedLog
from sessions_app.storage.reader import read_log
from sessions_app.structure.grouping_rules import Node, own_home
from sessions_app.wire import format_of

CHUNK = 200

# The session that requests leave, the one they go to (the same one if only their rule changes), and the new rule.
Change = tuple[uuid.UUID, uuid.UUID, str]


@dataclass(slots=True)
class Regrouped:
    """What a regrouping did: how many requests it looked at, and how many made each change."""

    looked_at: int = 0
    changes: Counter[Change] = field(default_factory=Counter)

    def add(self, moves: Sequence[Move]) -> None:
        self.changes.update((move.stored.session_id, move.home.session_id, move.home.rule) for move in moves)

    @property
    def moved(self) -> int:
        """How many requests went to another session."""
        return sum(count for (source, target, _), count in self.changes.items() if source != target)


def regroup(project: Project, since: datetime | None = None, *, dry_run: bool = False) -> Regrouped:
    """Group the requests of a project again, those that started since a moment.

    Each 200 requests are a transaction, so it can be interrupted and repeated. A dry run is one transaction that is
    rolled back; digestion of the project waits meanwhile.
    """
    result = Regrouped()
    with transaction.atomic() if dry_run else nullcontext():
        # First write all links, because requests find each other by them.
        for log_ids in _chunks(project, since):
            with alone_with(project) as cursor:
                logs = restored(cursor, project, log_ids)
                _refresh(cursor, logs)
                result.looked_at += len(logs)
        for log_ids in _chunks(project, since):
            with alone_with(project) as cursor:
                logs = restored(cursor, project, log_ids)
                result.add(group_again(cursor, project, [log.node for log in logs]))
        if dry_run:
            transaction.set_rollback(True)
    return result


def group_again(cursor: psycopg.Cursor[Any], project: Project, nodes: Sequence[Node]) -> list[Move]:
    """Group stored requests by these facts and move those that belong elsewhere. Returns moves and changes of rules.

    The caller holds the project's grouping lock.
    """
    stored_facts.assign(cursor, nodes)
    grouped = Grouper(cursor, {project.pk: project.key}).group(nodes)
    moves = grouped.all_moves(nodes)
    moving.apply(cursor, moves)
    concerned = {session_id for move in moves for session_id in (move.stored.session_id, move.home.session_id)}
    rollups.count_retries(cursor, concerned)
    return moves


def restored(cursor: psycopg.Cursor[Any], project: Project, log_ids: Sequence[uuid.UUID]) -> list[PreparedLog]:
    """Stored requests, prepared as if they came today. Each knows where it is stored."""
    found = RequestLog.objects.filter(project_id=project.pk, id__in=log_ids)
    rows = found.values_list("id", "session_id", "bucket", "source", "received_at", "request_id")
    stored = {node.stored.log_id: node for node in _nodes(cursor, project, log_ids) if node.stored}
    reader = MessageReader()
    logs = []
    for log_id, session_id, bucket, source, received_at, request_id in rows:
        raw = read_log(cursor, log_id, session_id, bucket)
        if raw is None or log_id not in stored:
            continue
        record = format_of(source).read_log(raw, received_at, request_id)
        log = prepare(project.pk, project.key, record, reader)
        _keep_key(log, project, stored[log_id])
        logs.append(log)
    return logs


def _nodes(cursor: psycopg.Cursor[Any], project: Project, log_ids: Sequence[uuid.UUID]) -> list[Node]:
    cursor.execute(sql.load("keys_of_requests"), {"ids": list(log_ids)})
    return stored_facts.load_nodes(cursor, {project.pk: project.key}, [row[0] for row in cursor.fetchall()])


def _keep_key(log: PreparedLog, project: Project, stored: Node) -> None:
    """Keep the key under which a log was stored first. A completed log may have another id."""
    log.key_id = log.node.key_id = stored.key_id
    log.node.own = own_home(ids.own_session_id(project.key, stored.key_id))
    log.node.stored = stored.stored


def _refresh(cursor: psycopg.Cursor[Any], logs: Sequence[PreparedLog]) -> None:
    """Write the links that today's rules read."""
    if logs:
        writer.refresh_links(cursor, logs)


@contextmanager
def alone_with(project: Project) -> Iterator[psycopg.Cursor[Any]]:
    """A transaction in which nobody else stores, moves or deletes requests of the project."""
    with transaction.atomic(), binary_cursor() as cursor:
        lock_digest(cursor, project.pk, shared=True)
        lock_grouping(cursor, project.pk)
        yield cursor


def _chunks(project: Project, since: datetime | None) -> Iterator[list[uuid.UUID]]:
    """The ids of the project's requests; those that move meanwhile may come twice."""
    requests = RequestLog.objects.filter(project_id=project.pk)
    if since is not None:
        requests = requests.filter(started_at__gte=since, bucket__gte=bucket_of(since))
    after = uuid.UUID(int=0)
    while chunk := list(requests.filter(id__gt=after).order_by("id").values_list("id", flat=True)[:CHUNK]):
        yield chunk
        after = chunk[-1]
