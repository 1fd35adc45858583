"""Bodies as they arrive through the real web server: chunked, cut off, refused while they are being sent."""

from __future__ import annotations

import base64
import gzip
import http.client
import json
import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import psutil
import pytest

from sessions_app.models import InboxEntry
from sessions_app.storage import inbox
from tests.api.conftest import log
from tests.wire.otlp_exports import attribute, export, span

pytestmark = pytest.mark.processes

MIB = 2**20
AT_ONCE = 4
BODY = json.dumps([log(request_id=f"r{n}") for n in range(50)]).encode()
Send = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def send(worker: psutil.Process, listening: socket.socket, transactional_db: None, key: str) -> Iterator[Send]:
    """POST through one connection, which is kept, or one that is not; a list of pieces goes chunked."""
    kept = http.client.HTTPConnection(*listening.getsockname(), timeout=60)

    def post(
        body: bytes | list[bytes], path: str = "/api/v1/logs", alone: bool = False, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        client = http.client.HTTPConnection(*listening.getsockname(), timeout=60) if alone else kept
        sent = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"} | headers
        client.request("POST", path, iter(body) if isinstance(body, list) else body, sent)
        response = client.getresponse()
        return response.status, json.loads(response.read())

    yield post
    kept.close()


def pieces(body: bytes, size: int = 700) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


def test_chunked_export_and_its_connection_kept(send: Send) -> None:
    """As JavaScript's exporters send it: no length, one connection."""
    body = export(*(span(spanId=f"{n:016x}") for n in range(1, 51)))

    for _ in range(2):
        assert send(pieces(body), "/v1/traces") == (200, {})
    status, answer = send(pieces(body[:-1]), "/v1/traces")
    assert (status, answer["code"]) == (400, 3)
    status, answer = send(pieces(gzip.compress(body), 11), "/v1/traces", **{"Content-Encoding": "gzip"})
    assert (status, answer) == (200, {})

    assert [inbox.unpack(entry.body) for entry in InboxEntry.objects.all()] == [body] * 3


def test_export_over_the_limit_gets_its_answer(send: Send) -> None:
    status, answer = send([b" " * MIB] * 65, "/v1/traces")

    assert (status, answer["code"]) == (413, 8)


@pytest.mark.parametrize("path", ["/api/v1/logs", "/api/v1/litellm"])
def test_chunked_body_without_a_length(send: Send, path: str) -> None:
    body = BODY if path == "/api/v1/logs" else json.dumps([{"id": str(n), "messages": []} for n in range(50)]).encode()

    status, answer = send(pieces(body), path)

    assert status in (200, 202)
    assert answer == {"accepted": 50, "rejected": []}
    assert inbox.unpack(InboxEntry.objects.get().body) == body


def test_chunked_and_gzipped(send: Send) -> None:
    status, answer = send(pieces(gzip.compress(BODY), 11), **{"Content-Encoding": "gzip"})

    assert (status, answer["accepted"]) == (202, 50)


def test_empty_chunked_body(send: Send) -> None:
    status, answer = send([])

    assert (status, answer["error"]["type"]) == (400, "not_json")


@pytest.mark.parametrize("chunked", [True, False])
def test_body_over_the_limit_gets_its_answer(send: Send, chunked: bool) -> None:
    """The client sends all before it reads: the answer must not be lost with the connection."""
    piece = b" " * MIB
    status, answer = send([piece] * 65 if chunked else piece * 65)
    assert (status, answer["error"]["type"]) == (413, "too_large")

    status, answer = send(BODY)
    assert (status, answer["accepted"]) == (202, 50)


def test_refused_key_gets_its_answer_too(send: Send) -> None:
    status, answer = send(b" " * (8 * MIB), Authorization="Bearer wrong")
    assert (status, answer["error"]["type"]) == (401, "invalid_key")

    status, _ = send(BODY)
    assert status == 202


def test_body_that_breaks_off_is_not_stored(
    worker: psutil.Process, listening: socket.socket, send: Send, key: str
) -> None:
    """Half an NDJSON body may end between two lines, where it looks whole."""
    line = json.dumps(log()).encode() + b"\n"
    head = (
        f"POST /api/v1/logs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/x-ndjson\r\nContent-Length: {2 * len(line)}\r\n\r\n"
    )
    with socket.create_connection(listening.getsockname(), timeout=30) as client:
        client.sendall(head.encode() + line)
        client.shutdown(socket.SHUT_WR)
        answer = client.makefile("rb").read()

    assert b" 400 " in answer.splitlines()[0]
    assert b"incomplete_body" in answer
    assert not InboxEntry.objects.exists()


def exchange(listening: socket.socket, sent: bytes) -> tuple[int, dict[str, Any]]:
    """Status and JSON of the first answer to bytes that no client would send."""
    with socket.create_connection(listening.getsockname(), timeout=30) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        answer = client.makefile("rb").read()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/json" in head, answer
    return int(head.split()[1]), json.loads(body)


@pytest.mark.parametrize(
    "chunks",
    [b"zz\r\nhello\r\n0\r\n\r\n", b"5\r\nhel", b"5\r\nhelloXX0\r\n\r\n", b"-5\r\nhello", b"fffffffff\r\nhello"],
)
def test_chunks_that_are_none(listening: socket.socket, send: Send, key: str, chunks: bytes) -> None:
    head = f"POST /api/v1/logs HTTP/1.1\r\nHost: x\r\nx-api-key: {key}\r\nTransfer-Encoding: chunked\r\n\r\n"

    status, answer = exchange(listening, head.encode() + chunks)

    assert (status, answer["error"]["type"]) == (400, "incomplete_body")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"garbage\r\n\r\n", 400),
        (b"GET /api/v1/sessions?q=" + b"x" * 61_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET /api/v1/sessions HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", 431),
    ],
)
def test_what_the_web_server_refuses_is_json_too(
    listening: socket.socket, worker: Any, sent: bytes, status: int
) -> None:
    answered, answer = exchange(listening, sent)

    assert answered == status
    assert answer["error"]["message"]


def test_an_address_that_is_too_long_has_a_page_for_browsers(listening: socket.socket, worker: Any) -> None:
    def get(query: str) -> http.client.HTTPResponse:
        client = http.client.HTTPConnection(*listening.getsockname(), timeout=60)
        client.request("GET", f"/p/acme/sessions/?q={query}")
        return client.getresponse()

    answer = get("x" * 61_000)
    assert (answer.status, answer.headers["Content-Type"]) == (414, "text/html; charset=utf-8")
    page = answer.read().decode()
    assert "<h1>The address is too long</h1>" in page
    assert "/static/css/" in page
    # What fits gets to the application, which asks who this is.
    assert get("x" * 10_000).status == 302


def test_filter_of_1_000_characters_reaches_us(listening: socket.socket, send: Send, key: str) -> None:
    client = http.client.HTTPConnection(*listening.getsockname(), timeout=60)
    client.request("GET", f"/api/v1/sessions?trace_id={quote('é' * 1_000)}", headers={"x-api-key": key})

    response = client.getresponse()

    assert response.status == 200
    assert json.loads(response.read()) == {"results": [], "next": None}
    client.close()


def logs_of(size: int, text: str) -> bytes:
    """An array of logs of nearly `size` bytes, each with its own text: nothing is there twice."""
    made = []
    while size > 0:
        text = text[7:] + text[:7]
        made.append(json.dumps(log(request_id=f"r{len(made)}", request={"input": text})).encode())
        size -= len(made[-1]) + 1
    return b"[" + b",".join(made[:-1]) + b"]"


def spans_of(size: int, text: str) -> bytes:
    """An export of nearly `size` bytes, likewise."""
    made = []
    while size > 0:
        text = text[7:] + text[:7]
        made.append(span(spanId=f"{len(made) + 1:016x}", attributes=[attribute("text", stringValue=text)]))
        size -= len(json.dumps(made[-1])) + 2
    return export(*made[:-1])


@pytest.mark.parametrize("path", ["/api/v1/logs", "/v1/traces"])
def test_memory_stays_bounded_by_bodies_of_64_mb(worker: psutil.Process, send: Send, path: str) -> None:
    # Random text, so that it can't be packed small.
    body_of = spans_of if path == "/v1/traces" else logs_of
    body = body_of(64 * MIB, base64.b64encode(os.urandom(9_000)).decode())
    assert len(body) > 63 * MIB

    with ThreadPoolExecutor(AT_ONCE) as senders:
        answers = list(senders.map(lambda _: send(body, path, alone=True), range(AT_ONCE)))

    assert [status for status, _ in answers] == [200 if path == "/v1/traces" else 202] * AT_ONCE
    # VmHWM: the highest that it ever was.
    with open(f"/proc/{worker.pid}/status") as lines:
        peak = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    assert peak < 250 * MIB, f"{peak / MIB:.0f} MiB"
