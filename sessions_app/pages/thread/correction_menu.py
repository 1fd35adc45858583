"""Links to manual corrections on the pages of a session and a request, for those who may make them."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from sessions_app.access import rights
from sessions_app.models import Project
from sessions_app.queries.corrections import has_corrections
from sessions_app.queries.session import SessionFacts


def may_correct(request: HttpRequest) -> bool:
    """Whether the signed-in user may change which session a request is in. At most one statement."""
    return rights.may(request.user, rights.CORRECT_SESSIONS)


def correction_context(request: HttpRequest, project: Project, session_id: uuid.UUID) -> dict[str, Any]:
    """What the template tag `correction_menu` needs."""
    return {"may_correct": may_correct(request), "correct_url": reverse("correct", args=[project.slug, session_id])}


def history_context(project: Project, session: SessionFacts) -> dict[str, Any]:
    """The address of a session's corrections; "" when it has none."""
    has_history = has_corrections(project.pk, session.id, session.rules)
    return {"corrections_url": reverse("corrections", args=[project.slug, session.id]) if has_history else ""}
