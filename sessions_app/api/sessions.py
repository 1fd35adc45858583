"""GET /api/v1/sessions, GET, PATCH and DELETE /api/v1/sessions/{id}, and what is below: /requests and /insights."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from sessions_app.api import bodies, parameters, permissions
from sessions_app.api.asked import MAX_BODY_BYTES, read_body
from sessions_app.api.errors import DOCS_PATH, ApiError, bad_filter, bad_parameter, not_found
from sessions_app.api.insights import request_insights, session_insights
from sessions_app.api.paging import page_of, with_reach
from sessions_app.api.schema import AnswerShape, operation
from sessions_app.api.serializers.errors import ErrorSerializer
from sessions_app.api.serializers.insights import SessionInsightsSerializer
from sessions_app.api.serializers.matches import MatchSerializer
from sessions_app.api.serializers.requests import RequestFactsSerializer, RequestPageSerializer
from sessions_app.api.serializers.sessions import (
    NamedSerializer,
    ReceiptSerializer,
    SessionPageSerializer,
    SessionSerializer,
)
from sessions_app.api.views import Endpoint
from sessions_app.ingest import cleanup, names
from sessions_app.models import Session
from sessions_app.queries import contradictions, lookup, requests, session_list
from sessions_app.queries.filters import FilterError
from sessions_app.queries.insights import insights_of


class SessionsEndpoint(Endpoint):
    """The sessions of a project."""

    @operation("list_sessions", "Read", {200: SessionPageSerializer}, (400,), parameters.SessionsParameters)
    def get(self, request: Request) -> Response:
        """List sessions.

        Sessions by their last activity. A filter that is given several times matches any of its values. Where a search
        takes long, a page may have fewer than `limit`, or none; then it has `searched_to`, and `next` leads on.
        """
        parameters.refuse_project(request, self.caller)
        project = parameters.project_of(request, self.caller)
        limit = parameters.SessionsParameters.read(request)["limit"]
        query = request.query_params
        order = query.get("order", session_list.NEWEST_FIRST)
        filters = parameters.filters_of(request)
        try:
            page = session_list.list_sessions(project, filters, order, limit, query.get("cursor"), is_patient=True)
        except FilterError as error:
            raise bad_filter(error) from None
        context = self.about_project(project.slug) | {"words": page.words}
        plain = SessionSerializer(context=context).to_representation
        match = MatchSerializer(context=context).to_representation

        def with_matches(row: session_list.SessionRow) -> dict[str, Any]:
            return plain(row) | {"matches": [match(one) for one in page.snippets.get(row.id, ())]}

        write = with_matches if page.words else plain
        return Response(with_reach(page_of(page.results, write, page.next_cursor, page.cursors), page))


SCOPES = {"DELETE": permissions.DELETE, "PATCH": permissions.CORRECT}
NAMED: dict[int, AnswerShape] = {200: SessionSerializer, 422: (ErrorSerializer, "The name is no text, or too long.")}


class OfSession(Endpoint):
    """What is asked of one session."""

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


class SessionEndpoint(OfSession):
    """One session."""

    http_method_names = ["get", "patch", "delete", "head"]

    def scope_of(self, method: str) -> str:
        return SCOPES.get(method, permissions.READ)

    @operation("get_session", "Read", {200: SessionSerializer}, (400, 404))
    def get(self, request: Request, session_id: str) -> Response:
        """Read a session.

        A session that was merged into another one is also found by its former id: the answer is the other one, with
        its `id`.
        """
        session = self.find(session_id)
        slug = parameters.slug_of(self.caller, session.project_id)
        return Response(SessionSerializer(session, context=self.about_project(slug)).data)

    @operation("name_session", "Correct", NAMED, (400, 404, 413, 415, 503), body={"application/json": NamedSerializer})
    def patch(self, request: Request, session_id: str) -> Response:
        """Name a session.

        The name comes before the one that its logs give, and stays when more logs arrive. Needs the scope `correct`.
        """
        session = self.find(session_id)
        with bodies.received_body(request, MAX_BODY_BYTES) as body:
            name = names.clean_name(read_body(body, NamedSerializer)["name"])
        if not names.give(session.project_id, session.pk, name, self.caller.name):
            raise not_found("session")  # It was deleted meanwhile.
        return self.get(request, session_id)

    @operation("delete_session", "Read", {200: ReceiptSerializer}, (404, 409))
    def delete(self, request: Request, session_id: str) -> Response:
        """Delete a session.

        Deletes everything that belongs to it, immediately and permanently. A former id of a session that was merged
        is refused, since more would be deleted than it named: 409 names the other session. Needs the scope `delete`.
        """
        session = self.find(session_id, follow=False)
        receipt = cleanup.delete_sessions(session.project_id, [session.id])
        if not receipt.sessions:
            raise not_found("session")  # Another deletion came first.
        return Response(ReceiptSerializer(receipt).data)


class SessionRequestsEndpoint(OfSession):
    """The requests of one session."""

    http_method_names = ["get", "head"]

    @operation("list_requests", "Read", {200: RequestPageSerializer}, (400, 404), parameters.RequestsParameters)
    def get(self, request: Request, session_id: str) -> Response:
        """List a session's requests.

        In chronological order. What is not counted is only listed on demand. A session that was merged into another
        one is also found by its former id.
        """
        session = self.find(session_id)
        asked = parameters.RequestsParameters.read(request)
        included = parameters.included(request, parameters.STEPS, parameters.INSIGHTS)
        try:
            cursor = request.query_params.get("cursor")
            page = requests.list_requests(session, asked["limit"], cursor, parameters.STEPS in included)
        except FilterError as error:
            raise bad_filter(error) from None
        context = {
            "session_key": session.session_key,
            "parents": requests.parents_of(page.results, session),
            "standing": requests.standing_for(page.results),
            "contradicted": contradictions.contradicted(session.id, [row.id for row in page.results]),
            **self.about_project(parameters.slug_of(self.caller, session.project_id)),
        }
        plain = RequestFactsSerializer(context=context).to_representation
        if parameters.INSIGHTS not in included:
            return Response(page_of(page.results, plain, page.next_cursor))
        insights = insights_of(session.project_id, session.pk)

        def with_insights(row: requests.RequestRow) -> dict[str, Any]:
            return plain(row) | {"insights": request_insights(insights, row.id)}

        return Response(page_of(page.results, with_insights, page.next_cursor))


class SessionInsightsEndpoint(OfSession):
    """What rules say of one session."""

    http_method_names = ["get", "head"]

    @operation(
        "get_session_insights", "Read", {200: SessionInsightsSerializer}, (400, 404), parameters.InsightsParameters
    )
    def get(self, request: Request, session_id: str) -> Response:
        """Read what rules say of a session.

        Its findings, what the prompt cache did, and where the time went: in all, or from the request number `since` to
        the number `until`. What rules say of each request is in the list of requests with `include=insights`.
        """
        session = self.find(session_id)
        asked = parameters.InsightsParameters.read(request)
        found = insights_of(session.project_id, session.pk)
        if found is None:
            raise not_found("session")  # It was deleted meanwhile.
        return Response(session_insights(found, _between(asked, len(found.lines.requests))))


def _between(asked: dict[str, Any], count: int) -> range:
    """The indices of the requests that are asked for. Raises ApiError 400."""
    since, until = asked.get("since", 1), asked.get("until", count)
    for name in ("since", "until"):
        if asked.get(name, 1) > max(count, 1):
            raise bad_parameter(name, f"must be the number of a request, from 1 to {count:,}, got {asked[name]:,}")
    if until < since and "until" in asked:
        raise bad_parameter("until", f"is before since: {until:,} and {since:,}")
    return range(since - 1, until)
