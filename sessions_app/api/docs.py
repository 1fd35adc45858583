"""GET /api/v1/schema and /api/v1/docs: the API described for programs and for people, open to all."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from sessions_app.api import schema
from sessions_app.api.errors import json_response

Shape = dict[str, Any]


@require_safe
def schema_document(request: HttpRequest) -> HttpResponse:
    """OpenAPI 3.1 in JSON."""
    return json_response(schema.document())


@require_safe
def docs_page(request: HttpRequest) -> HttpResponse:
    """The same as a page: no script, nothing from elsewhere."""
    document = schema.document()
    base = request.build_absolute_uri("/").rstrip("/")
    context = {
        "paragraphs": [marked(text) for text in document["info"]["description"].split("\n\n")],
        "groups": [(tag["name"], operations_of(document, tag["name"], base)) for tag in document["tags"]],
        "shapes": shapes_of(document),
    }
    return render(request, "api_docs.html", context)


@dataclass(frozen=True, slots=True)
class Row:
    """A parameter, or a member of a shape."""

    name: str
    place: str
    kind: SafeString
    required: bool
    about: SafeString


@dataclass(frozen=True, slots=True)
class Answer:
    status: str
    about: SafeString
    kind: SafeString


@dataclass(frozen=True, slots=True)
class Operation:
    id: str
    method: str
    path: str
    title: str
    about: SafeString
    parameters: list[Row]
    bodies: list[tuple[str, SafeString]]
    answers: list[Answer]
    example: str


@dataclass(frozen=True, slots=True)
class NamedShape:
    name: str
    about: SafeString
    members: list[Row]
    example: str


def operations_of(document: Shape, tag: str, base: str) -> list[Operation]:
    return [
        _operation(path, method, operation, base)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if tag in operation["tags"]
    ]


def _operation(path: str, method: str, operation: Shape, base: str) -> Operation:
    bodies = operation.get("requestBody", {}).get("content", {})
    return Operation(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        title=operation["summary"],
        about=marked(operation.get("description", "")),
        parameters=[_parameter(parameter) for parameter in operation.get("parameters", [])],
        bodies=[(media_type, kind_of(body["schema"])) for media_type, body in bodies.items()],
        answers=[_answer(status, answer) for status, answer in operation["responses"].items()],
        example=curl(base + path, method.upper(), bodies.get("application/json", {}).get("schema", {}).get("example")),
    )


def _parameter(parameter: Shape) -> Row:
    shape = parameter["schema"]
    about = marked(parameter.get("description", ""))
    if "default" in shape:
        about = format_html("{} Default: <code>{}</code>.", about, shape["default"])
    return Row(parameter["name"], parameter["in"], kind_of(shape), parameter.get("required", False), about)


def _answer(status: str, answer: Shape) -> Answer:
    shape = answer.get("content", {}).get("application/json", {}).get("schema", {})
    return Answer(status, marked(answer["description"]), kind_of(shape))


def curl(address: str, method: str, body: Any) -> str:
    """A command for a shell; braces of a path stay, to be replaced."""
    lines = [f"curl -X {method} '{address}'" if method != "GET" else f"curl '{address}'"]
    lines.append('  -H "Authorization: Bearer $LOGSUI_KEY"')
    if body is not None:
        lines += ["  -H 'Content-Type: application/json'", f"  -d '{json.dumps(body, indent=2)}'"]
    return " \\\n".join(lines)


def shapes_of(document: Shape) -> list[NamedShape]:
    return [
        NamedShape(
            name,
            marked(shape.get("description", "")),
            [_member(member, inner, shape) for member, inner in shape.get("properties", {}).items()],
            json.dumps(shape["example"], indent=2) if "example" in shape else "",
        )
        for name, shape in document["components"]["schemas"].items()
    ]


def _member(name: str, shape: Shape, whole: Shape) -> Row:
    return Row(name, "", kind_of(shape), name in whole.get("required", []), marked(shape.get("description", "")))


def kind_of(shape: Shape) -> SafeString:
    """A shape in a few words; named ones are linked."""
    if "$ref" in shape:
        name = shape["$ref"].rpartition("/")[2]
        return format_html('<a class="link" href="#{}">{}</a>', name, name)
    if "anyOf" in shape and "type" not in shape:
        return format_html_join(" or ", "{}", ((kind_of(choice),) for choice in shape["anyOf"]))
    kinds = shape.get("type", "any JSON")
    words = [_one_kind(kind, shape) for kind in (kinds if isinstance(kinds, list) else [kinds])]
    return format_html_join(" or ", "{}", ((word,) for word in words))


def _one_kind(kind: str, shape: Shape) -> SafeString:
    if kind == "array":
        return format_html("array of {}", kind_of(shape.get("items", {})))
    if kind == "object" and isinstance(shape.get("additionalProperties"), dict):
        return format_html("object of {}", kind_of(shape["additionalProperties"]))
    if kind == "object" and "logs" in shape.get("properties", {}):
        return format_html("<code>{}</code>", '{"logs": […]}')
    if kind == "string" and "enum" in shape:
        values = [value for value in shape["enum"] if value is not None]
        return format_html_join(" | ", "<code>{}</code>", ((value,) for value in values))
    if kind == "string" and "format" in shape:
        return format_html("string ({})", shape["format"])
    return format_html("{}", kind)


def marked(text: str) -> SafeString:
    """A text in which what stands between backticks is code."""
    pieces = text.split("`")
    forms = ((format_html("<code>{}</code>", piece) if index % 2 else piece) for index, piece in enumerate(pieces))
    return format_html_join("", "{}", ((piece,) for piece in forms))
