"""Limits on attempts to sign in.

There are a few attempts for a name from one address, more for an address, and still more for a name from anywhere, with
waits of up to an hour. A browser that has signed in under the name before has its own limit instead, so that others who
guess cannot lock its user out.
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
    """An attempt with a password under a name, whether or not that user exists."""
    browser = known_browser(request, name)
    if browser is not None:
        return Attempt((NAME_FROM_BROWSER, browser))
    address = client_address(request)
    return Attempt((NAME_FROM_ADDRESS, f"{address} {name}"), (FROM_ADDRESS, address), (NAME, name))


def to_follow_link(request: HttpRequest) -> Attempt:
    """An attempt with the token of a sign-in link."""
    return Attempt((LINK, client_address(request)))


def to_change_password(user: User | AnonymousUser) -> Attempt:
    """An attempt to enter the current password, by anyone who uses a signed-in browser."""
    return Attempt((OWN_PASSWORD, str(user.pk)))


# --- browsers that have signed in before ---------------------------------------------------------------------------


def known_browser(request: HttpRequest, name: str) -> str | None:
    """The id of a browser that has signed in under this name before; None for any other."""
    try:
        value = _signer().unsign(request.COOKIES.get(COOKIE, ""), max_age=COOKIE_SECONDS)
    except BadSignature:
        return None
    browser, _, mark = value.partition(".")
    return browser if constant_time_compare(mark, _mark(browser, name)) else None


def remember_browser(request: HttpRequest, response: HttpResponse, name: str) -> None:
    """After signing in: recognise this browser in later attempts under this name."""
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
