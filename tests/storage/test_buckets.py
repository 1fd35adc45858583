"""Partitions: which one a time belongs to, and that they are there when rows come."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime

import pytest
from django.db import connection, transaction

from sessions_app.storage import buckets


@pytest.mark.parametrize(
    ("moment", "bucket"),
    [
        (datetime(2026, 11, 30, 23, 59, tzinfo=UTC), date(2026, 11, 1)),
        (datetime(2026, 12, 1, tzinfo=UTC), date(2026, 12, 1)),
        (datetime(2099, 12, 31, tzinfo=UTC), date(2099, 12, 1)),
        (datetime(2100, 1, 1, tzinfo=UTC), buckets.ABSURD),
        (datetime(1, 1, 1, tzinfo=UTC), buckets.ABSURD),
        (datetime(9999, 12, 31, tzinfo=UTC), buckets.ABSURD),
    ],
)
def test_bucket_of(moment: datetime, bucket: date) -> None:
    assert buckets.bucket_of(moment) == bucket


def partitions() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent IN (SELECT partrelid FROM pg_partitioned_table)"
        )
        return {row[0] for row in cursor.fetchall() if not row[0].endswith("idx") and "pkey" not in row[0]}


@pytest.mark.django_db
def test_partitions_are_made_once_for_all_three_tables() -> None:
    for _ in range(2):
        buckets.ensure_partitions([date(2031, 12, 1), date(2032, 1, 1), date(2031, 12, 1)])
    made = {name for name in partitions() if "2031_12" in name or "2032_01" in name}
    assert made == {f"{table}_{month}" for table in buckets.PARTITIONED for month in ("2031_12", "2032_01")}


@pytest.mark.django_db
def test_long_rows_stay_in_one_piece_in_each_partition_that_is_read_whole() -> None:
    buckets.ensure_partitions([date(2031, 12, 1)])
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname, reloptions FROM pg_class WHERE relname LIKE '%2031_12' AND relkind = 'r'")
        found = dict(cursor.fetchall())
    kept = ["toast_tuple_target=8160"]
    assert found == {"part_2031_12": kept, "request_search_2031_12": kept, "request_log_2031_12": None}


@pytest.mark.django_db
def test_next_months_are_made_ahead() -> None:
    buckets.ensure_current_partitions()
    month = buckets.bucket_of(datetime.now(UTC))
    for _ in range(3):
        assert buckets.partition_name("part", month) in partitions()
        month = buckets.next_month(month)


@pytest.mark.django_db
def test_known_partitions_cost_one_statement(django_assert_num_queries: object) -> None:
    buckets.ensure_partitions([date(2031, 12, 1)])
    with django_assert_num_queries(3):  # with the savepoint and its release
        buckets.ensure_partitions([date(2031, 12, 1)])


@pytest.mark.django_db(transaction=True)
def test_partition_that_another_writer_made_meanwhile_is_seen() -> None:
    """PostgreSQL remembers within a transaction that a name was not there."""
    bucket = date(2032, 5, 1)
    with transaction.atomic():
        with connection.cursor() as cursor:
            assert buckets._missing(cursor, [bucket]) == [bucket]
        others = threading.Thread(target=make_in_another_connection, args=[bucket])
        others.start()
        others.join()
        buckets.ensure_partitions([bucket])
    with connection.cursor() as cursor:
        assert not buckets._missing(cursor, [bucket])
        for table in buckets.PARTITIONED:
            cursor.execute(f"DROP TABLE {buckets.partition_name(table, bucket)}")


def make_in_another_connection(bucket: date) -> None:
    try:
        buckets.ensure_partitions([bucket])
    finally:
        connection.close()
