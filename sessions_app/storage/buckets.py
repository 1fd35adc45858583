"""The partition a row belongs to, and making partitions ahead and on demand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from django.db import connection, transaction
from psycopg import sql

from sessions_app.storage.locks import LOCK_PARTITIONS

PARTITIONED = ("request_log", "part", "part_search")
FIRST_YEAR, LAST_YEAR = 2020, 2099
# Rows whose clock is absurd share one ordinary partition, so that no DEFAULT one is needed.
ABSURD = date(1970, 1, 1)
MONTHS_AHEAD = 2


def bucket_of(moment: datetime) -> date:
    """The first day of the month of `started_at`, in UTC; one bucket for all times outside 2020 to 2099."""
    if FIRST_YEAR <= moment.year <= LAST_YEAR:
        return date(moment.year, moment.month, 1)
    return ABSURD


def next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def ensure_partitions(buckets: Iterable[date]) -> None:
    """Make the missing partitions of these buckets; one statement when none is missing.

    Within a transaction they are there for it alone until it commits. Reading and writing go on meanwhile.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        missing = _missing(cursor, sorted(set(buckets)))
        if not missing:
            return
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK_PARTITIONS])
        # Looked up again under the lock: another process may have made them meanwhile.
        for bucket in _missing(cursor, missing):
            for table in PARTITIONED:
                _make_partition(cursor, table, bucket)


def ensure_current_partitions() -> None:
    """This month's partitions, those of the next two months and the one for absurd clocks."""
    months = [bucket_of(datetime.now(UTC))]
    for _ in range(MONTHS_AHEAD):
        months.append(next_month(months[-1]))
    ensure_partitions([ABSURD, *months])


def partition_name(table: str, bucket: date) -> str:
    return f"{table}_{bucket:%Y_%m}"


def _missing(cursor: Any, buckets: list[date]) -> list[date]:
    # The table that is made last tells of all three.
    names = [partition_name(PARTITIONED[-1], bucket) for bucket in buckets]
    # From the catalog's rows: to_regclass() would go on saying what it said before another writer made them.
    statement = """
        SELECT name FROM unnest(%s::text[]) AS name WHERE NOT EXISTS (
            SELECT FROM pg_class WHERE relname = name AND relnamespace = current_schema()::regnamespace
        )
    """
    cursor.execute(statement, [names])
    absent = {row[0] for row in cursor.fetchall()}
    return [bucket for bucket, name in zip(buckets, names, strict=True) if name in absent]


def _make_partition(cursor: Any, table: str, bucket: date) -> None:
    # Created apart and attached: that takes a lock under which reading and writing the table go on.
    parent, child = sql.Identifier(table), sql.Identifier(partition_name(table, bucket))
    cursor.execute(sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL)").format(child, parent))
    bounds = {"low": sql.Literal(bucket), "high": sql.Literal(next_month(bucket))}
    attach = "ALTER TABLE {parent} ATTACH PARTITION {child} FOR VALUES FROM ({low}) TO ({high})"
    cursor.execute(sql.SQL(attach).format(parent=parent, child=child, **bounds))
