"""The benchmark's exports: the same requests as the native logs, in the form of the conventions."""

from __future__ import annotations

from typing import Any

import orjson

from benchmarks import generator, otlp
from sessions_app.wire.otlp import split_body

REQUESTS = 120


def items() -> list[dict[str, Any]]:
    return [orjson.loads(item.raw) for body in otlp.bodies(REQUESTS) for item in split_body(body, otlp.CONTENT_TYPE)]


def test_a_span_for_each_request() -> None:
    found, logs = items(), list(generator.logs(REQUESTS))

    assert len(found) == REQUESTS
    assert [item["span"]["attributes"]["session.id"] for item in found] == [f"otlp-{log['trace_id']}" for log in logs]
    assert len({item["span"]["traceId"] for item in found}) == REQUESTS
    assert not any("problems" in item for item in found)


def test_spans_say_what_the_logs_say() -> None:
    for item, log in zip(items(), generator.logs(REQUESTS), strict=True):
        attributes = item["span"]["attributes"]
        messages = orjson.loads(attributes["gen_ai.input.messages"])
        assert [message["role"] for message in messages] == [m["role"] for m in log["request"]["messages"][1:]]
        assert len(orjson.loads(attributes.get("gen_ai.tool.definitions", "[]"))) == len(
            log["request"].get("tools", [])
        )
        if "error" in log:
            assert (item["span"]["status"]["code"], attributes["error.type"]) == (2, log["error"]["type"])
        else:
            assert attributes["gen_ai.usage.input_tokens"] == log["response"]["usage"]["prompt_tokens"]
            [output] = orjson.loads(attributes["gen_ai.output.messages"])
            [choice] = log["response"]["choices"]
            assert output["finish_reason"] == choice["finish_reason"]
            calls = [part for part in output["parts"] if part["type"] == "tool_call"]
            assert [call["id"] for call in calls] == [call["id"] for call in choice["message"].get("tool_calls", [])]


def test_the_same_bytes_in_every_run() -> None:
    assert list(otlp.bodies(60)) == list(otlp.bodies(60))
