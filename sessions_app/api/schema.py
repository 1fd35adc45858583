"""The OpenAPI description of the API: what each operation takes and answers, and the document made of it."""

from __future__ import annotations

from functools import cache
from threading import Lock
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.settings import patched_settings
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

from logsui import __version__
from sessions_app.api import otlp_shapes, shapes
from sessions_app.queries import corrections, requests, session_list
from sessions_app.records import RULES

Decorator = Any
KEY_SCHEMES = ({"bearerKey": []}, {"headerKey": []})
DESCRIPTION = """
Programs authenticate with an API key: `Authorization: Bearer <key>`, or `x-api-key: <key>`. A key is of one project;
to write it needs the scope `ingest`, to read `read`, to correct the grouping `correct`, to delete `delete`. A key may
no more than the user who made it. In a signed-in browser all addresses but those to write work too, to correct and to
delete with the permissions *Can change session* and *Can delete session*; lists then need `project`.

Every error is JSON: `{"error": {"type", "message", "field"?, "index"?, "docs"?}}`.
""".strip()

ERRORS = {
    400: "A parameter or the body can't be understood.",
    401: "No key, or one that is not known or revoked.",
    403: "The key lacks the scope, the user or the key's maker the permission, or a browser's request its token.",
    404: "There is nothing with this id in the key's project.",
    409: "What the id names is no more, or is done already.",
    413: "The body is too large, or holds too many logs.",
    415: "The Content-Type or Content-Encoding is not understood.",
    422: "None of the logs can be stored.",
    503: "Too much waits to be digested; Retry-After says when to try again.",
}


def _response(shape: str, description: str) -> OpenApiResponse:
    return OpenApiResponse(shapes.ref(shape), description)


def _errors(*statuses: int) -> dict[int, OpenApiResponse]:
    return {
        status: _response("NothingAccepted" if status in (413, 422) else "Error", ERRORS[status]) for status in statuses
    }


def _query(name: str, shape: shapes.Shape, description: str, **more: Any) -> OpenApiParameter:
    return OpenApiParameter(name, shape, OpenApiParameter.QUERY, description=description, **more)


def _path(name: str, description: str) -> OpenApiParameter:
    return OpenApiParameter(name, shapes.ID, OpenApiParameter.PATH, description=description)


def _limit(most: int) -> OpenApiParameter:
    shape = {"type": "integer", "minimum": 1, "maximum": most, "default": 50}
    return _query("limit", shape, "How many at most.")


def _any(name: str, description: str, **shape: Any) -> OpenApiParameter:
    items = {"type": "string", **shape}
    return _query(name, {"type": "array", "items": items}, description, explode=True, style="form")


TIME_FORMS = "RFC 3339, a date, or seconds since 1970"
ORDERS = [session_list.NEWEST_FIRST, session_list.OLDEST_FIRST]
CURSOR = _query("cursor", {"type": "string", "format": "cursor"}, "`next` of the page before.")
SESSION_ID, REQUEST_ID = _path("session_id", "The session's `id`."), _path("request_id", "The request's `id`.")
ENCODING = OpenApiParameter(
    "Content-Encoding",
    {"type": "string", "enum": ["gzip", "zstd", "identity"]},
    OpenApiParameter.HEADER,
    description="How the body is compressed.",
)


def _operation(**described: Any) -> Decorator:
    return extend_schema(auth=KEY_SCHEMES, **described)


POST_LOGS = _operation(
    operation_id="post_logs",
    tags=["Write"],
    summary="Send logs",
    description='One log, an array of them, `{"logs": [...]}`, or NDJSON with one log a line. They are checked before '
    "the answer; the good ones of a mixed body are accepted. The same log sent again is stored once.",
    parameters=[
        _query(
            "wait",
            {"type": "string", "enum": ["true", "false", "1", "0"], "default": "false"},
            "Answer when the logs are stored and say where; after 30 seconds without that, as for `false`.",
        ),
    ],
    request={"application/json": shapes.LOGS, "application/x-ndjson": {"type": "string"}},
    responses={
        200: _response("Stored", "Stored, with `wait=true`."),
        202: _response("Accepted", "Accepted; they are stored within moments."),
        **_errors(400, 401, 403, 413, 415, 422, 503),
    },
)
POST_LITELLM = _operation(
    operation_id="post_litellm",
    tags=["Write"],
    summary="Send logs from LiteLLM",
    description="What LiteLLM's `generic_api` callback posts: an array, an object or NDJSON of its "
    "StandardLoggingPayloads, whatever the Content-Type says.",
    request={"application/json": shapes.LITELLM_LOGS},
    responses={200: _response("Accepted", "Stored."), **_errors(400, 401, 403, 413, 415, 422, 503)},
)
LIST_SESSIONS = _operation(
    operation_id="list_sessions",
    tags=["Read"],
    summary="List sessions",
    description="Sessions by their last activity. Filters that are given several times match any of their values.",
    parameters=[
        _query(
            "q", {"type": "string", "maxLength": 1000}, "Words of the title, the session key or the user, or an id."
        ),
        _query("trace_id", {"type": "string", "maxLength": 1000}, "The id exactly as a caller gave it."),
        _query("from", shapes.FILTER_TIME, f"Last activity at or after this time: {TIME_FORMS}."),
        _query("to", shapes.FILTER_TIME, f"Last activity at or before this time: {TIME_FORMS}."),
        _any("status", "`error`: with a failed request; `ok`: without.", enum=["ok", "error"]),
        _any("model", "Sessions in which one of these models answered."),
        _any("user", "Sessions of one of these end users."),
        _any("tag", "Sessions with one of these tags."),
        _any("source", "Where the logs came from: `native`, `litellm`, `otlp`."),
        _any("rule", "Sessions with a request that came into it by one of these rules.", enum=list(RULES)),
        _query(
            "order",
            {"type": "string", "enum": ORDERS, "default": ORDERS[0]},
            "Newest first, or last.",
        ),
        _limit(session_list.MAX_LIMIT),
        CURSOR,
    ],
    responses={200: _response("SessionPage", "A page of sessions."), **_errors(400, 401, 403)},
)
SURVIVOR = (
    "A session that was merged into another one is also found by its former id: the answer is of the other one, with "
    "its `id`."
)
GET_SESSION = _operation(
    operation_id="get_session",
    tags=["Read"],
    summary="Read a session",
    description=SURVIVOR,
    parameters=[SESSION_ID],
    responses={200: _response("Session", "The session."), **_errors(401, 403, 404)},
)
DELETE_SESSION = _operation(
    operation_id="delete_session",
    tags=["Read"],
    summary="Delete a session",
    description="Deletes everything that belongs to it, at once and for good. A session that was merged into another "
    "one is not deleted by its former id, which would delete more than it named: 409 names the other one. Takes the "
    "scope `delete`.",
    parameters=[SESSION_ID],
    responses={200: _response("Receipt", "What was deleted."), **_errors(401, 403, 404, 409)},
)
LIST_REQUESTS = _operation(
    operation_id="list_requests",
    tags=["Read"],
    summary="List a session's requests",
    description=f"In chronological order; what is not counted only when it is asked for. {SURVIVOR}",
    parameters=[
        SESSION_ID,
        _query(
            "include",
            {"type": "string", "enum": ["steps"]},
            "`steps`: also agents, chains, tools and other spans around the requests (`step` is true), and second "
            "reports of a call (`duplicate_of` names its request).",
        ),
        _limit(requests.MAX_LIMIT),
        CURSOR,
    ],
    responses={200: _response("RequestPage", "A page of requests."), **_errors(400, 401, 403, 404)},
)
GET_REQUEST = _operation(
    operation_id="get_request",
    tags=["Read"],
    summary="Read a request",
    description="With the documents exactly as they were sent: members that strict JSON does not have (NaN) too. A "
    "request that moved to another session is also found by the id that it had before; the answer has the new one.",
    parameters=[REQUEST_ID],
    responses={200: _response("RequestWithDocuments", "The request."), **_errors(401, 403, 404)},
)
LIST_COPIES = _operation(
    operation_id="list_contradicting_copies",
    tags=["Read"],
    summary="List a request's contradicting copies",
    description="What was reported under the request's id later and says something else, in the order of its receipt. "
    "The request is what was received first; nothing of these is counted, searched or grouped.",
    parameters=[
        REQUEST_ID,
        _query("limit", {"type": "integer", "minimum": 1, "maximum": 20, "default": 10}, "How many at most."),
        CURSOR,
    ],
    responses={200: _response("ContradictingCopyPage", "A page of copies."), **_errors(400, 401, 403, 404)},
)

LIST_CORRECTIONS = _operation(
    operation_id="list_corrections",
    tags=["Correct"],
    summary="List corrections",
    description="What people and programs corrected by hand, latest first; undone ones too.",
    parameters=[
        _query(
            "session", shapes.ID, "The corrections that this session came of or lost requests by, also by a former id."
        ),
        _limit(corrections.MAX_LIMIT),
        CURSOR,
    ],
    responses={200: _response("CorrectionPage", "A page of corrections."), **_errors(400, 401, 403, 404)},
)
POST_CORRECTION = _operation(
    operation_id="post_correction",
    tags=["Correct"],
    summary="Correct the grouping",
    description="Moves requests to another session or a new one, splits a session at a request, or merges two. It wins "
    "over every rule from then on, also for copies of the requests that arrive later, until it is undone.",
    request={"application/json": shapes.CORRECTION_BODY},
    responses={
        201: _response("Correction", "What was done; `target_session_id` has the requests now."),
        **{status: _response("Error", ERRORS[status]) for status in (400, 401, 403, 404, 413, 415, 503)},
        422: _response("Error", "A member is wrong, or what is asked for can't be done."),
    },
)
CORRECTION_ID = OpenApiParameter(
    "correction_id", {"type": "integer", "minimum": 1}, OpenApiParameter.PATH, description="The correction's `id`."
)
GET_CORRECTION = _operation(
    operation_id="get_correction",
    tags=["Correct"],
    summary="Read a correction",
    parameters=[CORRECTION_ID],
    responses={200: _response("Correction", "The correction."), **_errors(401, 403, 404)},
)
DELETE_CORRECTION = _operation(
    operation_id="undo_correction",
    tags=["Correct"],
    summary="Undo a correction",
    description="Its requests go back to where they would be without it. The record of it stays, with who undid it.",
    parameters=[CORRECTION_ID],
    responses={
        200: _response("Correction", "The correction, undone."),
        **_errors(401, 403, 404, 409),
        422: _response("Error", "It can't be undone any more."),
    },
)

_SETTINGS = {
    "TITLE": "logsui",
    "DESCRIPTION": DESCRIPTION,
    "VERSION": __version__,
    "OAS_VERSION": "3.1.0",
    "APPEND_COMPONENTS": {
        "schemas": dict(sorted((shapes.COMPONENTS | otlp_shapes.COMPONENTS).items())),
        "securitySchemes": {
            "bearerKey": {"type": "http", "scheme": "bearer"},
            "headerKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
        },
    },
    # Enumerations stay where they are, and get no names made up for them.
    "POSTPROCESSING_HOOKS": [],
    "SORT_OPERATIONS": False,
    "SORT_OPERATION_PARAMETERS": False,
    "TAGS": [{"name": "Write"}, {"name": "OpenTelemetry"}, {"name": "Read"}, {"name": "Correct"}],
}
_making = Lock()


@cache
def _document() -> dict[str, Any]:
    with patched_settings(_SETTINGS):
        made = SchemaGenerator(urlconf="sessions_app.api.urls").get_schema(request=None, public=True)
    for operation in (operation for methods in made["paths"].values() for operation in methods.values()):
        if "requestBody" in operation:
            operation["requestBody"]["required"] = True
    return made


def document() -> dict[str, Any]:
    """The OpenAPI 3.1 document, made once a process: the generator's settings are not for two threads at a time."""
    with _making:
        return _document()
