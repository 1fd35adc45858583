"""A project with a key, a client that uses it, and logs to send."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from psycopg.conninfo import make_conninfo

from sessions_app.access.keys import SCOPES, create_key
from sessions_app.ingest.digest import digest_until_empty
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


def key_for(project: Project, *scopes: str) -> str:
    return create_key(project, "test", list(scopes or SCOPES))[1]


@pytest.fixture
def key(project: Project) -> str:
    return key_for(project)


@pytest.fixture
def client(key: str) -> Client:
    """A program with a key that may do all."""
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


# --- the real web server --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture(scope="module")
def worker(django_db_setup: None, django_db_blocker: Any, listening: socket.socket) -> Iterator[psutil.Process]:
    """gunicorn as `serve` starts it, with one worker, on the test's database; yields that worker."""
    parameters = connection.get_connection_params()
    names = ("dbname", "user", "password", "host", "port")
    environment = os.environ | {
        "DATABASE_URL": make_conninfo(**{name: parameters[name] for name in names if parameters.get(name)}),
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "LOGSUI_LISTEN_FD": str(listening.fileno()),
        "LOGSUI_WEB_WORKERS": "1",
        "MALLOC_ARENA_MAX": "2",
    }
    command = [sys.executable, "-m", "gunicorn", "-c", "python:logsui.launcher.gunicorn_conf"]
    process = subprocess.Popen(
        command, cwd=settings.BASE_DIR, env=environment, pass_fds=[listening.fileno()], stderr=subprocess.PIPE
    )
    try:
        yield worker_of(process, listening)
    finally:
        process.terminate()
        process.wait(timeout=30)


def worker_of(process: subprocess.Popen[bytes], listening: socket.socket) -> psutil.Process:
    """The worker, once it answers."""
    client = http.client.HTTPConnection(*listening.getsockname(), timeout=60)
    client.request("GET", "/healthz")
    assert client.getresponse().status == 200
    client.close()
    return psutil.Process(process.pid).children()[0]
