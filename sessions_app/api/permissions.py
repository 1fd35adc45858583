"""What callers may do: keys have scopes, users have Django's permissions, and a key may do no more than its maker."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from sessions_app.access import rights
from sessions_app.api.authentication import KeyRow, caller_of
from sessions_app.api.key_use import USED_KEYS

INGEST, READ, CORRECT, DELETE = "ingest", "read", rights.CORRECT, rights.DELETE
# What each scope allows, in words for who lacks it.
GRANTS = {
    INGEST: "write logs",
    READ: "read",
    CORRECT: "correct the grouping or name sessions",
    DELETE: "delete sessions",
}


class HasScope(BasePermission):
    """The caller may use the scope that the method needs. `message` and `code` say why not.

    A caller without a key or a sign-in may do nothing: REST framework answers 401 then.
    """

    message = ""
    code = ""

    def has_permission(self, request: Request, view: Any) -> bool:
        caller = caller_of(request)
        if caller is None:
            return False
        scope = view.scope_of(request.method)
        if caller.key is None:
            return self._user_may(request.user, scope)
        allowed = self._key_may(caller.key, scope) and self._maker_may(caller.key, scope)
        if allowed:
            USED_KEYS.note(caller.key.id, caller.key.last_used_at)
        return allowed

    def _user_may(self, user: Any, scope: str) -> bool:
        right = rights.SCOPE_RIGHTS.get(scope)
        if right is None or rights.may(user, right):
            return True
        return self._refuse("missing_permission", right.sentence)

    def _key_may(self, key: KeyRow, scope: str) -> bool:
        if scope in key.scopes:
            return True
        message = f"The key may not {GRANTS[scope]}: it needs the scope {scope} and has {', '.join(key.scopes)}."
        return self._refuse("missing_scope", message)

    def _maker_may(self, key: KeyRow, scope: str) -> bool:
        """Writing is always allowed: else logs would be lost when somebody leaves a team."""
        if key.maker_id is None or scope == INGEST:
            return True
        maker = get_user_model().objects.filter(pk=key.maker_id, is_active=True).first()
        if maker is None:
            message = (
                "The user who created this API key is no longer active, so it may only write logs. Create another."
            )
            return self._refuse("maker_inactive", message)
        right = rights.SCOPE_RIGHTS.get(scope)
        if right is None or rights.may(maker, right):
            return True
        message = f"The user who created this API key may not {right.does}, so the key may not either. It takes the "
        message += f"permission “{right.label}” ({rights.APP}.{right.codename}), or a key that somebody else created."
        return self._refuse("missing_permission", message)

    def _refuse(self, code: str, message: str) -> bool:
        self.code, self.message = code, message
        return False
