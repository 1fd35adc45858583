"""Bodies of every API, and what is put around them: which API it is, what was asked and answered, and what it says."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions_app.content.blocks import Message, ReasoningBlock, TextBlock, ToolCallBlock, text_of
from sessions_app.content.documents import PartKind
from sessions_app.content.messages import read_message
from sessions_app.records import Record, Usage
from sessions_app.wire import litellm, native

NOW = datetime(2026, 11, 20, tzinfo=UTC)
REPORTS = Path(__file__).parents[1] / "payloads" / "reports"
CHAT = {"model": "m", "messages": [{"role": "user", "content": "town?"}]}
ANSWER = {"role": "assistant", "content": "Rain in Aa"}
CHOICES = {"id": "c-7", "model": "m-1", "choices": [{"index": 0, "message": ANSWER, "finish_reason": "stop"}]}
COUNTED = CHOICES | {"usage": {"prompt_tokens": 4, "completion_tokens": 3}}


def record(request: Any = CHAT, response: Any = COUNTED, **members: Any) -> Record:
    """A log is read, and comes back as it was."""
    raw = json.dumps({"request_id": "r", "request": request, "response": response} | members).encode()
    found = native.read_log(raw, NOW, "made-up")
    assert json.loads(found.document.joined()) == json.loads(raw)
    return found


def answers(found: Record) -> list[Message]:
    return [read_message(bytes(raw), "assistant") for raw in found.document.output.contents]


def asked(found: Record) -> list[Message]:
    return [read_message(bytes(raw), "user") for raw in found.document.input.contents]


def words(messages: list[Message], kind: type = TextBlock) -> list[str]:
    return [text_of(block) for message in messages for block in message.blocks if isinstance(block, kind)]


@pytest.mark.parametrize(
    ("request_body", "response", "members", "claim"),
    [
        ({"input": "a", "conversation": "conv_1"}, {}, {}, ("conv_1", "request.conversation")),
        ({"input": "a", "conversation": {"id": "conv_1"}}, {}, {}, ("conv_1", "request.conversation")),
        ({"inputs": "a"}, {"conversation_id": "conv_2", "outputs": []}, {}, ("conv_2", "response.conversation_id")),
        ({"body": {"input": "a", "conversation": "conv_1"}}, {}, {}, ("conv_1", "request.conversation")),
        ({"input": "a", "conversation": "conv_1"}, {}, {"session_id": "s"}, ("s", "session_id")),
        ({"input": "a", "conversation": "conv_1"}, {}, {"trace_id": "t"}, ("t", "trace_id")),
        ({"input": "a"}, {}, {"metadata": {"session_id": " s 1 "}}, ("s 1", "metadata.session_id")),
        ({"input": "a"}, {}, {"metadata": {"thread_id": "t", "session_id": ""}}, ("t", "metadata.thread_id")),
        ({"input": "a"}, {}, {"metadata": {"session_id": "s"}, "trace_id": "t"}, ("t", "trace_id")),
        ({"input": "a"}, {}, {"metadata": {"session_id": "x" * 1_001, "user_id": "ada"}}, (None, "")),
        ({"input": "a"}, {}, {"metadata": {"session_id": {"id": "s"}}}, (None, "")),
        ({"input": "a", "metadata": {"session_id": "s"}}, {}, {}, ("s", "request.metadata.session_id")),
        ({"body": {"input": "a", "metadata": {"sessionId": "s"}}}, {}, {}, ("s", "request.metadata.sessionId")),
        (
            {"messages": [], "metadata": {"user_id": f"user_1_account__session_{'0' * 36}"}},
            {},
            {},
            ("0" * 36, "request.metadata.user_id"),
        ),
        ({"input": "a", "conversation": ["x"]}, {"conversation": {}}, {}, (None, "")),
        # A program's own word for what was said.
        ({"conversation": "Hello, who are you?"}, {"conversation": "User: 2 + 2?"}, {}, (None, "")),
        ({"conversation": "Hello"}, {"conversation": "7"}, {}, (None, "")),
        ({"input": "a", "conversation": "x" * 1_001}, {"conversation": ""}, {}, (None, "")),
    ],
)
def test_the_providers_conversation_is_the_session(
    request_body: Any, response: Any, members: dict[str, Any], claim: tuple[str | None, str]
) -> None:
    found = record(request_body, response, **members).claim
    assert (found.key, found.detail) == claim


@pytest.mark.parametrize("message", [{}, "m", [{"role": "user", "content": "m"}]])
@pytest.mark.parametrize("others", [{"instances": ["x", {"prompt": "y"}]}, {"instances": [""], "chat_history": ["h"]}])
def test_members_in_another_order_than_their_messages_come_back_where_they_were(message: Any, others: Any) -> None:
    """`record` compares what comes back. The message of Cohere v1 follows its history, wherever it stands."""
    record({"message": message} | others)
    record(others | {"message": message})
    record({"query": "q", "documents": ["d", "e"]} | others)


# --- requests ---------------------------------------------------------------------------------------------------------

CONVERSE = {"messages": [{"role": "user", "content": [{"text": "town?"}]}]}
CONTENTS = [{"role": "user", "parts": [{"text": "town?"}]}]


@pytest.mark.parametrize(
    ("request_body", "call_type"),
    [
        (CHAT, "chat.completions"),
        (CHAT | {"system": "Be brief."}, "messages"),
        (CONVERSE, "converse"),
        (
            CONVERSE | {"modelId": "m", "system": [{"text": "Be brief."}], "inferenceConfig": {"maxTokens": 9}},
            "converse",
        ),
        (CONVERSE | {"schemaVersion": "messages-v1"}, "invoke_model"),
        ({"model": "m", "contents": CONTENTS}, "generate_content"),
        ({"model": "m", "contents": "town?", "config": {"temperature": 0}}, "generate_content"),
        (CHAT | {"options": {"temperature": 0}, "keep_alive": "5m"}, "chat"),
        ({"model": "m", "prompt": "town?", "options": {}}, "generate"),
        ({"model": "m", "prompt": "town?", "suffix": "."}, "completions"),
        ({"model": "m", "message": "town?", "preamble": "Be brief."}, "chat"),
        ({"inputText": "town?", "textGenerationConfig": {}}, "invoke_model"),
        ({"prompt": "town?", "max_gen_len": 9}, "invoke_model"),
        ({"inputs": "town?", "parameters": {"max_new_tokens": 9}}, ""),
        ({"instances": [{"prompt": "town?"}], "parameters": {}}, "predict"),
        ({"instances": ["town?"]}, "predict"),
        ({"model": "m", "input": "town?", "instructions": "Be brief."}, "responses"),
        ({"model": "m", "input": [{"role": "user", "content": "town?"}]}, "responses"),
        ({"model": "gpt-image-1", "prompt": "town?"}, "images.generations"),
        ({"model": "omni-moderation-latest", "input": "town?"}, "moderations"),
        ({"custom_id": "1", "method": "POST", "url": "/v1/chat/completions", "body": CHAT}, "chat.completions"),
        ({"custom_id": "1", "params": CHAT | {"system": "s"}}, "messages"),
        ({"recordId": "1", "modelInput": CONVERSE}, "converse"),
        ({"key": "1", "request": {"contents": CONTENTS}}, "generate_content"),
        ({"modelId": "m", "contentType": "application/json", "body": json.dumps(CHAT)}, "invoke_model"),
        ({"model": "m", "input": CHAT, "parameters": {}}, "chat.completions"),
        ({"url": "https://a.example", "json": CHAT}, "chat.completions"),
        (json.dumps(CHAT), "chat.completions"),
        (CHAT | {"messages": json.dumps(CHAT["messages"])}, "chat.completions"),
        (CHAT | {"messages": [CHAT["messages"]]}, "chat.completions"),
        ({"role": "user", "content": "town?"}, ""),
        ([{"role": "user", "content": "town?"}], ""),
        ("town?", ""),
    ],
)
def test_what_was_asked(request_body: Any, call_type: str) -> None:
    found = record(request_body)
    assert words(asked(found)) == ["town?"]
    assert found.call_type == call_type


@pytest.mark.parametrize(
    ("response", "call_type"),
    [
        ({"type": "message", "role": "assistant", "content": [], "stop_reason": "end_turn"}, "messages"),
        ({"object": "chat.completion", **CHOICES}, "chat.completions"),
        ({"message": ANSWER, "done": True}, "chat"),
        ({"output": {"message": ANSWER}, "stopReason": "end_turn"}, "converse"),
        ({"type": "message", "text": "Rain"}, "chat.completions"),
    ],
)
def test_the_answer_tells_which_of_several_apis_it_was(response: Any, call_type: str) -> None:
    assert record(CHAT, response).call_type == call_type
    assert record({"modelId": "m", "body": CHAT}, response).call_type == "invoke_model"


def test_an_event_that_asks_for_a_response_holds_the_request() -> None:
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "When?"}]}
    found = record({"type": "response.create", "response": {"instructions": "Be brief", "input": [item]}})
    assert words(asked(found)) == ["When?"]
    assert [kind for kind in found.document.context.kinds if kind is PartKind.SYSTEM]


@pytest.mark.parametrize("details", [{"finish_reason": "length"}, {"finish_reason": "length", "generated_tokens": 5}])
def test_text_generation_inference_says_in_details_why_it_ended(details: Any) -> None:
    found = record({"inputs": "q"}, [{"generated_text": "Rain", "details": details}])
    assert (found.finish_reason, words(answers(found))) == ("length", ["Rain"])


def test_parameters_are_those_of_the_body() -> None:
    body = CHAT | {"temperature": 0.5}
    for request in (
        body,
        json.dumps(body),
        {"custom_id": "1", "body": body},
        {"modelId": "m", "body": json.dumps(body)},
    ):
        log = json.dumps({"request": request}).encode()
        assert native.documents_of(log).parameters == {"model": "m", "temperature": 0.5}


def test_embeddings_are_no_conversation() -> None:
    found = record({"model": "embed-v4.0", "texts": ["town?"], "input_type": "search_query"})
    assert (found.kind, found.call_type) == ("embedding", "embeddings")


def kinds(found: Record) -> list[PartKind]:
    return [kind for kind in found.document.context.kinds if kind is not PartKind.OTHER]


def test_system_prompts_and_tools_of_the_sdks() -> None:
    tool = {"function_declarations": [{"name": "f"}]}
    found = record({"contents": CONTENTS, "config": {"system_instruction": "Be brief.", "tools": [tool]}})
    assert kinds(found) == [PartKind.SYSTEM, PartKind.TOOL]
    spec = {"toolSpec": {"name": "f", "inputSchema": {"json": {}}}}
    found = record(CONVERSE | {"system": [{"text": "Be brief."}], "toolConfig": {"tools": [spec, spec]}})
    assert kinds(found) == [PartKind.SYSTEM, PartKind.TOOL, PartKind.TOOL]
    assert kinds(record({"message": "town?", "preamble": "Be brief."})) == [PartKind.SYSTEM]
    assert kinds(record(json.dumps(CHAT | {"system": "Be brief."}))) == [PartKind.SYSTEM]
    assert kinds(record({"custom_id": "1", "params": CHAT | {"system": "Be brief."}})) == [PartKind.SYSTEM]


def test_the_model_stands_in_or_around_the_body() -> None:
    assert record({"modelId": "amazon.nova", "body": json.dumps(CONVERSE)}, {}).requested_model == "amazon.nova"
    assert record({"custom_id": "1", "body": CHAT}, {}).requested_model == "m"


@pytest.mark.parametrize("order", [("message", "chat_history"), ("chat_history", "message")])
def test_cohere_has_the_turns_before_the_message_in_another_member(order: tuple[str, str]) -> None:
    members = {"chat_history": [{"role": "USER", "message": "Hi"}, {"role": "CHATBOT", "message": "Yes?"}]}
    members |= {"message": "town?"}  # type: ignore[dict-item]
    found = record({name: members[name] for name in order} | {"model": "command"})
    assert words(asked(found)) == ["Hi", "Yes?", "town?"]
    assert [message.role for message in asked(found)] == ["user", "assistant", "user"]


def test_langchains_own_serialisation_names_the_classes_of_messages() -> None:
    names = {"SystemMessage": "system", "HumanMessage": "user", "AIMessage": "assistant"}
    messages = [{"lc": 1, "type": "constructor", "id": ["langchain", n], "kwargs": {"content": "A"}} for n in names]
    for sent in (messages, [messages], json.dumps(messages)):
        found = record({"messages": sent})
        assert [message.role for message in asked(found)] == list(names.values())


def test_a_text_that_is_json_is_what_was_said() -> None:
    for text in ('{"a": 1}', "[1, 2]", '[{"a": 1}]', '{"role": "x"', '["a"]'):
        assert words(asked(record(text))) == [text]
        assert words(asked(record({"model": "m", "prompt": text}))) == [text]
        assert words(answers(record(CHAT, text))) == [text]


# --- answers ----------------------------------------------------------------------------------------------------------

ANTHROPIC = {"id": "c-7", "type": "message", "role": "assistant", "model": "m-1", "stop_reason": "stop"}
ANTHROPIC |= {"content": [{"type": "text", "text": "Rain in Aa"}], "usage": {"input_tokens": 4, "output_tokens": 3}}
GEMINI = {"candidates": [{"content": {"role": "model", "parts": [{"text": "Rain in Aa"}]}, "finishReason": "stop"}]}
GEMINI |= {"usageMetadata": {"promptTokenCount": 4, "candidatesTokenCount": 3}}  # type: ignore[dict-item]
OLLAMA = {
    "model": "m-1",
    "created_at": "x",
    "done": True,
    "done_reason": "stop",
    "prompt_eval_count": 4,
    "eval_count": 3,
}
TITAN = {"inputTextTokenCount": 4}
TOKENS = {"input_tokens": 4, "output_tokens": 3}
CONVERSED = {"output": {"message": {"role": "assistant", "content": [{"text": "Rain in Aa"}]}}, "stopReason": "stop"}
CONVERSED |= {"usage": {"inputTokens": 4, "outputTokens": 3}}


@pytest.mark.parametrize(
    "response",
    [
        COUNTED,
        ANTHROPIC,
        GEMINI,
        CONVERSED,
        OLLAMA | {"message": ANSWER},
        OLLAMA | {"response": "Rain in Aa"},
        TITAN | {"results": [{"outputText": "Rain in Aa", "completionReason": "stop", "tokenCount": 3}]},
        {"generation": "Rain in Aa", "stop_reason": "stop", "prompt_token_count": 4, "generation_token_count": 3},
        {"text": "Rain in Aa", "finish_reason": "stop", "meta": {"tokens": TOKENS}},
        {
            "id": "c-7",
            "message": ANSWER,
            "finish_reason": "stop",
            "usage": {"tokens": TOKENS},
        },
        {"id": "x", "custom_id": "1", "response": {"status_code": 200, "body": COUNTED}, "error": None},
        {"custom_id": "1", "result": {"type": "succeeded", "message": ANTHROPIC}},
        {"recordId": "1", "modelOutput": CONVERSED},
        {"body": json.dumps(ANTHROPIC), "contentType": "application/json"},
        {"response": GEMINI, "traceId": "t"},
        {"data": COUNTED, "code": 0},
        {"output": COUNTED},
        {"result": json.dumps(COUNTED)},
        [COUNTED],
        json.dumps(COUNTED),
        json.dumps(json.dumps(COUNTED)),
        {
            "request_id": "x",
            "output": {"text": "Rain in Aa", "finish_reason": "stop"},
            "usage": {"input_tokens": 4, "output_tokens": 3},
        },
        {
            "type": "ai",
            "content": "Rain in Aa",
            "response_metadata": {"finish_reason": "stop"},
            "usage_metadata": {"input_tokens": 4, "output_tokens": 3},
        },
        {"text": "Rain in Aa", "toolCalls": [], "finishReason": "stop", "usage": {"inputTokens": 4, "outputTokens": 3}},
    ],
)
def test_what_was_answered(response: Any) -> None:
    found = record(CHAT, response)
    assert words(answers(found)) == ["Rain in Aa"]
    assert found.finish_reason == "stop"
    assert found.usage == Usage(4, 3)
    assert found.status == "success"


@pytest.mark.parametrize(
    "response",
    [
        ANSWER,
        [ANSWER],
        "Rain in Aa",
        ["Rain in Aa"],
        [{"type": "text", "text": "Rain in Aa"}],
        {"outputs": [{"text": "Rain in Aa", "stop_reason": "stop"}]},
        {"completion": "Rain in Aa", "stop_reason": "stop_sequence"},
        {"completions": [{"data": {"text": "Rain in Aa"}, "finishReason": {"reason": "endoftext"}}]},
        {"generations": [{"id": "g", "text": "Rain in Aa", "finish_reason": "COMPLETE"}], "prompt": "town?"},
        {
            "generations": [[{"text": "Rain in Aa", "message": {"type": "ai", "content": "Rain in Aa"}}]],
            "llm_output": {},
        },
        {"predictions": ["Rain in Aa"]},
        {"predictions": [{"content": "Rain in Aa", "safetyAttributes": {}}]},
        {"predictions": [{"candidates": [{"author": "1", "content": "Rain in Aa"}]}]},
        [{"generated_text": "Rain in Aa"}],
        [[{"generated_text": "Rain in Aa"}]],
        [{"generated_text": [{"role": "user", "content": "town?"}, ANSWER]}],
        {"generated_text": "Rain in Aa", "details": {"finish_reason": "length"}},
        {"output": ["Rain ", "in Aa"], "version": "v", "status": "succeeded"},
        {"lc": 1, "type": "constructor", "id": ["langchain", "AIMessage"], "kwargs": {"content": "Rain in Aa"}},
        {
            "id": "i",
            "object": "interaction",
            "status": "completed",
            "outputs": [{"type": "text", "text": "Rain in Aa"}],
        },
        {"text": "Rain in Aa"},
        {
            "output": [
                {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Rain in Aa"}]}
            ]
        },
        {"events": [{"choices": [{"delta": {"content": "Rain in Aa"}, "finish_reason": "stop"}]}]},
        {"body": 'data: {"choices": [{"delta": {"content": "Rain in Aa"}, "finish_reason": "stop"}]}\n\n'},
    ],
)
def test_answers_without_counts(response: Any) -> None:
    assert words(answers(record(CHAT, response))) == ["Rain in Aa"]


def test_tool_calls_of_a_bare_message_and_beside_a_text() -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"town": "Aa"}'}}
    bodies: list[Any] = [
        ANSWER | {"tool_calls": [call]},
        {"text": "Rain in Aa", "tool_calls": [{"name": "weather", "parameters": {"town": "Aa"}}], "generation_id": "g"},
        {
            "text": "",
            "toolCalls": [{"toolCallId": "c", "toolName": "weather", "input": {"town": "Aa"}}],
            "finishReason": "x",
        },
    ]
    for body in bodies:
        calls = [b for message in answers(record(CHAT, body)) for b in message.blocks if isinstance(b, ToolCallBlock)]
        assert [(found.name, json.loads(found.arguments)) for found in calls] == [("weather", {"town": "Aa"})]


def test_ollamas_thinking() -> None:
    found = answers(record(CHAT, OLLAMA | {"response": "Rain", "thinking": "Clouds"}))
    assert words(found, ReasoningBlock) == ["Clouds"]


def test_errors_around_a_body_fail_the_call() -> None:
    error = {"type": "overloaded_error", "message": "Overloaded"}
    for response in (
        {"custom_id": "1", "response": None, "error": {"code": "e", "message": "Overloaded"}},
        {"custom_id": "1", "response": {"status_code": 500, "body": {"error": error}}},
        {"custom_id": "1", "result": {"type": "errored", "error": {"type": "error", "error": error}}},
        {"custom_id": "1", "result": {"type": "expired"}},
        {"custom_id": "1", "result": {"type": "canceled"}},
    ):
        assert record(CHAT, response).status == "error", response
    message = {"role": "assistant", "content": [{"type": "text", "text": "expired"}], "stop_reason": "end_turn"}
    assert record(CHAT, {"custom_id": "1", "result": {"type": "succeeded", "message": message}}).status == "success"


@pytest.mark.parametrize("author", ["bot", "1", "model"])
def test_authors_of_vertex_are_roles(author: str) -> None:
    said = [{"author": "user", "content": "a"}, {"author": author, "content": "b"}, {"author": "user", "content": "c"}]
    found = record({"instances": [{"context": "Be brief.", "messages": said}]})
    assert [message.role for message in asked(found)] == ["user", "assistant", "user"]
    assert kinds(found) == [PartKind.SYSTEM]


def test_a_spoken_conversation() -> None:
    """Events of OpenAI's Realtime API: what was heard of both sides, turn by turn."""

    def item(role: str, kind: str, words: str, **more: Any) -> dict[str, Any]:
        content = [{"type": kind, "transcript": words, "audio": None}]
        return {"id": words, "type": "message", "role": role, "content": content} | more

    def answer(words: str) -> dict[str, Any]:
        usage = {"input_tokens": 3, "output_tokens": 4}
        output = [item("assistant", "output_audio", words)]
        return {
            "type": "response.done",
            "response": {"id": words, "status": "completed", "output": output, "usage": usage},
        }

    heard = {"type": "conversation.item.input_audio_transcription.completed", "item_id": "two", "transcript": "two?"}
    events: list[Any] = [
        {"type": "session.created", "session": {"model": "m"}},
        {"type": "conversation.item.created", "event_id": "e", "item": item("user", "input_audio", "one?")},
        answer("One."),
        {"type": "conversation.item.added", "item": item("user", "input_audio", "") | {"id": "two"}},
        {"type": "response.created", "response": {"id": "Two."}},
        heard,
        answer("Two."),
    ]
    found = record([events[1], heard], events)
    said = [(message.role, "".join(map(text_of, message.blocks))) for message in answers(found)]
    assert said == [("user", "one?"), ("assistant", "One."), ("user", "two?"), ("assistant", "Two.")]
    assert (found.usage.input_tokens, found.usage.output_tokens) == (6, 8)
    assert [("".join(map(text_of, message.blocks)), message.role) for message in asked(found)] == [
        ("one?", "user"),
        ("two?", "user"),
    ]


@pytest.mark.parametrize(
    "response",
    [
        {"data": [{"embedding": [0.5, 1.5]}], "model": "m", "object": "list"},
        {"answer": {"b": 1}},
        {"data": {"b": 1}},
        [1, 2],
        [{"b": 1}],
        {"result": "fine"},
    ],
)
def test_other_bodies_are_kept_whole(response: Any) -> None:
    assert answers(record(CHAT, response)) == []


def test_answers_called_not_logged() -> None:
    logs = json.loads((REPORTS / "22-answers-called-not-logged.json").read_text())["body"]
    found = {log["request_id"]: native.read_log(json.dumps(log).encode(), NOW, "") for log in logs}
    calls = [
        block for message in answers(found["nl-0"]) for block in message.blocks if isinstance(block, ToolCallBlock)
    ]
    assert [call.name for call in calls] == ["weather"]
    assert words(answers(found["nl-0"])) == ["Let me look."]
    assert words(answers(found["nl-2"])) == words(answers(found["nl-4"])) == ["Rain in Aa"]
    assert found["nl-2"].usage == Usage(4, 3)
    assert found["nl-4"].finish_reason == "tool_use"


def test_google_genais_snake_case() -> None:
    (log,) = json.loads((REPORTS / "20-google-genai-sdk-snake-case.json").read_text())["body"]
    found = native.read_log(json.dumps(log).encode(), NOW, "")
    assert found.response_id == "rid-1"
    assert found.usage == Usage(9, 8, 2, None, 5)
    assert kinds(found) == [PartKind.SYSTEM]
    assert (words(asked(found)), words(answers(found))) == (["hi"], ["hello"])


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.text(max_size=3)
    | st.sampled_from(['{"choices": []}', "data: {}"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "role",
                    "content",
                    "messages",
                    "body",
                    "response",
                    "output",
                    "message",
                    "data",
                    "text",
                    "generations",
                    "events",
                    "choices",
                    "type",
                    "kwargs",
                    "config",
                    "instances",
                    "predictions",
                    "outputs",
                    "chat_history",
                    "input",
                    "params",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300)
@given(JSON, JSON)
def test_no_shape_raises_and_all_come_back(request_body: Any, response: Any) -> None:
    raw = json.dumps({"request": request_body, "response": response, "error": "e"}).encode()
    assert json.loads(native.read_log(raw, NOW, "r").document.joined()) == json.loads(raw)
    payload = json.dumps({"id": "c", "messages": request_body, "response": response}).encode()
    assert json.loads(litellm.read_log(payload, NOW, "r").document.joined()) == json.loads(payload)


@pytest.mark.parametrize(
    "opening",
    [
        '{"body":',
        '{"response":',
        '[{"data":',
        '{"predictions":[',
        '{"messages":[',
        '{"generations":[',
        "[",
        '{"output":',
    ],
)
def test_deep_bodies_end(opening: str) -> None:
    closing = "".join({"{": "}", "[": "]"}[letter] for letter in reversed(opening) if letter in "{[")
    for depth in (20, 850 // len(closing)):
        deep = opening * depth + "1" + closing * depth
        raw = b'{"request": %s, "response": %s}' % (deep.encode(), deep.encode())
        assert native.read_log(raw, NOW, "r").document.joined().replace(b" ", b"") == raw.replace(b" ", b"")


# --- rows of LiteLLM's spend logs -------------------------------------------------------------------------------------


def row(**members: Any) -> Record:
    (log,) = json.loads((REPORTS / "29-litellm-spend-log-row.json").read_text())["body"]
    raw = json.dumps(log | members).encode()
    found = litellm.read_log(raw, NOW, "made-up")
    assert json.loads(found.document.joined()) == json.loads(raw)
    return found


def test_a_row_of_the_spend_logs() -> None:
    found = row()
    assert (found.request_id, found.claim.key, found.cost) == ("sl-1", "sl-sess", Decimal("0.000225"))
    assert (found.usage, found.tags, found.end_user) == (Usage(10, 20, 4), ("a",), "eu1")
    assert (words(asked(found)), words(answers(found))) == (["town?"], ["Rain in Aa"])
    assert (found.finish_reason, found.provider, found.status) == ("stop", "openai", "success")
    documents = litellm.documents_of(found.document.joined())
    assert json.loads(documents.request or b"") == {"model": "gpt-4o", "messages": CHAT["messages"]}
    assert json.loads(documents.response or b"")["choices"][0]["message"] == ANSWER


@pytest.mark.parametrize("as_text", [True, False])
def test_a_row_whose_request_is_that_of_the_proxy(as_text: bool) -> None:
    body = CHAT | {"user": "eu2", "temperature": 0.5, "tools": [{"type": "function", "function": {"name": "f"}}]}
    found = row(
        messages="{}" if as_text else {}, proxy_server_request=json.dumps(body) if as_text else body, end_user=""
    )
    assert words(asked(found)) == ["town?"]
    assert found.end_user == "eu2"
    assert kinds(found) == [PartKind.TOOL]
    documents = litellm.documents_of(found.document.joined())
    assert json.loads(documents.request or b"") == body
    assert documents.parameters == {"user": "eu2", "temperature": 0.5}


def test_a_row_says_what_failed_and_may_have_a_random_session() -> None:
    failed = {"status": "failure", "error_information": {"error_class": "Timeout", "error_message": "Too slow"}}
    found = row(
        metadata=json.dumps(failed), status="failure", response="{}", session_id="3f2b6c1e-9d4a-4b7e-8c1f-0a1b2c3d4e5f"
    )
    assert (found.status, found.error_type, found.error_message) == ("error", "Timeout", "Too slow")
    assert found.claim.weak
    assert answers(found) == []


def test_what_litellm_cut_from_a_row_keeps_its_mark() -> None:
    text = "begin... (litellm_truncated 12982 chars) ...end"
    found = row(messages=json.dumps([{"role": "user", "content": text}]))
    assert words(asked(found)) == [text]
