"""The grouping, corrected by hand through the API."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from sessions_app.models import Correction, Project, RequestLog, Session
from tests.api.conftest import key_for, log

PATH = "/api/v1/corrections"
Store = Callable[..., None]


@pytest.fixture
def corrector(project: Project) -> Client:
    """A program that may read and correct."""
    return Client(headers={"authorization": f"Bearer {key_for(project, 'read', 'correct')}"})


@pytest.fixture
def sessions(store: Store) -> dict[str, Session]:
    """Two sessions: `a` of three requests a minute apart, `b` of one."""
    logs = [
        log(request_id=f"a{n}", trace_id="a", started_at=f"2026-11-20T10:0{n}:00Z", ended_at=None) for n in range(3)
    ]
    store(*logs, log(request_id="b0", trace_id="b"))
    return {session.session_key or "": session for session in Session.objects.all()}


def log_id(request_id: str) -> str:
    return str(RequestLog.objects.get(request_id=request_id).pk)


def post(client: Client, **body: Any) -> Any:
    return client.post(PATH, json.dumps(body), content_type="application/json")


def placed() -> dict[str, uuid.UUID]:
    return dict(RequestLog.objects.values_list("request_id", "session_id"))


def test_requests_move_to_another_session(corrector: Client, sessions: dict[str, Session]) -> None:
    moved, target = log_id("a1"), sessions["b"].pk

    response = post(corrector, action="move", request_ids=[moved], target_session_id=str(target))

    assert response.status_code == 201, response.content
    made = response.json()
    assert made == {
        "id": Correction.objects.get().pk,
        "project": "acme",
        "action": "move",
        "made_at": made["made_at"],
        "made_by": "API key test",
        "source_session_id": str(sessions["a"].pk),
        "target_session_id": str(target),
        "request_id": None,
        "request_count": 1,
        "undone_at": None,
        "undone_by": None,
        "url": f"http://testserver/p/acme/sessions/{target}/corrections/",
    }
    assert placed()["a1"] == target
    answer = corrector.get(f"/api/v1/requests/{moved}").json()
    assert (answer["session_id"], answer["grouped_by"]["rule"]) == (str(target), "manual")
    assert "API key test" in answer["grouped_by"]["detail"]
    assert corrector.get(f"/api/v1/sessions/{target}").json()["rules"] == ["manual", "trace_id"]


def test_requests_move_to_a_new_session(corrector: Client, sessions: dict[str, Session]) -> None:
    made = post(corrector, action="move", request_ids=[log_id("a0"), log_id("a2")]).json()

    where = placed()
    assert str(where["a0"]) == str(where["a2"]) == made["target_session_id"]
    assert where["a1"] == sessions["a"].pk
    assert corrector.get(f"/api/v1/sessions/{made['target_session_id']}").json()["session_key"] is None


def test_session_is_split(corrector: Client, sessions: dict[str, Session]) -> None:
    at = log_id("a1")
    made = post(corrector, action="split", request_id=at).json()

    assert (made["action"], made["request_count"], made["request_id"]) == ("split", 2, at)
    where = placed()
    assert where["a0"] == sessions["a"].pk
    assert str(where["a1"]) == str(where["a2"]) == made["target_session_id"]


def test_sessions_are_merged_and_the_former_id_leads_there(corrector: Client, sessions: dict[str, Session]) -> None:
    a, b = sessions["a"].pk, sessions["b"].pk
    assert post(corrector, action="merge", session_id=str(a), target_session_id=str(b)).status_code == 201

    assert set(placed().values()) == {b}
    answer = corrector.get(f"/api/v1/sessions/{a}")
    assert (answer.status_code, answer.json()["id"], answer.json()["request_count"]) == (200, str(b), 4)
    assert [item["id"] for item in corrector.get("/api/v1/sessions?trace_id=a").json()["results"]] == [str(b)]


def test_undone_is_as_before(corrector: Client, sessions: dict[str, Session]) -> None:
    before = placed()
    a, b = sessions["a"].pk, sessions["b"].pk
    made = post(corrector, action="merge", session_id=str(a), target_session_id=str(b)).json()

    response = corrector.delete(f"{PATH}/{made['id']}")

    assert response.status_code == 200, response.content
    assert response.json()["undone_by"] == "API key test"
    assert placed() == before
    again = corrector.delete(f"{PATH}/{made['id']}")
    assert (again.status_code, again.json()["error"]["type"]) == (409, "undone")
    assert corrector.get(f"{PATH}/{made['id']}").json() == response.json()


def test_what_others_built_upon_is_not_undone(corrector: Client, sessions: dict[str, Session]) -> None:
    first = post(corrector, action="move", request_ids=[log_id("a1")], target_session_id=str(sessions["b"].pk)).json()
    post(corrector, action="move", request_ids=[log_id("a1")])

    response = corrector.delete(f"{PATH}/{first['id']}")

    assert response.status_code == 422
    assert "undo that one first" in response.json()["error"]["message"]


# --- the list -------------------------------------------------------------------------------------------------------


def listed(client: Client, query: str = "") -> list[str]:
    answer = client.get(PATH + query)
    assert answer.status_code == 200, answer.content
    return [item["action"] for item in answer.json()["results"]]


def test_list_is_of_a_session_or_of_all_latest_first(corrector: Client, store: Store, sessions: dict) -> None:
    store(log(request_id="c0", trace_id="c"))
    c = Session.objects.get(session_key="c").pk
    post(corrector, action="split", request_id=log_id("a1"))
    post(corrector, action="merge", session_id=str(sessions["a"].pk), target_session_id=str(c))
    post(corrector, action="move", request_ids=[log_id("b0")])

    assert listed(corrector) == ["move", "merge", "split"]
    # What was merged brought its history along, and its former id finds it.
    assert listed(corrector, f"?session={c}") == ["merge", "split"]
    assert listed(corrector, f"?session={sessions['a'].pk}") == ["merge", "split"]


def test_list_in_pages(corrector: Client, sessions: dict[str, Session]) -> None:
    post(corrector, action="split", request_id=log_id("a2"))
    post(corrector, action="split", request_id=log_id("a1"))

    page = corrector.get(f"{PATH}?limit=1").json()
    rest = corrector.get(f"{PATH}?limit=1&cursor={page['next']}").json()

    assert [item["request_count"] for item in (*page["results"], *rest["results"])] == [1, 1]
    assert rest["next"] is None
    for query in ("limit=0", "cursor=x", "cursor=-1", "session=x"):
        answer = corrector.get(f"{PATH}?{query}")
        assert (answer.status_code, answer.json()["error"]["field"]) == (400, query.partition("=")[0])


# --- what can't be --------------------------------------------------------------------------------------------------

NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("body", "status", "field", "words"),
    [
        ([], 422, "body", "got array"),
        ({}, 422, "action", "got nothing"),
        ({"action": "join"}, 422, "action", "'join'"),
        ({"action": ["move"]}, 422, "action", "got array"),
        ({"action": "split"}, 422, "request_id", "got nothing"),
        ({"action": "split", "request_id": 7}, 422, "request_id", "got number"),
        ({"action": "split", "request_id": "x\u0000"}, 422, "request_id", "got string"),
        ({"action": "split", "request_id": NOBODY}, 404, "request_id", NOBODY),
        ({"action": "split", "request_id": "A0"}, 422, "request_id", "first of its session"),
        (
            {"action": "split", "request_id": NOBODY, "session_id": NOBODY},
            422,
            "session_id",
            "takes action, request_id",
        ),
        ({"action": "move", "request_ids": []}, 422, "request_ids", "array of 0"),
        ({"action": "move", "request_ids": "x"}, 422, "request_ids", "got string"),
        ({"action": "move", "request_ids": [NOBODY] * 1001}, 422, "request_ids", "1,000"),
        ({"action": "move", "request_ids": [None]}, 422, "request_ids[0]", "got null"),
        ({"action": "move", "request_ids": ["A0", NOBODY]}, 404, "request_ids[1]", NOBODY),
        ({"action": "move", "request_ids": ["A0", "B0"]}, 422, "request_ids", "one session"),
        ({"action": "move", "request_ids": ["A0"], "target_session_id": "x"}, 422, "target_session_id", "UUID"),
        ({"action": "move", "request_ids": ["A0"], "target_session_id": NOBODY}, 404, "target_session_id", NOBODY),
        ({"action": "move", "request_ids": ["A0"], "target_session_id": "A"}, 422, "target_session_id", "already"),
        ({"action": "merge", "session_id": "A"}, 422, "target_session_id", "got nothing"),
        ({"action": "merge", "session_id": "A", "target_session_id": "A"}, 422, "target_session_id", "itself"),
        ({"action": "merge", "session_id": NOBODY, "target_session_id": "A"}, 404, "session_id", NOBODY),
    ],
)
def test_errors_name_the_member_what_it_is_and_the_fix(
    corrector: Client, sessions: dict[str, Session], body: Any, status: int, field: str, words: str
) -> None:
    ids = {"A": str(sessions["a"].pk), "A0": log_id("a0"), "B0": log_id("b0")}
    text = json.dumps(body)
    for name, value in ids.items():
        text = text.replace(f'"{name}"', f'"{value}"')

    response = corrector.post(PATH, text, content_type="application/json")

    error = response.json()["error"]
    assert (response.status_code, error["field"]) == (status, field), error
    assert words in error["message"]
    assert error["message"].startswith(field)
    assert not Correction.objects.exists()


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"action": NaN}'])
def test_what_is_no_json_is_400(corrector: Client, body: bytes) -> None:
    response = corrector.post(PATH, body, content_type="application/json")
    assert (response.status_code, response.json()["error"]["type"]) == (400, "invalid_json")


def test_correction_that_is_none_is_404(corrector: Client) -> None:
    for name in ("1", "0", "x", "9" * 30, "%00", "١"):
        for method in (corrector.get, corrector.delete):
            assert method(f"{PATH}/{name}").status_code == 404, name


# --- who may --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scopes", [("read",), ("ingest",), ("ingest", "read")])
def test_key_without_the_scope_may_not(project: Project, sessions: dict[str, Session], scopes: tuple[str, ...]) -> None:
    client = Client(headers={"authorization": f"Bearer {key_for(project, *scopes)}"})
    response = post(client, action="split", request_id=log_id("a1"))
    assert (response.status_code, response.json()["error"]["type"]) == (403, "missing_scope")
    assert "correct" in response.json()["error"]["message"]
    assert client.delete(f"{PATH}/1").status_code == 403
    assert Client().post(PATH, "{}", content_type="application/json").status_code == 401


def test_key_that_may_only_correct_does_not_read(project: Project, sessions: dict[str, Session]) -> None:
    client = Client(headers={"authorization": f"Bearer {key_for(project, 'correct')}"})
    assert client.get(PATH).status_code == 403
    assert post(client, action="split", request_id=log_id("a1")).status_code == 201


def test_other_projects_are_not_there(sessions: dict[str, Session], corrector: Client) -> None:
    made = post(corrector, action="split", request_id=log_id("a1")).json()
    other = Project.objects.create(slug="other")
    client = Client(headers={"authorization": f"Bearer {key_for(other, 'read', 'correct')}"})
    a, b = str(sessions["a"].pk), str(sessions["b"].pk)
    assert post(client, action="split", request_id=log_id("a2")).status_code == 404
    assert post(client, action="move", request_ids=[log_id("a0")]).status_code == 404
    assert post(client, action="merge", session_id=a, target_session_id=b).status_code == 404
    assert client.delete(f"{PATH}/{made['id']}").status_code == 404
    assert client.get(f"{PATH}?session={a}").status_code == 404
    assert listed(client) == []


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_user("alice")


def permit(user: User) -> None:
    user.user_permissions.add(Permission.objects.get_by_natural_key("change_session", "sessions_app", "session"))


def browser(user: User, **options: Any) -> Client:
    client = Client(**options)
    client.force_login(user)
    return client


def test_user_without_the_permission_only_reads(user: User, sessions: dict[str, Session]) -> None:
    client = browser(user)
    response = post(client, action="split", request_id=log_id("a1"))
    assert (response.status_code, response.json()["error"]["type"]) == (403, "missing_permission")
    assert listed(client, "?project=acme") == []


def test_user_with_the_permission_corrects(user: User, sessions: dict[str, Session]) -> None:
    permit(user)
    made = post(browser(user), action="split", request_id=log_id("a1")).json()
    assert made["made_by"] == "alice"
    assert listed(browser(user), f"?session={sessions['a'].pk}") == ["split"]


def test_browser_needs_the_csrf_token(user: User, sessions: dict[str, Session]) -> None:
    permit(user)
    response = post(browser(user, enforce_csrf_checks=True), action="split", request_id=log_id("a1"))
    assert (response.status_code, response.json()["error"]["type"]) == (403, "csrf_failed")
    assert not Correction.objects.exists()
