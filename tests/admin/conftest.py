"""An administrator, and sessions to clean up."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from sessions_app.ingest.accept import accept_body
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import Project


@pytest.fixture
def project(db: None) -> Project:
    return Project.objects.create(slug="default")


@pytest.fixture
def site(db: None) -> Client:
    """Signed in as a superuser."""
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


def log(number: int = 0, session: str = "s1", **changes: Any) -> dict[str, Any]:
    answer = {"role": "assistant", "content": "ok"}
    return {
        "request_id": f"{session}-{number}",
        "trace_id": session,
        "started_at": f"2026-11-20T10:{number % 60:02}:00Z",
        "model": "gpt-4o",
        "user": "alice",
        "request": {"messages": [{"role": "user", "content": f"question {number} of {session}"}]},
        "response": {
            "id": f"resp-{session}-{number}",
            "choices": [{"message": answer}],
        },
    } | changes


@pytest.fixture
def store(project: Project) -> Callable[..., None]:
    def send(*logs: Any, to: Project = project) -> None:
        accept_body(to.id, "native", json.dumps(list(logs)).encode())
        digest_until_empty()

    return send
