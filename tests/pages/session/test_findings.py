"""The findings on a session's page: in words, at their requests, dismissed and shown again."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import AbstractBaseUser
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from sessions_app.access.rights import DISMISS_FINDINGS
from sessions_app.models import DismissedFinding, Project, Session
from sessions_app.pages.insights.wording import words
from sessions_app.structure.findings.facts import Finding
from tests.factories import grant, make_project, make_session
from tests.pages.conversations import assistant, call, chat, result, user

MOST_STATEMENTS = 14


@pytest.fixture
def dismisser(signed_in: Client, user: AbstractBaseUser) -> Client:
    grant(user, DISMISS_FINDINGS)
    return signed_in


def loop(times: int = 3, name: str = "<ls>") -> list[Any]:
    """An agent that lists the same directory so many times."""
    messages = [user("What is there?")]
    logs = []
    for number in range(times):
        answer = assistant("", tool_calls=[call(f"call_{number}", name, '{"path": "."}')])
        logs.append(chat(messages, answer, at=5 * number, finish="tool_calls", cost=1))
        messages = [*messages, answer, result(f"call_{number}", "nothing")]
    return [*logs, chat(messages, "Nothing.", at=5 * times, cost=1)]


def page_of(client: Client, session: Session, query: str = "") -> str:
    return unescape(client.get(f"/p/acme/sessions/{session.pk}/{query}").content.decode())


def text(html: str) -> str:
    return " ".join(re.sub(r"<(?!ls>)[^>]*>", " ", html).split())


def test_it_works(signed_in: Client, project: Project, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    session = make_session(project, "a", *loop())
    with django_assert_max_num_queries(MOST_STATEMENTS):
        html = page_of(signed_in, session)
    said = text(html)
    assert "Repeated calls. <ls> was called 3 times with the same arguments." in said
    assert "$2.00, 50" in said
    assert "finding 1" in said
    # Each request that shows it leads there.
    anchor = re.search(r'<li id="(finding-[^"]+)"', html)
    assert anchor
    assert html.count(f'href="#{anchor[1]}"') == 3
    assert 'id="findings" open' not in html
    assert 'id="findings" open' in page_of(signed_in, session, "?panel=findings")


@pytest.mark.parametrize("view", ["dense=1", "view=waterfall", "view=table"])
def test_each_view_marks_the_requests(signed_in: Client, project: Project, view: str) -> None:
    session = make_session(project, "a", *loop())
    html = page_of(signed_in, session, f"?{view}")
    lines = re.findall(r'(?s)<(article|li|tr) ([^>]* id="[rw]\d+"[^>]*)>(.*?)</\1>', html)
    marked = [re.search(r'class="finding-mark" href="([^"]+)" title="Repeated calls"', line) for _, _, line in lines]
    assert [bool(found) for found in marked] == [True, True, True, False]
    target = marked[0] and marked[0][1].rpartition("#")
    assert target
    # The panel with the findings is on the page of the conversation.
    there = html if not target[0] else unescape(signed_in.get(target[0]).content.decode())
    assert f'<li id="{target[2]}"' in there


def test_a_session_without_a_finding_says_nothing(signed_in: Client, project: Project) -> None:
    html = page_of(signed_in, make_session(project, "a", *loop(2)))
    assert 'id="findings"' not in html
    assert "<dt>finding" not in html


def test_it_can_be_dismissed_and_shown_again(dismisser: Client, project: Project) -> None:
    session = make_session(project, "a", *loop())
    value = re.search(r'name="dismiss" value="([^"]+)"', page_of(dismisser, session))
    assert value
    address = f"/p/acme/sessions/{session.pk}/findings/"
    assert dismisser.post(address, {"dismiss": value[1]}).url.endswith("?panel=findings#findings")
    html = page_of(dismisser, session)
    assert "<dt>finding" not in html
    assert "dismissed by alice" in text(html)
    assert f'name="restore" value="{value[1]}"' in html
    assert 'class="finding-mark"' not in html
    dismisser.post(address, {"restore": value[1]})
    assert "dismissed by" not in text(page_of(dismisser, session))


def test_all_may_read_it_and_some_may_change(signed_in: Client, project: Project) -> None:
    session = make_session(project, "a", *loop())
    assert 'name="dismiss"' not in page_of(signed_in, session)
    address = f"/p/acme/sessions/{session.pk}/findings/"
    assert signed_in.post(address, {"dismiss": "repeated_calls:1"}).status_code == 403
    assert signed_in.get(address).status_code == 302


@pytest.mark.parametrize("value", ["", "repeated_calls", "repeated_calls:", "unknown:1", "\0:\0"])
def test_what_is_no_finding_is_not_dismissed(dismisser: Client, project: Project, value: str) -> None:
    session = make_session(project, "a")
    assert dismisser.post(f"/p/acme/sessions/{session.pk}/findings/", {"dismiss": value}).status_code == 302
    assert not DismissedFinding.objects.exists()


def test_sessions_of_other_projects_are_not_found(dismisser: Client, project: Project) -> None:
    session = make_session(make_project("other"), "a")
    value = {"dismiss": "repeated_calls:1"}
    assert dismisser.post(f"/p/acme/sessions/{session.pk}/findings/", value).status_code == 404


def test_errors_cut_answers_and_failing_tools_are_in_words(signed_in: Client, project: Project) -> None:
    """Through the whole way from a log to the page."""
    messages = [user("Do it")]
    logs = [chat(messages, "I will beg", at=0, finish="length")]
    messages = [*messages, assistant("I will beg"), user("Go on")]
    for number in range(3):
        answer = assistant("", tool_calls=[call(f"call_{number}", "deploy", f'{{"try": {number}}}')])
        logs.append(chat(messages, answer, at=10 * number + 10, finish="tool_calls"))
        messages = [*messages, answer, result(f"call_{number}", f"Error: no permission {number}")]
    error = {"error": {"type": "invalid_request_error", "message": "bad"}}
    failed = {"response": None, "status": "error", "status_code": 400, "error": error, "usage": None}
    logs += [chat(messages, "", at=60 + 10 * number) | failed for number in range(2)]
    logs.append(chat([*messages, user("Why?")], "", at=90, finish="content_filter"))
    said = text(page_of(signed_in, make_session(project, "a", *logs)))
    assert "Cut answer used. 1 answer was cut at the greatest length, and used." in said
    assert "Failing tool. deploy failed 3 times, without a success in between." in said
    assert "Error retried unchanged. HTTP 400: 2 attempts failed, and the same was sent again." in said
    assert "Answer withheld. 1 answer was refused by the model or filtered." in said


def test_the_words_say_no_more_than_is_counted() -> None:
    rotation = Finding("repeated_calls", "", (), (), count=9, size=3)
    assert "3 calls came again with the same arguments, 9 calls in all" in words(rotation, {})
    runs = Finding("failing_tools", "", (), (), count=6, size=3)
    assert "failed 6 times, up to 3 in a row without a success" in words(runs, {})
