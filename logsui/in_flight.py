"""The requests that a web worker is working on, readable after its death; and its response when memory runs out."""

from __future__ import annotations

import logging
import mmap
import os
import signal
import struct
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl, quote

from logsui import memory
from logsui.scrub import scrub

logger = logging.getLogger("logsui.memory")

SLOTS, SLOT_BYTES = 512, 1024
# When the request began (monotonic clock), 0 in a free slot; then the length of the text.
HEAD = struct.Struct("dH")
FREE = HEAD.pack(0.0, 0)
MOST_PATH_CHARS, MOST_QUERY_NAMES = 500, 10
SHORT = "This request needed more memory than the server may use. Try again later, or request less.\n"


class Requests:
    """A table in memory that a worker shares with its parent, so that it survives the worker.

    It is created before the fork. Threads can use it at once, since each request has its own slot.
    """

    def __init__(self) -> None:
        self.table = mmap.mmap(-1, SLOTS * SLOT_BYTES)
        self.free = deque(range(SLOTS))

    def begin(self, text: str) -> int | None:
        """The slot of a new request, for `end`. None when all slots are taken."""
        try:
            slot = self.free.popleft()
        except IndexError:
            return None
        encoded = text.encode()[: SLOT_BYTES - HEAD.size]
        row = HEAD.pack(time.monotonic(), len(encoded)) + encoded
        self.table[slot * SLOT_BYTES : slot * SLOT_BYTES + len(row)] = row
        return slot

    def end(self, slot: int | None) -> None:
        if slot is not None:
            self.table[slot * SLOT_BYTES : slot * SLOT_BYTES + HEAD.size] = FREE
            self.free.append(slot)

    def clear(self) -> None:
        """Forget all requests, because they have already been reported."""
        for slot in range(SLOTS):
            self.table[slot * SLOT_BYTES : slot * SLOT_BYTES + HEAD.size] = FREE

    def told(self) -> list[str]:
        """Each request and its age, the oldest first: a request that needs much memory usually takes long."""
        return [f"{text} for {time.monotonic() - began:.1f} s" for began, text in sorted(self._rows())]

    def _rows(self) -> Iterator[tuple[float, str]]:
        for start in range(0, SLOTS * SLOT_BYTES, SLOT_BYTES):
            began, length = HEAD.unpack_from(self.table, start)
            if began:
                text = self.table[start + HEAD.size : start + HEAD.size + length]
                yield began, text.decode("utf-8", "replace")


def address(environ: dict[str, Any]) -> str:
    """Method and URL of a request for the log, without query values, which may be secret.

    It never contains a line break, whatever the client sent.
    """
    path = quote(environ.get("PATH_INFO", "").encode("latin-1", "replace"), safe="/:@-._~!$&'()*+,;=")
    path = scrub(path)
    names = [quote(name) for name, _ in parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)]
    query = "?" + "&".join(f"{name[:40]}=…" for name in names[:MOST_QUERY_NAMES]) if names else ""
    method = quote(environ.get("REQUEST_METHOD", ""))[:20]
    length = environ.get("CONTENT_LENGTH") or ""
    body = f" ({length} bytes)" if length.isdecimal() and int(length) else ""
    return f"{method} {path[:MOST_PATH_CHARS]}{query}{body}"


# -- the middleware --------------------------------------------------------------------------------------------------

_requests: Requests | None = None
_here = threading.local()


def start(requests: Requests, limit_bytes: int, threads: int) -> None:
    """Limit the memory of a worker, and track its requests in `requests`. Call it in each worker after the fork."""
    global _requests
    _requests = requests
    limit = memory.MemoryLimit("The web worker", "LOGSUI_WEB_MEMORY", limit_bytes, requests.told, requests.clear)
    limit.start(threads)


def report_death(requests: Requests, pid: int) -> None:
    """Log the requests that a dead worker left unanswered. Call it in the parent process."""
    left = requests.told()
    if left:
        logger.error("The web worker (process %d) crashed or was killed. %s", pid, _working_on(left))


def _working_on(left: list[str]) -> str:
    return f"It was working on: {memory.describe(left)}"


def note_memory_error() -> None:
    """Call it when a MemoryError became a response: the worker then ends after this request."""
    _here.without_memory = True


Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def tracked(application: Application) -> Application:
    """The WSGI application. Its requests are in the table until they are answered.

    After a MemoryError the response is 503, unless the response has begun. The worker then finishes its other responses
    and ends, because its memory may be fragmented.
    """

    def middleware(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if _requests is None:
            return application(environ, start_response)
        _here.without_memory = False
        text = address(environ)
        slot = _requests.begin(text)
        try:
            body = application(environ, start_response)
        except MemoryError:
            _requests.end(slot)
            _retire(text)
            return _answer(start_response)
        except BaseException:
            _requests.end(slot)
            raise
        is_file = isinstance(body, environ.get("wsgi.file_wrapper", ()))
        if is_file:  # The server sends it by itself.
            _requests.end(slot)
            return body
        if getattr(body, "only_waits", False):  # Many such responses wait at a time, and none of them works.
            _requests.end(slot)
            slot = None
        return _Body(body, slot, text)

    return middleware


def _answer(start_response: Callable[..., Any]) -> list[bytes]:
    body = SHORT.encode()
    headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(body))), ("Retry-After", "5")]
    start_response("503 Service Unavailable", headers)
    return [body]


class _Body:
    """The pieces of a response. The request stays in the table until the server closes the response.

    `is_async`: the server iterates over it asynchronously, as over what it stands for. Else Django would collect all
    pieces of a large download before the first is sent.
    """

    def __init__(self, pieces: Any, slot: int | None, text: str) -> None:
        self.pieces, self.slot, self.text = pieces, slot, text
        self.is_async = bool(getattr(pieces, "is_async", False))
        self.without_memory = bool(_here.without_memory)

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self.pieces
        except MemoryError:
            self.without_memory = True
            raise

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self.pieces:
                yield piece
        except MemoryError:
            self.without_memory = True
            raise

    def close(self) -> None:
        try:
            if hasattr(self.pieces, "close"):
                self.pieces.close()
        finally:
            assert _requests is not None
            _requests.end(self.slot)
            if self.without_memory:
                _retire(self.text)


def _retire(text: str) -> None:
    """Finish what has begun and end, as when stopped. The web server starts another worker meanwhile."""
    logger.error("The web worker (process %d) ends: it ran out of memory for %s", os.getpid(), text)
    os.kill(os.getpid(), signal.SIGTERM)
