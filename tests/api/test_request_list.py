"""GET /api/v1/requests: the requests of a project."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from sessions_app.models import Project, RequestLog
from tests.factories import START, make_log, make_project, make_user, store_logs

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(project: Project) -> Project:
    store_logs(
        project,
        make_log("A robot", request_id="one", session_id="s", started_at=START, seconds=2, user="al", cost=0.1 + 0.2),
        make_log("Two cats", request_id="two", started_at=START + timedelta(seconds=9), status="error"),
    )
    store_logs(make_project("other"), make_log("A robot"))
    return project


def test_it_works(client: Client, two: Project) -> None:
    page = client.get("/api/v1/requests?q=robot").json()
    (row,) = page["results"]
    assert page["next"] is None
    assert (row["request_id"], row["session_key"], row["user"], row["status"]) == ("one", "s", "al", "success")
    assert (row["duration_ms"], row["cost"]) == (2000.0, "0.3")
    (match,) = row["matches"]
    assert (match["request_id"], match["role"]) == (str(RequestLog.objects.get(request_id="one").id), "user")
    assert (match["text"], match["found"]) == ("A robot", [[2, 7]])


def test_a_match_leads_to_its_place_on_the_page(client: Client, two: Project) -> None:
    (row,) = client.get("/api/v1/requests?q=%22a+robot%22+user:al").json()["results"]
    browser = Client()
    browser.force_login(make_user("reader"))
    address, fragment = row["matches"][0]["url"].split("#")
    page = browser.get(address).content.decode()
    assert f'<mark id="{fragment}" aria-current="true">A robot</mark>' in page


def test_pages_reach_the_end(client: Client, two: Project) -> None:
    first = client.get("/api/v1/requests?limit=1").json()
    second = client.get(f"/api/v1/requests?limit=1&cursor={first['next']}").json()
    assert [row["request_id"] for row in (*first["results"], *second["results"])] == ["two", "one"]
    assert second["next"] is None


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("order=cost", "order"),
        ("q=status:late", "q"),
        ("cursor=x", "cursor"),
        ("limit=0", "limit"),
        ("user=", "user"),
        ("include=steps", "include"),
    ],
)
def test_odd_parameters_are_400_and_named(client: Client, two: Project, query: str, field: str) -> None:
    response = client.get(f"/api/v1/requests?{query}")
    assert response.status_code == 400
    assert response.json()["error"]["field"] == field
