"""Middleware for every page: headers, a budget, and responses while the database or memory is missing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import psycopg
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.template.loader import render_to_string
from psycopg.pq import TransactionStatus

from logsui import in_flight, passwords
from sessions_app import bounds

logger = logging.getLogger(__name__)

BUSY = "Too many passwords are being checked at the moment. Try again in a few seconds.\n"

# Shown content may be hostile, so inline scripts and styles, other origins and frames are forbidden.
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


class CompressedPages(GZipMiddleware):
    """Compresses HTML, padded at random so that its length tells little.

    Answers that show a secret come by POST or must not be stored. They are sent as they are (docs/decisions/0016).
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        is_page = request.method in READS and response.headers.get("Content-Type", "").startswith("text/html")
        if not is_page or response.streaming or "no-store" in response.headers.get("Cache-Control", ""):
            return response
        return super().process_response(request, response)


def bounded_answers(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Read requests have a budget of bytes and time, and a timeout for each SQL statement."""

    def middleware(request: HttpRequest) -> HttpResponse:
        is_read = request.method in READS
        with connection.execute_wrapper(_Timeout(settings.LOGSUI_PAGE_STATEMENT_SECONDS if is_read else 0)):
            if not is_read:
                return get_response(request)
            # A tenth of the bytes is for the page around the content. Work that begins in the first half of the time
            # may take the second half to finish.
            with bounds.answer(settings.LOGSUI_PAGE_MAX_BYTES * 9 // 10, settings.LOGSUI_PAGE_MAX_SECONDS / 2):
                return get_response(request)

    return middleware


class _Timeout:
    """Sets the statement timeout before the first statement of a request, unless the connection has it already.

    The timeout belongs to the connection, which many requests share one after another. So each request sets its own; 0
    means none.
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
        # If a transaction is open, a rollback would silently undo the setting.
        is_idle = raw.info.transaction_status == TransactionStatus.IDLE
        raw.execute(f"SET statement_timeout = '{self.seconds}s'")
        raw.__dict__["logsui_timeout"] = self.seconds if is_idle else None


class DatabaseOutage:
    """503 with Retry-After instead of 500 while PostgreSQL restarts, so that clients and proxies retry. 429 while the
    limit of passwords being checked is reached. A statement that took too long is no outage: `StatementTimeout`.
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
        logger.error("The database failed: %s", str(error).partition("\n")[0])
        return HttpResponse(render_to_string("503.html"), status=503, headers={"Retry-After": "2"})


class OutOfMemory:
    """503 for a page that used up the memory of its worker. The worker then ends."""

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
