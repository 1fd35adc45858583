"""Projects take turns: no project's flood or hard case holds up another project's log."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction

from sessions_app.ingest.accept import accept_body
from sessions_app.ingest.digest import Digester, digest_until_empty
from sessions_app.ingest.turns import Turns
from sessions_app.models import InboxEntry, Project, RequestLog
from sessions_app.storage.connections import binary_cursor
from sessions_app.storage.locks import LOCK_DIGEST, LOCK_GROUPING, LOCK_TURN, lock
from tests.ingest.test_concurrency import in_threads

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def projects() -> list[Project]:
    return [Project.objects.create(slug=slug) for slug in ("flood", "other")]


@pytest.fixture
def digester_elsewhere() -> Iterator[psycopg.Cursor[Any]]:
    """Another process' connection, in a transaction."""
    parameters = connection.get_connection_params()
    left_out = ("cursor_factory", "context")
    with psycopg.connect(**{name: value for name, value in parameters.items() if name not in left_out}) as other:
        yield other.cursor()


def post(project: Project, count: int = 1, logs: int = 1, size: int = 0) -> None:
    for _ in range(count):
        body = [{"request": {"model": "m", "input": "x" * size}, "session_id": "s"} for _ in range(logs)]
        accept_body(project.id, "native", json.dumps(body).encode())


def waiting(project: Project) -> int:
    return InboxEntry.objects.filter(project_id=project.id).count()


def test_a_fresh_log_is_digested_before_the_rest_of_a_flood(projects: list[Project], settings: Any) -> None:
    settings.LOGSUI_DIGEST_BATCH_LOGS = 10
    flood, other = projects
    post(flood, count=100)
    digester = Digester()
    digester.digest_batch()
    post(other)
    digester.digest_batch()
    assert not waiting(other)
    assert waiting(flood) >= 80


def test_a_batch_is_of_one_project(projects: list[Project]) -> None:
    for project in projects:
        post(project, count=3)
    with transaction.atomic(), binary_cursor() as cursor:
        assert {entry.project_id for entry in Turns().claim(cursor)} == {projects[0].id}


def test_projects_of_other_digesters_come_last(
    projects: list[Project], digester_elsewhere: psycopg.Cursor[Any]
) -> None:
    flood, other = projects
    post(flood)
    post(other)
    lock(digester_elsewhere, LOCK_TURN, flood.id)
    with transaction.atomic(), binary_cursor() as cursor:
        assert {entry.project_id for entry in Turns().claim(cursor)} == {other.id}


def test_a_digester_helps_another_one_but_takes_no_large_body(
    projects: list[Project], digester_elsewhere: psycopg.Cursor[Any], settings: Any
) -> None:
    settings.LOGSUI_DIGEST_BATCH_BYTES = 2**20
    post(projects[0], size=2**21)
    post(projects[0], count=2)
    lock(digester_elsewhere, LOCK_TURN, projects[0].id)
    with transaction.atomic(), binary_cursor() as cursor:
        assert [entry.raw_bytes < 2**20 for entry in Turns().claim(cursor)] == [True, True]


@pytest.mark.parametrize("held", [LOCK_DIGEST, LOCK_GROUPING])
def test_what_others_hold_is_left_when_another_project_waits(
    held: int, projects: list[Project], digester_elsewhere: psycopg.Cursor[Any]
) -> None:
    """Someone deletes, or links for long: the digester goes on to the next project, and comes back."""
    flood, other = projects
    post(flood)
    post(other)
    lock(digester_elsewhere, held, flood.id)
    digester = Digester()
    for _ in range(3):
        digester.digest_batch()
    assert (waiting(flood), waiting(other)) == (1, 0)
    digester_elsewhere.connection.rollback()
    while digester.digest_batch() is not None:
        pass
    assert not waiting(flood)


def test_alone_with_its_project_a_digester_waits(
    projects: list[Project], digester_elsewhere: psycopg.Cursor[Any]
) -> None:
    post(projects[0])
    lock(digester_elsewhere, LOCK_GROUPING, projects[0].id)
    release = threading.Timer(1.5, digester_elsewhere.connection.rollback)
    release.start()
    assert digest_until_empty().new == 1
    release.join()


def test_entries_of_a_deleted_project_go(projects: list[Project]) -> None:
    post(projects[0])
    InboxEntry.objects.update(project_id=10**9)
    digest_until_empty()
    assert not InboxEntry.objects.exists()


def test_many_projects_and_digesters_leave_nothing(settings: Any) -> None:
    settings.LOGSUI_DIGEST_BATCH_LOGS = 5
    projects = [Project.objects.create(slug=f"p{n}") for n in range(7)]
    for project in projects:
        post(project, count=5, logs=3)
    in_threads(lambda: [digest_until_empty() for _ in range(3)] and None, 4)
    digest_until_empty()
    assert not InboxEntry.objects.exists()
    assert RequestLog.objects.count() == 7 * 15
