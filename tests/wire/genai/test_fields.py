"""Single fields, as each convention calls them."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from sessions_app.content.blocks import ReasoningBlock, TextBlock, ToolCallBlock
from sessions_app.content.messages import read_message
from sessions_app.records import ERROR, SUCCESS, Usage
from sessions_app.wire import genai
from sessions_app.wire.usage import usage_of
from tests.wire.genai.captures import calls_of, records_of
from tests.wire.genai.spans import START, item, log, read, record, values

CHAT = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"}


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ({"gen_ai.operation.name": "chat"}, "llm"),
        ({"gen_ai.operation.name": "acompletion"}, "llm"),
        ({"gen_ai.operation.name": "aembedding"}, "embedding"),
        ({"gen_ai.operation.name": "execute_tool"}, "tool"),
        ({"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "(merged tools)"}, "other"),
        ({"gen_ai.operation.name": "invoke_workflow"}, "agent"),
        ({"gen_ai.operation.name": "agent_step"}, "chain"),
        ({"gen_ai.operation.name": "rerank"}, "retrieval"),
        ({"gen_ai.operation.name": "unheard_of"}, "other"),
        ({"openinference.span.kind": "llm"}, "llm"),
        ({"openinference.span.kind": "CHAIN", "llm.input_messages.0.message.role": "user"}, "chain"),
        ({"openinference.span.kind": "RETRIEVER"}, "retrieval"),
        ({"openinference.span.kind": "GUARDRAIL"}, "guardrail"),
        ({"openinference.span.kind": "PROMPT"}, "other"),
        ({"langfuse.observation.type": "span", "gen_ai.operation.name": "chat"}, "chain"),
        ({"langfuse.observation.type": "event"}, "other"),
        ({"ai.operationId": "ai.streamText.doStream"}, "llm"),
        ({"ai.operationId": "ai.streamText", "gen_ai.request.model": "m"}, "agent"),
        ({"ai.operationId": "ai.toolCall"}, "tool"),
        ({"operation.name": "ai.streamText.doStream my-function"}, "llm"),
        ({"ai.prompt.messages": "[]", "ai.model.id": "m"}, "llm"),
        ({"ai.toolCall.name": "weather"}, "tool"),
        ({"ai.prompt": "{}"}, "agent"),
        ({"traceloop.span.kind": "task"}, "chain"),
        ({"llm.request.type": "embedding"}, "embedding"),
        ({"gen_ai.tool.call.id": "x"}, "tool"),
        ({"gen_ai.response.model": "m", "gen_ai.usage.input_tokens": 1}, "llm"),
        ({"gen_ai.response.model": "m"}, "other"),
        ({"http.request.method": "POST"}, "other"),
        ({"gen_ai.operation.name": "llm_call", "gen_ai.input.messages": "[]"}, "llm"),
        ({"gen_ai.operation.name": "tool_call", "gen_ai.tool.name": "ls"}, "tool"),
        ({"gen_ai.operation.name": "schedule_tool_calls", "gen_ai.input.messages": "[]"}, "chain"),
        ({"gen_ai.operation.name": "AgentRun", "gen_ai.response.model": "m", "gen_ai.usage.input_tokens": 9}, "agent"),
        ({"gen_ai.operation.name": "x", "gen_ai.response.model": "m", "gen_ai.usage.input_tokens": 9}, "llm"),
        ({"gen_ai.operation.name": "x", "openinference.span.kind": "TOOL"}, "tool"),
        ({"openinference.span.kind": "UNKNOWN", "gen_ai.operation.name": "chat"}, "llm"),
        ({"langfuse.observation.type": "hm", "traceloop.span.kind": "task"}, "chain"),
        ({"span.type": "interaction"}, "agent"),
        ({"span.type": "claude_code.llm_request"}, "llm"),
        ({"span.type": "tool.blocked_on_user"}, "guardrail"),
        ({"span.type": "web"}, "other"),
        ({"openinference.span.kind": 5, "langfuse.observation.type": []}, "other"),
    ],
)
def test_kinds(attributes: dict[str, Any], kind: str) -> None:
    assert record(attributes).kind == kind


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"gen_ai.usage.input_tokens": 46, "gen_ai.usage.cache_read.input_tokens": 8}, Usage(46, None, 8)),
        # Anthropic's own way of counting, which older instrumentations pass on.
        (
            {
                "gen_ai.usage.input_tokens": 3,
                "gen_ai.usage.output_tokens": 4,
                "gen_ai.usage.cache_read_input_tokens": 8,
                "gen_ai.usage.cache_creation_input_tokens": 5,
            },
            Usage(16, 4, 8, 5),
        ),
        ({"gen_ai.usage.prompt_tokens": "12", "gen_ai.usage.completion_tokens": 3.0}, Usage(12, 3)),
        ({"gen_ai.usage.input_tokens": 1, "gen_ai.usage.reasoning.output_tokens": 7}, Usage(1, reasoning_tokens=7)),
    ],
)
def test_usage(attributes: dict[str, Any], expected: Usage) -> None:
    assert record(CHAT | attributes).usage == expected


def test_what_no_attribute_says_is_read_from_the_body_of_the_answer() -> None:
    choice = {"index": 0, "message": {"role": "assistant", "content": "a"}, "finish_reason": "length"}
    body = {
        "id": "c",
        "model": "gpt-4o-2024",
        "choices": [choice],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1},
    }
    answer = {"openinference.span.kind": "LLM", "output.value": json.dumps(body)}
    found = record(answer)
    assert (found.usage, found.model, found.finish_reason) == (Usage(3, 1), "gpt-4o-2024", "length")
    found = record(answer | {"llm.token_count.prompt": 5, "llm.model_name": "gpt-4o", "llm.finish_reason": "stop"})
    assert (found.usage, found.model, found.finish_reason) == (Usage(5), "gpt-4o", "stop")
    anthropic = {
        "usage": {"input_tokens": 3, "cache_read_input_tokens": 8, "output_tokens": 1},
        "stop_reason": "refusal",
    }
    found = record(answer | {"output.value": json.dumps(anthropic)})
    assert (found.usage, found.finish_reason, found.status) == (Usage(11, 1, 8), "refusal", ERROR)
    langfuse = {"langfuse.observation.type": "generation", "langfuse.observation.output": json.dumps(body)}
    assert record(langfuse).usage == Usage(3, 1)
    # A filter that stopped one of two answers is not why the call ended, and an agent's sums are not its own.
    two = body | {"choices": [choice, choice | {"finish_reason": "content_filter"}]}
    assert record(answer | {"output.value": json.dumps(two)}).finish_reason == ""
    assert record(answer | {"openinference.span.kind": "AGENT"}).usage == Usage()


def test_langfuse_counts_details_beside_the_sums() -> None:
    details = {"input": 24, "output": 10, "total": 42, "input_cache_read": 8, "output_reasoning": 2}
    assert usage_of(details) == Usage(32, 12, 8, None, 2)
    assert usage_of({"prompt_tokens": 22, "prompt_tokens_details": {"cached_tokens": 8}}) == Usage(22, None, 8)


def test_zeros_of_a_failed_call_are_no_counts() -> None:
    attributes = CHAT | {"gen_ai.usage.input_tokens": 0, "gen_ai.usage.output_tokens": 0, "litellm.cost.total": 0.0}
    failed = record(attributes, scope="litellm", status={"code": 2, "message": "no"})
    assert (failed.status, failed.usage, failed.cost) == (ERROR, Usage(), None)
    assert failed.error_message == "no"


def test_agents_sum_up_what_their_calls_count_already() -> None:
    agent = record({"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": 66, "operation.cost": 1.0})
    assert (agent.usage, agent.cost) == (Usage(), None)


@pytest.mark.parametrize(
    ("attributes", "seconds"),
    [
        ({"gen_ai.response.time_to_first_chunk": 0.25}, 0.25),
        ({"gen_ai.system": "strands-agents", "gen_ai.server.time_to_first_token": 250}, 0.25),
        ({"ai.operationId": "ai.streamText.doStream", "ai.response.msToFirstChunk": 250.0}, 0.25),
        ({"langfuse.observation.type": "generation", "langfuse.observation.completion_start_time": "x"}, None),
    ],
)
def test_time_to_the_first_token(attributes: dict[str, Any], seconds: float | None) -> None:
    found = record(CHAT | attributes)
    after = found.first_token_at and found.first_token_at - found.started_at
    assert after == (timedelta(seconds=seconds) if seconds is not None else None)


def test_an_event_tells_the_first_token() -> None:
    events = [{"name": "First Token Stream Event", "timeUnixNano": str(START + 500_000_000), "attributes": {}}]
    found = record({"openinference.span.kind": "LLM"}, events=events)
    assert found.first_token_at == found.started_at + timedelta(seconds=0.5)


def test_a_stream_has_a_first_token_where_the_library_tells_it() -> None:
    libraries = ("genai-openai", "openinference-openai", "openllmetry", "langfuse", "strands", "ai-sdk-v6", "ai-sdk-v7")
    for folder in libraries:
        found = [call.record for call in calls_of(folder) if "04-streaming" in call.file]
        assert found
        for stream in found:
            assert stream.first_token_at is not None
            assert stream.ended_at is not None
            assert stream.started_at < stream.first_token_at <= stream.ended_at + timedelta(milliseconds=5)


@pytest.mark.parametrize(
    ("folder", "cost"),
    [("langfuse", "0.0000087"), ("pydantic-ai", "0.0000054"), ("logfire", "0.0000039"), ("litellm", "0.0000039")],
)
def test_cost(folder: str, cost: str) -> None:
    assert Decimal(cost) in {call.record.cost for call in calls_of(folder)}


@pytest.mark.parametrize(
    ("folder", "user"),
    [
        ("openai-v2-legacy", "user-42"),
        ("openllmetry", "user-42"),
        ("openllmetry-indexed", "user-42"),
        ("openinference-openai", "user-42"),
        ("langfuse", "user-42"),
        ("langfuse-langchain", "user-42"),
        ("logfire", "user-42"),
        ("strands", "user-42"),
        ("ai-sdk-v6", "user-42"),
        ("ai-sdk-v7", "user-42"),
    ],
)
def test_users(folder: str, user: str) -> None:
    assert user in {record.end_user for record, _ in records_of(folder).values()}


@pytest.mark.parametrize(
    ("folder", "name", "arguments", "result"),
    [
        ("pydantic-ai", "get_weather", {"city": "Paris"}, "18 degrees and sunny"),
        ("openai-agents", "get_weather", {"city": "Paris"}, "18 degrees and sunny"),
        ("strands", "get_weather", {"city": "Paris"}, [{"text": "18 degrees and sunny"}]),
        ("strands-latest", "get_weather", {"city": "Paris"}, [{"text": "18 degrees and sunny"}]),
        ("google-adk", "get_weather", {"city": "Paris"}, {"result": "18 degrees and sunny"}),
        ("ai-sdk-v6", "get_weather", {"city": "Paris"}, "18 degrees and sunny"),
        ("ai-sdk-v7", "get_weather", {"city": "Paris"}, "18 degrees and sunny"),
        ("langfuse", "get_weather", {"args": [], "kwargs": {"city": "Paris"}}, "18 degrees and sunny"),
    ],
)
def test_tools(folder: str, name: str, arguments: Any, result: Any) -> None:
    tools = [found for found, _ in records_of(folder).values() if found.kind == "tool"]
    assert tools
    for tool in tools:
        assert tool.tool_name == name
        assert [json.loads(bytes(raw)) for raw in tool.document.input.contents] == [arguments]
        (output,) = ([json.loads(bytes(raw)) for raw in tool.document.output.contents],)
        assert output in ([result], result)


@pytest.mark.parametrize(
    "folder", ["pydantic-ai", "strands", "google-adk", "ai-sdk-v6", "ai-sdk-v7", "langfuse-langchain"]
)
def test_a_tool_names_the_call_that_caused_it(folder: str) -> None:
    found = [found for found, _ in records_of(folder).values()]
    tools = [tool.tool_call_id for tool in found if tool.kind == "tool"]
    answers = b"".join(bytes(raw) for span in found if span.kind == "llm" for raw in span.document.output.contents)
    assert tools
    assert all(call_id and call_id.encode() in answers for call_id in tools)


def test_previous_response() -> None:
    found = {call.record.response_id: call.record for call in calls_of("openinference-openai")}
    following = [record for record in found.values() if record.previous_response_id]
    assert [record.previous_response_id in found for record in following] == [True]


def test_the_callers_metadata_and_service() -> None:
    attributes = {"openinference.span.kind": "LLM", "metadata": '{"tenant": "acme"}', "tag.tags": ["lab", 5, "otlp"]}
    found = read(item(attributes, resource={"service.name": "travel"}))
    assert found.metadata == {"service": "travel", "tenant": "acme"}
    assert found.tags == ("lab", "otlp")


def test_an_error_has_type_message_and_status() -> None:
    events = [
        {"name": "exception", "timeUnixNano": "1", "attributes": {"exception.message": "Error code: 429 - slow down"}}
    ]
    found = record(CHAT | {"error.type": "RateLimitError"}, status={"code": 2, "message": "a trace"}, events=events)
    assert (found.error_type, found.error_message) == ("RateLimitError", "Error code: 429 - slow down")
    assert found.http_status == 429


def test_a_span_without_an_error_says_nothing_of_one() -> None:
    found = record(CHAT | {"error.message": "before"}, status={"code": 1, "message": "fine"})
    assert (found.status, found.error_message) == (SUCCESS, "")


def test_several_output_messages_are_choices() -> None:
    outputs = [{"role": "assistant", "parts": [], "finish_reason": "stop"}] * 2
    assert record(CHAT | {"gen_ai.output.messages": json.dumps(outputs)}).alternative_outputs
    assert not record(CHAT | {"gen_ai.output.messages": json.dumps(outputs[:1])}).alternative_outputs


def test_pieces_of_a_streamed_answer_are_one_message() -> None:
    pieces = [
        {"role": "model", "parts": [{"text": "Hm", "thought": True}]},
        {"role": "model", "parts": [{"text": ".", "thought": True}]},
        {"role": "model", "parts": [{"text": "Let me "}]},
        {"role": "model", "parts": [{"text": "look"}, {"functionCall": {"name": "ls", "args": {}}}]},
        {"role": "model", "parts": [{"text": ""}]},
    ]
    for written in (json.dumps(pieces), json.dumps(pieces, separators=(",", ":")), json.dumps(pieces, indent=1)):
        found = record(CHAT | {"gen_ai.output.messages": written})
        assert len(found.document.output) == 1
        message = read_message(found.document.output.content(0), "assistant")
        assert message.role == "assistant"
        assert message.blocks == [ReasoningBlock("Hm."), TextBlock("Let me look"), ToolCallBlock("ls", "{}")]
        assert not found.alternative_outputs


@pytest.mark.parametrize(
    ("outputs", "attributes"),
    [
        ([[{"type": "text", "content": "a"}], [{"type": "text", "content": "b"}]], {}),
        ([[{"type": "text", "content": "a"}], []], {"gen_ai.request.choice.count": 2}),
    ],
)
def test_alternatives_are_no_pieces(outputs: list[Any], attributes: dict[str, Any]) -> None:
    messages = [{"role": "assistant", "parts": parts, "finish_reason": "stop"} for parts in outputs]
    found = record(CHAT | attributes | {"gen_ai.output.messages": json.dumps(messages)})
    assert (len(found.document.output), found.alternative_outputs) == (2, True)


def test_a_vector_database_returned_documents() -> None:
    event = {"db.query.result.id": "a", "db.query.result.score": 0.5, "db.query.result.document": "High at six."}
    events = [{"name": "db.query.result", "timeUnixNano": "1", "attributes": event}]
    found = record({"db.system": "chroma"}, events=events)
    assert found.kind == "retrieval"
    assert values(found.document.output.contents) == [{"content": "High at six.", "id": "a", "score": 0.5}]


def test_where_a_span_stands_in_its_trace() -> None:
    found = record(CHAT, parentSpanId="00f067aa0ba902b7")
    assert (found.trace_id, found.span_id) == ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")
    assert found.parent_id == "00f067aa0ba902b7"
    assert found.dedupe_key != record(CHAT, spanId="b7ad6b7169203332").dedupe_key


def test_what_completed_a_prompt() -> None:
    attributes = {
        "openinference.span.kind": "LLM",
        "llm.prompts.0.prompt.text": "Once",
        "llm.choices.0.completion.text": "upon",
        "llm.choices.1.completion.text": "more",
    }
    found = record(attributes)
    assert (values(found.document.input.contents), values(found.document.output.contents)) == (
        ["Once"],
        ["upon", "more"],
    )


def test_why_an_answer_ended_is_read_from_its_messages() -> None:
    messages = [{"role": "assistant", "parts": [], "finish_reason": "length"}]
    assert record(CHAT | {"gen_ai.output.messages": json.dumps(messages)}).finish_reason == "length"
    body = {"index": 0, "finish_reason": "length", "message": {"role": "assistant", "content": "x"}}
    assert read(log("gen_ai.choice", body)).finish_reason == "length"


def test_blocks_that_openllmetry_wrote_as_text() -> None:
    blocks = [{"type": "text", "text": "Look"}, {"type": "image_url", "image_url": {"url": "https://x.org/i.png"}}]
    flat = {"role": "user", "content": json.dumps(blocks)}
    raw = item(CHAT | {f"gen_ai.prompt.0.{name}": value for name, value in flat.items()})
    found = read(raw)
    assert values(found.document.input.contents) == [{"role": "user", "content": blocks}]
    assert json.loads(genai.item_bytes(found.document.joined())) == json.loads(raw)


@pytest.mark.parametrize("text", ['[{"type": "text"', '[{"type":"text","text":"x"}]', '[{"type": "a"}, 5]', "[]"])
def test_other_texts_stay_texts(text: str) -> None:
    found = record(CHAT | {"gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content": text})
    assert values(found.document.input.contents) == [{"role": "user", "content": text}]


def test_thoughts_beside_the_output_of_adk() -> None:
    usage = {"prompt_token_count": 10, "candidates_token_count": 4, "thoughts_token_count": 3, "total_token_count": 17}
    usage["cached_content_token_count"] = 2
    response = {"content": {"parts": [{"text": "hm", "thought": True}, {"text": "Yes"}], "role": "model"}}
    attributes = {
        "gen_ai.request.model": "gemini-2.5-flash",
        "gcp.vertex.agent.llm_request": json.dumps({"contents": [{"parts": [{"text": "?"}], "role": "user"}]}),
        "gcp.vertex.agent.llm_response": json.dumps(response | {"usage_metadata": usage}),
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 4,
    }
    found = record(attributes)
    assert found.usage == Usage(10, 7, 2, None, 3)
    (answer,) = (read_message(bytes(raw), "assistant") for raw in found.document.output.contents)
    assert answer.blocks == [ReasoningBlock("hm"), TextBlock("Yes")]
