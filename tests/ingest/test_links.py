"""Link tokens: what a request continues is what an earlier one provides, in every API's shape."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from sessions_app.ingest.links import Links, links_of
from sessions_app.messages import MessageReader
from sessions_app.wire import native

NOW = datetime(2026, 11, 20, tzinfo=UTC)
PROJECT = uuid.UUID(int=1)


def links(request: Any, response: Any = None, **more: Any) -> Links:
    raw = json.dumps({"request": request, "response": response, **more}).encode()
    return links_of(PROJECT, native.read_log(raw, NOW, "generated"), MessageReader())


def continues(second: Links, first: Links) -> bool:
    return bool(set(second.needs) & set(first.provides))


USER = {"role": "user", "content": "What is 2 + 2?"}
NEXT = {"role": "user", "content": "And 3 + 3?"}

# (name, first request, its response, how the answer is sent back)
SHAPES: list[tuple[str, Any, Any, list[Any], list[Any]]] = [
    (
        "chat completions",
        {"messages": [USER]},
        {"choices": [{"message": {"role": "assistant", "content": "4", "refusal": None, "annotations": []}}]},
        [USER, {"role": "assistant", "content": [{"type": "text", "text": "4"}]}],
        [NEXT],
    ),
    (
        "tool calls",
        {"messages": [USER]},
        {
            "choices": [
                {
                    "message": {
                        "role": "assistant",
                        "content": None,
                        "tool_calls": [{"id": "c1", "index": 0, "function": {"name": "add", "arguments": '{"a": 2}'}}],
                    }
                }
            ]
        },
        [
            USER,
            {
                "role": "assistant",
                "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a":2}'}}],
            },
        ],
        [{"role": "tool", "tool_call_id": "c1", "content": "4"}],
    ),
    (
        "anthropic messages",
        {"system": "Be brief.", "messages": [USER]},
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "thinking", "thinking": "…", "signature": "x"}, {"type": "text", "text": "4"}],
        },
        [
            USER,
            {"role": "assistant", "content": [{"type": "text", "text": "4", "cache_control": {"type": "ephemeral"}}]},
        ],
        [NEXT],
    ),
    (
        "gemini contents",
        {"contents": [{"role": "user", "parts": [{"text": "What is 2 + 2?"}]}]},
        {"candidates": [{"content": {"role": "model", "parts": [{"text": "4"}]}, "finishReason": "STOP"}]},
        [{"role": "user", "parts": [{"text": "What is 2 + 2?"}]}, {"role": "model", "parts": [{"text": "4"}]}],
        [{"role": "user", "parts": [{"text": "And 3 + 3?"}]}],
    ),
    (
        "responses items",
        {"input": [USER], "instructions": "Be brief."},
        {
            "id": "resp_1",
            "output": [
                {"id": "rs_1", "type": "reasoning", "summary": []},
                {
                    "id": "msg_1",
                    "type": "message",
                    "role": "assistant",
                    "content": [{"type": "output_text", "text": "4", "annotations": []}],
                },
            ],
        },
        [USER, {"role": "assistant", "content": "4"}],
        [NEXT],
    ),
]


@pytest.mark.parametrize(("name", "request_body", "response", "history", "added"), SHAPES, ids=[s[0] for s in SHAPES])
def test_answer_sent_back_is_recognised(
    name: str, request_body: Any, response: Any, history: list[Any], added: list[Any]
) -> None:
    first = links(request_body, response)
    member = next(key for key in ("messages", "contents", "input") if key in request_body)
    second = links(request_body | {member: history + added})
    assert continues(second, first)
    assert second.resent_count == len(history)
    other = links(request_body | {member: [history[0] | {"name": "x"}, *history[1:], *added]})
    assert other.resent_count == len(history)


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
    answer = {"choices": [{"message": {"role": "assistant", "content": "redacted-by-litellm"}}]}
    first = links({"messages": [redacted]}, answer)
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


def test_preview_of_an_answer_without_text_names_its_tools() -> None:
    calls = [{"id": "c", "function": {"name": name, "arguments": "{}"}} for name in ("read_file", "run_tests")]
    answer = {"choices": [{"message": {"role": "assistant", "content": None, "tool_calls": calls}}]}
    assert links({"messages": [USER]}, answer).output_preview == "read_file, run_tests"
