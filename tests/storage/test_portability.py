"""The schema and the statements stay such that a distributed PostgreSQL (Citus 14) takes them.

Sessions are sharded by id, their requests and parts by session_id beside them. The rules are what Citus refuses:
https://docs.citusdata.com/en/stable/develop/reference_workarounds.html
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.db import connection

from sessions_app.storage import sql

SHARDED = {"session": {"id"}, "request_log": {"session_id"}, "part": {"session_id"}, "request_search": {"session_id"}}
PARTITIONED = {"request_log", "part", "request_search"}
STATEMENTS = sorted(path.stem for path in Path(sql.__file__).parent.glob("[!_]*.sql"))
UPDATED = re.compile(r"\bUPDATE\s+(session|request_log|part|request_search)\b", re.IGNORECASE)

pytestmark = pytest.mark.django_db


def rows(query: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def test_every_unique_index_of_a_sharded_table_holds_its_shard_and_partition_key() -> None:
    indexes = rows(
        """
        SELECT t.relname, i.relname, array_agg(a.attname::text)
        FROM pg_index AS x JOIN pg_class AS t ON t.oid = x.indrelid JOIN pg_class AS i ON i.oid = x.indexrelid
        JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = ANY(x.indkey)
        WHERE x.indisunique GROUP BY 1, 2
        """
    )
    checked = set()
    for table, index, columns in indexes:
        if table in SHARDED:
            needed = SHARDED[table] | ({"bucket"} if table in PARTITIONED else set())
            assert needed <= set(columns), index
            checked.add(table)
    assert checked == set(SHARDED)


def test_partitioned_tables_are_partitioned_by_bucket() -> None:
    found = rows("SELECT partrelid::regclass::text, pg_get_partkeydef(partrelid) FROM pg_partitioned_table")
    assert dict(found) == dict.fromkeys(PARTITIONED, "RANGE (bucket)")


def test_no_foreign_key_touches_a_sharded_table_or_the_projects() -> None:
    keys = rows("SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint WHERE contype = 'f'")
    touched = {name for pair in keys for name in pair}
    assert not touched & {*SHARDED, "sessions_app_project"}


def test_sharded_tables_have_no_triggers_and_no_sequences() -> None:
    assert not rows(f"SELECT tgname FROM pg_trigger WHERE tgrelid::regclass::text = ANY(ARRAY{list(SHARDED)})")
    columns = rows(
        f"""
        SELECT table_name, column_name FROM information_schema.columns WHERE table_name = ANY(ARRAY{list(SHARDED)})
        AND (is_identity = 'YES' OR column_default LIKE 'nextval%%')
        """
    )
    assert not columns


def test_all_session_ids_have_one_type() -> None:
    types = rows(
        "SELECT DISTINCT data_type FROM information_schema.columns WHERE table_schema = 'public'"
        " AND (column_name = 'session_id' OR (table_name = 'session' AND column_name = 'id'))"
    )
    assert types == [("uuid",)]


def test_functions_in_conflict_clauses_are_immutable() -> None:
    found = rows("SELECT proname, provolatile FROM pg_proc WHERE proname IN ('text_union', 'date_union', 'known_sum')")
    assert len(found) == 3
    assert {volatility for _, volatility in found} == {"i"}


@pytest.mark.parametrize("name", STATEMENTS)
def test_statement_is_one_that_citus_takes(name: str) -> None:
    assert "-- include" not in sql.load(name)
    text = re.sub(r"--.*", "", sql.load(name))
    assert not re.search(r"\bWITH RECURSIVE\b|\bGROUPING SETS\b|\bMERGE\b|\bctid\b", text, re.IGNORECASE)
    if UPDATED.search(text):
        assert not re.search(r"\b(session_id|bucket)\s*=(?!.*WHERE)", text.split("WHERE")[0].split("FROM")[0])
    on_conflict = re.search(r"DO UPDATE SET(.*)", text, re.IGNORECASE | re.DOTALL)
    if on_conflict and name not in ("put_inbox", "finish_inbox"):  # Queues are local tables.
        assert not re.search(r"\bSELECT\b|\bnow\(|\bclock_timestamp\(", on_conflict[1], re.IGNORECASE)
    if re.search(r"\bFOR UPDATE\b", text, re.IGNORECASE):
        assert name in ("claim_inbox", "claim_suspect", "delete_session"), "queues and one session by its id alone"
