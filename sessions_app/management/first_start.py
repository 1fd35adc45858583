"""Sets up a new installation: two projects, an API key to send logs with, and a sign-in link."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User

from sessions_app.access.keys import create_key, create_sign_in_token
from sessions_app.models import Project, SignInToken

ADMIN = "admin"
DEFAULT, DEMO = "default", "demo"


@dataclass(frozen=True)
class Welcome:
    """Secrets to show once: `key` at the very first start, `sign_in_token` until someone has signed in."""

    key: str | None
    sign_in_token: str | None
    has_demo: bool


def welcome() -> Welcome:
    """Create what is missing. Only one process at a time may call it."""
    return Welcome(key=create_projects(), sign_in_token=renew_sign_in_token(), has_demo=has_demo())


def create_projects() -> str | None:
    """Create the projects `default` and `demo`. Returns an API key if `default` is new.

    A deleted `demo` is not created again.
    """
    default, is_new = Project.objects.get_or_create(slug=DEFAULT, defaults={"name": "Default"})
    if not is_new:
        return None
    Project.objects.get_or_create(slug=DEMO, defaults={"name": "Demo"})
    return create_key(default, "first key", ["ingest"])[1]


def has_demo() -> bool:
    return Project.objects.filter(slug=DEMO).exists()


def renew_sign_in_token() -> str | None:
    """A new token for the first administrator, which replaces unused ones. None once anyone has signed in."""
    users = User.objects
    if users.filter(last_login__isnull=False).exists():
        return None
    user = users.filter(is_superuser=True, is_active=True).order_by("pk").first() or create_admin()
    SignInToken.objects.filter(user=user, used_at=None).delete()
    return create_sign_in_token(user)


def create_admin() -> User:
    """Create the superuser `admin`, who signs in by link until `manage.py changepassword admin` sets a password."""
    return User.objects.create_superuser(ADMIN, password=None)
