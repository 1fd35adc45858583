"""What Langfuse's SDK asks besides sending traces: GET /api/public/projects, its `auth_check()`.

Followed: langfuse 5.0.4 for Python. It sends traces to /api/public/otel/v1/traces, with a key as its secret key.
"""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from sessions_app.api import permissions
from sessions_app.api.authentication import ApiKeyAuthentication, BasicKeyAuthentication
from sessions_app.api.views import Endpoint


class ProjectsEndpoint(Endpoint):
    """The one project of the key."""

    authentication_classes = [ApiKeyAuthentication, BasicKeyAuthentication]
    scope = permissions.INGEST
    schema = None

    def get(self, request: Request) -> Response:
        slug = self.caller.project_slug
        organization = {"id": "logsui", "name": "logsui"}
        return Response({"data": [{"id": slug, "name": slug, "organization": organization, "metadata": {}}]})
