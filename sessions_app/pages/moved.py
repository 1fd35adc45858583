"""Redirects from the old addresses of merged sessions and moved requests to the new ones."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponseRedirect

from sessions_app.models import Project
from sessions_app.queries import lookup


def redirect_to_survivor(
    request: HttpRequest, project: Project, ids_in_path: dict[str, Any]
) -> HttpResponseRedirect | None:
    """A redirect to the same address with the new id of the session or request; None when it did not move.

    Called only for what was not found: an existing session or request is never redirected.
    """
    if request.method not in ("GET", "HEAD"):
        return None
    for name, follow in (("session_id", lookup.follow_session), ("request_id", lookup.follow_request)):
        old = ids_in_path.get(name)
        found = follow(old, project.pk) if isinstance(old, uuid.UUID) else None
        if found is not None and found.pk != old:
            return HttpResponseRedirect(request.get_full_path().replace(str(old), str(found.pk), 1))
    return None
