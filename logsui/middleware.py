"""What holds for every page: its headers, what it may cost, and its answer while the database is away."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import psycopg
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from psycopg.pq import TransactionStatus

from logsui import in_flight, passwords
from sessions_app import bounds

logger = logging.getLogger(__name__)

BUSY = "Too many passwords are being checked at the moment. Try again in a few seconds.\n"
OUTAGE = "The database does not answer at the moment. Try again in a few seconds.\n"

# Everything shown may be hostile: no inline script or style, nothing from elsewhere, no frames.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


def content_security_policy(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        return response

    return middleware


READS = ("GET", "HEAD")


def bounded_answers(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """What only reads keeps within a budget of bytes and time, and each of its statements within a time of its own."""

    def middleware(request: HttpRequest) -> HttpResponse:
        is_read = request.method in READS
        with connection.execute_wrapper(_Timeout(settings.LOGSUI_PAGE_STATEMENT_SECONDS if is_read else 0)):
            if not is_read:
                return get_response(request)
            # A tenth is for what stands around the content. What is begun in half of the time may take as long again.
            with bounds.answer(settings.LOGSUI_PAGE_MAX_BYTES * 9 // 10, settings.LOGSUI_PAGE_MAX_SECONDS / 2):
                return get_response(request)

    return middleware


class _Timeout:
    """Sets the statement timeout with the first statement of a request, unless its connection has it already.

    It belongs to the connection, which requests use one after the other: so each says which one it wants, 0 for none.
    """

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        self.is_set = False

    def __call__(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if not self.is_set:
            self.is_set = True
            self._set(context["connection"].connection)
        return execute(sql, params, many, context)

    def _set(self, raw: Any) -> None:
        if raw.__dict__.get("logsui_timeout", 0) == self.seconds:
            return
        # In a transaction that fails, the setting would be undone, and nobody would know.
        is_idle = raw.info.transaction_status == TransactionStatus.IDLE
        raw.execute(f"SET statement_timeout = '{self.seconds}s'")
        raw.__dict__["logsui_timeout"] = self.seconds if is_idle else None


class DatabaseOutage:
    """503 with Retry-After, and not 500, while PostgreSQL starts again: clients and proxies then try again. 504 for a
    statement that took too long, and 429 while as many passwords are checked as may be at a time.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, passwords.HashingBusy):
            return _try_again(BUSY, 429)
        if not isinstance(error, (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)):
            return None
        if bounds.is_statement_timeout(error):
            logger.warning("A statement of %s took longer than a page may", request.path)
            return HttpResponse(
                render_to_string("504.html", {"seconds": settings.LOGSUI_PAGE_STATEMENT_SECONDS}), status=504
            )
        logger.error("The database failed: %s", str(error).partition("\n")[0])
        return _try_again(OUTAGE, 503)


class OutOfMemory:
    """503 for a page that took all the memory that its worker may have; the worker ends after it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, MemoryError):
            return None
        in_flight.note_memory_error()
        return HttpResponse(in_flight.SHORT, status=503, content_type="text/plain", headers={"Retry-After": "5"})


def _try_again(text: str, status: int) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain", headers={"Retry-After": "2"})
