"""What a new installation begins with: two projects, a key to send logs with, a way to sign in."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User

from sessions_app.access.keys import create_key, create_sign_in_token
from sessions_app.models import Project, SignInToken

ADMIN = "admin"
DEFAULT, DEMO = "default", "demo"


@dataclass(frozen=True)
class Welcome:
    """Secrets to show once: `key` at the very first start, `sign_in_token` until somebody has signed in."""

    key: str | None
    sign_in_token: str | None
    has_demo: bool


def welcome() -> Welcome:
    """Make what is missing. Called by one process at a time."""
    return Welcome(key=create_projects(), sign_in_token=renew_sign_in_token(), has_demo=has_demo())


def create_projects() -> str | None:
    """Projects `default` and `demo`; the first one's ingestion key when it is new.

    A `demo` that was deleted is not made again.
    """
    default, is_new = Project.objects.get_or_create(slug=DEFAULT, defaults={"name": "Default"})
    if not is_new:
        return None
    Project.objects.get_or_create(slug=DEMO, defaults={"name": "Demo"})
    return create_key(default, "first key", ["ingest"])[1]


def has_demo() -> bool:
    return Project.objects.filter(slug=DEMO).exists()


def renew_sign_in_token() -> str | None:
    """A token for the first administrator, in place of unused ones; None once anybody has signed in."""
    users = User.objects
    if users.filter(last_login__isnull=False).exists():
        return None
    user = users.filter(is_superuser=True, is_active=True).order_by("pk").first() or create_admin()
    SignInToken.objects.filter(user=user, used_at=None).delete()
    return create_sign_in_token(user)


def create_admin() -> User:
    """The superuser `admin`, who signs in by link until a password is set: `manage.py changepassword admin`."""
    return User.objects.create_superuser(ADMIN, password=None)
