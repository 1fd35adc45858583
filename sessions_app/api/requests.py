"""GET /api/v1/requests/{id}: one request with the documents exactly as sent."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from sessions_app.api import links, parameters, schema
from sessions_app.api.errors import json_response, not_found
from sessions_app.api.representation import documents_json, request_json
from sessions_app.api.views import Endpoint
from sessions_app.queries import content, lookup, requests


class RequestEndpoint(Endpoint):
    @schema.GET_REQUEST
    def get(self, request: Any, request_id: str) -> HttpResponse:
        log = lookup.follow_request(parameters.uuid_of(request_id, "request"), self.caller.project_id)
        session = log and lookup.find_session(log.session_id, log.project_id)
        if log is None or session is None:
            raise not_found("request")
        row = requests.row_of(log)
        parent = requests.parents_of([row], session).get(row.id)
        slug = parameters.slug_of(self.caller, log.project_id)
        url = links.request_url(request._request, slug, log.id)
        answer = request_json(row, session.session_key, parent, url, requests.standing_for([row]).get(row.id))
        return json_response(answer | documents_json(content.load_documents(log)))
