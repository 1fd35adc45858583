"""A client on loopback that keeps one connection open, like an SDK or a browser."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """A response, and the time from the first byte sent to the last one read."""

    status: int
    body: bytes
    milliseconds: float
    retry_after: int | None = None


class Client:
    """Sends one request after another, each with `headers`."""

    def __init__(self, host: str, port: int, headers: Mapping[str, str] | None = None) -> None:
        self.connection = http.client.HTTPConnection(host, port, timeout=120)
        self.headers = dict(headers or {})

    def get(self, path: str) -> Answer:
        try:
            return self.send("GET", path, None, {})
        except http.client.RemoteDisconnected:
            # The server closes a connection on which nothing was asked for a while.
            self.connection.close()
            return self.send("GET", path, None, {})

    def post(self, path: str, body: bytes) -> Answer:
        return self.send("POST", path, body, {"Content-Type": "application/json"})

    def send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        started = time.perf_counter()
        self.connection.request(method, path, body, self.headers | dict(headers))
        response = self.connection.getresponse()
        text = response.read()
        wait = response.headers.get("Retry-After")
        milliseconds = (time.perf_counter() - started) * 1000
        return Answer(response.status, text, milliseconds, int(wait) if wait else None)


def timed(send: Callable[[], Answer], times: int, warm_up: int = 2, pause: float = 0.0) -> list[Answer]:
    """The responses of `times` requests, `pause` seconds apart, after a few that are not measured."""
    for _ in range(warm_up):
        send()
    answers = []
    for _ in range(times):
        time.sleep(pause)
        answers.append(send())
    return answers
