"""POST /api/v1/litellm: what LiteLLM's `generic_api` callback sends, whatever content type it gives."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from sessions_app.api.logs import BODY_ERRORS, accept_body, none_is_good
from sessions_app.api.schema import operation
from sessions_app.api.serializers.logs import AcceptedSerializer, LiteLLMPayloadsSerializer
from sessions_app.api.views import WriteEndpoint

PAYLOADS = {"application/json": LiteLLMPayloadsSerializer}


class LiteLLMEndpoint(WriteEndpoint):
    """Where a LiteLLM proxy sends its logs."""

    @operation(
        "post_litellm",
        "Write",
        {200: AcceptedSerializer},
        BODY_ERRORS,
        body=PAYLOADS,
    )
    def post(self, request: Request) -> Response:
        """Send logs from LiteLLM.

        What LiteLLM's `generic_api` callback posts: an array, an object or NDJSON of its StandardLoggingPayloads,
        whatever the Content-Type says.
        """
        accepted = accept_body(request, self.project_id, "litellm", request.META.get("CONTENT_TYPE", ""))
        return Response(AcceptedSerializer(accepted).data) if accepted.accepted else none_is_good(accepted)
