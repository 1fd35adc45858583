"""The OpenAPI document, made by drf-spectacular of the endpoints and their serializers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema

from sessions_app.api.parameters import Parameters
from sessions_app.api.serializers.base import Resource, Schema
from sessions_app.api.serializers.errors import ErrorSerializer
from sessions_app.api.serializers.logs import NothingAcceptedSerializer

Method = TypeVar("Method", bound=Callable[..., Any])
DESCRIPTION = """
Programs authenticate with an API key: `Authorization: Bearer <key>`, or `x-api-key: <key>`. A key belongs to one
project. It needs the scope `ingest` to write, `read` to read, `correct` to correct the grouping and `delete` to delete.
A key has no more rights than the user who created it. A signed-in browser may use all addresses except those that
write. Correcting and deleting need the permissions “Can change session” and “Can delete session”. Lists need `project`.

Every error is JSON: `{"error": {"type", "message", "field"?, "index"?, "start"?, "end"?, "possible"?, "docs"?}}`.
""".strip()
PATH_IDS = {
    "session_id": ({"type": "string", "format": "uuid"}, "The session's `id`."),
    "request_id": ({"type": "string", "format": "uuid"}, "The request's `id`."),
    "correction_id": ({"type": "integer", "minimum": 1}, "The correction's `id`."),
}
TAGS = ("Write", "OpenTelemetry", "Read", "Correct")
ERRORS = {
    400: "A parameter or the body cannot be understood.",
    401: "The key is missing, unknown or revoked.",
    403: "The key lacks the scope, the user or the key's creator the permission, or a browser's request its token.",
    404: "Nothing in the key's project has this id.",
    409: "What the id names no longer exists, or is already done.",
    413: "The body is too large, or holds too many logs.",
    415: "The Content-Type or Content-Encoding is not supported.",
    422: "None of the logs can be stored.",
    503: "Too much waits to be digested; Retry-After says when to try again.",
}


AnswerShape = type[Resource] | tuple[type[Resource], str]


def operation(
    operation_id: str,
    tag: str,
    answers: dict[int, AnswerShape],
    errors: tuple[int, ...],
    parameters: type[Parameters] | None = None,
    body: dict[str, Any] | None = None,
    error: type[Resource] = ErrorSerializer,
    media_type: str = "application/json",
    other_types: Sequence[str] = (),
) -> Callable[[Method], Method]:
    """Describe an endpoint's method. Its docstring has the summary and, after an empty line, the description; what an
    answer means is the docstring of its resource, unless it is given. `errors` come besides 401 and 403. `media_type`:
    of an answer that is no error. `other_types`: texts that it may be instead.
    """
    failures: dict[int, AnswerShape] = {}
    for status in sorted({401, 403, *errors} - answers.keys()):
        nothing_accepted = tag == "Write" and status in (413, 422)
        failures[status] = (NothingAcceptedSerializer if nothing_accepted else error, ERRORS[status])

    def describe(method: Method) -> Method:
        method.parameters = parameters  # type: ignore[attr-defined]
        summary, _, description = (inspect.getdoc(method) or "").partition("\n\n")
        return extend_schema(
            operation_id=operation_id,
            tags=[tag],
            summary=summary.removesuffix("."),
            description=description,
            request=body,
            parameters=[parameters] if parameters else [],
            responses={
                **{(status, media_type): _response(answer) for status, answer in answers.items()},
                **{(200, other.partition(";")[0]): OpenApiTypes.STR for other in other_types},
                **{status: _response(answer) for status, answer in failures.items()},
            },
        )(method)

    return describe


def _response(answer: AnswerShape) -> OpenApiResponse:
    resource, about = answer if isinstance(answer, tuple) else (answer, inspect.cleandoc(answer.__doc__ or ""))
    return OpenApiResponse(resource, about)


# --- for drf-spectacular --------------------------------------------------------------------------------------------


class ResourceSchema(OpenApiSerializerExtension):
    """A resource's schema is that of its fields and what its class adds."""

    target_class = Resource
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: Any) -> Schema:
        def ref(resource: type[Resource]) -> Schema:
            reference: Schema = auto_schema.resolve_serializer(resource, direction).ref
            return reference

        fields: Schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        resource: type[Resource] = type(self.target)
        return resource.extend_schema(fields, ref)


class KeySchemes(OpenApiAuthenticationExtension):
    """The two headers that take a key."""

    target_class = "sessions_app.api.authentication.ApiKeyAuthentication"
    name = ["bearerKey", "headerKey"]

    def get_security_definition(self, auto_schema: AutoSchema) -> list[Schema]:
        return [{"type": "http", "scheme": "bearer"}, {"type": "apiKey", "in": "header", "name": "x-api-key"}]

    def get_security_requirement(self, auto_schema: AutoSchema) -> list[Schema]:
        return [{name: []} for name in self.name]


class BasicScheme(OpenApiAuthenticationExtension):
    """A key as a password."""

    target_class = "sessions_app.api.authentication.BasicKeyAuthentication"
    name = "basicKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> Schema:
        return {"type": "http", "scheme": "basic", "description": "The key is the password; the user name is ignored."}


def finish(result: Schema, **_: Any) -> Schema:
    """Postprocessing hook: what is true of the whole document."""
    result["info"]["description"] = DESCRIPTION
    result["tags"] = [{"name": name} for name in TAGS]
    for methods in result["paths"].values():
        for described in methods.values():
            if "requestBody" in described:
                described["requestBody"]["required"] = True
            for parameter in described.get("parameters", []):
                if parameter["in"] == "path":
                    parameter["schema"], parameter["description"] = PATH_IDS[parameter["name"]]
    cleaned: Schema = without_marks(result)
    return cleaned


def without_marks(value: Any) -> Any:
    """A copy without drf-spectacular's internal marks and without `readOnly`, which says nothing of an answer."""
    if isinstance(value, dict):
        left_out = {"x-spec-enum-id"} | ({"readOnly"} if value.get("readOnly") is True else set())
        return {name: without_marks(inner) for name, inner in value.items() if name not in left_out}
    return [without_marks(inner) for inner in value] if isinstance(value, list) else value


@cache
def document() -> Schema:
    """The OpenAPI 3.1 document, made once a process."""
    generator = SchemaGenerator(urlconf=settings.ROOT_URLCONF)
    made: Schema = generator.get_schema(request=None, public=True)
    return made
