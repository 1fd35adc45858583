"""What of a message is in none of its blocks. No database."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.content.messages import read_message
from sessions_app.content.unread import unread_in, untold

CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a": "b"}'}}

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "role", "content", "parts", "tool_calls", "text", "x"]), inner)
    ),
    max_leaves=12,
)


def left_of(message: Any) -> Any:
    raw = json.dumps(message).encode()
    return unread_in(raw, read_message(raw, "user"))


@pytest.mark.parametrize(
    "message",
    [
        {"role": "user", "content": "Hi", "name": "ann"},
        {"role": "assistant", "content": None, "tool_calls": [CALL], "refusal": None, "annotations": []},
        {"role": "tool", "tool_call_id": "c", "content": "done"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {"path": "a\nb"}}]},
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "x"}]}],
        },
        {"type": "function_call", "id": "fc", "call_id": "c", "name": "f", "arguments": "{}", "status": "completed"},
        {"role": "model", "parts": [{"text": "Hi"}, {"functionCall": {"name": "f", "args": {"q": [1, "two"]}}}]},
        {"type": "custom_thing", "words": "kept as it is"},
        {"role": "assistant", "content": "High water is", "prefix": True},
        {
            "role": "assistant",
            "content": [
                {
                    "type": "thinking",
                    "thinking": [{"type": "text", "text": "Low"}, {"type": "reference", "reference_ids": [1]}],
                    "closed": True,
                }
            ],
        },
        {
            "role": "user",
            "parts": [
                {
                    "fileData": {"fileUri": "https://a/b", "mimeType": "video/mp4"},
                    "videoMetadata": {"startOffset": "1s", "endOffset": "2s", "fps": 3},
                }
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "document",
                    "source": {"type": "text", "media_type": "text/plain", "data": "Low at noon"},
                    "context": "From the harbour",
                    "citations": {"enabled": True},
                },
            ],
        },
        {"type": "mcp_approval_response", "approval_request_id": "a", "approve": True, "reason": "fine"},
        {
            "type": "shell_call_output",
            "call_id": "c",
            "max_output_length": 4000,
            "output": [{"stdout": "a", "stderr": "", "outcome": {"type": "exit", "exit_code": 2}}],
        },
        {
            "role": "user",
            "parts": [{"functionResponse": {"name": "f", "response": {"result": "ok"}, "scheduling": "SILENT"}}],
        },
        {
            "type": "message",
            "role": "assistant",
            "content": [
                {
                    "type": "output_text",
                    "text": "Primes",
                    "annotations": [{"type": "url_citation", "url": "https://a.b", "start_index": 0, "end_index": 6}],
                }
            ],
        },
    ],
)
def test_of_what_is_read_nothing_is_left(message: Any) -> None:
    assert left_of(message) is None


@pytest.mark.parametrize(
    ("message", "left"),
    [
        ({"role": "user", "content": "Hi", "aside": {"mood": "calm"}}, {"aside": {"mood": "calm"}}),
        (
            {"role": "user", "content": [{"type": "text", "text": "Hi", "tone": "warm"}]},
            {"content": [{"tone": "warm"}]},
        ),
    ],
)
def test_what_no_block_says_is_left(message: Any, left: Any) -> None:
    assert left_of(message) == left


@given(values)
def test_any_value_is_looked_at(value: Any) -> None:
    left_of(value)


@pytest.mark.parametrize(
    "value", [{"x": [None] * 6_000 + ["words"]}, {"x": json.loads("[" * 40 + '"words"' + "]" * 40)}]
)
def test_what_nobody_looked_at_is_not_nothing(value: Any) -> None:
    assert untold(value, frozenset()) == value
    assert untold({"x": [None, {}, ""]}, frozenset()) is None
