"""Manual corrections of the grouping. They override every rule, for stored requests and for those that come later.

Requests that are moved one by one are *assigned* to a session. A session that is split or merged is *rerouted*:
requests that the rules put there, now or later, go to another session, either all of them or those from a moment on.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg

from sessions_app import ids
from sessions_app.ingest import stored_facts
from sessions_app.ingest.grouping import Grouper
from sessions_app.ingest.regroup import alone_with, group_again, restored
from sessions_app.models import Assignment, Correction, Project, RequestLog, Reroute, Session
from sessions_app.records import RULE_MANUAL
from sessions_app.storage import moving, rollups
from sessions_app.storage.moving import Move
from sessions_app.structure.grouping_rules import Node

MOST_REQUESTS = 1_000


class CorrectionError(ValueError):
    """A correction that cannot be made. `field`: what is wrong; the message says why, and what helps."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


def move_requests(
    project: Project, request_log_ids: Sequence[uuid.UUID], target_session_id: uuid.UUID | None, made_by: str
) -> Correction:
    """Move requests of one session to another session; None for a new one. Others stay, whatever they continue.

    Raises CorrectionError.
    """
    wanted = sorted(set(request_log_ids))
    if not 1 <= len(wanted) <= MOST_REQUESTS:
        raise CorrectionError("requests", f"must be 1 to {MOST_REQUESTS:,} requests, got {len(wanted):,}")
    with alone_with(project) as cursor:
        places = dict(RequestLog.objects.filter(project_id=project.pk, id__in=wanted).values_list("id", "session_id"))
        missing = [str(log_id) for log_id in wanted if log_id not in places]
        if missing:
            raise CorrectionError("requests", f"{missing[0]} is no longer a request of this project: reload the page")
        if len(set(places.values())) > 1:
            raise CorrectionError("requests", "must all be in one session")
        source = next(iter(places.values()))
        target, key = _target(project, source, target_session_id)
        correction = _made(project, Correction.MOVE, source, target, made_by, request_count=len(wanted))
        keys = _keys(cursor, project, source)
        moved = [keys[log_id] for log_id in wanted]
        _assign(correction, moved, target, key)
        moves = _moves(cursor, project, moved)
        # Requests that continue them would follow. They stay, unless the person moves them, too.
        followers = [move.key_id for move in moves if move.key_id not in set(moved) and move.leaves]
        if followers:
            _assign(correction, followers, source, _session_key(source))
            moves = _moves(cursor, project, [*moved, *followers])
        _apply(cursor, moves)
    return correction


def split_session(project: Project, session_id: uuid.UUID, request_log_id: uuid.UUID, made_by: str) -> Correction:
    """Split a session: this request and all that started later go to a new session, also those that are yet to come.

    Raises CorrectionError.
    """
    with alone_with(project) as cursor:
        found = RequestLog.objects.filter(project_id=project.pk, session_id=session_id)
        since = found.filter(id=request_log_id).values_list("started_at", flat=True).first()
        if since is None:
            raise CorrectionError("request", "is no longer in this session: reload the page")
        going = list(found.filter(started_at__gte=since).values_list("id", flat=True))
        if not found.filter(started_at__lt=since).exists():
            raise CorrectionError("request", "is the first of its session, so that would be empty")
        target = ids.own_session_id(project.key, uuid.uuid4())
        correction = _made(project, Correction.SPLIT, session_id, target, made_by, request_count=len(going))
        correction.request_log_id = request_log_id
        _reroute(correction, session_id, since, target, None)
        _send(cursor, project, correction, session_id, target, None, going)
    return correction


def merge_sessions(
    project: Project, source_session_id: uuid.UUID, target_session_id: uuid.UUID, made_by: str
) -> Correction:
    """Put all requests of a session, and those that will come for it, into another one. Raises CorrectionError."""
    with alone_with(project) as cursor:
        found = RequestLog.objects.filter(project_id=project.pk, session_id=source_session_id)
        going = list(found.values_list("id", flat=True))
        if not going:
            raise CorrectionError("session", "is no longer a session of this project: reload the page")
        target, key = _target(project, source_session_id, target_session_id)
        correction = _made(project, Correction.MERGE, source_session_id, target, made_by, request_count=len(going))
        for route in Reroute.objects.filter(project_id=project.pk, session_id=source_session_id):
            _reroute(correction, route.source_session_id, route.since, target, key)
        _reroute(correction, source_session_id, None, target, key)
        _send(cursor, project, correction, source_session_id, target, key, going)
    return correction


def undo(project: Project, correction_id: int, made_by: str) -> Correction:
    """Undo a correction. Its requests go where the rules and earlier corrections put them.

    Raises CorrectionError if it is not one of this project, was already undone, or is the basis of a later one.
    """
    with alone_with(project) as cursor:
        correction = Correction.objects.filter(project_id=project.pk, id=correction_id).first()
        if correction is None:
            raise CorrectionError("correction", "is not one of this project")
        if correction.undone_at:
            raise CorrectionError("correction", f"was already undone by {correction.undone_by}")
        _check_undoable(correction)
        concerned = [*_assigned(cursor, correction), *_rerouted(cursor, project, correction)]
        _restore(correction)
        correction.undone_at, correction.undone_by = datetime.now(UTC), made_by
        correction.save(update_fields=["undone_at", "undone_by"])
        logs = restored(cursor, project, sorted(set(concerned)))
        group_again(cursor, project, [log.node for log in logs])
    return correction


# --- what a correction writes ---------------------------------------------------------------------------------------


def _target(project: Project, source: uuid.UUID, wanted: uuid.UUID | None) -> tuple[uuid.UUID, str | None]:
    if wanted is None:
        return ids.own_session_id(project.key, uuid.uuid4()), None
    session = Session.objects.filter(project_id=project.pk, id=wanted).first()
    if session is None:
        raise CorrectionError("target", "is not a session of this project: give its URL, id or trace id")
    if session.id == source:
        raise CorrectionError("target", "is the session that they are in already")
    return session.id, session.session_key


def _session_key(session_id: uuid.UUID) -> str | None:
    return Session.objects.values_list("session_key", flat=True).get(id=session_id)


def _made(
    project: Project, action: str, source: uuid.UUID, target: uuid.UUID, made_by: str, request_count: int
) -> Correction:
    return Correction.objects.create(
        project_id=project.pk,
        action=action,
        made_by=made_by,
        source_session_id=source,
        target_session_id=target,
        request_count=request_count,
        before={"assignments": {}, "reroutes": []},
    )


def _assign(correction: Correction, key_ids: Sequence[uuid.UUID], session_id: uuid.UUID, key: str | None) -> None:
    """Assign requests to a session, and remember their assignments so far."""
    before = Assignment.objects.in_bulk(key_ids)
    for key_id in key_ids:
        old = before.get(key_id)
        row = [str(old.session_id), old.session_key, old.correction_id] if old else None
        correction.before["assignments"].setdefault(str(key_id), row)
    rows = [Assignment(id=k, session_id=session_id, session_key=key, correction_id=correction.pk) for k in key_ids]
    fields = ["session_id", "session_key", "correction_id"]
    Assignment.objects.bulk_create(rows, update_conflicts=True, unique_fields=["id"], update_fields=fields)
    correction.save()


def _reroute(
    correction: Correction, source: uuid.UUID, since: datetime | None, target: uuid.UUID, key: str | None
) -> None:
    """Send what would be in one session to another, and remember where it went so far."""
    old = Reroute.objects.filter(source_session_id=source, since=since).first()
    row = [str(old.session_id), old.session_key, old.correction_id] if old else None
    moment = since.isoformat() if since else None
    correction.before["reroutes"].append([str(source), moment, row])
    if old:
        old.session_id, old.session_key, old.correction_id = target, key, correction.pk
        old.save()
    else:
        Reroute.objects.create(
            project_id=correction.project_id,
            source_session_id=source,
            since=since,
            session_id=target,
            session_key=key,
            correction_id=correction.pk,
        )
    correction.save()


def _send(
    cursor: psycopg.Cursor[Any],
    project: Project,
    correction: Correction,
    source: uuid.UUID,
    target: uuid.UUID,
    key: str | None,
    log_ids: Sequence[uuid.UUID],
) -> None:
    """Move these requests of a rerouted session. Those that were assigned to it are assigned to the other one."""
    keys = _keys(cursor, project, source)
    going = [keys[log_id] for log_id in log_ids]
    assigned = Assignment.objects.filter(id__in=going, session_id=source).values_list("id", flat=True)
    if assigned:
        _assign(correction, list(assigned), target, key)
    _apply(cursor, _moves(cursor, project, going))


def _keys(cursor: psycopg.Cursor[Any], project: Project, session_id: uuid.UUID) -> dict[uuid.UUID, uuid.UUID]:
    """The idempotency keys of a session's requests, by their ids."""
    nodes = stored_facts.load_nodes(cursor, {project.pk: project.key}, session_ids=[session_id])
    return {node.stored.log_id: node.key_id for node in nodes if node.stored}


def _moves(cursor: psycopg.Cursor[Any], project: Project, key_ids: Iterable[uuid.UUID]) -> list[Move]:
    return Grouper(cursor, {project.pk: project.key}).group([], key_ids).moves


def _apply(cursor: psycopg.Cursor[Any], moves: Sequence[Move]) -> None:
    moving.apply(cursor, moves)
    concerned = {session_id for move in moves for session_id in (move.stored.session_id, move.home.session_id)}
    rollups.count_retries(cursor, concerned)


# --- taking back ----------------------------------------------------------------------------------------------------


def _check_undoable(correction: Correction) -> None:
    """Raise CorrectionError if a later correction replaced an assignment or a reroute of this one."""
    keys = [uuid.UUID(key) for key in correction.before["assignments"]]
    later = set(Assignment.objects.filter(id__in=keys).values_list("correction_id", flat=True))
    for source, since, _ in correction.before["reroutes"]:
        later |= set(Reroute.objects.filter(**_of(source, since)).values_list("correction_id", flat=True))
    later.discard(correction.pk)
    if later:
        number = max(later)
        raise CorrectionError("correction", f"is the basis of correction {number}: undo that one first")


def _of(source: str, since: str | None) -> dict[str, Any]:
    return {"source_session_id": uuid.UUID(source), "since": datetime.fromisoformat(since) if since else None}


def _assigned(cursor: psycopg.Cursor[Any], correction: Correction) -> list[uuid.UUID]:
    """The ids of the requests that a correction assigned."""
    keys = [uuid.UUID(key) for key in correction.before["assignments"]]
    return [node.stored.log_id for node in _load(cursor, correction, keys) if node.stored]


def _rerouted(cursor: psycopg.Cursor[Any], project: Project, correction: Correction) -> list[uuid.UUID]:
    """The ids of the requests that a reroute may have brought to where they are."""
    if not correction.before["reroutes"]:
        return []
    there = RequestLog.objects.filter(project_id=project.pk, session_id=correction.target_session_id)
    return list(there.filter(rule=RULE_MANUAL).values_list("id", flat=True))


def _load(cursor: psycopg.Cursor[Any], correction: Correction, keys: Sequence[uuid.UUID]) -> list[Node]:
    project_key = Project.objects.values_list("key", flat=True).get(pk=correction.project_id)
    return stored_facts.load_nodes(cursor, {correction.project_id: project_key}, keys)


def _restore(correction: Correction) -> None:
    for key, old in correction.before["assignments"].items():
        if old is None:
            Assignment.objects.filter(id=uuid.UUID(key)).delete()
        else:
            values = {"session_id": uuid.UUID(old[0]), "session_key": old[1], "correction_id": old[2]}
            Assignment.objects.filter(id=uuid.UUID(key)).update(**values)
    for source, since, old in correction.before["reroutes"]:
        found = Reroute.objects.filter(**_of(source, since))
        if old is None:
            found.delete()
        else:
            found.update(session_id=uuid.UUID(old[0]), session_key=old[1], correction_id=old[2])
