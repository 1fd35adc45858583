"""What a stored payload gives to read: the request as its client sent it, the response, metadata, parameters."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from sessions_app.records import Documents
from sessions_app.wire import documents_of
from tests.wire.litellm_payloads import FILES, LEGACY, a_payload, join, payloads_of, records_of


def documents(file: str, index: int = 0) -> Documents:
    return documents_of("litellm", join(records_of(file)[index]))


def request_of(file: str, index: int = 0) -> Any:
    raw = documents(file, index).request
    return None if raw is None else json.loads(raw)


@pytest.mark.parametrize("file", FILES)
def test_documents_of_every_payload(file: str) -> None:
    for index, payload in enumerate(payloads_of(file)):
        found = documents(file, index)
        assert json.loads(found.log) == payload
        if file == LEGACY:
            continue
        assert (
            found.response is None
            if payload["response"] == {}
            else json.loads(found.response or b"") == payload["response"]
        )
        assert found.metadata is not None
        metadata = json.loads(found.metadata)
        assert metadata.items() >= payload["metadata"].items()
        assert found.parameters == {
            name: value for name, value in payload["model_parameters"].items() if name not in ("tools", "instructions")
        }


def test_every_member_is_in_a_document_or_a_column() -> None:
    metadata = json.loads(documents("openai-sdk-body-litellm_session_id.json").metadata or b"")
    columns = {
        *("id", "trace_id", "call_type", "status", "custom_llm_provider", "model", "model_group", "api_base"),
        *("startTime", "endTime", "end_user", "prompt_tokens", "completion_tokens", "response_cost"),
    }
    shown_as_documents = {"messages", "response", "model_parameters", "metadata"}
    assert a_payload().keys() - metadata.keys() == columns | shown_as_documents


def test_the_documentation_names_every_member() -> None:
    table = Path("docs/ingestion.md").read_text().partition("### Fields of LiteLLM's payload")[2]
    named = set(re.findall(r"`(\w+)`", table))
    captured = {name for file in FILES if file != LEGACY for payload in payloads_of(file) for name in payload}
    assert captured - named == set()


def test_chat_request() -> None:
    request = request_of("tool-calls-parallel-with-results.json", 1)
    assert list(request)[:2] == ["model", "messages"]
    assert request["model"] == "gpt-4o-mini"
    assert [message["role"] for message in request["messages"]] == ["system", "user", "assistant", "tool", "tool"]
    assert len(request["tools"]) == 2


def test_responses_request() -> None:
    request = request_of("responses-tool-call-and-reasoning.json")
    assert request["input"] == [{"role": "user", "content": "What is the weather in Zürich?"}]
    assert request["instructions"] == "You are a weather agent."
    assert "messages" not in request


def test_texts_get_the_name_and_form_of_their_api() -> None:
    assert request_of("embeddings.json")["input"]
    assert request_of("embeddings.json", 1)["input"] == ["first text", "second text", "третий текст"]
    assert request_of("text-completions.json")["prompt"] == "Once upon a time"
    assert request_of("image-generation-and-moderation.json")["prompt"] == "a red cube"
    assert request_of("image-generation-and-moderation.json", 1)["input"] == "hello there"


def test_a_pass_through_request_is_the_body_that_was_sent() -> None:
    request = request_of("pass-through-endpoints.json", 1)
    assert request["messages"] == [{"role": "user", "content": "native anthropic pass-through"}]


@pytest.mark.parametrize(
    "messages",
    [[{"role": "user", "content": ""}], [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}], {"a": 1}],
)
def test_a_pass_through_request_without_a_body_is_what_was_logged(messages: Any) -> None:
    payload = a_payload(call_type="pass_through_endpoint", messages=messages, model_parameters={})
    request = documents_of("litellm", json.dumps(payload).encode()).request
    assert json.loads(request or b"")["messages"] == messages


def test_a_tool_call_is_its_name_and_arguments() -> None:
    calls = [
        index
        for index, payload in enumerate(payloads_of("mcp-tool-calls.json"))
        if payload["call_type"] == "call_mcp_tool"
    ]
    request = request_of("mcp-tool-calls.json", calls[0])
    assert request["arguments"] == {"city": "Zürich", "unit": "celsius"}


def test_a_placeholder_is_no_request() -> None:
    assert request_of("failure-malformed-request.json", 1) is None
    assert request_of("mcp-tool-calls.json") is None


def test_a_failed_requests_document_has_what_was_sent() -> None:
    found = documents("failures-429-500-401-404.json")
    assert found.response is None
    assert json.loads(found.request or b"")["model"] == "fails-429"


def test_text_payloads_are_shown_as_values() -> None:
    found = documents(LEGACY)
    assert json.loads(found.request or b"")["messages"] == [
        {"role": "user", "content": "SECRET prompt under a profile"}
    ]
    assert (
        json.loads(found.response or b"")["choices"][0]["message"]["content"]
        == "Reply 1 to: SECRET prompt under a profile"
    )
    assert json.loads(found.metadata or b"")["model_group"] == "gpt-4o-mini"
    assert found.parameters["stream"] is False
