"""Who asks: a program with an API key, which stands for one project, or a signed-in browser."""

from __future__ import annotations

import base64
import binascii
import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any
from urllib.parse import unquote

from django.contrib.auth import get_user_model
from django.core.signals import request_finished
from django.db import DatabaseError, transaction
from django.http import HttpRequest
from django.middleware.csrf import CsrfViewMiddleware

from sessions_app.access import rights
from sessions_app.access.keys import hash_secret
from sessions_app.api.errors import DOCS_PATH, ApiError
from sessions_app.models import ApiKey

INGEST, READ, CORRECT, DELETE = "ingest", "read", rights.CORRECT, rights.DELETE
NOTE_USE_EVERY = timedelta(minutes=1)
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="logsui"'}
LOG = logging.getLogger(__name__)
SAFE_METHODS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Caller:
    """The authenticated caller, by the name of the user or key. `project_id` is None for a signed-in user, who may
    read every project.
    """

    project_id: int | None
    project_slug: str = ""
    name: str = ""


def authenticate(request: HttpRequest, scope: str, *, browser: bool, basic: bool = False) -> Caller:
    """The caller, who holds `scope`: a key with it, or a signed-in user with the permission that it takes, where
    `browser` says that one will do. A key goes before a cookie.

    `basic`: a key may be the password of Basic authentication, too.

    Raises ApiError: 401 without a valid key (or session), 403 without the scope, the permission or the CSRF token.
    """
    secret = presented_key(request)
    if secret is None and basic:
        secret = basic_password(request)
    if secret is not None:
        return _caller_of_key(secret, scope)
    if browser and request.user.is_active and request.user.is_authenticated:
        _check_csrf(request)
        right = rights.SCOPE_RIGHTS.get(scope)
        if right is not None and not rights.may(request.user, right):
            raise ApiError(403, "missing_permission", right.sentence, docs=DOCS_PATH)
        return Caller(None, name=request.user.get_username())
    message = "Send an API key: Authorization: Bearer <key>, or x-api-key: <key>."
    raise ApiError(401, "missing_key", message, docs=DOCS_PATH, headers=CHALLENGE)


def presented_key(request: HttpRequest) -> str | None:
    """The key that a request brings, of `Authorization: Bearer` first, else of `x-api-key`; None for neither."""
    scheme, secret = _authorization(request)
    if scheme == "bearer":
        return secret
    return request.META.get("HTTP_X_API_KEY", "").strip() or None


def basic_password(request: HttpRequest) -> str | None:
    """The password of Basic authentication (RFC 7617), which Langfuse's clients call the secret key."""
    scheme, encoded = _authorization(request)
    if scheme != "basic":
        return None
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


def _authorization(request: HttpRequest) -> tuple[str, str]:
    header = request.META.get("HTTP_AUTHORIZATION", "").strip()
    if " " not in header and "%20" in header:
        # OTEL_EXPORTER_OTLP_HEADERS is URL-encoded, and not every exporter decodes it.
        header = unquote(header)
    scheme, _, rest = header.partition(" ")
    return scheme.lower(), rest.strip()


def _caller_of_key(secret: str, scope: str) -> Caller:
    columns = ("id", "project_id", "project__slug", "name", "scopes", "revoked_at", "last_used_at", "maker_id")
    row = ApiKey.objects.filter(hash=hash_secret(secret)).values_list(*columns).first()
    if row is None:
        message = "This API key is not known here. Keys are made on the page Settings > API keys, or by create_api_key."
        raise ApiError(401, "invalid_key", message, headers=CHALLENGE)
    key_id, project_id, slug, name, scopes, revoked_at, last_used_at, maker_id = row
    if revoked_at is not None:
        raise ApiError(401, "revoked_key", f"This API key was revoked on {revoked_at:%Y-%m-%d}.", headers=CHALLENGE)
    if scope not in scopes:
        message = f"This API key lacks the scope {scope}; it has {', '.join(scopes)}."
        raise ApiError(403, "missing_scope", message, docs=DOCS_PATH)
    if maker_id is not None and scope != INGEST:
        _check_maker(maker_id, scope)
    USED_KEYS.note(key_id, last_used_at)
    return Caller(project_id, slug, f"API key {name}")


def _check_maker(maker_id: int, scope: str) -> None:
    """A key has no more rights than its maker. But for writing: logs would be lost when somebody leaves a team.

    Raises ApiError 403.
    """
    maker = get_user_model().objects.filter(pk=maker_id, is_active=True).first()
    right = rights.SCOPE_RIGHTS.get(scope)
    if maker is None:
        message = "The user who made this API key is no longer active, so it may only write logs: make another key."
        raise ApiError(403, "maker_inactive", message, docs=DOCS_PATH)
    if right is not None and not rights.may(maker, right):
        message = f"The user who made this API key may not {right.does}, so the key may not either. It takes the "
        message += f"permission “{right.label}” ({rights.APP}.{right.codename}), or a key that somebody else made."
        raise ApiError(403, "missing_permission", message, docs=DOCS_PATH)


class _CsrfCheck(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> Any:
        return reason


def _check_csrf(request: HttpRequest) -> None:
    """Like REST framework's session authentication: its views are exempt, so that keys need no token."""
    if request.method in SAFE_METHODS:
        return
    check = _CsrfCheck(lambda _: None)  # type: ignore[arg-type,return-value]
    check.process_request(request)
    reason = check.process_view(request, None, (), {})
    if reason:
        raise ApiError(403, "csrf_failed", f"{reason} Send the page's token as X-CSRFToken, or use an API key.")


class UsedKeys:
    """Which keys were used, until `write` says so in the table: at most once a minute each, and after the answer."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._pending: set[int] = set()
        self._written_at: dict[int, float] = {}

    def note(self, key_id: int, last_used_at: datetime | None) -> None:
        recent = last_used_at is not None and datetime.now(UTC) - last_used_at < NOTE_USE_EVERY
        if recent:
            return
        now = time.monotonic()
        with self._lock:
            # A row that is locked, or a minute's many threads: one try a minute is enough.
            if now - self._written_at.get(key_id, -1e9) >= NOTE_USE_EVERY.total_seconds():
                self._written_at[key_id] = now
                self._pending.add(key_id)

    def write(self, **_: Any) -> None:
        """Receiver of `request_finished`, which comes when the client has its answer. Never waits for a lock."""
        if not self._pending:
            return
        with self._lock:
            ids, self._pending = list(self._pending), set()
        try:
            with transaction.atomic():
                free = (
                    ApiKey.objects.select_for_update(skip_locked=True).filter(id__in=ids).values_list("id", flat=True)
                )
                ApiKey.objects.filter(id__in=list(free)).update(last_used_at=datetime.now(UTC))
        except DatabaseError:
            LOG.warning("The last use of API keys could not be noted", exc_info=True)


USED_KEYS = UsedKeys()
request_finished.connect(USED_KEYS.write, dispatch_uid="sessions_app.api.used_keys")
