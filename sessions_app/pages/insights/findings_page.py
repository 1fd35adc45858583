"""Dismisses a finding of a session, or shows it again."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from sessions_app.access import rights
from sessions_app.ingest import dismissing
from sessions_app.models import Project
from sessions_app.pages.insights.wording import TITLES
from sessions_app.pages.shell import changes, project_page
from sessions_app.queries.lookup import find_session

_KEY_CHARS = 100


@project_page
@changes(rights.DISMISS_FINDINGS, all_may_read=True)
def findings_page(request: HttpRequest, project: Project, session_id: uuid.UUID) -> HttpResponse:
    """A POST with `dismiss` or `restore` (the rule, ":", the key) changes one finding. All lead to the session."""
    if find_session(session_id, project.pk) is None:
        raise Http404
    if request.method == "POST":
        dismiss, restore = (_named(request.POST.get(name, "")) for name in ("dismiss", "restore"))
        if dismiss:
            dismissing.dismiss(project.pk, session_id, dismiss, request.user.get_username())
        elif restore:
            dismissing.restore(project.pk, session_id, restore)
    return redirect(f"{reverse('session', args=[project.slug, session_id])}?panel=findings#findings")


def _named(text: str) -> dismissing.Named | None:
    """The rule and the key of a finding; None if there is no such rule."""
    rule, _, key = text.replace("\0", "").partition(":")
    return (rule, key[:_KEY_CHARS]) if rule in TITLES and key else None
