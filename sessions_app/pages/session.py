"""One session: its timeline."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest, HttpResponse

from sessions_app.models import Project
from sessions_app.pages.shell import project_page


@project_page
def session_page(request: HttpRequest, project: Project, session_id: uuid.UUID) -> HttpResponse:
    raise Http404


@project_page
def trace_redirect(request: HttpRequest, project: Project, trace_id: str) -> HttpResponse:
    raise Http404
