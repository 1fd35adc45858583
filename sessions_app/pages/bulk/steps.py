"""Works off a bulk action, a bounded time at once. A step that is repeated after a crash changes nothing more."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta

from django.db import DatabaseError
from django.db.models import Q
from django.utils import timezone

from sessions_app.ingest import cleanup, tagging
from sessions_app.models import BulkAction
from sessions_app.queries.chosen_sessions import Chunk, next_chunk

STEP_SECONDS = 1.0
# A step that ended without a word is taken over after this time.
LEASE = timedelta(seconds=60)
CHUNK_SESSIONS = 20
MOST_FAILURES = 100
GONE = "It no longer exists."


def advance(action: BulkAction) -> BulkAction:
    """Do some more of a running action. Only one step runs at a time; another call meanwhile changes nothing."""
    if not _lease(action):
        action.refresh_from_db()
        return action
    action.refresh_from_db()
    deadline = time.monotonic() + STEP_SECONDS
    try:
        while action.state == BulkAction.RUNNING:
            _do_chunk(action)
            # Somebody may have stopped it.
            action.refresh_from_db(fields=["state"])
            if time.monotonic() >= deadline:
                break
    finally:
        BulkAction.objects.filter(pk=action.pk).update(leased_until=None)
    return action


def _lease(action: BulkAction) -> bool:
    free = Q(leased_until=None) | Q(leased_until__lt=timezone.now())
    running = BulkAction.objects.filter(free, pk=action.pk, state=BulkAction.RUNNING)
    return bool(running.update(leased_until=timezone.now() + LEASE))


def _do_chunk(action: BulkAction) -> None:
    chunk = next_chunk(action, action.place, CHUNK_SESSIONS)
    _do(action, chunk)
    action.place = chunk.place
    action.save(update_fields=["place", "done", "failures", "failed_count", "receipt"])
    BulkAction.objects.filter(pk=action.pk).update(leased_until=timezone.now() + LEASE)
    if not chunk.place:
        end(action, BulkAction.DONE)


def end(action: BulkAction, state: str) -> None:
    """Stop an action, or note that it is done."""
    unfinished = BulkAction.objects.filter(pk=action.pk, state__in=(BulkAction.ASKED, BulkAction.RUNNING))
    unfinished.update(state=state, ended_at=timezone.now())


def _do(action: BulkAction, chunk: Chunk) -> None:
    for session_id in chunk.gone:
        _fail(action, session_id, GONE)
    wanted = [session_id for session_id, _ in chunk.sessions]
    if action.kind == BulkAction.DELETE:
        _delete(action, wanted)
    else:
        change = _tagger(action)
        for session_id in wanted:
            _one(action, session_id, change)


def _tagger(action: BulkAction) -> Callable[[uuid.UUID], bool]:
    if action.kind == BulkAction.UNTAG:
        return lambda session_id: tagging.take(action.project_id, session_id, action.argument)
    giver = action.user.get_username()
    return lambda session_id: tagging.give(action.project_id, session_id, action.argument, giver)


def _one(action: BulkAction, session_id: uuid.UUID, change: Callable[[uuid.UUID], bool]) -> None:
    try:
        if change(session_id):
            action.done += 1
        else:
            _fail(action, session_id, GONE)
    except DatabaseError as error:
        _fail(action, session_id, _reason(error))


def _delete(action: BulkAction, session_ids: Sequence[uuid.UUID]) -> None:
    """All at once, and one by one if that fails."""
    try:
        _add(action, cleanup.delete_sessions(action.project_id, session_ids))
    except DatabaseError:
        for session_id in session_ids:
            try:
                _add(action, cleanup.delete_sessions(action.project_id, [session_id]))
            except DatabaseError as error:
                _fail(action, session_id, _reason(error))


def _add(action: BulkAction, receipt: cleanup.Receipt) -> None:
    action.done += receipt.sessions
    added = {"sessions": receipt.sessions, "requests": receipt.requests, "bytes": receipt.bytes}
    action.receipt = {name: action.receipt.get(name, 0) + count for name, count in added.items()}


def _fail(action: BulkAction, session_id: uuid.UUID, reason: str) -> None:
    action.failed_count += 1
    if len(action.failures) < MOST_FAILURES:
        action.failures.append([str(session_id), reason])


def _reason(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]
