"""Addresses of sessions that were merged and of requests that moved lead to where these are now."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponseRedirect

from sessions_app.models import Project
from sessions_app.queries import lookup


def redirect_to_survivor(
    request: HttpRequest, project: Project, ids_in_path: dict[str, Any]
) -> HttpResponseRedirect | None:
    """To the same address with the id that the session or request of the path has now; None when nothing moved.

    Asked only about what was not found, so a session or request that is there always wins over one that moved.
    """
    if request.method not in ("GET", "HEAD"):
        return None
    for name, follow in (("session_id", lookup.follow_session), ("request_id", lookup.follow_request)):
        old = ids_in_path.get(name)
        found = follow(old, project.pk) if isinstance(old, uuid.UUID) else None
        if found is not None and found.pk != old:
            return HttpResponseRedirect(request.get_full_path().replace(str(old), str(found.pk), 1))
    return None
