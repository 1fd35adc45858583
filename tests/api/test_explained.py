"""Why each request is in its session, as the API says it; and that it agrees with the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from sessions_app.ingest import corrections
from sessions_app.models import Project, RequestLog, Session
from sessions_app.queries.session import find_session, load_all_lines, structure_of
from tests.api.conftest import log

Store = Callable[..., None]


def at(minute: int, **changes: Any) -> dict[str, Any]:
    """A log that names no session."""
    return log(trace_id=None, started_at=f"2026-11-20T10:{minute:02}:00Z", ended_at=None) | changes


def chat(request_id: str, minute: int, texts: list[str], answer: str | None, **changes: Any) -> dict[str, Any]:
    """A chat completion: the user's texts and what was answered, in turn; without an answer it failed."""
    messages = [{"role": "assistant" if n % 2 else "user", "content": text} for n, text in enumerate(texts)]
    entry = at(minute, request_id=request_id, request={"model": "gpt-4o", "messages": messages}, **changes)
    if answer is None:
        failure = {"status_code": 429, "error": {"type": "RateLimitError", "message": "slow down"}}
        return {name: value for name, value in (entry | failure).items() if name != "response"}
    return entry | {"response": {"choices": [{"message": {"role": "assistant", "content": answer}}]}}


def answer(client: Client, request_id: str) -> dict[str, Any]:
    found = client.get(f"/api/v1/requests/{RequestLog.objects.get(request_id=request_id).pk}")
    assert found.status_code == 200, found.content
    return found.json()


def id_of(request_id: str) -> str:
    return str(RequestLog.objects.get(request_id=request_id).pk)


@pytest.fixture
def mixed(store: Store) -> None:
    """One session: a failed attempt and its repetition, what continues that, and a branch of it."""
    store(
        chat("failed", 0, ["Hello"], None),
        chat("repeated", 1, ["Hello"], "Hi!"),
        chat("second", 2, ["Hello", "Hi!", "How are you?"], "Fine."),
        chat("branch", 3, ["Hello", "Hi!", "And you?"], "Fine, too."),
        chat("third", 4, ["Hello", "Hi!", "How are you?", "Fine.", "Good."], "Bye."),
    )


def test_conversation_names_the_request_that_it_continues(client: Client, mixed: None) -> None:
    found = answer(client, "third")
    before = id_of("second")
    assert found["continues"] == before
    assert found["grouped_by"] == {
        "rule": "conversation",
        "detail": f"continues request {before}: its input begins with everything sent and answered there",
    }
    assert answer(client, "branch")["continues"] == id_of("repeated")


def test_attempt_names_the_request_that_failed(client: Client, mixed: None) -> None:
    found = answer(client, "repeated")
    before = id_of("failed")
    assert found["continues"] == before
    assert found["grouped_by"] == {
        "rule": "attempt",
        "detail": f"another attempt of request {before}, which failed (HTTP 429, RateLimitError)",
    }


def test_request_on_its_own_says_so(client: Client, mixed: None) -> None:
    found = answer(client, "failed")
    assert found["continues"] is None
    assert found["grouped_by"]["rule"] == "own"
    assert "names no session" in found["grouped_by"]["detail"]


def test_response_and_the_request_that_had_it_are_named(store: Store, client: Client) -> None:
    store(
        at(0, request_id="first", request={"input": "a"}, response={"id": "resp_1", "output": []}),
        at(1, request_id="second", request={"input": "b", "previous_response_id": "resp_1"}, response=None),
        at(2, request_id="lost", request={"input": "c", "previous_response_id": "resp_0"}, response=None),
    )
    found = answer(client, "second")
    assert found["continues"] == id_of("first")
    assert found["grouped_by"]["rule"] == "previous_response_id"
    assert found["grouped_by"]["detail"] == f"continues the response resp_1 of request {id_of('first')}"
    lost = answer(client, "lost")
    assert lost["continues"] is None
    assert lost["grouped_by"]["detail"] == "continues the response resp_0 of a request that was not logged here"


def test_id_that_a_caller_chose_is_named_by_its_member(store: Store, client: Client) -> None:
    store(log(session_id="s"))
    assert answer(client, "r1")["grouped_by"] == {"rule": "session_id", "detail": "session_id"}


def test_correction_names_who_and_when(client: Client, project: Project, mixed: None) -> None:
    corrections.move_requests(project, [RequestLog.objects.get(request_id="third").pk], None, "alice")
    found = answer(client, "third")["grouped_by"]
    assert found["rule"] == "manual"
    assert found["detail"].startswith("moved to this session manually: alice, 20")


def test_session_lists_the_rules_that_formed_it(client: Client, mixed: None) -> None:
    (session,) = client.get("/api/v1/sessions").json()["results"]
    assert session["rules"] == ["attempt", "conversation", "own"]
    assert session["retry_count"] == 1
    assert client.get(f"/api/v1/sessions/{session['id']}").json() == session


def test_what_is_continued_agrees_with_the_timeline(client: Client, project: Project, mixed: None) -> None:
    session = find_session(project.pk, Session.objects.get().pk)
    assert session
    lines = load_all_lines(session).requests
    of_page = [None if index is None else str(lines[index].id) for index in structure_of(lines).continues]
    # On pages of one request, too, where what is continued is on another one.
    path, cursor, of_api = f"/api/v1/sessions/{session.id}/requests?limit=1&cursor=", "", []
    while cursor is not None:
        page = client.get(path + cursor).json()
        of_api += [item["continues"] for item in page["results"]]
        cursor = page["next"]
    assert of_api == of_page
    assert sum(continued is not None for continued in of_api) == 4
