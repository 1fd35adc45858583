"""Copies of sessions that `make bench-large` makes in the database: they are what the digester would have stored."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from benchmarks import generator, multiply
from sessions_app import ids
from sessions_app.access.keys import create_key
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import Part, Project, RequestKey, RequestLog, Session
from sessions_app.queries.filters import words
from sessions_app.queries.session_list import list_sessions
from sessions_app.storage.checking import check_rollups
from tests.factories import filters_for, make_user, store_logs
from tests.storage.test_search_rows import check_index

pytestmark = pytest.mark.django_db
# What differs between a session and its copy: ids, marks, times.
_OWN = re.compile(
    r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}|[0-9a-f]{24}|-copy-\d\d|-v\d\d|name=\"csrf[^>]+"
    r"|\d{4}-\d\d-\d\d\S*|\d\d:\d\d\S*|([A-Z][a-z]{2} )?\d{1,2} [A-Z][a-z]{2}( \d{4})?"
)


@pytest.fixture
def copies(project: Project) -> list[multiply.Copy]:
    """Four copies of each of two sessions, an agent's and one in Japanese."""
    plans = [
        generator.Plan(3, 5, True, "english", generator.UNTIL, 1),
        generator.Plan(4, 9, False, "japanese", generator.UNTIL, 5),
    ]
    store_logs(project, *(log for plan in plans for log in generator.session_logs(plan)))
    database: Any = connection.connection
    planned = multiply.planned(multiply.originals(database, project.pk), 4 * 14)
    assert len(planned) == 8
    multiply.stage(database, project, planned)
    multiply.make(database, project, planned)
    return planned


def session_of(project: Project, key: str) -> Session:
    return Session.objects.get(id=ids.session_id(project.key, key))


def test_roll_ups_and_rows_of_the_index_are_right(copies: list[multiply.Copy]) -> None:
    assert Session.objects.count() == 10
    assert len({copy.bucket for copy in copies}) > 3
    assert [found for found in check_rollups() if found] == []
    check_index()


def test_each_request_is_found_by_its_ids(project: Project, copies: list[multiply.Copy]) -> None:
    assert RequestKey.objects.count() == RequestLog.objects.count() == 70
    for log in RequestLog.objects.all():
        key = RequestKey.objects.get(id=ids.request_key(project.key, log.request_id))
        assert (key.request_log_id, key.session_id, key.bucket) == (log.id, log.session_id, log.bucket)
    assert list_sessions(project, words(copies[0].key)).results[0].session_key == copies[0].key


def test_pages_and_documents_are_those_of_the_original(
    project: Project, client: Client, copies: list[multiply.Copy]
) -> None:
    client.force_login(make_user())
    headers = {"Authorization": f"Bearer {create_key(project, 'test', ['read'])[1]}"}
    for copy in copies[-2:]:
        pair = [session_of(project, key) for key in (copy.original.key, copy.key)]
        pages = [client.get(f"/p/acme/sessions/{one.id}/").content.decode() for one in pair]
        assert normal(pages[0]) == normal(pages[1])
        logs = [RequestLog.objects.filter(session_id=one.id).order_by("started_at") for one in pair]
        assert logs[0].count() == copy.original.requests
        for pairs in zip(*logs, strict=True):
            was, now = (client.get(f"/api/v1/requests/{one.id}", headers=headers).json() for one in pairs)
            assert all(now[name] == was[name] for name in ("request", "response", "input_tokens", "cost", "status"))


def normal(page: str) -> str:
    return _OWN.sub("", page.replace("<wbr>", ""))


def test_searches_find_the_original_and_all_copies(project: Project, copies: list[multiply.Copy]) -> None:
    for log in RequestLog.objects.filter(session_id=copies[0].original.id).exclude(input_preview=""):
        # The preview may end within its last word.
        said = f'"{" ".join(log.input_preview.split()[:4][:-1])}"'
        assert len(list_sessions(project, filters_for(said)).results) == 5, said


def test_filters_find_those_that_differ(project: Project, copies: list[multiply.Copy]) -> None:
    other = next(copy for copy in copies if copy.model_mark)
    found = list_sessions(project, filters_for(models=[other.original.model + other.model_mark])).results
    assert other.key in [one.session_key for one in found]
    assert copies[0].original.key not in [one.session_key for one in found]
    user = next(copy for copy in copies if copy.user_mark)
    found = list_sessions(project, filters_for(f"user:{user.original.user}{user.user_mark}")).results
    assert user.key in [one.session_key for one in found]


def test_logs_that_were_sent_before_change_nothing(project: Project, copies: list[multiply.Copy]) -> None:
    before = Part.objects.count()
    store_logs(project, *generator.session_logs(generator.Plan(3, 5, True, "english", generator.UNTIL, 1)))
    digest_until_empty()
    assert (RequestLog.objects.count(), Part.objects.count()) == (70, before)
