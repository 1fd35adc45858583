"""The partition (bucket) of a row, and making partitions ahead and on demand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from django.db import connection, transaction
from psycopg import sql

from sessions_app.storage.locks import LOCK_PARTITIONS

PARTITIONED = ("request_log", "part", "request_search")
# Rows of up to a page stay in one piece. PostgreSQL would put values of rows beyond 2 KB elsewhere, in pieces with an
# index of their own, which takes more bytes and more time. A setting of each partition: the parent has none.
_IN_ONE_PIECE = {"part": 8_160, "request_search": 8_160}
FIRST_YEAR, LAST_YEAR = 2020, 2099
# Rows with absurd times share one ordinary partition, so that no DEFAULT partition is needed.
ABSURD = date(1970, 1, 1)
MONTHS_AHEAD = 2


def bucket_of(moment: datetime) -> date:
    """The first day of the month of `started_at`, in UTC. All times outside 2020 to 2099 share one bucket."""
    if FIRST_YEAR <= moment.year <= LAST_YEAR:
        return date(moment.year, moment.month, 1)
    return ABSURD


def next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def ensure_partitions(buckets: Iterable[date]) -> None:
    """Make the missing partitions of these buckets; one statement when none is missing.

    A transaction that makes one is the only one to see it until it commits. Others read and write meanwhile.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        missing = _missing(cursor, sorted(set(buckets)))
        if not missing:
            return
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK_PARTITIONS])
        # Look again under the lock: another process may have made them meanwhile.
        for bucket in _missing(cursor, missing):
            for table in PARTITIONED:
                _make_partition(cursor, table, bucket)


def ensure_current_partitions() -> None:
    """Make the partitions of this month, the next two, and the one for absurd times."""
    months = [bucket_of(datetime.now(UTC))]
    for _ in range(MONTHS_AHEAD):
        months.append(next_month(months[-1]))
    ensure_partitions([ABSURD, *months])


def partition_name(table: str, bucket: date) -> str:
    return f"{table}_{bucket:%Y_%m}"


def _missing(cursor: Any, buckets: list[date]) -> list[date]:
    # If the last table has its partition, the other two have theirs.
    names = [partition_name(PARTITIONED[-1], bucket) for bucket in buckets]
    # Read from the catalog, because to_regclass() would not notice what another writer has made since.
    statement = """
        SELECT name FROM unnest(%s::text[]) AS name WHERE NOT EXISTS (
            SELECT FROM pg_class WHERE relname = name AND relnamespace = current_schema()::regnamespace
        )
    """
    cursor.execute(statement, [names])
    absent = {row[0] for row in cursor.fetchall()}
    return [bucket for bucket, name in zip(buckets, names, strict=True) if name in absent]


def _make_partition(cursor: Any, table: str, bucket: date) -> None:
    # Created as a table and then attached: others can read and write under that lock.
    parent, child = sql.Identifier(table), sql.Identifier(partition_name(table, bucket))
    cursor.execute(sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL)").format(child, parent))
    if table in _IN_ONE_PIECE:
        setting = sql.SQL("ALTER TABLE {} SET (toast_tuple_target = {})")
        cursor.execute(setting.format(child, sql.Literal(_IN_ONE_PIECE[table])))
    bounds = {"low": sql.Literal(bucket), "high": sql.Literal(next_month(bucket))}
    attach = "ALTER TABLE {parent} ATTACH PARTITION {child} FOR VALUES FROM ({low}) TO ({high})"
    cursor.execute(sql.SQL(attach).format(parent=parent, child=child, **bounds))
