"""Columns of a batch arrive in PostgreSQL as psycopg's own arrays do."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import psycopg
import pytest
from django.db import connection

from sessions_app.storage.connections import binary_cursor

COLUMNS = [
    ([], "uuid[]"),
    ([uuid.UUID(int=0), uuid.UUID(int=2**128 - 1)], "uuid[]"),
    ([uuid.uuid5(uuid.NAMESPACE_DNS, "a"), None], "uuid[]"),
    ([1, -2, 3], "int[]"),
    ([1, 2**31, -(2**63)], "bigint[]"),
    ([0.5, -1.0], "float8[]"),
    ([True, False, None], "bool[]"),
    (["", "ä\u2028\U0001f33b", "null", '{"a,b"}'], "text[]"),
    (["even", "odds"], "text[]"),
    (["success"] * 5 + ["", "error\U0001f33b"], "text[]"),
    ([None, "x", "x", None, "x", "x", None], "text[]"),
    ([404, None, None, 404, None], "int[]"),
    ([b"", b"", b"\x00", b"", b""], "bytea[]"),
    ([b"", b"\x00\xff", b"longer than the others"], "bytea[]"),
    ([memoryview(b"ab"), memoryview(b"abc")], "bytea[]"),
    ([datetime(2026, 1, 2, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)], "timestamptz[]"),
    (
        [datetime(2026, 1, 2, 3, tzinfo=UTC), datetime(2026, 1, 2, 5, tzinfo=timezone(timedelta(hours=2)))],
        "timestamptz[]",
    ),
    ([date(2026, 1, 2), date(2026, 1, 3), date(2026, 1, 2)], "date[]"),
    ([7, 7, -1, 7, 0], "smallint[]"),
    ([True, False, True], "bool[]"),
    ([[1, 2], [3, 4]], "int[]"),
    ([None, None], "text[]"),
]


@pytest.mark.parametrize(("column", "kind"), COLUMNS)
def test_columns_arrive_as_psycopg_sends_them(db: None, column: list[Any], kind: str) -> None:
    with binary_cursor() as cursor:
        found = cursor.execute(f"SELECT %s::{kind}", [column]).fetchone()
    connection.ensure_connection()
    with psycopg.Cursor(connection.connection) as plain:
        assert found == plain.execute(f"SELECT %s::{kind}", [column]).fetchone()
    assert found is not None
    assert list(found[0]) == [bytes(one) if isinstance(one, memoryview) else one for one in column]


@pytest.mark.parametrize("column", [["ab", "a\x00"], ["a\x00"] * 4])
def test_a_text_with_a_null_character_is_refused(db: None, column: list[str]) -> None:
    with binary_cursor() as cursor, pytest.raises(psycopg.DataError):
        cursor.execute("SELECT %s::text[]", [column])
