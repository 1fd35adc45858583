"""What answers cite, and what models thought, wherever it stands."""

from __future__ import annotations

from typing import Any

import pytest

from sessions_app.content.blocks import (
    Citation,
    CitationsBlock,
    ContentBlock,
    ReasoningBlock,
    TextBlock,
    ToolCallBlock,
    ToolResultBlock,
)
from sessions_app.content.canonical import canonical_form
from sessions_app.content.message_texts import plain_text, searchable_text
from sessions_app.content.messages import message_of


def cited(*found: Citation) -> list[ContentBlock]:
    return [TextBlock("High at six."), CitationsBlock(found)]


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        (
            {
                "annotations": [
                    {"type": "url_citation", "url_citation": {"url": "https://a", "title": "Tides", "start_index": 0}}
                ]
            },
            Citation("Tides", "https://a"),
        ),
        (
            {
                "content": [
                    {
                        "type": "output_text",
                        "text": "High at six.",
                        "annotations": [{"type": "file_citation", "filename": "a.pdf", "file_id": "file-1"}],
                    }
                ]
            },
            Citation("a.pdf", "file-1"),
        ),
        (
            {
                "content": [
                    {
                        "type": "text",
                        "text": "High at six.",
                        "citations": [{"type": "char_location", "document_title": "Tides", "cited_text": "06:00"}],
                    }
                ]
            },
            Citation("Tides", "", "06:00"),
        ),
        (
            {
                "citations": [
                    {"text": "six", "sources": [{"type": "document", "id": "d", "document": {"title": "Tides"}}]}
                ]
            },
            Citation("Tides", "d", "six"),
        ),
        (
            {
                "content": [
                    {
                        "citationsContent": {
                            "content": [{"text": "High at six."}],
                            "citations": [
                                {
                                    "title": "Tides",
                                    "location": {"web": {"url": "https://a"}},
                                    "sourceContent": [{"text": "06:00"}],
                                }
                            ],
                        }
                    }
                ]
            },
            Citation("Tides", "https://a", "06:00"),
        ),
        (
            {"provider_specific_fields": {"citations": [[{"url": "https://a", "title": "Tides", "quote": "06:00"}]]}},
            Citation("Tides", "https://a", "06:00"),
        ),
        ({"citations": ["https://a"]}, Citation("", "https://a")),
    ],
    ids=["OpenAI chat", "OpenAI Responses", "Anthropic", "Cohere", "Bedrock", "LiteLLM", "Perplexity"],
)
def test_citations(members: dict[str, Any], expected: Citation) -> None:
    message = message_of({"role": "assistant", "content": "High at six."} | members)
    assert message.blocks == cited(expected)
    plain = message_of({"role": "assistant", "content": "High at six."})
    assert canonical_form(message).pieces == canonical_form(plain).pieces
    assert plain_text(message) == "High at six."
    assert all(word in searchable_text(message) for word in (expected.title, expected.url, expected.quote))


@pytest.mark.parametrize("is_snake", [False, True])
def test_grounding(is_snake: bool) -> None:
    found = {
        "webSearchQueries": ["tides"],
        "groundingChunks": [{"web": {"uri": "https://a", "title": "Tides"}}, {"retrievedContext": {"title": "Log"}}],
        "groundingSupports": [{"segment": {"text": "six"}, "groundingChunkIndices": [0, "odd", 7]}],
    }
    if is_snake:
        found = {
            "web_search_queries": found["webSearchQueries"],
            "grounding_chunks": found["groundingChunks"],
            "grounding_supports": [{"segment": {"text": "six"}, "grounding_chunk_indices": [0]}],
        }
    message = message_of(found, "assistant")
    assert message.blocks == [
        ToolCallBlock("google_search", '{"queries": ["tides"]}', by_provider=True),
        CitationsBlock((Citation("Tides", "https://a", "six"), Citation("Log"))),
    ]
    assert canonical_form(message).pieces == ()


# --- thoughts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "thoughts", "said"),
    [
        ({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]}, ["hm"], ""),
        ({"reasoning_details": [{"type": "reasoning.summary", "summary": "hm"}], "content": "a"}, ["hm"], "a"),
        (
            {"reasoning_details": [{"type": "reasoning.text", "text": "hm"}], "reasoning": "hm", "content": ""},
            ["hm"],
            "",
        ),
        ({"thinking": "hm", "content": "a"}, ["hm"], "a"),
        ({"tool_plan": "hm", "content": "a"}, ["hm"], "a"),
        ({"content": [{"reasoningContent": {"reasoningText": {"text": "hm"}}}, {"text": "a"}]}, ["hm"], "a"),
        ({"content": "<think>hm</think>a"}, ["hm"], "a"),
        ({"content": "<think>\nhm\n</think>\n\na\n<think>so</think>\nb"}, ["hm", "so"], "a\n\n\nb"),
        ({"content": "<thinking>hm</thinking>a"}, ["hm"], "a"),
        ({"content": "hm</think>\na"}, ["hm"], "a"),
        ({"content": "<think>hm, and then it was cut"}, ["hm, and then it was cut"], ""),
        ({"content": "Write `<think>` before it"}, [], "Write `<think>` before it"),
    ],
)
def test_thoughts(message: dict[str, Any], thoughts: list[str], said: str) -> None:
    read = message_of({"role": "assistant"} | message)
    assert [block.text for block in read.blocks if isinstance(block, ReasoningBlock)] == thoughts
    assert plain_text(read).strip() == said
    if "\n" not in said:
        plain = message_of({"role": "assistant", "content": said})
        assert canonical_form(read).pieces == canonical_form(plain).pieces


def test_encrypted_thoughts() -> None:
    for item in (
        {"reasoning_details": [{"type": "reasoning.encrypted", "data": "x" * 90}]},
        {"content": [{"reasoningContent": {"redactedContent": "x" * 90}}]},
    ):
        assert message_of({"role": "assistant"} | item).blocks == [ReasoningBlock(encrypted_chars=90)]


def test_only_an_answer_has_thoughts_in_its_text() -> None:
    assert message_of({"role": "user", "content": "<think>a</think>b"}).blocks == [TextBlock("<think>a</think>b")]


# --- Gemini's tools -------------------------------------------------------------------------------------------------


def test_tools_that_google_runs() -> None:
    camel = [
        {"executableCode": {"language": "PYTHON", "code": "1/0"}},
        {"codeExecutionResult": {"outcome": "OUTCOME_FAILED", "output": "ZeroDivisionError"}},
        {"toolCall": {"id": "1", "toolType": "GOOGLE_SEARCH_WEB", "args": {"queries": ["a"]}}},
        {"toolResponse": {"id": "1", "toolType": "GOOGLE_SEARCH_WEB", "response": {"found": 3}}},
        {"text": "No."},
    ]
    snake = [
        {"executable_code": {"language": "PYTHON", "code": "1/0"}},
        {"code_execution_result": {"outcome": "OUTCOME_FAILED", "output": "ZeroDivisionError"}},
        {"tool_call": {"id": "1", "tool_type": "GOOGLE_SEARCH_WEB", "args": {"queries": ["a"]}}},
        {"tool_response": {"id": "1", "tool_type": "GOOGLE_SEARCH_WEB", "response": {"found": 3}}},
        {"text": "No."},
    ]
    read = message_of({"role": "model", "parts": camel})
    assert read == message_of({"role": "model", "parts": snake})
    code, ran, _, found, _ = read.blocks
    assert code == ToolCallBlock("code_execution", "1/0", by_provider=True)
    assert isinstance(ran, ToolResultBlock)
    assert (ran.name, ran.text, ran.is_error) == ("code_execution", "ZeroDivisionError", True)
    assert isinstance(found, ToolResultBlock)
    assert found.text == '{"found": 3}'
    assert (
        canonical_form(read).pieces == canonical_form(message_of({"role": "model", "parts": [{"text": "No."}]})).pieces
    )


def test_a_document_without_a_title_is_told_by_its_number() -> None:
    place = {"type": "char_location", "cited_text": "at six", "document_index": 0, "document_title": None}
    content = [{"type": "text", "text": "High at six.", "citations": [place]}]
    assert message_of({"role": "assistant", "content": content}).blocks == cited(Citation("document 1", "", "at six"))


def test_what_google_retrieved_is_quoted_before_what_was_said_of_it() -> None:
    chunk = {"retrievedContext": {"uri": "gs://a/b", "title": "Tides", "text": "High water at six"}}
    support = {"segment": {"text": "High at six."}, "groundingChunkIndices": [0]}
    grounding = {"groundingChunks": [chunk], "groundingSupports": [support]}
    found = message_of({"groundingMetadata": grounding}, "assistant").blocks
    assert found == [CitationsBlock((Citation("Tides", "gs://a/b", "High water at six"),))]


def test_the_content_of_a_cited_page_is_its_quote() -> None:
    page = {"type": "url_citation", "url_citation": {"url": "https://a", "title": "Tides", "content": "High at six"}}
    assert message_of({"role": "assistant", "content": "High at six.", "annotations": [page]}).blocks == cited(
        Citation("Tides", "https://a", "High at six")
    )
