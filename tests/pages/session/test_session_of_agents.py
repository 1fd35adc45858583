"""Sessions of coding agents and retrievers, as their exports tell of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from sessions_app.ingest.accept import accept_export
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import Project, RejectedLog, RequestLog, Session
from sessions_app.wire import otlp
from tests.ingest.test_agent_events import claude_events, claude_spans
from tests.pages.session.test_session import get, text
from tests.wire.agent_events import CLAUDE, as_json, event

PAYLOADS = Path(__file__).parents[2] / "payloads"
LOGS = otlp.content_type_of(otlp.JSON, otlp.LOGS)
pytestmark = pytest.mark.django_db


def payload(name: str) -> tuple[str, bytes]:
    """The signal and the body of an example."""
    (path,) = PAYLOADS.glob(f"*/{name}.json")
    found = json.loads(path.read_text())
    return found.get("endpoint", found.get("post_to")).removeprefix("/v1/"), json.dumps(
        found.get("body", found.get("payload"))
    ).encode()


def digest(project: Project, *names: str) -> None:
    for name in names:
        signal, body = payload(name)
        accept_export(project.pk, body, otlp.content_type_of(otlp.JSON, signal))
        digest_until_empty()
    assert not RejectedLog.objects.exists()


def requests(**members: Any) -> list[RequestLog]:
    return list(RequestLog.objects.filter(step=False, duplicate_of=None, **members).order_by("started_at"))


def steps() -> dict[str, RequestLog]:
    return {step.name: step for step in RequestLog.objects.filter(step=True)}


def test_spans_of_claude_code_are_a_request_an_agent_and_a_tool(signed_in: Client, project: Project) -> None:
    digest(project, "31-claude-code-spans")
    (request,) = requests()
    counts = (request.input_tokens, request.output_tokens, request.cached_tokens, request.cache_write_tokens)
    assert counts == (91_660, 1_200, 84_562, 7_096)
    assert (request.model, request.finish_reason, request.provider) == ("claude-x", "tool_use", "anthropic")
    assert {step.kind: name for name, step in steps().items()} == {"agent": "claude_code.interaction", "tool": "Bash"}
    agent = steps()["claude_code.interaction"]
    page = text(signed_in.get(f"/p/{project.slug}/requests/{agent.id}/").content.decode())
    assert "tidy up" in page
    assert Session.objects.get().session_key == "cc-1"


def test_a_span_without_contents_does_not_say_that_there_were_none(signed_in: Client, project: Project) -> None:
    digest(project, "31-claude-code-spans")
    (request,) = requests()
    for page in (
        signed_in.get(f"/p/{project.slug}/requests/{request.id}/").content.decode(),
        get(signed_in, Session.objects.get()),
    ):
        said = text(page)
        assert "No messages were captured." in said
        assert "The answer was not captured." in said
        assert not [claim for claim in ("holds no messages", "No answer was logged", "0 messages") if claim in said]


def test_an_id_behind_the_name_of_its_tool_edits_no_history(signed_in: Client, project: Project) -> None:
    digest(project, "11_gemini_cli_traces")
    assert "edited" not in text(get(signed_in, Session.objects.get()))


def test_documents_of_a_retriever_and_a_reranker_stand_with_their_scores(signed_in: Client, project: Project) -> None:
    digest(project, "32-openinference-retriever-and-reranker")
    page = text(get(signed_in, Session.objects.get()))
    for words in (
        "High at six.",
        "score 0.5",
        "id 7",
        "score 0.9",
        "Low at noon.",
        "tides",
        "1 document: High at six.",
    ):
        assert words in page
    assert "No output was reported" not in page
    assert "No input was reported" not in page


def test_operations_with_names_of_their_own(signed_in: Client, project: Project) -> None:
    digest(project, "11_gemini_cli_traces")
    first, second = requests()
    assert [(first.input_tokens, first.output_tokens), (second.input_tokens, second.output_tokens)] == [
        (12_364, 26),
        (12_500, 21),
    ]
    assert first.session_id == second.session_id
    assert {step.kind for step in steps().values()} == {"chain", "tool"}
    page = get(signed_in, Session.objects.get())
    assert "Let me look at the files." in text(page)
    assert "Directory listing for /home/user/gemini-otel2:" in text(page)
    assert steps()["list_directory"].tool_call_id.startswith("list_directory__")


@pytest.mark.parametrize(
    "names",
    [
        ("12_gemini_cli_logs", "11_gemini_cli_traces"),
        ("11_gemini_cli_traces", "12_gemini_cli_logs", "12_gemini_cli_logs"),
    ],
)
def test_log_records_are_details_of_the_calls_of_spans(signed_in: Client, project: Project, names: tuple[str]) -> None:
    digest(project, *names)
    assert [(request.input_tokens, request.output_tokens) for request in requests()] == [(12_364, 26), (12_500, 21)]
    assert Session.objects.get().request_count == 2
    reports = RequestLog.objects.exclude(duplicate_of=None)
    assert {report.request_id for report in reports} == {"24267f0f51684186bc08443c", "2bd86f99d9844649a51a186b"}
    assert "also reported by gemini-cli" in text(get(signed_in, Session.objects.get()))


def test_log_records_alone_are_the_calls(project: Project) -> None:
    digest(project, "12_gemini_cli_logs")
    first, second = requests()
    assert (first.input_tokens, first.output_tokens, first.request_id) == (12_364, 26, "24267f0f51684186bc08443c")
    assert second.session_id == first.session_id


def test_events_interrupt_no_trace_and_say_what_the_span_lacks(signed_in: Client, project: Project) -> None:
    signal, spans = claude_spans()
    accept_export(project.pk, spans, otlp.content_type_of(otlp.JSON, signal))
    accept_export(project.pk, as_json(CLAUDE, *claude_events()[:7]), otlp.content_type_of(otlp.JSON, otlp.LOGS))
    digest_until_empty()
    page = text(get(signed_in, Session.objects.get()))
    assert "outside of a trace" not in page
    for words in ("also reported by", "tidy up", "Done it.", "Bash command: ls"):
        assert words in page


@pytest.mark.parametrize("family", ["claude_code", "gemini_cli"])
def test_messages_in_a_second_record_belong_to_the_call(signed_in: Client, project: Project, family: str) -> None:
    if family == "claude_code":
        events = claude_events()[1:5]
    else:
        told = {"session__id": "g-1", "model": "gemini-x", "prompt_id": "g-1########0"}
        contents = json.dumps([{"role": "user", "parts": [{"text": "tidy up"}]}])
        counts = {"input_token_count": 50, "output_token_count": 7, "total_token_count": 57, "duration_ms": 1000}
        events = [
            event(0.1, "", event__name="gemini_cli.api_request", request_text=contents, **told),
            event(1.1, "", event__name="gemini_cli.api_response", **told, **counts),
        ]
    for one in events:
        accept_export(project.pk, as_json(CLAUDE if family == "claude_code" else "agent", one), LOGS)
        digest_until_empty()
    (request,) = requests()
    for path in (f"sessions/{request.session_id}", f"requests/{request.pk}"):
        page = text(signed_in.get(f"/p/{project.slug}/{path}/").content.decode())
        assert "What it sent is in another report of the call" in page
        assert "No messages were captured" not in page
        assert ("The answer was not captured" in page) == (family == "gemini_cli")
