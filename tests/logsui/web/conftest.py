"""A real gunicorn with one worker that serves the echo application, and a client that sends bytes as they are."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.conf import settings

ANSWER = re.compile(rb"HTTP/1\.[01] (\d+) ([^\r]*)\r\n(.*?)\r\n\r\n", re.DOTALL)


@dataclass
class Answer:
    status: int
    head: bytes
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass
class Server:
    address: tuple[str, int]
    process: psutil.Process
    log: Path

    @property
    def workers(self) -> list[psutil.Process]:
        return self.process.children()

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=60)

    def send(self, sent: bytes, *, end: bool = True) -> list[Answer]:
        """All answers to these bytes, until the server closes; with `end` the client says that it sends no more."""
        with self.connect() as client:
            client.sendall(sent)
            if end:
                # Who is refused early may find the connection closed already.
                with suppress(OSError):
                    client.shutdown(socket.SHUT_WR)
            return answers(received(client))

    def get(self, path: str) -> Answer:
        return self.send(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())[0]


def received(client: socket.socket) -> bytes:
    """All that comes until the server closes the connection, or resets it."""
    found = b""
    with suppress(ConnectionResetError):
        while piece := client.recv(65_536):
            found += piece
    return found


def answers(received: bytes) -> list[Answer]:
    found = []
    while match := ANSWER.match(received):
        length = re.search(rb"(?i)content-length: (\d+)", match[3])
        end = match.end() + (int(length[1]) if length else 0)
        found.append(Answer(int(match[1]), match[3], received[match.end() : end]))
        received = received[end:] if length or match[1] == b"100" else b""
    return found


@contextmanager
def running(folder: Path, **environment: str) -> Iterator[Server]:
    log = folder / "server.log"
    with socket.create_server(("127.0.0.1", 0)) as listening, log.open("w") as errors:
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            "-c",
            "python:logsui.launcher.gunicorn_conf",
            "tests.logsui.web.echo:bridge",
        ]
        variables = os.environ | {
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "LOGSUI_LISTEN_FD": str(listening.fileno()),
            "LOGSUI_WEB_WORKERS": "1",
            **environment,
        }
        process = subprocess.Popen(
            command, cwd=settings.BASE_DIR, env=variables, pass_fds=[listening.fileno()], stderr=errors
        )
        try:
            server = Server(listening.getsockname(), psutil.Process(process.pid), log)
            assert server.get("/healthz").status == 200
            yield server
        finally:
            process.terminate()
            process.wait(60)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server")) as found:
        yield found


def wait_until(condition: Callable[[], Any], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)
