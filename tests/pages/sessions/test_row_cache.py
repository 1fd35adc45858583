"""A row is written once; a session that changed is written anew."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from sessions_app.models import Project, RequestLog, Session
from sessions_app.pages.sessions import row_cache
from sessions_app.pages.sessions.row_cache import RowCache
from sessions_app.pages.sessions.rows import write_page
from sessions_app.queries.filters import SessionFilters
from sessions_app.queries.session_list import list_sessions
from tests.factories import START, make_log, make_project, make_session, make_user, store_logs


@pytest.fixture
def project(db: None) -> Project:
    row_cache.written.clear()
    return make_project()


def test_second_page_reads_no_activity(project: Project, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    make_session(project, "a")
    make_session(project, "b")
    rows = list_sessions(project, SessionFilters()).results
    with django_assert_num_queries(1):
        first = write_page(rows, "/p/acme/sessions/")
    with django_assert_num_queries(0):
        assert write_page(rows, "/p/acme/sessions/") == first
    with django_assert_num_queries(1):
        assert "/p/other/sessions/" in write_page(rows, "/p/other/sessions/")


def test_session_that_changed_is_written_anew(project: Project) -> None:
    client = Client()
    client.force_login(make_user("alice"))
    make_session(project, "a", make_log("First", started_at=START))
    address = f"/p/{project.slug}/sessions/"
    assert 'aria-label="1 request over' in client.get(address).content.decode()
    store_logs(project, make_log("Second", session_id="a", started_at=START + timedelta(hours=1), user="bob"))
    page = client.get(address).content.decode()
    assert 'aria-label="2 requests over' in page
    assert "<bdi>bob</bdi>" in page


def test_strip_is_not_older_than_what_the_requests_say(project: Project) -> None:
    """The row of the session stays as it is when a request between its ends turns out to have lasted longer."""
    half, hour = START + timedelta(minutes=30), START + timedelta(hours=1)
    store_logs(project, *(make_log(session_id="a", started_at=started) for started in (START, half, hour)))
    before = write_page(list_sessions(project, SessionFilters()).results, "/")
    RequestLog.objects.filter(started_at=half).update(ended_at=half + timedelta(minutes=10))
    Session.objects.update(revision=F("revision") + 1)
    assert write_page(list_sessions(project, SessionFilters()).results, "/") != before


def test_times_that_pass_are_never_kept(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    make_session(project, "a")
    rows = list_sessions(project, SessionFilters()).results
    write_page(rows, "/")
    monkeypatch.setattr("sessions_app.pages.html.formats.ago", lambda value: "a moment later")
    assert "a moment later" in write_page(rows, "/")


def test_cache_has_a_bound() -> None:
    cache = RowCache(most_bytes=100)
    for number in range(5):
        cache.put(number, "x" * 30)  # type: ignore[arg-type]
    assert [cache.get(number) is not None for number in range(5)] == [False, False, True, True, True]
    cache.put(4, "y" * 90)  # type: ignore[arg-type]
    assert cache.get(4) == "y" * 90
    assert cache.size == 90
