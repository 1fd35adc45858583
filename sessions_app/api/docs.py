"""GET /api/v1/schema and /api/v1/docs: the API described for programs and for people, open to all.

The page is the OpenAPI document in HTML: it works without JavaScript and under our Content-Security-Policy.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from sessions_app.api import schema
from sessions_app.api.errors import json_response
from sessions_app.api.serializers.base import Schema


@require_safe
def schema_document(request: HttpRequest) -> HttpResponse:
    """OpenAPI 3.1 in JSON."""
    return json_response(schema.document())


@require_safe
def docs_page(request: HttpRequest) -> HttpResponse:
    """The same as a page."""
    document = schema.document()
    shapes = document["components"]["schemas"]
    base = request.build_absolute_uri("/").rstrip("/")
    context = {
        "paragraphs": [marked(text) for text in document["info"]["description"].split("\n\n")],
        "groups": [(tag["name"], list(operations_of(document, tag["name"], base))) for tag in document["tags"]],
        "shapes": [described_shape(name, shape) for name, shape in shapes.items()],
    }
    return render(request, "api_docs.html", context)


@dataclass(frozen=True, slots=True)
class TextPiece:
    """A piece of a line: plain, code, or a link to a shape on the page."""

    text: str
    is_code: bool = False
    is_link: bool = False


Line = list[TextPiece]


@dataclass(frozen=True, slots=True)
class DescribedRow:
    """A line of a table: a parameter, a member of a shape, or an answer by its status."""

    name: str
    kind: Line
    about: Line
    where: str = ""


@dataclass(frozen=True, slots=True)
class DescribedOperation:
    """A method of an address."""

    id: str
    method: str
    path: str
    title: str
    about: Line
    parameters: list[DescribedRow]
    bodies: list[tuple[str, Line]]
    answers: list[DescribedRow]
    example: str


@dataclass(frozen=True, slots=True)
class DescribedShape:
    """An object that is sent or answered, or `choices` of others."""

    name: str
    about: Line
    choices: Line
    members: list[DescribedRow]
    example: str


def operations_of(document: Schema, tag: str, base: str) -> Iterator[DescribedOperation]:
    shapes = document["components"]["schemas"]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if tag in operation["tags"]:
                yield _operation(path, method.upper(), operation, base, shapes)


def _operation(path: str, method: str, operation: Schema, base: str, shapes: Schema) -> DescribedOperation:
    bodies = operation.get("requestBody", {}).get("content", {})
    body = bodies.get("application/json", {}).get("schema", {})
    example = shapes[name_of(body)].get("example") if "$ref" in body else None
    return DescribedOperation(
        id=operation["operationId"],
        method=method,
        path=path,
        title=operation["summary"],
        about=marked(operation.get("description", "")),
        parameters=[_parameter(parameter) for parameter in operation.get("parameters", [])],
        bodies=[(media_type, kind_of(content["schema"])) for media_type, content in bodies.items()],
        answers=[_answer(status, answer) for status, answer in operation["responses"].items()],
        example=curl(base + path, method, example),
    )


def _parameter(parameter: Schema) -> DescribedRow:
    shape = parameter["schema"]
    about = parameter.get("description", "")
    if "default" in shape:
        about += f" Default: `{shape['default']}`."
    return DescribedRow(parameter["name"], kind_of(shape), marked(about), parameter["in"])


def _answer(status: str, answer: Schema) -> DescribedRow:
    shape = answer.get("content", {}).get("application/json", {}).get("schema", {})
    return DescribedRow(status, kind_of(shape), marked(answer["description"]))


def described_shape(name: str, shape: Schema) -> DescribedShape:
    members = shape.get("properties", {})
    return DescribedShape(
        name,
        marked(shape.get("description", "")),
        [] if members else kind_of(shape),
        [
            DescribedRow(member, kind_of(inner), marked(inner.get("description", "")))
            for member, inner in members.items()
        ],
        json.dumps(shape["example"], indent=2) if "example" in shape else "",
    )


def curl(address: str, method: str, body: Any) -> str:
    """A command for a shell; the braces of a path are to be replaced."""
    lines = [f"curl -X {method} '{address}'" if method != "GET" else f"curl '{address}'"]
    lines.append('  -H "Authorization: Bearer $LOGSUI_KEY"')
    if body is not None:
        lines += ["  -H 'Content-Type: application/json'", f"  -d '{json.dumps(body, indent=2)}'"]
    return " \\\n".join(lines)


# --- a schema in a few words ----------------------------------------------------------------------------------------


def name_of(shape: Schema) -> str:
    name: str = shape["$ref"].rpartition("/")[2]
    return name


def kind_of(shape: Schema) -> Line:
    """What values a schema allows; named ones are links."""
    if "$ref" in shape:
        return [TextPiece(name_of(shape), is_link=True)]
    for union in ("anyOf", "oneOf", "allOf"):
        if union in shape and "type" not in shape:
            return _joined(" or ", [kind_of(choice) for choice in shape[union]])
    kinds = shape.get("type", "any JSON")
    return _joined(" or ", [_one_kind(kind, shape) for kind in (kinds if isinstance(kinds, list) else [kinds])])


def _one_kind(kind: str, shape: Schema) -> Line:
    if kind == "array":
        return [TextPiece("array of "), *kind_of(shape.get("items", {}))]
    if kind == "object" and shape.get("additionalProperties"):
        return [TextPiece("object of "), *kind_of(shape["additionalProperties"])]
    if kind == "object" and "logs" in shape.get("properties", {}):
        return [TextPiece('{"logs": […]}', is_code=True)]
    if kind == "string" and "enum" in shape:
        return _joined(" | ", [[TextPiece(value, is_code=True)] for value in shape["enum"] if value is not None])
    if kind == "string" and "format" in shape:
        return [TextPiece(f"string ({shape['format']})")]
    return [TextPiece(kind)]


def _joined(separator: str, lines: list[Line]) -> Line:
    joined = lines[0] if lines else []
    for line in lines[1:]:
        joined = [*joined, TextPiece(separator), *line]
    return joined


def marked(text: str) -> Line:
    """A text in which what stands between backticks is code."""
    return [TextPiece(piece, is_code=index % 2 == 1) for index, piece in enumerate(text.split("`")) if piece]
