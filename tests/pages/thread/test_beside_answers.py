"""What stands beside an answer or within an item of it: read where it is known, else shown without calling it odd."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from sessions_app.models import Project
from tests.pages.thread.test_what_is_understood import BOXES, page_of

READ = "the lake freezes in January"


def completion(message: dict[str, Any], **members: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant"} | message, "finish_reason": "stop"}
    return {"object": "chat.completion", "choices": [choice]} | members


def responses(*items: dict[str, Any]) -> dict[str, Any]:
    return {"object": "response", "status": "completed", "output": list(items)}


def message(text: str) -> dict[str, Any]:
    return {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}


@pytest.mark.parametrize(
    ("response", "told"),
    [
        pytest.param(
            completion({"content": READ, "context": {"citations": [{"title": "ice.md", "url": "https://x.org/i"}]}}),
            ("Sources 1 ice.md", "x.org"),
            id="azure-citations",
        ),
        pytest.param(
            completion({"content": READ}, web_search=[{"title": "Ice", "link": "https://x.org/i", "content": "thick"}]),
            ("Sources 1 Ice", "thick"),
            id="glm-web-search",
        ),
        pytest.param(
            {"request_id": "r", "output": completion({"content": READ}) | {"search_info": {"search_results": [
                {"title": "Ice", "url": "https://x.org/i", "index": 1}]}}},
            ("Sources 1 Ice",),
            id="dashscope-search-info",
        ),
        pytest.param(
            responses({"type": "function_call", "call_id": "call_1", "namespace": "lakes", "name": "depth",
                       "arguments": "{}"}, message(READ)),
            ("lakes.depth",),
            id="namespace-of-a-tool",
        ),
        pytest.param(
            responses({"type": "message", "role": "assistant", "content": [
                {"type": "output_audio", "data": "UklGRiQAAABXQVZF", "transcript": READ}]}),
            ("Transcript",),
            id="spoken-answer",
        ),
        pytest.param(
            {"object": "interaction", "status": "completed", "model": "g", "outputs": [
                {"type": "thought", "signature": "x", "summary": [{"type": "text", "text": "mull"}]},
                {"type": "text", "text": READ}]},
            ("Reasoning 4 characters mull",),
            id="thought-of-an-interaction",
        ),
        pytest.param(
            {"type": "message", "role": "assistant", "stop_reason": "end_turn", "content": [
                {"type": "server_tool_use", "id": "srvtoolu_1", "name": "code_execution", "input": {"code": "1"}},
                {"type": "code_execution_tool_result", "tool_use_id": "srvtoolu_1", "content": {
                    "type": "encrypted_code_execution_result", "encrypted_stdout": "EqgfCio", "return_code": 0}},
                {"type": "text", "text": READ, "citations": [{
                    "type": "web_search_result_location", "url": "https://x.org/i", "title": "Ice",
                    "encrypted_index": "Eo8BCioI", "cited_text": "thick"}]}]},
            ("Sources 1 Ice",),
            id="encrypted",
        ),
    ],
)  # fmt: skip
def test_it_is_read(project: Project, signed_in: Client, response: dict[str, Any], told: tuple[str, ...]) -> None:
    page = page_of(signed_in, project, response)
    assert READ in page
    assert not [words for words in told if words not in page]
    assert not [box for box in BOXES if box in page]


def test_a_thought_in_the_text_and_beside_it_is_shown_once(project: Project, signed_in: Client) -> None:
    details = [{"type": "reasoning.text", "text": "deep water"}]
    content = f"<think>\ndeep water\n</think>\n\n{READ}"
    page = page_of(signed_in, project, completion({"content": content, "reasoning_details": details}))
    assert page.count("deep water") == 1
    assert READ in page


@pytest.mark.parametrize(
    "response",
    [
        completion({"content": READ}, prompt_filter_results=[{"content_filter_results": {
            "jailbreak": {"detected": True, "filtered": False}, "hate": {"severity": "safe", "filtered": False}}}]),
        {"error": {"code": "content_filter", "message": "Filtered", "innererror": {"content_filter_result": {
            "jailbreak": {"detected": True, "filtered": True}, "hate": {"severity": "safe", "filtered": False}}}}},
    ],
)  # fmt: skip
def test_what_a_filter_found_is_shown(project: Project, signed_in: Client, response: dict[str, Any]) -> None:
    page = page_of(signed_in, project, response)
    assert "jailbreak" in page
    assert "safe" not in page


def test_what_an_error_says_beside_its_message_is_shown(project: Project, signed_in: Client) -> None:
    error = {"message": "Failed to call a function", "code": "tool_use_failed", "failed_generation": "<function=ice>"}
    page = page_of(signed_in, project, {"error": error})
    assert "<function=ice>" in page
    assert page.count("Failed to call a function") == 1


@pytest.mark.parametrize("request_body", [
    {"model": "models/gemini-embedding-001", "content": {"parts": [{"text": READ}]}},
    {"requests": [{"model": "m", "content": {"parts": [{"text": READ}]}}]},
])  # fmt: skip
def test_what_gemini_embeds_is_read(project: Project, signed_in: Client, request_body: dict[str, Any]) -> None:
    page = page_of(signed_in, project, {"embeddings": [{"values": [0.1, 0.2]}]}, request_body)
    assert f"user {READ}" in page
    assert "recognised" not in page
