"""The worker as a whole: every thread busy, one that is stuck, pages that wait for news, and its end."""

from __future__ import annotations

import signal
import socket
import struct
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.logsui.web.conftest import Server, answers, running, wait_until

pytestmark = pytest.mark.processes


def ask(server: Server, path: str) -> ExitStack:
    """Asked for, and the answer not yet read."""
    stack = ExitStack()
    client = stack.enter_context(server.connect())
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    return stack


def test_health_while_every_thread_is_busy_and_503_beyond_what_may_wait(tmp_path: Path) -> None:
    with running(tmp_path, LOGSUI_WEB_THREADS="1", LOGSUI_WEB_QUEUE="2") as server, ThreadPoolExecutor(10) as clients:
        asked = list(clients.map(lambda _: server.get("/?sleep=3"), range(6)))
        busy = [clients.submit(server.get, "/?sleep=3") for _ in range(2)]
        assert not any(future.done() for future in busy)
        assert server.get("/healthz").body == b"ok\n"

    statuses = sorted(answer.status for answer in asked)
    assert statuses == [200] * 3 + [503] * 3
    refused = next(answer for answer in asked if answer.status == 503)
    assert refused.json["error"]["type"] == "service_unavailable"
    assert b"etry-" in refused.head


def reset(client: socket.socket) -> None:
    """Closing it tells the server at once that nobody reads either."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"])
@pytest.mark.parametrize("leave", [reset, lambda client: None])
def test_nothing_stays_of_clients_that_left(
    tmp_path: Path, sent: bytes, leave: Callable[[socket.socket], None]
) -> None:
    with running(tmp_path) as server:
        files = server.workers[0].num_fds()
        for _ in range(20):
            with server.connect() as client:
                client.sendall(sent)
                time.sleep(0.02)
                leave(client)
        wait_until(lambda: server.workers[0].num_fds() <= files)


def test_request_of_a_client_that_left_is_not_begun(tmp_path: Path) -> None:
    with running(tmp_path, LOGSUI_WEB_THREADS="1") as server:
        for _ in range(20):
            with server.connect() as client:
                client.sendall(b"GET /?sleep=10 HTTP/1.1\r\nHost: x\r\n\r\n")
                reset(client)
        started = time.monotonic()
        assert server.get("/").status == 200
        assert time.monotonic() - started < 60


def test_worker_with_a_stuck_thread_ends_and_another_one_serves(tmp_path: Path) -> None:
    with running(tmp_path, LOGSUI_REQUEST_SECONDS="2", LOGSUI_WEB_THREADS="2") as server:
        first = server.workers[0].pid
        with ask(server, "/?sleep=300"):
            # What another one has begun meanwhile is answered.
            time.sleep(1.5)
            assert server.get("/?sleep=1").status == 200
            wait_until(lambda: [worker.pid for worker in server.workers] not in ([], [first]))
            assert server.get("/").status == 200
        log = server.log.read_text()

    assert "GET / has run for" in log
    assert "LOGSUI_REQUEST_SECONDS" in log


def test_pages_that_wait_for_news_need_no_thread(tmp_path: Path) -> None:
    with running(tmp_path, LOGSUI_WEB_THREADS="2") as server, ExitStack() as stack:
        pages = [stack.enter_context(server.connect()) for _ in range(100)]
        for page in pages:
            page.sendall(b"GET /news?times=0 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert all(b": hello" in page.recv(1_000) for page in pages)
        assert server.get("/").status == 200

        # The server ends them when it ends.
        worker = server.workers[0]
        worker.terminate()
        assert all(page.makefile("rb").read() == b"" for page in pages)
        worker.wait(60)


def test_news_arrive_as_they_come(tmp_path: Path) -> None:
    with running(tmp_path) as server, server.connect() as page:
        page.sendall(b"GET /news?times=3 HTTP/1.0\r\nHost: x\r\n\r\n")
        received = page.makefile("rb").read()
    assert received.endswith(b"\r\n\r\n: hello\n\n" + b"data: news\n\n" * 3)


def test_page_that_is_closed_ends_its_wait(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        for _ in range(30):
            with server.connect() as page:
                page.sendall(b"GET /news?times=0 HTTP/1.1\r\nHost: x\r\n\r\n")
                assert b": hello" in page.recv(1_000)
        worker = server.workers[0]
        wait_until(lambda: len(worker.net_connections()) <= 1)


def test_worker_that_stops_answers_what_it_has_begun(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        with server.connect() as client, server.connect() as idle, server.connect() as unfinished:
            idle.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert idle.recv(1_000)
            unfinished.sendall(b"GET / HT")
            client.sendall(b"GET /?sleep=2 HTTP/1.1\r\nHost: x\r\n\r\n")
            time.sleep(0.5)
            started = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            (answer,) = answers(client.makefile("rb").read())
            assert idle.recv(1_000) == unfinished.recv(1_000) == b""
        server.process.wait(60)

    assert answer.status == 200
    # It waited for no idle client: those stay for 75 seconds.
    assert time.monotonic() - started < 20
