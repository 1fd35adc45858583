"""Definitions of tools, drawn: what each does, its parameters, and nothing of it lost."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest

from sessions_app import bounds
from sessions_app.pages.html.source import BlockAddress
from sessions_app.pages.html.tool_schema import MOST_PARAMETERS, drawn_definition

ADDRESS = BlockAddress("/p/x/requests/1/", b"\0" * 8, "raw")
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "path": {"type": "string", "description": "Where from"},
        "mode": {"type": ["string", "null"], "enum": ["r", None, 3], "default": "r"},
        "lines": {"type": "array", "items": {"type": "integer"}, "maxItems": 5},
        "edits": {
            "type": "array",
            "items": {"type": "object", "properties": {"old": {"type": "string"}}, "required": ["old"]},
        },
        "where": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/place"}]},
        "anything": True,
    },
    "required": ["path", "edits"],
    "additionalProperties": False,
    "$defs": {"place": {"type": "object"}},
}


def drawn(definition: Any) -> str | None:
    return drawn_definition(json.dumps(definition).encode(), ADDRESS)


def said(html: str | None) -> str:
    assert html is not None
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


@pytest.mark.parametrize(
    "definition",
    [
        {"type": "function", "function": {"name": "read", "description": "Reads *a* file", "parameters": SCHEMA}},
        {"type": "function", "name": "read", "description": "Reads *a* file", "parameters": SCHEMA, "strict": True},
        {"name": "read", "description": "Reads *a* file", "input_schema": SCHEMA},
        {"toolSpec": {"name": "read", "description": "Reads *a* file", "inputSchema": {"json": SCHEMA}}},
        {"functionDeclarations": [{"name": "read", "description": "Reads *a* file", "parameters": SCHEMA}]},
    ],
)
def test_each_form_is_drawn(definition: dict[str, Any]) -> None:
    html = drawn(definition)
    text = said(html)
    assert html is not None
    assert "<em>a</em>" in html
    assert 'href="/p/x/requests/1/text/0000000000000000/raw/"' in html
    for words in (
        "path string required Where from",
        'mode string or null "r" null 3 default: "r"',
        "lines array of integer maxItems: 5",
        "edits array of object required each object old string required",
        'where anyOf: [{"type": "string"}, {"$ref": "#/$defs/place"}]',
        "anything true",
        "additionalProperties",
        "$defs",
    ):
        assert words in text
    assert ("strict" in text) == ("strict" in definition)


@pytest.mark.parametrize(
    "odd",
    [
        {"type": {"a": "lost"}},
        {"properties": ["lost"]},
        {"enum": {"a": "lost"}},
        {"items": ["lost"]},
        {"required": ["lost"]},
        {"description": ["lost"]},
        {"type": "array", "items": {"type": ["lost", 5]}},
        {"type": "array", "items": {"description": "lost"}},
        {"x-ours": {"a": [{"b": "lost"}]}},
    ],
)
def test_nothing_of_an_odd_schema_is_lost(odd: dict[str, Any]) -> None:
    for schema in (odd, {"type": "object", "properties": {"p": odd}}):
        assert "lost" in said(drawn({"name": "f", "description": "d", "parameters": schema}))


@pytest.mark.parametrize(
    "other",
    [[], "x", {}, {"type": "web_search"}, {"name": "f"}, {"name": 5, "description": "d"}, {"functionDeclarations": []}],
)
def test_what_is_no_definition_stays_json(other: Any) -> None:
    assert drawn(other) is None
    assert drawn_definition(b'{"name": "a", "name": "b", "description": "d"}', ADDRESS) is None


def test_nothing_in_it_is_html() -> None:
    evil = "<script>alert(1)</script>\u202e"
    schema = {"properties": {evil: {"type": evil, "description": evil, "enum": [evil], evil: evil}}, evil: evil}
    html = drawn({"name": evil, "description": evil, "parameters": schema, evil: evil})
    assert html is not None
    assert "<script" not in html


def test_many_and_deep_parameters_are_counted_and_a_file_has_them() -> None:
    deep: dict[str, Any] = {"type": "string", "description": "deepest"}
    for _ in range(15):
        deep = {"type": "object", "properties": {"in": deep}}
    many = {f"p{number}": {"type": "string"} for number in range(300)}
    definition = {
        "name": "f",
        "description": "d",
        "parameters": {"type": "object", "properties": many | {"deep": deep}},
    }
    assert f"{300 + 9 - MOST_PARAMETERS} more parameters in the raw JSON" in said(drawn(definition))
    with bounds.whole():
        text = said(drawn(definition))
    assert "p299" in text
    assert "more parameters" not in text
    assert "deepest" in text
