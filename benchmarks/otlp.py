"""The same data set as OpenTelemetry sends it: a span for each request, in the current GenAI conventions, protobuf.

Followed: the GenAI semantic conventions of 2026, content as span attributes. A session is `session.id`, each request a
trace of its own.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice
from typing import Any

import orjson
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from benchmarks import generator
from benchmarks.client import Client
from benchmarks.installation import Installation
from benchmarks.report import Figure, median
from sessions_app.content.array_memory import ArrayMemory
from sessions_app.wire import otlp

Message = dict[str, Any]

# What a batch span processor collects in a few seconds.
SPANS_PER_BODY = 50
MOST_REQUESTS = 2_500
CONTENT_TYPE = otlp.content_type_of(otlp.PROTOBUF, otlp.TRACES)
PROVIDERS = {"claude": "anthropic", "gemini": "gcp.gemini"}


def measure_otlp(installation: Installation, client: Client, requests: int) -> list[Figure]:
    """Post the first requests of the data set as exports and digest them; then decode them again without storing."""
    from benchmarks.digesting import run_digester

    count = min(requests, MOST_REQUESTS)
    start = median([run_digester(installation) for _ in range(3)])
    exports = list(bodies(count))
    post_exports(client, exports)
    installation.checkpoint()
    digesting = run_digester(installation) - start
    reading = min(read_all(exports) for _ in range(2))
    note = f"{count:,} spans of {sum(map(len, exports)) / count / 1000:,.0f} kB"
    return [
        Figure("OTLP", "one digester process", count / digesting, "requests/s", note=note),
        Figure("OTLP", "decode and read, alone", reading / count * 1e6, "us/request"),
        Figure("OTLP", "share of decoding and reading", reading / digesting, "", most=1 / 2),
    ]


def post_exports(client: Client, exports: Iterable[bytes]) -> None:
    """Raises RuntimeError if one is not accepted."""
    for body in exports:
        answer = client.send("POST", "/v1/traces", body, {"Content-Type": otlp.PROTOBUF})
        if answer.status != 200 or answer.body:
            raise RuntimeError(f"POST /v1/traces answered {answer.status}: {answer.body[:300]!r}")


def read_all(exports: Iterable[bytes]) -> float:
    """Seconds that it takes to make records of exports, with what a digester remembers."""
    memory, received = ArrayMemory(), datetime.now(UTC)
    started = time.perf_counter()
    for body in exports:
        for item in otlp.split_body(body, CONTENT_TYPE):
            otlp.read_log(item.raw, received, "", memory)
    return time.perf_counter() - started


def bodies(requests: int, seed: int = 1) -> Iterator[bytes]:
    """Exports of up to `SPANS_PER_BODY` spans."""
    spans = (span_of(log) for log in generator.logs(requests, seed))
    while batch := list(islice(spans, SPANS_PER_BODY)):
        request = ExportTraceServiceRequest()
        of_resource = request.resource_spans.add()
        of_resource.resource.attributes.extend(attributes({"service.name": "benchmark"}))
        of_scope = of_resource.scope_spans.add()
        of_scope.scope.name, of_scope.scope.version = "opentelemetry.util.genai", "1.3b0"
        of_scope.spans.extend(batch)
        yield request.SerializeToString()


def span_of(log: generator.Log) -> Span:
    """A native log as the span that an instrumentation would have recorded."""
    ids = sha256(log["request_id"].encode()).digest()
    error = log.get("error")
    return Span(
        trace_id=ids[:16],
        span_id=ids[16:24],
        name=f"chat {log['model']}",
        kind=Span.SPAN_KIND_CLIENT,
        start_time_unix_nano=nanos(log["started_at"]),
        end_time_unix_nano=nanos(log["ended_at"]),
        attributes=attributes(request_attributes(log) | response_attributes(log)),
        status=Status(code=Status.STATUS_CODE_ERROR, message=error["message"]) if error else Status(),
    )


def nanos(time_text: str) -> int:
    moment = datetime.fromisoformat(time_text)
    return int(moment.timestamp()) * 10**9 + moment.microsecond * 1_000


def request_attributes(log: generator.Log) -> dict[str, Any]:
    body = log["request"]
    system, *messages = body["messages"]
    found = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": PROVIDERS.get(log["model"].partition("-")[0], "openai"),
        "gen_ai.request.model": log["model"],
        "gen_ai.request.temperature": body["temperature"],
        "session.id": f"otlp-{log['trace_id']}",
        "user.id": log["user"],
        "gen_ai.system_instructions": as_json([{"type": "text", "content": system["content"]}]),
        "gen_ai.input.messages": as_json([with_parts(message) for message in messages]),
    }
    if "tools" in body:
        found["gen_ai.tool.definitions"] = as_json([{"type": "function", **tool["function"]} for tool in body["tools"]])
    return found


def response_attributes(log: generator.Log) -> dict[str, Any]:
    if "error" in log:
        return {"error.type": log["error"]["type"]}
    response = log["response"]
    [choice] = response["choices"]
    return {
        "gen_ai.response.id": response["id"],
        "gen_ai.response.model": response["model"],
        "gen_ai.response.finish_reasons": [choice["finish_reason"]],
        "gen_ai.usage.input_tokens": response["usage"]["prompt_tokens"],
        "gen_ai.usage.output_tokens": response["usage"]["completion_tokens"],
        "gen_ai.usage.cache_read.input_tokens": response["usage"]["prompt_tokens_details"]["cached_tokens"],
        "gen_ai.output.messages": as_json([with_parts(choice["message"]) | {"finish_reason": choice["finish_reason"]}]),
    }


def with_parts(message: Message) -> Message:
    """A message of OpenAI's chat form as the conventions write it."""
    if message["role"] == "tool":
        part = {"type": "tool_call_response", "id": message["tool_call_id"], "response": message["content"]}
        return {"role": "tool", "parts": [part]}
    text = [{"type": "text", "content": message["content"]}] if message["content"] else []
    calls = [
        {"type": "tool_call", "id": call["id"], "name": call["function"]["name"], "arguments": arguments_of(call)}
        for call in message.get("tool_calls", ())
    ]
    return {"role": message["role"], "parts": text + calls}


def arguments_of(call: dict[str, Any]) -> Any:
    return orjson.loads(call["function"]["arguments"])


def as_json(value: Any) -> str:
    return orjson.dumps(value).decode()


def attributes(values: dict[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=name, value=any_value(value)) for name, value in values.items()]


def any_value(value: Any) -> AnyValue:
    if isinstance(value, list):
        return AnyValue(array_value=ArrayValue(values=[any_value(item) for item in value]))
    if isinstance(value, str):
        return AnyValue(string_value=value)
    return AnyValue(int_value=value) if isinstance(value, int) else AnyValue(double_value=value)
