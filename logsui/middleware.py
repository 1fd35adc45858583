"""What holds for every page: its headers, and its answer while the database is away."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse

from logsui import passwords

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


class DatabaseOutage:
    """503 with Retry-After, and not 500, while PostgreSQL starts again: clients and proxies then try again. And 429
    while as many passwords are checked as may be at a time.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, passwords.Busy):
            return _try_again(BUSY, 429)
        if not isinstance(error, (OperationalError, InterfaceError)):
            return None
        logger.error("The database failed: %s", error)
        return _try_again(OUTAGE, 503)


def _try_again(text: str, status: int) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain", headers={"Retry-After": "2"})
