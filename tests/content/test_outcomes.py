"""How a tool's result went."""

from __future__ import annotations

from typing import Any

import pytest

from sessions_app.content.blocks import ToolResultBlock
from sessions_app.content.messages import message_of


def said(message: dict[str, Any]) -> bool | None:
    """What the API says of the result in a message."""
    (found,) = [block for block in message_of(message).blocks if isinstance(block, ToolResultBlock)]
    return found.is_error


def anthropic(**members: Any) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": "x", **members}]}


@pytest.mark.parametrize(
    ("message", "is_error"),
    [
        (anthropic(is_error=True), True),
        (anthropic(is_error=False), False),
        (anthropic(is_error=None), None),
        (anthropic(is_error="yes"), None),
        (anthropic(), None),
        (anthropic(type="mcp_tool_result", is_error=True), True),
        (anthropic(content={"type": "web_search_tool_result_error", "error_code": "unavailable"}), True),
        (anthropic(type="code_execution_tool_result", content={"return_code": 1, "stdout": ""}), True),
        (anthropic(type="code_execution_tool_result", content={"return_code": 0, "stdout": ""}), False),
        ({"role": "tool", "tool_call_id": "c", "content": "x"}, None),
        ({"role": "tool", "tool_call_id": "c", "content": "x", "status": "error"}, True),
        ({"role": "tool", "tool_call_id": "c", "content": "x", "status": "success"}, False),
        ({"role": "user", "content": [{"toolResult": {"toolUseId": "c", "content": [], "status": "error"}}]}, True),
        ({"role": "user", "content": [{"toolResult": {"toolUseId": "c", "content": [], "status": "success"}}]}, False),
        ({"role": "user", "content": [{"toolResult": {"toolUseId": "c", "content": []}}]}, None),
        ({"type": "function_call_output", "call_id": "c", "output": "x", "status": "completed"}, None),
        ({"type": "function_call_output", "call_id": "c", "output": "x", "status": "incomplete"}, True),
        ({"type": "function_call_output", "call_id": "c", "output": "x", "status": ["error"]}, None),
    ],
)
def test_what_the_api_says(message: dict[str, Any], is_error: bool | None) -> None:
    assert said(message) is is_error
