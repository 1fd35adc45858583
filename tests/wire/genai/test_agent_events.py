"""Log records of agents, one by one: what they are, by what they are told apart, and that odd ones do no harm."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sessions_app.records import WireFormatError
from sessions_app.wire import otlp
from sessions_app.wire.genai.events import KEYS, Event, name_of, prefix_of
from tests.wire.genai.captures import RECEIVED
from tests.wire.genai.spans import START

NAMES = (
    *("claude_code.api_request", "claude_code.api_request_body", "claude_code.api_response_body"),
    *(
        "claude_code.tool_result",
        "claude_code.compaction",
        "codex.sse_event",
        "codex.user_prompt",
        "codex.tool_decision",
    ),
    *("gemini_cli.api_response", "gemini_cli.tool_call", "qwen-code.api_error", "gen_ai.conversation.compacted"),
    *("gen_ai.client.inference.operation.details", "app.clicked"),
)
CONTENT = ("body", "prompt", "request_text", "response_text", "tool_input", "function_args", "output", "response")
ODD = (None, True, 5, -1, 1.5, "", "x", "{", "[]", '{"messages": 5}', "\ud800", [], [[]], {}, {"a": {"b": []}}, 10**400)


def item(name: str, attributes: dict[str, Any], **members: Any) -> bytes:
    record = {"eventName": name, "timeUnixNano": str(START), "attributes": attributes, "body": "x"} | members
    return json.dumps({"resource": {"attributes": {}}, "scope": {"name": "agent"}, "log": record}).encode()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value)[:20])
def test_odd_values_do_no_harm(name: str, value: Any) -> None:
    attributes = dict.fromkeys((*KEYS, *CONTENT, "duration_ms", "success", "tokens_before"), value)
    for given in (attributes, attributes | {"session.id": "s", "event.name": name}):
        raw = item(name, given, traceId=value, spanId=value, body=value)
        try:
            found = otlp.read_log(raw, RECEIVED, "generated")
        except WireFormatError:
            continue
        stored = found.document.joined()
        assert json.loads(otlp.documents_of(stored).log) == json.loads(raw)
        assert otlp.read_log(stored, RECEIVED, "generated").dedupe_key


@pytest.mark.parametrize(
    ("native", "attribute", "body", "prefix", "expected"),
    [
        ("event codex-rs/otel.rs:57", "codex.user_prompt", None, "", "codex.user_prompt"),
        ("", "api_request", "claude_code.api_request", "", "claude_code.api_request"),
        ("", "api_request", "", prefix_of("com.anthropic.claude_code.events", ""), "claude_code.api_request"),
        ("gen_ai.choice", "", {"a": 1}, "", "gen_ai.choice"),
        ("", "gemini_cli.config", "CLI configuration loaded.", "", "gemini_cli.config"),
        ("", "app.clicked", "gen_ai is a word", "", "app.clicked"),
        (None, None, 5, "", ""),
    ],
)
def test_names(native: Any, attribute: Any, body: Any, prefix: str, expected: str) -> None:
    assert name_of(native, attribute, body, prefix) == expected


@pytest.mark.parametrize(
    ("name", "told", "kind"),
    [
        ("claude_code.api_request", {}, "llm"),
        ("claude_code.assistant_response", {"request_id": "req_1"}, "llm"),
        ("claude_code.assistant_response", {}, "chain"),
        ("codex.api_request", {}, "llm"),
        ("codex.api_request", {"error.message": "no"}, "llm"),
        ("codex.sse_event", {"input_token_count": "5"}, "llm"),
        ("codex.sse_event", {}, "chain"),
        ("qwen-code.api_request", {}, "llm"),
        ("gemini_cli.tool_call", {}, "tool"),
        ("codex.tool_decision", {"call_id": "c"}, "tool"),
        ("claude_code.tool_decision", {}, "guardrail"),
        ("claude_code.subagent_completed", {}, "agent"),
        ("gen_ai.conversation.compacted", {}, "chain"),
        ("gen_ai.client.inference.operation.details", {}, "llm"),
        ("my_agent.answered", {"gen_ai.usage.input_tokens": 5}, "llm"),
        ("my_agent.answered", {"gen_ai.tool.name": "ls"}, "tool"),
        ("my_agent.answered", {}, "chain"),
    ],
)
def test_kinds_of_events(name: str, told: dict[str, Any], kind: str) -> None:
    assert Event(name, told).kind == kind


def test_a_redacted_prompt_is_no_text() -> None:
    found = otlp.read_log(item("codex.user_prompt", {"prompt": "[REDACTED]", "session.id": "s"}), RECEIVED, "generated")
    assert len(found.document.input) == 0


def test_a_compaction_says_who_rewrote_and_how_much() -> None:
    attributes = {"session.id": "s", "tokens_before": 9_000, "tokens_after": 800}
    found = otlp.read_log(item("qwen-code.chat_compression", attributes), RECEIVED, "generated")
    assert found.name == "qwen-code.chat_compression: 9,000 to 800 tokens"
    assert found.metadata["compacted"] == "qwen-code"
    assert found.step
