"""Link keys: what a request continues is what an earlier one provides, in every API's shape."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from sessions_app import ids
from sessions_app.content.message_reader import MessageReader
from sessions_app.ingest.links import Links, links_of
from sessions_app.wire import native
from tests.wire.litellm_payloads import a_payload, read, records_of, with_metadata

NOW = datetime(2026, 11, 20, tzinfo=UTC)
PROJECT = uuid.UUID(int=1)


def links(request: Any, response: Any = None, **more: Any) -> Links:
    raw = json.dumps({"request": request, "response": response, **more}).encode()
    return links_of(PROJECT, native.read_log(raw, NOW, "generated"), MessageReader())


def continues(second: Links, first: Links) -> bool:
    # The beginning of a long answer only tells where to look, and the last turns count within a session alone.
    return any(not ids.is_one_of(ids.FOUND_OTHERWISE, one) for one in set(second.needs) & set(first.provides))


def has_said(second: Links, first: Links) -> bool:
    """Whether the second continues the first by what was said, and not only by the id of a tool call."""
    others = (ids.TOOL_CALL, ids.TURNS)
    return any(not ids.is_one_of(others, one) for one in set(second.needs) & set(first.provides))


USER = {"role": "user", "content": "What is 2 + 2?"}
NEXT = {"role": "user", "content": "And 3 + 3?"}
SYSTEM = {"role": "system", "content": "Be brief."}
ID, OTHER_ID = "call_8a0da21d188597253fe3", "call_cb8f76b908f4de6a56ac"


def chat(**message: Any) -> dict[str, Any]:
    """A response of Chat Completions."""
    return {"choices": [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}]}


def answer(**message: Any) -> dict[str, Any]:
    return {"role": "assistant", **message}


def call(arguments: Any = '{"a": 2}', call_id: str | None = ID, name: str = "add", **more: Any) -> dict[str, Any]:
    """A tool call of Chat Completions."""
    ids = {} if call_id is None else {"id": call_id}
    return {**ids, "type": "function", "function": {"name": name, "arguments": arguments}, **more}


def claude(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A response of Anthropic's Messages API."""
    return {"id": "msg_01", "type": "message", "role": "assistant", "content": list(blocks), **more}


def text(said: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": said, **more}


def tool_use(**more: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": "toolu_58e0a71261b20bb5b002", "name": "add", "input": {"a": 2}, **more}


def gemini(*parts: dict[str, Any]) -> dict[str, Any]:
    """A response of Gemini's generateContent."""
    return {"candidates": [{"content": {"role": "model", "parts": list(parts)}, "finishReason": "STOP"}]}


def items(*output: dict[str, Any]) -> dict[str, Any]:
    """A response of the Responses API."""
    return {"id": "resp_1", "object": "response", "status": "completed", "output": list(output)}


def said_item(said: str, **more: Any) -> dict[str, Any]:
    content = [{"type": "output_text", "text": said, "annotations": [], "logprobs": []}]
    return {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": content, **more}


def call_item(**more: Any) -> dict[str, Any]:
    return {"id": "fc_1", "type": "function_call", "call_id": ID, "name": "add", "arguments": '{"a":2}', **more}


REASONING_ITEM = {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "gAAA"}
CALL_IN_CONTENTS = {"functionCall": {"name": "add", "args": {"a": 2}}}

# (name, the answer as its provider returns it, how a client sends it back)
CHAT: list[tuple[str, Any, list[Any]]] = [
    ("string as string", chat(content="4"), [answer(content="4")]),
    ("string as part", chat(content="4"), [answer(content=[text("4")])]),
    ("string as parts", chat(content="4, four"), [answer(content=[text("4, "), text("four")])]),
    ("parts as string", chat(content=[text("4, "), text("four")]), [answer(content="4, four")]),
    ("cache mark", chat(content="4"), [answer(content=[text("4", cache_control={"type": "ephemeral"})])]),
    (
        "members that say nothing",
        chat(content="4", refusal=None, annotations=[], audio=None, tool_calls=None, function_call=None),
        [answer(content="4")],
    ),
    ("empty list of calls", chat(content="4"), [answer(content="4", tool_calls=[], name="bot", refusal="")]),
    ("annotations", chat(content="4", annotations=[{"type": "url_citation"}]), [answer(content="4")]),
    ("white space around", chat(content="\n\n4\n"), [answer(content="4")]),
    ("line ends", chat(content="4\r\nfour"), [answer(content="4\nfour")]),
    ("reasoning", chat(content="4", reasoning_content="2 and 2"), [answer(content="4")]),
    ("reasoning of another name", chat(content="4", reasoning="2 and 2"), [answer(content="4", reasoning="")]),
    ("reasoning within the text", chat(content="<think>2 and 2</think>\n\n4"), [answer(content="4")]),
    ("refusal as member", chat(content=None, refusal="I won't."), [answer(content=None, refusal="I won't.")]),
    (
        "refusal as part",
        chat(content=None, refusal="I won't."),
        [answer(content=[{"type": "refusal", "refusal": "I won't."}])],
    ),
    ("refusal as text", chat(content=None, refusal="I won't."), [answer(content="I won't.")]),
    (
        "refusal where LiteLLM has it",
        chat(content=None, provider_specific_fields={"refusal": "I won't."}),
        [answer(content=None, refusal="I won't.")],
    ),
    (
        "audio by its id",
        chat(content=None, audio={"id": "audio_1", "data": "UklG", "transcript": "Four.", "expires_at": 1}),
        [answer(audio={"id": "audio_1"})],
    ),
    (
        "audio as its transcript",
        chat(content=None, audio={"id": "audio_1", "data": "UklG", "transcript": "Four."}),
        [answer(content="Four.")],
    ),
    ("call, null content", chat(content=None, tool_calls=[call()]), [answer(tool_calls=[call()])]),
    ("call, empty content", chat(content="", tool_calls=[call()]), [answer(content=None, tool_calls=[call()])]),
    ("call, blank content", chat(content="\n\n", tool_calls=[call()]), [answer(content="", tool_calls=[call()])]),
    ("call with index", chat(content=None, tool_calls=[call(index=2)]), [answer(tool_calls=[call()])]),
    ("call without type", chat(tool_calls=[call(type=None)]), [answer(tool_calls=[call()])]),
    (
        "arguments written anew",
        chat(tool_calls=[call('{"b": 1, "a":2}')]),
        [answer(tool_calls=[call('{"a":2,"b":1}')])],
    ),
    ("arguments as object", chat(tool_calls=[call('{"a": 2}')]), [answer(tool_calls=[call({"a": 2})])]),
    ("arguments of JavaScript", chat(tool_calls=[call('{"a": 2.0}')]), [answer(tool_calls=[call('{"a":2}')])]),
    ("escaped arguments", chat(tool_calls=[call('{"a": "\\u00fc"}')]), [answer(tool_calls=[call('{"a": "ü"}')])]),
    ("no arguments", chat(tool_calls=[call("")]), [answer(tool_calls=[call("{}")])]),
    ("call without its id", chat(tool_calls=[call()]), [answer(tool_calls=[call(call_id=None)])]),
    ("call with a short id", chat(tool_calls=[call()]), [answer(tool_calls=[call(call_id="a1b2c3d4e")])]),
    ("id with a signature", chat(tool_calls=[call(call_id=ID + "__thought__Cq")]), [answer(tool_calls=[call()])]),
    ("id behind the tool's name", chat(tool_calls=[call(call_id="add__" + ID)]), [answer(tool_calls=[call()])]),
    ("id of call and item", chat(tool_calls=[call()]), [answer(tool_calls=[call(call_id=ID + "|fc_1")])]),
    (
        "text and calls as two messages",
        chat(content="Let me see.", tool_calls=[call()]),
        [answer(content="Let me see."), answer(tool_calls=[call()])],
    ),
    (
        "calls as a message each",
        chat(tool_calls=[call(), call(call_id=OTHER_ID)]),
        [answer(tool_calls=[call()]), answer(tool_calls=[call(call_id=OTHER_ID)])],
    ),
    (
        "older function call",
        chat(content=None, function_call={"name": "add", "arguments": '{"a":2}'}),
        [answer(content="", function_call={"name": "add", "arguments": '{"a": 2}'})],
    ),
    (
        "thinking of Claude behind a gateway",
        chat(
            content="4",
            reasoning_content="2 and 2",
            thinking_blocks=[{"type": "thinking", "thinking": "2 and 2", "signature": "c2ln"}],
        ),
        [answer(content="4")],
    ),
    (
        "Claude's answer behind a gateway, in its own form",
        chat(content="Let me see.", tool_calls=[call(call_id="toolu_58e0a71261b20bb5b002", index=2)]),
        [answer(content=[{"type": "thinking", "thinking": "…", "signature": "c2ln"}, text("Let me see."), tool_use()])],
    ),
    (
        "Claude's own search behind a gateway",
        chat(content="It is 4.", tool_calls=[call('{"query": "2+2"}', "srvtoolu_01", "web_search")]),
        [
            answer(
                content=[
                    {"type": "server_tool_use", "id": "srvtoolu_01", "name": "web_search", "input": {"query": "2+2"}},
                    {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_01", "content": []},
                    text("It is "),
                    text("4.", citations=[{"type": "web_search_result_location"}]),
                ]
            )
        ],
    ),
]
ANTHROPIC: list[tuple[str, Any, list[Any]]] = [
    ("blocks as string", claude(text("4")), [answer(content="4")]),
    ("blocks as blocks", claude(text("4")), [answer(content=[text("4", cache_control={"type": "ephemeral"})])]),
    ("citations", claude(text("4", citations=None)), [answer(content=[text("4")])]),
    ("cited pieces", claude(text("It is "), text("4", citations=[{}]), text(".")), [answer(content="It is 4.")]),
    (
        "thinking dropped",
        claude({"type": "thinking", "thinking": "…", "signature": "x"}, text("4")),
        [answer(content=[text("4")])],
    ),
    (
        "hidden thinking sent back",
        claude({"type": "redacted_thinking", "data": "Ab"}, text("4")),
        [answer(content=[{"type": "redacted_thinking", "data": "Ab"}, text("4")])],
    ),
    (
        "tool use",
        claude(text("See."), tool_use()),
        [answer(content=[text("See."), tool_use(caller={"type": "direct"})])],
    ),
    (
        "tool use, two messages",
        claude(text("See."), tool_use()),
        [answer(content="See."), answer(content=[tool_use()])],
    ),
    ("tool use, id dropped", claude(tool_use()), [answer(content=[tool_use(id="t1")])]),
    ("trailing white space", claude(text("4 \n")), [answer(content="4")]),
]
GEMINI: list[tuple[str, Any, list[Any]]] = [
    ("text", gemini({"text": "4"}), [{"role": "model", "parts": [{"text": "4"}]}]),
    ("streamed pieces", gemini({"text": "It "}, {"text": "is 4"}), [{"role": "model", "parts": [{"text": "It is 4"}]}]),
    (
        "thoughts and signatures",
        gemini({"text": "Hm.", "thought": True}, {"text": "4", "thoughtSignature": "Cq"}, {"thoughtSignature": "Cr"}),
        [{"role": "model", "parts": [{"text": "4"}]}],
    ),
    (
        "call with a signature",
        gemini(CALL_IN_CONTENTS | {"thoughtSignature": "Cq"}),
        [{"role": "model", "parts": [CALL_IN_CONTENTS]}],
    ),
    (
        "call with an id",
        gemini({"functionCall": {"id": "function-call-1183", "name": "add", "args": {"a": 2}}}),
        [{"role": "model", "parts": [CALL_IN_CONTENTS]}],
    ),
    (
        "older names",
        gemini(CALL_IN_CONTENTS),
        [{"role": "model", "parts": [{"function_call": {"name": "add", "args": {"a": 2.0}}}]}],
    ),
]
RESPONSES: list[tuple[str, Any, list[Any]]] = [
    ("item as item", items(said_item("4")), [said_item("4")]),
    ("item as message", items(said_item("4")), [answer(content="4")]),
    (
        "item without id",
        items(said_item("4", phase=None)),
        [answer(type="message", content=[{"type": "output_text", "text": "4"}])],
    ),
    ("reasoning dropped", items(REASONING_ITEM, said_item("4")), [answer(content="4")]),
    ("reasoning sent back", items(REASONING_ITEM, said_item("4")), [REASONING_ITEM, said_item("4")]),
    ("call", items(REASONING_ITEM, call_item()), [call_item(id=None, status="completed")]),
    ("call written anew", items(call_item()), [call_item(arguments='{"a": 2}', namespace=None)]),
    ("text and call", items(said_item("See."), call_item()), [answer(content="See."), call_item()]),
    (
        "text and call as one message",
        items(said_item("See."), call_item()),
        [answer(content="See.", tool_calls=[call()])],
    ),
    ("two texts as one", items(said_item("First. "), said_item("Then.", id="msg_2")), [answer(content="First. Then.")]),
    ("by reference", items(REASONING_ITEM, said_item("4")), [{"type": "item_reference", "id": "msg_1"}]),
    (
        "by reference, all items",
        items(REASONING_ITEM, said_item("See."), call_item()),
        [{"type": "item_reference", "id": name} for name in ("rs_1", "msg_1", "fc_1")],
    ),
    (
        "tools of the provider",
        items(
            {"type": "mcp_list_tools", "id": "mcpl_1", "server_label": "x", "tools": []},
            {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"query": "2+2"}},
            said_item("4"),
        ),
        [answer(content="4")],
    ),
    (
        "generated image by its id",
        items({"type": "image_generation_call", "id": "ig_1", "result": "iVBOR", "status": "completed"}),
        [{"type": "image_generation_call", "id": "ig_1"}],
    ),
    ("chat completion of a bridge", chat(content="See.", tool_calls=[call()]), [answer(content="See."), call_item()]),
]
PAIRS = [
    pytest.param(body, response, history, id=f"{api}: {name}")
    for api, body, pairs in (
        ("chat", {"messages": [SYSTEM, USER]}, CHAT),
        ("anthropic", {"system": "Be brief.", "messages": [USER]}, ANTHROPIC),
        ("gemini", {"contents": [{"role": "user", "parts": [{"text": "What is 2 + 2?"}]}]}, GEMINI),
        ("responses", {"instructions": "Be brief.", "input": [USER]}, RESPONSES),
    )
    for name, response, history in pairs
]


def member_of(body: dict[str, Any]) -> str:
    return next(key for key in ("messages", "contents", "input") if key in body)


def sent_back(body: dict[str, Any], history: list[Any], *added: Any) -> dict[str, Any]:
    """The next request: the whole conversation and something new."""
    member = member_of(body)
    return body | {member: [*body[member], *history, *(added or (NEXT,))]}


@pytest.mark.parametrize(("body", "response", "history"), PAIRS)
def test_answer_sent_back_is_recognised(body: dict[str, Any], response: Any, history: list[Any]) -> None:
    first = links(body, response)
    second = links(sent_back(body, history))
    assert continues(second, first)
    assert second.resent_count == len(body[member_of(body)]) + len(history)


@pytest.mark.parametrize(("body", "response", "history"), PAIRS)
def test_answer_sent_back_is_recognised_behind_a_proxy(body: dict[str, Any], response: Any, history: list[Any]) -> None:
    second = sent_back(body, history)
    assert continues(proxied(second), proxied(body, response))


@pytest.mark.parametrize(("body", "response", "history"), PAIRS)
def test_a_turn_in_the_middle_is_recognised_too(body: dict[str, Any], response: Any, history: list[Any]) -> None:
    """The second answer follows a history that was sent back in another form than it came."""
    second = sent_back(body, history)
    third = sent_back(second, [answer(content="6")])
    assert continues(links(third), links(second, chat(content="6")))
    # Its own answer was not logged, so what the input begins with up to the answer before tells.
    assert continues(links(third), links(body, response))


def proxied(body: dict[str, Any], response: Any = None) -> Links:
    """The links of a request as LiteLLM logs it."""
    payload = a_payload(messages=body[member_of(body)], response=response or {}, id="id-1", model_parameters={})
    return links_of(PROJECT, read(payload), MessageReader())


# (name, the answer as it was returned, the history of another conversation)
OTHERS: list[tuple[str, Any, list[Any]]] = [
    ("another answer", chat(content="4"), [answer(content="5")]),
    ("more text", chat(content="4"), [answer(content="4 4")]),
    ("less text", chat(content="4, four"), [answer(content="4")]),
    ("other case", chat(content="Four"), [answer(content="four")]),
    ("white space within", chat(content="a b"), [answer(content="ab")]),
    ("another role", chat(content="4"), [{"role": "user", "content": "4"}, answer(content="x")]),
    ("a call more", chat(content="4"), [answer(content="4", tool_calls=[call()])]),
    ("a call less", chat(content="4", tool_calls=[call()]), [answer(content="4")]),
    ("another tool", chat(tool_calls=[call()]), [answer(tool_calls=[call(name="subtract")])]),
    ("other arguments", chat(tool_calls=[call()]), [answer(tool_calls=[call('{"a": 3}')])]),
    ("a fraction", chat(tool_calls=[call('{"a": 2}')]), [answer(tool_calls=[call('{"a": 2.5}')])]),
    ("a text for a number", chat(tool_calls=[call('{"a": 2}')]), [answer(tool_calls=[call('{"a": "2"}')])]),
    ("the same call of another run", chat(tool_calls=[call()]), [answer(tool_calls=[call(call_id=OTHER_ID)])]),
    (
        "calls in another order",
        chat(tool_calls=[call(), call(name="subtract")]),
        [answer(tool_calls=[call(name="subtract"), call()])],
    ),
    (
        "only reasoning in common",
        chat(content="4", reasoning_content="Hm."),
        [answer(content="5", reasoning_content="Hm.")],
    ),
    ("an unfinished thought", chat(content="<think>4"), [answer(content="<think>5")]),
    ("another voice", chat(audio={"id": "audio_1", "transcript": "4"}), [answer(audio={"id": "audio_2"})]),
    ("another item", items(said_item("4")), [{"type": "item_reference", "id": "msg_2"}]),
    (
        "another image",
        items({"type": "image_generation_call", "id": "ig_1", "result": "iV"}),
        [{"type": "image_generation_call", "id": "ig_2", "result": "iV"}],
    ),
    ("an empty answer", chat(content=""), [answer(content=""), answer(content="4")]),
]


@pytest.mark.parametrize(("response", "history"), [pytest.param(*case[1:], id=case[0]) for case in OTHERS])
def test_another_conversation_is_not_taken_for_it(response: Any, history: list[Any]) -> None:
    body = {"messages": [SYSTEM, USER]}
    assert not has_said(links(sent_back(body, history)), links(body, response))


def parts(*content: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(content)}


SOUND = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}
PICTURE = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
# (name, a question, the same in another form, another question)
QUESTIONS: list[tuple[str, Any, Any, Any]] = [
    ("parts", parts(text("a b")), {"role": "user", "content": "a b"}, {"role": "user", "content": "a c"}),
    ("author", USER, USER | {"name": "Ada", "id": "m1"}, {"role": "assistant", "content": "What is 2 + 2?"}),
    (
        "cache mark",
        parts(PICTURE, text("What?")),
        parts(PICTURE, text("What?", cache_control={"type": "ephemeral"})),
        parts(PICTURE | {"image_url": {"url": "https://example.com/b.png"}}, text("What?")),
    ),
    (
        "sound",
        parts(SOUND),
        parts(SOUND | {"cache_control": None}),
        parts({"type": "input_audio", "input_audio": {"data": "UklGRQ==", "format": "wav"}}),
    ),
    (
        "unknown block",
        parts({"type": "search_result", "source": "x", "title": "a", "extra": None}),
        parts({"title": "a", "source": "x", "type": "search_result", "cache_control": {"type": "ephemeral"}}),
        parts({"type": "search_result", "source": "x", "title": "b"}),
    ),
    (
        "tool result",
        {"role": "tool", "tool_call_id": ID, "content": "4"},
        parts({"type": "tool_result", "tool_use_id": ID, "content": [text("4")]}),
        {"role": "tool", "tool_call_id": OTHER_ID, "content": "4"},
    ),
    (
        "result item",
        {"type": "function_call_output", "call_id": ID, "output": "4", "id": "o1", "status": "completed"},
        {"role": "tool", "tool_call_id": ID, "content": [text("4")]},
        {"type": "function_call_output", "call_id": ID, "output": "5"},
    ),
    (
        "Gemini's result",
        {"role": "user", "parts": [{"functionResponse": {"name": "add", "response": {"sum": 4, "carry": None}}}]},
        {"role": "function", "parts": [{"function_response": {"name": "add", "response": {"sum": 4}}}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "add", "response": {"sum": 5}}}]},
    ),
    (
        "picture in a result",
        {"role": "tool", "tool_call_id": ID, "content": [text("See"), PICTURE]},
        {"role": "tool", "tool_call_id": ID, "content": [text("See"), PICTURE], "name": "shot"},
        {"role": "tool", "tool_call_id": ID, "content": [text("See"), PICTURE | {"image_url": {"url": "https://b"}}]},
    ),
]


@pytest.mark.parametrize(("asked", "same", "other"), [pytest.param(*case[1:], id=case[0]) for case in QUESTIONS])
def test_questions_are_compared_by_what_they_say(asked: Any, same: Any, other: Any) -> None:
    first = links({"messages": [USER, answer(content="x"), asked]}, chat(content="4"))
    for question, is_same in ((same, True), (other, False)):
        second = links({"messages": [USER, answer(content="x"), question, answer(content="4"), NEXT]})
        assert (second.needs[0] in first.provides) is is_same


def test_prefilled_answer_is_sent_back_as_one_or_as_two() -> None:
    body = {"system": "Be brief.", "messages": [USER, answer(content="Sum: ")]}
    first = links(body, claude(text("4")))
    whole = {"messages": [USER, answer(content="Sum: 4"), NEXT]}
    assert continues(links(whole), first)
    assert continues(links({"messages": [*body["messages"], answer(content="4"), NEXT]}), first)
    assert not continues(links({"messages": [USER, answer(content="4"), NEXT]}), first)


def test_prefill_does_not_hide_what_a_request_continues() -> None:
    first = links({"messages": [USER]}, claude(text("4")))
    prefilled = [USER, answer(content="4"), NEXT, answer(content="{")]
    assert continues(links({"messages": prefilled}), first)
    # The answer to the second question was not logged.
    assert continues(links({"messages": [*prefilled[:-1], answer(content="6"), NEXT, answer(content="{")]}), first)


def test_answer_that_goes_on_where_it_paused() -> None:
    search = {"type": "server_tool_use", "id": "srvtoolu_01", "name": "web_search", "input": {"query": "x"}}
    paused = links({"messages": [USER]}, claude(text("I look."), search, stop_reason="pause_turn"))
    resumed = {"messages": [USER, answer(content=[text("I look."), search])]}
    assert continues(links(resumed), paused)
    after = {"messages": [*resumed["messages"], answer(content="It is 4."), NEXT]}
    assert continues(links(after), links(resumed, claude(text("It is 4."))))


def test_two_assistant_turns_are_looked_for_at_most() -> None:
    history: list[Any] = []
    for number in range(5):
        history += [{"role": "user", "content": f"q{number}"}, answer(content=f"a{number}")]
    found = links({"messages": [*history, NEXT], "previous_response_id": "resp_1"})
    needs = list(ids.without(ids.TURNS, found.needs))
    assert len(needs) == 3
    earlier = links({"messages": history[:-3]}, chat(content="a3"))
    latest = links({"messages": history[:-1]}, chat(content="a4"))
    assert [bool({need} & set(latest.provides)) for need in needs] == [False, True, False]
    assert [bool({need} & set(earlier.provides)) for need in needs] == [False, False, True]


def test_callers_have_conversations_of_their_own() -> None:
    """Two people send the same and get the same cached answer; so do two keys of a proxy."""
    second = {"messages": [USER, answer(content="4"), NEXT]}
    first = links({"messages": [USER]}, chat(content="4"), user="ada")
    assert continues(links(second, user="ada"), first)
    assert not continues(links(second, user="bob"), first)
    assert not continues(links(second), first)
    for members in ({"user": "ada"}, {"safety_identifier": "ada"}, {"metadata": {"user_id": "ada"}}):
        assert continues(links(second | members), first)
    assert not continues(links(second | {"metadata": {"user_id": {"id": "ada"}}}), first)
    assert not continues(links(second), proxied({"messages": [USER]}, chat(content="4")))
    keys = [{"user_api_key_hash": "k1"}, {"user_api_key_hash": "k2"}, {"user_api_key_alias": "k3"}]
    ones = [proxied_by(key, {"messages": [USER]}, chat(content="4")) for key in keys]
    twos = [proxied_by(key, second) for key in keys]
    assert [[continues(two, one) for one in ones] for two in twos] == [[i == j for j in range(3)] for i in range(3)]


def proxied_by(metadata: dict[str, Any], body: dict[str, Any], response: Any = None) -> Links:
    metadata = {"user_api_key_hash": None, "user_api_key_alias": None} | metadata
    payload = with_metadata(metadata, messages=body["messages"], response=response or {}, model_parameters={})
    return links_of(PROJECT, read(payload), MessageReader())


def test_attempts_have_the_same_input_caller_and_kind() -> None:
    clock = SYSTEM | {"content": "Be brief. It is 10:01."}
    failed = links({"messages": [clock, USER]}, error="overloaded", status_code=529)
    assert failed.provides == []
    assert failed.attempt is not None
    same = [
        links({"model": "other", "messages": [clock, USER]}, chat(content="4")),
        links({"messages": [SYSTEM | {"content": "Be brief. It is 10:02."}, parts(text("What is 2 + 2?"))]}),
    ]
    others = [
        links({"messages": [clock, NEXT]}),
        links({"messages": [clock, USER, NEXT]}),
        links({"messages": [clock, USER]}, user="ada"),
        links({"messages": [SYSTEM | {"content": "Write a title for this."}, USER]}),
        links({"messages": [USER]}),
        links({"system": "Write a title for this.", "messages": [USER]}),
        links({"instructions": "Be brief.", "input": [USER]}),
        links({"input": "What is 2 + 2?"}, kind="embedding"),
        links({"input": [USER], "previous_response_id": "resp_1"}),
    ]
    assert {found.attempt for found in same} == {failed.attempt}
    assert failed.attempt not in {found.attempt for found in others}
    assert len({found.attempt for found in others}) == len(others)


def test_attempts_whose_system_prompt_stands_beside_the_messages() -> None:
    failed, again, title = (
        links({"system": [text(said, cache_control={"type": "ephemeral"})], "messages": [USER]})
        for said in ("It is 9:59 on the 1st.", "It is 10:00 on the 1st.", "Write a title.")
    )
    assert failed.attempt == again.attempt != title.attempt


def test_attempt_needs_an_input_that_can_be_read() -> None:
    for body in (
        {"messages": []},
        {"messages": [SYSTEM]},
        {"model": "m"},
        {"messages": [{"role": "user", "content": ""}]},
    ):
        assert links(body, error="x").attempt is None


def test_embeddings_are_attempts_but_no_conversations() -> None:
    first, again = (links({"input": "4"}, {"data": []}, kind="embedding") for _ in range(2))
    assert first.attempt == again.attempt is not None
    assert (first.provides, first.needs) == ([], [])


@pytest.mark.parametrize("before", [[], [SYSTEM]])
def test_a_transcript_that_is_asked_about_continues_nothing(before: list[Any]) -> None:
    first = links({"messages": [USER]}, chat(content=None, tool_calls=[call()]))
    pasted = {"role": "user", "content": f"Rate this: the assistant called add with id {ID} and said 4."}
    judged = links({"messages": [*before, pasted]}, chat(content="Fine."))
    assert not continues(judged, first)
    written = [USER, answer(content=f"Calling add, id {ID}"), {"role": "user", "content": "Result: 4"}]
    assert continues(links({"messages": written}), first)


def test_call_is_that_of_the_proxy() -> None:
    failed, good = (links_of(PROJECT, record, MessageReader()) for record in records_of("retries-then-success.json"))
    assert failed.call == good.call is not None
    assert links({"messages": [USER]}).call is None


def test_end_of_a_response_chain_is_no_conversation() -> None:
    """ "yes" after a response, and its answer, are not the beginning of what somebody else says."""
    yes = {"role": "user", "content": "yes"}
    tail = links({"input": [yes], "previous_response_id": "resp_1"}, items(said_item("Done.")))
    assert not continues(links({"input": [yes, answer(content="Done."), NEXT]}), tail)
    assert continues(links({"input": [NEXT], "previous_response_id": "resp_1"}), links({"input": [USER]}, items()))


FIXTURES = (
    ("tool-calls-parallel-with-results.json", 0, 1),
    ("anthropic-v1-messages.json", 2, 3),
    ("langchain-tool-agent-loop.json", 0, 1),
    ("litellm-1.81.12--tool-calls-parallel-with-results.json", 0, 1),
    *(("multi-turn-10-full-history.json", turn, turn + 1) for turn in range(9)),
)


@pytest.mark.parametrize(("file", "earlier", "later"), FIXTURES)
def test_captured_conversations_link(file: str, earlier: int, later: int) -> None:
    found = [links_of(PROJECT, record, MessageReader()) for record in records_of(file)]
    assert found[later].needs[0] in found[earlier].provides


def test_edited_histories_do_not_link() -> None:
    found = [links_of(PROJECT, record, MessageReader()) for record in records_of("multi-turn-edited-history.json")]
    assert not any(continues(later, earlier) for later in found for earlier in found)


def test_another_answer_or_question_is_another_conversation() -> None:
    answer = {"choices": [{"message": {"role": "assistant", "content": "4"}}]}
    first = links({"messages": [USER]}, answer)
    assert not continues(links({"messages": [USER, {"role": "assistant", "content": "5"}, NEXT]}), first)
    assert not continues(links({"messages": [NEXT, {"role": "assistant", "content": "4"}, NEXT]}), first)


def test_system_prompt_may_change_within_a_conversation() -> None:
    answer = {"choices": [{"message": {"role": "assistant", "content": "4"}}]}
    first = links({"messages": [{"role": "system", "content": "It is 10:00."}, USER]}, answer)
    again = [{"role": "system", "content": "It is 10:01."}, USER, {"role": "assistant", "content": "4"}, NEXT]
    assert continues(links({"messages": again}), first)


def test_each_choice_can_be_continued() -> None:
    choices = [{"message": {"role": "assistant", "content": text}} for text in ("4", "four")]
    first = links({"messages": [USER]}, {"choices": choices})
    for choice in choices:
        assert continues(links({"messages": [USER, choice["message"], NEXT]}), first)


def test_previous_response_id_names_the_response() -> None:
    first = links({"input": "Hi"}, {"id": "resp_1", "output": []})
    assert continues(links({"input": "And?", "previous_response_id": "resp_1"}), first)
    assert not continues(links({"input": "And?", "previous_response_id": "resp_2"}), first)


def test_redacted_conversations_do_not_look_alike() -> None:
    redacted = {"role": "user", "content": "redacted-by-litellm"}
    for hidden in (redacted, parts(PICTURE, text("redacted-by-litellm"))):
        found = links({"messages": [hidden, answer(content="4"), hidden]}, chat(content="5"))
        assert (found.provides, found.needs, found.attempt, found.resent_count) == ([], [], None, 2)
    assert links({"messages": [USER]}, chat(content="redacted-by-litellm")).provides == []
    response = {"choices": [{"message": {"role": "assistant", "content": "redacted-by-litellm"}}]}
    first = links({"messages": [redacted]}, response)
    second = links({"messages": [redacted, {"role": "assistant", "content": "redacted-by-litellm"}, redacted]})
    assert not continues(second, first)


def test_text_cannot_imitate_another_message() -> None:
    one = links(
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}]}
    )
    joined = links({"messages": [{"role": "user", "content": "ab"}]})
    assert one.provides == joined.provides == []
    answer = {"choices": [{"message": {"role": "assistant", "content": "x"}}]}
    split = links({"messages": [{"role": "user", "content": "4:text1:a"}]}, answer)
    plain = links({"messages": [{"role": "user", "content": "a"}]}, answer)
    assert split.provides != plain.provides


def test_previews_are_one_line_without_fences() -> None:
    asked = {"role": "user", "content": "Why?\n```sql\nSELECT 1;\n```"}
    answer = {"choices": [{"message": {"role": "assistant", "content": "Because\n\nof " + "x" * 300}}]}
    found = links({"messages": [asked]}, answer)
    assert found.input_preview == "Why? SELECT 1;"
    assert len(found.output_preview) == 64
    assert found.output_preview.endswith("…")


def test_preview_of_an_answer_without_text_names_all_its_calls() -> None:
    calls = [{"type": "function_call", "call_id": f"call_{name}", "name": name, "arguments": "{}"} for name in "abc"]
    search = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"query": "x"}}
    said = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Found."}]}
    asked = {"input": [{"role": "user", "content": "Go on"}]}
    assert links(asked, {"output": [search, *calls]}).output_preview == "a, b, c"
    assert links(asked, {"output": [search, search]}).output_preview == "web_search, web_search"
    assert links(asked, {"output": [*calls, said]}).output_preview == "Found."


def test_preview_is_what_the_user_wrote_and_no_wrapper() -> None:
    around = {"role": "user", "content": "<environment_context>\n<cwd>/app</cwd>\n</environment_context>"}
    asked = {"role": "user", "content": [{"type": "text", "text": "<system-reminder>Hi</system-reminder>\nFix it"}]}

    assert links({"messages": [around, asked]}).input_preview == "Fix it"
    assert links({"messages": [asked, around]}).input_preview == "Fix it"
    assert links({"messages": [around]}).input_preview == ""


COMMAND = "<command-name>/clear</command-name>\n<command-message>clear</command-message>\n<command-args></command-args>"


@pytest.mark.parametrize(
    ("texts", "preview"),
    [
        ([COMMAND], ""),
        (["<local-command-stdout>Cleared</local-command-stdout>"], ""),
        ([COMMAND, "Fix it"], "Fix it"),
        (["Fix it", COMMAND], "Fix it"),
        ([COMMAND + "\nFix it"], "Fix it"),
    ],
)
def test_a_command_of_the_client_is_no_preview(texts: list[str], preview: str) -> None:
    assert links({"messages": [USER | {"content": text} for text in texts]}).input_preview == preview


@pytest.mark.parametrize("rounds", [1, 30])
def test_preview_of_a_request_within_a_loop_of_tools_is_what_was_asked(rounds: int) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    loop = [{"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": "c", "content": "x"}]
    asked = USER | {"content": "go find the lighthouse"}

    assert links({"messages": [SYSTEM, asked, *loop * rounds]}).input_preview == "go find the lighthouse"
    earlier = [USER, {"role": "assistant", "content": "Hi!"}]
    assert links({"messages": [*earlier, asked, *loop]}).input_preview == "go find the lighthouse"


def test_preview_of_a_call_with_several_inputs_is_the_first() -> None:
    assert links({"model": "e", "input": ["apples", "pears"]}, call_type="embeddings").input_preview == "apples"


def test_preview_of_an_answer_without_text_names_its_tools() -> None:
    calls = [{"id": "c", "function": {"name": name, "arguments": "{}"}} for name in ("read_file", "run_tests")]
    answer = {"choices": [{"message": {"role": "assistant", "content": None, "tool_calls": calls}}]}
    assert links({"messages": [USER]}, answer).output_preview == "read_file, run_tests"


SEARCHED = {"type": "web_search_call", "id": "ws_1", "action": {"type": "search", "query": "tides"}}


@pytest.mark.parametrize(
    ("output", "line"),
    [
        ([SEARCHED, call_item(), said_item("Six o'clock")], "Six o'clock"),
        ([SEARCHED, call_item()], "add"),
        ([SEARCHED], "web_search"),
    ],
)
def test_a_preview_prefers_what_was_said_and_then_what_was_asked_for(output: list[Any], line: str) -> None:
    assert links({"model": "m", "input": "tides?"}, items(*output)).output_preview == line


def test_a_hosted_tool_and_its_result_may_be_dropped_by_the_client() -> None:
    ran = {"type": "shell_call", "id": "sh_1", "call_id": ID, "action": {"commands": ["ls"]}}
    ran["environment"] = {"type": "container_reference", "container_id": "c"}
    printed = [{"stdout": "a", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}]
    result = {"type": "shell_call_output", "id": "shco_1", "call_id": ID, "output": printed}
    question = {"role": "user", "content": "ls?"}
    first = links({"model": "m", "input": [question]}, items(ran, result, said_item("One file")))
    for history in ([ran, result, said_item("One file")], [said_item("One file")]):
        again = links({"model": "m", "input": [question, *history, {"role": "user", "content": "thanks"}]})
        assert continues(again, first)
