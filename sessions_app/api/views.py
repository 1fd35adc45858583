"""What all endpoints have in common: who may call, and that every answer is JSON."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.views import APIView

from sessions_app.api import authentication, errors


class JsonOnly(BaseContentNegotiation):
    """The answer is JSON whatever `Accept` says; bodies are read by us."""

    def select_parser(self, request: HttpRequest, parsers: list[Any]) -> Any:
        return parsers[0]

    def select_renderer(self, request: HttpRequest, renderers: list[Any], format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class Endpoint(APIView):
    """A REST framework view that does no more than is needed: methods return Django's responses.

    `scope` is what a key must have; `browser` says whether a signed-in user may call too.
    """

    content_negotiation_class = JsonOnly
    # `perform_authentication` says who may; REST framework's own classes would answer in a form of theirs.
    authentication_classes = ()
    permission_classes = ()
    http_method_names = ("get", "post", "delete", "head")
    scope = authentication.READ
    browser = True
    caller: authentication.Caller

    def perform_authentication(self, request: Any) -> None:
        scope = self.scope_of(request.method)
        self.caller = authentication.authenticate(request._request, scope, browser=self.browser)

    def scope_of(self, method: str) -> str:
        """What a key must have to call this method."""
        return self.scope

    def handle_exception(self, exc: Exception) -> HttpResponse:
        response = errors.response_for(exc)
        if response is None:
            return errors.internal_error(exc)
        if response.status_code == 405:
            response.headers["Allow"] = ", ".join(self.allowed_methods)
        return response


class WriteEndpoint(Endpoint):
    """Takes logs from programs alone."""

    scope = authentication.INGEST
    browser = False
