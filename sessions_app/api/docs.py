"""GET /api/v1/schema and /api/v1/docs: the API described for programs and for people, open to all.

The page is the OpenAPI document in HTML: it works without JavaScript and under our Content-Security-Policy.
"""

from __future__ import annotations

import json
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
    base = request.build_absolute_uri("/").rstrip("/")
    operations = [
        for_page(operation) | {"method": method.upper(), "path": path, "curl": curl(base + path, method, operation)}
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    context = {
        "paragraphs": [marked(text) for text in document["info"]["description"].split("\n\n")],
        "groups": [(tag, [one for one in operations if tag in one["tags"]]) for tag in schema.TAGS],
        "resources": with_kinds(document["components"]["schemas"]),
    }
    return render(request, "api_docs.html", context)


def for_page(value: Any) -> Any:
    """A copy of a part of the document, with `about` beside each description and `kind` beside each schema."""
    if isinstance(value, list):
        return [for_page(item) for item in value]
    if not isinstance(value, dict):
        return value
    copied = {name: for_page(inner) for name, inner in value.items() if name not in ("schema", "properties", "example")}
    if "description" in value:
        default = value.get("schema", {}).get("default")
        copied["about"] = marked(value["description"] + (f" Default: `{default}`." if default else ""))
    if "schema" in value:
        copied["kind"] = kind_of(value["schema"])
    if "properties" in value:
        # Pairs, because a template would take a member called `items` for what its name says.
        copied["members"] = list(with_kinds(value["properties"]).items())
    if "example" in value:
        copied["example"] = json.dumps(value["example"], indent=2)
    return copied


def with_kinds(resources: Schema) -> Schema:
    return {name: for_page(resource) | {"kind": kind_of(resource)} for name, resource in resources.items()}


def curl(address: str, method: str, operation: Schema) -> str:
    """A command for a shell; the braces of a path are to be replaced."""
    lines = [f"curl -X {method.upper()} '{address}'" if method != "get" else f"curl '{address}'"]
    lines.append('  -H "Authorization: Bearer $LOGSUI_KEY"')
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    example = body and schema.document()["components"]["schemas"][name_of(body)].get("example")
    if example:
        lines += ["  -H 'Content-Type: application/json'", f"  -d '{json.dumps(example, indent=2)}'"]
    return " \\\n".join(lines)


# --- lines of text --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TextPiece:
    """A piece of a line: plain, code, or a link to a resource on the page."""

    text: str
    is_code: bool = False
    is_link: bool = False


Line = list[TextPiece]


def marked(text: str) -> Line:
    """A text in which what stands between backticks is code."""
    return [TextPiece(piece, is_code=index % 2 == 1) for index, piece in enumerate(text.split("`")) if piece]


def name_of(resource: Schema) -> str:
    name: str = resource["$ref"].rpartition("/")[2]
    return name


def kind_of(resource: Schema) -> Line:
    """What values a schema allows, in a few words; named ones are links."""
    if "$ref" in resource:
        return [TextPiece(name_of(resource), is_link=True)]
    for union in ("anyOf", "oneOf", "allOf"):
        if union in resource and "type" not in resource:
            return _joined(" or ", [kind_of(choice) for choice in resource[union]])
    kinds = resource.get("type", "any JSON")
    return _joined(" or ", [_one_kind(kind, resource) for kind in (kinds if isinstance(kinds, list) else [kinds])])


def _one_kind(kind: str, resource: Schema) -> Line:
    if kind == "array":
        return [TextPiece("array of "), *kind_of(resource.get("items", {}))]
    if kind == "object" and resource.get("additionalProperties"):
        return [TextPiece("object of "), *kind_of(resource["additionalProperties"])]
    if kind == "object" and "logs" in resource.get("properties", {}):
        return [TextPiece('{"logs": […]}', is_code=True)]
    if kind == "string" and "enum" in resource:
        return _joined(" | ", [[TextPiece(value, is_code=True)] for value in resource["enum"] if value is not None])
    return [TextPiece(f"string ({resource['format']})" if kind == "string" and "format" in resource else kind)]


def _joined(separator: str, lines: list[Line]) -> Line:
    return [piece for line in lines for piece in (TextPiece(separator), *line)][1:]
