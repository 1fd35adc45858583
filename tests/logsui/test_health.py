"""What monitoring sees."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from logsui import health
from sessions_app.models import InboxUsage

pytestmark = pytest.mark.django_db


def metrics(client: Client) -> dict[str, float]:
    text = client.get("/metrics").content.decode()
    return {name: float(value) for name, value in re.findall(r"^([^#\s]+) (\S+)$", text, re.MULTILINE)}


def add_to_inbox(seconds_ago: int, raw_bytes: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO inbox (project_id, source, received_at, raw_bytes, body) "
            "VALUES (1, 'native', now() - make_interval(secs => %s), %s, '')",
            [seconds_ago, raw_bytes],
        )
    InboxUsage.objects.create(project_id=1, slot=seconds_ago % 32, bytes_in=raw_bytes, entries_in=1)


def test_process_is_up(client: Client) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok\n")


def test_process_is_ready(client: Client) -> None:
    response = client.get("/readyz")
    assert (response.status_code, response.json()) == (200, {"ready": True, "problem": None})


def test_missing_migration_is_not_ready(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_migrated", False)
    MigrationRecorder.Migration.objects.filter(app="sessions_app").order_by("-pk")[0].delete()
    response = client.get("/readyz")
    assert response.status_code == 503
    assert "migrate" in response.json()["problem"]


def test_metrics_of_an_empty_inbox(client: Client) -> None:
    seen = metrics(client)
    assert seen["logsui_up"] == 1
    assert seen["logsui_inbox_entries"] == seen["logsui_inbox_bytes"] == seen["logsui_inbox_oldest_seconds"] == 0
    assert seen["logsui_database_bytes"] > 1_000_000
    assert 'logsui_rows{table="request_log"}' in seen


def test_metrics_of_what_waits(client: Client) -> None:
    add_to_inbox(90, 1000)
    add_to_inbox(10, 234)
    seen = metrics(client)
    assert seen["logsui_inbox_entries"] == 2
    assert seen["logsui_inbox_bytes"] == 1234
    assert 90 <= seen["logsui_inbox_oldest_seconds"] < 120


def test_metrics_take_few_statements(client: Client, django_assert_num_queries: object) -> None:
    with django_assert_num_queries(3):
        client.get("/metrics")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_they_are_only_read(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405


def test_strict_headers_are_on_every_answer(client: Client) -> None:
    headers = client.get("/admin/login/").headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"
