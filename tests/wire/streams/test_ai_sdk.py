"""Streams of the AI SDK in all their forms, and calls of functions whose arguments Vertex AI streams."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sessions_app.content.blocks import CitationsBlock, MediaBlock, TextBlock, ToolCallBlock, ToolResultBlock
from sessions_app.records import StreamNote, Usage
from tests.wire.streams.test_streams import messages, plain, record, said

STEP = {"type": "start-step"}
CALL = {"type": "tool-call", "toolCallId": "call_1", "toolName": "weather", "input": {"town": "Aa"}}
RESULT = {"type": "tool-result", "toolCallId": "call_1", "toolName": "weather", "output": {"sky": "grey"}}


def spoken(*pieces: str, **more: Any) -> list[dict[str, Any]]:
    return [{"type": "text-delta", "id": "0", "text": piece} | more for piece in pieces]


def test_what_the_application_returned_stands_between_two_messages() -> None:
    found = record([STEP, *spoken("I look"), CALL, RESULT, STEP, *spoken("Gr", "ey"), {"type": "finish"}])
    first, result, last = messages(found)
    assert [one.role for one in (first, result, last)] == ["assistant", "tool", "assistant"]
    assert [type(block) for block in first.blocks] == [TextBlock, ToolCallBlock]
    assert isinstance(result.blocks[0], ToolResultBlock)
    assert (result.blocks[0].call_id, json.loads(result.blocks[0].text)) == ("call_1", {"sky": "grey"})
    assert plain(last) == "Grey"
    assert not found.alternative_outputs


def test_tools_of_the_provider_belong_to_the_answer() -> None:
    call, result = ({**part, "providerExecuted": True} for part in (CALL, RESULT))
    (message,) = messages(record([call, result, *spoken("Grey"), {"type": "finish"}]))
    called = message.blocks[0]
    assert isinstance(called, ToolCallBlock)
    assert called.by_provider
    assert message.role == "assistant"
    assert isinstance(message.blocks[1], ToolResultBlock)


@pytest.mark.parametrize(
    "failed",
    [
        {"type": "tool-output-error", "toolCallId": "call_1", "errorText": "no such town"},
        {"type": "tool-error", "toolCallId": "call_1", "toolName": "weather", "error": "no such town"},
    ],
)
def test_a_tool_that_failed(failed: dict[str, Any]) -> None:
    (_, result) = messages(record([CALL, failed, {"type": "finish", "finishReason": "stop"}]))
    (block,) = result.blocks
    assert isinstance(block, ToolResultBlock)
    assert (block.is_error, block.text, block.name) == (True, "no such town", "weather")


def test_sources_and_files() -> None:
    events = [
        *spoken("High at six"),
        {"type": "source-url", "sourceId": "s", "url": "https://a.example", "title": "Tides"},
        {"type": "file", "url": "https://a.example/b.png", "mediaType": "image/png"},
        {"type": "finish", "finishReason": "stop"},
    ]
    (message,) = messages(record(events))
    kinds = {type(block) for block in message.blocks}
    assert kinds == {TextBlock, CitationsBlock, MediaBlock}


def test_texts_of_two_steps_with_the_same_id_are_two() -> None:
    start = {"type": "text-start", "id": "0"}
    (message,) = messages(record([start, *spoken("A", "b"), STEP, start, *spoken("C"), {"type": "finish"}]))
    assert [block.text for block in message.blocks if isinstance(block, TextBlock)] == ["Ab", "C"]


OLD = [
    {"type": "step-start", "messageId": "msg-1", "request": {}, "warnings": []},
    {"type": "reasoning", "textDelta": "It rains."},
    {"type": "text-delta", "textDelta": "Rain "},
    {"type": "text-delta", "textDelta": "in Aa"},
    {"type": "tool-call-streaming-start", "toolCallId": "call_1", "toolName": "weather"},
    {"type": "tool-call-delta", "toolCallId": "call_1", "toolName": "weather", "argsTextDelta": '{"town":'},
    {"type": "tool-call", "toolCallId": "call_1", "toolName": "weather", "args": {"town": "Aa"}},
    {"type": "finish", "finishReason": "tool-calls", "usage": {"promptTokens": 3, "completionTokens": 5}},
]


def test_parts_of_version_4() -> None:
    found = record(OLD)
    assert said(found) == ("It rains.", "Rain in Aa", [("weather", {"town": "Aa"})])
    assert (found.finish_reason, found.usage, found.response_id) == ("tool-calls", Usage(3, 5), "msg-1")


LINES = [
    'f:{"messageId":"msg-1"}',
    'g:"It rains."',
    '0:"Rain "',
    '0:"in Aa"',
    'b:{"toolCallId":"call_1","toolName":"weather"}',
    'c:{"toolCallId":"call_1","argsTextDelta":"{\\"town\\": "}',
    'c:{"toolCallId":"call_1","argsTextDelta":"\\"Aa\\"}"}',
    'e:{"finishReason":"tool-calls","usage":{"promptTokens":3,"completionTokens":5},"isContinued":false}',
    'd:{"finishReason":"tool-calls","usage":{"promptTokens":3,"completionTokens":5}}',
]


@pytest.mark.parametrize("response", ["\n".join(LINES) + "\n", [line + "\n" for line in LINES]])
def test_lines_of_a_data_stream(response: Any) -> None:
    found = record(response)
    assert said(found) == ("It rains.", "Rain in Aa", [("weather", {"town": "Aa"})])
    assert (found.finish_reason, found.usage) == ("tool-calls", Usage(3, 5))
    assert StreamNote.apart(found.problems)[1] == StreamNote(len(LINES))


def test_lines_that_broke_off() -> None:
    found = record("\n".join(LINES[:4])[:-3])
    assert said(found)[1] == "Rain "
    assert StreamNote.apart(found.problems)[1] == StreamNote(3, is_broken_off=True)


@pytest.mark.parametrize(
    "text", ['0:"zero"\n1:"one"', "a: b", '0:"', "f:{}x", '{"type": "finish"}\n{"type": "start"}', 'a:["b"]\nd: e']
)
def test_texts_that_only_look_like_a_data_stream(text: str) -> None:
    found = record(text)
    assert [plain(message) for message in messages(found)] == [text]
    assert found.problems == ()


def test_an_error_fails_the_call() -> None:
    for event in ({"type": "error", "errorText": "Overloaded"}, {"type": "error", "error": {"message": "Overloaded"}}):
        found = record([*spoken("Rain", providerMetadata={}), event])
        assert (found.status, found.error_message, said(found)[1]) == ("error", "Overloaded", "Rain")


# --- Vertex AI ------------------------------------------------------------------------------------------------------


def called(*pieces: dict[str, Any], end: bool = True) -> list[dict[str, Any]]:
    events = [{"candidates": [{"content": {"role": "model", "parts": [{"functionCall": one}]}}]} for one in pieces]
    return [*events, {"candidates": [{"finishReason": "STOP"}]}] if end else events


def piece(path: str, **value: Any) -> dict[str, Any]:
    return {"partialArgs": [{"jsonPath": path} | value], "willContinue": True}


def test_arguments_in_pieces() -> None:
    events = called(
        {"name": "lamp", "id": "fc-1", "willContinue": True},
        piece("$.room", stringValue="kit", willContinue=True),
        piece("$.room", stringValue="chen"),
        piece("$.light.level", numberValue=50),
        piece("$.light['on']", boolValue=True),
        piece("$.tags[0]", stringValue="a"),
        piece("$.tags[1].name", stringValue="b"),
        piece("$.until", nullValue="NULL_VALUE"),
        {},
        {"name": "bell", "args": {"times": 2}},
        {"name": "door", "partialArgs": [{"jsonPath": "$.open", "boolValue": False}]},
    )
    lamp = {"room": "kitchen", "light": {"level": 50, "on": True}, "tags": ["a", {"name": "b"}], "until": None}
    assert said(record(events))[2] == [("lamp", lamp), ("bell", {"times": 2}), ("door", {"open": False})]


def test_arguments_that_broke_off_or_have_odd_paths() -> None:
    events = called(
        {"name": "lamp", "willContinue": True},
        piece("$.tags[7]", stringValue="a"),
        piece("room", stringValue="b"),
        piece("$.x", numberValue=1),
        piece("$.x.y", numberValue=2),
        end=False,
    )
    found = record(events)
    assert said(found)[2] == [("lamp", {"tags": [], "$.tags[7]": "a", "room": "b", "x": 1, "$.x.y": 2})]
    note = StreamNote.apart(found.problems)[1]
    assert note
    assert note.is_broken_off


@pytest.mark.parametrize("odd", [None, 7, "x", [], {}, [7], [{"jsonPath": 7}], [{"jsonPath": "$" + "[0]" * 300}]])
def test_odd_pieces_harm_nothing(odd: Any) -> None:
    record(called({"name": "lamp", "partialArgs": odd, "willContinue": odd}, {"partialArgs": odd}, {}))
