"""Deleting sessions, single requests and projects: nothing that belongs to them stays, nothing else goes."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import date
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from sessions_app.access.keys import create_key
from sessions_app.ingest.accept import accept_body
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import (
    ApiKey,
    InboxEntry,
    Link,
    Part,
    Project,
    RejectedLog,
    RequestKey,
    RequestLog,
    RequestSearch,
    Session,
)
from sessions_app.storage.connections import binary_cursor
from sessions_app.storage.deletion import Receipt, delete_project, delete_requests, delete_sessions
from sessions_app.storage.locks import lock_digest
from sessions_app.storage.reader import read_log

TABLES = (RequestLog, Part, RequestSearch, RequestKey)


def turn(number: int, session: str = "s1", **changes: Any) -> dict[str, Any]:
    """Turn `number` of a conversation in which each request re-sends all before it."""
    history: list[dict[str, str]] = []
    for past in range(number):
        history += [{"role": "user", "content": f"question {past}"}, {"role": "assistant", "content": f"answer {past}"}]
    return {
        "request_id": f"{session}-{number}",
        "session_id": session,
        "started_at": f"2026-11-20T10:{number:02}:00Z",
        "model": f"model-{number % 3}",
        "user": f"user-{number}",
        "cost": "0.01",
        "request": {"messages": [*history, {"role": "user", "content": f"question {number}"}]},
        "response": {
            "id": f"resp-{session}-{number}",
            "choices": [{"message": {"role": "assistant", "content": f"answer {number}"}}],
            "usage": {"prompt_tokens": 10 * number, "completion_tokens": 5},
        },
    } | changes


def store(project: Project, *logs: dict[str, Any]) -> None:
    accept_body(project.id, "native", json.dumps(logs).encode())
    digest_until_empty()


def state(project: Project) -> dict[str, Any]:
    """Everything that is stored, in a form that compares."""
    found: dict[str, Any] = {
        model.__name__: sorted(model.objects.values_list("session_id", "bucket", "pk")) for model in TABLES
    }
    # How often a session has changed depends on the way.
    columns = [column.attname for column in Session._meta.fields if column.name != "revision"]
    found["Session"] = list(Session.objects.order_by("id").values(*columns))
    return found


def rows_of(receipt: Receipt) -> dict[str, int]:
    return {table: removed.rows for table, removed in receipt.tables.items()}


# --- sessions -------------------------------------------------------------------------------------------------------


def test_session_goes_with_everything_and_others_stay(project: Project) -> None:
    store(project, *(turn(n, "kept") for n in range(3)))
    before = state(project)
    # Two months, so two partitions.
    store(project, *(turn(n) for n in range(3)), turn(3, started_at="2026-09-01T00:00:00Z"))
    session = Session.objects.get(session_key="s1")
    counts = {model._meta.db_table: model.objects.filter(session_id=session.id).count() for model in TABLES}
    keys = RequestKey.objects.filter(session_id=session.id).values("id")
    counts["link"] = Link.objects.filter(key_id__in=keys).count()

    receipt = delete_sessions(project.id, [session.id])

    assert state(project) == before
    assert rows_of(receipt) == {"session": 1, **counts}
    assert (receipt.sessions, receipt.requests, receipt.rows) == (1, 4, 1 + sum(counts.values()))
    assert receipt.bytes == sum(removed.bytes for removed in receipt.tables.values())
    assert all(removed.bytes > 0 for removed in receipt.tables.values())


def test_bytes_are_those_of_the_content(project: Project) -> None:
    noise = uuid.uuid4().hex * 10_000  # Repeats, so it is compressed; the stored size counts.
    store(project, turn(0, request={"messages": [{"role": "user", "content": noise}]}))
    stored = sum(len(bytes(content)) for content in Part.objects.values_list("content", flat=True))

    receipt = delete_sessions(project.id, Session.objects.values_list("id", flat=True))

    assert stored <= receipt.tables["part"].bytes <= stored + 200 * receipt.tables["part"].rows


def test_many_sessions_go_in_chunks(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sessions_app.storage.deletion.CHUNK_REQUESTS", 5)
    monkeypatch.setattr("sessions_app.storage.deletion.CHUNK_SESSIONS", 4)
    store(project, *(turn(n % 2, f"s{n // 2}") for n in range(20)))

    with CaptureQueriesContext(connection) as captured:
        receipt = delete_sessions(project.id, Session.objects.values_list("id", flat=True))

    assert (receipt.sessions, receipt.requests) == (10, 20)
    locks = [query for query in captured if "pg_advisory_xact_lock" in query["sql"]]
    assert len(locks) == 5  # Two sessions of two requests a chunk.
    assert not any(model.objects.exists() for model in (Session, Link, *TABLES))


def test_unknown_or_repeated_ids_are_no_problem(project: Project) -> None:
    store(project, turn(0))
    session = Session.objects.get()

    receipt = delete_sessions(project.id, [uuid.uuid4(), session.id, session.id])

    assert receipt.sessions == 1
    assert delete_sessions(project.id, [session.id]).rows == 0


def test_other_projects_sessions_stay(project: Project) -> None:
    store(project, turn(0))
    other = Project.objects.create(slug="other")

    assert delete_sessions(other.id, Session.objects.values_list("id", flat=True)).rows == 0
    assert delete_requests(other.id, RequestLog.objects.values_list("id", flat=True)).rows == 0
    assert (Session.objects.count(), RequestLog.objects.count()) == (1, 1)


def test_statements_do_not_grow_with_the_session(project: Project) -> None:
    store(project, *(turn(n, "long") for n in range(40)), turn(0, "short"))

    def statements(key: str) -> int:
        session_id = Session.objects.get(session_key=key).id
        with CaptureQueriesContext(connection) as captured:
            delete_sessions(project.id, [session_id])
        return len(captured)

    assert statements("long") == statements("short") <= 26


def test_every_statement_finds_its_rows_by_an_index(project: Project) -> None:
    store(project, *(turn(n) for n in range(3)))
    session_id = Session.objects.get().id
    with CaptureQueriesContext(connection) as captured:
        delete_sessions(project.id, [session_id])

    for statement in [query["sql"] for query in captured if "DELETE" in query["sql"]]:
        with transaction.atomic(), connection.cursor() as cursor:
            # On tables this small a scan is cheaper; forbidden, it shows up only where there is no index.
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {statement}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
        assert "Seq Scan" not in plan, plan


def test_resent_logs_are_stored_anew(project: Project) -> None:
    store(project, *(turn(n) for n in range(3)))
    before = state(project)
    delete_sessions(project.id, Session.objects.values_list("id", flat=True))

    store(project, *(turn(n) for n in range(3)))

    assert state(project) == before


@pytest.fixture
def other_connection(transactional_db: None) -> Iterator[psycopg.Connection[Any]]:
    """Beside Django's, as a digester has one."""
    parameters = connection.get_connection_params()
    with psycopg.connect(**{name: value for name, value in parameters.items() if name != "cursor_factory"}) as other:
        yield other


def test_deletion_waits_for_running_digesters(other_connection: psycopg.Connection[Any]) -> None:
    project = Project.objects.create(slug="acme")
    store(project, turn(0))
    lock_digest(other_connection.cursor(), project.id, shared=True)

    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '50ms'")
        with pytest.raises(OperationalError, match="lock timeout"), transaction.atomic():
            delete_sessions(project.id, Session.objects.values_list("id", flat=True))
    other_connection.rollback()

    assert delete_sessions(project.id, Session.objects.values_list("id", flat=True)).sessions == 1


# --- single requests ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("turns", "gone"), [(3, [0]), (3, [1]), (3, [2]), (3, [0, 1]), (3, [1, 2]), (40, [39]), (40, [0]), (40, [17, 33])]
)
def test_as_if_the_requests_had_never_been_sent(project: Project, turns: int, gone: list[int]) -> None:
    store(project, *(turn(n) for n in range(turns) if n not in gone), turn(0, "other"))
    expected = state(project)
    delete_sessions(project.id, Session.objects.values_list("id", flat=True))
    store(project, *(turn(n) for n in range(turns)), turn(0, "other"))
    ids = RequestLog.objects.filter(request_id__in=[f"s1-{n}" for n in gone]).values_list("id", flat=True)

    receipt = delete_requests(project.id, list(ids))

    assert state(project) == expected
    assert (receipt.sessions, receipt.requests) == (0, len(gone))
    for log in RequestLog.objects.exclude(session_id=Session.objects.get(session_key="other").id):
        with binary_cursor() as cursor:
            raw = read_log(cursor, log.id, log.session_id, log.bucket)
        assert json.loads(raw or b"") == turn(int(log.request_id.removeprefix("s1-")))


def test_last_request_takes_the_session_with_it(project: Project) -> None:
    store(project, *(turn(n) for n in range(3)), turn(0, "other"))
    ids = RequestLog.objects.filter(session_id=Session.objects.get(session_key="s1").id).values_list("id", flat=True)

    receipt = delete_requests(project.id, list(ids))

    assert (receipt.sessions, receipt.requests) == (1, 3)
    assert Session.objects.get().session_key == "other"


def test_bucket_leaves_the_session_with_its_last_request(project: Project) -> None:
    store(project, turn(0), turn(1, started_at="2026-09-01T00:00:00Z"))
    log = RequestLog.objects.get(request_id="s1-1")

    delete_requests(project.id, [log.id])

    assert Session.objects.get().buckets == [date(2026, 11, 1)]
    assert set(Part.objects.values_list("bucket", flat=True)) == {date(2026, 11, 1)}


# --- projects -------------------------------------------------------------------------------------------------------


def test_project_goes_with_all_that_it_has(project: Project) -> None:
    other = Project.objects.create(slug="other")
    create_key(other, "k", ["read"])
    store(other, turn(0))
    before = state(other)
    create_key(project, "k", ["read"])
    store(project, *(turn(n, f"s{n}") for n in range(3)))
    accept_body(project.id, "native", json.dumps(turn(9)).encode())
    store(project, {"request": {}}, {"cost": "odd"})
    accept_body(project.id, "native", json.dumps(turn(9)).encode())
    assert RejectedLog.objects.exists()

    receipt = delete_project(project)

    assert receipt.sessions >= 3
    assert state(other) == before
    assert list(Project.objects.all()) == [other]
    assert ApiKey.objects.get().project == other
    assert not RejectedLog.objects.exists()
    assert not InboxEntry.objects.exists()


def test_project_can_go_in_steps(project: Project) -> None:
    store(project, *(turn(0, f"s{n}") for n in range(3)))

    assert delete_project(project, most_sessions=0).sessions == 0
    assert Project.objects.exists()
    assert delete_project(project, most_sessions=100).sessions == 3
    assert not Project.objects.exists()
