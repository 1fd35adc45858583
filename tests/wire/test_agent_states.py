"""What agents return as their state, and messages as LangChain serialises them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions_app.content.blocks import Message, ToolCallBlock, ToolResultBlock, text_of
from sessions_app.content.messages import message_of, read_message
from sessions_app.records import Record, Usage
from sessions_app.wire import native

NOW = datetime(2026, 11, 20, tzinfo=UTC)
CALL = {"name": "weather", "args": {"town": "Aa"}, "id": "call_1", "type": "tool_call"}
COUNTS = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
ENDED = {"finish_reason": "stop", "model_name": "m-1"}


def record(request: Any, response: Any, **more: Any) -> Record:
    raw = json.dumps({"request_id": "r", "request": request, "response": response} | more).encode()
    found = native.read_log(raw, NOW, "made-up")
    assert json.loads(found.document.joined()) == json.loads(raw)
    return found


def asked(found: Record) -> list[Message]:
    return [read_message(raw) for raw in found.document.input.contents]


def answered(found: Record) -> list[Message]:
    return [read_message(raw, "assistant") for raw in found.document.output.contents]


def told(messages: list[Message]) -> list[tuple[str, str]]:
    return [(message.role, "".join(map(text_of, message.blocks))) for message in messages]


def plain(kind: str, **members: Any) -> dict[str, Any]:
    return {"type": kind, "id": f"{kind}-1"} | members


def as_dict(kind: str, **members: Any) -> dict[str, Any]:
    return {"type": kind, "data": members}


def serialised(kind: str, **members: Any) -> dict[str, Any]:
    name = {"human": "HumanMessage", "ai": "AIMessage", "tool": "ToolMessage", "system": "SystemMessage"}[kind]
    return {"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", name], "kwargs": members}


def turn(form: Any) -> list[dict[str, Any]]:
    return [
        form("ai", content="", tool_calls=[CALL], usage_metadata=COUNTS),
        form("tool", content="rain", tool_call_id="call_1"),
        form("ai", content="Rain in Aa", usage_metadata=COUNTS, response_metadata=ENDED),
    ]


FORMS = pytest.mark.parametrize("form", [plain, as_dict, serialised])
TURN = [("assistant", '{"town": "Aa"}'), ("tool", "rain"), ("assistant", "Rain in Aa")]


@FORMS
@pytest.mark.parametrize("wrap", [lambda state: state, lambda state: {"output": state}, lambda state: {"data": state}])
def test_what_a_state_has_more_than_the_request_is_the_answer(form: Any, wrap: Any) -> None:
    question = form("human", content="town?")
    found = record({"messages": [{"role": "user", "content": "town?"}]}, wrap({"messages": [question, *turn(form)]}))
    assert told(answered(found)) == TURN
    assert (found.usage, found.finish_reason, found.model) == (Usage(6, 8), "stop", "m-1")
    assert not found.alternative_outputs


@FORMS
def test_a_request_may_end_with_what_tools_returned(form: Any) -> None:
    before = [form("human", content="town?"), *turn(form)[:2]]
    found = record({"messages": before}, {"messages": [*before, turn(form)[2]]})
    assert told(asked(found)) == [("user", "town?"), *TURN[:2]]
    assert told(answered(found)) == TURN[2:]


def test_of_a_longer_history_the_last_turn_is_the_answer() -> None:
    earlier = [plain("human", content="hello"), plain("ai", content="Hi")]
    state = {"messages": [*earlier, plain("human", content="town?"), *turn(plain)]}
    assert told(answered(record({"messages": [{"role": "user", "content": "town?"}]}, state))) == TURN
    assert told(answered(record({"messages": []}, {"messages": [*earlier, plain("human", content="bye")]}))) == []


def test_messages_beside_an_answer_are_not_the_answer() -> None:
    response = {"choices": [{"message": {"content": "Rain"}}], "messages": [{"role": "user", "content": "town?"}]}
    assert told(answered(record({"messages": []}, response))) == [("assistant", "Rain")]


@FORMS
def test_one_message_is_an_answer(form: Any) -> None:
    found = record([[form("human", content="town?")]], turn(form)[2])
    assert told(asked(found)) == [("user", "town?")]
    assert told(answered(found)) == TURN[2:]
    assert (found.usage, found.finish_reason, found.model) == (Usage(3, 4), "stop", "m-1")


def test_a_tool_message_without_a_name_has_none() -> None:
    (block,) = message_of(serialised("tool", content="rain", tool_call_id="call_1", status="error")).blocks
    assert isinstance(block, ToolResultBlock)
    assert (block.name, block.is_error) == ("", True)


def test_a_call_that_stands_in_the_content_and_beside_it_is_one() -> None:
    content = [
        {"type": "text", "text": "I look."},
        {"type": "tool_use", "id": "call_1", "name": "weather", "input": {}},
    ]
    message = message_of(plain("ai", content=content, tool_calls=[CALL, CALL | {"id": "call_2"}]))
    assert [block.id for block in message.blocks if isinstance(block, ToolCallBlock)] == ["call_1", "call_2"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=60)
@given(data=st.data())
def test_wrong_kinds_in_any_place_never_raise(data: st.DataObject) -> None:
    form = data.draw(st.sampled_from([plain, as_dict, serialised]))
    state = json.loads(json.dumps({"messages": [form("human", content="town?"), *turn(form)]}))
    place: Any = state
    while isinstance(place, (dict, list)) and place:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else list(range(len(place)))))
        if data.draw(st.booleans()):
            place[key] = data.draw(JSON)
            break
        place = place[key]
    record({"messages": [{"role": "user", "content": "town?"}]}, state)
    record(state, data.draw(JSON))


@FORMS
@pytest.mark.parametrize("interrupt", [[], [{"__interrupt__": [{"value": "go on?"}]}]])
def test_what_the_nodes_of_a_graph_added_is_the_answer(form: Any, interrupt: list[Any]) -> None:
    ai, tool, last = turn(form)
    one_by_one: list[Any] = [{"agent": {"messages": [ai]}}, {"tools": {"messages": [tool], "n": 1}}, *interrupt]
    found = record({"messages": [form("human", content="town?")]}, [*one_by_one, {"agent": {"messages": last}}])
    assert told(answered(found)) == TURN
    assert (found.usage.input_tokens, found.model) == (6, "m-1")


@FORMS
def test_of_a_list_of_states_the_last_one_counts(form: Any) -> None:
    asked_for = form("human", content="town?")
    states = [{"messages": [asked_for, *turn(form)[:count]]} for count in (0, 1, 3)]
    assert told(answered(record({"messages": [asked_for]}, states))) == TURN


@pytest.mark.parametrize(
    "body", [{"a": {"messages": ["x"]}}, {"a": {"messages": []}}, {"a": {"messages": 7}, "b": 1}, [{"__end__": {}}]]
)
def test_no_update(body: Any) -> None:
    assert answered(record({"messages": []}, body)) == []
