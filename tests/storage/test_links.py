"""Links are found by a hash of link key and role, in order of their start."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from sessions_app.models import Link, RequestKey
from sessions_app.queries.named_ids import links_of_id
from sessions_app.storage import links, sql
from sessions_app.storage.connections import binary_cursor
from sessions_app.structure.grouping_rules import LinkRole

pytestmark = pytest.mark.django_db
START = datetime(2026, 1, 1, tzinfo=UTC)
KEY, OTHER = uuid.UUID(int=1), uuid.UUID(int=2)
FIRST, LAST = uuid.UUID(int=0), uuid.UUID(int=2**128 - 1)


def asked(key: uuid.UUID, role: LinkRole) -> dict[str, list[object]]:
    """The question for the two latest links of a link key."""
    return {
        "n": [0],
        "link_key": [key],
        "role": [int(role)],
        "after": [START - timedelta(days=1)],
        "after_key": [FIRST],
        "before": [START + timedelta(days=1)],
        "before_key": [LAST],
        "most": [2],
        "first": [False],
    }


@pytest.fixture
def keys() -> list[uuid.UUID]:
    """Three requests, one after the other, each with two links of one key and one of another."""
    found = [uuid.UUID(int=10 + number) for number in range(3)]
    for number, key in enumerate(found):
        place = {"request_log_id": key, "session_id": FIRST, "bucket": START.date(), "content_hash": b"x"}
        RequestKey.objects.create(id=key, **place)
        start = START + timedelta(seconds=number)
        with binary_cursor() as cursor:
            rows = [(KEY, LinkRole.END, start, key), (KEY, LinkRole.ID, start, key), (OTHER, LinkRole.END, start, key)]
            links.insert(cursor, rows * 2)
    return found


def test_the_latest_come_first_each_once(keys: list[uuid.UUID]) -> None:
    with binary_cursor() as cursor:
        found = cursor.execute(sql.load("find_links"), asked(KEY, LinkRole.END)).fetchall()
        none = cursor.execute(sql.load("find_links"), asked(KEY, LinkRole.TASK)).fetchall()
    assert [row[2] for row in found] == [keys[2], keys[1]]
    assert none == []
    assert Link.objects.count() == 9


def test_the_index_is_asked_and_nothing_is_sorted(keys: list[uuid.UUID]) -> None:
    with binary_cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = cursor.execute(f"EXPLAIN {sql.load('find_links')}", asked(KEY, LinkRole.END)).fetchall()
    lines = [row[0] for row in plan]
    assert sum("link_found" in line for line in lines) == 2
    assert not any("Sort" in line for line in lines)
    assert "link_found" in links_of_id(KEY, LinkRole.ID, LinkRole.CALL).explain()


def test_an_id_is_found_in_the_roles_asked_for(keys: list[uuid.UUID]) -> None:
    assert links_of_id(KEY, LinkRole.ID, LinkRole.CALL).count() == 3
    assert links_of_id(KEY, LinkRole.ID, LinkRole.END).count() == 6
    assert links_of_id(KEY, LinkRole.TRACE).count() == 0
