"""API keys and one-time sign-in links. They are created here, shown once, and stored as hashes."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.contrib.auth.models import AnonymousUser, User
from django.utils import timezone

from sessions_app.access import rights
from sessions_app.models import ApiKey, Project, SignInToken

SCOPES = ("ingest", "read", rights.CORRECT, rights.DELETE)
KEY_PREFIX = "lsk_"
SIGN_IN_LIFETIME = timedelta(days=1)


def hash_secret(secret: str) -> str:
    """The SHA-256 of a key or token, in hexadecimal. The secrets are random, so they need no salt."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def create_key(
    project: Project, name: str, scopes: list[str], maker: User | AnonymousUser | None = None
) -> tuple[ApiKey, str]:
    """Create an API key. Returns the row and the key itself, which cannot be read again.

    `maker` is the user who creates it; without one, the key is the operator's. Raises ValueError for no scope or an
    unknown one, and rights.RightMissing if the user may not create keys or lacks a right that the key would have.
    """
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        raise ValueError(f"scopes must be from {', '.join(SCOPES)}; got {', '.join(unknown) or 'none'}")
    if maker is not None:
        for right in (rights.MAKE_KEYS, *(rights.SCOPE_RIGHTS[s] for s in scopes if s in rights.SCOPE_RIGHTS)):
            rights.demand(maker, right)
        # Only users who have signed in have rights.
        assert isinstance(maker, User)
    secret = KEY_PREFIX + secrets.token_urlsafe(32)
    row = ApiKey.objects.create(
        project=project,
        name=name,
        prefix=secret[:12],
        hash=hash_secret(secret),
        scopes=sorted(set(scopes)),
        created_by="" if maker is None else maker.get_username(),
        maker=maker,
    )
    return row, secret


def create_sign_in_token(user: User) -> str:
    """Create a token for a link that signs `user` in, once, within a day."""
    token = secrets.token_urlsafe(32)
    SignInToken.objects.create(user=user, hash=hash_secret(token), expires_at=timezone.now() + SIGN_IN_LIFETIME)
    return token


def redeem_sign_in_token(token: str) -> User | None:
    """The user of a valid token, which is then used up. None for an invalid, used or expired token."""
    now = timezone.now()
    unused = SignInToken.objects.filter(hash=hash_secret(token), used_at=None, expires_at__gt=now)
    # A single UPDATE decides which of two simultaneous clicks wins.
    if not unused.update(used_at=now):
        return None
    return SignInToken.objects.select_related("user").get(hash=hash_secret(token)).user
