"""Messages of telemetry and frameworks read as those of an API."""

from __future__ import annotations

from typing import Any

import pytest

from sessions_app.content.blocks import IMAGE, REASONING, TEXT, TOOL_CALL, TOOL_RESULT
from sessions_app.content.messages import message_of


def kinds(value: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    return [(block.type, block.text, block.id, block.name) for block in message_of(value).blocks]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"type": "text", "content": "hello"}, (TEXT, "hello", "", "")),
        ({"type": "reasoning", "content": "hm"}, (REASONING, "hm", "", "")),
        ({"type": "reasoning", "text": "hm"}, (REASONING, "hm", "", "")),
        ({"type": "tool_call", "id": "c", "name": "f", "arguments": {"a": 1}}, (TOOL_CALL, '{"a": 1}', "c", "f")),
        ({"type": "tool_call", "id": "c", "name": "f", "arguments": '{"a":1}'}, (TOOL_CALL, '{"a":1}', "c", "f")),
        ({"type": "tool_call_response", "id": "c", "response": "ok"}, (TOOL_RESULT, "ok", "c", "")),
        ({"type": "tool_call_response", "id": "c", "result": {"a": 1}}, (TOOL_RESULT, '{"a": 1}', "c", "")),
        ({"type": "tool_call_response", "id": "c", "response": [{"text": "ok"}]}, (TOOL_RESULT, "ok", "c", "")),
        ({"type": "tool-call", "toolCallId": "c", "toolName": "f", "input": {}}, (TOOL_CALL, "{}", "c", "f")),
        (
            {"type": "tool-result", "toolCallId": "c", "output": {"type": "text", "value": "ok"}},
            (TOOL_RESULT, "ok", "c", ""),
        ),
        (
            {"type": "tool-result", "toolCallId": "c", "output": {"type": "json", "value": [1]}},
            (TOOL_RESULT, "[1]", "c", ""),
        ),
        ({"toolUse": {"toolUseId": "c", "name": "f", "input": {"a": 1}}}, (TOOL_CALL, '{"a": 1}', "c", "f")),
        ({"toolResult": {"toolUseId": "c", "content": [{"text": "ok"}]}}, (TOOL_RESULT, "ok", "c", "")),
        ({"toolResult": {"toolUseId": "c", "content": [{"json": {"a": 1}}]}}, (TOOL_RESULT, '{"a": 1}', "c", "")),
        ({"reasoningContent": {"reasoningText": {"text": "hm"}}}, (REASONING, "hm", "", "")),
    ],
)
def test_blocks(part: dict[str, Any], expected: tuple[str, str, str, str]) -> None:
    for member in ("parts", "content"):
        assert kinds({"role": "assistant", member: [part]}) == [expected]


def test_a_tools_message_that_names_its_call_inside() -> None:
    part = {"type": "tool_call_response", "id": "c", "response": "ok"}
    assert kinds({"role": "tool", "parts": [part]}) == [(TOOL_RESULT, "ok", "c", "")]


def test_a_failed_tool() -> None:
    failed = {"type": "tool-result", "toolCallId": "c", "output": {"type": "error-text", "value": "no"}}
    (block,) = message_of({"role": "tool", "content": [failed]}).blocks
    assert block.is_error


@pytest.mark.parametrize(
    "call",
    [
        {"name": "f", "args": {"a": 1}, "id": "c", "type": "tool_call"},
        {"toolName": "f", "input": {"a": 1}, "toolCallId": "c"},
    ],
)
def test_tool_calls_beside_the_content(call: dict[str, Any]) -> None:
    assert kinds({"role": "assistant", "content": "", "tool_calls": [call]}) == [(TOOL_CALL, '{"a": 1}', "c", "f")]


@pytest.mark.parametrize(
    "value",
    [
        {"type": "ai", "content": "hello"},
        {"type": "ai", "data": {"content": "hello", "type": "ai"}},
        {
            "lc": 1,
            "type": "constructor",
            "id": ["langchain", "AIMessage"],
            "kwargs": {"type": "ai", "content": "hello"},
        },
    ],
)
def test_messages_of_langchain(value: dict[str, Any]) -> None:
    message = message_of(value)
    assert (message.role, [block.text for block in message.blocks]) == ("assistant", ["hello"])


def test_an_image_by_its_bytes() -> None:
    (block,) = message_of(
        {"role": "user", "parts": [{"type": "blob", "mime_type": "image/jpeg", "content": "aGk="}]}
    ).blocks
    assert (block.type, block.url) == (IMAGE, "data:image/jpeg;base64,aGk=")


@pytest.mark.parametrize("odd", [None, 5, [], {}, {"type": []}, [{}], {"a": {"b": 1}}])
def test_odd_values_never_raise(odd: Any) -> None:
    for name in (
        "type",
        "id",
        "name",
        "arguments",
        "response",
        "output",
        "toolUse",
        "toolResult",
        "data",
        "kwargs",
        "lc",
    ):
        for kind in ("tool_call", "tool-result", "tool_call_response", "blob", "uri", "text", "ai"):
            message_of({"role": "tool", "content": [{"type": kind, name: odd}], "tool_calls": [{name: odd}]})
            message_of({"type": kind, name: odd})
