"""GET /api/v1/sessions.jsonl: every matching session, whole, with the documents as they were sent."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.test import Client

from sessions_app.access.keys import create_key
from sessions_app.api import export
from sessions_app.models import BulkAction, Project
from tests.factories import make_log, make_project, make_session, make_user

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/sessions.jsonl"


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setattr(export, "in_threads", lambda pieces: pieces)
    return make_project()


@pytest.fixture
def program(project: Project) -> Client:
    return Client(headers={"authorization": f"Bearer {create_key(project, 'k', ['read'])[1]}"})


def lines(client: Client, **query: Any) -> list[dict[str, Any]]:
    response = client.get(ADDRESS, query)
    assert response.status_code == 200, response.content
    assert response.headers["Content-Type"] == "application/jsonl"
    return [json.loads(line) for line in b"".join(response).splitlines()]


def test_it_works(program: Client, project: Project) -> None:
    session = make_session(project, "a", make_log("One", metadata={"n": 1}), make_log("Two"))
    make_session(project, "b", user="bob")
    make_session(make_project("other"), "c")
    found = lines(program)
    assert {line["session_key"]: len(line["requests"]) for line in found} == {"a": 2, "b": 1}
    [line] = [line for line in found if line["session_key"] == "a"]
    listed = program.get(f"/api/v1/sessions/{session.pk}/requests").json()["results"]
    assert line == program.get(f"/api/v1/sessions/{session.pk}").json() | {"requests": line["requests"]}
    for written, one in zip(line["requests"], listed, strict=True):
        whole = program.get(f"/api/v1/requests/{one['id']}").json()
        del whole["tool_results"]
        assert written == whole
    assert [line["session_key"] for line in lines(program, user="bob")] == ["b"]
    assert lines(program, user="nobody") == []


def test_what_spans_many_chunks_is_whole(program: Client, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "CHUNK_SESSIONS", 2)
    monkeypatch.setattr(export, "CHUNK_REQUESTS", 2)
    for number in range(5):
        make_session(project, f"s{number}", *[make_log(f"m{i}") for i in range(5)])
    found = lines(program)
    assert [len({request["id"] for request in line["requests"]}) for line in found] == [5] * 5


def test_pieces_are_joined_up_to_a_size(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export.connection, "close", lambda: None)
    monkeypatch.setattr(export, "PIECE_BYTES", 3)
    pieces = iter([b"ab", b"cd", b"ef"])
    assert [export._joined(pieces) for _ in range(3)] == [b"abcd", b"ef", None]


def test_an_empty_piece_is_not_the_end(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each piece alone, as where each takes long."""
    monkeypatch.setattr(export.connection, "close", lambda: None)
    monkeypatch.setattr(export, "PIECE_SECONDS", 0)
    pieces = iter([b"", b"a", b"", b"b"])
    assert [export._joined(pieces) for _ in range(5)] == [b"", b"a", b"", b"b", None]


def test_a_selection_says_how_far_it_is_and_stops(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    user, client = make_user("alice"), Client()
    client.force_login(user)
    sessions = [make_session(project, name) for name in "abc"]
    chosen = [sessions[0].pk, sessions[2].pk]
    action = BulkAction.objects.create(project=project, user=user, kind="download", session_ids=chosen)
    query = {"project": "acme", "action": str(action.pk)}
    assert [line["session_key"] for line in lines(client, **query)] == ["a", "c"]
    action.refresh_from_db()
    assert (action.state, action.done) == ("done", 2)
    monkeypatch.setattr(export, "CHUNK_SESSIONS", 1)
    response = client.get(ADDRESS, query)
    BulkAction.objects.update(state=BulkAction.STOPPED)
    with pytest.raises(export.Stopped):
        b"".join(response)
    other = Client()
    other.force_login(make_user("bob"))
    assert other.get(ADDRESS, query).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_the_event_loop_leaves_the_work_to_threads() -> None:
    project = make_project()
    make_session(project, "a")
    client = Client(headers={"authorization": f"Bearer {create_key(project, 'k', ['read'])[1]}"})
    response = client.get(ADDRESS)
    assert response.is_async
    # A thread of its own has no event loop; this one has, after a test with a browser.
    with ThreadPoolExecutor(1) as threads, pytest.warns(Warning, match="asynchronous"):
        [line] = threads.submit(b"".join, response).result().splitlines()
    assert json.loads(line)["session_key"] == "a"


def test_bad_filters_are_refused(program: Client, project: Project) -> None:
    assert program.get(ADDRESS, {"status": "what"}).status_code == 400
    assert Client().get(ADDRESS).status_code == 401
