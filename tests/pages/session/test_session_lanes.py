"""The runs of sub-agents on the page of a session: folded lanes with sums, tied both ways to the call."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

from django.test import Client

from sessions_app.models import Project, RequestLog, Session
from tests.factories import make_session
from tests.pages.conversations import assistant, call, chat, result, user
from tests.pages.session.test_session import article, get, text
from tests.pages.session.test_session_structure import marks
from tests.pages.session.test_session_traces import calls, made, post, tool
from tests.pages.session.test_session_traces import chat as traced

TASK = "Investigate the repository and report what calc.py does."


def delegated() -> list[Any]:
    """Request 1 starts an agent, 2 and 3 are its requests, the second failed; 4 goes on with its answer."""
    asked = user("Write release notes, please.")
    calls = [call("c1", "ask_investigator", f'{{"input": "{TASK}"}}')]
    looked = assistant(None, tool_calls=[call("c2", "list_files")])
    report = "It has one function, add(a, b)."
    return [
        chat([asked], assistant(None, tool_calls=calls), finish="tool_calls"),
        chat([user(TASK)], looked, at=5, finish="tool_calls", cost=0.25),
        chat([user(TASK), looked, result("c2", "calc.py")], report, at=10, cost=0.5, status="error", error="Slow down"),
        chat([asked, assistant(None, tool_calls=calls), result("c1", report)], "Written.", at=20),
    ]


def session_of(project: Project) -> Session:
    session = make_session(project, "s", *delegated())
    starter, first = RequestLog.objects.order_by("started_at")[:2]
    if first.task is None:
        link_key = uuid.uuid4()
        RequestLog.objects.filter(pk=first.pk).update(task=link_key)
        RequestLog.objects.filter(pk=starter.pk).update(provides=[*starter.provides, link_key])
    return session


def lane(page: str) -> str:
    return page[page.index('<details class="run"') : page.index('<article class="req" id="r4"')]


def test_run_is_a_folded_lane_under_the_call_that_started_it(signed_in: Client, project: Project) -> None:
    page = get(signed_in, session_of(project))
    folded = lane(page)

    assert re.findall(r'id="r(\d)"', page) == ["1", "2", "3", "4"]
    assert re.findall(r'id="r(\d)"', folded) == ["2", "3"]
    assert 'id="run-2" data-state="error">' in folded
    assert " open" not in folded.split(">")[0]
    summary = text(folded.split("</summary>")[0])
    assert summary.startswith("Sub-agent: requests 2–3, started by ask_investigator of request 1")
    assert "2 requests · 16 → 8 tokens · $0.75" in summary
    assert summary.endswith("· 1 failed")


def test_call_and_run_say_that_they_belong_together(signed_in: Client, project: Project) -> None:
    page = get(signed_in, session_of(project))

    assert marks(page, 1) == "ask_investigator started a sub-agent: requests 2–3"
    assert marks(page, 2) == "started by a tool call of request 1"
    assert marks(page, 3) == ""
    assert marks(page, 4) == ""
    assert 'href="/p/acme/sessions/' in article(page, 1).split('class="marks"')[1].split("</p>")[0]
    assert "starts a new conversation" not in page


def test_pages_of_requests_name_the_call_and_the_run(signed_in: Client, project: Project) -> None:
    session_of(project)
    first, second = (
        text(signed_in.get(f"/p/acme/requests/{log.pk}/").content.decode())
        for log in RequestLog.objects.order_by("started_at")[:2]
    )

    assert "Sub-agents begin with 2" in first
    assert "Started by a tool call of 1" in second


def test_outline_has_the_run_as_one_group(signed_in: Client, project: Project) -> None:
    page = get(signed_in, session_of(project))
    outline = page[page.index('id="outline-rows"') : page.index('class="outline-foot"')]
    group = re.findall(
        r'<li class="outline-fold" data-kind="run"[^>]* data-state="error"[^>]*><details>.*?</details></li>',
        outline,
        re.DOTALL,
    )[0]

    assert re.findall(r'class="outline-n">(\d+)<', outline) == ["1", "2", "3", "4"]
    assert re.findall(r'class="outline-n">(\d+)<', group) == ["2", "3"]
    assert text(group).startswith(TASK)
    assert 'title="Sub-agent of request 1\n' in group
    assert outline.count("<details") == outline.count("</details>") == 2
    turn = text(outline.split("<ol>")[0])
    assert "2 own" in turn
    assert "4 in all" in turn


def both_delegated() -> list[Any]:
    """Request 1 starts two agents: 2 and 4, one after the other, and beside them 3. A tool of the first one failed."""
    tasks = (TASK, "Find every document that speaks of calc.py and tell what it says.")
    asked, reports = user("Write release notes, please."), ("It has one function, add.", "Only the README does.")
    calls = [call(f"c{n}", "ask_investigator", json.dumps({"input": task})) for n, task in enumerate(tasks)]
    looked = assistant(None, tool_calls=[call("c7", "list_files")])
    back = [result(f"c{n}", report) for n, report in enumerate(reports)]
    return [
        chat([asked], assistant(None, tool_calls=calls), finish="tool_calls"),
        chat([user(tasks[0])], looked, at=5, finish="tool_calls"),
        chat([user(tasks[1])], reports[1], at=6, seconds=9),
        chat([user(tasks[0]), looked, result("c7", "Error: no such folder")], reports[0], at=10),
        chat([asked, assistant(None, tool_calls=calls), *back], "Written.", at=20),
    ]


def test_within_a_run_only_its_own_requests_are_said_to_overlap(signed_in: Client, project: Project) -> None:
    page = get(signed_in, make_session(project, "s", *both_delegated()))

    assert re.findall(r'id="run-(\d)"', page) == ["2", "3"]
    assert re.findall(r'id="r(\d)"', page) == ["1", "2", "4", "3", "5"]
    assert "ran at the same time" not in page


def test_failed_tools_of_a_run_are_told_by_its_lines(signed_in: Client, project: Project) -> None:
    page_session = make_session(project, "s", *both_delegated())
    page = get(signed_in, page_session)
    first, second = (text(part.split("</summary>")[0]) for part in page.split('<details class="run"')[1:])
    rows = re.findall(r'<li class="outline-fold" data-kind="run"[^>]*><details>.*?</summary>', page, re.DOTALL)

    # Each is called what it was asked, in the waterfall as well.
    assert [text(row).split(" 1 failed")[0].split(" 1 request")[0][:12] for row in rows] == [
        "Investigate ",
        "Find every d",
    ]
    waterfall = get(signed_in, page_session, "?view=waterfall")
    groups = [text(part.split("</summary>")[0]) for part in re.split(r'<li class="wf-group"[^>]*>', waterfall)[1:]]
    assert [group[:12] for group in groups] == ["Investigate ", "Find every d"]

    assert first.endswith("· 1 tool failure")
    assert "failure" not in second
    # So that the filter of the outline leaves it.
    assert ['data-tools="failed"' in row for row in rows] == [True, False]
    assert "1 failed tool result 2 requests" in text(rows[0])


def test_line_that_opens_a_run_holds_no_link(signed_in: Client, project: Project) -> None:
    page = get(signed_in, session_of(project))
    assert "<a " not in lane(page).split("</summary>")[0]


def test_page_that_begins_within_a_run_shows_it_open(signed_in: Client, project: Project) -> None:
    page = get(signed_in, session_of(project), "?at=3&to=4")

    assert re.findall(r'id="r(\d)"', page) == ["3", "4"]
    assert lane(page).split(">")[0].endswith(" open")


def test_model_calls_within_a_tool_of_a_trace_are_a_lane(signed_in: Client, project: Project) -> None:
    post(
        project,
        made(1, "invoke_agent", name="invoke_agent boss"),
        traced(2, calls("compare", "c1"), parent=1, at=0.1, question="Compare both plans."),
        tool(3, "compare", "The first.", "c1", parent=1, at=2),
        traced(4, parent=3, at=2.1, question="Which one is cheaper?"),
        traced(5, parent=1, at=4, question="And now?"),
    )
    page = get(signed_in, Session.objects.get())
    folded = page[page.index('<details class="run"') : page.index('<article class="req" id="r3"')]

    assert re.findall(r'id="r(\d)"', folded) == ["2"]
    assert text(folded.split("</summary>")[0]).startswith("Within the tool compare : request 2, called by request 1")
    assert marks(page, 1) == "compare made request 2"
    assert "within a tool that request 1 called" in marks(page, 2)
