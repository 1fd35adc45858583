"""The plans of all statements behind lists, statistics and the search in a session: none reads a whole table."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection

from benchmarks.statements import scanned
from sessions_app.content.needles import Needle
from sessions_app.models import Project, Session
from sessions_app.queries.matching import count_some
from sessions_app.queries.request_list import list_requests
from sessions_app.queries.request_numbers import request_numbers
from sessions_app.queries.search import walk
from sessions_app.queries.search.find import find_in_session
from sessions_app.queries.search.orders import CHOICES
from sessions_app.queries.session import find_session
from sessions_app.queries.session_list import list_sessions
from sessions_app.queries.session_stats import facets, totals
from tests.factories import filters_for, make_log, make_project, store_logs

pytestmark = pytest.mark.django_db
HOT = ("session", "request_log", "part", "request_search", "request_key", "link")
QUERIES = (
    *("", "hello", '"hello there"', "hel*", "-hello", "in:user hello", "model:o3", "-model:o3", "user:bob", "tag:x"),
    *(
        *("status:error", "status:running", "-status:running", "status:unfinished", "status:ok,running"),
        "error:timeout",
        "has:tool",
        "-has:tool",
        "has:branch",
        "finish:stop",
        "metadata.a:b",
        "kind:llm",
    ),
    *("cost:>1", "tokens:>1", "duration:>1h", "requests:>3", "ttft:>1s", "before:2026-01-01", "after:-24h"),
    *("trace:x", "session:x", "request:x"),
)


@pytest.fixture(scope="module", autouse=True)
def _small_chunks() -> Any:
    patch = pytest.MonkeyPatch()
    patch.setattr(walk, "FIRST_CHUNK", 2)
    yield
    patch.undo()


@pytest.fixture
def project() -> Project:
    project = make_project()
    store_logs(project, *[make_log("hello there", session_id=f"s{number // 2}") for number in range(12)])
    with connection.cursor() as cursor:
        # On tables this small a scan is cheaper; forbidden, it shows up only where there is no index.
        cursor.execute("SET LOCAL enable_seqscan = off")
    return project


def scans(work: Callable[[], object]) -> set[str]:
    with scanned(HOT, few=-2) as tables:
        work()
    return tables


def test_scans_are_noticed(project: Project) -> None:
    assert scans(lambda: Session.objects.filter(title="Hello").exists()) == {"session"}


def test_numbers_of_requests_read_no_table_from_end_to_end(project: Project) -> None:
    sessions = list_sessions(project, filters_for("")).results
    assert scans(lambda: request_numbers(sessions)) == set()
    assert len(request_numbers(sessions)) == 12


def test_no_query_reads_a_table_from_end_to_end(project: Project) -> None:
    found = {}
    for query in QUERIES:
        filters = filters_for(query)
        asked: list[Callable[..., object]] = [list_sessions, list_requests, count_some, totals, facets]
        found |= {(one.__name__, query): tables for one in asked if (tables := scans(partial(one, project, filters)))}
    assert found == {}


def test_no_order_reads_a_table_from_end_to_end(project: Project) -> None:
    for order in CHOICES:
        for query in ("", "model:o3", "hello"):
            assert scans(partial(list_sessions, project, filters_for(query), order, limit=3)) == set(), (order, query)


def test_finding_in_a_session_reads_its_rows_alone(project: Project) -> None:
    session = find_session(project.pk, Session.objects.values_list("id", flat=True)[0])
    assert session
    assert scans(lambda: find_in_session(project, session.id, session.buckets, [Needle("hello")])) == set()
