"""Sessions and requests in the admin site."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sessions_app.admin import lists as admin_lists
from sessions_app.models import Link, Part, Project, RequestKey, RequestLog, RequestSearch, Session
from tests.admin.conftest import log

SESSIONS, REQUESTS = "/admin/sessions_app/session/", "/admin/sessions_app/requestlog/"
TABLES = (Session, RequestLog, Part, RequestSearch, RequestKey)
Store = Callable[..., None]


def listed(site: Client, query: str = "") -> list[str]:
    page = site.get(SESSIONS + query)
    assert page.status_code == 200
    return [row.session_key for row in page.context["cl"].result_list]


def requests_listed(site: Client, query: str = "") -> list[str]:
    page = site.get(REQUESTS + query)
    assert page.status_code == 200
    return [row.request_id for row in page.context["cl"].result_list]


def delete(site: Client, address: str, *pks: Any, confirm: bool = True, **more: Any) -> Any:
    data = {"action": "delete_selected", "_selected_action": [str(pk) for pk in pks], **more}
    return site.post(address, data | ({"post": "yes"} if confirm else {}), follow=True)


# --- who ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [SESSIONS, REQUESTS, "/admin/sessions_app/rejectedlog/", "/admin/"])
def test_only_staff(db: None, django_user_model: Any, address: str) -> None:
    visitor = Client()
    assert visitor.get(address).status_code == 302
    visitor.force_login(django_user_model.objects.create_user("ada"))
    assert visitor.get(address).status_code == 302


# --- amounts --------------------------------------------------------------------------------------------------------


def test_costs_have_the_digits_that_mean_something(store: Store, site: Client, project: Project) -> None:
    store(log(0, cost=0.00003539999999999999, usage={"input_tokens": 5, "output_tokens": 1}))
    session, request = Session.objects.get(), RequestLog.objects.get()

    for address in (SESSIONS, REQUESTS, f"{SESSIONS}{session.pk}/change/", f"{REQUESTS}{request.pk}/change/"):
        text = site.get(address).content.decode()
        assert "$0.0000354<" in text
        assert "0.00003540" not in text
    # Notes for programs are not shown as texts.
    assert "2026-11-27" not in text


# --- lists ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def some(store: Store, project: Project) -> None:
    other = Project.objects.create(slug="other")
    store(log(0, "s1"), log(1, "s1"), log(30, "s2", user="bob"), log(40, "s3", status="error", started_at="2025-01-01"))
    store(log(0, "s1"), log(9, "theirs"), to=other)


def test_sessions_of_one_project_newest_first(some: None, site: Client) -> None:
    assert listed(site) == ["s2", "s1", "s3"]
    assert listed(site, "?project=other") == ["theirs", "s1"]
    # What is not there shows the default, as the links of the filter do.
    assert listed(site, "?project=none") == ["s2", "s1", "s3"]


def test_list_without_any_project(site: Client) -> None:
    assert listed(site) == []
    assert requests_listed(site) == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?q=s1", ["s1"]),
        ("?q=resp-s1-1", ["s1"]),
        ("?q=s2-30", ["s2"]),
        ("?q=bob", ["s2"]),
        ("?q=question+30", ["s2"]),
        ("?q=nothing+like+it", []),
        ("?q=%00", ["s2", "s1", "s3"]),  # Django refuses it with a message.
        ("?q=theirs", []),
        ("?project=other&q=theirs", ["theirs"]),
        ("?activity=older90d", ["s3"]),
        ("?failures=some", ["s3"]),
        ("?failures=none", ["s2", "s1"]),
    ],
)
def test_sessions_are_found(some: None, site: Client, query: str, expected: list[str]) -> None:
    assert listed(site, query) == expected


def test_session_is_found_by_its_id(some: None, site: Client) -> None:
    assert listed(site, f"?q={Session.objects.get(session_key='s2').id}") == ["s2"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["s2-30", "s1-1", "s1-0", "s3-40"]),
        ("?project=other", ["theirs-9", "s1-0"]),
        ("?status=error", ["s3-40"]),
        ("?kind=tool", []),
        ("?source=native&status=success", ["s2-30", "s1-1", "s1-0"]),
        ("?q=s1-1", ["s1-1"]),
        ("?q=resp-s2-30", ["s2-30"]),
        ("?q=s1", ["s1-1", "s1-0"]),
        ("?q=theirs-9", []),
        ("?q=gpt", []),
    ],
)
def test_requests_are_found(some: None, site: Client, query: str, expected: list[str]) -> None:
    assert requests_listed(site, query) == expected


def test_requests_of_a_session(some: None, site: Client) -> None:
    session = Session.objects.get(session_key="s3")
    page = site.get(f"{SESSIONS}{session.pk}/change/")
    address = re.search(rf'{REQUESTS}\?session_id=[^"]+', page.content.decode())
    assert address
    assert requests_listed(site, address[0].removeprefix(REQUESTS).replace("&amp;", "&")) == ["s3-40"]


def test_latest_sessions_requests_are_shown(some: None, site: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sessions_app.admin.requests.LATEST_SESSIONS", 1)

    assert requests_listed(site) == ["s2-30"]
    assert requests_listed(site, "?q=s3-40") == ["s3-40"]


@pytest.mark.parametrize(
    "query", ["?session_id=x", "?o=1", "?project=%00", "?activity=x", "?p=99", "?all=1", "?q=" + "x" * 3000]
)
@pytest.mark.parametrize("address", [SESSIONS, REQUESTS])
def test_odd_addresses_are_no_errors(some: None, site: Client, address: str, query: str) -> None:
    assert site.get(address + query).status_code in (200, 302)


def test_pages_of_one_row(some: None, site: Client) -> None:
    session, request = Session.objects.get(session_key="s2"), RequestLog.objects.get(request_id="s2-30")

    text = site.get(f"{SESSIONS}{session.pk}/change/").content.decode()
    assert "question 30 of s2" in text
    assert f"/p/default/sessions/{session.pk}/" in text
    text = site.get(f"{REQUESTS}{request.pk}/change/").content.decode()
    assert "s2-30" in text
    assert f"/p/default/requests/{request.pk}/" in text
    assert site.get(f"{REQUESTS}{session.pk}/change/").status_code == 302  # Gone: back to the index with a message.


# --- fast on a large table ------------------------------------------------------------------------------------------

LISTS = [
    *(
        SESSIONS + query
        for query in ("", "?q=s1", "?q=question", "?activity=older90d", "?activity=7d", "?failures=some", "?p=2")
    ),
    *(REQUESTS + query for query in ("", "?q=s1", "?status=error", "?kind=tool&source=native", "?p=2")),
]


@pytest.mark.parametrize("address", LISTS)
def test_list_is_a_bounded_number_of_statements(some: None, site: Client, address: str) -> None:
    with CaptureQueriesContext(connection) as captured:
        assert site.get(address).status_code == 200

    statements = [query["sql"] for query in captured]
    # The browser's session, the user, the projects; what the page shows.
    assert len(statements) <= 12, statements


@pytest.mark.parametrize("address", LISTS)
def test_list_counts_nothing_and_scans_no_table(some: None, site: Client, address: str) -> None:
    with CaptureQueriesContext(connection) as captured:
        site.get(address)

    tables = "session|request_log|part|link|request_key"
    hot = [query["sql"] for query in captured if re.search(f'FROM "({tables})"', query["sql"])]
    assert hot
    for statement in hot:
        assert "COUNT(" not in statement.upper()
        assert "DISTINCT" not in statement.upper()
        assert "LIMIT" in statement or " IN (" in statement or '"id" = ' in statement or "token" in statement, statement
        with transaction.atomic(), connection.cursor() as cursor:
            # On tables this small a scan is cheaper; forbidden, it shows up only where there is no index.
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {statement}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
        assert not re.search(f"Seq Scan on ({tables})", plan), plan


def test_list_of_sessions_walks_its_index(some: None, site: Client) -> None:
    with CaptureQueriesContext(connection) as captured:
        site.get(SESSIONS)

    lists = [query["sql"] for query in captured if 'FROM "session"' in query["sql"]]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        for statement in lists:
            cursor.execute(f"EXPLAIN {statement}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "session_latest" in plan
            assert "Sort" not in plan


def test_count_ends_with_the_list(some: None, site: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin_lists, "MOST_LISTED", 2)

    assert site.get(SESSIONS).context["cl"].result_count == 2


# --- deletion -------------------------------------------------------------------------------------------------------


def counts() -> dict[str, int]:
    return {model.__name__: model.objects.count() for model in TABLES}


def test_confirmation_says_what_would_go_and_deletes_nothing(some: None, site: Client) -> None:
    before = counts()
    session = Session.objects.get(session_key="s1", project_id=Project.objects.get(slug="default").pk)

    page = delete(site, SESSIONS, session.pk, confirm=False).content.decode()

    assert "question 0 of s1" in page
    assert "Requests: 2" in page or "requests: 2" in page.lower()
    assert counts() == before


def test_bulk_deletion_removes_everything_and_says_what(some: None, site: Client, project: Project) -> None:
    chosen = Session.objects.filter(project_id=project.pk).exclude(session_key="s3")
    ids = list(chosen.values_list("pk", flat=True))

    page = delete(site, SESSIONS, *ids)

    said = " ".join(str(message) for message in page.context["messages"])
    assert "Deleted 2 sessions and 3 requests" in said
    assert re.search(r"session 2 \(.*request_log 3 \(.*part \d+ \(.*request_key 3 \(", said), said
    assert listed(site) == ["s3"]
    for model in TABLES[1:]:
        assert not model.objects.filter(session_id__in=ids).exists()
        assert model.objects.exists()
    assert LogEntry.objects.count() == 2


def test_sessions_of_several_projects_at_once(some: None, site: Client) -> None:
    delete(site, SESSIONS + "?project=other", *Session.objects.values_list("pk", flat=True))

    assert listed(site, "?project=other") == []
    assert listed(site) == ["s2", "s1", "s3"]  # The list's filter is kept.


def test_all_of_the_list_is_bounded(some: None, site: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin_lists, "MOST_SELECTED", 2)
    first = Session.objects.first()

    page = delete(site, SESSIONS, first.pk, confirm=False, select_across="1")

    assert "Only the first 2 are deleted" in page.content.decode()
    assert page.content.decode().count('name="_selected_action"') == 2


def test_one_session(some: None, site: Client, project: Project) -> None:
    session = Session.objects.get(session_key="s2")
    address = f"{SESSIONS}{session.pk}/delete/"
    assert "question 30 of s2" in site.get(address).content.decode()

    page = site.post(address, {"post": "yes"}, follow=True)

    assert "Deleted 1 session and 1 request" in page.content.decode()
    for model in TABLES[1:]:
        assert not model.objects.filter(session_id=session.pk).exists()


def test_one_request_leaves_the_roll_up_right(some: None, site: Client, project: Project) -> None:
    request = RequestLog.objects.get(request_id="s1-1")

    page = site.post(f"{REQUESTS}{request.pk}/delete/", {"post": "yes"}, follow=True)

    assert "Deleted 0 sessions and 1 request" in page.content.decode()
    session = Session.objects.get(pk=request.session_id)
    assert (session.request_count, session.title) == (1, "question 0 of s1")
    assert not Link.objects.exclude(key_id__in=RequestKey.objects.values("id")).exists()


def test_many_requests(some: None, site: Client, project: Project) -> None:
    ids = RequestLog.objects.filter(project_id=project.pk).values_list("pk", flat=True)

    page = delete(site, REQUESTS, *ids)

    assert "Deleted 3 sessions and 4 requests" in page.content.decode()
    assert listed(site) == []


def test_nothing_can_be_added_or_changed(some: None, site: Client) -> None:
    session = Session.objects.first()
    for address in (SESSIONS, REQUESTS):
        assert site.get(f"{address}add/").status_code == 403
    assert site.post(f"{SESSIONS}{session.pk}/change/", {"title": "x"}).status_code == 403


def test_viewer_may_not_delete(some: None, django_user_model: Any) -> None:
    viewer = django_user_model.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    site = Client()
    site.force_login(viewer)
    session = Session.objects.first()

    assert listed(site) == ["s2", "s1", "s3"]
    assert site.post(f"{SESSIONS}{session.pk}/delete/", {"post": "yes"}).status_code == 403
    delete(site, SESSIONS, session.pk)
    assert Session.objects.filter(pk=session.pk).exists()


# --- hostile texts, strict policy -----------------------------------------------------------------------------------


def test_pages_hold_under_the_strict_policy(store: Store, site: Client) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    store(log(0, evil, request_id=evil, model=evil, request={"messages": [{"role": "user", "content": evil}]}))
    session, request = Session.objects.get(), RequestLog.objects.get()

    for address in (
        SESSIONS,
        REQUESTS,
        f"{SESSIONS}{session.pk}/change/",
        f"{REQUESTS}{request.pk}/change/",
        f"{SESSIONS}{session.pk}/delete/",
    ):
        page = site.get(address)
        text = page.content.decode()
        assert "script-src 'self'" in page.headers["Content-Security-Policy"]
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")", text)
        assert not re.search(r"\son\w+=\"|style=\"", text.replace("&lt;", ""))
