"""Clients that send or read slowly, or not at all: they hold no thread, and each is ended in its time."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.logsui.web.conftest import Server, answers, running, wait_until

pytestmark = pytest.mark.processes

STALL_SECONDS = 2
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\n"
SLOW = {
    "silence": b"",
    "half a head": b"GET / HTTP/1.1\r\nHo",
    "half a body": POST + b"Content-Length: 14000\r\n\r\n" + b"x" * 7_000,
    "half a chunk": POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    limits = {"LOGSUI_STALL_SECONDS": str(STALL_SECONDS), "LOGSUI_TRANSFER_SECONDS": "6", "LOGSUI_WEB_THREADS": "2"}
    with running(tmp_path_factory.mktemp("server"), **limits) as found:
        yield found


@pytest.mark.parametrize("kind", SLOW)
def test_others_are_served_and_each_ends_with_its_reason(server: Server, kind: str) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(server.connect()) for _ in range(100)]
        for client in clients:
            client.sendall(SLOW[kind])
        assert server.get("/still-here").status == 200
        ends = [answers(client.makefile("rb").read()) for client in clients]

    assert {len(end) for end in ends} == {int(kind != "silence")}
    assert {answer.status for end in ends for answer in end} <= {408}
    assert all(answer.json["error"]["type"] == "request_timeout" for end in ends for answer in end)


def trickle(client: socket.socket, head: bytes, size: int) -> None:
    """Send `size` bytes in each tenth of a second until the server ends it."""
    client.sendall(head)
    with suppress(BrokenPipeError, ConnectionResetError):
        while True:
            client.sendall(b"x" * size)
            time.sleep(0.1)


@pytest.mark.parametrize(
    ("head", "size"),
    [
        pytest.param(b"GET / HTTP/1.1\r\nX: ", 1, id="head in drops"),
        pytest.param(POST + b"Content-Length: 100000\r\n\r\n", 10, id="body in drops"),
        pytest.param(POST + b"Content-Length: 100000000\r\n\r\n", 3_000, id="body that keeps its pace for too long"),
    ],
)
def test_drops_come_to_an_end(server: Server, head: bytes, size: int) -> None:
    started = time.monotonic()
    with server.connect() as client:
        trickle(client, head, size)
    assert time.monotonic() - started < 60


def test_body_that_keeps_its_pace_arrives(server: Server) -> None:
    with server.connect() as client:
        client.sendall(POST + b"Content-Length: 60000\r\n\r\n")
        for _ in range(20):
            client.sendall(b"x" * 3_000)
            time.sleep(0.15)
        assert client.recv(100).startswith(b"HTTP/1.1 200")


def test_answers_that_are_not_read_hold_no_thread_and_end(server: Server) -> None:
    """More of them than there are threads, each larger than what the kernel keeps."""
    with ExitStack() as stack:
        clients = [stack.enter_context(slow_reader(server)) for _ in range(20)]
        for client in clients:
            client.sendall(GET.replace(b"/ ", b"/?bytes=10000000 "))
        assert server.get("/still-here").status == 200
        wait_until(lambda: all(has_ended(client) for client in clients))


def slow_reader(server: Server) -> socket.socket:
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    client.connect(server.address)
    return client


def has_ended(client: socket.socket) -> bool:
    """Whether the server has dropped the connection; reads nothing."""
    return client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0 or tcp_state(client) != TCP_ESTABLISHED


TCP_ESTABLISHED = 1


def tcp_state(client: socket.socket) -> int:
    return client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 8)[0]


def test_idle_connection_that_had_a_request_stays(server: Server) -> None:
    with server.connect() as client:
        for _ in range(2):
            client.sendall(GET)
            assert client.recv(1_000).startswith(b"HTTP/1.1 200")
            time.sleep(STALL_SECONDS * 2)
        assert not has_ended(client)


# -- bounds of what they fill ----------------------------------------------------------------------------------------


def test_too_many_connections_end_the_idle_ones_first(tmp_path: Path) -> None:
    with running(tmp_path, LOGSUI_WEB_CONNECTIONS="10") as server, ExitStack() as stack:
        sending = stack.enter_context(server.connect())
        sending.sendall(POST + b"Content-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        # Until its head has been read, it is as idle as the others.
        assert b"100 Continue" in sending.recv(100)
        idle = [stack.enter_context(server.connect()) for _ in range(30)]
        for client in idle:
            client.sendall(GET)
            client.recv(1_000)

        sending.sendall(b"abc")
        assert sending.recv(100).startswith(b"HTTP/1.1 200")
        assert 20 <= sum(has_ended(client) for client in idle) < 30
        assert not has_ended(idle[-1])


def test_half_bodies_fill_neither_memory_nor_disk(tmp_path: Path) -> None:
    """Beyond the room for all of them a body is refused, a small one is not."""
    part = b"x" * 4 * 2**20
    with running(tmp_path, LOGSUI_SPOOL_MAX_BYTES="64 MiB") as server, ExitStack() as stack:
        worker = server.workers[0]
        before = worker.memory_info().rss
        for _ in range(14):
            client = stack.enter_context(server.connect())
            client.sendall(POST + b"Content-Length: 8000000\r\n\r\n" + part)
        body = b"x" * 8_000_000
        (refused,) = server.send(POST + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        (small,) = server.send(POST + b"Content-Length: 14000\r\n\r\n" + body[:14_000])
        filled = worker.memory_info().rss - before

    assert (refused.status, refused.json["error"]["type"]) == (503, "service_unavailable")
    assert b"etry-" in refused.head
    assert small.status == 200
    assert filled < 40 * 2**20


def test_unfinished_heads_do_not_fill_memory(tmp_path: Path) -> None:
    with running(tmp_path) as server, ExitStack() as stack:
        worker = server.workers[0]
        before = worker.memory_info().rss
        for _ in range(400):
            client = stack.enter_context(server.connect())
            client.sendall(b"GET / HTTP/1.1\r\nX: " + b"x" * 65_000)
        for _ in range(400):
            client = stack.enter_context(server.connect())
            client.sendall(b"GET / HTTP/1.1\r\nX: " + b"x" * 65_000)
        assert server.get("/still-here").status in (200, 503)
        filled = worker.memory_info().rss - before

    assert filled < 80 * 2**20
