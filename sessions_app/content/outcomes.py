"""How a tool's result went: decided here for all APIs.

An API may say it in a field: `is_error` (Anthropic), `isError` (MCP, 2025-06-18), `status` (Bedrock Converse,
LangChain, OpenAI's Responses API), `error_code` and `return_code` (Anthropic's server tools). Most say nothing.
"""

from __future__ import annotations

from typing import Any

from sessions_app.content.json_values import JsonObject

_FAILED = frozenset({"error", "failed", "failure", "incomplete"})
_FINE = frozenset({"success", "succeeded"})
_FLAGS = ("is_error", "isError")
_EXIT_CODES = ("exit_code", "exitCode", "return_code", "returncode")


def said_failed(item: JsonObject) -> bool | None:
    """Whether the item that holds a tool's result says that the tool failed; None if it says neither.

    `status: completed` only says that the item is complete.
    """
    for flag in _FLAGS:
        if isinstance(item.get(flag), bool):
            return bool(item[flag])
    if isinstance(item.get("status"), str) and item["status"] in _FAILED | _FINE:
        return item["status"] in _FAILED
    return _of_content(item.get("content"))


def _of_content(content: Any) -> bool | None:
    """What the content of Anthropic's server tools says."""
    if not isinstance(content, dict):
        return None
    if isinstance(content.get("error_code"), str):
        return True
    return next((content[name] != 0 for name in _EXIT_CODES if type(content.get(name)) is int), None)
