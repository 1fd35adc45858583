"""GET /api/v1/sessions, GET and DELETE /api/v1/sessions/{id}, GET /api/v1/sessions/{id}/requests."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from sessions_app.api import authentication, links, parameters, schema
from sessions_app.api.errors import DOCS_PATH, ApiError, bad_parameter, json_response, not_found, page_json
from sessions_app.api.representation import request_json, session_json
from sessions_app.api.views import Endpoint
from sessions_app.ingest import cleanup
from sessions_app.models import Session
from sessions_app.queries import contradictions, lookup, requests, session_list
from sessions_app.queries.filters import FilterError, parse_filters


class SessionsEndpoint(Endpoint):
    @schema.LIST_SESSIONS
    def get(self, request: Any) -> HttpResponse:
        http = request._request
        parameters.refuse_project(http, self.caller)
        project = parameters.project_of(http, self.caller)
        limit = parameters.limit_of(http, session_list.MAX_LIMIT)
        order = http.GET.get("order", session_list.NEWEST_FIRST)
        try:
            filters = parse_filters(http.GET).checked()
            page = session_list.list_sessions(project, filters, order, limit, http.GET.get("cursor"))
        except FilterError as error:
            raise bad_parameter(error.field, error.message) from None
        return page_json(
            page.results,
            lambda row: session_json(row, project.slug, links.session_url(http, project.slug, row.id)),
            page.next_cursor,
        )


class SessionEndpoint(Endpoint):
    """Keys need the scope `delete` to delete, signed-in users the permission to delete sessions."""

    def scope_of(self, method: str) -> str:
        return authentication.DELETE if method == "DELETE" else authentication.READ

    @schema.GET_SESSION
    def get(self, request: Any, session_id: str) -> HttpResponse:
        session = self.find(session_id)
        slug = parameters.slug_of(self.caller, session.project_id)
        return json_response(session_json(session, slug, links.session_url(request._request, slug, session.id)))

    @schema.DELETE_SESSION
    def delete(self, request: Any, session_id: str) -> HttpResponse:
        session = self.find(session_id, follow=False)
        receipt = cleanup.delete_sessions(session.project_id, [session.id])
        if not receipt.sessions:
            raise not_found("session")  # Another deletion came first.
        return json_response(receipt_json(receipt))

    def find(self, session_id: str, follow: bool = True) -> Session:
        """The session, or the one that it was merged into. Raises ApiError 404; for that one 409 unless `follow`."""
        named = parameters.uuid_of(session_id, "session")
        session = lookup.follow_session(named, self.caller.project_id)
        if session is None:
            raise not_found("session")
        if session.pk != named and not follow:
            message = f"This session was merged into {session.pk}, which has other requests too: delete that one."
            raise ApiError(409, "moved", message, field="session_id", docs=DOCS_PATH)
        return session


class SessionRequestsEndpoint(SessionEndpoint):
    http_method_names = ("get", "head")

    @schema.LIST_REQUESTS
    def get(self, request: Any, session_id: str) -> HttpResponse:
        http = request._request
        session = self.find(session_id)
        limit = parameters.limit_of(http, requests.MAX_LIMIT)
        try:
            page = requests.list_requests(session, limit, http.GET.get("cursor"), parameters.includes_steps(http))
        except FilterError as error:
            raise bad_parameter(error.field, error.message) from None
        contradicted = contradictions.contradicted(session.id, [row.id for row in page.results])
        parents, standing = requests.parents_of(page.results, session), requests.standing_for(page.results)
        slug = parameters.slug_of(self.caller, session.project_id)
        return page_json(
            page.results,
            lambda row: request_json(
                row,
                session.session_key,
                parents.get(row.id),
                links.request_url(http, slug, row.id),
                standing.get(row.id),
                contradicted[row.id].count if row.id in contradicted else 0,
            ),
            page.next_cursor,
        )


def receipt_json(receipt: cleanup.Receipt) -> dict[str, Any]:
    """What was deleted: sessions, requests, and rows and bytes in all and by table; what mentions it still."""
    tables = {name: {"rows": removed.rows, "bytes": removed.bytes} for name, removed in receipt.tables.items()}
    return {
        "deleted": {"sessions": receipt.sessions, "requests": receipt.requests},
        "rows": receipt.rows,
        "bytes": receipt.bytes,
        "tables": tables,
        "left": {
            "rejected_logs": receipt.mentions.rejected_logs,
            "waiting_bodies": receipt.mentions.waiting_bodies,
            "not_looked_through": receipt.mentions.unseen,
        },
    }
