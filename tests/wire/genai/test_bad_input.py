"""Spans that say nothing sensible are kept all the same, and what was wrong with them is named."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.records import KINDS, Usage
from sessions_app.wire import genai
from tests.wire.genai.captures import FILES, RECEIVED, items_of
from tests.wire.genai.spans import item, read, record

CHAT = {"gen_ai.operation.name": "chat"}
NAMES = {
    name for file in FILES for raw in items_of(file) for name in json.loads(raw).get("span", {}).get("attributes", ())
}
ODD = (None, True, -1, 2**70, 1.5, "", "\x00", "{", "[", '{"a":', [], {}, [None], [[]], {"a": {"b": []}}, ["x"] * 3)


def test_a_span_of_nothing() -> None:
    raw = json.dumps({"span": {}}).encode()
    found = genai.record_of(json.loads(raw), raw, RECEIVED, "generated")
    assert (found.kind, found.started_at, found.ended_at) == ("other", RECEIVED, None)
    assert found.dedupe_key == found.request_id == "generated"
    assert "the span has no start time: the time of receipt is used" in found.problems


@pytest.mark.parametrize("span", [{"attributes": 5}, {"events": "x"}, {"events": [5, {}]}, {"status": []}, {"name": 5}])
def test_members_of_other_kinds(span: dict[str, Any]) -> None:
    whole = json.loads(item({}))
    raw = json.dumps(whole | {"span": whole["span"] | span}).encode()
    assert json.loads(genai.item_bytes(read(raw).document.joined())) == json.loads(raw)


def test_times_of_zero_are_unknown() -> None:
    found = record(CHAT, startTimeUnixNano="0", endTimeUnixNano="0")
    assert (found.started_at, found.ended_at) == (RECEIVED, None)
    assert "the span has no end time" in found.problems


def test_an_end_before_the_start_is_named() -> None:
    assert "ends before it starts" in record(CHAT, endTimeUnixNano="1795374243000000000").time_problems


def test_attributes_of_the_wrong_kind_are_unknown_and_named() -> None:
    attributes = {
        "gen_ai.usage.input_tokens": "many",
        "gen_ai.request.model": {"a": 1},
        "gen_ai.usage.output_tokens": -3,
    }
    found = record(CHAT | attributes)
    assert found.usage == Usage()
    assert found.requested_model == ""
    for name in attributes:
        assert any(text.startswith(name) for text in found.problems)


@pytest.mark.parametrize("text", ['[{"role": "user"]]', "[{'role': 'user', oh]", '{"role" "user"}', "[Note: the user"])
def test_broken_json_is_kept_as_text_and_named(text: str) -> None:
    found = record(CHAT | {"gen_ai.input.messages": text})
    assert found.problems == ("gen_ai.input.messages is broken JSON and kept as text",)
    assert [json.loads(bytes(raw)) for raw in found.document.input.contents] == [text]


LONG = [
    {"role": "system", "parts": [{"type": "text", "content": "Be brief"}]},
    {"role": "user", "parts": [{"type": "text", "content": 'a "quoted" \\ lake \u00e9 \U0001f600', "n": 12.5}]},
]


@pytest.mark.parametrize("ascii_only", [True, False])
def test_messages_that_were_cut_are_read_as_far_as_they_go(ascii_only: bool) -> None:
    whole = json.dumps(LONG, ensure_ascii=ascii_only)
    first = len(json.dumps(LONG[:1]))
    for end in range(first, len(whole)):
        raw = item(CHAT | {"gen_ai.input.messages": whole[:end], "gen_ai.system_instructions": "x"})
        found = read(raw)
        assert [text for text in found.problems if f"was cut after {end} characters" in text]
        messages = [json.loads(bytes(part)) for part in found.document.input.contents]
        assert messages[0] == LONG[0]
        assert json.loads(genai.item_bytes(found.document.joined())) == json.loads(raw)
    assert messages[1]["parts"][0]["content"] == LONG[1]["parts"][0]["content"]  # type: ignore[index]


def test_messages_that_python_wrote_are_read() -> None:
    text = "[{'role': 'user', 'content': 'It\\'s a lake', 'name': None}]"
    found = record(CHAT | {"openinference.span.kind": "LLM", "input.value": text})
    assert found.problems == ()
    assert [json.loads(bytes(raw)) for raw in found.document.input.contents] == [
        {"role": "user", "content": "It's a lake", "name": None}
    ]


def test_what_the_sdk_dropped_is_named() -> None:
    found = record(CHAT, droppedAttributesCount=216, droppedEventsCount=1)
    assert "the SDK dropped 216 attributes of this span" in found.problems
    assert "the SDK dropped 1 events of this span" in found.problems


def test_problems_of_the_body_are_kept() -> None:
    raw = json.dumps(json.loads(item(CHAT)) | {"problems": ["span.kind: 99 is no kind", 5]}).encode()
    assert read(raw).problems == ("span.kind: 99 is no kind",)


def test_text_that_the_database_refuses_is_replaced() -> None:
    found = record(CHAT | {"gen_ai.request.model": "a\x00b", "session.id": "s\x00", "user.id": "u\x00"}, name="n\x00")
    assert (found.requested_model, found.claim.key) == ("a\ufffdb", "s\ufffd")
    assert (found.end_user, found.name) == ("u\ufffd", "n\ufffd")


@pytest.mark.parametrize("value", ODD)
def test_no_attribute_of_any_library_can_stop_a_span(value: Any) -> None:
    kinds = ({"openinference.span.kind": "LLM"}, {"langfuse.observation.type": "generation"}, CHAT)
    kinds = (*kinds, {"ai.operationId": "ai.generateText.doGenerate", "litellm.call_id": "x"})
    for number, name in enumerate(sorted(NAMES)):
        raw = item(kinds[number % 4] | {name: value})
        found = read(raw)
        assert found.kind in KINDS
        stored = found.document.joined()
        assert json.loads(genai.item_bytes(stored)) == json.loads(raw)
        genai.documents_of(stored)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
attribute_names = st.sampled_from(
    [
        "gen_ai.input.messages",
        "llm.input_messages.0.message.content",
        "ai.prompt.messages",
        "langfuse.observation.input",
    ]
)


@given(st.dictionaries(attribute_names, json_values | json_values.map(json.dumps), max_size=4), st.booleans())
def test_whatever_attributes_hold_comes_back(attributes: dict[str, Any], is_llm: bool) -> None:
    raw = item(({"openinference.span.kind": "LLM"} if is_llm else CHAT) | attributes)
    stored = read(raw).document.joined()
    assert json.loads(genai.item_bytes(stored)) == json.loads(raw)
    genai.documents_of(stored)
