"""A server that receives LiteLLM's events, and fails as a test tells it to."""

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[bytes], tuple[int, dict[str, str]]]


class Receiver(ThreadingHTTPServer):
    """Keeps the events of POSTs that it answers with 200. `answer` decides about the status."""

    request_queue_size = 128

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.bodies: list[bytes] = []
        self.gets = 0
        self.answer: Answer = lambda body: (200, {})
        super().__init__(("127.0.0.1", 0), ReceiverHandler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/api/v1/litellm"

    def questions(self) -> list[str]:
        return [event["messages"][0]["content"] for event in self.events]


class ReceiverHandler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.append(body)
        status, headers = self.server.answer(body)
        if status == 200:
            self.server.events += json.loads(body)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def do_GET(self) -> None:
        self.server.gets += 1
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass
