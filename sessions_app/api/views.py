"""What all endpoints have in common. REST framework's settings say who may call and how errors are answered."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from sessions_app.api import permissions
from sessions_app.api.authentication import ApiKeyAuthentication, Caller
from sessions_app.api.links import PageLinks


class Endpoint(APIView):
    """`scope` is what a key must have; `scope_of` may tell methods apart."""

    http_method_names = ["get", "post", "delete", "head"]
    scope = permissions.READ

    def scope_of(self, method: str) -> str:
        return self.scope

    @property
    def caller(self) -> Caller:
        """Whoever calls, whom the permission classes have let in."""
        caller: Caller = self.request.auth
        return caller

    def about_project(self, slug: str) -> dict[str, Any]:
        """The context of serializers whose answers link to pages."""
        return {"project": slug, "links": PageLinks(self.request, slug)}

    def finalize_response(
        self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Rendered here and not later, so that an error while writing is answered like any other."""
        finished: HttpResponseBase = super().finalize_response(request, response, *args, **kwargs)
        if not isinstance(finished, Response):
            return finished
        try:
            return finished.render()
        except Exception as error:
            failed: Response = super().finalize_response(request, self.handle_exception(error), *args, **kwargs)
            return failed.render()


class WriteEndpoint(Endpoint):
    """Takes logs, from programs only."""

    authentication_classes = [ApiKeyAuthentication]
    scope = permissions.INGEST

    @property
    def project_id(self) -> int:
        assert self.caller.project_id is not None, "only keys may write, and a key has a project"
        return self.caller.project_id
