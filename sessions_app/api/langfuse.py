"""What Langfuse's SDK asks beside sending traces: GET /api/public/projects, its `auth_check()`.

Followed: langfuse 5.0.4 for Python. It sends traces to /api/public/otel/v1/traces, with a key as its secret key.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from sessions_app.api import authentication
from sessions_app.api.errors import json_response
from sessions_app.api.views import Endpoint


class ProjectsEndpoint(Endpoint):
    """The one project of the key."""

    scope = authentication.INGEST
    schema = None

    def perform_authentication(self, request: Any) -> None:
        self.caller = authentication.authenticate(request._request, self.scope, browser=False, basic=True)

    def get(self, request: Any) -> HttpResponse:
        slug = self.caller.project_slug
        organization = {"id": "logsui", "name": "logsui"}
        return json_response({"data": [{"id": slug, "name": slug, "organization": organization, "metadata": {}}]})
