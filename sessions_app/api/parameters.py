"""Query parameters, each list's in one class, and which project a call is about."""

from __future__ import annotations

import re
import uuid
from typing import Any, cast

from rest_framework import serializers
from rest_framework.request import Request

from sessions_app.api.authentication import Caller
from sessions_app.api.errors import ApiError, bad_filter, bad_parameter, not_found
from sessions_app.api.serializers.base import Described, IdField, Resource
from sessions_app.api.serializers.logs import SECONDS_TEXT
from sessions_app.content.sameness import clipped
from sessions_app.models import Project
from sessions_app.queries import corrections, request_list, requests, session_list
from sessions_app.queries.filters import MAX_TEXT_CHARS, FilterError, SessionFilters, parse_filters
from sessions_app.queries.projects import find_project
from sessions_app.queries.search import orders
from sessions_app.records import RULES, SOURCES
from sessions_app.search_language.keys import CHOICES, SYNONYMS

MAX_COPIES = 20
# What an answer has only on demand.
STEPS, INSIGHTS = "steps", "insights"
WITH_INSIGHTS = "`insights`: what rules say of each request: the prompt cache, what filled the context, findings, time."
# After the name of a member; REST framework's own words are sentences about a field of a form.
WORDS_OF_CODES = {
    "required": "is missing",
    "null": "must not be null",
    "blank": "must not be empty",
    "null_characters_not_allowed": "must not have NUL characters",
}
# The project, for people who are signed in. The page of a download names what was chosen there.
OF_ALL = frozenset({"project", "action"})
ORDERS = list(orders.CHOICES)
TIME_FORMS = "RFC 3339, a date, or seconds since 1970"


class Parameters(Resource):
    """The query parameters of one operation."""

    @classmethod
    def read(cls, request: Request) -> dict[str, Any]:
        """The checked values. Raises ApiError 400."""
        try:
            values: dict[str, Any] = cls.shared().run_validation(request.query_params.dict())
        except serializers.ValidationError as error:
            name, message = first_error(error)
            raise bad_parameter(name, message) from None
        return values


def refuse_meaningless(request: Request, taken: type[Parameters] | None) -> None:
    """A parameter that would be ignored here is not what somebody meant, nor is one of two values: ApiError 400."""
    known = {str(name): field for name, field in taken.shared().fields.items()} if taken else {}
    for name, values in request.query_params.lists():
        if name not in known and name not in OF_ALL:
            choices = ", ".join(sorted(known)) or "none"
            raise bad_parameter(clipped(name), f"means nothing here; parameters are: {choices}")
        if len(values) > 1 and not _is_list(known.get(name)):
            words = f"is given {len(values):,} times, and has one value"
            raise bad_parameter(name, f"q {words}." if name == "q" else words)


def _is_list(field: object) -> bool:
    return isinstance(field, Described) and field.schema.get("type") == "array"


def first_error(error: serializers.ValidationError) -> tuple[str, str]:
    """The path of the first member that is wrong, as `request_ids[3]`, and what is wrong with it."""
    path, detail = "", cast(Any, error.detail)
    while isinstance(detail, dict):
        name, detail = next(iter(detail.items()))
        path += f"[{name}]" if isinstance(name, int) else name
    found = detail[0]
    return path, WORDS_OF_CODES.get(getattr(found, "code", ""), str(found))


# --- kinds of parameters --------------------------------------------------------------------------------------------


class PageLimit(serializers.IntegerField):
    """How many items a page has at most."""

    def __init__(self, most: int, default: int = 50) -> None:
        self.most = most
        super().__init__(min_value=1, max_value=most, default=default, help_text="How many at most.")

    def to_internal_value(self, data: Any) -> int:
        if re.fullmatch(r"[0-9]{1,9}", data) and 1 <= int(data) <= self.most:
            return int(data)
        raise serializers.ValidationError(f"must be a whole number from 1 to {self.most:,}, got {data[:40]!r}")


class Flag(serializers.ChoiceField):
    """`true` or `false`, which may be written as 1 or 0."""

    def __init__(self, help_text: str) -> None:
        super().__init__(["true", "false", "1", "0"], default="false", help_text=help_text)

    def to_internal_value(self, data: Any) -> str:
        word = str(data).lower()
        if word in self.choices:
            return "true" if word in ("true", "1") else "false"
        raise serializers.ValidationError(f"must be true or false, got {data[:40]!r}")


def text(help_text: str) -> Described:
    return Described({"type": "string", "minLength": 1, "maxLength": MAX_TEXT_CHARS}, help_text)


def search(help_text: str) -> Described:
    return Described({"type": "string", "format": "search", "maxLength": MAX_TEXT_CHARS}, help_text)


def filter_time(help_text: str) -> Described:
    forms = [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}, SECONDS_TEXT]
    return Described({"anyOf": forms}, f"{help_text}: {TIME_FORMS}.")


def any_of(help_text: str, *choices: str) -> Described:
    """May be given several times."""
    value = {"enum": list(choices)} if choices else {"minLength": 1}
    return Described({"type": "array", "minItems": 1, "items": {"type": "string", **value}}, help_text)


def cursor() -> Described:
    return Described({"type": "string", "format": "cursor"}, "`next` of the previous page.")


# --- the parameters of each operation -------------------------------------------------------------------------------


class LogsParameters(Parameters):
    wait = Flag("Answer once the logs are stored and say where; after 30 seconds, as for `false`.")


STATUS_WORDS = (*CHOICES["status"], *SYNONYMS["status"])


class FilterParameters(Parameters):
    """What sessions, and requests of all sessions, are asked for."""

    q = search("What is said, filters, or an id, as in the search box: docs/search.md has the language.")
    trace_id = text("The id of the session, exactly as a caller gave it.")
    from_ = filter_time("At or after this time (the last activity of a session, the start of a request)")
    to = filter_time("At or before this time (likewise)")
    status = any_of(
        "`error`: with a failed request; `ok`: without; `running`: with one that has no end yet; `unfinished`: with "
        "one that began more than an hour ago, and no end is known. `success` is `ok`, and `failed` is `error`. "
        "A request has exactly one of them.",
        *STATUS_WORDS,
    )
    model = any_of("One of these models was asked for or answered.")
    user = any_of("One of these end users.")
    tag = any_of("One of these tags. A request has those of its session, too.")
    source_ = any_of("Where the logs came from.", *SOURCES)
    rule = any_of("One of these rules grouped the request, or one of the session.", *RULES)
    failed_tool = any_of("A result of one of these tools failed or looks failed.")


class ExportParameters(FilterParameters):
    include = any_of(f"{WITH_INSIGHTS} And of each session.", INSIGHTS)


class SessionsParameters(FilterParameters):
    order = Described(
        {"type": "string", "enum": ORDERS, "default": ORDERS[0]}, "By what; with `-` the highest or latest first."
    )
    limit = PageLimit(session_list.MAX_LIMIT)
    cursor = cursor()


class AllRequestsParameters(FilterParameters):
    order = Described(
        {"type": "string", "enum": [request_list.NEWEST_FIRST, request_list.OLDEST_FIRST]}, "By their start."
    )
    limit = PageLimit(request_list.MAX_LIMIT)
    cursor = cursor()


class RequestsParameters(Parameters):
    include = any_of(
        "`steps`: also agents, chains, tools and other spans around the requests (`step` is true), and second reports "
        f"of a call (`duplicate_of` names its request). {WITH_INSIGHTS}",
        STEPS,
        INSIGHTS,
    )
    limit = PageLimit(requests.MAX_LIMIT)
    cursor = cursor()


class RequestParameters(Parameters):
    include = any_of("`insights`: what rules say of the request.", INSIGHTS)


class RequestNumber(serializers.IntegerField):
    """The number of a request in its session."""

    def __init__(self, help_text: str) -> None:
        super().__init__(min_value=1, required=False, help_text=help_text)

    def to_internal_value(self, data: Any) -> int:
        if re.fullmatch(r"[0-9]{1,9}", data) and int(data):
            return int(data)
        raise serializers.ValidationError(f"must be the number of a request, from 1, got {data[:40]!r}")


class InsightsParameters(Parameters):
    since = RequestNumber("The time counts from the request of this number on.")
    until = RequestNumber("The time counts up to the request of this number.")


class CopiesParameters(Parameters):
    limit = PageLimit(MAX_COPIES, default=10)
    cursor = cursor()


class CorrectionsParameters(Parameters):
    session = IdField(
        required=False,
        help_text="The corrections that moved requests into or out of this session, also by a former id.",
    )
    limit = PageLimit(corrections.MAX_LIMIT)
    cursor = cursor()


# --- filters, ids and projects ----------------------------------------------------------------------------------------


def filters_of(request: Request) -> SessionFilters:
    """The filters of a list. Raises ApiError 400, also for an empty filter: a program meant to set it."""
    for name in map(str, FilterParameters.shared().fields):
        if name != "q" and "" in request.query_params.getlist(name):
            raise bad_parameter(name, "must not be empty: leave it out to list all")
    try:
        return parse_filters(request.query_params).checked()
    except FilterError as error:
        query = request.query_params.get("q", "")
        raise bad_filter(error, len(query) - len(query.lstrip())) from None


def included(request: Request, *choices: str) -> set[str]:
    """What an answer is to have besides the usual. Raises ApiError 400."""
    values = request.query_params.getlist("include")
    for value in values:
        if value not in choices:
            raise bad_parameter("include", f"must be {' or '.join(choices)}, or left out, got {value[:40]!r}")
    return {*values}


def uuid_of(text: str, what: str) -> uuid.UUID:
    """The id in a path. Raises ApiError 404, since nothing has an id of another form."""
    try:
        return uuid.UUID(text)
    except ValueError:
        raise not_found(what) from None


def project_of(request: Request, caller: Caller) -> Project:
    """The key's project; for a signed-in user the one that `project` names. Raises ApiError 400."""
    if caller.project_id is not None:
        return Project.objects.get(id=caller.project_id)
    slug = request.query_params.get("project", "")
    project = find_project(slug) if slug and "\0" not in slug else None
    if project is None:
        known = ", ".join(Project.objects.order_by("slug").values_list("slug", flat=True)[:20])
        raise bad_parameter("project", f"must name a project, one of {known}; got {slug[:60]!r}")
    return project


def slug_of(caller: Caller, project_id: int) -> str:
    """The slug of the project of something found; one statement for a signed-in user, none for a key."""
    return caller.project_slug or Project.objects.values_list("slug", flat=True).get(id=project_id)


def refuse_project(request: Request, caller: Caller) -> None:
    """A key reads its own project. To ignore another one's name would hide a mistake. Raises ApiError 400."""
    named = request.query_params.get("project")
    if caller.project_id is not None and named not in (None, "", caller.project_slug):
        message = f"project cannot be chosen: this key belongs to {caller.project_slug}"
        raise ApiError(400, "invalid_parameter", message, field="project")
