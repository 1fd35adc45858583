"""POST /api/v1/logs."""

from __future__ import annotations

import gzip
import json
import threading
import zlib
from collections.abc import Callable
from typing import Any

import pytest
import zstandard
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import InboxEntry, Project, RequestLog, Session
from sessions_app.storage import inbox
from sessions_app.storage.fullness import FULLNESS
from tests.api.conftest import log

Post = Callable[..., Any]


def test_it_works(post: Post, project: Project) -> None:
    response = post(log())

    assert response.status_code == 202
    assert response.headers["Content-Type"] == "application/json"
    assert response.json() == {"accepted": 1, "rejected": []}
    entry = InboxEntry.objects.get()
    assert (entry.project_id, entry.source) == (project.id, "native")
    assert json.loads(inbox.unpack(entry.body)) == log()


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (log(), "application/json"),
        ([log(), log(request_id="r2")], "application/json; charset=utf-8"),
        ({"logs": [log(), log(request_id="r2")]}, "application/json"),
        (b"\n".join(json.dumps(log(request_id=name)).encode() for name in ("r1", "r2")), "application/x-ndjson"),
        (b"\xef\xbb\xbf" + json.dumps(log()).encode(), "application/json"),
        (log(), ""),
        (log(), "application/vnd.acme+json"),
    ],
    ids=["object", "array", "logs member", "ndjson", "byte order mark", "no content type", "+json"],
)
def test_form_of_the_body(post: Post, body: Any, content_type: str) -> None:
    response = post(body, content_type=content_type)

    assert response.status_code == 202, response.content
    assert digest_until_empty().new == response.json()["accepted"] >= 1


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("GZIP", gzip.compress),
        ("x-gzip", gzip.compress),
        ("gzip", lambda body: gzip.compress(body[:10]) + gzip.compress(body[10:])),
        ("zstd", zstandard.compress),
        ("zstd", lambda body: zstandard.compress(body[:10]) + zstandard.compress(body[10:])),
        ("identity", bytes),
    ],
    ids=["gzip", "upper case", "x-gzip", "two gzip members", "zstd", "two zstd frames", "identity"],
)
def test_content_encoding(post: Post, encoding: str, pack: Callable[[bytes], bytes]) -> None:
    body = json.dumps([log(request_id=f"r{n}", user="é" * n) for n in range(400)]).encode()

    response = post(pack(body), **{"content-encoding": encoding})

    assert response.json() == {"accepted": 400, "rejected": []}
    assert inbox.unpack(InboxEntry.objects.get().body) == body


def test_good_logs_of_a_mixed_batch_are_accepted(post: Post) -> None:
    response = post([log(), log(request_id="r2", cost="much"), {}, log(request_id="r3")])

    assert response.status_code == 202
    answer = response.json()
    assert answer["accepted"] == 2
    assert [(item["index"], item["error"].get("field")) for item in answer["rejected"]] == [(1, "cost"), (2, "request")]
    assert digest_until_empty().new == 2


def test_no_good_log_is_422_and_nothing_is_stored(post: Post) -> None:
    response = post([{"request": {}, "cost": []}, {}])

    assert response.status_code == 422
    answer = response.json()
    assert (answer["accepted"], len(answer["rejected"])) == (0, 2)
    assert (answer["error"]["index"], answer["error"]["field"]) == (0, "cost")
    assert not InboxEntry.objects.exists()


def test_one_statement_finds_the_key_and_one_writes_the_inbox(post: Post) -> None:
    post(log())  # The inbox's fullness is looked up once a second.
    with CaptureQueriesContext(
        connection,
    ) as captured:
        post([log(request_id=f"r{n}") for n in range(100)])

    assert len(captured) == 1, [query["sql"] for query in captured]
    assert "sessions_app_apikey" in captured[0]["sql"]
    assert InboxEntry.objects.count() == 2


def test_full_inbox_is_503(post: Post, settings: Any) -> None:
    FULLNESS.forget()
    settings.LOGSUI_INBOX_MAX_BYTES = 100
    assert post(log()).status_code == 202
    FULLNESS.forget()

    response = post(log())

    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert response.json()["error"]["type"] == "inbox_full"
    FULLNESS.forget()


# --- wait=true ------------------------------------------------------------------------------------------------------


@pytest.fixture
def digester(transactional_db: None) -> Any:
    """A digester beside the test, as `manage.py digest` would be."""
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            digest_until_empty()
            stop.wait(0.01)
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    yield
    stop.set()
    thread.join()


def test_wait_says_what_contradicts(digester: None, post: Post, project: Project) -> None:
    response = post([log(), log(model="other"), log()], "/api/v1/logs?wait=true")

    assert [stored["contradicts"] for stored in response.json()["logs"]] == [False, True, False]


def test_wait_answers_after_digestion(digester: None, post: Post, project: Project) -> None:
    post(log(), "/api/v1/logs?wait=true")

    response = post([log(), log(request_id="r2", session_id="s2"), {"request": {"input": "x"}}], "/api/v1/logs?wait=1")

    assert response.status_code == 200
    answer = response.json()
    assert (answer["accepted"], answer["rejected"], answer["duplicates"]) == (3, [], 1)
    first, second, third = answer["logs"]
    assert (first["request_id"], first["session_key"], first["duplicate"]) == ("r1", "trace-1", True)
    assert (second["request_id"], second["session_key"], second["duplicate"]) == ("r2", "s2", False)
    assert third["request_id"]
    assert third["session_key"] is None
    stored = RequestLog.objects.get(request_id="r2")
    assert second["url"] == f"http://testserver/p/acme/requests/{stored.id}/"
    assert (second["id"], second["session_id"]) == (str(stored.id), str(stored.session_id))
    assert Session.objects.filter(id=first["session_id"]).exists()


def test_wait_gives_up_in_time(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sessions_app.api.logs.WAIT_SECONDS", 0.05)

    response = post(log(), "/api/v1/logs?wait=true")

    assert response.status_code == 202
    assert response.json() == {"accepted": 1, "rejected": []}


def test_odd_wait_is_400(post: Post) -> None:
    response = post(log(), "/api/v1/logs?wait=perhaps")

    assert response.status_code == 400
    assert response.json()["error"]["field"] == "wait"


# --- malformed bodies -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "headers", "status", "kind"),
    [
        (b"", {}, 400, "not_json"),
        (b"hello", {}, 400, "not_json"),
        (b'{"request": {"a"', {}, 400, "not_json"),
        (b"[]", {}, 422, "no_logs"),
        (b"\xff\xfe{}", {}, 400, "not_json"),
        (b"x", {"content-encoding": "br"}, 415, "unsupported_encoding"),
        (b"no gzip", {"content-encoding": "gzip"}, 400, "invalid_encoding"),
        (b"no zstd", {"content-encoding": "zstd"}, 400, "invalid_encoding"),
        (gzip.compress(b"[" * 5000, mtime=0)[:-12], {"content-encoding": "gzip"}, 400, "invalid_encoding"),
        (zstandard.compress(json.dumps(log()).encode())[:-4], {"content-encoding": "zstd"}, 400, "invalid_encoding"),
        (zlib.compress(b"{}"), {"content-encoding": "gzip"}, 400, "invalid_encoding"),
    ],
)
def test_malformed_body(post: Post, body: bytes, headers: dict[str, str], status: int, kind: str) -> None:
    response = post(body, **headers)

    assert (response.status_code, response.json()["error"]["type"]) == (status, kind)
    assert response.json()["error"]["message"]


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_other_content_types_are_415(post: Post, content_type: str) -> None:
    response = post(log(), content_type=content_type)

    assert response.status_code == 415
    assert "application/json" in response.json()["error"]["message"]


@pytest.mark.parametrize("path", ["/api/v1/logs", "/api/v1/litellm"])
def test_another_charset_than_utf_8_is_415(post: Post, path: str) -> None:
    for charset in ("utf-8", '"UTF-8"', "us-ascii"):
        assert post(log(), path, content_type=f"application/json; charset={charset}").status_code != 415
    for charset in ("utf-16", "iso-8859-1", "none\u00e4"):
        response = post(log(), path, content_type=f"application/json; Charset={charset}")
        assert response.status_code == 415, charset
        assert "send UTF-8" in response.json()["error"]["message"]


def test_other_methods_are_405(client: Client) -> None:
    response = client.get("/api/v1/logs")

    assert response.status_code == 405
    assert response.json()["error"]["type"] == "method_not_allowed"
    assert "POST" in response.headers["Allow"]
