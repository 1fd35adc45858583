"""The sessions of a project."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from sessions_app.models import Project
from sessions_app.pages.shell import project_page, render_page


@project_page
def sessions_page(request: HttpRequest, project: Project) -> HttpResponse:
    return render_page(request, "session_list.html", {"section": "sessions"}, project)


@project_page
def new_sessions(request: HttpRequest, project: Project) -> HttpResponse:
    return HttpResponse(status=204)
