"""Answers that were logged as streams: put together as the API would have answered without one."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions_app.content.blocks import Message, ReasoningBlock, TextBlock, ToolCallBlock, text_of
from sessions_app.content.messages import read_message
from sessions_app.records import Record, StreamNote, Usage
from sessions_app.wire import litellm, native
from tests.wire.streams.spoken import STREAMS, Call, Event, Spoken

NOW = datetime(2026, 11, 20, tzinfo=UTC)
SAID = Spoken(
    ["It ", "rains."], ["Rain ", "in", " Aa"], [Call("weather", ['{"town"', ': "Aa"}'], "call_0123456789abcdef")]
)
EVERY_API = pytest.mark.parametrize("api", STREAMS)


def record(response: Any, **members: Any) -> Record:
    """A log with this response is read, and comes back as it was."""
    log = {"request_id": "r", "request": {"messages": [{"role": "user", "content": "q"}]}, "response": response}
    raw = json.dumps(log | members).encode()
    found = native.read_log(raw, NOW, "made-up")
    assert json.loads(found.document.joined()) == json.loads(raw)
    return found


def messages(found: Record) -> list[Message]:
    return [read_message(bytes(raw), "assistant") for raw in found.document.output.contents]


def said(found: Record) -> tuple[str, str, list[tuple[str, Any]]]:
    """Reasoning, text and calls of an answer."""
    blocks = [block for message in messages(found) for block in message.blocks]
    reasoning = "".join(text_of(block) for block in blocks if isinstance(block, ReasoningBlock))
    text = "".join(text_of(block) for block in blocks if isinstance(block, TextBlock))
    calls = [(block.name, json.loads(block.arguments)) for block in blocks if isinstance(block, ToolCallBlock)]
    return reasoning, text, calls


def server_sent(events: list[Event], line_end: str = "\n", done: bool = False) -> str:
    lines = [f"event: {event.get('type', 'x')}{line_end}data: {json.dumps(event)}{line_end}" for event in events]
    return line_end.join([f": welcome{line_end}", *lines, f"data: [DONE]{line_end}" if done else ""])


@EVERY_API
@pytest.mark.parametrize("form", ["list", "server-sent", "crlf", "lines", "wrapped", "text of a list"])
def test_an_answer_is_put_together(api: str, form: str) -> None:
    events = STREAMS[api](SAID)
    response: Any = {
        "list": events,
        "server-sent": server_sent(events),
        "crlf": server_sent(events, "\r\n"),
        "lines": "\n".join(map(json.dumps, events)) + "\n",
        "wrapped": [{"event": event.get("type"), "data": json.dumps(event)} for event in events],
        "text of a list": json.dumps(events, indent=1),
    }[form]
    found = record(response)
    assert said(found)[1:] == ("Rain in Aa", [("weather", {"town": "Aa"})])
    assert found.usage == Usage(11, 7)
    assert found.finish_reason in ("stop", "completed", "end_turn", "STOP", "COMPLETE")
    assert found.problems == (str(StreamNote(len(events))),)
    assert StreamNote.apart(found.problems) == ((), StreamNote(len(events)))


@EVERY_API
def test_a_stream_that_broke_off_is_shown_as_far_as_it_came(api: str) -> None:
    events = STREAMS[api](Spoken(text=["Rain ", "in", " Aa"]))
    end = next(n for n, event in enumerate(events) if " Aa" in json.dumps(event))
    found = record(events[:end])
    assert said(found)[1] == "Rain in"
    assert StreamNote.apart(found.problems)[1] == StreamNote(end, is_broken_off=True)
    assert found.status == "success"
    assert not found.finish_reason


@EVERY_API
def test_a_text_that_breaks_off_within_an_event(api: str) -> None:
    text = server_sent(STREAMS[api](SAID))
    cut = text[: text.index(" Aa") + 1]
    found = record(cut)
    assert said(found)[1] == "Rain in"
    note = StreamNote.apart(found.problems)[1]
    assert note
    assert note.is_broken_off


def test_the_ids_and_models_of_streams() -> None:
    found = {api: record(make(SAID)) for api, make in STREAMS.items()}
    ids = {api: one.response_id for api, one in found.items()}
    expected = {"chat": "chatcmpl-7", "responses": "resp_7", "anthropic": "msg_7", "gemini": "r-7", "cohere": "co-7"}
    expected |= {"ui messages": "ui-7", "full stream": "fs-7"}
    assert ids == expected | {"bedrock": "", "ollama": ""}
    assert {api for api, one in found.items() if one.model != "m-1"} == {"bedrock", "cohere", "ui messages"}


@EVERY_API
def test_litellm_may_log_events_too(api: str) -> None:
    payload = {"id": "c", "status": "success", "call_type": "acompletion", "model": "m", "messages": []}
    raw = json.dumps(payload | {"response": STREAMS[api](SAID)}).encode()
    found = litellm.read_log(raw, NOW, "made-up")
    assert json.loads(found.document.joined()) == json.loads(raw)
    assert said(found)[1] == "Rain in Aa"


@st.composite
def pieces(draw: st.DrawFn, text: str) -> list[str]:
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=6)))
    found = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    return [piece for piece in found if piece]


TEXTS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=30).filter(str.strip)


@st.composite
def spoken(draw: st.DrawFn) -> tuple[Spoken, tuple[str, str, list[tuple[str, Any]]]]:
    reasoning, text = draw(TEXTS), draw(TEXTS)
    arguments = draw(st.lists(st.dictionaries(TEXTS, TEXTS | st.integers(-9, 9)), max_size=3))
    calls = [Call(f"tool_{n}", draw(pieces(json.dumps(value))), f"call_{n:020}") for n, value in enumerate(arguments)]
    whole = Spoken(draw(pieces(reasoning)), draw(pieces(text)), calls)
    return whole, (reasoning, text, [(f"tool_{n}", value) for n, value in enumerate(arguments)])


@EVERY_API
@settings(max_examples=25)
@given(spoken())
def test_however_an_answer_is_cut_it_is_the_same(api: str, example: tuple[Spoken, Any]) -> None:
    whole, expected = example
    found = said(record(STREAMS[api](whole)))
    assert found[1:] == expected[1:]
    assert api in ("cohere", "ollama", "bedrock") or found[0] == expected[0]


# --- what servers send beside that ------------------------------------------------------------------------------------


def chunk(index: int = 0, reason: str | None = None, **delta: Any) -> Event:
    return {"id": "c", "choices": [{"index": index, "delta": delta, "finish_reason": reason}]}


def test_choices_are_apart() -> None:
    events = [chunk(1, content="B"), chunk(0, content="A"), chunk(1, "stop", content="b"), chunk(0, "stop")]
    found = record(events)
    assert [plain(message) for message in messages(found)] == ["A", "Bb"]
    assert found.alternative_outputs


def plain(message: Message) -> str:
    return "".join(map(text_of, message.blocks))


def test_a_role_and_names_that_come_again_and_again() -> None:
    call = {"index": 0, "id": "call_a", "type": "function", "function": {"name": "f", "arguments": "{"}}
    again = {"index": 0, "id": "call_a", "type": "function", "function": {"name": "f", "arguments": "}"}}
    found = record(
        [
            chunk(role="assistant", tool_calls=[call]),
            chunk(None or 0, "tool_calls", role="assistant", tool_calls=[again]),
        ]
    )
    assert messages(found)[0].role == "assistant"
    assert said(found)[2] == [("f", {})]


def test_whole_calls_that_all_have_index_0_are_several() -> None:
    calls = [{"index": 0, "id": f"call_{n}", "function": {"name": "f", "arguments": f'{{"n": {n}}}'}} for n in range(3)]
    found = record([chunk(tool_calls=[call]) for call in calls] + [chunk(0, "tool_calls")])
    assert said(found)[2] == [("f", {"n": 0}), ("f", {"n": 1}), ("f", {"n": 2})]


FAILED = {"object": "response", "status": "failed", "error": {"code": "server_error", "message": "Overloaded"}}


def test_a_stream_that_ends_with_done_and_no_reason_is_whole() -> None:
    found = record(server_sent([chunk(content="A")], done=True))
    assert StreamNote.apart(found.problems)[1] == StreamNote(1)


@pytest.mark.parametrize(
    ("api", "error"),
    [
        ("anthropic", {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
        ("chat", {"error": {"type": "server_error", "message": "Overloaded"}}),
        ("gemini", {"error": {"code": 503, "message": "Overloaded"}}),
        ("bedrock", {"modelStreamErrorException": {"message": "Overloaded"}}),
        ("ollama", {"error": "Overloaded"}),
        ("responses", {"type": "error", "code": "server_error", "message": "Overloaded"}),
        (
            "responses",
            {
                "type": "response.failed",
                "response": {"status": "failed", "error": {"code": "e", "message": "Overloaded"}},
            },
        ),
    ],
)
def test_an_error_within_a_stream_fails_the_call(api: str, error: Event) -> None:
    events = STREAMS[api](Spoken(text=["Rain ", "in", " Aa"]))
    end = next(n for n, event in enumerate(events) if " Aa" in json.dumps(event))
    found = record([*events[:end], error])
    assert (found.status, found.error_message) == ("error", "Overloaded")
    assert said(found)[1] == "Rain in"
    assert StreamNote.apart(found.problems)[1] == StreamNote(end + 1)


def test_reasoning_details_and_mistrals_parts() -> None:
    details = [{"type": "reasoning.text", "text": text, "index": 0} for text in ("It ", "rains")]
    found = record([chunk(reasoning_details=[detail]) for detail in details] + [chunk(0, "stop", content="A")])
    (raw,) = found.document.output.contents
    assert json.loads(bytes(raw))["reasoning_details"] == [{"type": "reasoning.text", "text": "It rains", "index": 0}]
    thinking = [
        chunk(content=[{"type": "thinking", "thinking": [{"type": "text", "text": t}]}]) for t in ("It ", "rains")
    ]
    (raw,) = record([*thinking, chunk(content="A"), chunk(0, "stop", content="b")]).document.output.contents
    content = json.loads(bytes(raw))["content"]
    assert content == [
        {"type": "thinking", "thinking": [{"type": "text", "text": "It rains"}]},
        {"type": "text", "text": "Ab"},
    ]


def test_completions_of_texts() -> None:
    events = [
        {"object": "text_completion", "choices": [{"index": 0, "text": t, "finish_reason": None}]} for t in ("A", "b")
    ]
    events[-1]["choices"][0]["finish_reason"] = "stop"
    assert plain(messages(record(events))[0]) == "Ab"


def test_anthropics_citations_and_server_tools() -> None:
    result = {"type": "web_search_result", "url": "https://a.example"}
    blocks: list[tuple[Event, Event]] = [
        (
            {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
            {"type": "input_json_delta", "partial_json": '{"query": "Aa"}'},
        ),
        ({"type": "web_search_tool_result", "tool_use_id": "s", "content": [result]}, {}),
        ({"type": "text", "text": "Rain"}, {"type": "citations_delta", "citation": {"url": "https://a.example"}}),
    ]
    usage = {"input_tokens": 3}
    events: list[Event] = [{"type": "message_start", "message": {"role": "assistant", "content": [], "usage": usage}}]
    for index, (block, delta) in enumerate(blocks):
        events.append({"type": "content_block_start", "index": index, "content_block": block})
        events.append({"type": "content_block_delta", "index": index, "delta": delta})
    events.append({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}})
    found = record(events)
    content = json.loads(bytes(found.document.output.contents[0]))
    assert content[0]["input"] == {"query": "Aa"}
    assert content[1]["content"] == [{"type": "web_search_result", "url": "https://a.example"}]
    assert content[2] == {"type": "text", "text": "Rain", "citations": [{"url": "https://a.example"}]}
    assert found.usage == Usage(3, 5)


def test_surrogates_that_were_cut_apart_are_one_character() -> None:
    raw = rb'{"request_id": "r", "response": [{"choices": [{"delta": {"content": "\ud83d"}}]},'
    raw += rb'{"choices": [{"delta": {"content": "\ude00"}, "finish_reason": "stop"}]}]}'
    found = native.read_log(raw, NOW, "made-up")
    assert [plain(message) for message in messages(found)] == ["\U0001f600"]


# --- what is no stream ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "data: that is what I need",
        "id: 7\nevent: a party",
        '{"a": 1}\n{"b": 2}',
        "[1, 2, 3]",
        ": a colon",
        "data: {}\n\n",
        "[",
        'data: {"choices": 5}',
    ],
)
def test_a_text_that_only_looks_like_a_stream_is_what_was_said(text: str) -> None:
    found = record(text)
    assert [plain(message) for message in messages(found)] == [text]
    assert found.problems == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=8,
)


def test_pieces_come_after_a_value_of_a_wrong_kind() -> None:
    for started, delta in (
        ({"toolUse": None}, {"toolUse": {"input": "{}"}}),
        ({"toolUse": 7}, {"toolUse": [{"text": "A"}]}),
        ({"reasoningContent": "x"}, {"reasoningContent": {"text": "A"}}),
        ({"citationsContent": {"citations": 7}}, {"citation": {"title": "A"}}),
    ):
        record(
            [
                {"messageStart": {"role": "assistant"}},
                {"contentBlockStart": {"start": started, "contentBlockIndex": 0}},
                {"contentBlockDelta": {"delta": delta, "contentBlockIndex": 0}},
            ]
        )


@EVERY_API
@settings(max_examples=25)
@given(data=st.data())
def test_wrong_kinds_in_any_place_never_raise(api: str, data: st.DataObject) -> None:
    events = json.loads(json.dumps(STREAMS[api](SAID)))
    for _ in range(3):
        place: Any = data.draw(st.sampled_from(events))
        while isinstance(place, (dict, list)) and place:
            keys = sorted(place) if isinstance(place, dict) else list(range(len(place)))
            key = data.draw(st.sampled_from(keys))
            if data.draw(st.booleans()):
                place[key] = data.draw(JSON)
                break
            place = place[key]
    record(events)


def test_many_small_events_are_read_in_time_that_stays_in_proportion() -> None:
    def seconds(count: int) -> float:
        events = [
            chunk(tool_calls=[{"index": n % 50, "id": f"c{n}", "function": {"name": "f", "arguments": "x" * 20}}])
            for n in range(count)
        ]
        start = time.thread_time()
        record(events)
        return time.thread_time() - start

    seconds(100)
    assert seconds(8_000) < 32 * seconds(1_000)


@pytest.mark.parametrize("member", ["data", "chunk", "delta", "content", "message", "response"])
def test_deep_events_end(member: str) -> None:
    deep = f'{{"{member}":' * 800 + "1" + "}" * 800
    for event in (
        '{"choices": [{"delta": {"content": [{"type": "text", "text": %s}]}}]}',
        '{"data": %s, "event": "x"}',
    ):
        events = "[" + ",".join([event % deep] * 3) + ', {"choices": [{"delta": {"content": "A"}}]}]'
        raw = b'{"request_id": "r", "response": ' + events.encode() + b"}"
        native.read_log(raw, NOW, "made-up")


def test_a_hostile_text_is_read_once() -> None:
    text = '[{"choices": [{"delta": {"content": "a"}}]}' + '\n{"a":[' * 10_000
    start = time.thread_time()
    record(text)
    record('{"choices": [{"delta": {"content": "a"}}]}' + '\n{"a":[' * 10_000)
    record('{"choices": [{"delta": {"content": "a"}}]}' + "\nx" * 500_000)
    record("{\n" + '"a": 1,\n' * 200_000)
    assert time.thread_time() - start < 10


MISTRAL = [
    {"type": "conversation.response.started", "conversation_id": "conv_1"},
    {"type": "tool.execution.started", "output_index": 0, "id": "te", "name": "web_search", "arguments": ""},
    {"type": "tool.execution.delta", "output_index": 0, "id": "te", "name": "web_search", "arguments": '{"query"'},
    {"type": "tool.execution.delta", "output_index": 0, "id": "te", "name": "web_search", "arguments": ': "tide"}'},
    {"type": "tool.execution.done", "output_index": 0, "id": "te", "name": "web_search", "info": {}},
    *(
        {"type": "message.output.delta", "output_index": 1, "id": "mo", "content": piece, "model": "m-1"}
        for piece in (
            {"type": "thinking", "thinking": [{"type": "text", "text": "It "}]},
            {"type": "thinking", "thinking": [{"type": "text", "text": "ebbs."}]},
            *("High ", "at six"),
            {"type": "tool_reference", "tool": "web_search", "title": "Tides", "url": "https://a"},
        )
    ),
    {"type": "function.call.delta", "output_index": 2, "id": "fc", "name": "f", "tool_call_id": "c", "arguments": "{}"},
    {
        "type": "conversation.response.done",
        "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 12, "connector_tokens": 5},
    },
]


def test_a_conversation_of_mistral() -> None:
    found = record(MISTRAL)
    blocks = [block for message in messages(found) for block in message.blocks]
    assert [text_of(block) for block in blocks if isinstance(block, (TextBlock, ReasoningBlock))][:2] == [
        "It ebbs.",
        "High at six",
    ]
    calls = [block for block in blocks if isinstance(block, ToolCallBlock)]
    assert [(call.name, call.arguments, call.by_provider) for call in calls] == [
        ("web_search", '{"query": "tide"}', True),
        ("f", "{}", False),
    ]
    assert (found.usage, found.model, found.claim.key) == (Usage(8, 4), "m-1", "conv_1")
    assert found.problems == (str(StreamNote(len(MISTRAL))),)
    assert record(MISTRAL[:-2]).problems == (str(StreamNote(len(MISTRAL) - 2, True)),)


def test_a_conversation_of_mistral_that_failed() -> None:
    found = record([*MISTRAL[:2], {"type": "conversation.response.error", "message": "Overloaded", "code": 503}])
    assert (found.status, found.error_message, found.http_status) == ("error", "Overloaded", 503)


def test_the_output_of_a_message_that_broke_off_is_not_counted() -> None:
    start = {"type": "message_start", "message": {"id": "m", "usage": {"input_tokens": 25, "output_tokens": 1}}}
    text = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "High"}}
    end = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 7}}
    assert record([start, text]).usage == Usage(25, None)
    assert record([start, text, end]).usage == Usage(25, 7)


def test_an_exception_of_bedrock_is_named() -> None:
    found = record([{"messageStart": {"role": "assistant"}}, {"throttlingException": {"message": "Too many"}}])
    assert (found.status, found.error_type, found.error_message) == ("error", "throttlingException", "Too many")
