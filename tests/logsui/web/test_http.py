"""HTTP as odd and hostile clients speak it, against the running server: as strict as gunicorn's WSGI workers."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from tests.logsui.web.conftest import Server
from tests.logsui.web.echo import MAX_BODY_BYTES

pytestmark = pytest.mark.processes

POST = b"POST / HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


def test_it_works(server: Server) -> None:
    (answer,) = server.send(POST + b"Content-Length: 5\r\nContent-Type: text/plain\r\nX-A: 1\r\nX-A: 2\r\n\r\nhello")

    assert answer.status == 200
    assert answer.json == {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "SCRIPT_NAME": "",
        "CONTENT_TYPE": "text/plain",
        "HTTP_HOST": "x",
        "HTTP_X_A": "1,2",
        "wsgi.url_scheme": "http",
        "body": "hello",
    }


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/a?b=c#d", "/a", "b=c"),
        (b"//a//b", "//a//b", ""),
        (b"/../../etc", "/../../etc", ""),
        (b"http://h.example/p/a?x=1", "/p/a", "x=1"),
        # WSGI's texts stand for bytes.
        (b"/a%20b%2Fc%C3%A9?q=%C3%A9+%20", "/a b/cÃ©", "q=%C3%A9+%20"),
        (b"/a%zz%FF%00", "/a%zzÿ\0", ""),
        (b"/a??q=?&c", "/a", "?q=?&c"),
    ],
)
def test_addresses(server: Server, target: bytes, path: str, query: str) -> None:
    (answer,) = server.send(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n")

    assert (answer.json["PATH_INFO"], answer.json["QUERY_STRING"]) == (path, query)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param(b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 400, id="version"),
        pytest.param(b"get / HTTP/1.1\r\nHost: x\r\n\r\n", 400, id="method"),
        pytest.param(b"GET a HTTP/1.1\r\nHost: x\r\n\r\n", 400, id="no slash"),
        pytest.param(b"GET http://[x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400, id="address"),
        pytest.param(b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400, id="space in the address"),
        pytest.param(b"GET /\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n", 400, id="bytes beyond ASCII in the address"),
        pytest.param(b"GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n", 400, id="control in the address"),
        pytest.param(b"GET / HTTP/1.1\nHost: x\n\n", 400, id="bare LF"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\nX-A: b\r\n\r\n", 400, id="bare LF between headers"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\nX-A: a\r\n b\r\n\r\n", 400, id="folded header"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\nX-A: a\rb\r\n\r\n", 400, id="bare CR"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\nX-A: a\0b\r\n\r\n", 400, id="NUL"),
        pytest.param(b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400, id="space before the colon"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\nfoo\r\n\r\n", 400, id="no colon"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400, id="two hosts"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, id="HTTP/2"),
        pytest.param(POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400, id="two lengths"),
        pytest.param(POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400, id="two other lengths"),
        pytest.param(POST + b"Content-Length: 3, 3\r\n\r\nabc", 400, id="list of lengths"),
        pytest.param(POST + b"Content-Length: +3\r\n\r\nabc", 400, id="signed length"),
        pytest.param(POST + b"Content-Length: 0_3\r\n\r\nabc", 400, id="length with underscore"),
        pytest.param(POST + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\nabc", 400, id="length of 5,000 digits"),
        pytest.param(
            POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            400,
            id="length and chunks",
        ),
        pytest.param(POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400, id="chunked is not last"),
        pytest.param(
            POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400, id="chunked twice"
        ),
        pytest.param(POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400, id="vertical tab"),
        pytest.param(POST + b"Transfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc", 400, id="identity"),
        pytest.param(POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501, id="another coding"),
        pytest.param(b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, id="chunks in HTTP/1.0"),
        pytest.param(POST + b"Expect: x\r\nContent-Length: 3\r\n\r\nabc", 417, id="expectation"),
        pytest.param(b"GET /" + b"x" * 59_990 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414, id="long address"),
        pytest.param(b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", 431, id="long header"),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 120 + b"\r\n", 431, id="many headers"),
        pytest.param(b"GET / HTTP/1.1\r\n" + (b"X: " + b"x" * 60_000 + b"\r\n") * 4, 431, id="long head"),
        pytest.param(
            b"GET / HTTP/1.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Proto: http\r\n\r\n", 400, id="schemes"
        ),
    ],
)
def test_what_is_refused(server: Server, sent: bytes, status: int) -> None:
    (answer,) = server.send(sent)

    assert answer.status == status
    assert answer.json["error"]["message"]


def test_as_long_as_they_may_be(server: Server) -> None:
    assert server.get("/" + "x" * 59_980).status == 200
    (answer,) = server.send(b"GET / HTTP/1.1\r\nX-A: " + b"x" * 65_000 + b"\r\n\r\n")
    assert len(answer.json["HTTP_X_A"]) == 65_000


def test_header_names_with_underscore_do_not_stand_for_others(server: Server) -> None:
    names = b"X_Api_Key: evil\r\nX-Api-Key: good\r\nSCRIPT_NAME: /evil\r\nContent_Length: 3\r\n"

    (answer,) = server.send(b"GET /evil/a HTTP/1.1\r\nHost: x\r\n" + names + b"\r\n")

    assert answer.json["HTTP_X_API_KEY"] == "good"
    assert (answer.json["SCRIPT_NAME"], answer.json["PATH_INFO"]) == ("", "/evil/a")
    assert "HTTP_SCRIPT_NAME" not in answer.json


def test_proxy_on_this_machine_says_the_scheme(server: Server) -> None:
    (answer,) = server.send(b"GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-Proto: https\r\n\r\n")

    assert answer.json["wsgi.url_scheme"] == "https"


# -- bodies ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chunks", "body"),
    [
        (b"3\r\nabc\r\n0\r\n\r\n", "abc"),
        (b"3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n", "abcde"),
        (b"1\r\na\r\n" * 9_000 + b"0\r\n\r\n", "a" * 9_000),
        (b"0\r\n\r\n", ""),
    ],
)
def test_chunks(server: Server, chunks: bytes, body: str) -> None:
    (answer,) = server.send(CHUNKED + chunks)

    assert answer.json["body"] == body


@pytest.mark.parametrize(
    "chunks",
    [
        b"zz\r\nabc\r\n0\r\n\r\n",
        b"0x3\r\nabc\r\n0\r\n\r\n",
        b"3\nabc\n0\n\n",
        b"3\r\nabcd\r\n0\r\n\r\n",
        b"3;a\rb\r\nabc\r\n0\r\n\r\n",
        b"3\r\nabc\r\n0\r\nHost: evil\r\n\r\n",
        b"3\r\nabc\r\n",
    ],
)
def test_application_is_told_of_chunks_that_are_none(server: Server, chunks: bytes) -> None:
    """It answers in the form of its endpoint; what follows on the connection is not read."""
    (answer,) = server.send(CHUNKED + chunks + b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")

    assert answer.json["broken"]


def test_application_is_told_of_a_body_that_breaks_off(server: Server) -> None:
    (answer,) = server.send(POST + b"Content-Length: 30\r\n\r\nabc")

    assert answer.json["broken"] == "the connection was closed before its end"


def test_body_of_several_megabytes_arrives_whole(server: Server) -> None:
    body = hashlib.sha256(b"x").hexdigest().encode() * (MAX_BODY_BYTES // 64)

    (answer,) = server.send(POST + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    assert answer.json["body"].encode() == body


@pytest.mark.parametrize(
    "head", [b"Content-Length: %d\r\n\r\n" % (MAX_BODY_BYTES * 2), b"Transfer-Encoding: chunked\r\n\r\n"]
)
def test_of_a_body_that_is_too_long_a_little_more_than_allowed_is_kept(server: Server, head: bytes) -> None:
    """The application sees that it is too long; the next request on the connection is served."""
    body = b"x" * MAX_BODY_BYTES * 2
    sent = body if b"Length" in head else b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)

    first, second = server.send(POST + head + sent + b"GET /next HTTP/1.1\r\nHost: x\r\n\r\n")

    assert len(first.json["body"]) == MAX_BODY_BYTES + 1
    assert second.json["PATH_INFO"] == "/next"


def exchange_expecting(server: Server, length: int) -> Any:
    client = server.connect()
    client.sendall(POST + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % length)
    return client


def test_client_that_waits_for_100_gets_it(server: Server) -> None:
    with exchange_expecting(server, 3) as client:
        assert client.recv(1_000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"abc")
        assert b'"body": "abc"' in client.recv(4_000)


def test_client_that_waits_for_100_with_too_much_is_answered_at_once(server: Server) -> None:
    with exchange_expecting(server, MAX_BODY_BYTES + 1) as client:
        answer = client.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"too long" in answer


# -- connections -----------------------------------------------------------------------------------------------------


def test_requests_sent_ahead_are_answered_in_order(server: Server) -> None:
    second = b"GET /2 HTTP/1.1\r\nHost: x\r\n\r\n"

    found = server.send(
        POST + b"Content-Length: 3\r\n\r\nabc" + second + CHUNKED + b"1\r\na\r\n0\r\n\r\n" + second + b"garbage\r\n\r\n"
    )

    assert [answer.status for answer in found] == [200, 200, 200, 200, 400]
    assert [answer.json.get("PATH_INFO") for answer in found] == ["/", "/2", "/", "/2", None]


def test_connection_ends_when_the_client_asks(server: Server) -> None:
    (answer,) = server.send(b"GET /1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" + POST + b"\r\n", end=False)

    assert b"Connection: close" in answer.head


def test_http_1_0_is_answered_and_closed(server: Server) -> None:
    (answer,) = server.send(b"GET /1 HTTP/1.0\r\n\r\n", end=False)

    assert answer.json["PATH_INFO"] == "/1"


@pytest.mark.parametrize("path", ["/", "/healthz"])
def test_head_has_no_body(server: Server, path: str) -> None:
    (answer,) = server.send(f"HEAD {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())

    assert (answer.status, answer.body) == (200, b"")
    assert b"ontent-" in answer.head


@pytest.mark.parametrize("upgrade", [b"websocket", b"h2c"])
def test_upgrades_are_ignored(server: Server, upgrade: bytes) -> None:
    (answer,) = server.send(b"GET /1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: " + upgrade + b"\r\n\r\n")

    assert answer.json["HTTP_UPGRADE"] == upgrade.decode()
