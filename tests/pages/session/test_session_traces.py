"""Sessions of traces: steps between the requests, tools with the calls that started them, groups, second reports."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from sessions_app.ingest import corrections
from sessions_app.ingest.accept import accept_export
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import Project, RequestLog, Session
from sessions_app.pages.thread import layout
from sessions_app.wire import otlp
from tests.factories import START, make_log, store_logs
from tests.ingest.test_otlp_fixtures import bodies
from tests.pages.session.test_session import MOST_STATEMENTS, address, article, get, numbers, text
from tests.wire.otlp_exports import STARTED_NANOS, attribute, export, span

HOSTILE = '<script>alert(1)</script><img src="https://evil.example/x.png">'


def digest_library(project: Project, folder: str, key: str) -> Session:
    """A session of a library's captured exports."""
    for content_type, body in bodies(folder):
        accept_export(project.pk, body, content_type)
    digest_until_empty()
    return Session.objects.get(project_id=project.pk, session_key=key)


def post(project: Project, *spans: dict[str, Any]) -> None:
    accept_export(project.pk, export(*spans), otlp.content_type_of(otlp.JSON, otlp.TRACES))
    digest_until_empty()


def made(number: int, operation: str, parent: int = 0, at: float = 0, trace: int = 1, **attributes: Any) -> Any:
    """A span with this number as its id; it starts `at` seconds after the trace and takes a second."""
    started = STARTED_NANOS + int(at * 10**9)
    given = {"gen_ai.operation.name": operation, "session.id": "s"} | attributes
    return span(
        traceId=f"{trace:032x}",
        spanId=f"{number:016x}",
        parentSpanId=f"{parent:016x}" if parent else "",
        name=attributes.get("name", operation),
        startTimeUnixNano=str(started),
        endTimeUnixNano=str(started + 10**9),
        attributes=[attribute(name, stringValue=value) for name, value in given.items() if name != "name"],
    )


def said(role: str, *parts: dict[str, Any]) -> str:
    return json.dumps([{"role": role, "parts": parts}])


def words(content: str) -> dict[str, Any]:
    return {"type": "text", "content": content}


def calls(name: str, call_id: str = "") -> dict[str, Any]:
    call = {"type": "tool_call", "name": name, "arguments": {"city": "Paris"}}
    return call | ({"id": call_id} if call_id else {})


def chat(number: int, *output: dict[str, Any], question: str = "Hello", **members: Any) -> Any:
    messages = {
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.input.messages": said("user", words(question)),
        "gen_ai.output.messages": said("assistant", *output or [words("Hi.")]),
    }
    return made(number, "chat", **(messages | members))


def tool(number: int, tool_name: str, result: str = "18 degrees", call_id: str = "", **members: Any) -> Any:
    attributes = {"gen_ai.tool.name": tool_name, "gen_ai.tool.call.result": result}
    attributes |= {"gen_ai.tool.call.id": call_id} if call_id else {}
    return made(number, "execute_tool", **{"gen_ai.tool.call.arguments": '{"city": "Paris"}'}, **attributes, **members)


def steps(page: str) -> list[tuple[str, int, str]]:
    """Kind, depth and the line of each step, in order."""
    pattern = (
        r'<details class="trace-step" id="s-[^"]+" data-kind="(\w+)"[^>]* data-depth="(\d+)"><summary>(.*?)</summary>'
    )
    return [(kind, int(depth), text(line)) for kind, depth, line in re.findall(pattern, page, re.DOTALL)]


def order(page: str) -> list[str]:
    """Requests by number and steps by name, as they follow each other in the thread."""
    thread = page[page.index('class="thread"') :]
    pattern = r'<article class="req" id="(r\d+)"|<code class="step-name"><bdi>(.*?)</bdi>'
    return [request or step for request, step in re.findall(pattern, thread)]


def outline(page: str) -> str:
    start = page.index('id="outline-rows"')
    return page[start : page.index("</nav>", start)]


# --- real libraries -------------------------------------------------------------------------------------------------


def test_it_works(signed_in: Client, project: Project, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    session = digest_library(project, "openai-agents", "openai-agents-tools-fixture")
    with django_assert_max_num_queries(MOST_STATEMENTS):
        page = get(signed_in, session)

    head = text(page.split('<div class="sess">')[0])
    assert "requests 3 steps 10" in head
    assert numbers(page) == [1, 2, 3]
    assert order(page) == [
        *("chat turn", "Agent workflow", "travel-guide", "turn", "r1", "get_weather"),
        *("turn", "r2", "chat turn", "Agent workflow", "travel-guide", "turn", "r3"),
    ]
    assert [depth for _, depth, _ in steps(page)] == [0, 1, 2, 3, 4, 3, 0, 1, 2, 3]
    assert "unknown model" not in page
    assert "No answer was logged" not in page


@pytest.mark.parametrize(
    ("folder", "key"),
    [
        ("openai-agents", "openai-agents-tools-fixture"),
        ("strands", "strands-tools-fixture"),
        ("strands-latest", "strands-latest-tools-fixture"),
        ("pydantic-ai", "pydantic-ai-tools-fixture"),
        ("pydantic-ai", "pydantic-ai-format-v2-fixture"),
        ("ai-sdk-v6", "ai-sdk-v6-tools-fixture"),
        ("ai-sdk-v7", "ai-sdk-v7-tools-fixture"),
        ("google-adk", "google-adk-tools-fixture"),
        ("langfuse", "langfuse-observe-fixture"),
        ("langfuse-langchain", "langfuse-langchain-tools-fixture"),
        ("openinference-langchain", "openinference-langchain-tools-fixture"),
        ("openllmetry", "openllmetry-workflow-fixture"),
    ],
)
def test_tool_stands_with_the_call_that_started_it(signed_in: Client, project: Project, folder: str, key: str) -> None:
    page = get(signed_in, digest_library(project, folder, key))

    ((_, _, line),) = [step for step in steps(page) if step[0] == "tool"]
    assert "called by request 1" in line
    # What it was given and returned is printed once: with the call.
    assert "18 degrees and sunny" not in page.split('data-kind="tool"')[1].split("</details>")[0]
    first, second = article(page, 1), article(page, 2)
    (anchor,) = re.findall(r'<details class="trace-step" id="(s-[^"]+)" data-kind="tool"', page)
    assert f'#{anchor}">ran' in first
    assert "Paris" in text(first)
    assert "18 degrees and sunny" in text(first)
    # It is sent back with the next request, which only refers to it.
    assert "shown with its call in 1" in text(second)
    assert "18 degrees and sunny" not in text(second).split("shown with its call")[0]


def test_links_to_steps_lead_to_them_also_from_a_line_a_request(signed_in: Client, project: Project) -> None:
    session = digest_library(project, "ai-sdk-v7", "ai-sdk-v7-tools-fixture")
    step = RequestLog.objects.filter(session_id=session.id).exclude(kind__in=("chat", "")).first()
    assert step
    pages = [get(signed_in, session, query) for query in ("?dense=1", "?view=waterfall")]
    pages.append(signed_in.get(f"/p/{project.slug}/requests/{step.id}/").content.decode())
    for page in pages:
        links = sorted(set(re.findall(r'href="([^"]*)#(s-[^"]+)"', page)))
        assert links
        for link, anchor in links[:2]:
            # The choice of the reader before he follows it.
            get(signed_in, session, "?dense=1")
            there = signed_in.get(html.unescape(link) or f"{address(session)}?dense=1").content.decode()
            assert f'id="{anchor}"' in there


def test_failures_say_of_what_they_are(signed_in: Client, project: Project) -> None:
    failed = {"status": {"code": 2, "message": "no"}}
    post(project, chat(1), *(tool(number, "weather", at=number) | failed for number in (2, 3)))
    page = get(signed_in, Session.objects.get(session_key="s"))
    head = text(page.split('<div class="sess">')[0])
    assert "failed requests 0 failed steps 2" in head
    assert 'title="2 failed steps"><span class="n">2</span> with errors' in page


def test_steps_without_requests_are_there_in_dense_as_well(signed_in: Client, project: Project) -> None:
    post(project, made(1, "invoke_agent"), tool(2, "weather", parent=1, at=1))
    page = get(signed_in, Session.objects.get(session_key="s"), "?dense=1")
    assert [kind for kind, _, _ in steps(page)] == ["agent", "tool"]


def test_each_trace_is_a_group(signed_in: Client, project: Project) -> None:
    session = digest_library(project, "ai-sdk-v7", "ai-sdk-v7-tools-fixture")
    page = get(signed_in, session)

    groups = re.findall(r'<div class="trace-line" id="t-(\w+)".*?</div>', page)
    lines = [text(found) for found in re.findall(r'<div class="trace-line".*?</div>', page)]
    assert [re.sub(r"^trace \w{8} · | · [^·]*$", "", line) for line in lines] == [
        "2 requests, 4 steps",
        "1 request, 2 steps",
        "1 request",
    ]
    assert len(re.findall('class="outline-trace"', outline(page))) == 3

    alone = get(signed_in, session, f"?trace={groups[1]}")
    assert numbers(alone) == [3]
    assert order(alone) == ["travel-guide", "step 1", "r3"]
    assert "1 of 4 requests, 2 of 6 steps" in text(alone)
    assert f'href="{address(session)}">Show all' in alone
    # The outline has them all; those of other traces lead to the whole session.
    assert '<a class="outline-row" href="?from=1#r1"' in outline(alone)
    assert numbers(get(signed_in, session, "?trace=unknown")) == [1, 2, 3, 4]


def test_traces_that_alternate_and_requests_beside_them(signed_in: Client, project: Project) -> None:
    one, other = (chat(n, question=f"Q{n}", at=n, trace=n) for n in (1, 2))
    post(project, one, other, tool(3, "late", at=5, trace=1))
    store_logs(project, make_log("Native", session_id="s", started_at=START))
    page = get(signed_in, Session.objects.get())
    lines = [text(found) for found in re.findall(r'<div class="trace-line".*?</div>', page)]
    assert [line.split(" · ")[1] for line in lines] == ["1 request", "1 request, 1 step", "1 request", "continued"]
    assert lines[0].startswith("outside of a trace")
    assert len(re.findall(r'id="t-0', page)) == 2


def test_session_of_one_trace_needs_no_divider(signed_in: Client, project: Project) -> None:
    page = get(signed_in, digest_library(project, "openllmetry", "openllmetry-workflow-fixture"))
    assert "trace-line" not in page
    assert "outline-trace" not in page


def test_second_report_of_a_call_is_folded_into_its_request(
    signed_in: Client, project: Project, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    session = digest_library(project, "genai-openai", "genai-openai-anthropic-fixture")
    with django_assert_max_num_queries(MOST_STATEMENTS):
        page = get(signed_in, session)
    assert numbers(page) == [1, 2, 3, 4, 5, 6]
    assert "also reported by com.anthropic.sdk.python anthropic.messages.create" in text(article(page, 1))
    assert len(re.findall('class="outline-row"', outline(page))) == 6

    (href,) = re.findall(r'<a class="link" href="([^"]+)"><bdi>anthropic.messages.create', article(page, 1))
    with django_assert_max_num_queries(MOST_STATEMENTS):
        second = signed_in.get(href).content.decode()
    assert "This span reports the same call as request 1" in text(second)
    assert f'href="{address(session)}#r1">request 1' in second
    assert "Second report of a call" in second


def test_request_page_lists_second_reports(signed_in: Client, project: Project) -> None:
    session = digest_library(project, "langfuse", "langfuse-nested-fixture")
    standing = RequestLog.objects.filter(session_id=session.pk, duplicate_of=None).earliest("started_at")
    page = signed_in.get(f"/p/acme/requests/{standing.pk}/").content.decode()
    assert "also reported by langfuse-sdk" in text(page)
    assert "OpenAI-generation" in page


def test_report_of_a_call_that_is_logged_is_folded_into_it(
    signed_in: Client, project: Project, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """Beside a call that two spans report."""
    store_logs(project, make_log(session_id="s", response={"id": "chatcmpl-9f27c1d07a6e"}, started_at=START))
    at = START.timestamp() - STARTED_NANOS / 10**9
    logged, twice = ({"gen_ai.response.id": f"chatcmpl-{name}"} for name in ("9f27c1d07a6e", "5d4c3b2a1908"))
    post(project, made(1, "chat", at=at, **logged))
    post(project, made(2, "chat", at=at + 9, trace=2, **twice), made(3, "chat", at=at + 9, trace=3, **twice))
    session = Session.objects.get()
    with django_assert_max_num_queries(MOST_STATEMENTS):
        page = get(signed_in, session)
    assert numbers(page) == [1, 2]
    hrefs = [
        re.findall(r'also reported by .*?<a class="link" href="([^"]+)"', article(page, n), re.DOTALL) for n in (1, 2)
    ]
    for number, (href,) in enumerate(hrefs, 1):
        reported = text(signed_in.get(href).content.decode())
        assert f"This span reports the same call as request {number}" in reported


def test_what_could_not_be_read_is_said(signed_in: Client, project: Project) -> None:
    session = digest_library(project, "openinference-openai", "openinference-openai-long-fixture")
    page = get(signed_in, session)
    note = "Not everything was read: the SDK dropped 216 attributes of this span"
    assert note in text(article(page, 1))
    request = RequestLog.objects.get(session_id=session.pk)
    assert note in text(signed_in.get(f"/p/acme/requests/{request.pk}/").content.decode())


# --- order and nesting ----------------------------------------------------------------------------------------------


def test_step_that_starts_with_its_request_stands_before_it(signed_in: Client, project: Project) -> None:
    post(
        project, chat(3, parent=2), made(1, "invoke_agent", name="outer"), made(2, "agent_step", parent=1, name="inner")
    )
    page = get(signed_in, Session.objects.get())
    assert order(page) == ["outer", "inner", "r1"]
    assert [depth for _, depth, _ in steps(page)] == [0, 1]


def test_clock_of_another_machine_does_not_part_an_agent_from_what_it_contains(
    signed_in: Client, project: Project
) -> None:
    post(project, chat(2, parent=1, at=0), made(1, "invoke_agent", name="outer", at=0.2))
    assert order(get(signed_in, Session.objects.get())) == ["outer", "r1"]


def test_other_spans_between_do_not_break_the_nesting(signed_in: Client, project: Project) -> None:
    between = span(traceId=f"{1:032x}", spanId=f"{2:016x}", parentSpanId=f"{1:016x}", name="POST /x", attributes=[])
    post(project, made(1, "invoke_agent", name="outer"), between, tool(3, "search", parent=2, at=1))
    page = get(signed_in, Session.objects.get())
    assert [(kind, depth) for kind, depth, _ in steps(page)] == [("agent", 0), ("tool", 1)]


def test_spans_that_contain_each_other_are_shown(signed_in: Client, project: Project) -> None:
    post(project, made(1, "invoke_agent", parent=2, name="one"), made(2, "invoke_agent", parent=1, name="two"))
    assert sorted(order(get(signed_in, Session.objects.get()))) == ["one", "two"]


def test_session_of_steps_alone(signed_in: Client, project: Project) -> None:
    post(project, made(1, "invoke_agent", name="outer"), tool(2, "search", parent=1, at=1))
    page = get(signed_in, Session.objects.get())
    assert order(page) == ["outer", "search"]
    assert "requests 0 steps 2" in text(page)
    assert 'id="inspector"' not in page
    assert "search" in text(outline(page))


def test_idle_time_stands_before_what_ends_it(signed_in: Client, project: Project) -> None:
    later = made(5, "invoke_agent", name="later", at=100, trace=2), chat(6, parent=5, at=101, trace=2)
    post(project, made(1, "invoke_agent", name="outer"), chat(2, parent=1), tool(3, "slow", parent=1, at=50), *later)
    page = get(signed_in, Session.objects.get())
    pieces = re.findall(
        r'<div class="gap"[^>]*aria-label="([^"]+)"|step-name"><bdi>(\w+)|id="(r\d)"|(trace-line)', page
    )
    thread = ["".join(piece) for piece in pieces]
    gaps = ["Pause of 49.0\N{NARROW NO-BREAK SPACE}s"] * 2
    assert thread == ["trace-line", "outer", "r1", gaps[0], "slow", gaps[1], "trace-line", "later", "r2"]


def test_more_steps_than_a_page_shows_follow_on_demand(
    signed_in: Client, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("thread.layout", "thread.beside", "session.page", "session.view"):
        monkeypatch.setattr(f"sessions_app.pages.{module}.MOST_STEPS", 3)
    assert layout.MOST_STEPS == 3
    post(project, chat(1), *[tool(n, f"tool{n}", at=n) for n in range(2, 10)])
    page = get(signed_in, Session.objects.get())
    assert order(page) == ["r1", "tool2", "tool3", "tool4"]
    found = order(page)[1:]
    while more := re.search(r'href="([^"]+/steps/[^"]+)"', page):
        url = more[1].replace("&amp;", "&")
        page = signed_in.get(url, headers={"HX-Request": "true"}).content.decode()
        found += re.findall(r'step-name"><bdi>(\w+)', page)
        assert "<html" in signed_in.get(url).content.decode()
    assert found == [f"tool{n}" for n in range(2, 10)]


def test_requests_of_long_sessions_keep_their_steps(
    signed_in: Client, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sessions_app.pages.thread.addresses.MOST_AT_ONCE", 2)
    monkeypatch.setattr("sessions_app.pages.thread.addresses.BLOCK", 2)
    spans = [chat(n, question=f"Q{n}", at=10 * n) for n in (1, 2)]
    post(project, *spans, tool(7, "after2", at=21), made(8, "invoke_agent", name="around3", at=29))
    post(project, chat(3, question="Q3", at=30, parent=8))
    session = Session.objects.get()
    page = get(signed_in, session)
    assert order(page) == ["r1", "r2", "after2"]
    step = RequestLog.objects.get(name="around3")
    assert f'href="?from=3#s-{step.pk}"' in outline(page)
    assert order(get(signed_in, session, "?from=3")) == ["around3", "r3"]


# --- tools ----------------------------------------------------------------------------------------------------------


def test_tools_are_found_by_name_and_order(signed_in: Client, project: Project) -> None:
    asks = chat(2, calls("weather"), calls("weather"), parent=1)
    first, second = tool(3, "weather", "rain", parent=1, at=2), tool(4, "weather", "snow", parent=1, at=3)
    post(project, made(1, "invoke_agent"), asks, second, first)
    found = text(article(get(signed_in, Session.objects.get()), 1))
    assert found.index("rain") < found.index("snow")
    assert "no result" not in found


@pytest.mark.parametrize(
    ("result", "words"), [('{"assistant": "planner"}', "assistant: planner"), ('[{"n": 1}, {"n": 2}]', "2 items")]
)
def test_data_that_a_tool_returned_are_told_in_words(
    signed_in: Client, project: Project, result: str, words: str
) -> None:
    post(project, chat(1, calls("weather", "c1")), tool(2, "weather", result, "c1", at=2), tool(3, "x", result, at=3))
    page = get(signed_in, Session.objects.get())
    assert f"city: Paris {words} 1.0" in text(article(page, 1))
    assert words in next(line for kind, _, line in steps(page) if " x " in f" {line} ")


def test_tool_of_another_agent_is_not_taken(signed_in: Client, project: Project) -> None:
    agents = made(1, "invoke_agent", name="a"), made(2, "invoke_agent", name="b", at=0.1)
    asks = chat(3, calls("weather"), parent=1, at=0.2), chat(4, calls("weather"), parent=2, at=0.3)
    post(
        project, *agents, *asks, tool(5, "weather", "of a", parent=1, at=2), tool(6, "weather", "of b", parent=2, at=3)
    )
    page = get(signed_in, Session.objects.get())
    assert "of a" in text(article(page, 1))
    assert "of b" in text(article(page, 2))


def test_error_of_a_tool_is_shown_with_its_call(signed_in: Client, project: Project) -> None:
    failed = tool(2, "weather", "", "call_1", at=2) | {"status": {"code": 2, "message": "No such city"}}
    failed["attributes"].append(attribute("error.type", stringValue="LookupError"))
    post(project, chat(1, calls("weather", "call_1")), failed)
    page = get(signed_in, Session.objects.get())
    ((_, _, line),) = steps(page)
    assert "LookupError" in line
    assert "No such city" in line
    assert "No such city" in text(article(page, 1))
    assert '<details class="tool" data-state="error" open>' in article(page, 1)
    assert 'data-state="error" class="outline-step"' in outline(page)


def test_retrieval_and_guardrail_say_in_a_line_what_they_returned(signed_in: Client, project: Project) -> None:
    documents = json.dumps([{"id": "a", "text": "One"}, {"id": "b", "text": "Two"}])
    found = {"openinference.span.kind": "RETRIEVER", "input.value": "capital of France", "output.value": documents}
    checked = {"langfuse.observation.type": "guardrail", "langfuse.observation.output": "blocked: injection"}
    post(project, made(1, "retrieve", name="search", **found), made(2, "guardrail", name="guard", at=2, **checked))
    page = get(signed_in, Session.objects.get())
    lines = {kind: line for kind, _, line in steps(page)}
    assert "capital of France" in lines["retrieval"]
    assert "2 documents" in lines["retrieval"]
    assert "blocked: injection" in lines["guardrail"]
    body = page.split('data-kind="retrieval"')[1].split("</details>")[0]
    assert "Two" in body


def test_second_report_of_a_call_that_was_moved_away_is_still_shown(signed_in: Client, project: Project) -> None:
    session = digest_library(project, "langfuse", "langfuse-nested-fixture")
    standing = RequestLog.objects.filter(session_id=session.pk, duplicate_of=None).earliest("started_at")
    made_by_hand = corrections.move_requests(project, [standing.pk], None, "ada")
    page = get(signed_in, session)
    moved = RequestLog.objects.get(session_id=made_by_hand.target_session_id, duplicate_of=None)
    ((kind, _, line),) = steps(page) or [("", 0, "")]
    assert (kind, "second report" in line) == ("llm", True)
    (href,) = re.findall(r'class="link" href="(/p/acme/requests/[^"]+)">Open this step', page)
    second = signed_in.get(href).content.decode()
    assert f'href="/p/acme/requests/{moved.pk}/">a request of another session' in second


def test_requests_that_are_moved_take_their_steps_along(signed_in: Client, project: Project) -> None:
    user = signed_in.get("/p/acme/sessions/").wsgi_request.user
    user.user_permissions.add(Permission.objects.get(codename="change_session", content_type__app_label="sessions_app"))
    session = digest_library(project, "openai-agents", "openai-agents-tools-fixture")
    chosen = RequestLog.objects.filter(session_id=session.pk, step=False).order_by("started_at")
    form = {"request": [str(log.pk) for log in chosen[:2]], "where": "new", "confirmed": "yes"}
    response = signed_in.post(address(session, "correct/move/"), form)
    assert order(signed_in.get(response.url).content.decode()) == [
        *("chat turn", "Agent workflow", "travel-guide", "turn", "r1", "get_weather", "turn", "r2"),
    ]
    assert order(get(signed_in, session)) == ["chat turn", "Agent workflow", "travel-guide", "turn", "r1"]


def test_agent_brings_its_messages_when_it_is_opened(signed_in: Client, project: Project) -> None:
    agent = made(1, "invoke_agent", **{"gen_ai.output.messages": said("assistant", words("All done."))})
    post(project, agent, chat(2, parent=1, at=0.1))
    page = get(signed_in, Session.objects.get())
    assert "All done." not in page
    (url,) = re.findall(r'hx-get="([^"]+/step/)"', page)
    opened = signed_in.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "All done." in opened
    assert "<html" not in opened
    assert signed_in.get(url).url == url.removesuffix("step/")
    assert "All done." in signed_in.get(url.removesuffix("step/")).content.decode()


def test_nothing_of_a_span_becomes_markup(signed_in: Client, project: Project) -> None:
    hostile = tool(2, HOSTILE, HOSTILE, HOSTILE, parent=1, name=HOSTILE)
    agent = made(1, "invoke_agent", name=HOSTILE, **{"gen_ai.agent.name": HOSTILE})
    post(project, agent, hostile, chat(3, at=3, trace=2, name=HOSTILE))
    session = Session.objects.get()
    pages = [get(signed_in, session)]
    pages += [signed_in.get(f"/p/acme/requests/{log.pk}/").content.decode() for log in RequestLog.objects.all()]
    for page in pages:
        assert "<script>alert" not in page
        assert "<img src=" not in page


# --- the page of a step or span ---------------------------------------------------------------------------------------


def test_page_of_a_tool(
    signed_in: Client, project: Project, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    session = digest_library(project, "strands", "strands-tools-fixture")
    step = RequestLog.objects.get(session_id=session.pk, kind="tool")
    with django_assert_max_num_queries(MOST_STATEMENTS):
        page = signed_in.get(f"/p/acme/requests/{step.pk}/").content.decode()
    assert "<h1><bdi>tool get_weather</bdi></h1>" in page
    assert "city : Paris" in text(page.split('id="input"')[1].split('id="output"')[0]).replace("&quot;", '"')
    assert "18 degrees and sunny" in text(page.split('id="output"')[1].split('id="metadata"')[0])
    assert f'href="{address(session)}?dense=no#s-{step.pk}"' in page
    # The span itself, as it came.
    assert "gen_ai.tool.call.id" in page.split('id="raw"')[1]
    assert "cURL" not in page
    raw = signed_in.get(f"/p/acme/requests/{step.pk}/raw/log/?download=1").json()
    assert raw["span"]["spanId"] == step.span_id


def test_other_spans_of_the_trace_are_listed_to_the_end(
    signed_in: Client, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sessions_app.pages.request.spans.MOST_SPANS", 4)
    others = [
        span(
            traceId=f"{1:032x}",
            spanId=f"{n:016x}",
            parentSpanId=f"{1:016x}",
            name=f"GET /{n}",
            attributes=[attribute("http.route", stringValue=HOSTILE)],
        )
        for n in range(10, 20)
    ]
    post(project, chat(1), *others)
    url = f"/p/acme/requests/{RequestLog.objects.get().pk}/"
    page = signed_in.get(url).content.decode()
    assert "Other spans of this trace 10, such as HTTP" in text(page)
    assert "http.route" in page
    assert "<script>alert" not in page
    found = re.findall(r'span-name"><bdi>GET /(\d+)', page)
    while more := re.search(r'hx-get="([^"]+/spans/[^"]+)"', page):
        page = signed_in.get(more[1], headers={"HX-Request": "true"}).content.decode()
        found += re.findall(r'span-name"><bdi>GET /(\d+)', page)
    assert found == [str(n) for n in range(10, 20)]
    assert signed_in.get(more[1] if more else f"{url}spans/?spans=5").url == f"{url}?spans=5#spans"
    second = signed_in.get(f"{url}?spans=5").content.decode()
    assert re.findall(r'span-name"><bdi>GET /(\d+)', second) == ["14", "15", "16", "17"]


def test_project_may_drop_the_attributes_of_other_spans(client: Client, signed_in: Client, project: Project) -> None:
    url = "/p/acme/settings/traces/"
    assert "checked" in signed_in.get(url).content.decode()
    assert "Can change project" in signed_in.get(url).content.decode()
    assert signed_in.post(url).status_code == 403

    user = signed_in.get(url).wsgi_request.user
    user.user_permissions.add(Permission.objects.get(codename="change_project"))
    assert signed_in.post(url).url == url
    project.refresh_from_db()
    assert not project.keeps_other_spans

    other = span(traceId=f"{1:032x}", spanId=f"{5:016x}", name="GET /x", attributes=[attribute("k", stringValue="v")])
    post(project, chat(1), other)
    page = signed_in.get(f"/p/acme/requests/{RequestLog.objects.get().pk}/").content.decode()
    assert "GET /x" in page
    assert "its attributes were not kept" in page
    assert signed_in.post(url, {"keeps_other_spans": "on"}).url == url
    project.refresh_from_db()
    assert project.keeps_other_spans


def test_request_whose_history_was_compacted_says_so(signed_in: Client, project: Project) -> None:
    compacted = chat(2, question="Go on.", at=5)
    compacted["attributes"].append(attribute("gen_ai.conversation.compacted", boolValue=True))
    post(project, chat(1), compacted)
    page = get(signed_in, Session.objects.get())

    assert "its client says that the history was compacted before" in text(article(page, 2))
    assert "compacted" not in text(article(page, 1))
