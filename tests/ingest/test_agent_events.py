"""The log records of coding agents, digested: each call and each tool once, in any order of arrival."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from typing import Any

import pytest

from sessions_app.ingest.accept import accept_export
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import Project, RejectedLog, RequestLog, Session
from sessions_app.pages.thread.steps import kind_words
from sessions_app.queries.session import find_session, load_all_lines
from sessions_app.storage import rollups
from sessions_app.storage.connections import binary_cursor
from sessions_app.wire import otlp
from tests.ingest.test_otlp_fixtures import clear
from tests.wire.agent_events import CLAUDE, as_json, as_protobuf, event
from tests.wire.otlp_exports import attribute, span

pytestmark = pytest.mark.django_db
ENCODINGS = {otlp.JSON: as_json, otlp.PROTOBUF: as_protobuf}


def digest(
    exports: Sequence[tuple[str, bytes]], encoding: str = otlp.JSON
) -> tuple[list[RequestLog], list[RequestLog]]:
    """What becomes of exports (signal, body), one after another: requests, and the steps that are shown."""
    clear()
    Session.objects.all().delete()
    project, _ = Project.objects.get_or_create(slug="acme")
    for signal, body in exports:
        accept_export(project.pk, body, otlp.content_type_of(encoding, signal))
        digest_until_empty()
    rows = RequestLog.objects.filter(duplicate_of=None).order_by("started_at", "name")
    return list(rows.filter(step=False)), list(rows.filter(step=True))


def logs(scope: str, *events: dict[str, Any], encoding: str = otlp.JSON, **resource: str) -> list[tuple[str, bytes]]:
    """Each record in an export of its own."""
    return [(otlp.LOGS, ENCODINGS[encoding](scope, each, **resource)) for each in events]


# --- Claude Code ----------------------------------------------------------------------------------------------------


def claude(at: float, name: str, **members: Any) -> dict[str, Any]:
    return event(at, f"claude_code.{name}", event__name=name, session__id="cc-7", prompt__id="p1", **members)


def claude_events() -> list[dict[str, Any]]:
    asked = {"model": "claude-x", "system": "Be brief.", "messages": [{"role": "user", "content": "tidy up"}]}
    answer = {"id": "msg_1", "type": "message", "role": "assistant", "content": [{"type": "text", "text": "Done it."}]}
    usage = {"input_tokens": 2, "output_tokens": 120, "cache_read_tokens": 840, "cache_creation_tokens": 70}
    call = {"model": "claude-x", "request_id": "req_0123456789abcdef", "query_source": "repl_main_thread"}
    tool = {"tool_name": "Bash", "tool_use_id": "toolu_012345"}
    return [
        claude(0, "user_prompt", prompt="tidy up", prompt_length="7", event__sequence=1),
        claude(0.1, "api_request_body", body=json.dumps(asked), model="claude-x", event__sequence=2),
        claude(2.1, "api_request", duration_ms="2000", cost_usd="0.0125", **call, **usage, event__sequence=3),
        claude(2.1, "api_response_body", body=json.dumps(answer), **call, event__sequence=4),
        claude(2.1, "assistant_response", response="Done it.", **call, event__sequence=5),
        claude(2.2, "tool_decision", decision="accept", source="config", **tool, event__sequence=6),
        claude(3.2, "tool_result", success="true", duration_ms="900", tool_input='{"command": "ls"}', **tool),
        claude(4, "api_error", error="Overloaded", status_code="529", model="claude-x", duration_ms="300", attempt="1"),
        claude(5, "compaction", trigger="auto", pre_tokens=61_000, post_tokens=9_000, success="true"),
        claude(0, "plugin_loaded", event__sequence=9),
        claude(0, "plugin_loaded", event__sequence=10),
    ]


def claude_spans() -> tuple[str, bytes]:
    ids = {"traceId": "5b8efff798038103d269b633813fc60c", "parentSpanId": ""}
    nanos = [str(1_795_698_986_000_000_000 + int(at * 10**9)) for at in (0.1, 2.1, 2.25, 3.2)]
    call = {"session.id": "cc-7", "span.type": "llm_request", "model": "claude-x", "request_id": "req_0123456789abcdef"}
    tool = {"session.id": "cc-7", "span.type": "tool", "tool_name": "Bash", "gen_ai.tool.call.id": "toolu_012345"}
    counts = {"input_tokens": 2, "output_tokens": 120, "cache_read_tokens": 840, "cache_creation_tokens": 70}
    made = [
        span(**ids, spanId="e" * 16, name="claude_code.llm_request", startTimeUnixNano=nanos[0])
        | {"endTimeUnixNano": nanos[1]}
        | {
            "attributes": [attribute(key, stringValue=value) for key, value in call.items()]
            + [attribute(key, intValue=str(value)) for key, value in counts.items()]
        },
        span(**ids, spanId="f" * 16, name="claude_code.tool", startTimeUnixNano=nanos[2], endTimeUnixNano=nanos[3])
        | {"attributes": [attribute(key, stringValue=value) for key, value in tool.items()]},
    ]
    scope_spans = [{"scope": {"name": "com.anthropic.claude_code.tracing"}, "spans": made}]
    return otlp.TRACES, json.dumps({"resourceSpans": [{"scopeSpans": scope_spans}]}).encode()


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_events_of_claude_code(encoding: str) -> None:
    exports = logs(CLAUDE, *claude_events(), encoding=encoding)
    requests, steps = digest(exports, encoding)
    call, failed = requests
    assert (call.input_tokens, call.output_tokens, call.cached_tokens, str(call.cost)) == (
        912,
        120,
        840,
        "0.0125",
    )
    assert (call.model, call.provider, call.status) == ("claude-x", "anthropic", "success")
    assert (failed.status, failed.http_status, failed.error_message) == ("error", 529, "Overloaded")
    names = [step.name for step in steps]
    assert names == [
        "claude_code.plugin_loaded",
        "claude_code.plugin_loaded",
        "claude_code.user_prompt",
        "Bash",
        "claude_code.compaction: 61,000 to 9,000 tokens, auto",
    ]
    assert {step.kind for step in steps if step.name == "Bash"} == {"tool"}
    session = Session.objects.get()
    assert (session.session_key, session.request_count) == ("cc-7", 2)
    assert "Done it." in call.output_preview
    again, _ = digest([*exports, *exports], encoding)
    assert [row.id for row in again] == [row.id for row in requests]


def test_events_and_spans_of_claude_code_tell_of_each_call_and_tool_once() -> None:
    events = logs(CLAUDE, *claude_events()[:7])
    expected = None
    for order in (
        [*events, claude_spans()],
        [claude_spans(), *reversed(events)],
        [*events[3:], claude_spans(), *events],
    ):
        requests, steps = digest(order)
        (call,) = requests
        assert (call.input_tokens, call.output_tokens) == (912, 120)
        assert sorted(step.kind for step in steps) == ["chain", "tool"]
        found = [(row.id, row.kind, row.name) for row in (*requests, *steps)]
        expected = expected or found
        assert found == expected


# --- Codex ----------------------------------------------------------------------------------------------------------


def codex(at: float, name: str, **members: Any) -> dict[str, Any]:
    place = "event codex-rs/otel/src/events/session_telemetry.rs:575"
    return event(at, "", place, event__name=f"codex.{name}", conversation__id="conv-1", model="gpt-x", **members)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_events_of_codex(encoding: str) -> None:
    counts = {"input_token_count": "900", "output_token_count": "30", "cached_token_count": 600}
    deltas = [codex(1 + n / 100, "sse_event", event__kind="response.output_text.delta") for n in range(40)]
    exports = [
        *logs(
            "codex_cli_rs",
            codex(0, "conversation_starts"),
            codex(0.1, "user_prompt", prompt="fix it"),
            encoding=encoding,
        ),
        *logs(
            "codex_cli_rs",
            codex(0.5, "api_request", duration_ms="300", http__response__status_code=200),
            encoding=encoding,
        ),
        (otlp.LOGS, ENCODINGS[encoding]("codex_cli_rs", *deltas)),
        *logs("codex_cli_rs", codex(2, "sse_event", event__kind="response.completed", **counts), encoding=encoding),
        *logs("codex_cli_rs", codex(2.1, "tool_decision", tool_name="shell", call_id="call_1"), encoding=encoding),
        *logs(
            "codex_cli_rs",
            codex(2.6, "tool_result", tool_name="shell", call_id="call_1", arguments='{"command":"ls"}', output="a.py")
            | {},
            encoding=encoding,
        ),
        *logs("codex_cli_rs", codex(4, "api_request", error__message="429 Too Many", attempt=2), encoding=encoding),
    ]
    for order in (exports, list(reversed(exports))):
        requests, steps = digest(order, encoding)
        call, failed = requests
        assert (call.input_tokens, call.output_tokens, call.cached_tokens, call.model) == (900, 30, 600, "gpt-x")
        assert (failed.status, failed.error_message) == ("error", "429 Too Many")
        assert [step.name for step in steps] == [
            "codex.conversation_starts",
            "codex.user_prompt",
            "codex.sse_event × 40",
            "shell",
        ]
        session = Session.objects.get()
        assert (session.session_key, session.title) == ("conv-1", "fix it")
        with binary_cursor() as cursor:
            assert not rollups.recompute(cursor, [session.pk], are_changed=False)
    tool = steps[-1]
    assert (tool.tool_call_id, tool.status) == ("call_1", "success")


@pytest.mark.parametrize("answers", [1, 2])
def test_a_request_of_codex_and_the_end_of_its_stream_are_one_call(answers: int) -> None:
    """Its duration goes from the one to the other. What several answers leave over is counted, too."""
    counts = {"event__kind": "response.completed", "input_token_count": 9, "output_token_count": 3}
    calls = [
        codex(10, "api_request", duration_ms=400),
        codex(95, "sse_event", **counts),
        codex(96, "api_request", duration_ms=500),
        codex(100, "sse_event", **counts | {"input_token_count": 12}),
        codex(101, "strange_event", note="x"),
    ]
    exports = logs("codex_cli_rs", *calls, *([codex(102, "sse_event", **counts)] if answers == 2 else []))
    for order in (exports, exports[::-1]):
        requests, _ = digest(order)
        assert [row.input_tokens for row in requests] == [9, 12, 9][: answers + 1]
        session = find_session(Session.objects.get().project_id, Session.objects.get().pk)
        assert session
        lines = load_all_lines(session)
        lengths = [(line.ended_at or line.started_at) - line.started_at for line in lines.requests]
        assert [round(length.total_seconds(), 1) for length in lengths] == [85.4, 4.5, 0][: answers + 1]
        assert [kind_words(step) for step in lines.steps] == ["event"]


# --- Gemini CLI and Qwen Code ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["gemini_cli", "qwen-code"])
def test_events_of_gemini_cli_and_qwen_code(family: str) -> None:
    def told(at: float, name: str, **members: Any) -> dict[str, Any]:
        return event(at, "", event__name=f"{family}.{name}", session__id="g-1", prompt_id="g-1########0", **members)

    contents = json.dumps([{"role": "user", "parts": [{"text": "What is the tide?"}]}])
    counts = {"input_token_count": 50, "output_token_count": 7, "cached_content_token_count": 10}
    counts |= {"thoughts_token_count": 3, "total_token_count": 60, "tool_token_count": 0}
    events = [
        told(0, "user_prompt", prompt="What is the tide?", prompt_length=17),
        told(0.1, "api_request", model="gemini-x", request_text=contents),
        told(1.1, "api_response", model="gemini-x", duration_ms=1000, status_code=200, **counts),
        told(1.2, "tool_call", function_name="tide", function_args='{"at": "noon"}', duration_ms=50, success=True),
        told(2.0, "api_error", model="gemini-x", error="quota", status_code=429, duration_ms=100),
        told(3.0, "chat_compression", tokens_before=9000, tokens_after=800),
    ]
    for order in (events, events[::-1], [events[2], events[1], *events]):
        requests, steps = digest(logs("agent", *order))
        call, failed = requests
        assert (call.input_tokens, call.output_tokens, call.cached_tokens, call.reasoning_tokens) == (50, 10, 10, 3)
        assert (failed.status, failed.http_status) == ("error", 429)
        assert [step.name for step in steps] == [
            f"{family}.user_prompt",
            "tide",
            f"{family}.chat_compression: 9,000 to 800 tokens",
        ]
        assert Session.objects.get().request_count == 2


# --- what belongs nowhere -------------------------------------------------------------------------------------------


def test_an_event_without_a_session_is_kept_with_its_reason() -> None:
    digest(logs("agent", event(0, "", event__name="gemini_cli.slash_command", command="help")))
    rejected = RejectedLog.objects.get()
    assert rejected.reason_type == "no_session"
    assert not Session.objects.exists()


def test_other_events_of_a_session_are_one_step_of_an_export() -> None:
    events = [event(n, "", event__name="app.clicked", session__id="web-1", n=n) for n in range(5)]
    requests, steps = digest([(otlp.LOGS, as_json("web", *events, event(9, "a line of text")))])
    assert not requests
    assert [step.name for step in steps] == ["app.clicked × 5"]


def test_two_calls_side_by_side_stay_two() -> None:
    def call(at: float, request_id: str) -> dict[str, Any]:
        usage = {"input_tokens": 5, "output_tokens": 6}
        return claude(at, "api_request", model="claude-x", duration_ms="500", request_id=request_id, **usage)

    events = [call(1, "req_aaaaaaaaaaaaaaaaa"), call(1.1, "req_bbbbbbbbbbbbbbbbb")]
    for order in itertools.permutations(events):
        requests, _ = digest(logs(CLAUDE, *order))
        assert len(requests) == 2
