"""GET /api/v1/sessions, GET and DELETE /api/v1/sessions/{id}."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sessions_app.access.rights import CORRECT_SESSIONS, DELETE_SESSIONS
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import Part, Project, RequestKey, RequestLog, RequestSearch, Session
from tests.api.conftest import key_for, log
from tests.factories import grant

Store = Callable[..., None]
REPORTS = Path(__file__).parents[1] / "payloads" / "reports"


def listed(client: Client, query: str = "") -> list[str]:
    response = client.get(f"/api/v1/sessions{query}")
    assert response.status_code == 200, response.content
    return [session["session_key"] for session in response.json()["results"]]


@pytest.fixture
def three(store: Store) -> None:
    """Sessions s1 to s3, an hour apart."""
    store(
        log(request_id="a", trace_id="s1", started_at="2026-11-20T10:00:00Z", ended_at=None),
        log(request_id="b", trace_id="s2", started_at="2026-11-20T11:00:00Z", ended_at=None, user="bob", tags=["x"]),
        log(
            request_id="c",
            trace_id="s3",
            started_at="2026-11-20T12:00:00Z",
            ended_at=None,
            status="error",
            error={"type": "rate_limit", "message": "slow down"},
            response=None,
            model="claude-4",
        ),
    )


def test_it_works(store: Store, client: Client) -> None:
    store(log(), log(request_id="r2", started_at="2026-11-20T10:01:00Z", ended_at="2026-11-20T10:01:01Z", cost="0.10"))

    response = client.get("/api/v1/sessions")

    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    session = Session.objects.get()
    assert response.json() == {
        "results": [
            {
                "id": str(session.id),
                "session_key": "trace-1",
                "project": "acme",
                "name": "Hello there",
                "title": "Hello there",
                "preview": "Hi!",
                "started_at": "2026-11-20T10:00:00.000000Z",
                "last_at": "2026-11-20T10:01:01.000000Z",
                "request_count": 2,
                "error_count": 0,
                "retry_count": 0,
                "step_count": 0,
                "tool_error_count": 0,
                "tool_looks_failed_count": 0,
                "failed_tools": [],
                "input_tokens": 18,
                "output_tokens": 6,
                "cached_tokens": None,
                "cost": "0.1021",
                "models": ["gpt-4o"],
                "users": ["alice"],
                "tags": ["ci"],
                "sources": ["native"],
                "rules": ["trace_id"],
                "url": f"http://testserver/p/acme/sessions/{session.id}/",
            }
        ],
        "next": None,
    }
    assert client.get(f"/api/v1/sessions/{session.id}").json() == response.json()["results"][0]


def test_unknown_is_null(store: Store, client: Client) -> None:
    store({"request": {"odd": 1}, "started_at": 1763600000})

    session = client.get("/api/v1/sessions").json()["results"][0]

    for name in ("session_key", "title", "preview", "input_tokens", "output_tokens", "cached_tokens", "cost"):
        assert session[name] is None, name
    assert (session["models"], session["users"], session["tags"]) == ([], [], [])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["s3", "s2", "s1"]),
        ("?order=last_at", ["s1", "s2", "s3"]),
        ("?q=bob", ["s2"]),
        ("?q=s1", ["s1"]),
        ("?trace_id=s2", ["s2"]),
        ("?trace_id=s", []),
        ("?status=error", ["s3"]),
        ("?status=ok", ["s2", "s1"]),
        ("?status=success", ["s2", "s1"]),
        ("?q=", ["s3", "s2", "s1"]),
        ("?model=claude-4", ["s3"]),
        ("?user=bob&user=nobody", ["s2"]),
        ("?tag=x", ["s2"]),
        ("?source=native", ["s3", "s2", "s1"]),
        ("?source=litellm", []),
        ("?rule=trace_id", ["s3", "s2", "s1"]),
        ("?rule=manual&rule=conversation", []),
        ("?from=2026-11-20T11:00:00Z", ["s3", "s2"]),
        ("?to=2026-11-20T11:00:00Z", ["s2", "s1"]),
        ("?from=2026-11-20T10:30:00Z&to=2026-11-20T11:30:00Z", ["s2"]),
        ("?limit=2", ["s3", "s2"]),
    ],
)
def test_filters(three: None, client: Client, query: str, expected: list[str]) -> None:
    assert listed(client, query) == expected


@pytest.mark.parametrize(("session_id", "query"), [(" lead", "%20lead"), ("two\nlines", "two%0Alines")])
def test_an_id_is_found_exactly_as_it_was_given(store: Store, client: Client, session_id: str, query: str) -> None:
    store(*json.loads((REPORTS / "34-session-id-with-outer-spaces-or-newline.json").read_text())["body"])
    assert listed(client, f"?trace_id={query}") == [session_id]
    assert listed(client, f"?trace_id={query}%20") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?limit=0", "limit"),
        ("?limit=1001", "limit"),
        ("?limit=many", "limit"),
        ("?limit=-1", "limit"),
        ("?limit=9999999999999999999999", "limit"),
        ("?cursor=x", "cursor"),
        ("?cursor=999999999999999999.00000000000000000000000000000000", "cursor"),
        ("?order=price", "order"),
        ("?from=yesterday", "from"),
        ("?to=9999-99-99", "to"),
        ("?status=maybe", "status"),
        ("?status=", "status"),
        ("?model=gpt-4o&model=", "model"),
        ("?tag=", "tag"),
        ("?from=", "from"),
        ("?trace_id=", "trace_id"),
        ("?include=insights", "include"),
        ("?since=1", "since"),
        ("?rule=magic", "rule"),
        ("?foo=1", "foo"),
        ("?Q=a", "Q"),
        ("?q=a&q=b", "q"),
        ("?q=a&q=a", "q"),
        ("?limit=1&limit=2", "limit"),
        ("?model=a&model=b&order=cost&order=cost", "order"),
        ("?project=acme&project=acme", "project"),
        ("?q=" + "x" * 1001, "q"),
        ("?q=%00", "q"),
    ],
)
def test_odd_parameters_are_400_and_named(client: Client, query: str, field: str) -> None:
    response = client.get(f"/api/v1/sessions{query}")

    assert response.status_code == 400, response.content
    assert response.json()["error"]["field"] == field
    assert field == "q" or response.json()["error"]["message"].startswith(field)


@pytest.mark.parametrize("query", ["?q=a%00", "?trace_id=%00", "?model=%00", "?user=%ff%fe", "?q=a%ED%A0%80"])
def test_text_that_no_database_takes_matches_nothing_or_all(client: Client, query: str) -> None:
    assert client.get(f"/api/v1/sessions{query}").status_code == 200


def test_paging_reaches_the_end(store: Store, client: Client) -> None:
    moment = "2026-11-20T10:00:00Z"
    store(*(log(request_id=f"r{n}", trace_id=f"s{n}", started_at=moment, ended_at=None) for n in range(7)))

    found, cursor, pages = [], "", 0
    while cursor is not None:
        page = client.get(f"/api/v1/sessions?limit=3&cursor={cursor}").json()
        found += [session["session_key"] for session in page["results"]]
        cursor, pages = page["next"], pages + 1

    assert (sorted(found), pages) == ([f"s{n}" for n in range(7)], 3)


def test_list_is_a_constant_number_of_statements(three: None, client: Client) -> None:
    with CaptureQueriesContext(connection) as captured:
        listed(client)
    # The key, its project, the sessions.
    assert len(captured) == 3


# --- one project sees nothing of another ----------------------------------------------------------------------------


@pytest.fixture
def stranger(three: None) -> Client:
    other = Project.objects.create(slug="other")
    return Client(headers={"authorization": f"Bearer {key_for(other)}"})


@pytest.mark.parametrize(
    "path", ["/api/v1/sessions/{session}", "/api/v1/sessions/{session}/requests", "/api/v1/requests/{request}"]
)
def test_other_project_404(stranger: Client, client: Client, path: str) -> None:
    request = RequestLog.objects.first()
    path = path.format(session=request.session_id, request=request.id)

    assert client.get(path).status_code == 200
    response = stranger.get(path)
    assert (response.status_code, response.json()["error"]["type"]) == (404, "not_found")


def test_other_project_lists_and_deletes_nothing(stranger: Client) -> None:
    assert listed(stranger) == listed(stranger, "?trace_id=s1") == listed(stranger, "?q=bob") == []
    assert stranger.delete(f"/api/v1/sessions/{Session.objects.first().id}").status_code == 404
    assert Session.objects.count() == 3


def test_key_cannot_choose_another_project(stranger: Client) -> None:
    assert listed(stranger, "?project=other") == []
    response = stranger.get("/api/v1/sessions?project=acme")
    assert (response.status_code, response.json()["error"]["field"]) == (400, "project")


@pytest.mark.parametrize("session_id", ["x", "0", "%00", "0b9c2a52-6a0e-4b53-9b51-3f6d2f1a7c11", "1" * 5000])
def test_unknown_session_404(client: Client, session_id: str) -> None:
    response = client.get(f"/api/v1/sessions/{session_id}")

    assert (response.status_code, response.json()["error"]["type"]) == (404, "not_found")


# --- a signed-in browser --------------------------------------------------------------------------------------------


@pytest.fixture
def signed_in(three: None) -> Client:
    signed_in = Client(enforce_csrf_checks=True)
    signed_in.force_login(User.objects.create_user("ada"))
    return signed_in


def test_browser_names_the_project(signed_in: Client) -> None:
    Project.objects.create(slug="other")

    assert listed(signed_in, "?project=acme") == ["s3", "s2", "s1"]
    assert listed(signed_in, "?project=other") == []
    for query in ("", "?project=nothing", "?project=%00"):
        response = signed_in.get(f"/api/v1/sessions{query}")
        assert (response.status_code, response.json()["error"]["field"]) == (400, "project")
        assert "acme, other" in response.json()["error"]["message"]


def test_browser_reads_sessions_and_requests(signed_in: Client) -> None:
    request = RequestLog.objects.first()

    session = signed_in.get(f"/api/v1/sessions/{request.session_id}").json()
    assert session["project"] == "acme"
    requests = signed_in.get(f"/api/v1/sessions/{request.session_id}/requests").json()
    assert [item["id"] for item in requests["results"]] == [str(request.id)]
    assert signed_in.get(f"/api/v1/requests/{request.id}").json()["id"] == str(request.id)


def test_browser_needs_the_token_to_delete(signed_in: Client) -> None:
    path = f"/api/v1/sessions/{Session.objects.first().id}"

    response = signed_in.delete(path)
    assert (response.status_code, response.json()["error"]["type"]) == (403, "csrf_failed")
    assert Session.objects.count() == 3

    token = "a" * 32
    signed_in.cookies["logsui_csrf"] = token
    refused = signed_in.delete(path, headers={"X-CSRFToken": token})
    assert (refused.status_code, refused.json()["error"]["type"]) == (403, "missing_permission")
    assert "sessions_app.delete_session" in refused.json()["error"]["message"]
    assert Session.objects.count() == 3

    grant(User.objects.get(), DELETE_SESSIONS)
    assert signed_in.delete(path, headers={"X-CSRFToken": token}).status_code == 200
    assert Session.objects.count() == 2


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_browser_is_answered_in_words_whatever_it_posts(signed_in: Client, content_type: str) -> None:
    token = "a" * 32
    signed_in.cookies["logsui_csrf"] = token
    path = f"/api/v1/sessions/{Session.objects.first().id}"
    for address, status in ((path, 405), ("/api/v1/corrections?project=acme", 403)):
        for body in (b"x=1", b"{", b"\xff", f"csrfmiddlewaretoken={token}".encode()):
            refused = signed_in.post(address, body, content_type=content_type)
            assert (refused.status_code, refused.json()["error"]["type"]) == (403, "csrf_failed")
            answer = signed_in.post(address, body, content_type=content_type, headers={"X-CSRFToken": token})
            assert answer.status_code == status
    grant(User.objects.get(), CORRECT_SESSIONS)
    for body in (b"x=1", b"{"):
        answer = signed_in.post(address, body, content_type=content_type, headers={"X-CSRFToken": token})
        assert answer.status_code in (400, 415)


def test_inactive_user_401(signed_in: Client) -> None:
    User.objects.update(is_active=False)

    assert signed_in.get("/api/v1/sessions?project=acme").status_code == 401


# --- deletion -------------------------------------------------------------------------------------------------------


def test_delete_removes_everything_and_says_what(three: None, client: Client) -> None:
    session = Session.objects.get(session_key="s2")

    response = client.delete(f"/api/v1/sessions/{session.id}")

    assert response.status_code == 200
    receipt = response.json()
    assert receipt["deleted"] == {"sessions": 1, "requests": 1}
    assert {name: table["rows"] for name, table in receipt["tables"].items()} == {
        "session": 1,
        "request_log": 1,
        "part": 2,
        "request_search": 1,
        "request_key": 1,
        "link": 3,
    }
    assert receipt["rows"] == 9
    assert receipt["bytes"] == sum(table["bytes"] for table in receipt["tables"].values()) > 500
    assert listed(client) == ["s3", "s1"]
    for model in (RequestLog, Part, RequestSearch, RequestKey):
        assert not model.objects.filter(session_id=session.id).exists()
        assert model.objects.exists()
    assert client.get(f"/api/v1/sessions/{session.id}").status_code == 404
    assert client.delete(f"/api/v1/sessions/{session.id}").status_code == 404


def test_deleted_session_comes_back_when_its_logs_are_sent_again(store: Store, client: Client) -> None:
    store(log())
    session_id = Session.objects.get().id
    client.delete(f"/api/v1/sessions/{session_id}")

    store(log())

    assert Session.objects.get().id == session_id
    assert Session.objects.get().request_count == RequestLog.objects.count() == 1
    assert digest_until_empty().new == 0


def test_a_search_for_words_says_where_they_are(three: None, client: Client) -> None:
    [session] = client.get("/api/v1/sessions?q=down").json()["results"]
    error = RequestLog.objects.get(request_id="c")
    assert "error" in {match["role"] for match in session["matches"]}
    for match in session["matches"]:
        assert match["request_id"] == str(error.id)
        assert f"/sessions/{session['id']}/?find=down&hit={error.id}." in match["url"]
        assert [match["text"][start:end] for start, end in match["found"]] == ["down"]
    for query in ("", "?q=status:error", "?q=-down"):
        assert all("matches" not in one for one in client.get(f"/api/v1/sessions{query}").json()["results"]), query


@pytest.mark.parametrize("path", ["/api/v1/sessions", "/api/v1/requests", "/api/v1/sessions.jsonl"])
def test_an_error_of_the_query_says_where_it_is_and_what_is_possible(client: Client, path: str) -> None:
    query = "  robot status:late"
    response = client.get(path, {"q": query})
    assert response.status_code == 400
    error = response.json()["error"]
    assert (error["type"], error["field"]) == ("invalid_parameter", "q")
    assert query[error["start"] : error["end"]] == "late"
    assert error["possible"] == ["ok", "error", "running", "unfinished"]
    assert not error["message"].startswith("q ")
    assert "start" not in client.get(path, {"range": "1y"}).json()["error"]


@pytest.mark.parametrize(("path", "first"), [("sessions", 12), ("requests", 11)])
def test_a_search_that_takes_too_long_says_how_far_it_came(
    three: None, client: Client, path: str, first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"/api/v1/{path}?q=zq*&limit=1"
    assert client.get(address).json() == {"results": [], "next": None}
    monkeypatch.setattr("sessions_app.queries.search.walk.FIRST_CHUNK", 1)
    monkeypatch.setattr("sessions_app.queries.search.walk.Walk._is_over", lambda walk: True)
    monkeypatch.setattr("sessions_app.queries.request_list.FIRST_CHUNK", 1)
    monkeypatch.setattr("sessions_app.queries.request_list.SECONDS", -1)
    page = client.get(address).json()
    assert (page["results"], page["searched_to"]) == ([], f"2026-11-20T{first}:00:00.000000Z")
    for _ in range(3):
        if page["next"]:
            page = client.get(f"{address}&cursor={page['next']}").json()
    assert page == {"results": [], "next": None}
