"""The listening socket and the addresses around it."""

from __future__ import annotations

import socket

import pytest

from logsui.launcher import listener
from logsui.launcher.listener import ListenError


def test_it_listens() -> None:
    with listener.listen("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname(), 5):
        pass


def test_port_in_use_names_a_way_out() -> None:
    with listener.listen("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(ListenError, match=f"Port {port} of 127.0.0.1 is in use.*PORT={port + 1} make run"):
            listener.listen("127.0.0.1", port)


def test_host_that_is_none_is_named() -> None:
    with pytest.raises(ListenError, match=r"HOST is 'no\.such\.host\.invalid'"):
        listener.listen("no.such.host.invalid", 0)


def test_address_of_another_machine_is_named() -> None:
    with pytest.raises(ListenError, match=r"logsui cannot listen on 192\.0\.2\.1:8000"):
        listener.listen("192.0.2.1", 8000)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://127.0.0.1:8000"),
        ("::1", "http://[::1]:8000"),
        ("logs.example.com", "http://logs.example.com:8000"),
    ],
)
def test_address_to_open(host: str, url: str) -> None:
    assert listener.browser_url(host, 8000) == url
