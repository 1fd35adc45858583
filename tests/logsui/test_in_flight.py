"""Which requests a web worker answers at the moment, and what it answers without memory."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from wsgiref.util import setup_testing_defaults

import orjson
import pytest
from django.core.signals import request_finished
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

from logsui import in_flight
from logsui.in_flight import SLOTS, Requests, address, tracked
from logsui.middleware import OutOfMemory
from sessions_app.api.errors import as_api_error, error_response


def environ(path: str = "/p/default/sessions/", query: str = "", **others: str) -> dict[str, Any]:
    made: dict[str, Any] = {"PATH_INFO": path, "QUERY_STRING": query, "REQUEST_METHOD": "GET", **others}
    setup_testing_defaults(made)
    return made


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> Requests:
    made = Requests()
    monkeypatch.setattr(in_flight, "_requests", made)
    return made


@pytest.fixture
def stops() -> Iterator[list[int]]:
    """The signals by which this process would have been told to stop."""
    received: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: received.append(number))
    yield received
    signal.signal(signal.SIGTERM, before)


class Answer:
    """What a WSGI server hears."""

    def __init__(self, application: Callable[..., Iterable[bytes]], asked: dict[str, Any]) -> None:
        self.status = ""
        self.headers: dict[str, str] = {}
        self.body = application(asked, self.start)

    def start(self, status: str, headers: list[tuple[str, str]], error: Any = None) -> None:
        self.status, self.headers = status, dict(headers)


def test_request_is_in_the_table_until_its_answer_is_closed(requests: Requests) -> None:
    seen: list[list[str]] = []

    def application(asked: Any, start: Any) -> Iterator[bytes]:
        start("200 OK", [])
        for _ in range(2):
            seen.append(requests.told())
            yield b"piece"

    answer = Answer(tracked(application), environ(query="q=secret&limit=5"))
    assert list(answer.body) == [b"piece", b"piece"]
    assert len(requests.told()) == 1
    answer.body.close()

    assert [told[0].partition(" for ")[0] for told in seen] == ["GET /p/default/sessions/?q=…&limit=…"] * 2
    assert requests.told() == []


def test_a_download_is_sent_while_it_is_made(requests: Requests, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[bytes] = []

    async def pieces() -> AsyncIterator[bytes]:
        for number in range(3):
            made.append(b"%d" % number)
            yield made[-1]

    async def first_of(body: Any) -> bytes:
        found: bytes = await anext(aiter(body))
        return found

    answer = Answer(tracked(lambda asked, start: StreamingHttpResponse(pieces())), environ())
    # Closing ends the connection to the database, which this test has none of.
    monkeypatch.setattr(request_finished, "send", lambda **named: None)
    assert answer.body.is_async
    # A thread of its own has no event loop; this one has, after a test with a browser.
    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(asyncio.run, first_of(answer.body)).result() == b"0"
    assert made == [b"0"]
    assert len(requests.told()) == 1
    answer.body.close()
    assert requests.told() == []


def test_failed_request_leaves_the_table(requests: Requests) -> None:
    def application(asked: Any, start: Any) -> Any:
        raise ValueError

    with pytest.raises(ValueError):
        Answer(tracked(application), environ())

    assert requests.told() == []


def test_oldest_is_named_first_and_a_full_table_does_no_harm(requests: Requests) -> None:
    slots = [requests.begin(f"number {number}") for number in range(SLOTS + 2)]

    assert slots[SLOTS:] == [None, None]
    assert [text.partition(" for ")[0] for text in requests.told()][:2] == ["number 0", "number 1"]
    for slot in slots:
        requests.end(slot)
    assert requests.told() == []


def test_table_outlives_the_process_that_wrote_it(requests: Requests) -> None:
    child = os.fork()
    if not child:
        requests.begin("GET /x")
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)

    assert [text.partition(" for ")[0] for text in requests.told()] == ["GET /x"]


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        (environ("/sign-in/canary/"), "GET /sign-in/…/"),
        (environ("/x/lsk_12345678canary"), "GET /x/lsk_12345678…"),
        (environ("/a\n2026 ERROR forged: \x1b[31m"), "GET /a%0A2026%20ERROR%20forged:%20%1B%5B31m"),
        (environ("/\xc3\xa9"), "GET /%C3%A9"),
        (environ("/x", "a=1&&b&c%0Ad=2"), "GET /x?a=…&b=…&c%0Ad=…"),
        (environ("/x", CONTENT_LENGTH="17"), "GET /x (17 bytes)"),
        (environ("/x", CONTENT_LENGTH="1\n7"), "GET /x"),
        (environ("/x", REQUEST_METHOD="G\nT"), "G%0AT /x"),
    ],
)
def test_address_stays_on_its_line_and_tells_no_secret(asked: dict[str, Any], text: str) -> None:
    assert address(asked) == text


def test_address_is_bounded() -> None:
    assert len(address(environ("/" + "é" * 5_000, "&".join("x" * 500 for _ in range(200))))) < 1_000


# -- without memory ----------------------------------------------------------------------------------------------------


def test_memory_error_is_answered_and_the_worker_stops(
    requests: Requests, stops: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    def application(asked: Any, start: Any) -> Any:
        raise MemoryError

    answer = Answer(tracked(application), environ("/x/"))

    assert answer.status.startswith("503 ")
    assert answer.headers["Retry-After"] == "5"
    assert b"more memory than the server may use" in b"".join(answer.body)
    assert stops == [signal.SIGTERM]
    assert "it ran out of memory for GET /x/" in caplog.text


@pytest.mark.parametrize("path", ["/api/v1/logs", "/p/default/sessions/"])
def test_memory_error_that_was_answered_already_stops_the_worker_too(
    requests: Requests, stops: list[int], path: str
) -> None:
    def application(asked: Any, start: Any) -> Iterable[bytes]:
        page = OutOfMemory(lambda request: HttpResponse())
        response = (
            error_response(as_api_error(MemoryError()))
            if path.startswith("/api")
            else page.process_exception(HttpRequest(), MemoryError())
        )
        assert response is not None
        start(f"{response.status_code} x", list(response.headers.items()))
        return [response.content]

    answer = Answer(tracked(application), environ(path))
    body = b"".join(answer.body)
    assert stops == []
    answer.body.close()

    assert answer.status.startswith("503")
    assert b"more memory than the server may use" in body
    assert not path.startswith("/api") or orjson.loads(body)["error"]["type"] == "out_of_memory"
    assert stops == [signal.SIGTERM]

    # The next request of this thread has nothing to do with it.
    Answer(tracked(lambda asked, start: [b""]), environ()).body.close()
    assert len(stops) == 1


def test_memory_error_in_the_middle_of_an_answer_stops_the_worker(requests: Requests, stops: list[int]) -> None:
    def application(asked: Any, start: Any) -> Iterator[bytes]:
        start("200 OK", [])
        yield b"begun"
        raise MemoryError

    answer = Answer(tracked(application), environ())
    with pytest.raises(MemoryError):
        list(answer.body)
    answer.body.close()

    assert stops == [signal.SIGTERM]
    assert requests.told() == []
