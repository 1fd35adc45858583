"""Who may call the API, and with what."""

from __future__ import annotations

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.signals import request_finished
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sessions_app.api.key_use import USED_KEYS, UsedKeys
from sessions_app.models import ApiKey, Project
from tests.api.conftest import key_for, log

BODY = json.dumps(log())


def post(**headers: str) -> Any:
    return Client().post("/api/v1/logs", BODY, content_type="application/json", headers=headers)


@pytest.mark.parametrize("scheme", ["Bearer {}", "bearer {}", "Bearer   {} "])
def test_bearer(key: str, scheme: str) -> None:
    assert post(authorization=scheme.format(key)).status_code == 202


def test_x_api_key(key: str) -> None:
    assert post(**{"x-api-key": key}).status_code == 202


def test_x_api_key_beside_another_scheme(key: str) -> None:
    assert post(**{"x-api-key": key, "authorization": "Basic YTpi"}).status_code == 202


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({}, "missing_key"),
        ({"authorization": "Basic YTpi"}, "missing_key"),
        ({"authorization": "Bearer"}, "invalid_key"),
        ({"authorization": "Bearer lsk_wrong"}, "invalid_key"),
        ({"authorization": "Bearer \x00\xff' OR 1=1"}, "invalid_key"),
        ({"x-api-key": "k" * 10_000}, "invalid_key"),
    ],
)
def test_without_a_valid_key_401(db: None, headers: dict[str, str], kind: str) -> None:
    response = post(**headers)

    assert response.status_code == 401
    assert response.json()["error"]["type"] == kind
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_revoked_key_401(project: Project, key: str) -> None:
    ApiKey.objects.update(revoked_at=timezone.now())

    response = post(authorization=f"Bearer {key}")

    assert (response.status_code, response.json()["error"]["type"]) == (401, "revoked_key")


@pytest.mark.parametrize(
    ("method", "path", "has", "lacks"),
    [
        ("post", "/api/v1/logs", "read", "ingest"),
        ("post", "/api/v1/litellm", "read", "ingest"),
        ("get", "/api/v1/sessions", "ingest", "read"),
        ("delete", "/api/v1/sessions/x", "read", "delete"),
        ("post", "/api/v1/corrections", "delete", "correct"),
    ],
)
def test_wrong_scope_403_names_it(project: Project, method: str, path: str, has: str, lacks: str) -> None:
    headers = {"authorization": f"Bearer {key_for(project, has)}"}

    response = getattr(Client(), method)(path, headers=headers)

    assert response.status_code == 403
    assert response.json()["error"]["type"] == "missing_scope"
    assert f"scope {lacks}" in response.json()["error"]["message"]


def test_browser_may_not_write_logs(db: None) -> None:
    browser = Client()
    browser.force_login(User.objects.create_user("ada"))

    assert browser.post("/api/v1/logs", BODY, content_type="application/json").status_code == 401


# --- when a key was last used ---------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def forget_used_keys() -> None:
    USED_KEYS.__init__()  # type: ignore[misc]


def test_use_is_noted_after_the_answer(key: str) -> None:
    before = timezone.now()

    post(authorization=f"Bearer {key}")

    assert ApiKey.objects.get().last_used_at >= before


def test_use_is_noted_at_most_once_a_minute(key: str) -> None:
    post(authorization=f"Bearer {key}")
    noted = ApiKey.objects.get().last_used_at

    with CaptureQueriesContext(connection) as captured:
        for _ in range(3):
            post(authorization=f"Bearer {key}")

    assert ApiKey.objects.get().last_used_at == noted
    assert not [query for query in captured if query["sql"].lstrip().startswith("UPDATE")]


def test_use_is_noted_again_later(key: str) -> None:
    long_ago = timezone.now() - timedelta(minutes=2)
    ApiKey.objects.update(last_used_at=long_ago)

    post(authorization=f"Bearer {key}")

    assert ApiKey.objects.get().last_used_at > long_ago


def test_noting_does_not_wait_for_a_locked_row(transactional_db: None) -> None:
    row = ApiKey.objects.create(project=Project.objects.create(slug="acme"), name="k", prefix="p", hash="h", scopes=[])
    used = UsedKeys()
    used.note(row.id, None)

    def write() -> None:
        used.write()
        connection.close()

    thread = threading.Thread(target=write)
    with transaction.atomic():
        ApiKey.objects.select_for_update().get()
        thread.start()
        thread.join(timeout=10)
        finished = not thread.is_alive()
    thread.join()

    assert finished
    assert ApiKey.objects.get().last_used_at is None


def test_the_end_of_a_stream_notes_it_outside_of_the_event_loop(transactional_db: None) -> None:
    row = ApiKey.objects.create(project=Project.objects.create(slug="acme"), name="k", prefix="p", hash="h", scopes=[])
    used = UsedKeys()
    used.note(row.id, None)

    async def end() -> None:
        used.write()

    with ThreadPoolExecutor(1) as threads:
        threads.submit(asyncio.run, end()).result()
    for thread in threading.enumerate():
        if thread.name == "key-use":
            thread.join(timeout=10)
    assert ApiKey.objects.get().last_used_at is not None


def test_noting_is_no_work_without_keys(db: None) -> None:
    with CaptureQueriesContext(connection) as captured:
        request_finished.send(sender=None)
    assert not captured
