"""Token counts of logs that were read wrong before."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sessions_app.records import Record, Usage
from sessions_app.wire import litellm, native, otlp
from tests.wire.genai.spans import record as span_record

REPORTS = Path(__file__).parents[1] / "payloads" / "reports"
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def report(name: str) -> Any:
    return json.loads(next(REPORTS.glob(f"{name}-*.json")).read_text())["body"]


def logs(name: str) -> dict[str, Record]:
    return {log["request_id"]: native.read_log(json.dumps(log).encode(), NOW, "made-up") for log in report(name)}


def test_google_genai_in_snake_case() -> None:
    record = logs("20")["sn-1"]
    assert record.usage == Usage(9, 8, 2, None, 5)
    assert record.response_id == "rid-1"
    assert record.model == "g"


def test_names_of_other_providers() -> None:
    records = logs("21")
    assert records["us-0"].usage == Usage(100, 5, 64)
    assert records["us-3"].usage == Usage(16, 2, 10, 1)


def test_langfuse_input_that_includes_cached_tokens() -> None:
    body = json.dumps(report("30")).encode()
    (item,) = otlp.split_body(body, "application/json")
    record = otlp.read_log(item.raw, NOW, "made-up")
    assert record.usage == Usage(17903, 5, 17817)


def test_claude_codes_attributes() -> None:
    attributes = {"input_tokens": 2, "output_tokens": 1200, "cache_read_tokens": 84562, "cache_creation_tokens": 7096}
    record = span_record({"gen_ai.operation.name": "chat", "cost_usd": 0.25} | attributes)
    assert record.usage == Usage(91660, 1200, 84562, 7096)
    assert record.cost == Decimal("0.25")


# --- in whole logs --------------------------------------------------------------------------------------------------


def native_log(response: dict[str, Any], **members: Any) -> Record:
    log = {"request_id": "r", "request": {"model": "m", "messages": []}, "response": response} | members
    return native.read_log(json.dumps(log).encode(), NOW, "made-up")


def litellm_log(response: dict[str, Any], usage_object: Any = None, **members: Any) -> Record:
    payload = {"id": "c", "status": "success", "call_type": "acompletion", "messages": [], "response": response}
    payload |= {"prompt_tokens": 0, "completion_tokens": 0, "metadata": {"usage_object": usage_object}} | members
    return litellm.read_log(json.dumps(payload).encode(), NOW, "made-up")


def test_the_cost_comes_from_the_response_if_the_log_has_none() -> None:
    response = {"choices": [], "usage": {"prompt_tokens": 194, "completion_tokens": 2, "cost": 0.95}}
    assert native_log(response).cost == Decimal("0.95")
    assert native_log(response, cost="0.5").cost == Decimal("0.5")
    assert native_log({}, usage={"prompt_tokens": 3, "cost": 0.25}).cost == Decimal("0.25")


def test_a_native_logs_own_usage_comes_first() -> None:
    record = native_log({"prompt_eval_count": 4, "eval_count": 3}, usage={"input_tokens": 9})
    assert record.usage == Usage(9, 3)


def test_litellms_zeros_give_way_to_the_usage_in_the_response() -> None:
    response = {"usageMetadata": {"promptTokenCount": 4, "candidatesTokenCount": 3, "thoughtsTokenCount": 2}}
    assert litellm_log(response, call_type="pass_through_endpoint").usage == Usage(4, 5, None, None, 2)
    assert litellm_log({}, {"prompt_tokens": 4, "completion_tokens": 3}).usage == Usage(4, 3)
    assert litellm_log({"eval_count": 3}, {"prompt_tokens": 4, "completion_tokens": 3}).usage == Usage(4, 3)
    assert litellm_log({}, "many").usage == Usage(0, 0)


def test_litellm_takes_the_providers_cost_where_it_knows_none() -> None:
    usage = {"prompt_tokens": 4, "completion_tokens": 3, "cost": 0.125}
    unknown = {"response_cost": 0, "zero_cost_diagnostic": "no price"}
    assert litellm_log({"choices": [], "usage": usage}, **unknown).cost == Decimal("0.125")
    assert litellm_log({}, usage, **unknown).cost == Decimal("0.125")
    assert litellm_log({}, usage, response_cost=0.5).cost == Decimal("0.5")
    assert litellm_log({}, usage | {"cost": 0}, **unknown).cost is None
    assert litellm_log({}, usage, response_cost=0).cost == 0


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        (
            {
                "ai.operationId": "ai.generateText.doGenerate",
                "ai.usage.inputTokens": 100,
                "ai.usage.outputTokens": 20,
                "ai.usage.inputTokenDetails.cacheReadTokens": 60,
                "ai.usage.inputTokenDetails.noCacheTokens": 40,
                "ai.usage.outputTokenDetails.reasoningTokens": 4,
                "gen_ai.usage.input_tokens": 1,
            },
            Usage(100, 20, 60, None, 4),
        ),
        ({"ai.operationId": "ai.embed.doEmbed", "ai.usage.tokens": 5}, Usage(5)),
        (
            {
                "openinference.span.kind": "LLM",
                "llm.token_count.prompt": 100,
                "llm.token_count.completion": 20,
                "llm.token_count.total": 120,
                "llm.token_count.prompt_details.cache_read": 60,
                "llm.token_count.prompt_details.cache_write": 10,
                "llm.token_count.prompt_details.audio": 7,
                "llm.token_count.completion_details.reasoning": 4,
            },
            Usage(100, 20, 60, 10, 4),
        ),
        (
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.usage.prompt_tokens": 50,
                "gen_ai.usage.completion_tokens": 4,
                "gen_ai.usage.cache_read_input_tokens": 10,
                "llm.usage.total_tokens": 64,
            },
            Usage(60, 4, 10),
        ),
        (
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.usage.input_tokens": 50,
                "gen_ai.usage.output_tokens": 4,
                "gen_ai.usage.details.cache_read_tokens": 10,
                "gen_ai.usage.details.input_tokens": 40,
                "gen_ai.usage.raw": '{"cache_creation_input_tokens": 3, "input_tokens": 7}',
            },
            Usage(50, 4, 10, 3),
        ),
    ],
    ids=["AI SDK 6", "AI SDK embedding", "OpenInference", "OpenLLMetry with a total", "Pydantic AI"],
)
def test_spans(attributes: dict[str, Any], expected: Usage) -> None:
    found = span_record(attributes)
    assert found.usage == expected
    assert found.problems == ()


def test_litellms_usage_object_in_a_span_is_pythons_text() -> None:
    text = "{'prompt_tokens': 117, 'prompt_tokens_details': {'cached_tokens': 100, 'text_tokens': None}, 'cost': 0.5}"
    attributes = {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 117, "metadata.usage_object": text}
    assert span_record(attributes).usage == Usage(117, None, 100)
    assert span_record(attributes | {"metadata.usage_object": "{'cached_tokens': "}).usage == Usage(117)
