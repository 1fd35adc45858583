"""How a tool's result went."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sessions_app.content.blocks import OtherBlock, ToolCallBlock, ToolResultBlock
from sessions_app.content.messages import message_of
from sessions_app.content.outcomes import Outcome, outcome_of, said_failed


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


@pytest.mark.parametrize(
    ("commands", "codes", "status"),
    [
        (["ls", "grep x f"], [0, 1], "ok"),
        (["grep x f"], [1], "ok"),
        (["grep x f"], [2], "error"),
        (["grep x f", "make"], [0, 1], "error"),
        (["make", "grep x f"], [1, 1], "error"),
    ],
)
def test_a_search_of_the_providers_shell_that_found_nothing(commands: list[str], codes: list[int], status: str) -> None:
    outputs = [{"stdout": "", "stderr": "", "outcome": {"type": "exit", "exit_code": code}} for code in codes]
    message = message_of({"type": "shell_call_output", "call_id": "c", "output": outputs})
    (result,) = [block for block in message.blocks if isinstance(block, ToolResultBlock)]
    call = ToolCallBlock("shell", json.dumps({"commands": commands}), "c")
    assert outcome_of(result, call).status == status
    assert outcome_of(result).status == "error"


@pytest.mark.parametrize(
    ("item", "is_error"),
    [
        ({"type": "apply_patch_call_output", "status": "completed"}, False),
        ({"type": "apply_patch_call_output", "status": "failed", "output": "no"}, True),
        ({"type": "mcp_call", "status": "completed", "error": None, "output": "x"}, False),
        ({"type": "mcp_call", "status": "completed", "error": "gone"}, True),
        ({"type": "web_search_call", "status": "failed"}, True),
        ({"type": "shell_call_output", "output": [{"stdout": "", "outcome": {"type": "exit", "exit_code": 1}}]}, True),
        ({"type": "shell_call_output", "output": [{"stdout": "", "outcome": {"type": "exit", "exit_code": 0}}]}, False),
        ({"type": "shell_call_output", "output": [{"stdout": "", "outcome": {"type": "timeout"}}]}, True),
        ({"outcome": "OUTCOME_OK", "output": "4"}, False),
        ({"outcome": "Outcome.OUTCOME_FAILED", "output": "x"}, True),
        ({"outcome": "OUTCOME_DEADLINE_EXCEEDED"}, True),
        ({"outcome": "OUTCOME_UNSPECIFIED"}, None),
        ({"output": {"content": "x", "success": False}}, None),
        ({"success": False}, True),
        ({"success": "false"}, None),
        ({"isError": False, "content": []}, False),
        ({"type": "tool_search_tool_result", "content": {"error_code": "unavailable"}}, True),
        ({"content": [{"type": "text", "text": "error_code"}]}, None),
        ({"output": {"exit_code": True}}, None),
        ({"state": "output-error", "errorText": "x"}, True),
        ({"status": {"error": 1}, "outcome": [[]], "output": {"type": []}, "content": 4}, None),
        ({}, None),
    ],
)
def test_what_an_item_says(item: dict[str, Any], is_error: bool | None) -> None:
    assert said_failed(item) is is_error


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        (ToolResultBlock("c", "x", is_error=True), Outcome("error")),
        (ToolResultBlock("c", "Error: x", is_error=False), Outcome("ok")),
        (ToolResultBlock("c", "Error: x"), Outcome("looks_failed", "begins with “Error:”")),
        (ToolResultBlock("c", "x"), Outcome("unknown")),
        (ToolResultBlock("c", blocks=[OtherBlock({"error": "x"})]), Outcome("looks_failed", "its JSON has “error”")),
        (ToolResultBlock("c", blocks=[OtherBlock(["error"])]), Outcome("unknown")),
    ],
)
def test_how_a_result_went(result: ToolResultBlock, outcome: Outcome) -> None:
    assert outcome_of(result) == outcome
