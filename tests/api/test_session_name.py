"""PATCH /api/v1/sessions/{id}: the name of a session."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from sessions_app.models import Project, Session
from tests.api.conftest import key_for, log

Store = Callable[..., None]


@pytest.fixture
def session(store: Store) -> Session:
    store(log())
    return Session.objects.get()


def rename(client: Client, session: Session, body: Any) -> Any:
    return client.patch(f"/api/v1/sessions/{session.pk}", json.dumps(body), content_type="application/json")


def test_it_works(client: Client, session: Session) -> None:
    assert client.get(f"/api/v1/sessions/{session.pk}").json()["name"] == "Hello there"
    named = rename(client, session, {"name": "Order 4711"})
    assert named.status_code == 200, named.content
    assert named.json()["name"] == "Order 4711"
    assert client.get("/api/v1/sessions?q=session:4711").json()["results"][0]["title"] == "Hello there"
    assert rename(client, session, {"name": ""}).json()["name"] == "Hello there"


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"name": 1},
        {"name": None},
        {"name": "a\0"},
        {"name": True},
        {"name": "x" * 201},
        {"name": "x", "tags": []},
    ],
)
def test_what_is_no_name_is_refused(client: Client, session: Session, body: Any) -> None:
    refused = rename(client, session, body)
    assert refused.status_code == 422
    error = refused.json()["error"]
    assert error["field"] in ("name", "body")
    assert re.match(r"(name|body) must (not )?(be|have) ", error["message"]), error


def test_it_takes_the_scope_correct(project: Project, session: Session) -> None:
    reader = Client(headers={"authorization": f"Bearer {key_for(project, 'read')}"})
    assert rename(reader, session, {"name": "x"}).status_code == 403
