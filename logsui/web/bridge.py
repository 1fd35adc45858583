"""The ASGI application: reads a body to its end, runs the WSGI application in a thread, sends what it answered.

A thread is taken for complete requests alone and is free again before the answer goes out, so that no client's speed
matters to the others. A view whose response iterates asynchronously (`StreamingHttpResponse` over an asynchronous
generator) waits in the event loop, without a thread: thousands of pages may wait for news like this.
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

# How much of a body that is refused is still read: a client that sends first and reads later gets its answer.
DRAIN_BYTES = 128 * 2**20
# Bodies beyond this are digested one at a time; the others wait for their turn without holding a thread.
LARGE_BYTES = 8 * 2**20
TOO_LONG = "it is too long to be received"
TEXT = (b"content-type", b"text/plain; charset=utf-8")
JSON = (b"content-type", b"application/json")


class Refused(Exception):
    """An answer that needs no application."""

    def __init__(self, status: int, message: str, *headers: tuple[bytes, bytes]) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers


class Gone(Exception):
    """The client left, or was made to."""


@dataclass
class Answer:
    """What the application answered: its body stored, or still to come when `stream` is there."""

    body: SpooledBytes
    status: int = 500
    headers: Headers = field(default_factory=list)
    stream: Any = None

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], None]:
        """WSGI's start_response."""
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
    """`wsgi` answers; `threads` and `spool` are made by start(), in the process that serves."""

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
            # While every thread is busy, too.
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
                raise Refused(400, "The address is none.") from None
            async with self.large_turn if body.size > LARGE_BYTES else nullcontext():
                answer = await self.run(environ, stack)
        with answer.body:
            await self.send_answer(answer, scope["method"], receive, send)

    # -- the body ------------------------------------------------------------------------------------------------

    async def receive_body(self, scope: Scope, receive: Receive, body: SpooledBytes) -> str | None:
        """All of it into `body`; of a longer one just enough for the application to see that it is too long.

        Returns why it broke off, or None. Raises Gone, Refused.
        """
        headers = dict(scope["headers"])
        expected = headers.get(b"expect", b"100-continue").lower()
        if expected != b"100-continue":
            raise Refused(417, "The header Expect knows 100-continue alone.")
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
            raise Refused(503, "Many large bodies are being received: send it again later.", (b"retry-after", b"10"))
        return None

    def keep(self, piece: bytes, body: SpooledBytes) -> bool:
        """Whether there is room for it."""
        try:
            body.write(piece[: max(0, self.max_body_bytes + 1 - body.size)])
        except SpoolFull:
            return False
        return True

    # -- the application -----------------------------------------------------------------------------------------

    async def run(self, environ: dict[str, Any], body: ExitStack) -> Answer:
        """Its answer, from a thread, which also closes the body. Raises Refused when all are busy and enough wait."""
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
            raise Refused(503, "Too many requests wait: send it again later.", (b"retry-after", b"2")) from None
        try:
            return await future
        except asyncio.CancelledError:
            # The client left: what has begun goes on, what waits need not begin.
            job.cancelled = True
            raise

    def call(self, environ: dict[str, Any]) -> tuple[Answer, BaseException | None]:
        answer = Answer(SpooledBytes(self.spool))
        try:
            answer.collect(self.wsgi(environ, answer.start))
        except SpoolFull:
            refused = Refused(503, "Many large answers are being read: try again later.", (b"retry-after", b"10"))
            return answer, refused
        except BaseException as error:
            return answer, error
        return answer, None

    # -- the answer ----------------------------------------------------------------------------------------------

    async def send_answer(self, answer: Answer, method: str, receive: Receive, send: Send) -> None:
        # nginx would keep news back until there are some kilobytes of them.
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
        """Until it ends or the client leaves."""
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
    """The request as a line of the log may name it: without its query, and without the token of a sign-in link."""
    path = environ["PATH_INFO"][:200]
    return f"{environ['REQUEST_METHOD']} {scrub(path)}"


async def respond(scope: Scope, send: Send, status: int, headers: Headers, body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
