"""What a prompt consists of: each block counts once, in its class, with its tool or server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sessions_app.content.composition import (
    CLASSES,
    PromptPiece,
    amounts,
    calls_in,
    in_tokens,
    piece_of_tool,
    pieces_of_message,
)
from sessions_app.content.messages import message_of
from sessions_app.content.tool_names import names_in

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def pieces(*values: Any, role: str = "user") -> list[PromptPiece]:
    messages = [message_of(value, role) for value in values]
    tools = calls_in(messages)
    return [piece for message in messages for piece in pieces_of_message(message.role, message.blocks, tools)]


def test_it_works() -> None:
    found = pieces(
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi", "tool_calls": [_call("call_1", "read_file", '{"path":"a"}')]},
        {"role": "tool", "tool_call_id": "call_1", "content": "text of a"},
    )
    assert found == [
        ("system", "", 9),
        ("user", "", 5),
        ("assistant", "", 2),
        ("assistant", "read_file", len("read_file") + len('{"path":"a"}')),
        ("results", "read_file", 9),
    ]


def _call(call_id: str, name: str, arguments: str) -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def test_anthropic_names_the_tool_only_in_the_call() -> None:
    use = {"type": "tool_use", "id": "toolu_1", "name": "grep", "input": {}}
    thinking = {"type": "thinking", "thinking": "Let me see", "signature": "abc"}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": "3 lines"}, _png()]}
    found = pieces({"role": "assistant", "content": [thinking, use]}, {"role": "user", "content": [result]})
    assert found == [
        ("reasoning", "", 10),
        ("assistant", "grep", 6),
        ("results", "grep", 7),
        ("media", "image", 1),
    ]


def _png() -> dict[str, Any]:
    return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}


def test_reasoning_that_is_encrypted_has_no_characters() -> None:
    assert pieces({"type": "redacted_thinking", "data": "x" * 500}, role="assistant") == [("reasoning", "encrypted", 0)]


def test_list_of_an_mcp_server_is_tool_definitions() -> None:
    item = {"type": "mcp_list_tools", "id": "mcpl_1", "server_label": "wiki", "tools": [{"name": "ask"}]}
    found = pieces(item, role="assistant")
    assert {piece.kind for piece in found} == {"tools"}
    assert sum(piece.amount for piece in found) > len("ask")


def test_file_of_plain_text_is_what_the_user_said() -> None:
    text = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Twelve chars"}}
    pdf = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0xLjQK"}}
    found = pieces({"role": "user", "content": [text, pdf, _png()]})
    assert found == [("user", "", 12), ("media", "file", 1), ("media", "image", 1)]


def test_what_is_not_understood_has_its_type() -> None:
    (found,) = pieces({"role": "user", "content": [{"type": "hologram", "rays": [1, 2]}]})
    assert (found.kind, found.detail) == ("other", "hologram")
    assert found.amount == len(json.dumps({"type": "hologram", "rays": [1, 2]}))
    (unknown,) = pieces({"role": "critic", "content": "Hm"})
    assert unknown == ("other", "", 2)


@pytest.mark.parametrize(
    ("definition", "server"),
    [
        ({"name": "mcp__github__search_code", "input_schema": {}}, "github"),
        ({"type": "function", "function": {"name": "mcp__a_b__c__d"}}, "a_b"),
        ({"functionDeclarations": [{"name": "jira.search"}, {"name": "jira.read"}]}, "jira"),
        ({"functionDeclarations": [{"name": "jira.search"}, {"name": "wiki.read"}]}, ""),
        ({"type": "mcp", "server_label": "deepwiki", "server_url": "https://mcp.example/"}, "deepwiki"),
        ({"type": "mcp_toolset", "mcp_server_name": "notes"}, "notes"),
        ({"type": "function", "name": "read_file"}, ""),
        ({"type": "function", "name": ".hidden"}, ""),
        ({"type": "mcp", "server_label": 5}, ""),
        (["mcp__a__b"], ""),
    ],
)
def test_server_of_a_tool_definition(definition: Any, server: str) -> None:
    raw = json.dumps(definition).encode()
    assert piece_of_tool(raw) == ("tools", server, len(raw))


def test_definition_counts_characters_and_not_bytes() -> None:
    assert piece_of_tool('{"name":"größe"}'.encode()) == ("tools", "", 16)
    assert piece_of_tool(b'{"name": "cut off').amount == 17
    assert len(piece_of_tool(b'{"name":"mcp__' + b"s" * 500 + b'__t"}').detail) == 80


def test_amounts_stand_in_the_order_of_the_classes() -> None:
    found = amounts(
        [
            PromptPiece("system", "", 2),
            PromptPiece("results", "a", 3),
            PromptPiece("results", "b", 4),
            PromptPiece("media", "", 1),
        ]
    )
    assert dict(zip(CLASSES, found, strict=True)) == dict.fromkeys(CLASSES, 0) | {"system": 2, "results": 7, "media": 1}


# --- in tokens --------------------------------------------------------------------------------------------------------


def test_characters_are_scaled_to_the_tokens_and_add_up() -> None:
    found = in_tokens((100, 0, 201, 0, 0, 700, 0, 0), 333, is_whole=True)
    assert found
    assert found.is_scaled
    assert sum(found.tokens) == 333
    assert found.tokens[5] == pytest.approx(333 * 700 / 1001, abs=1)
    assert found.unknown == 0


@pytest.mark.parametrize(
    ("by_class", "is_whole"),
    [
        ((0, 0, 400, 0, 0, 0, 0, 0), False),  # a history elsewhere
        ((0, 0, 400, 0, 0, 0, 2, 0), True),  # two images
        ((0, 0, 400, 0, 0, 0, 0, 0), True),  # more tokens than characters
        ((0, 0, 0, 0, 0, 0, 0, 0), True),  # nothing was logged
    ],
)
def test_what_is_missing_is_not_shared_out(by_class: tuple[int, ...], is_whole: bool) -> None:
    found = in_tokens(by_class, 5_000, is_whole)
    assert found
    assert not found.is_scaled
    assert found.tokens[2] == by_class[2] // 4
    assert sum(found.tokens) + found.unknown == 5_000


def test_unknown_is_never_negative() -> None:
    found = in_tokens((0, 0, 4_000, 0, 0, 0, 1, 0), 10, is_whole=True)
    assert found == ((0, 0, 10, 0, 0, 0, 0, 0), 0, False)
    assert in_tokens((0, 0, 4_000, 0, 0, 0, 0, 0), None, is_whole=True) is None


def test_a_tool_with_a_grammar_has_its_own_name() -> None:
    custom = {"type": "custom", "custom": {"name": "sql", "description": "Runs it"}}
    assert list(names_in(custom)) == ["sql"]
    assert list(names_in({"type": "custom", "name": "sql"})) == ["sql"]


def test_a_mark_for_the_cache_is_no_tool() -> None:
    assert not list(names_in({"cachePoint": {"type": "default"}}))
    assert list(names_in({"systemTool": {"name": "nova_grounding"}})) == ["nova_grounding"]
