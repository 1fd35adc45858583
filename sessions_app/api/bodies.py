"""Read a request's body as a stream, also a chunked one, with a limit before and after decompression.

The web server receives the whole body before the application runs, even if the request is then refused.
"""

from __future__ import annotations

import codecs
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Semaphore
from typing import Any

import zstandard
from django.http import HttpRequest

from logsui.memory import return_free_memory
from sessions_app.api.errors import DOCS_PATH, ApiError
from sessions_app.queries.session import forget_lines

CHUNK_BYTES = 256 * 2**10
# So much gzip or zstd inflates to at most about 8 MB: a decompression bomb overshoots the limit by no more.
GZIP_STEP_BYTES = 8 * 2**10
ZSTD_STEP_BYTES = 256
# RFC 9659 requires no window beyond 8 MB, which would let the sender choose how much memory we take.
ZSTD_WINDOW_BYTES = 8 * 2**20
# A process takes one body of more than this at a time. One for each thread would take too much memory.
LARGE_BYTES = 8 * 2**20
LARGE_WAIT_SECONDS = 60
CHARSETS = ("", "utf-8", "utf8", "us-ascii", "ascii")
_LARGE_BODY = Semaphore()


@contextmanager
def received_body(request: HttpRequest, limit: int) -> Iterator[bytes]:
    """The body after Content-Encoding, of at most `limit` bytes before and after. Drop it when the context ends.

    Raises ApiError: 413 over the limit, 415 for an encoding or a charset that is not read, 400 if it breaks off or
    cannot be unpacked, 503 if other large bodies are received all the time.
    """
    unpack = _unpacker(request)
    _check_charset(request)
    if _declared_bytes(request) > limit:
        raise _too_large(limit)
    with ExitStack() as turn:
        yield _collect(_bounded(unpack(_bounded(_chunks(request), limit)), limit), turn)


def _collect(pieces: Iterator[bytes], turn: ExitStack) -> bytes:
    # BytesIO grows in place, and getvalue() hands its buffer over without a copy.
    body, waited = io.BytesIO(), False
    for piece in pieces:
        body.write(piece)
        if not waited and body.tell() > LARGE_BYTES:
            turn.enter_context(_one_large_body())
            waited = True
    # RFC 8259 lets a parser ignore a byte order mark; ours do not. Without a mark nothing is copied.
    return body.getvalue().removeprefix(codecs.BOM_UTF8)


@contextmanager
def _one_large_body() -> Iterator[None]:
    if not _LARGE_BODY.acquire(timeout=LARGE_WAIT_SECONDS):
        message = "Other large bodies are being received. Send this one again later, or in several requests."
        raise ApiError(503, "busy", message, docs=DOCS_PATH, headers={"Retry-After": "10"})
    try:
        # A worker has room for a large body, or for what it remembers for pages.
        forget_lines()
        return_free_memory()
        yield
    finally:
        _LARGE_BODY.release()


def _bounded(pieces: Iterator[bytes], limit: int) -> Iterator[bytes]:
    left = limit
    for piece in pieces:
        left -= len(piece)
        if left < 0:
            raise _too_large(limit)
        yield piece


def _too_large(limit: int) -> ApiError:
    message = f"The body is larger than {limit:,} bytes, as sent or unpacked. Send it in several requests."
    return ApiError(413, "too_large", message, docs=DOCS_PATH)


def _declared_bytes(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def _chunks(request: HttpRequest) -> Iterator[bytes]:
    """The body as it arrives. Django reads as far as Content-Length says, which a chunked body does not have. For that
    the server is asked, which knows its end.
    """
    chunked = "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower()
    read = request.META["wsgi.input"].read if chunked else request.read
    missing = 0 if chunked else _declared_bytes(request)
    try:
        while piece := read(CHUNK_BYTES):
            missing -= len(piece)
            yield piece
    except MemoryError:
        raise
    except Exception as error:  # The server has exceptions of its own for malformed chunks.
        raise _incomplete(str(error)) from None
    if missing > 0:
        raise _incomplete(f"{missing:,} bytes fewer than Content-Length says")


def _incomplete(reason: str) -> ApiError:
    return ApiError(400, "incomplete_body", f"The body broke off: {reason[:200]}", docs=DOCS_PATH)


# --- Content-Encoding -----------------------------------------------------------------------------------------------

Unpacker = Callable[[Iterator[bytes]], Iterator[bytes]]


def _unpacker(request: HttpRequest) -> Unpacker:
    encoding = request.META.get("HTTP_CONTENT_ENCODING", "").strip().lower()
    unpacker = UNPACKERS.get(encoding)
    if unpacker is None:
        message = f"Content-Encoding {encoding[:40]!r} is not supported: send gzip, zstd, deflate or none."
        raise ApiError(415, "unsupported_encoding", message, docs=DOCS_PATH)
    return unpacker


def _check_charset(request: HttpRequest) -> None:
    """JSON is read as UTF-8, of which ASCII is a part. What says that it is something else would be read wrongly."""
    charset = (request.content_params or {}).get("charset", "").strip("'\" ").lower()
    if charset not in CHARSETS:
        message = f"The charset {charset[:40]!r} is not supported: send UTF-8."
        raise ApiError(415, "unsupported_media_type", message, docs=DOCS_PATH)


def _gunzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """A gzip stream of one or more members (RFC 1952)."""
    return _inflate(chunks, "gzip", lambda: zlib.decompressobj(zlib.MAX_WBITS | 16), GZIP_STEP_BYTES)


def _undeflate(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """A zlib stream (RFC 1950), which is what HTTP calls deflate (RFC 9110)."""
    return _inflate(chunks, "deflate", zlib.decompressobj, GZIP_STEP_BYTES)


def _unzstd(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Zstandard frames (RFC 8878), one after another."""
    decompressor = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_BYTES)
    return _inflate(chunks, "zstd", decompressor.decompressobj, ZSTD_STEP_BYTES)


def _inflate(chunks: Iterator[bytes], name: str, new_frame: Callable[[], Any], step: int) -> Iterator[bytes]:
    frame, begun = new_frame(), False
    for chunk in chunks:
        rest = memoryview(chunk)
        while rest:
            if frame.eof:
                frame = new_frame()
            piece, begun = rest[:step], True
            try:
                yield frame.decompress(piece)
            except (zlib.error, zstandard.ZstdError) as error:
                raise _broken(name, str(error)) from None
            unused = len(frame.unused_data) if frame.eof else 0
            rest = rest[len(piece) - unused :]
    if begun and not frame.eof:
        raise _broken(name, "it breaks off before its end")


def _broken(name: str, reason: str) -> ApiError:
    message = f"The body is not valid {name}, as Content-Encoding claims: {reason[:200]}"
    return ApiError(400, "invalid_encoding", message, docs=DOCS_PATH)


UNPACKERS: dict[str, Unpacker] = {
    "": lambda chunks: chunks,
    "identity": lambda chunks: chunks,
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "zstd": _unzstd,
    "deflate": _undeflate,
    # The OpenTelemetry Collector's name for it.
    "zlib": _undeflate,
}
