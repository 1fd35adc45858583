"""A call that a program logs and its instrumentation reports, in one session: it is counted once."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command

from sessions_app.ingest import corrections
from sessions_app.ingest.accept import accept_body, accept_export
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import Project, RequestLog, Session
from sessions_app.wire import otlp
from tests.factories import START, make_log
from tests.wire.otlp_exports import attribute, export, span

pytestmark = pytest.mark.django_db
RESPONSE = "chatcmpl-9f27c1d07a6e4b5d"


def log_of(response_id: str = RESPONSE, at: float = 0, session: str = "s-1", **members: Any) -> dict[str, Any]:
    answer = {"index": 0, "message": {"role": "assistant", "content": "Four."}}
    response = {"id": response_id, "choices": [answer]}
    return make_log(
        "What is two and two?",
        session_id=session,
        started_at=START + timedelta(seconds=at),
        response=response,
        cost="0.25",
        **members,
    )


def span_of(
    response_id: str = RESPONSE,
    at: float = 0,
    session: str = "s-1",
    number: int = 1,
    question: str = "What is two and two?",
) -> dict[str, Any]:
    started = int((START + timedelta(seconds=at)).timestamp() * 10**9)
    asked = [{"role": "user", "parts": [{"type": "text", "content": question}]}]
    said = [{"role": "assistant", "parts": [{"type": "text", "content": "Four."}]}]
    texts = {
        "gen_ai.operation.name": "chat",
        "gen_ai.response.id": response_id,
        "session.id": session,
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.input.messages": json.dumps(asked),
        "gen_ai.output.messages": json.dumps(said),
    }
    counts = {"gen_ai.usage.input_tokens": 8, "gen_ai.usage.output_tokens": 4}
    return span(
        traceId=f"{number:032x}",
        spanId=f"{number:016x}",
        name="chat gpt-4o",
        startTimeUnixNano=str(started),
        endTimeUnixNano=str(started + 2 * 10**9),
        attributes=[attribute(name, stringValue=text) for name, text in texts.items()]
        + [attribute(name, intValue=str(count)) for name, count in counts.items()],
    )


def post(project: Project, *sent: dict[str, Any]) -> None:
    """Accept logs and spans, each in a body of its own."""
    for one in sent:
        if "spanId" in one:
            accept_export(project.pk, export(one), otlp.content_type_of(otlp.JSON, otlp.TRACES))
        elif "litellm_call_id" in one:
            accept_body(project.pk, "litellm", json.dumps([one]).encode(), "application/json")
        else:
            accept_body(project.pk, "native", json.dumps([one], default=str).encode(), "application/json")


def counted(project: Project, *sent: dict[str, Any], at_once: bool = False) -> list[RequestLog]:
    """The requests that are counted, after these came one after another, or `at_once` in one batch."""
    for one in sent:
        post(project, one)
        if not at_once:
            digest_until_empty()
    digest_until_empty()
    return list(RequestLog.objects.filter(step=False, duplicate_of=None).order_by("started_at"))


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("sent", [(log_of(), span_of(at=-0.02)), (span_of(at=-0.02), log_of())])
def test_call_is_counted_once(project: Project, sent: tuple[dict[str, Any], ...], at_once: bool) -> None:
    (request,) = counted(project, *sent, at_once=at_once)
    assert request.source == "native"
    session = Session.objects.get()
    assert (session.request_count, session.input_tokens, session.output_tokens) == (1, 8, 4)
    assert session.cost == Decimal("0.25")
    call_command("check_rollups")


@pytest.mark.parametrize(
    "span",
    [
        pytest.param(span_of(at=2), id="began later"),
        pytest.param(span_of(session="s-2"), id="in another session"),
        pytest.param(span_of("chatcmpl-another0000001"), id="another response"),
    ],
)
def test_other_calls_are_counted(project: Project, span: dict[str, Any]) -> None:
    assert len(counted(project, log_of(), span)) == 2


def test_short_id_of_a_response_says_nothing(project: Project) -> None:
    """Servers for tests give the same one to all."""
    assert len(counted(project, log_of("chatcmpl-123"), span_of("chatcmpl-123"))) == 2


def test_a_cached_response_belongs_to_several_calls(project: Project) -> None:
    """Each call has its log and its span, and all have one response id."""
    calls = [(log_of(at=at), span_of(at=at, number=number)) for number, at in enumerate((0, 0.3, 60), 1)]
    requests = counted(project, *(one for call in calls for one in call))
    assert [request.source for request in requests] == ["native"] * 3
    assert Session.objects.get().request_count == 3


def test_a_call_without_a_log_is_counted_beside_others(project: Project) -> None:
    another = span_of(at=0.2, number=2, question="What is three and one?")
    requests = counted(project, log_of(), span_of(number=1), another)
    assert [request.source for request in requests] == ["native", "otlp"]


def test_session_that_a_late_span_names_unites_the_reports(project: Project) -> None:
    """A span names no session; the one around it, which ends last, does."""
    call = span_of(number=1)
    call["attributes"] = [one for one in call["attributes"] if one["key"] != "session.id"]
    call["parentSpanId"] = f"{7:016x}"
    agent = span(
        traceId=call["traceId"],
        spanId=call["parentSpanId"],
        name="invoke_agent",
        attributes=[
            attribute("gen_ai.operation.name", stringValue="invoke_agent"),
            attribute("session.id", stringValue="s-1"),
        ],
    )
    assert len(counted(project, log_of(), call)) == 2
    (request,) = counted(project, agent)
    assert request.source == "native"
    assert Session.objects.get(session_key="s-1").request_count == 1
    call_command("check_rollups")


# --- logs for which no caller chose a session -----------------------------------------------------------------------


def gateway_log(status: str = "success", at: float = 0, **members: Any) -> dict[str, Any]:
    """As LiteLLM's proxy logs a call whose client named no session: with a trace id that it made up."""
    started = START.timestamp() + at
    answer = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Four."}}
    log = {
        "id": RESPONSE if status == "success" else "c-1",
        "litellm_call_id": "5b0a3f1e-7c1d-4f39-9d0e-2a4b6c8d0e1f",
        "trace_id": "0c9d8e7f-6a5b-4c3d-8e2f-1a0b9c8d7e6f",
        "call_type": "acompletion",
        "model": "gpt-4o",
        "startTime": started,
        "endTime": started + 1,
        "status": status,
        "messages": [{"role": "user", "content": "What is two and two?"}],
        "response": {"id": RESPONSE, "object": "chat.completion", "choices": [answer]} if status == "success" else None,
        "error_str": "" if status == "success" else "Timeout",
        "metadata": {},
        "response_cost": 0.25,
    }
    return log | members


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize(
    "sent",
    [
        pytest.param((gateway_log(), span_of()), id="log of a gateway, span"),
        pytest.param((span_of(), gateway_log()), id="span, log of a gateway"),
        pytest.param((log_of(session=""), span_of()), id="own log, span"),
        pytest.param((span_of(), log_of(session="")), id="span, own log"),
    ],
)
def test_log_without_a_session_goes_where_its_span_is(
    project: Project, sent: tuple[dict[str, Any], ...], at_once: bool
) -> None:
    (request,) = counted(project, *sent, at_once=at_once)
    assert request.source in ("litellm", "native")
    assert (request.rule, request.rule_detail) == ("session_id", "session.id of a span of this call")
    session = Session.objects.get()
    assert (session.session_key, session.request_count, session.cost) == ("s-1", 1, Decimal("0.25"))
    call_command("check_rollups")


def test_failed_attempts_go_along(project: Project) -> None:
    failed = gateway_log("failure", at=-0.1)
    requests = counted(project, failed, gateway_log(), span_of(at=-0.1))
    assert [(request.status, request.source) for request in requests] == [("error", "litellm"), ("success", "litellm")]
    assert Session.objects.get().session_key == "s-1"
    call_command("check_rollups")


def test_log_follows_when_a_late_span_names_another_session(project: Project) -> None:
    call = span_of()
    call["parentSpanId"] = f"{7:016x}"
    call["attributes"] = [one for one in call["attributes"] if one["key"] != "session.id"]
    names = [attribute("gen_ai.operation.name", stringValue="invoke_agent"), attribute("session.id", stringValue="s-9")]
    agent = span(traceId=call["traceId"], spanId=call["parentSpanId"], name="invoke_agent", attributes=names)
    assert len(counted(project, gateway_log(), call)) == 2
    (request,) = counted(project, agent)
    assert request.source == "litellm"
    assert Session.objects.get().session_key == "s-9"
    call_command("check_rollups")


def test_a_person_who_moved_the_log_is_right(project: Project) -> None:
    counted(project, gateway_log())
    request = RequestLog.objects.get()
    corrections.move_requests(project, [request.pk], None, "alice")
    assert len(counted(project, span_of())) == 2
