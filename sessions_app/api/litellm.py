"""POST /api/v1/litellm: what LiteLLM's `generic_api` callback sends, whatever content type it gives."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from sessions_app.api import schema
from sessions_app.api.errors import json_response
from sessions_app.api.logs import accept_body, none_is_good
from sessions_app.api.views import WriteEndpoint


class LiteLLMEndpoint(WriteEndpoint):
    @schema.POST_LITELLM
    def post(self, request: Any) -> HttpResponse:
        content_type = request._request.META.get("CONTENT_TYPE", "")
        accepted = accept_body(request._request, self.caller, "litellm", content_type)
        answer = {"accepted": accepted.accepted, "rejected": accepted.rejected}
        if not accepted.accepted:
            return none_is_good(answer)
        return json_response(answer, 200)
