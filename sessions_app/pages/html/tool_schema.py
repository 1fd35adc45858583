"""The definition of a tool as what it is: what it does in words, and its parameters in a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from sessions_app import bounds
from sessions_app.pages.html.components import NOTHING, component, joined
from sessions_app.pages.html.finding import is_looking
from sessions_app.pages.html.formats import exact
from sessions_app.pages.html.pieces import reference
from sessions_app.pages.html.source import BlockAddress
from sessions_app.pages.html.texts import prose
from sessions_app.pages.html.tools.drawing import Drawing, framed, other_members
from sessions_app.pages.html.tools.reading import is_text, read, written

# A definition with more parameters has the others in its raw JSON, and so has what is nested more deeply.
MOST_PARAMETERS, MOST_LEVELS = 100, 8
VALUE_CHARS = 200
_INNER = ("function", "custom", "toolSpec")
_DECLARED = ("functionDeclarations", "function_declarations")
_SCHEMAS = ("parameters", "input_schema", "inputSchema", "parametersJsonSchema", "parameters_json_schema")
# What the outermost schema says with the rows of its table.
_OF_OBJECT = frozenset({"properties", "required"})


@dataclass(frozen=True, slots=True)
class Parameter:
    """A row of the table. `values`: those that are allowed; `others`: what else its schema says."""

    name: str
    depth: int
    type: str
    is_required: bool
    values: Sequence[str]
    description: str
    others: str


def drawn_definition(content: bytes, address: BlockAddress) -> Markup | None:
    """A definition, with the way to its JSON; None for what is none, and where words are looked for in the JSON."""
    if is_looking() and not bounds.is_whole():
        return None
    value = read(content.decode("utf-8", "replace"))
    if not isinstance(value, dict):
        return None
    declared = next((value[name] for name in _DECLARED if isinstance(value.get(name), list)), None)
    tools = [value] if declared is None else declared
    if not tools or not all(isinstance(tool, dict) and _is_known(tool) for tool in tools):
        return None
    rest = {} if declared is None else {name: item for name, item in value.items() if item is not declared}
    content_html = joined(_drawn(tool, address, is_named=len(tools) > 1) for tool in tools) + other_members(rest)
    return framed(Drawing(NOTHING, content_html), address, "")


def _function_of(tool: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a tool says of itself, and the members around it."""
    name = next((name for name in _INNER if isinstance(tool.get(name), dict)), None)
    if name is None:
        return tool, {}
    return tool[name], {key: item for key, item in tool.items() if key != name}


def _is_known(tool: dict[str, Any]) -> bool:
    """Whether it has a name, and says more in a form that is known."""
    function, _ = _function_of(tool)
    is_told = is_text(function.get("description")) or _schema_of(function)[1] is not None
    return is_text(function.get("name")) and is_told


def _schema_of(function: dict[str, Any]) -> tuple[str, dict[str, Any] | None]:
    """The member that has the schema of the parameters, and that. Bedrock puts it into `json`."""
    for name in _SCHEMAS:
        schema = function.get(name)
        if isinstance(schema, dict):
            inner = schema.get("json")
            return name, inner if schema.keys() == {"json"} and isinstance(inner, dict) else schema
    return "", None


def _drawn(tool: dict[str, Any], address: BlockAddress, is_named: bool) -> Markup:
    function, around = _function_of(tool)
    named, schema = _schema_of(function)
    description = function.get("description") if is_text(function.get("description")) else None
    told = {"name", named, *(["description"] if description is not None else [])}
    rest = around | {name: item for name, item in function.items() if name not in told}
    rows: list[Parameter] = []
    note = NOTHING
    if schema is not None:
        every = list(_parameters(schema, 0))
        rows = every[: bounds.at_most(MOST_PARAMETERS)]
        if len(every) > len(rows):
            note = reference("info", f"{exact(len(every) - len(rows))} more parameters in the raw JSON")
        rest |= {name: item for name, item in schema.items() if not _is_told(name, item, schema)}
    words = prose(description, address) if description else reference("info", "No description")
    table = component("tools", "parameters")(rows) if rows else reference("info", "No parameters")
    return component("tools", "definition")(
        function["name"] if is_named else "", words, table + note, other_members(rest)
    )


def _is_told(name: str, item: Any, schema: dict[str, Any]) -> bool:
    """The same of the outermost schema, which has no row itself: it is an object."""
    return item == "object" if name == "type" else name in _OF_OBJECT and _is_in_table(name, item, schema)


def _is_in_table(name: str, item: Any, schema: dict[str, Any]) -> bool:
    """Whether the table has a place for this member of a schema, in the form that it has."""
    match name:
        case "type":
            return is_text(item) or (isinstance(item, list) and all(map(is_text, item)))
        case "description":
            return is_text(item)
        case "enum":
            return isinstance(item, list)
        case "properties" | "items":
            return isinstance(item, dict)
        case "required":
            named = schema.get("properties")
            return isinstance(item, list) and all(isinstance(named, dict) and one in named for one in map(str, item))
        case _:
            return False


def _parameters(schema: dict[str, Any], depth: int) -> Iterator[Parameter]:
    properties, required = schema.get("properties"), schema.get("required")
    inner = list(properties.items()) if isinstance(properties, dict) else []
    items = schema.get("items")
    inner += [("each", items)] if isinstance(items, dict) and not (items.keys() == {"type"} and _type_of(items)) else []
    for name, one in inner:
        if not isinstance(one, dict) or depth >= MOST_LEVELS:
            yield Parameter(name, depth, "", False, (), "", written(one, bounds.at_most(VALUE_CHARS)))
            continue
        yield Parameter(
            name=name,
            depth=depth,
            type=_type_of(one),
            is_required=isinstance(required, list) and name in required,
            values=[_value(value) for value in one["enum"]] if isinstance(one.get("enum"), list) else (),
            description=one["description"] if is_text(one.get("description")) else "",
            others=", ".join(_others(one)),
        )
        yield from _parameters(one, depth + 1)


def _type_of(schema: dict[str, Any]) -> str:
    """`string`, `string or null`, `array of string`."""
    kinds = schema.get("type")
    kinds = kinds if isinstance(kinds, list) else [kinds] if is_text(kinds) else []
    words = " or ".join(map(str, kinds))
    items = schema.get("items")
    inner = _type_of(items) if isinstance(items, dict) else ""
    return f"{words} of {inner}" if inner and "array" in words.lower() else words


def _others(schema: dict[str, Any]) -> Iterator[str]:
    """What the table has no place for, as it was written."""
    for name, item in schema.items():
        if not _is_in_table(name, item, schema):
            yield f"{name}: {_value(item)}"


def _value(value: Any) -> str:
    return written(value, bounds.at_most(VALUE_CHARS))
