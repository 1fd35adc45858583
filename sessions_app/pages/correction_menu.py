"""What the pages of a session and a request say of corrections by hand: who may make them, and if there are any."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from sessions_app.models import Project
from sessions_app.queries.corrections import has_corrections

PERMISSION = "sessions_app.change_session"


def may_correct(request: HttpRequest) -> bool:
    """Whether the signed-in user may change which session a request is in."""
    return request.user.has_perm(PERMISSION)


def correction_context(
    request: HttpRequest, project: Project, session_id: uuid.UUID, rules: Iterable[str]
) -> dict[str, Any]:
    """What `_correction_menu.html` shows: the way to the forms for those who may, the history when there is one."""
    corrected = has_corrections(project.pk, session_id, rules)
    return {
        "may_correct": may_correct(request),
        "correct_url": reverse("correct", args=[project.slug, session_id]),
        "corrections_url": reverse("corrections", args=[project.slug, session_id]) if corrected else "",
    }
