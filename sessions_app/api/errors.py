"""Errors as every client of the API sees them: `{"error": {"type", "message", "field"?, "index"?, "docs"?}}`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import orjson
import psycopg
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions

from logsui import in_flight
from sessions_app import bounds
from sessions_app.records import WireFormatError

DOCS_PATH = "/api/v1/docs"
API_PREFIXES = ("/api/", "/v1/")
# What our own answers are written in; OTLP's errors are in the encoding of the request.
OWN_TYPES = ("application/json", "application/x-protobuf")
LOG = logging.getLogger(__name__)

# What answers that Django itself gives under /api/ say, by status.
PLAIN_MESSAGES = {
    400: ("bad_request", "The request can't be read: check the host name, the path and the headers."),
    403: ("forbidden", "This is not allowed."),
    404: ("not_found", "There is nothing here. docs lists the addresses."),
    405: ("method_not_allowed", "This address does not take that method; the Allow header names those it takes."),
    413: ("too_large", "The request is too large."),
    500: ("internal_error", "The server failed to answer; what happened is in its log."),
    503: ("unavailable", "The database does not answer at the moment; send the request again."),
    504: ("timeout", "The database took too long and was stopped. Ask for less: a shorter time, more filters."),
}


class Listed(Protocol):
    """A row of a list; `cursor` is where the rows after it begin."""

    @property
    def cursor(self) -> str: ...


T = TypeVar("T", bound=Listed)


class ApiError(Exception):
    """An answer other than success. `type` is a short machine-readable word, `message` names problem and fix."""

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
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}
        members = {"type": type, "message": message, "field": field, "index": index, "docs": docs}
        self.error = {key: value for key, value in members.items() if value is not None}


def bad_parameter(name: str, message: str) -> ApiError:
    """400 for a query parameter that can't be understood; the message is prefixed with its name."""
    return ApiError(400, "invalid_parameter", f"{name} {message}", field=name, docs=DOCS_PATH)


def not_found(what: str) -> ApiError:
    """404; also for what exists in another project, so that ids can't be probed."""
    return ApiError(404, "not_found", f"There is no {what} with this id in the project of this key.")


def json_response(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
    """An answer in JSON; `orjson.Fragment` members are written as they are."""
    return HttpResponse(orjson.dumps(content), status=status, headers=headers, content_type="application/json")


def page_json(rows: Sequence[T], write: Callable[[T], dict[str, Any]], next_cursor: str | None) -> HttpResponse:
    """A page of a list, as many of its rows as the answer may have in bytes; `next` goes on after the last one.

    Rows have a `cursor` of their own.
    """
    results: list[orjson.Fragment] = []
    written: list[T] = []
    for row in bounds.affordable(rows):
        text = orjson.dumps(write(row))
        bounds.current().bytes_left -= len(text)
        results.append(orjson.Fragment(text))
        written.append(row)
    following = next_cursor if len(written) == len(rows) else written[-1].cursor
    return json_response({"results": results, "next": following})


def response_for(error: Exception) -> HttpResponse | None:
    """The answer for an exception that a view raised; None for one that is nobody's fault but ours."""
    known = as_api_error(error)
    return json_response({"error": known.error}, known.status, known.headers) if known else None


def as_api_error(error: Exception) -> ApiError | None:
    """What an exception that a view raised says to the client; None for one that is nobody's fault but ours."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, WireFormatError):
        return ApiError(error.status, error.type, error.message, field=error.field or None, docs=DOCS_PATH)
    if isinstance(error, exceptions.MethodNotAllowed):
        return plain_error(405)
    if isinstance(error, (exceptions.PermissionDenied, PermissionDenied)):
        return ApiError(403, "forbidden", str(error) or PLAIN_MESSAGES[403][1])
    if isinstance(error, Http404):
        return plain_error(404)
    if isinstance(error, (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)):
        if bounds.is_statement_timeout(error):
            return plain_error(504)
        # One line: while the database is away, each request of each client comes here.
        LOG.error("The database failed: %s", str(error).partition("\n")[0])
        return plain_error(503, {"Retry-After": "2"})
    if isinstance(error, MemoryError):
        in_flight.note_memory_error()
        return ApiError(503, "out_of_memory", in_flight.SHORT.strip(), headers={"Retry-After": "5"})
    return None


def plain_error(status: int, headers: dict[str, str] | None = None) -> ApiError:
    """The error for a status that needs no words of its own."""
    plain = _plain(status)
    return ApiError(status, plain["type"], plain["message"], docs=plain["docs"], headers=headers)


def internal_error(error: Exception) -> HttpResponse:
    """500 without a word about what happened, which goes to the log."""
    LOG.error("Unhandled error in the API", exc_info=error)
    return json_response({"error": _plain(500)}, 500)


@csrf_exempt
def unknown_address(request: HttpRequest, rest: str) -> HttpResponse:
    """The view of every address under /api/ that is nothing."""
    return json_response({"error": _plain(404)}, 404)


def json_errors(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware, the outermost: what Django or another middleware answers in HTML under /api/ becomes JSON."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code < 400 or not request.path.startswith(API_PREFIXES):
            return response
        if response.headers.get("Content-Type", "").startswith(OWN_TYPES):
            return response
        kept = {name: response.headers[name] for name in ("Allow", "Retry-After") if name in response.headers}
        return json_response({"error": _plain(response.status_code)}, response.status_code, kept)

    return middleware


def _plain(status: int) -> dict[str, str]:
    type_, message = PLAIN_MESSAGES.get(status, PLAIN_MESSAGES[500 if status >= 500 else 400])
    return {"type": type_, "message": message, "docs": DOCS_PATH}
