"""A server that answers each request with the next reply of its script, and keeps both."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Reply:
    """An answer as bytes. A stream has several chunks; one that `breaks` ends before its last ones."""

    chunks: Sequence[bytes]
    status: int = 200
    content_type: str = "application/json"
    breaks: bool = False

    @property
    def sent(self) -> Sequence[bytes]:
        return self.chunks[: max(1, len(self.chunks) * 2 // 3)] if self.breaks else self.chunks


def json_reply(body: Any, status: int = 200) -> Reply:
    return Reply([json.dumps(body, ensure_ascii=False).encode()], status)


def sse_reply(events: Sequence[Any], *, named: bool = False, done: bool = False, breaks: bool = False) -> Reply:
    """Events as server-sent events. `named`: with their `type` in an `event:` line. `done`: with OpenAI's last line."""
    chunks = []
    for event in events:
        head = f"event: {event['type']}\n" if named else ""
        chunks.append(f"{head}data: {json.dumps(event, ensure_ascii=False)}\n\n".encode())
    if done:
        chunks.append(b"data: [DONE]\n\n")
    return Reply(chunks, content_type="text/event-stream", breaks=breaks)


def lines_reply(events: Sequence[Any], *, breaks: bool = False) -> Reply:
    """Events as lines of JSON."""
    chunks = [json.dumps(event, ensure_ascii=False).encode() + b"\n" for event in events]
    return Reply(chunks, content_type="application/x-ndjson", breaks=breaks)


@dataclass
class Exchange:
    """What one call sent and got."""

    path: str
    request: bytes
    reply: Reply

    @property
    def request_body(self) -> Any:
        return json.loads(self.request)

    @property
    def reply_text(self) -> str:
        return b"".join(self.reply.sent).decode()


@dataclass
class ScriptedServer:
    script: deque[Reply] = field(default_factory=deque)
    exchanges: list[Exchange] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(outer) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self._body()
                if not outer.script:
                    self.send_error(500, "no reply is scripted")
                    return
                reply = outer.script.popleft()
                outer.exchanges.append(Exchange(self.path, body, reply))
                self.send_response(reply.status)
                self.send_header("Content-Type", reply.content_type)
                self.send_header("Connection", "close")
                if not reply.breaks:
                    self.send_header("Content-Length", str(sum(map(len, reply.sent))))
                self.end_headers()
                with suppress(OSError):
                    for chunk in reply.sent:
                        self.wfile.write(chunk)
                        self.wfile.flush()

            def _body(self) -> bytes:
                if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length") or 0))
                found = b""
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    found += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return found

            def log_message(self, *_: Any) -> None:
                pass

        return Handler
