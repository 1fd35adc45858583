"""Several digesters, the same logs again and again, sessions deleted meanwhile: every log counts once."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from sessions_app.ingest.accept import accept_body
from sessions_app.ingest.digest import Digester
from sessions_app.ingest.storing import DigestStats
from sessions_app.models import InboxEntry, Part, Project, RejectedLog, RequestKey, RequestLog, Session
from sessions_app.storage import rollups
from sessions_app.storage.connections import binary_cursor
from sessions_app.storage.deletion import delete_sessions
from sessions_app.storage.reader import read_log

pytestmark = pytest.mark.django_db(transaction=True)

SESSIONS, TURNS = 12, 10


def conversation(session: int) -> list[dict[str, Any]]:
    logs, history = [], []
    for turn in range(TURNS):
        history.append({"role": "user", "content": f"question {turn} of session {session}"})
        answer = {"role": "assistant", "content": f"answer {turn}"}
        log = {
            "request_id": f"s{session}-r{turn}",
            "trace_id": f"session {session}",
            "started_at": f"2026-11-20T10:{turn:02}:00Z",
            "ended_at": f"2026-11-20T10:{turn:02}:09Z",
            "request": {"model": f"model-{turn % 3}", "messages": list(history)},
            "response": {"choices": [{"message": answer}], "usage": {"prompt_tokens": turn, "completion_tokens": 1}},
            "cost": "0.001",
            "user": f"user-{turn % 2}",
        }
        history.append(answer)
        logs.append(log)
    return logs


def shuffled_bodies(seed: int, copies: int) -> list[bytes]:
    """Every log `copies` times, some first without their response, in random bodies."""
    rng = random.Random(seed)
    logs = [log for session in range(SESSIONS) for log in conversation(session)] * copies
    logs += [log | {"response": None, "ended_at": None} for log in logs[::3]]
    rng.shuffle(logs)
    bodies = []
    while logs:
        size = rng.randrange(1, 40)
        bodies.append(json.dumps(logs[:size]).encode())
        logs = logs[size:]
    return bodies


def in_threads(work: Callable[[], None], count: int) -> None:
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures


def digest_all() -> None:
    digester = Digester()
    while digester.digest_batch() is not None:
        pass


def stored() -> list[tuple[Any, ...]]:
    """Sessions and requests as far as they must not depend on the order of arrival."""
    sessions = Session.objects.order_by("session_key").values_list(
        *("session_key", "title", "preview", "first_at", "last_at", "request_count", "error_count", "input_tokens"),
        *("output_tokens", "cost", "model_names", "users"),
    )
    requests = RequestLog.objects.order_by("request_id").values_list("request_id", "session_id", "status", "ended_at")
    return [*sessions, *requests, ("parts", Part.objects.count())]


@pytest.mark.parametrize("digesters", [1, 4])
def test_any_order_and_number_of_digesters_gives_the_same(digesters: int, settings: Any) -> None:
    settings.LOGSUI_DIGEST_BATCH_LOGS = 25
    results = []
    for seed in (1, 2):
        project = Project.objects.create(slug=f"acme-{seed}")
        for body in shuffled_bodies(seed, copies=3):
            accept_body(project.id, "native", body)
        in_threads(digest_all, digesters)
        assert not RejectedLog.objects.exists()
        assert not InboxEntry.objects.exists()
        assert RequestLog.objects.count() == RequestKey.objects.count() == SESSIONS * TURNS
        before = stored()
        with binary_cursor() as cursor:
            rollups.recompute(cursor, Session.objects.values_list("id", flat=True), are_changed=False)
        assert stored() == before
        results.append([row[1:] if len(row) == 4 else row for row in before if row[0] != "parts"])
        delete_sessions(project.id, list(Session.objects.values_list("id", flat=True)))
        assert not Part.objects.exists()
    sessions = [[row for row in result if len(row) > 4] for result in results]
    assert sessions[0] == sessions[1]
    assert len(sessions[0]) == SESSIONS


def test_sessions_deleted_while_digesting_are_whole_or_gone(settings: Any) -> None:
    settings.LOGSUI_DIGEST_BATCH_LOGS = 10
    project = Project.objects.create(slug="acme")
    for body in shuffled_bodies(3, copies=2):
        accept_body(project.id, "native", body)

    def delete_some() -> None:
        for _ in range(15):
            delete_sessions(project.id, list(Session.objects.values_list("id", flat=True)[:3]))

    workers = [digest_all, digest_all, delete_some]
    in_threads(lambda: workers.pop()(), 3)

    for session in Session.objects.all():
        requests = RequestLog.objects.filter(session_id=session.id)
        assert session.request_count == requests.count()
        with binary_cursor() as cursor:
            for request in requests:
                assert read_log(cursor, request.id, request.session_id, request.bucket)
    kept = set(Session.objects.values_list("id", flat=True))
    assert set(RequestLog.objects.values_list("session_id", flat=True)) <= kept
    assert set(Part.objects.values_list("session_id", flat=True)) <= kept
    assert set(RequestKey.objects.values_list("session_id", flat=True)) <= kept


def test_a_batch_that_fails_is_repeated_as_a_whole() -> None:
    project = Project.objects.create(slug="acme")
    accept_body(project.id, "native", json.dumps(conversation(1)).encode())
    digester = Digester()
    original, calls = digester._store, []

    def interrupted(*args: Any) -> DigestStats:
        original(*args)
        calls.append(1)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return DigestStats(new=TURNS)

    digester._store = interrupted  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        digester.digest_batch()
    assert not RequestLog.objects.exists()
    assert InboxEntry.objects.count() == 1
    digester.digest_batch()
    assert RequestLog.objects.count() == TURNS
    assert Session.objects.get().request_count == TURNS
