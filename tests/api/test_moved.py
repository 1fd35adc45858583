"""Former ids of merged sessions and moved requests in the API."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.test import Client

from sessions_app.models import MovedId, Project, RequestKey, RequestLog, Session
from tests.api.conftest import key_for, log

FORMER = uuid.UUID("5ca1ab1e-0000-4000-8000-000000000001")


@pytest.fixture
def session(project: Project, store: Callable[..., None]) -> Session:
    store(log())
    session = Session.objects.get()
    MovedId.objects.create(id=FORMER, key_id=RequestKey.objects.get().pk)
    return session


def test_merged_session_answers_with_the_surviving_id(client: Client, session: Session) -> None:
    answer = client.get(f"/api/v1/sessions/{FORMER}")
    assert (answer.status_code, answer.json()["id"]) == (200, str(session.pk))
    answer = client.get(f"/api/v1/sessions/{FORMER}/requests")
    assert [item["session_id"] for item in answer.json()["results"]] == [str(session.pk)]


def test_moved_request_answers_with_its_id(client: Client, session: Session) -> None:
    answer = client.get(f"/api/v1/requests/{FORMER}")
    assert (answer.status_code, answer.json()["id"]) == (200, str(RequestLog.objects.get().pk))


def test_former_id_finds_the_session_in_the_list(client: Client, session: Session) -> None:
    answer = client.get(f"/api/v1/sessions?trace_id={FORMER}").json()
    assert [item["id"] for item in answer["results"]] == [str(session.pk)]


def test_former_id_does_not_delete_what_it_leads_to(client: Client, session: Session) -> None:
    answer = client.delete(f"/api/v1/sessions/{FORMER}")
    assert (answer.status_code, answer.json()["error"]["type"]) == (409, "moved")
    assert str(session.pk) in answer.json()["error"]["message"]
    assert Session.objects.exists()


def test_keys_of_other_projects_see_nothing(session: Session) -> None:
    other = key_for(Project.objects.create(slug="other"))
    client = Client(headers={"authorization": f"Bearer {other}"})
    for path in (f"sessions/{FORMER}", f"sessions/{FORMER}/requests", f"requests/{FORMER}"):
        assert client.get(f"/api/v1/{path}").status_code == 404, path
