"""What goes to the log has no secrets in it."""

from __future__ import annotations

import http.client
import io
import logging
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils.log import configure_logging

from logsui.scrub import ScrubbingFormatter, scrub
from sessions_app.access.keys import create_sign_in_token
from tests.factories import make_user

TOKEN = "q4n-X_" + "a" * 37
KEY = "lsk_AbCd-_12" + "z" * 31


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        (f"Forbidden (no cookie): /sign-in/{TOKEN}/", "Forbidden (no cookie): /sign-in/…/"),
        (f"GET http://a/sign-in/{TOKEN}", "GET http://a/sign-in/…"),
        (f"/sign%2Din/{TOKEN}?x=1", "/sign%2Din/…?x=1"),
        (f"/login/?next=%2Fsign-in%2F{TOKEN}%2F&a=b", "/login/?next=%2Fsign-in%2F…%2F&a=b"),
        (f"/sign-in/{TOKEN}/ and '/sign-in/{TOKEN}'", "/sign-in/…/ and '/sign-in/…'"),
        (f"Authorization: Bearer {KEY}, x", "Authorization: Bearer lsk_AbCd-_12…, x"),
        (f"/v1/traces?api_key={KEY}&b", "/v1/traces?api_key=lsk_AbCd-_12…&b"),
        (f"LSK%5F{KEY[4:]}", "LSK%5FAbCd-_12…"),
        ("/sign-in/ and /login/ say nothing", "/sign-in/ and /login/ say nothing"),
    ],
)
def test_it_works(text: str, scrubbed: str) -> None:
    assert scrub(text) == scrubbed
    assert scrub(scrubbed) == scrubbed


def test_tracebacks_are_scrubbed() -> None:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(ScrubbingFormatter("%(message)s"))
    logger = logging.Logger("test")
    logger.addHandler(handler)
    try:
        raise ValueError(f"/sign-in/{TOKEN}/ with {KEY}")
    except ValueError:
        logger.exception("Failed: %s", f"/sign-in/{TOKEN}/")
    assert TOKEN not in written.getvalue()
    assert KEY not in written.getvalue()
    assert "ValueError: /sign-in/…/ with lsk_AbCd-_12…" in written.getvalue()


@pytest.fixture
def log(capsys: pytest.CaptureFixture[str]) -> Iterator[io.StringIO]:
    """What the site writes to its log, as the settings say."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    written = io.StringIO()
    sys.stderr, real = written, sys.stderr
    configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)
    yield written
    sys.stderr = real
    root.handlers[:], root.level = before, level


def test_token_of_a_form_without_csrf_token_is_not_logged(db: None, log: io.StringIO) -> None:
    address = f"/sign-in/{create_sign_in_token(make_user())}/"
    assert Client(enforce_csrf_checks=True).post(address).status_code == 403
    assert Client().put(address).status_code == 405
    assert Client().get(f"{address}nothing").status_code == 404
    assert log.getvalue().count("/sign-in/…/") == 3
    assert address not in log.getvalue()


def test_a_refusal_is_one_line(db: None, log: io.StringIO) -> None:
    client = Client()
    client.force_login(make_user())
    assert client.post("/projects/new/", {"name": "x"}).status_code == 403
    assert len(log.getvalue().splitlines()) == 1
    assert "/projects/new/" in log.getvalue()


def test_web_server_names_no_token_when_it_fails(tmp_path: Path) -> None:
    """gunicorn logs the address of a request that no application answered."""
    token = secrets.token_urlsafe(32)
    (tmp_path / "failing.py").write_text(
        "from logsui.web.bridge import Bridge\n"
        "def fail(environ, start):\n    raise ZeroDivisionError(environ['PATH_INFO'])\n"
        "application = Bridge(fail, 1_000)\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as listening, open(tmp_path / "log", "w+b") as log:
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            "-c",
            "python:logsui.launcher.gunicorn_conf",
            "failing:application",
        ]
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "LOGSUI_LISTEN_FD": str(listening.fileno()),
            "LOGSUI_WEB_WORKERS": "1",
            "PYTHONPATH": f"{tmp_path}{os.pathsep}{settings.BASE_DIR}",
        }
        process = subprocess.Popen(
            command, cwd=settings.BASE_DIR, env=environment, pass_fds=[listening.fileno()], stderr=log
        )
        try:
            client = http.client.HTTPConnection(*listening.getsockname(), timeout=60)
            client.request("GET", f"/sign-in/{token}/")
            assert client.getresponse().status == 500
        finally:
            process.terminate()
            process.wait(timeout=60)
        log.seek(0)
        written = log.read().decode()
    assert "Error in ASGI application" in written
    assert "/sign-in/…/" in written
    assert token not in written
