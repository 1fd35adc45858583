"""GET /api/v1/requests/{id}: one request with the documents exactly as sent; and the copies that contradict it."""

from __future__ import annotations

import re
import uuid
from typing import Any

from django.http import HttpResponse

from sessions_app.api import links, parameters, schema
from sessions_app.api.errors import bad_parameter, json_response, not_found
from sessions_app.api.representation import copy_json, documents_json, request_json
from sessions_app.api.views import Endpoint
from sessions_app.models import RequestLog
from sessions_app.queries import content, contradictions, lookup, requests
from sessions_app.wire import documents_of


class RequestEndpoint(Endpoint):
    @schema.GET_REQUEST
    def get(self, request: Any, request_id: str) -> HttpResponse:
        log = self.find(request_id)
        session = lookup.find_session(log.session_id, log.project_id)
        if session is None:
            raise not_found("request")
        row = requests.row_of(log)
        parent = requests.parents_of([row], session).get(row.id)
        slug = parameters.slug_of(self.caller, log.project_id)
        url = links.request_url(request._request, slug, log.id)
        found = contradictions.contradicted(session.id, [row.id]).get(row.id)
        standing = requests.standing_for([row]).get(row.id)
        answer = request_json(row, session.session_key, parent, url, standing, found.count if found else 0)
        return json_response(answer | documents_json(content.load_documents(log)))

    def find(self, request_id: str) -> RequestLog:
        """The request, also by an id that it had before it moved. Raises ApiError 404."""
        log = lookup.follow_request(parameters.uuid_of(request_id, "request"), self.caller.project_id)
        if log is None:
            raise not_found("request")
        return log


# Each comes with its documents.
MOST_COPIES = 20
_CURSOR = re.compile(r"(\d{1,18})\.(\d{1,9})\.([0-9a-f]{32})")


class RequestCopiesEndpoint(RequestEndpoint):
    """GET /api/v1/requests/{id}/copies: what was reported under the request's id and says other things."""

    @schema.LIST_COPIES
    def get(self, request: Any, request_id: str) -> HttpResponse:
        log = self.find(request_id)
        limit = parameters.limit_of(request._request, MOST_COPIES, default=10)
        found = contradictions.copies_of(log, limit + 1, _after(request._request.GET.get("cursor")))
        bodies = contradictions.bodies_of([copy.id for copy in found[:limit]])
        results = [copy_json(c, documents_of(c.source, bodies[c.id])) for c in found[:limit] if c.id in bodies]
        last = found[limit - 1] if len(found) > limit else None
        cursor = f"{last.entry_id}.{last.entry_index}.{last.id.hex}" if last else None
        return json_response({"results": results, "next": cursor})


def _after(cursor: str | None) -> tuple[int, int, uuid.UUID] | None:
    if not cursor:
        return None
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise bad_parameter("cursor", "is none that this list gave: take it from the page before")
    return int(match[1]), int(match[2]), uuid.UUID(match[3])
