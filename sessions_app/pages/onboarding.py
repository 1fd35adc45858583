"""How to send the first request."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from sessions_app.models import Project
from sessions_app.pages.shell import project_page


@project_page
def onboarding_page(request: HttpRequest, project: Project) -> HttpResponse:
    return HttpResponse(status=204)


@project_page
def waiting(request: HttpRequest, project: Project) -> HttpResponse:
    return HttpResponse(status=204)
