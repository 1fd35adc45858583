"""Requests that run: their log says so, and the log of their end takes its place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from sessions_app.models import ContradictingCopy, Project, RequestLog, Session
from sessions_app.queries.live import active_sessions
from sessions_app.queries.session_list import list_sessions
from sessions_app.records import RUNNING, SUCCESS
from tests.factories import filters_for, make_log, store_logs

pytestmark = pytest.mark.django_db

BEGUN: dict[str, Any] = {"response": None, "ended_at": None, "usage": None}


def begun(**members: Any) -> dict[str, Any]:
    return make_log(request_id="one", session_id="a", started_at=datetime.now(UTC), **(BEGUN | members))


def stored() -> RequestLog:
    return RequestLog.objects.get()


def test_it_works(project: Project) -> None:
    first = begun(status="running")
    store_logs(project, first)
    assert stored().status == RUNNING
    answer = {"choices": [{"message": {"role": "assistant", "content": "Hi."}}]}
    done = first | {"status": "success", "response": answer, "usage": {"input_tokens": 3, "output_tokens": 1}}
    store_logs(project, done)
    assert (stored().status, stored().output_preview, stored().output_tokens) == (SUCCESS, "Hi.", 1)
    # Late reports of the beginning change nothing.
    store_logs(project, first, first | {"response": {"choices": []}})
    assert (stored().status, stored().output_preview) == (SUCCESS, "Hi.")
    assert not ContradictingCopy.objects.exists()


def test_the_end_may_come_first(project: Project) -> None:
    first = begun(status="running")
    store_logs(project, first | {"status": "error", "error": {"message": "too slow"}})
    store_logs(project, first)
    assert (stored().status, stored().error_message) == ("error", "too slow")
    assert not ContradictingCopy.objects.exists()


ANSWER: dict[str, Any] = {"choices": [{"message": {"role": "assistant", "content": "Hi."}}]}


@pytest.mark.parametrize("said", [{"status": "running"}, {}])
@pytest.mark.parametrize("is_end_first", [False, True])
def test_the_end_knows_better_when_it_began_and_what_was_asked(
    project: Project, said: dict[str, Any], is_end_first: bool
) -> None:
    first = begun(**said)
    asked = first["request"] | {"model": "gpt-4o", "temperature": 0.5}
    began = first["started_at"] + timedelta(milliseconds=1)
    end = {"status": "success", "response": ANSWER, "usage": {"input_tokens": 3, "output_tokens": 1}}
    done = first | end | {"started_at": began, "request": asked, "first_token_at": began + timedelta(seconds=1)}
    for log in (done, first, done) if is_end_first else (first, done, first):
        store_logs(project, log)
    found = stored()
    assert (found.status, found.output_preview, found.output_tokens) == (SUCCESS, "Hi.", 1)
    assert (found.started_at, found.requested_model) == (began, "gpt-4o")
    assert Session.objects.get().first_at == began
    assert not ContradictingCopy.objects.exists()


@pytest.mark.parametrize("member", ["model", "user", "session_id", "prompt"])
def test_an_end_that_says_something_else_of_what_was_asked_contradicts(project: Project, member: str) -> None:
    first = begun(status="running", user="alice")
    store_logs(project, first)
    other = (
        {"request": {"messages": [{"role": "user", "content": "Else."}]}} if member == "prompt" else {member: "else"}
    )
    later = first["started_at"] + timedelta(milliseconds=1)
    store_logs(project, first | {"status": "success", "response": ANSWER, "started_at": later} | other)
    assert (stored().status, stored().started_at) == (RUNNING, first["started_at"])
    assert ContradictingCopy.objects.count() == 1


def test_a_beginning_at_the_end_of_a_month_that_was_in_the_next(project: Project) -> None:
    first = begun(status="running") | {"started_at": "2026-10-31T23:59:59.9999Z"}
    store_logs(project, first)
    store_logs(project, first | {"started_at": "2026-11-01T00:00:00Z", "status": "success", "response": ANSWER})
    assert (stored().output_preview, stored().bucket.month) == ("Hi.", 11)


def test_what_came_until_then_gives_way_to_what_came_in_the_end(project: Project) -> None:
    first = begun(status="running")
    for text in ("The answer", "The answer is", "The answer is 42."):
        ended = {"status": None} if text.endswith(".") else {}
        message = {"role": "assistant", "content": text}
        log = first | {"response": {"choices": [{"message": message}]}} | ended
        store_logs(project, {name: value for name, value in log.items() if value is not None})
        assert stored().output_preview == text
    assert stored().status == SUCCESS
    assert not ContradictingCopy.objects.exists()


def test_a_response_in_the_background_says_so(project: Project) -> None:
    response = {"object": "response", "id": "resp-1", "status": "in_progress", "output": []}
    first = begun(response=response)
    store_logs(project, first)
    assert stored().status == RUNNING
    item = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Done."}]}
    store_logs(project, first | {"response": response | {"status": "completed", "output": [item]}})
    assert (stored().status, stored().output_preview) == (SUCCESS, "Done.")


@pytest.mark.parametrize(
    "members", [{}, {"response": {"status": "in_progress"}}, {"status": "running", "ended_at": "now"}]
)
def test_a_log_without_an_end_does_not_run_unless_it_says_so(project: Project, members: dict[str, Any]) -> None:
    if members.get("ended_at"):
        members = members | {"ended_at": datetime.now(UTC)}
    store_logs(project, begun(**members))
    assert stored().status == SUCCESS


def test_the_list_knows_what_is_active(project: Project) -> None:
    now = timezone.now()

    def start(session: str, age: timedelta, **members: Any) -> None:
        given = BEGUN | {"session_id": session, "started_at": now - age} | members
        store_logs(project, make_log(**given))

    start("runs", timedelta(minutes=30), status="running")
    start("ran", timedelta(minutes=30))
    start("forgotten", timedelta(hours=2), status="running")
    start("new", timedelta(seconds=10))
    rows = list_sessions(project, filters_for()).results
    names = dict(Session.objects.values_list("id", "session_key"))
    assert {names[found]: runs for found, runs in active_sessions(rows, now).items()} == {"runs": True, "new": False}
