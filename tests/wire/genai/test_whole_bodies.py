"""Spans whose request and answer stand whole in one attribute each: LangSmith and MLflow. No database."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sessions_app.content.blocks import RefusalBlock, TextBlock, ToolCallBlock
from sessions_app.content.messages import read_message
from sessions_app.records import Record, Usage
from tests.wire.genai.spans import record

ASKED = {"model": "gpt-x", "messages": [{"role": "user", "content": "When is high water?"}]}
ANSWER = {"role": "assistant", "content": "At six"}
ANSWERED = {"id": "c-1", "model": "gpt-x-1", "choices": [{"index": 0, "finish_reason": "stop", "message": ANSWER}]}


def langchain(kind: str, content: str, **members: Any) -> dict[str, Any]:
    names = ["langchain", "schema", "messages", f"{kind}Message"]
    return {"lc": 1, "type": "constructor", "id": names, "kwargs": {"content": content, "type": kind.lower()} | members}


def said(found: Record) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    sides = []
    for parts, role in ((found.document.input, "user"), (found.document.output, "assistant")):
        messages = [read_message(raw, role) for raw in parts.contents]
        texts = [(m.role, block.text) for m in messages for block in m.blocks if isinstance(block, TextBlock)]
        sides.append(texts)
    return sides[0], sides[1]


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (("gen_ai.prompt", "gen_ai.completion"), {"langsmith.span.kind": "llm"}),
        (("gen_ai.prompt", "gen_ai.completion"), {"gen_ai.request.model": "gpt-x"}),
        (("mlflow.spanInputs", "mlflow.spanOutputs"), {"mlflow.spanType": '"CHAT_MODEL"'}),
    ],
)
def test_they_are_requests_with_their_messages(names: tuple[str, str], kind: dict[str, Any]) -> None:
    counts = {"usage": {"prompt_tokens": 3, "completion_tokens": 4}}
    found = record({names[0]: json.dumps(ASKED), names[1]: json.dumps(ANSWERED | counts), **kind})
    assert said(found) == ([("user", "When is high water?")], [("assistant", "At six")])
    assert (found.kind, found.model, found.requested_model) == ("llm", "gpt-x-1", "gpt-x")
    assert (found.finish_reason, found.response_id, found.usage) == ("stop", "c-1", Usage(3, 4))


def test_langchains_messages_and_generations() -> None:
    call = {"id": "c", "name": "tides", "args": {"day": 1}}
    generation = {"text": "At six", "message": langchain("AI", "At six", tool_calls=[call])}
    found = record(
        {
            "langsmith.span.kind": "llm",
            "gen_ai.prompt": json.dumps({"messages": [[langchain("System", "Be brief"), langchain("Human", "When?")]]}),
            "gen_ai.completion": json.dumps({"generations": [[generation]], "llm_output": {}, "run": None}),
        }
    )
    assert said(found) == ([("system", "Be brief"), ("user", "When?")], [("assistant", "At six")])
    (answer,) = (read_message(raw, "assistant") for raw in found.document.output.contents)
    assert [block.name for block in answer.blocks if isinstance(block, ToolCallBlock)] == ["tides"]


def test_counts_and_kinds_of_mlflow() -> None:
    usage = json.dumps({"input_tokens": 5, "output_tokens": 6, "total_tokens": 11})
    found = record({"mlflow.spanType": '"LLM"', "mlflow.spanInputs": '"When?"', "mlflow.chat.tokenUsage": usage})
    assert found.usage == Usage(5, 6)
    assert said(found)[0] == [("user", "When?")]
    tool = record({"mlflow.spanType": '"TOOL"', "mlflow.spanInputs": '{"day": 1}', "mlflow.spanOutputs": '"six"'})
    assert tool.kind == "tool"
    assert record({"mlflow.spanType": '"RETRIEVER"', "mlflow.spanInputs": '{"q": "a"}'}).kind == "retrieval"
    assert record({"mlflow.spanType": '"UNKNOWN"'}).kind == "other"


@pytest.mark.parametrize(
    "message", [ANSWER, json.dumps({"content": "At six"}), '{"role": "assistant", "content": "At six"}']
)
def test_the_message_of_a_choice_may_be_an_object(message: Any) -> None:
    event = {"name": "gen_ai.choice", "attributes": {"index": 0, "finish_reason": "stop", "message": message}}
    found = record({"gen_ai.operation.name": "chat"}, events=[event])
    assert said(found)[1] == [("assistant", "At six")]


def test_a_refusal_has_its_words() -> None:
    parts = [{"type": "refusal", "content": "I will not"}]
    message = read_message(json.dumps({"role": "assistant", "parts": parts}).encode(), "assistant")
    assert message.blocks == [RefusalBlock("I will not")]


@pytest.mark.parametrize(("asks", "answers"), [("input", "output"), ("messages", "response"), ("prompt", "completion")])
def test_the_words_of_a_programs_own_spans(asks: str, answers: str) -> None:
    own = {asks: json.dumps(ASKED["messages"]), answers: "At six", "gen_ai.request.model": "gpt-x"}
    found = record(own | {"gen_ai.usage.input_tokens": 3}, name="my_llm_call")
    assert said(found) == ([("user", "When is high water?")], [("assistant", "At six")])
    # A step of a program may have any input.
    assert not record(own | {"gen_ai.operation.name": "plan"}, name="plan").document.input.contents


def test_calls_without_counts_are_calls() -> None:
    request = {"model": "gemini-x", "contents": [{"role": "user", "parts": [{"text": "When?"}]}]}
    adk = record({"gen_ai.operation.name": "call_llm", "gcp.vertex.agent.llm_request": json.dumps(request)})
    assert (adk.kind, said(adk)[0]) == ("llm", [("user", "When?")])
    logfire = {"gen_ai.request.model": "gpt-x", "request_data": json.dumps(ASKED), "logfire.json_schema": "{}"}
    found = record(logfire, name="Chat Completion with 'gpt-x'")
    assert (found.kind, said(found)[0]) == ("llm", [("user", "When is high water?")])


def test_a_generator_of_haystack() -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4}}
    meta = {"model": "gpt-x-1", "finish_reason": "stop", "index": 0, "usage": usage}
    asked = {"role": "user", "meta": {}, "name": None, "content": [{"text": "When is high water?"}]}
    reply = {"role": "assistant", "meta": meta, "name": None, "content": [{"text": "At six"}]}
    attributes = {
        "haystack.component.name": "llm",
        "haystack.component.type": "OpenAIChatGenerator",
        "haystack.component.input": json.dumps({"messages": [asked], "generation_kwargs": {"temperature": 0}}),
        "haystack.component.output": json.dumps({"replies": [reply]}),
    }
    found = record(attributes)
    assert said(found) == ([("user", "When is high water?")], [("assistant", "At six")])
    assert (found.kind, found.model, found.finish_reason, found.step) == ("llm", "gpt-x-1", "stop", False)
    assert found.usage == Usage(9, 3, 4)


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ({"haystack.component.type": "PromptBuilder"}, "chain"),
        ({"haystack.component.type": "InMemoryBM25Retriever"}, "retrieval"),
        ({"haystack.component.type": "OpenAITextEmbedder"}, "embedding"),
        ({"haystack.pipeline.input_data": "{}"}, "chain"),
        ({"haystack.component.type": 5}, "other"),
    ],
)
def test_components_of_haystack(attributes: dict[str, Any], kind: str) -> None:
    assert record(attributes).kind == kind


def test_a_generator_of_haystack_that_answers_with_texts() -> None:
    output = {"replies": ["At six"], "meta": [{"model": "gpt-x-1", "usage": {"prompt_tokens": 9}}]}
    attributes = {
        "haystack.component.type": "OpenAIGenerator",
        "haystack.component.input": json.dumps({"prompt": "When is high water?"}),
        "haystack.component.output": json.dumps(output),
    }
    found = record(attributes)
    assert said(found) == ([("user", "When is high water?")], [("assistant", "At six")])
    assert (found.model, found.usage.input_tokens) == ("gpt-x-1", 9)
