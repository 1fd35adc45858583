"""A project, a program that reads it, and exports of its sessions."""

from __future__ import annotations

from typing import Any, Protocol

import pytest
from django.test import Client

from sessions_app.access.keys import create_key
from sessions_app.api import export
from sessions_app.models import Project, Session
from tests.factories import make_project


class Exports(Protocol):
    """The bytes of an export of a session."""

    def __call__(self, session: Session, format: str = "json") -> bytes: ...


@pytest.fixture
def project(db: None, monkeypatch: pytest.MonkeyPatch) -> Project:
    # The thread of a test has the rows of its transaction.
    monkeypatch.setattr(export, "in_threads", lambda pieces: pieces)
    return make_project()


def address(session: Session) -> str:
    return f"/api/v1/sessions/{session.pk}/export"


def reader(project: Project, *scopes: str) -> Client:
    key = create_key(project, "k", list(scopes or ("read",)))[1]
    return Client(headers={"authorization": f"Bearer {key}"})


@pytest.fixture
def exported(project: Project) -> Exports:
    client = reader(project)

    def export_session(session: Session, format: str = "json") -> bytes:
        response: Any = client.get(address(session), {"format": format})
        assert response.status_code == 200, response.content
        return b"".join(response)

    return export_session
