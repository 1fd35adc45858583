"""The ASGI application: it reads a whole body, runs the WSGI application in a thread, and sends the response.

A thread works only on complete requests and is free again before the response is sent, so that a slow client does not
slow down others. A view with an asynchronous response (`StreamingHttpResponse` over an asynchronous generator) waits in
the event loop, without a thread. Thousands of pages can wait for updates this way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from typing import Any

from logsui.scrub import scrub
from logsui.web.environ import Input, Scope, make_environ
from logsui.web.errors import error_body
from logsui.web.spool import Spool, SpooledBytes, SpoolFull
from logsui.web.threads import Busy, Job, Threads

Headers = list[tuple[bytes, bytes]]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

# How much of a refused body is still read, so that a client that first sends everything gets the response.
DRAIN_BYTES = 128 * 2**20
# Larger bodies are handled one at a time. The others wait without occupying a thread.
LARGE_BYTES = 8 * 2**20
TOO_LONG = "it is too long to be received"
TEXT = (b"content-type", b"text/plain; charset=utf-8")
JSON = (b"content-type", b"application/json")


class Refused(Exception):
    """A response that is made without the application."""

    def __init__(self, status: int, message: str, *headers: tuple[bytes, bytes]) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers


class Gone(Exception):
    """The client has disconnected, or was disconnected."""


@dataclass
class Answer:
    """A response of the application. Its body is stored, or comes from `stream`."""

    body: SpooledBytes
    status: int = 500
    headers: Headers = field(default_factory=list)
    stream: Any = None

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], None]:
        """The start_response of WSGI."""
        self.status = int(status[:3])
        self.headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        return self.body.write

    def collect(self, response: Iterable[bytes]) -> None:
        if getattr(response, "is_async", False):
            self.stream = response
            return
        try:
            for piece in response:
                self.body.write(piece)
        finally:
            if hasattr(response, "close"):
                response.close()


class Bridge:
    """Runs `wsgi` in threads. start() sets `threads` and `spool`, in the process that serves requests."""

    def __init__(self, wsgi: Callable[..., Iterable[bytes]], max_body_bytes: int) -> None:
        self.wsgi = wsgi
        self.max_body_bytes = max_body_bytes
        self.streams: set[asyncio.Task[Any]] = set()

    def start(self, threads: Threads, spool: Spool) -> None:
        self.threads = threads
        self.spool = spool
        self.large_turn = asyncio.Lock()

    def end_streams(self) -> None:
        for task in self.streams:
            task.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["raw_path"] == b"/healthz" and scope["method"] in ("GET", "HEAD"):
            # Answered even while all threads are busy.
            await respond(scope, send, 200, [TEXT], b"ok\n")
            return
        try:
            await self.serve(scope, receive, send)
        except Refused as refused:
            body = error_body(refused.status, str(refused))
            await respond(scope, send, refused.status, [JSON, *refused.headers], body)
        except Gone:
            return

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        with ExitStack() as stack:
            body = stack.enter_context(SpooledBytes(self.spool))
            broken = await self.receive_body(scope, receive, body)
            body.file.seek(0)
            try:
                environ = make_environ(scope, Input(body.file, broken))
            except ValueError:
                raise Refused(400, "The URL is not valid.") from None
            async with self.large_turn if body.size > LARGE_BYTES else nullcontext():
                answer = await self.run(environ, stack)
        with answer.body:
            await self.send_answer(answer, scope["method"], receive, send)

    # -- the body ------------------------------------------------------------------------------------------------

    async def receive_body(self, scope: Scope, receive: Receive, body: SpooledBytes) -> str | None:
        """Receive it into `body`. If it is too long, keep just enough for the application to notice.

        Returns why the body is incomplete, or None. Raises Gone and Refused.
        """
        headers = dict(scope["headers"])
        expected = headers.get(b"expect", b"100-continue").lower()
        if expected != b"100-continue":
            raise Refused(417, "The header Expect supports only 100-continue.")
        declared = int(headers.get(b"content-length", b"0"))
        if declared > DRAIN_BYTES or (declared > self.max_body_bytes and b"expect" in headers):
            return TOO_LONG
        received, full, more = 0, False, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                if "reason" not in message:
                    raise Gone
                reason: str = message["reason"]
                return reason
            piece, more = message["body"], message.get("more_body", False)
            received += len(piece)
            if received > DRAIN_BYTES:
                return TOO_LONG
            full = full or not self.keep(piece, body)
        if full:
            raise Refused(503, "Too many large bodies are being received. Try again later.", (b"retry-after", b"10"))
        return None

    def keep(self, piece: bytes, body: SpooledBytes) -> bool:
        """False if there is no room for it."""
        try:
            body.write(piece[: max(0, self.max_body_bytes + 1 - body.size)])
        except SpoolFull:
            return False
        return True

    # -- the application -----------------------------------------------------------------------------------------

    async def run(self, environ: dict[str, Any], body: ExitStack) -> Answer:
        """The response, computed in a thread that also closes the body. Raises Refused if too many requests wait."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()

        def work() -> None:
            with owned:
                if job.cancelled:
                    return
                answer, error = self.call(environ)
            loop.call_soon_threadsafe(hand_over, future, answer, error)

        job, owned = Job(work, title(environ)), body.pop_all()
        try:
            self.threads.submit(job)
        except Busy:
            owned.close()
            raise Refused(503, "Too many requests are waiting. Send it again later.", (b"retry-after", b"2")) from None
        try:
            return await future
        except asyncio.CancelledError:
            # The client left. A job that has begun goes on; one that waits need not begin.
            job.cancelled = True
            raise

    def call(self, environ: dict[str, Any]) -> tuple[Answer, BaseException | None]:
        answer = Answer(SpooledBytes(self.spool))
        try:
            answer.collect(self.wsgi(environ, answer.start))
        except SpoolFull:
            refused = Refused(503, "Too many large responses are being sent. Try again later.", (b"retry-after", b"10"))
            return answer, refused
        except BaseException as error:
            return answer, error
        return answer, None

    # -- the answer ----------------------------------------------------------------------------------------------

    async def send_answer(self, answer: Answer, method: str, receive: Receive, send: Send) -> None:
        # Otherwise nginx would hold back updates until it has some kilobytes.
        unbuffered = [(b"x-accel-buffering", b"no")] if answer.stream is not None else []
        headers = answer.headers + unbuffered
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        if answer.stream is not None:
            await self.send_stream(answer.stream, receive, send)
        elif method != "HEAD":
            for piece in answer.body.pieces():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def send_stream(self, stream: Any, receive: Receive, send: Send) -> None:
        """Send it until it ends or the client leaves."""
        task = asyncio.current_task()
        assert task is not None
        self.streams.add(task)
        gone = asyncio.ensure_future(receive())

        def leave(_: object) -> None:
            task.cancel()

        gone.add_done_callback(leave)
        try:
            async for piece in stream:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        finally:
            gone.remove_done_callback(leave)
            gone.cancel()
            self.streams.discard(task)
            stream.close()


def hand_over(future: asyncio.Future[Answer], answer: Answer, error: BaseException | None) -> None:
    if error is not None or future.cancelled():
        answer.body.close()
    if future.cancelled():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(answer)


def title(environ: dict[str, Any]) -> str:
    """The request as the log may name it: without its query and without the token of a sign-in link."""
    path = environ["PATH_INFO"][:200]
    return f"{environ['REQUEST_METHOD']} {scrub(path)}"


async def respond(scope: Scope, send: Send, status: int, headers: Headers, body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
