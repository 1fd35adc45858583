"""With every client, two chat completions with the same `litellm_trace_id` are one session."""

from typing import Any

import pytest
from conftest import RunExample
from servers import Logsui, Proxy

QUESTIONS = ["What is the capital of France?", "And how many people live there?"]
ANSWER = "Paris is the capital of France."
CLIENTS = ["openai_sdk.py", "langchain_client.py", "curl.sh", "litellm_sdk_proxy.py"]


def questions_in(request_document: Any) -> list[str]:
    return [message["content"] for message in request_document["messages"] if message["role"] == "user"]


def check_two_requests(logsui: Logsui, trace_id: str) -> None:
    session = logsui.wait_for_session(trace_id, 2)
    assert session["session_key"] == trace_id
    assert session["error_count"] == 0
    assert (session["input_tokens"], session["output_tokens"]) == (20, 40)
    assert float(session["cost"]) == pytest.approx(2 * 1.35e-05)
    assert session["sources"] == ["litellm"]
    first, second = logsui.requests(session)
    assert first["started_at"] < second["started_at"]
    for llm_request in (first, second):
        check_request(llm_request, trace_id)
    assert questions_in(logsui.get(f"requests/{first['id']}")["request"]) == QUESTIONS[:1]
    assert questions_in(logsui.get(f"requests/{second['id']}")["request"]) == QUESTIONS


def check_request(llm_request: Any, trace_id: str) -> None:
    assert llm_request["session_key"] == trace_id
    assert llm_request["status"] == "success"
    assert llm_request["model"].endswith("gpt-4o-mini")
    assert llm_request["provider"] == "openai"
    assert (llm_request["input_tokens"], llm_request["output_tokens"]) == (10, 20)
    assert float(llm_request["cost"]) == pytest.approx(1.35e-05)
    assert llm_request["grouped_by"]["rule"] == "trace_id"
    assert "metadata.litellm_trace_id" in llm_request["grouped_by"]["detail"]


@pytest.mark.parametrize("client", CLIENTS)
def test_client_through_the_proxy_gives_one_session(
    client: str, logsui: Logsui, proxy: Proxy, run_example: RunExample, trace_id: str
) -> None:
    printed = run_example(client, LITELLM_PROXY_URL=proxy.url)
    assert ANSWER in printed
    assert f"session: {trace_id}" in printed
    check_two_requests(logsui, trace_id)


def test_litellm_sdk_without_a_proxy_gives_one_session(logsui: Logsui, run_example: RunExample, trace_id: str) -> None:
    run_example("litellm_sdk.py", LOGSUI_ENDPOINT=logsui.endpoint, LOGSUI_API_KEY=logsui.api_key)
    check_two_requests(logsui, trace_id)


def test_read_api_returns_the_documents_that_were_sent(
    logsui: Logsui, proxy: Proxy, run_example: RunExample, trace_id: str
) -> None:
    run_example("openai_sdk.py", LITELLM_PROXY_URL=proxy.url)
    _, second = logsui.requests(logsui.wait_for_session(trace_id, 2))
    document = logsui.get(f"requests/{second['id']}")
    assert document["request"]["messages"] == [
        {"role": "user", "content": QUESTIONS[0]},
        {"role": "assistant", "content": ANSWER},
        {"role": "user", "content": QUESTIONS[1]},
    ]
    assert document["response"]["choices"][0]["message"]["content"] == ANSWER
