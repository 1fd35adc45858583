"""One request: its permalink."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest, HttpResponse

from sessions_app.models import Project
from sessions_app.pages.shell import project_page


@project_page
def request_page(request: HttpRequest, project: Project, request_id: uuid.UUID) -> HttpResponse:
    raise Http404
