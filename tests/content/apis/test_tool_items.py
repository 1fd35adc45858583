"""Tool calls and results of every API, also of types that nobody knows yet."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.content.blocks import (
    ContentBlock,
    MediaBlock,
    Message,
    TextBlock,
    ToolCallBlock,
    ToolResultBlock,
)
from sessions_app.content.canonical import canonical_form
from sessions_app.content.message_texts import searchable_text
from sessions_app.content.messages import message_of, read_message

ID = "call_0123456789abcdef"


def in_both(item: Any) -> tuple[Message, Message]:
    raw = json.dumps(item).encode()
    return read_message(raw, "assistant"), read_message(raw, "user")


def one(item: dict[str, Any]) -> ContentBlock:
    answered, sent_back = in_both(item)
    assert answered == sent_back
    (block,) = answered.blocks
    return block


def call(item: dict[str, Any]) -> ToolCallBlock:
    block = one(item)
    assert isinstance(block, ToolCallBlock)
    assert message_of(item).role == "assistant"
    return block


def result(item: dict[str, Any]) -> ToolResultBlock:
    block = one(item)
    assert isinstance(block, ToolResultBlock)
    assert message_of(item).role == "tool"
    return block


def both(item: dict[str, Any]) -> tuple[ToolCallBlock, ToolResultBlock]:
    """A call that brings its own result: nothing that counts, but shown as a pair."""
    answered, sent_back = in_both(item)
    assert answered == sent_back
    asked, got = answered.blocks
    assert isinstance(asked, ToolCallBlock)
    assert isinstance(got, ToolResultBlock)
    assert asked.by_provider
    assert asked.id == got.call_id
    assert answered.role == "assistant"
    assert canonical_form(answered).pieces == ()
    return asked, got


# --- calls ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (
            {"type": "shell_call", "id": "sh", "call_id": ID, "action": {"commands": ["ls"]}, "status": "completed"},
            ToolCallBlock("shell", '{"commands": ["ls"]}', ID),
        ),
        (
            {"type": "apply_patch_call", "call_id": ID, "operation": {"type": "delete_file", "path": "a"}},
            ToolCallBlock("apply_patch", '{"type": "delete_file", "path": "a"}', ID),
        ),
        (
            {"type": "custom_tool_call", "call_id": ID, "name": "grep", "input": "a b"},
            ToolCallBlock("grep", "a b", ID),
        ),
        (
            {"type": "tool_search_call", "call_id": ID, "execution": "client", "arguments": {"query": "a"}},
            ToolCallBlock("tool_search", '{"query": "a"}', ID),
        ),
        ({"type": "levitate_call", "call_id": ID, "height": 3}, ToolCallBlock("levitate", '{"height": 3}', ID)),
        ({"type": "levitate", "call_id": ID, "arguments": {"h": 3}}, ToolCallBlock("levitate", '{"h": 3}', ID)),
        ({"type": "brain_tool_use", "id": ID, "name": "f", "input": {}}, ToolCallBlock("f", "{}", ID)),
        (
            {"type": "server_tool_call", "id": "s", "name": "f", "server_tool_call": {"type": "f", "q": "a"}},
            ToolCallBlock("f", '{"type": "f", "q": "a"}', "s", by_provider=True),
        ),
        ({"call_id": ID, "name": "f", "arguments": "{}"}, ToolCallBlock("f", "{}", ID)),
        (
            {
                "type": "mcp_approval_request",
                "id": "mcpr_1",
                "name": "ask",
                "arguments": '{"q":"a"}',
                "server_label": "w",
            },
            ToolCallBlock("approval of w.ask", '{"q":"a"}', "mcpr_1"),
        ),
    ],
)
def test_a_call(item: dict[str, Any], expected: ToolCallBlock) -> None:
    assert call(item) == expected


# --- results --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "text", "is_error"),
    [
        (
            {
                "type": "shell_call_output",
                "call_id": ID,
                "output": [{"stdout": "a.txt\n", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}],
            },
            "a.txt\noutcome: exit code 0",
            False,
        ),
        (
            {
                "type": "shell_call_output",
                "call_id": ID,
                "output": [{"stdout": "", "stderr": "no", "outcome": {"type": "timeout"}}],
            },
            "no\noutcome: timeout",
            True,
        ),
        ({"type": "apply_patch_call_output", "call_id": ID, "status": "failed", "output": "no file"}, "no file", True),
        ({"type": "levitate_output", "call_id": ID, "output": "up"}, "up", None),
        ({"type": "levitate", "call_id": ID, "result": {"a": 1}}, '{"a": 1}', None),
        ({"type": "levitate_output", "call_id": ID, "height": 3}, '{"height": 3}', None),
        ({"call_id": ID, "output": "up"}, "up", None),
        ({"type": "local_shell_call_output", "id": ID, "output": "up"}, "up", None),
        (
            {"type": "server_tool_call_response", "id": ID, "server_tool_call_response": {"type": "f", "found": 3}},
            '{"type": "f", "found": 3}',
            None,
        ),
        (
            {"type": "tool_search_output", "call_id": ID, "tools": [{"name": "f", "description": "Finds"}, {"a": 1}]},
            'f: Finds\n{"a": 1}',
            None,
        ),
        ({"type": "mcp_approval_response", "approval_request_id": "m", "approve": True}, "Approved", None),
        (
            {"type": "mcp_approval_response", "approval_request_id": "m", "approve": False, "reason": "too risky"},
            "Refused: too risky",
            None,
        ),
    ],
)
def test_a_result(item: dict[str, Any], text: str, is_error: bool | None) -> None:
    found = result(item)
    assert (found.text, found.is_error) == (text, is_error)
    assert found.call_id in (ID, "m")
    assert text in searchable_text(message_of(item))


def test_a_screenshot_is_an_image() -> None:
    output = {"type": "computer_screenshot", "image_url": "https://example.org/a.png"}
    found = result({"type": "computer_call_output", "call_id": ID, "output": output})
    assert found.blocks == [MediaBlock("image", "https://example.org/a.png")]


# --- what providers ran themselves ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "name", "arguments", "text", "is_error"),
    [
        (
            {"type": "code_interpreter_call", "id": "c", "code": "1+1", "outputs": [{"type": "logs", "logs": "2\n"}]},
            "code_interpreter",
            "1+1",
            "2",
            None,
        ),
        (
            {
                "type": "file_search_call",
                "id": "c",
                "queries": ["tides"],
                "results": [{"file_id": "f", "filename": "a.pdf", "score": 0.9, "text": "High at six"}],
            },
            "file_search",
            '["tides"]',
            "a.pdf\nHigh at six\nscore: 0.9",
            None,
        ),
        (
            {
                "type": "web_search_call",
                "id": "c",
                "action": {"type": "search", "query": "a", "sources": [{"type": "url", "url": "https://a/b"}]},
            },
            "web_search",
            '{"type": "search", "query": "a"}',
            "https://a/b",
            None,
        ),
        (
            {
                "type": "mcp_call",
                "id": "c",
                "name": "ask",
                "server_label": "w",
                "arguments": "{}",
                "error": "no page",
            },
            "w.ask",
            "{}",
            "no page",
            True,
        ),
        (
            {"type": "mcp_list_tools", "id": "c", "server_label": "w", "tools": [{"name": "ask"}, {"name": "look"}]},
            "mcp_list_tools",
            '{"server_label": "w"}',
            "ask\nlook",
            None,
        ),
        ({"type": "divine_call", "id": "c", "query": "a", "results": ["yes"]}, "divine", "a", "yes", None),
    ],
)
def test_a_call_with_its_own_result(
    item: dict[str, Any], name: str, arguments: str, text: str, is_error: bool | None
) -> None:
    asked, got = both(item)
    assert (asked.name, asked.arguments, got.text, got.is_error) == (name, arguments, text, is_error)
    assert text.split()[0] in searchable_text(message_of(item))


def test_an_image_that_the_model_made_counts() -> None:
    item = {"type": "image_generation_call", "id": "ig_0123456789abcdef", "result": "aGk=", "revised_prompt": "A fox"}
    message = message_of(item, "assistant")
    asked, got = message.blocks
    assert isinstance(asked, ToolCallBlock)
    assert isinstance(got, ToolResultBlock)
    assert "A fox" in asked.arguments
    assert got.blocks == [MediaBlock("image", "data:image/png;base64,aGk=", "image/png", id="ig_0123456789abcdef")]
    assert canonical_form(message).pieces == canonical_form(message_of(item)).pieces != ()
    assert "aGk=" not in searchable_text(message)


def test_tool_search_of_the_provider_is_the_assistants() -> None:
    searched = message_of({"type": "tool_search_call", "call_id": None, "execution": "server", "arguments": {"q": 1}})
    found = message_of({"type": "tool_search_output", "call_id": None, "execution": "server", "tools": [{"name": "f"}]})
    assert searched.role == found.role == "assistant"
    assert canonical_form(searched).pieces == canonical_form(found).pieces == ()


# --- any other ------------------------------------------------------------------------------------------------------

MEMBERS = st.sampled_from(
    [
        *(
            "type",
            "id",
            "call_id",
            "tool_use_id",
            "name",
            "arguments",
            "input",
            "action",
            "output",
            "content",
            "result",
        ),
        *("error", "status", "text", "source", "data", "image_url", "document", "citations", "annotations", "tools"),
        *("thinking", "reasoning_details", "images", "tool_calls", "groundingMetadata", "groundingChunks", "file"),
        *("executableCode", "toolResponse", "reasoningContent", "citationsContent", "guardContent", "outcome"),
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(MEMBERS | st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)
WORDS = st.sampled_from(["warp", "shell", "mcp", "server", "web", "image", "tool", "approval", "reasoning", "list"])
ENDINGS = st.sampled_from(
    ["_call", "_call_output", "_tool_result", "_tool_use", "", "_request", "_result", "_output", "-call", "Call"]
)


@given(
    words=st.lists(WORDS, min_size=1, max_size=3), ending=ENDINGS, members=st.dictionaries(MEMBERS, JSON, max_size=5)
)
def test_an_invented_item_means_the_same_in_an_answer_and_in_a_history(
    words: list[str], ending: str, members: dict[str, Any]
) -> None:
    item = members | {"type": "zz_" + "_".join(words) + ending, "call_id": ID}
    answered, sent_back = in_both(item)
    assert answered == sent_back
    assert sent_back.role != "user"
    assert canonical_form(answered) == canonical_form(sent_back)


@given(value=JSON, role=st.sampled_from(["user", "assistant", "tool"]))
def test_reading_never_raises(value: Any, role: str) -> None:
    for message in (
        message_of(value, role),
        message_of({"role": role, "content": value}),
        message_of({"role": role, "content": [value], "tool_calls": [value], "images": [value]}),
        message_of({"type": "zz_call", "call_id": "c", "output": value}),
    ):
        canonical_form(message)
        searchable_text(message)


def test_what_looks_like_a_call_in_a_result_is_data() -> None:
    found = result(
        {"type": "function_call_output", "call_id": ID, "output": [{"type": "phone_call", "id": "1", "to": "x"}]}
    )
    assert "phone_call" in found.text
    assert not any(isinstance(block, (ToolCallBlock, TextBlock)) for block in found.blocks)


# --- results of tools that the provider ran -------------------------------------------------------------------------

PRINTED = [{"stdout": "a", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}]
HOSTED = {"type": "shell_call_output", "id": "shco_1", "call_id": ID, "output": PRINTED}


def test_what_a_hosted_tool_returned_belongs_to_the_answer_on_both_sides() -> None:
    for item in (HOSTED, HOSTED | {"type": "levitate_call_output"}):
        answered, sent_back = in_both(item)
        assert answered == sent_back
        assert answered.role == "assistant"
        assert canonical_form(answered, is_output=True).pieces == canonical_form(sent_back).pieces == ()


@pytest.mark.parametrize(
    "item",
    [
        {name: value for name, value in HOSTED.items() if name != "id"},
        HOSTED | {"id": ID},
        {"type": "function_call_output", "id": "fc_1", "call_id": ID, "output": "a"},
        {"type": "computer_call_output", "id": "cu_1", "call_id": ID, "output": "a"},
    ],
)
def test_what_a_client_ran_is_no_part_of_an_answer(item: dict[str, Any]) -> None:
    assert result(item).call_id == ID
