"""What users may change: Django's permissions, what each allows, and the message for users who lack one.

Every signed-in user may read every project, and keep views of their own. Any other change needs one of these
permissions. An API key has scopes. A scope
in SCOPE_RIGHTS needs the same permission from the user who creates the key, or who calls the API without a key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser, Permission, User
from django.core.exceptions import PermissionDenied
from django.db.models import Model, Q

APP = "sessions_app"
CORRECT, DELETE = "correct", "delete"


@dataclass(frozen=True, slots=True)
class Right:
    """A permission: its code name, its name in the admin site, and what it allows, to be read after “may not”."""

    codename: str
    label: str
    does: str

    @property
    def sentence(self) -> str:
        """The message for users who lack it: what it is called, and who can grant it."""
        return (
            f"You may not {self.does}. You need the permission “{self.label}” ({APP}.{self.codename}). "
            "An administrator can grant it under Users in the administration."
        )


MAKE_KEYS = Right("add_apikey", "Can add API key", "create API keys")
REVOKE_KEYS = Right("change_apikey", "Can change API key", "revoke API keys")
MAKE_PROJECTS = Right("add_project", "Can add project", "create projects")
CHANGE_PROJECTS = Right("change_project", "Can change project", "change the settings of projects")
CHANGE_PRICES = Right("change_modelprice", "Can change price", "change the prices of models")
CORRECT_SESSIONS = Right(
    "change_session", "Can change session", "correct which session a request is in, or name sessions"
)
DELETE_SESSIONS = Right("delete_session", "Can delete session", "delete sessions")
TAG_SESSIONS = Right("add_sessiontag", "Can add session tag", "tag sessions")
DISMISS_FINDINGS = Right("add_dismissedfinding", "Can add dismissed finding", "dismiss findings")
SHARE_VIEWS = Right("add_savedview", "Can add saved view", "share views with the project")
CHANGE_VIEWS = Right("change_savedview", "Can change saved view", "change or delete views that others share")

# The scope `ingest` needs only the right to create keys, and `read` needs no right at all.
SCOPE_RIGHTS = {CORRECT: CORRECT_SESSIONS, DELETE: DELETE_SESSIONS}


class RightMissing(PermissionDenied):
    """403, with a message about the right that the user lacks."""

    def __init__(self, right: Right) -> None:
        super().__init__(right.sentence)
        self.right = right


def right_to(action: str, model: type[Model]) -> Right:
    """The permission that Django creates to `add`, `change`, `delete` or `view` rows of one of our tables."""
    options = model._meta
    name, names = str(options.verbose_name), str(options.verbose_name_plural)
    return Right(f"{action}_{options.model_name}", f"Can {action} {name}", f"{action} {names}")


def may(user: User | AnonymousUser, right: Right) -> bool:
    """Whether a user has a right. All rights of a user are read with one SQL statement."""
    return user.is_active and (user.is_superuser or right.codename in _held(user))


def demand(user: User | AnonymousUser, right: Right) -> None:
    """Raises RightMissing."""
    if not may(user, right):
        raise RightMissing(right)


def scopes_of(user: User | AnonymousUser, scopes: tuple[str, ...]) -> list[str]:
    """The scopes among `scopes` that a user may give to a key."""
    return [scope for scope in scopes if scope not in SCOPE_RIGHTS or may(user, SCOPE_RIGHTS[scope])]


def _held(user: Any) -> frozenset[str]:
    """The code names of a user's permissions. has_perm() would need two statements, for the user and the groups."""
    # Cached on the user, who is loaded anew for each request.
    held: frozenset[str] | None = getattr(user, "_held_rights", None)
    if held is None:
        ours = Permission.objects.filter(content_type__app_label=APP).order_by()
        theirs = ours.filter(Q(user=user.pk) | Q(group__user=user.pk)) if user.pk else ours.none()
        held = user._held_rights = frozenset(theirs.values_list("codename", flat=True))
    return held
