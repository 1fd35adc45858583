"""A project with a key, a client that uses it, and logs to send."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from sessions_app.ingest.digest import digest_until_empty
from sessions_app.keys import create_key
from sessions_app.models import Project


def log(**changes: Any) -> dict[str, Any]:
    """A chat completion as a client would log it; a change to None takes the member out."""
    entry = {
        "request_id": "r1",
        "trace_id": "trace-1",
        "started_at": "2026-11-20T10:00:00Z",
        "ended_at": "2026-11-20T10:00:02.5Z",
        "request": {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello there"}], "temperature": 0.5},
        "response": {
            "id": "chatcmpl-1",
            "model": "gpt-4o",
            "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hi!"}}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 3},
        },
        "cost": 0.0021,
        "user": "alice",
        "tags": ["ci"],
        "metadata": {"team": "search"},
    } | changes
    return {name: value for name, value in entry.items() if value is not None}


@pytest.fixture
def project(db: None) -> Project:
    return Project.objects.create(slug="acme")


def key_for(project: Project, *scopes: str) -> str:
    return create_key(project, "test", list(scopes or ("ingest", "read")))[1]


@pytest.fixture
def key(project: Project) -> str:
    return key_for(project)


@pytest.fixture
def client(key: str) -> Client:
    """A program with a key that may do both."""
    return Client(headers={"authorization": f"Bearer {key}"})


@pytest.fixture
def post(client: Client) -> Callable[..., Any]:
    """POST a body to /api/v1/logs: bytes as they are, anything else as JSON."""

    def send(body: Any, path: str = "/api/v1/logs", content_type: str = "application/json", **headers: str) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return client.post(path, data, content_type=content_type, headers=headers)

    return send


@pytest.fixture
def store(post: Callable[..., Any]) -> Callable[..., None]:
    """Send logs and digest them."""

    def send(*logs: dict[str, Any]) -> None:
        response = post(list(logs))
        assert response.status_code == 202, response.content
        digest_until_empty()

    return send
