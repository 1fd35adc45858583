"""The requests that a web worker answers at the moment, readable after its death, and its answer without memory."""

from __future__ import annotations

import logging
import mmap
import os
import signal
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl, quote

from logsui import memory
from logsui.scrub import scrub

logger = logging.getLogger("logsui.memory")

SLOTS, SLOT_BYTES = 512, 1024
# When the request began, by the clock that never steps back; 0 in a free slot. Then the text's length.
HEAD = struct.Struct("dH")
FREE = HEAD.pack(0.0, 0)
MOST_PATH_CHARS, MOST_QUERY_NAMES = 500, 10
SHORT = "This took more memory than the server may use. Send it again later, or ask for less.\n"


class Requests:
    """A table in memory that a worker shares with the process that made it: what it had begun outlives it.

    Made before the fork. Safe in threads: each request has a slot of its own.
    """

    def __init__(self) -> None:
        self.table = mmap.mmap(-1, SLOTS * SLOT_BYTES)
        self.free = deque(range(SLOTS))

    def begin(self, text: str) -> int | None:
        """The slot of a request, to be given to `end`; None when all are taken."""
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
        """Forget all: what there was to say about them has been said."""
        for slot in range(SLOTS):
            self.table[slot * SLOT_BYTES : slot * SLOT_BYTES + HEAD.size] = FREE

    def told(self) -> list[str]:
        """Each request and its age; the oldest first, since what takes much memory takes time."""
        return [f"{text} for {time.monotonic() - began:.1f} s" for began, text in sorted(self._rows())]

    def _rows(self) -> Iterator[tuple[float, str]]:
        for start in range(0, SLOTS * SLOT_BYTES, SLOT_BYTES):
            began, length = HEAD.unpack_from(self.table, start)
            if began:
                text = self.table[start + HEAD.size : start + HEAD.size + length]
                yield began, text.decode("utf-8", "replace")


def address(environ: dict[str, Any]) -> str:
    """Method and address of a request for the log: query values, which may be secret, are left out.

    It stays on its line whatever the client wrote.
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
    """Call it in each worker after the fork: limits its memory, and keeps `requests`, which were made before."""
    global _requests
    _requests = requests
    limit = memory.MemoryLimit("The web worker", "LOGSUI_WEB_MEMORY", limit_bytes, requests.told, requests.clear)
    limit.start(threads)


def report_death(requests: Requests, pid: int) -> None:
    """Call it where `requests` were made, when their worker is gone: names what it left unanswered."""
    left = requests.told()
    if left:
        logger.error("The web worker (process %d) was ended from outside, or crashed. %s", pid, _working_on(left))


def _working_on(left: list[str]) -> str:
    return f"It was working on: {memory.describe(left)}"


def note_memory_error() -> None:
    """Whoever turns a MemoryError into an answer says so here: the worker ends after this request."""
    _here.without_memory = True


Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def tracked(application: Application) -> Application:
    """The WSGI application, its requests in the table for as long as they are answered.

    A MemoryError, wherever it comes from, is answered 503 when nothing is sent yet; the worker ends after its answers,
    since what it has of memory may be in pieces.
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
        return _Body(body, slot, text)

    return middleware


def _answer(start_response: Callable[..., Any]) -> list[bytes]:
    body = SHORT.encode()
    headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(body))), ("Retry-After", "5")]
    start_response("503 Service Unavailable", headers)
    return [body]


class _Body:
    """The answer's pieces; their request is in the table until the server closes it."""

    def __init__(self, pieces: Iterable[bytes], slot: int | None, text: str) -> None:
        self.pieces, self.slot, self.text = pieces, slot, text
        self.without_memory = bool(_here.without_memory)

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self.pieces
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
    """Answer what was begun and end, as for a stop: the web server starts another worker meanwhile."""
    logger.error("The web worker (process %d) ends: no memory was left for %s", os.getpid(), text)
    os.kill(os.getpid(), signal.SIGTERM)
