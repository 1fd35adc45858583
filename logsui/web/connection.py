"""One connection: gunicorn's protocol, with deadlines for slow clients, memory limits, and errors in JSON."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from gunicorn.asgi import protocol
from gunicorn.workers.gasgi import ASGIWorker

from logsui.web.errors import error_body, error_page

if TYPE_CHECKING:
    from gunicorn.asgi.parser import CallbackRequest

    class SocketTransport(asyncio.Transport):
        """asyncio's transport of a socket, with the attribute that bounds what one read may bring."""

        max_size: int


# Of a whole request head. limit_request_field_size is for one field.
MAX_HEAD_BYTES = 128 * 2**10
# Of all unfinished heads in a process.
MAX_HEADS_BYTES = 32 * 2**20
# Smaller than asyncio's 256 KiB, because every connection may hold this much.
READ_BYTES = 64 * 2**10
# Chunks may have one byte each, which are a hundred times slower to read. Small reads give other connections a turn.
CHUNKED_READ_BYTES = 16 * 2**10
WRITE_BUFFER_BYTES = 16 * 2**10

STATUSES = {protocol.LimitRequestLine: 414, protocol.LimitRequestHeaders: 431, protocol.UnsupportedTransferCoding: 501}
# Adds the statuses that gunicorn's table lacks, and would call "Unknown".
protocol._REASON_PHRASES |= {status.value: status.phrase for status in HTTPStatus} | protocol._REASON_PHRASES


@dataclass(frozen=True)
class Limits:
    """Limits for slow clients. In every `stall_seconds`, a head must be complete, and a body or response must advance
    by `stall_bytes`. A whole body or response may take `transfer_seconds`."""

    stall_seconds: float
    stall_bytes: int
    transfer_seconds: float


class Pace:
    """The progress of a transfer."""

    def __init__(self, now: float, moved: int) -> None:
        self.started = self.marked = now
        self.moved = moved

    def is_too_slow(self, now: float, moved: int, limits: Limits) -> bool:
        if now - self.started > limits.transfer_seconds:
            return True
        if now - self.marked < limits.stall_seconds:
            return False
        is_slow = moved - self.moved < limits.stall_bytes
        self.marked, self.moved = now, moved
        return is_slow


class BodyReceiver(protocol.BodyReceiver):
    """Also tells the application why a body is incomplete, so that it can respond."""

    broken: str | None = None
    ended = False

    @property
    def _disconnected(self) -> bool:
        return super()._disconnected or self.broken is not None

    async def receive(self) -> dict[str, Any]:
        message = await super().receive()
        if self.broken is not None and message["type"] == "http.disconnect" and not self._closed:
            return message | {"reason": self.broken}
        return message

    def break_off(self, reason: str) -> None:
        self.broken = reason
        self._wake_waiter()

    def end(self) -> None:
        """Tell an application that waits for updates that the client may be gone."""
        self.ended = True
        self._wake_waiter()

    async def _wait_for_disconnect(self) -> None:
        if not self.ended:
            await super()._wait_for_disconnect()


class HoldingWorker(ASGIWorker):
    """A worker that holds connections. `head_bytes`: what their unfinished heads take in memory."""

    connections: set[Connection]
    head_bytes: int

    def admit(self, connection: Connection) -> None:
        raise NotImplementedError


class Connection(protocol.ASGIProtocol):
    worker: HoldingWorker
    transport: SocketTransport
    _body_receiver: BodyReceiver | None

    def __init__(self, worker: HoldingWorker) -> None:
        super().__init__(worker)
        self._max_buffer_size = READ_BYTES
        self.waits_since = worker.loop.time()
        self.head_bytes = 0
        self.received = self.sent = 0
        self.body_pace: Pace | None = None
        self.answer_pace: Pace | None = None
        self.has_ended = False
        self.pieces: list[bytes] = []

    # -- what the worker asks --------------------------------------------------------------------------------------

    @property
    def waits_for_head(self) -> bool:
        """No complete request has arrived since the last response."""
        return self._current_request is None

    @property
    def is_idle(self) -> bool:
        return self.waits_for_head and not self.head_bytes

    @property
    def is_in_use(self) -> int:
        """The order in which connections are closed when there are too many."""
        return 0 if self.is_idle else 1 if self.waits_for_head else 2

    @property
    def is_served(self) -> bool:
        """A complete request is waiting for its response."""
        receiver = self._body_receiver
        return not self.waits_for_head and not self.sent and receiver is not None and receiver._complete

    def enforce(self, now: float, limits: Limits) -> None:
        """Close the connection if its client is too slow."""
        if self._reads_too_slowly(now, limits):
            self.drop()
        elif self._closed:
            return
        elif self.is_idle and self.req_count > 1:
            # gunicorn's timer covers this, except for a client that can send nothing more.
            if self.has_ended:
                self.end()
        elif self.waits_for_head:
            if now - self.waits_since > limits.stall_seconds:
                self.refuse(408, "The head of the request was not complete in time.")
        elif self._sends_too_slowly(now, limits):
            self.refuse(408, "The body of the request arrived too slowly.")

    def _reads_too_slowly(self, now: float, limits: Limits) -> bool:
        unread = self.transport.get_write_buffer_size()
        if not unread:
            self.answer_pace = None
            return False
        if self.answer_pace is None:
            self.answer_pace = Pace(now, self.sent - unread)
        return self.answer_pace.is_too_slow(now, self.sent - unread, limits)

    def _sends_too_slowly(self, now: float, limits: Limits) -> bool:
        receiver = self._body_receiver
        if receiver is None or receiver._complete or receiver.broken or self.body_pace is None:
            return False
        return self.body_pace.is_too_slow(now, self.received, limits)

    def refuse(self, status: int, message: str) -> None:
        """Send an error, if a request has begun and has no response yet, and close."""
        if not self.is_idle and (self.waits_for_head or not self.sent):
            self._send_error_response(status, message)
        self.end()

    def drop(self) -> None:
        """Close at once and discard unread data, which the kernel would otherwise keep for minutes."""
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def end(self) -> None:
        self._close_transport()
        # Wakes the task that waits for a head, so that it sees that the connection is closed.
        self._request_ready.set()

    # -- what gunicorn's protocol does, and what is different here -------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.transport.max_size = READ_BYTES
        self.transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)
        self.worker.admit(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.worker.connections.discard(self)
        self._hold_head(0)
        super().connection_lost(exc)

    def eof_received(self) -> bool:
        """A client may close its sending side and still read. By default, asyncio would close both sides."""
        self.has_ended = True
        receiver = self._body_receiver
        if self.waits_for_head or receiver is None:
            return False
        if receiver._complete:
            receiver.end()
        else:
            receiver.break_off("the connection was closed before its end")
        return True

    def _feed_callback_parser(self, data: bytes) -> bool:
        if self.waits_for_head:
            if not self.head_bytes:
                self.waits_since = self.worker.loop.time()
            self._hold_head(self.head_bytes + len(data))
        self.received += len(data)
        try:
            self._callback_parser.feed(data)
            self._hand_over_body()
        except (protocol.ParseError, protocol.HTTPParseException, ValueError) as error:
            self._refuse_bytes(error)
            return False
        if self._callback_parser.remaining():
            # The next request was sent early (pipelining). It waits in the socket.
            self._pause_reading()
        return not self._refuses_head()

    def _on_body(self, chunk: bytes) -> None:
        self.pieces.append(chunk)

    def _hand_over_body(self) -> None:
        """Pass it on in one piece, however small its chunks are."""
        if self.pieces and self._body_receiver is not None:
            self._body_receiver.feed(b"".join(self.pieces))
        self.pieces.clear()

    def _refuse_bytes(self, error: Exception) -> None:
        if self.waits_for_head or self._body_receiver is None:
            statuses = (status for kind, status in STATUSES.items() if isinstance(error, kind))
            self.refuse(next(statuses, 400), str(error))
        else:
            # The application responds, in the format of its endpoint.
            self._body_receiver.break_off(str(error))
            self._pause_reading()

    def _refuses_head(self) -> bool:
        if not self.waits_for_head:
            return False
        if self.head_bytes > MAX_HEAD_BYTES:
            self.refuse(431, f"The head of the request is larger than {MAX_HEAD_BYTES:,} bytes.")
        elif self.worker.head_bytes > MAX_HEADS_BYTES:
            self.refuse(503, "Too many requests are being received.")
        return self._closed

    def _hold_head(self, size: int) -> None:
        self.worker.head_bytes += size - self.head_bytes
        self.head_bytes = size

    def _on_headers_complete(self) -> bool:
        try:
            skip = super()._on_headers_complete()
        except Exception:
            self._current_request = None
            raise
        request = self._current_request
        assert request is not None
        self._body_receiver = BodyReceiver(request, self)
        self.body_pace = Pace(self.worker.loop.time(), self.received)
        self._hold_head(0)
        self.sent = 0
        if request.chunked:
            self.transport.max_size = CHUNKED_READ_BYTES
        return skip

    async def _serve_http_request(self, request: CallbackRequest, sockname: object, peername: object) -> bool:
        # Without a task of its own, because the bridge has nothing to do after the response.
        return await self._handle_http_request(request, sockname, peername)

    def _will_close(self, request: CallbackRequest, response_requires_close: bool) -> bool:
        sent_ahead = self._callback_parser.remaining()
        return super()._will_close(request, response_requires_close) or (self.has_ended and not sent_ahead)

    def _close_transport(self) -> None:
        super()._close_transport()
        # gunicorn 27.0.1 leaves the transport open if the client has reset the connection, since write_eof() fails.
        self.transport.close()

    def _is_websocket_upgrade(self, request: CallbackRequest) -> bool:
        return False

    def _send_body(self, body: bytes, chunked: bool = False, last: bool = False, size: int | None = None) -> None:
        super()._send_body(body, chunked, last, size)
        self.sent += len(body)

    def _begun(self) -> bytes:
        """How the request begins that could not be read."""
        return bytes(self._callback_parser._buffer[:20])

    def _send_error_response(self, status: int, message: str, extra_headers: Sequence[tuple[str, str]] = ()) -> None:
        if self._closed:
            return
        page = error_page(status, self._begun()) if status == HTTPStatus.REQUEST_URI_TOO_LONG else None
        kind, body = ("text/html; charset=utf-8", page) if page else ("application/json", error_body(status, message))
        head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nConnection: close\r\nContent-Type: {kind}\r\n"
        self._safe_write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode("latin-1") + body)
