"""The API keys of a project."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from sessions_app.models import Project
from sessions_app.pages.shell import project_page


@project_page
def keys_page(request: HttpRequest, project: Project) -> HttpResponse:
    return HttpResponse(status=204)


@project_page
def revoke_page(request: HttpRequest, project: Project, key_id: int) -> HttpResponse:
    return HttpResponse(status=204)
