"""GET /api/v1/requests and /requests/{id}, the documents exactly as sent; and the copies that contradict a request."""

from __future__ import annotations

import re
import uuid
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from sessions_app.api import parameters
from sessions_app.api.errors import bad_filter, bad_parameter, not_found
from sessions_app.api.insights import request_insights
from sessions_app.api.paging import page_of, with_reach
from sessions_app.api.parameters import CopiesParameters
from sessions_app.api.schema import operation
from sessions_app.api.serializers.request_list import ListedRequestPageSerializer, ListedRequestSerializer
from sessions_app.api.serializers.requests import (
    ContradictingCopyPageSerializer,
    CopyFactsSerializer,
    DocumentsSerializer,
    RequestFactsSerializer,
    RequestWithDocumentsSerializer,
    ToolResultsSerializer,
)
from sessions_app.api.views import Endpoint
from sessions_app.models import RequestLog
from sessions_app.queries import content, contradictions, lookup, request_list, requests
from sessions_app.queries.filters import FilterError
from sessions_app.queries.insights import insights_of
from sessions_app.queries.tool_results import tool_results
from sessions_app.wire import documents_of

_CURSOR = re.compile(r"(\d{1,18})\.(\d{1,9})\.([0-9a-f]{32})")


class RequestsEndpoint(Endpoint):
    """The requests of a project."""

    @operation(
        "list_all_requests", "Read", {200: ListedRequestPageSerializer}, (400,), parameters.AllRequestsParameters
    )
    def get(self, request: Request) -> Response:
        """List requests.

        All requests of a project by their start, or those that `q` asks for. Where a search takes long, a page may have
        fewer than `limit`, or none; then it has `searched_to`, and `next` leads on.
        """
        parameters.refuse_project(request, self.caller)
        project = parameters.project_of(request, self.caller)
        limit = parameters.AllRequestsParameters.read(request)["limit"]
        query = request.query_params
        order = query.get("order", request_list.NEWEST_FIRST)
        filters = parameters.filters_of(request)
        try:
            page = request_list.list_requests(project, filters, order, limit, query.get("cursor"))
        except FilterError as error:
            raise bad_filter(error) from None
        context = self.about_project(project.slug) | {"snippets": page.snippets, "words": str(filters.query.words)}
        write = ListedRequestSerializer(context=context).to_representation
        return Response(with_reach(page_of(page.results, write, page.next_cursor), page))


class RequestEndpoint(Endpoint):
    """One request."""

    @operation("get_request", "Read", {200: RequestWithDocumentsSerializer}, (400, 404), parameters.RequestParameters)
    def get(self, request: Request, request_id: str) -> Response:
        """Read a request.

        With the documents exactly as they were sent, including what strict JSON does not allow (NaN). A request that
        moved to another session is also found by its former id; the answer has the new one.
        """
        log = self.find(request_id)
        included = parameters.included(request, parameters.INSIGHTS)
        session = lookup.find_session(log.session_id, log.project_id)
        if session is None:
            raise not_found("request")
        row = requests.row_of(log)
        context = {
            "session_key": session.session_key,
            "parents": requests.parents_of([row], session),
            "standing": requests.standing_for([row]),
            "contradicted": contradictions.contradicted(session.id, [row.id]),
            **self.about_project(parameters.slug_of(self.caller, log.project_id)),
        }
        documents = DocumentsSerializer(content.load_documents(log))
        results = ToolResultsSerializer({"tool_results": tool_results(log)})
        answer = RequestFactsSerializer(row, context=context).data | results.data | documents.data
        if parameters.INSIGHTS in included:
            answer |= {"insights": request_insights(insights_of(log.project_id, log.session_id), log.id)}
        return Response(answer)

    def find(self, request_id: str) -> RequestLog:
        """The request, also by an id that it had before it moved. Raises ApiError 404."""
        log = lookup.follow_request(parameters.uuid_of(request_id, "request"), self.caller.project_id)
        if log is None:
            raise not_found("request")
        return log


class RequestCopiesEndpoint(RequestEndpoint):
    """What was reported under the request's id and says something else."""

    @operation(
        "list_contradicting_copies",
        "Read",
        {200: ContradictingCopyPageSerializer},
        (400, 404),
        CopiesParameters,
    )
    def get(self, request: Request, request_id: str) -> Response:
        """List a request's contradicting copies.

        Later reports under the request's id that say something else, in the order of receipt. The first report is
        the request; nothing of the others is counted, searched or grouped.
        """
        log = self.find(request_id)
        limit = CopiesParameters.read(request)["limit"]
        found = contradictions.copies_of(log, limit + 1, _after(request.query_params.get("cursor")))
        bodies = contradictions.bodies_of([copy.id for copy in found[:limit]])
        results = [copy_json(copy, bodies[copy.id]) for copy in found[:limit] if copy.id in bodies]
        last = found[limit - 1] if len(found) > limit else None
        cursor = f"{last.entry_id}.{last.entry_index}.{last.id.hex}" if last else None
        return Response({"results": results, "next": cursor})


def copy_json(copy: Any, body: bytes) -> dict[str, Any]:
    return CopyFactsSerializer(copy).data | DocumentsSerializer(documents_of(copy.source, body)).data


def _after(cursor: str | None) -> tuple[int, int, uuid.UUID] | None:
    if not cursor:
        return None
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise bad_parameter("cursor", "is not from this list: take it from the previous page")
    return int(match[1]), int(match[2]), uuid.UUID(match[3])
