"""What counts as one more attempt to get in, and against which limits.

By name and address a few, by address some more. By name from wherever more still, with waits that grow to an hour; but
a browser in which somebody has signed in under this name has its own limit instead: guessing does not lock them out.
"""

from __future__ import annotations

import secrets

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare, salted_hmac

from logsui.client_address import client_address
from sessions_app.access.throttle import Attempt, RateLimit

FROM_ADDRESS = RateLimit("address", "30 per minute; 100 per 15 minutes")
NAME_FROM_ADDRESS = RateLimit("name-address", "5 per minute; 15 per 15 minutes")
NAME = RateLimit("name", "15 per minute; 45 per 15 minutes; 100 per hour")
NAME_FROM_BROWSER = RateLimit("name-browser", "5 per minute; 15 per 15 minutes")
OWN_PASSWORD = RateLimit("own-password", "5 per minute; 15 per 15 minutes")
LINK = RateLimit("link", "30 per minute; 100 per 15 minutes")

COOKIE = "logsui_known"
COOKIE_SECONDS = 365 * 24 * 3600


def to_sign_in(request: HttpRequest, name: str) -> Attempt:
    """An attempt with a password under a name, whether or not somebody has it."""
    browser = known_browser(request, name)
    if browser is not None:
        return Attempt((NAME_FROM_BROWSER, browser))
    address = client_address(request)
    return Attempt((NAME_FROM_ADDRESS, f"{address} {name}"), (FROM_ADDRESS, address), (NAME, name))


def to_follow_link(request: HttpRequest) -> Attempt:
    """An attempt with the token of a sign-in link."""
    return Attempt((LINK, client_address(request)))


def to_change_password(user: User | AnonymousUser) -> Attempt:
    """An attempt with the present password, by whoever has a user's browser."""
    return Attempt((OWN_PASSWORD, str(user.pk)))


# --- browsers in which somebody signed in ---------------------------------------------------------------------------


def known_browser(request: HttpRequest, name: str) -> str | None:
    """What tells the browser from others, when somebody signed in with it under this name."""
    try:
        value = _signer().unsign(request.COOKIES.get(COOKIE, ""), max_age=COOKIE_SECONDS)
    except BadSignature:
        return None
    browser, _, mark = value.partition(".")
    return browser if constant_time_compare(mark, _mark(browser, name)) else None


def remember_browser(request: HttpRequest, response: HttpResponse, name: str) -> None:
    """After signing in: the next attempts under this name are known to be of this browser."""
    browser = known_browser(request, name) or secrets.token_urlsafe(16)
    value = _signer().sign(f"{browser}.{_mark(browser, name)}")
    response.set_cookie(
        COOKIE,
        value,
        max_age=COOKIE_SECONDS,
        path=settings.LOGIN_URL,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _mark(browser: str, name: str) -> str:
    return salted_hmac(COOKIE, f"{browser} {name}", algorithm="sha256").hexdigest()[:32]


def _signer() -> TimestampSigner:
    return TimestampSigner(salt=COOKIE)
