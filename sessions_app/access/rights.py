"""What a user may change: Django's permissions, what each allows, and the sentence for those who lack one.

Every signed-in user may read every project; what changes something takes one of these. An API key has scopes, of which
those in SCOPE_RIGHTS take the same permission of the user who makes the key, and of the user who calls without a key.
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
    """A permission by its code name, its name in the admin site, and what it lets a user do, after “may not”."""

    codename: str
    label: str
    does: str

    @property
    def sentence(self) -> str:
        """For who lacks it: what it is called, and who gives it."""
        return (
            f"You may not {self.does}: it takes the permission “{self.label}” ({APP}.{self.codename}). "
            "An administrator can give it to you, in the administration under Users."
        )


MAKE_KEYS = Right("add_apikey", "Can add API key", "make API keys")
REVOKE_KEYS = Right("change_apikey", "Can change API key", "revoke API keys")
MAKE_PROJECTS = Right("add_project", "Can add project", "make projects")
CHANGE_PROJECTS = Right("change_project", "Can change project", "change the settings of projects")
CORRECT_SESSIONS = Right("change_session", "Can change session", "correct which session a request is in")
DELETE_SESSIONS = Right("delete_session", "Can delete session", "delete sessions")

# Writing logs takes no more than the right to make keys, reading no more than being a user.
SCOPE_RIGHTS = {CORRECT: CORRECT_SESSIONS, DELETE: DELETE_SESSIONS}


class RightMissing(PermissionDenied):
    """403 with the sentence of the right that a user lacks."""

    def __init__(self, right: Right) -> None:
        super().__init__(right.sentence)
        self.right = right


def right_to(action: str, model: type[Model]) -> Right:
    """The permission that Django makes for `add`, `change`, `delete` or `view` of one of our tables."""
    options = model._meta
    name, names = str(options.verbose_name), str(options.verbose_name_plural)
    return Right(f"{action}_{options.model_name}", f"Can {action} {name}", f"{action} {names}")


def may(user: User | AnonymousUser, right: Right) -> bool:
    """Whether a user has a right; at most one statement for all rights of a user."""
    return user.is_active and (user.is_superuser or right.codename in _held(user))


def demand(user: User | AnonymousUser, right: Right) -> None:
    """Raises RightMissing."""
    if not may(user, right):
        raise RightMissing(right)


def scopes_of(user: User | AnonymousUser, scopes: tuple[str, ...]) -> list[str]:
    """Those of `scopes` that a user may give a key."""
    return [scope for scope in scopes if scope not in SCOPE_RIGHTS or may(user, SCOPE_RIGHTS[scope])]


def _held(user: Any) -> frozenset[str]:
    """The code names of a user's permissions; has_perm() asks twice, for the user and for the groups."""
    # Kept with the user, who is read anew for each request.
    held: frozenset[str] | None = getattr(user, "_held_rights", None)
    if held is None:
        ours = Permission.objects.filter(content_type__app_label=APP).order_by()
        theirs = ours.filter(Q(user=user.pk) | Q(group__user=user.pk)) if user.pk else ours.none()
        held = user._held_rights = frozenset(theirs.values_list("codename", flat=True))
    return held
