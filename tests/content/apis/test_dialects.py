"""Messages of telemetry and frameworks read as those of an API."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sessions_app.content.blocks import (
    ContentBlock,
    MediaBlock,
    ReasoningBlock,
    TextBlock,
    ToolCallBlock,
    ToolResultBlock,
)
from sessions_app.content.messages import message_of


def blocks_of(value: dict[str, Any]) -> list[ContentBlock]:
    """The blocks of a message; of a tool result only its text, not the inner blocks it is made of."""
    return [
        replace(block, blocks=()) if isinstance(block, ToolResultBlock) else block for block in message_of(value).blocks
    ]


def call(arguments: str) -> ToolCallBlock:
    return ToolCallBlock("f", arguments, "c")


def result(text: str) -> ToolResultBlock:
    return ToolResultBlock("c", text)


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"type": "text", "content": "hello"}, TextBlock("hello")),
        ({"type": "reasoning", "content": "hm"}, ReasoningBlock("hm")),
        ({"type": "reasoning", "text": "hm"}, ReasoningBlock("hm")),
        ({"type": "tool_call", "id": "c", "name": "f", "arguments": {"a": 1}}, call('{"a": 1}')),
        ({"type": "tool_call", "id": "c", "name": "f", "arguments": '{"a":1}'}, call('{"a":1}')),
        ({"type": "tool_call_response", "id": "c", "response": "ok"}, result("ok")),
        ({"type": "tool_call_response", "id": "c", "result": {"a": 1}}, result('{"a": 1}')),
        ({"type": "tool_call_response", "id": "c", "response": [{"text": "ok"}]}, result("ok")),
        ({"type": "tool-call", "toolCallId": "c", "toolName": "f", "input": {}}, call("{}")),
        (
            {"type": "tool-result", "toolCallId": "c", "output": {"type": "text", "value": "ok"}},
            result("ok"),
        ),
        (
            {"type": "tool-result", "toolCallId": "c", "output": {"type": "json", "value": [1]}},
            result("[1]"),
        ),
        ({"toolUse": {"toolUseId": "c", "name": "f", "input": {"a": 1}}}, call('{"a": 1}')),
        ({"toolResult": {"toolUseId": "c", "content": [{"text": "ok"}]}}, result("ok")),
        ({"toolResult": {"toolUseId": "c", "content": [{"json": {"a": 1}}]}}, result('{"a": 1}')),
        ({"reasoningContent": {"reasoningText": {"text": "hm"}}}, ReasoningBlock("hm")),
    ],
)
def test_blocks(part: dict[str, Any], expected: ContentBlock) -> None:
    for member in ("parts", "content"):
        assert blocks_of({"role": "assistant", member: [part]}) == [expected]


def test_a_tools_message_that_names_its_call_inside() -> None:
    part = {"type": "tool_call_response", "id": "c", "response": "ok"}
    assert blocks_of({"role": "tool", "parts": [part]}) == [result("ok")]


def test_a_failed_tool() -> None:
    failed = {"type": "tool-result", "toolCallId": "c", "output": {"type": "error-text", "value": "no"}}
    (block,) = message_of({"role": "tool", "content": [failed]}).blocks
    assert isinstance(block, ToolResultBlock)
    assert block.is_error is True


@pytest.mark.parametrize(
    "sent",
    [
        {"name": "f", "args": {"a": 1}, "id": "c", "type": "tool_call"},
        {"toolName": "f", "input": {"a": 1}, "toolCallId": "c"},
    ],
)
def test_tool_calls_beside_the_content(sent: dict[str, Any]) -> None:
    assert blocks_of({"role": "assistant", "content": "", "tool_calls": [sent]}) == [call('{"a": 1}')]


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
    assert (message.role, message.blocks) == ("assistant", [TextBlock("hello")])


def test_an_image_by_its_bytes() -> None:
    (block,) = message_of(
        {"role": "user", "parts": [{"type": "blob", "mime_type": "image/jpeg", "content": "aGk="}]}
    ).blocks
    assert block == MediaBlock("image", "data:image/jpeg;base64,aGk=", "image/jpeg")


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


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            {"role": "user", "blocks": [{"block_type": "text", "text": "hi"}], "additional_kwargs": {}},
            ("user", [TextBlock("hi")]),
        ),
        (
            {"message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop", "index": 0},
            ("assistant", [TextBlock("hi")]),
        ),
        (
            {
                "content": {"parts": [{"text": "hm", "thought": True}, {"text": "hi"}], "role": "model"},
                "partial": False,
            },
            ("assistant", [ReasoningBlock("hm"), TextBlock("hi")]),
        ),
    ],
)
def test_messages_of_frameworks(message: dict[str, Any], expected: tuple[str, list[ContentBlock]]) -> None:
    read = message_of(message, "user")
    assert (read.role, read.blocks) == expected


def test_a_recording_of_pydantic_ai() -> None:
    part = {"type": "binary", "media_type": "audio/wav", "content": "UklGRiQAAABXQVZF"}
    (found,) = blocks_of({"role": "user", "parts": [part]})
    assert isinstance(found, MediaBlock)
    assert (found.modality, found.media_type) == ("audio", "audio/wav")
