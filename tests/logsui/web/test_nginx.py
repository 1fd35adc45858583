"""The configuration of nginx in docs/deployment.md, but for TLS, before the running server."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.conf import settings

from tests.logsui.web.conftest import Server, answers, running, wait_until

NGINX = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
pytestmark = [pytest.mark.skipif(NGINX is None, reason="nginx is not installed"), pytest.mark.processes]
POST = b"POST / HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server")) as found:
        yield found


@pytest.fixture(scope="module")
def proxy(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """nginx, with the means to talk to it of a Server."""
    folder = tmp_path_factory.mktemp("nginx")
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = free.getsockname()
    (folder / "nginx.conf").write_text(configuration(folder, address[1], server.address[1]))
    process = subprocess.Popen([NGINX, "-p", str(folder), "-e", str(folder / "log"), "-c", str(folder / "nginx.conf")])
    try:
        wait_until(lambda: accepts(address))
        yield Server(address, server.process, folder / "log")
    finally:
        process.terminate()
        process.wait(30)


def accepts(address: tuple[str, int]) -> bool:
    with socket.socket() as client:
        return client.connect_ex(address) == 0


def configuration(folder: Path, port: int, upstream: int) -> str:
    text = (settings.BASE_DIR / "docs" / "deployment.md").read_text()
    block = re.search(r"```nginx\n(.*?)```", text, re.DOTALL)[1]
    block = re.sub(r"^ *ssl_.*\n", "", block, flags=re.MULTILINE)
    block = block.replace("listen 443 ssl", f"listen 127.0.0.1:{port}").replace(
        "127.0.0.1:8000", f"127.0.0.1:{upstream}"
    )
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    # Else a root's nginx gives up its rights, and cannot write there.
    user = "user root;" if os.geteuid() == 0 else ""
    return f"daemon off; pid {folder}/pid; {user} events {{}} http {{ access_log off; {paths} {block} }}"


def test_it_passes_requests_on(proxy: Server) -> None:
    for path, status in (("/a?b=c", 200), ("/metrics", 403)):
        sent = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        (answer,) = proxy.send(sent.encode(), end=False)
        assert answer.status == status


def test_scheme_is_the_proxys_and_not_the_clients(proxy: Server) -> None:
    (answer,) = proxy.send(
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-Proto: https\r\n\r\n", end=False
    )

    assert answer.json["HTTP_X_FORWARDED_PROTO"] == "http"
    assert answer.json["wsgi.url_scheme"] == "http"


def test_half_bodies_stay_with_it(proxy: Server, server: Server) -> None:
    worker = server.workers[0]
    before = len(worker.net_connections())
    with ExitStack() as stack:
        clients = [stack.enter_context(proxy.connect()) for _ in range(50)]
        for client in clients:
            client.sendall(POST + b"Connection: close\r\nContent-Length: 14000\r\n\r\n" + b"x" * 7_000)
        time.sleep(1)
        assert len(worker.net_connections()) <= before
        clients[0].sendall(b"x" * 7_000)
        (answer,) = answers(clients[0].makefile("rb").read())
    assert answer.json["body"] == "x" * 14_000


def test_large_bodies_pass(proxy: Server) -> None:
    body = b"x" * 60 * 2**20

    (answer,) = proxy.send(POST + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body, end=False)

    # The echo application keeps less of it than logsui does.
    assert answer.status == 200


def test_news_are_not_kept_back(proxy: Server) -> None:
    with proxy.connect() as page:
        page.sendall(b"GET /news?times=0 HTTP/1.1\r\nHost: x\r\n\r\n")
        received = b""
        while b": hello" not in received:
            piece = page.recv(4_096)
            assert piece, received
            received += piece
