"""Errors as every client of the API sees them; `serializers/errors.py` has their members."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import psycopg
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.response import Response

from logsui import in_flight
from sessions_app import bounds
from sessions_app.api.writing import written
from sessions_app.queries.filters import FilterError
from sessions_app.records import WireFormatError

DOCS_PATH = "/api/v1/docs"
API_PREFIXES = ("/api/", "/v1/")
# What our own answers are written in; OTLP's errors are in the encoding of the request.
OWN_TYPES = ("application/json", "application/x-protobuf")
LOG = logging.getLogger(__name__)

# What is said by status, where Django itself answers under /api/.
PLAIN_MESSAGES = {
    400: ("bad_request", "The request cannot be read: check the host name, the path and the headers."),
    403: ("forbidden", "This is not allowed."),
    404: ("not_found", "There is nothing here. docs lists the addresses."),
    405: ("method_not_allowed", "This address does not take this method; the Allow header names those it takes."),
    413: ("too_large", "The request is too large."),
    500: ("internal_error", "The server failed to answer; its log says what happened."),
    503: ("unavailable", "The database is not answering at the moment. Send the request again."),
    504: (
        "timeout",
        "The database took too long and was stopped. Ask for less: a shorter time (from, to), fewer words, "
        "no has:branch.",
    ),
}


class ApiError(exceptions.APIException):
    """An answer other than success. `type` is a short machine-readable word, `message` names problem and fix.

    `place`: further members that say where something is wrong.
    """

    def __init__(
        self,
        status: int,
        type: str,
        message: str,
        *,
        field: str | None = None,
        index: int | None = None,
        docs: str | None = None,
        headers: dict[str, str] | None = None,
        place: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message, type)
        self.status_code = status
        self.headers = headers or {}
        members = {"type": type, "message": message, "field": field, "index": index, **(place or {}), "docs": docs}
        self.message = message
        self.error = {key: value for key, value in members.items() if value is not None}


def bad_parameter(name: str, message: str) -> ApiError:
    """400 for a parameter that is wrong. Its name stands before the message; what is wrong in `q` is a sentence."""
    text = message if name == "q" else f"{name} {message}"
    return ApiError(400, "invalid_parameter", text, field=name, docs=DOCS_PATH)


def bad_filter(error: FilterError, shift: int = 0) -> ApiError:
    """400 for a filter; of the query it says which characters are wrong. `shift`: how many stood before the query."""
    if error.start is None or error.end is None:
        return bad_parameter(error.field, error.message)
    place = {"start": error.start + shift, "end": error.end + shift, "possible": list(error.possible)}
    return ApiError(400, "invalid_parameter", str(error), field=error.field, docs=DOCS_PATH, place=place)


def not_found(what: str) -> ApiError:
    """404; also for what exists in another project, so that ids cannot be probed."""
    return ApiError(404, "not_found", f"There is no {what} with this id in the project of this key.")


def plain_error(status: int, headers: dict[str, str] | None = None) -> ApiError:
    """The error for a status that needs no words of its own."""
    type_, message = PLAIN_MESSAGES.get(status, PLAIN_MESSAGES[500 if status >= 500 else 400])
    return ApiError(status, type_, message, docs=DOCS_PATH, headers=headers)


# --- from exceptions to answers -------------------------------------------------------------------------------------


def exception_handler(error: Exception, context: dict[str, Any]) -> Response:
    """REST framework's hook: the answer for whatever an endpoint raised."""
    known = known_error(error, context)
    return Response({"error": known.error}, known.status_code, headers=known.headers)


def known_error(error: Exception, context: dict[str, Any]) -> ApiError:
    """The same error in our form. What nobody but us can be blamed for is a 500 that says nothing; the log says all."""
    known = as_api_error(error)
    if known is None:
        LOG.error("Unhandled error in the API", exc_info=error)
        known = plain_error(500)
    if known.status_code == 405:
        known.headers["Allow"] = ", ".join(context["view"].allowed_methods)
    return known


def as_api_error(error: Exception) -> ApiError | None:
    """The same error in our form; None for one that is nobody's fault but ours."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, WireFormatError):
        return ApiError(error.status, error.type, error.message, field=error.field or None, docs=DOCS_PATH)
    if isinstance(error, exceptions.APIException):
        return _of_framework(error)
    if isinstance(error, PermissionDenied):
        return ApiError(403, "forbidden", str(error) or PLAIN_MESSAGES[403][1])
    if isinstance(error, Http404):
        return plain_error(404)
    if isinstance(error, (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)):
        return _of_database(error)
    if isinstance(error, MemoryError):
        in_flight.note_memory_error()
        return ApiError(503, "out_of_memory", in_flight.SHORT.strip(), headers={"Retry-After": "5"})
    return None


def _of_framework(error: exceptions.APIException) -> ApiError | None:
    """What authentication and permission classes, or REST framework itself, raised."""
    challenge = {"WWW-Authenticate": getattr(error, "auth_header", "")}
    if isinstance(error, exceptions.NotAuthenticated):
        message = "Send an API key: Authorization: Bearer <key>, or x-api-key: <key>."
        return ApiError(401, "missing_key", message, docs=DOCS_PATH, headers=challenge)
    if isinstance(error, exceptions.AuthenticationFailed):
        return ApiError(401, str(error.get_codes()), str(error), headers=challenge)
    if isinstance(error, exceptions.PermissionDenied):
        return ApiError(403, str(error.get_codes()), str(error), docs=DOCS_PATH)
    if isinstance(error, exceptions.MethodNotAllowed):
        return plain_error(405)
    return None


def _of_database(error: Exception) -> ApiError:
    if bounds.is_statement_timeout(error):
        return plain_error(504)
    # One line: while the database is away, each request of each client comes here.
    LOG.error("The database failed: %s", str(error).partition("\n")[0])
    return plain_error(503, {"Retry-After": "2"})


# --- where REST framework is not asked ------------------------------------------------------------------------------


def json_response(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
    return HttpResponse(written(content), status=status, headers=headers, content_type="application/json")


def error_response(error: ApiError) -> HttpResponse:
    return json_response({"error": error.error}, error.status_code, error.headers)


@csrf_exempt
def unknown_address(request: HttpRequest, rest: str) -> HttpResponse:
    """The view of every address under /api/ that is nothing."""
    return error_response(plain_error(404))


def json_errors(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware, outside of all that answer: what is answered in HTML under /api/ becomes JSON."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code < 400 or not request.path.startswith(API_PREFIXES):
            return response
        if response.headers.get("Content-Type", "").startswith(OWN_TYPES):
            return response
        kept = {name: response.headers[name] for name in ("Allow", "Retry-After") if name in response.headers}
        return error_response(plain_error(response.status_code, kept))

    return middleware
