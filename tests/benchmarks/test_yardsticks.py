"""What is compared with what: the plain table, the product's tables, counted statements."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import orjson
import psycopg
import pytest
from django.db import connection as django_connection

from benchmarks import digesting, generator
from benchmarks.installation import connect
from benchmarks.litellm_logs import payloads
from benchmarks.plain import PlainTable
from benchmarks.statements import counted, scanned
from sessions_app.models import MovedId, Project, Session
from sessions_app.storage.connections import binary_cursor
from sessions_app.wire import format_of


@pytest.fixture
def outside(transactional_db: None) -> Iterator[psycopg.Connection]:
    with connect() as found:
        yield found
        found.execute("DROP TABLE IF EXISTS plain_document")


def test_plain_table_holds_every_document(outside: psycopg.Connection) -> None:
    documents = list(generator.encoded_logs(600))
    table = PlainTable(outside)
    table.store(documents)
    assert table.requests == 600
    assert table.raw_bytes == sum(len(document) for _, document in documents)
    assert table.bytes_per_request > 1_000
    rows = outside.execute("SELECT session_key, document->>'request_id' FROM plain_document").fetchall()
    assert sorted(rows) == sorted((key, orjson.loads(document)["request_id"]) for key, document in documents)


def test_reading_a_session_takes_all_its_documents(outside: psycopg.Connection) -> None:
    documents = list(generator.encoded_logs(60))
    table = PlainTable(outside)
    table.store(documents)
    key = documents[0][0]
    assert table.read_session(key)[0] == sum(name == key for name, _ in documents)


def test_sizes_cover_every_table_of_a_session(outside: psycopg.Connection) -> None:
    sizes = digesting.table_sizes(outside)
    assert set(sizes) == set(digesting.TABLES)
    # The partitioned ones have nothing before their first partition.
    assert all(sizes[name] > 0 for name in ("session", "request_key", "link"))


@pytest.mark.django_db
def test_statements_of_both_kinds_of_cursor_are_counted() -> None:
    with counted() as statements:
        list(Project.objects.all())
        with binary_cursor() as cursor:
            cursor.execute("SELECT 1")
        with django_connection.cursor() as cursor:
            cursor.execute("SELECT 2")
    assert len(statements) == 3
    with binary_cursor() as cursor:
        cursor.execute("SELECT 3")
    assert len(statements) == 3


def test_litellm_array_is_what_the_target_speaks_of() -> None:
    array = payloads(100)
    body = orjson.dumps(array)
    assert 1_250_000 <= len(body) <= 1_550_000
    assert len({payload["id"] for payload in array}) == 100
    wire = format_of("litellm")
    assert all(wire.check_log(item.raw) for item in wire.split_body(body, "application/json"))


def test_other_arrays_have_other_ids() -> None:
    first, second = ({payload["id"] for payload in payloads(50, first=place)} for place in (0, 100))
    assert not first & second


def test_large_session_beside_the_data_set_is_one_session() -> None:
    plan = generator.single_plan(30)
    logs = [orjson.loads(document) for document in generator.encoded_session(plan)]
    assert len(logs) == 30
    assert {log["trace_id"] for log in logs} == {generator.session_key(plan)}


def test_pinned_sessions_have_their_lengths() -> None:
    keys = generator.pinned_keys(600)
    assert sorted(keys) == [6, 40, 200]
    found = [key for key, _ in generator.encoded_logs(600)]
    assert {length: found.count(key) for length, key in keys.items()} == {6: 6, 40: 40, 200: 200}


def test_scans_of_tables_are_noticed(transactional_db: None) -> None:
    with django_connection.cursor() as cursor:
        cursor.execute("INSERT INTO moved_id SELECT gen_random_uuid(), gen_random_uuid() FROM generate_series(1, 2000)")
        cursor.execute("ANALYZE moved_id")
    with scanned(["moved_id", "session"], few=1_000) as tables:
        MovedId.objects.filter(id=uuid4()).first()
        assert tables == set()
        Session.objects.first()
        MovedId.objects.exclude(id=uuid4()).count()
    assert tables == {"moved_id"}
