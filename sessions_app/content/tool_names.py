"""The names in a tool's definition, and the MCP server that a name tells. Plain Python."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sessions_app.content.json_values import JsonObject

_MCP = "mcp__"
# What stands among definitions and defines nothing.
_MARKS = frozenset({"cachePoint"})
_INNER = ("function", "custom", "toolSpec")
# Members by which a definition stands for all tools of a server.
_SERVERS = ("server_label", "mcp_server_name")


def names_in(definition: Any) -> Iterator[str]:
    """OpenAI puts a tool into `function` or `custom`, Bedrock into `toolSpec`, Gemini several into
    `functionDeclarations`. Others have a plain `name`. What Google runs itself is named by a member.
    """
    if not isinstance(definition, dict):
        return
    declared = definition.get("functionDeclarations") or definition.get("function_declarations")
    if isinstance(declared, list):
        for item in declared:
            yield from names_in(item)
        yield from _named_by_members(definition)
        return
    function = next((definition[name] for name in _INNER if isinstance(definition.get(name), dict)), None)
    for candidate in (
        function.get("name") if function else None,
        definition.get("name"),
        definition.get("type"),
    ):
        if isinstance(candidate, str) and candidate:
            yield candidate
            return
    yield from _named_by_members(definition)


def _named_by_members(definition: JsonObject) -> Iterator[str]:
    for name, item in definition.items():
        if isinstance(item, dict) and name not in _MARKS:
            yield item["name"] if isinstance(item.get("name"), str) else name


def server_of_name(name: str) -> str:
    """The MCP server in `mcp__server__tool` and in `server.tool`; "" where a name tells none."""
    if name.startswith(_MCP):
        return name[len(_MCP) :].partition("__")[0]
    server, dot, tool = name.partition(".")
    return server if dot and tool else ""


def server_of(definition: Any) -> str:
    """The MCP server of a tool's definition; "" if it tells none, or if it holds tools of several."""
    if not isinstance(definition, dict):
        return ""
    stated = next((definition[name] for name in _SERVERS if isinstance(definition.get(name), str)), "")
    if stated:
        return stated
    servers = {server_of_name(name) for name in names_in(definition)}
    return servers.pop() if len(servers) == 1 else ""


def is_server(definition: Any) -> bool:
    """Whether a definition only names an MCP server: its tools are defined elsewhere."""
    return isinstance(definition, dict) and any(isinstance(definition.get(name), str) for name in _SERVERS)
