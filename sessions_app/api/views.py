"""What all endpoints have in common. REST framework's settings say who may call and how errors are answered."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from sessions_app.api import permissions
from sessions_app.api.authentication import ApiKeyAuthentication, Caller, caller_of
from sessions_app.api.links import PageLinks
from sessions_app.api.parameters import refuse_meaningless


class Endpoint(APIView):
    """`scope` is what a key must have; `scope_of` may tell methods apart."""

    http_method_names = ["get", "post", "delete", "head"]
    scope = permissions.READ

    def scope_of(self, method: str) -> str:
        return self.scope

    @property
    def caller(self) -> Caller:
        """Whoever calls, whom the permission classes have let in."""
        caller = caller_of(self.request)
        assert caller is not None, "no permission class lets somebody unknown in"
        return caller

    def about_project(self, slug: str) -> dict[str, Any]:
        """The context of serializers whose answers link to pages."""
        return {"project": slug, "links": PageLinks.asked_by(self.request, slug)}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        # Not where logs are sent: they would be lost.
        read = getattr(self, "get", None)
        if request.method in ("GET", "HEAD") and read is not None and hasattr(read, "parameters"):
            refuse_meaningless(request, read.parameters)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Rendered here and not later, so that an error while writing is answered like any other."""
        response = super().dispatch(request, *args, **kwargs)
        if not isinstance(response, Response):
            return response
        try:
            response.render()
        except Exception as error:
            response = self.finalize_response(self.request, self.handle_exception(error))
            response.render()
        return response


class WriteEndpoint(Endpoint):
    """Takes logs, from programs only."""

    authentication_classes = [ApiKeyAuthentication]
    scope = permissions.INGEST

    @property
    def project_id(self) -> int:
        assert self.caller.project_id is not None, "only keys may write, and a key has a project"
        return self.caller.project_id
