"""Failures without an HTTP status, and errors of other shapes: in the API, in the counts, on the pages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AbstractBaseUser
from django.test import Client

from sessions_app.ingest.accept import accept_body
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import Project, RequestLog, Session
from tests.factories import make_user

REPORTS = Path(__file__).parent.parent / "payloads" / "reports"
HTML = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1><hr>nginx</body></html>"


def store(project: Project, logs: list[dict[str, Any]]) -> None:
    accepted = accept_body(project.pk, "native", json.dumps(logs).encode())
    assert not accepted.rejected
    digest_until_empty()


def captured(name: str) -> list[dict[str, Any]]:
    return json.loads((REPORTS / f"{name}.json").read_bytes())["body"]


def asked(**members: Any) -> dict[str, Any]:
    return {"request": {"model": "m", "messages": [{"role": "user", "content": "q"}]}} | members


def answer(client: Client, request_id: str) -> dict[str, Any]:
    return client.get(f"/api/v1/requests/{RequestLog.objects.get(request_id=request_id).id}").json()


@pytest.fixture
def reader(db: None) -> Client:
    user: AbstractBaseUser = make_user()
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize(
    ("logs", "messages"),
    [
        (captured("18-error-body-without-status"), {"eb-1": "Too busy just now", "eb-2": "It broke inside"}),
        (captured("19-error-body-shapes"), {"es-1": "Unknown model name"}),
        (
            [
                asked(request_id="a", session_id="s", status_code=502, response=HTML),
                asked(request_id="b", session_id="s", response={"promptFeedback": {"blockReason": "SAFETY"}}),
                asked(
                    request_id="c", session_id="s", status_code=422, response={"detail": [{"msg": "Field required"}]}
                ),
            ],
            {"a": "502 Bad Gateway", "b": "The prompt was blocked: SAFETY", "c": "Field required"},
        ),
    ],
    ids=["without a status", "message alone", "a proxy, a filter, a framework"],
)
def test_a_failure_is_counted_and_told(
    project: Project, reader: Client, logs: list[dict[str, Any]], messages: dict[str, str]
) -> None:
    store(project, logs)
    assert sum(Session.objects.values_list("error_count", flat=True)) == len(messages)
    for request_id, message in messages.items():
        log = RequestLog.objects.get(request_id=request_id)
        assert (log.status, log.error_message) == ("error", message)
        found = answer(reader, request_id)
        assert (found["status"], found["error"]["message"]) == ("error", message)
        for path in (f"requests/{log.id}", f"sessions/{log.session_id}"):
            page = reader.get(f"/p/{project.slug}/{path}/").content.decode()
            assert message in page
            assert "No answer was logged" not in page
            assert "&lt;html&gt;" not in page.partition('id="raw"')[0]


def test_a_failure_of_an_answer_is_found_by_the_filter(project: Project, reader: Client) -> None:
    store(project, captured("18-error-body-without-status"))
    page = reader.get(f"/p/{project.slug}/sessions/?status=error").content.decode()
    assert str(Session.objects.get().id) in page


def test_an_answer_that_was_cut_is_shown_as_such(project: Project, reader: Client) -> None:
    said = [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "The first half"}]}]
    response = {"object": "response", "status": "incomplete", "error": None, "output": said}
    cut = response | {"incomplete_details": {"reason": "max_output_tokens"}}
    stopped = response | {"incomplete_details": {"reason": "content_filter"}}
    store(project, [asked(request_id="cut", response=cut), asked(request_id="stopped", response=stopped)])

    for request_id, status, words in (
        ("cut", "success", "Stopped by the limit"),
        ("stopped", "error", "A filter stopped the answer: content_filter"),
    ):
        found = answer(reader, request_id)
        assert found["status"] == status
        page = reader.get(f"/p/{project.slug}/requests/{found['id']}/").content.decode()
        assert "The first half" in page
        assert words in page
        assert ("err-card" in page) == (status == "error")
