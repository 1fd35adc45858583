"""Who calls: a program with an API key, which belongs to one project, or a signed-in user in a browser."""

from __future__ import annotations

import base64
import binascii
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from urllib.parse import unquote

from django.contrib.auth.models import AnonymousUser
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from sessions_app.access.keys import hash_secret
from sessions_app.api.errors import ApiError
from sessions_app.models import ApiKey


@dataclass(frozen=True, slots=True)
class KeyRow:
    """An API key as it is stored. `maker_id` is the user who made it; None for a key of the operator."""

    id: int
    project_id: int
    project_slug: str
    name: str
    scopes: list[str]
    revoked_at: datetime | None
    last_used_at: datetime | None
    maker_id: int | None


KEY_COLUMNS = ("id", "project_id", "project__slug", "name", "scopes", "revoked_at", "last_used_at", "maker_id")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, as `request.auth` has it, by the name of the user or key.

    A user has no key and no project: users may read every project.
    """

    name: str
    key: KeyRow | None = None

    @property
    def project_id(self) -> int | None:
        return self.key.project_id if self.key else None

    @property
    def project_slug(self) -> str:
        return self.key.project_slug if self.key else ""


def caller_of(request: Request) -> Caller | None:
    """Who calls; None for somebody whom no authentication class knows."""
    return cast("Caller | None", request.auth)


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer <key>`, or `x-api-key: <key>`. The user stays anonymous: a key stands for a program."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Caller] | None:
        """Raises AuthenticationFailed for a key that is unknown or revoked."""
        secret = self.secret_of(request)
        if secret is None:
            return None
        row = ApiKey.objects.filter(hash=hash_secret(secret)).values_list(*KEY_COLUMNS).first()
        if row is None:
            message = "Unknown API key. Create one on the page Settings > API keys, or with create_api_key."
            raise AuthenticationFailed(message, "invalid_key")
        key = KeyRow(*row)
        if key.revoked_at is not None:
            raise AuthenticationFailed(f"This API key was revoked on {key.revoked_at:%Y-%m-%d}.", "revoked_key")
        return AnonymousUser(), Caller(f"API key {key.name}", key)

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="logsui"'

    def secret_of(self, request: Request) -> str | None:
        """The key that a request brings; `Authorization` takes precedence."""
        scheme, secret = authorization(request)
        if scheme == "bearer":
            return secret
        return request.META.get("HTTP_X_API_KEY", "").strip() or None


class BasicKeyAuthentication(ApiKeyAuthentication):
    """A key as the password of Basic authentication (RFC 7617). Langfuse's clients call it the secret key."""

    def secret_of(self, request: Request) -> str | None:
        scheme, encoded = authorization(request)
        if scheme != "basic":
            return None
        try:
            return base64.b64decode(encoded, validate=True).decode().partition(":")[2]
        except (binascii.Error, ValueError):
            return ""


class BrowserAuthentication(SessionAuthentication):
    """A signed-in user. What changes something needs the page's CSRF token."""

    def authenticate(self, request: Request) -> tuple[Any, Caller] | None:
        found = super().authenticate(request)
        return None if found is None else (found[0], Caller(found[0].get_username()))

    def enforce_csrf(self, request: Request) -> None:
        """Raises ApiError 403."""
        # Of a POST, the check would look for the token in the body, too: it would parse it, and fail if it is no JSON.
        unread = copy(request._request)
        unread.method = "PUT" if request.method == "POST" else request.method
        try:
            super().enforce_csrf(cast("Request", unread))
        except PermissionDenied as error:
            reason = str(error.detail).removeprefix("CSRF Failed: ")
            message = f"{reason} Send the page's token as X-CSRFToken, or use an API key."
            raise ApiError(403, "csrf_failed", message) from None


def authorization(request: Request) -> tuple[str, str]:
    """The scheme in lower case, and what follows it."""
    header = request.META.get("HTTP_AUTHORIZATION", "").strip()
    if " " not in header and "%20" in header:
        # OTEL_EXPORTER_OTLP_HEADERS is URL-encoded, and not every exporter decodes it.
        header = unquote(header)
    scheme, _, rest = header.partition(" ")
    return scheme.lower(), rest.strip()
