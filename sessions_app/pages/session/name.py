"""The name of a session: what a person called it, who did so, and the form that changes it."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from sessions_app.access import rights
from sessions_app.ingest import names
from sessions_app.models import Project
from sessions_app.pages.shell import changes, project_page, render_page
from sessions_app.queries import lookup


@project_page
@changes(rights.CORRECT_SESSIONS, all_may_read=True)
def name_page(request: HttpRequest, project: Project, session_id: uuid.UUID) -> HttpResponse:
    """Shows the name; a POST with `name` gives another one, and takes it away if it is empty."""
    session = lookup.find_session(session_id, project.pk)
    if session is None:
        raise Http404
    if request.method == "POST":
        name = names.clean_name(request.POST.get("name", ""))
        names.give(project.pk, session.pk, name, request.user.get_username())
        return redirect("session", project.slug, session.pk)
    context = {
        "section": "sessions",
        "session": session,
        "given": names.given_to(session.pk),
        "otherwise": session.source_name or session.title or session.session_key or str(session.pk),
        "most_chars": names.NAME_CHARS,
        "may_name": rights.may(request.user, rights.CORRECT_SESSIONS),
    }
    return render_page(request, "session_name.html", context, project)
