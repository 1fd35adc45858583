"""A stored span gives back what came, to the last attribute, and is stored once however often its messages are sent."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from sessions_app.content.array_memory import ArrayMemory
from sessions_app.wire import genai, otlp
from tests.wire.genai.captures import FILES, FOLDERS, RECEIVED, items_of, record_of, records_of
from tests.wire.genai.spans import item


@pytest.mark.parametrize("file", FILES)
def test_what_came_comes_back(file: str) -> None:
    memory = ArrayMemory()
    for raw in items_of(file):
        stored = otlp.read_log(raw, RECEIVED, "generated", memory).document.joined()
        assert json.loads(genai.item_bytes(stored)) == json.loads(raw)
        assert json.loads(genai.documents_of(stored).log) == json.loads(raw)


@pytest.mark.parametrize("file", FILES)
def test_a_stored_span_read_again_is_the_same(file: str) -> None:
    for raw in items_of(file):
        stored = record_of(raw).document.joined()
        again = record_of(stored)
        assert again.document.joined() == stored
        assert again.document.input.digests == record_of(raw).document.input.digests


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_history_is_stored_once(folder: str) -> None:
    """Of two requests of one conversation, the later one begins with the parts of the earlier one."""
    turns = sorted(
        (record for record, file in records_of(folder).values() if "three-turns" in file and record.kind == "llm"),
        key=lambda record: record.started_at,
    )
    assert len(turns) >= 2
    for before, after in itertools.pairwise(turns):
        digests = before.document.input.digests
        if len(after.document.input) > len(digests):
            assert after.document.input.digests[: len(digests)] == digests


MESSAGES = [{"role": "user", "parts": [{"type": "text", "content": "Grüße, \u0000 “you” \U0001f98a"}]}]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(MESSAGES),
        json.dumps(MESSAGES, ensure_ascii=False),
        json.dumps(MESSAGES, separators=(",", ":")),
        json.dumps(MESSAGES, indent=2),
        json.dumps(MESSAGES).replace("[{", "[ {", 1),
        json.dumps(MESSAGES) + " ",
        json.dumps({"messages": MESSAGES, "temperature": 0.20, "größe": 1}, ensure_ascii=False),
        '[{"role": "user", "parts": []},{"role": "user", "parts": []}, {"role": "user", "parts": []}]',
        '{"messages": [], "messages": [{"role": "user", "content": "twice"}]}',
        '{"a": 1e400, "b": 123456789012345678901234567890, "messages": [{"role": "user", "content": "x"}]}',
        "[]",
        "{}",
        "[[[{}]]]",
        "[1, 2]",
        "[null]",
        '["a", "b"]',
        "[{}",
        "{not json}",
        '"quoted"',
        '"not quoted',
        "",
        "plain",
    ],
)
@pytest.mark.parametrize(
    "name",
    [
        "gen_ai.input.messages",
        "gen_ai.output.messages",
        "gen_ai.system_instructions",
        "gen_ai.tool.definitions",
        "my.own",
    ],
)
def test_any_text_comes_back(name: str, text: str) -> None:
    raw = item({"gen_ai.operation.name": "chat", name: text, "long": text + "x" * 600})
    stored = record_of(raw).document.joined()
    assert json.loads(genai.item_bytes(stored)) == json.loads(raw)


def test_messages_in_an_odd_style_are_messages_all_the_same() -> None:
    record = record_of(item({"gen_ai.operation.name": "chat", "gen_ai.input.messages": json.dumps(MESSAGES, indent=2)}))
    assert [json.loads(bytes(raw)) for raw in record.document.input.contents] == MESSAGES


@pytest.mark.parametrize(
    "attributes",
    [
        {"llm.input_messages.0.message.role": "user", "llm.input_messages.2.message.content": "a gap"},
        {"llm.input_messages.0.message.role": 7, "llm.input_messages.0.message.content": ["a", {"b": None}]},
        {"llm.input_messages.0.message.contents.3.message_content.text": "not the first"},
        {"llm.input_messages.0.message.tool_calls.1.tool_call.id": "no other before"},
        {"llm.input_messages.0.message.unheard.of": True, "llm.input_messages.x.message.role": "no index"},
        {"llm.input_messages": "a text of that name", "llm.input_messages.0.message.role": "user"},
        {"llm.input_messages.0": "no member", "llm.input_messages.00.message.role": "user"},
        {"llm.input_messages.0.message.attributes": {"role": "x"}, "llm.input_messages.0.attributes": 1},
        {"gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.tool_calls.0.name": None, "gen_ai.prompt.1": 5},
        {"gen_ai.completion.0.function_call.name": "f", "gen_ai.completion.0.tool_calls.7.id": "x"},
        {"llm.request.functions.0.name": "f", "llm.request.functions.0.parameters": "{broken"},
        {"llm.request.functions.0.name": "f", "llm.request.functions.0.parameters": '{"type":  "object"}'},
        {"llm.request.functions.0.description": "without a name", "llm.tools.0.tool.json_schema": "[1]"},
        {"llm.tools.0.tool.json_schema": '{"name":  "odd space"}', "llm.tools.1.tool.json_schema": "{}"},
        {"ai.operationId": "ai.generateText.doGenerate", "ai.response.toolCalls": "[broken", "ai.response.text": ""},
        {"ai.operationId": "ai.generateText.doGenerate", "ai.response": "taken", "ai.response.text": "an answer"},
        {"ai.operationId": "ai.embed.doEmbed", "ai.values": ['"a"', "broken", 5], "ai.prompt.tools": ["{}", "[]"]},
        {
            "unfolded": {"gen_ai.input.messages": 2},
            "gen_ai.input.messages": [{"role": "user", "content": "structured"}],
        },
    ],
)
def test_attributes_of_any_kind_come_back(attributes: dict[str, Any]) -> None:
    raw = item({"openinference.span.kind": "LLM"} | attributes)
    stored = record_of(raw).document.joined()
    assert json.loads(genai.item_bytes(stored)) == json.loads(raw)


def test_events_of_any_kind_come_back() -> None:
    events = [
        {
            "name": "gen_ai.user.message",
            "timeUnixNano": "1",
            "attributes": {"content": '[{"text":  "odd"}]', "role": "x"},
        },
        {"name": "gen_ai.tool.message", "timeUnixNano": "2", "attributes": {"id": "call", "message": "taken"}},
        {"name": "gen_ai.choice", "timeUnixNano": "3", "attributes": {"message": "{broken", "choice": 5}},
        {"name": "gen_ai.choice", "timeUnixNano": "3", "attributes": {}},
        {"name": "exception", "timeUnixNano": "4", "attributes": {"exception.stacktrace": "x" * 1000}},
        {"name": 5},
    ]
    raw = item({"gen_ai.operation.name": "chat"}, events=events)
    stored = record_of(raw).document.joined()
    assert json.loads(genai.item_bytes(stored)) == json.loads(raw)
