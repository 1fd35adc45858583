"""The dense conversation: a line a request, asked for by the address and remembered."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from sessions_app.models import Project
from sessions_app.pages.thread import addresses
from tests.factories import make_session
from tests.pages.conversations import agent, assistant, call, chat, result, user
from tests.pages.session.test_outline import steps_of
from tests.pages.session.test_session import get, more_links, numbers, text


def lines(page: str) -> list[str]:
    return [text(found) for found in re.findall(r'(?s)<article class="req dense".*?</article>', page)]


def test_it_works(signed_in: Client, project: Project, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    failed = chat([user("And now?")], "", at=90) | {
        "status": "error",
        "error": {"type": "overloaded", "message": "no"},
        "response": None,
    }
    session = make_session(project, "s", *agent(), failed)
    with django_assert_max_num_queries(14):
        page = get(signed_in, session, "?dense=1")

    first, second, third = lines(page)
    assert first.startswith("Request 1 ")
    assert "Fix it → " in first
    # An answer says something and calls tools: both are told, and the next line says whose results came.
    assert "→ read_file, run_tests Looking." in first
    assert "read_file, run_tests → Fixed." in second
    assert "And now? → no (overloaded)" in third
    # The lines are all there is of the requests: nothing is hidden by a style.
    assert "req-line" not in page
    assert 'id="dense-link" href="' in page
    assert "dense=0" in page


def test_tools_that_no_request_defines_have_their_names_from_the_calls(
    signed_in: Client, project: Project, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    first = [user("Fix it")]
    calls = [call("c1", "read_file", '{"path": "a.py"}'), call("c2", "run_<tests>")]
    second = [*first, assistant("Looking.", tool_calls=calls), result("c1", "x = 1"), result("c2", "2 failed")]
    session = make_session(
        project,
        "s",
        chat(first, assistant("Looking.", tool_calls=calls), finish="tool_calls"),
        chat(second, "Fixed.", at=5),
    )
    with django_assert_max_num_queries(14):
        page = get(signed_in, session, "?dense=1")

    one, two = lines(page)
    assert "→ read_file, run_<tests> Looking." in one
    assert "read_file, run_<tests> → Fixed." in two
    assert "run_&lt;tests&gt;" in page


def test_a_prompt_that_came_again_is_told_again(signed_in: Client, project: Project) -> None:
    refused = chat([user("Fix it")], "") | {"status": "error", "error": {"message": "slow down"}, "response": None}
    again = chat([user("Fix it")], "Fixed.", at=5)
    found = lines(get(signed_in, make_session(project, "s", refused, again), "?dense=1"))
    assert ["Fix it →" in line for line in found] == [True, True]


@pytest.mark.parametrize("reason", ["tool_call", "STOP", "tool_calls", "FinishReason.STOP"])
def test_an_answer_of_calls_alone_is_told_once(signed_in: Client, project: Project, reason: str) -> None:
    calls = [call("c1", "read_file"), call("c2", "run_tests")]
    session = make_session(project, "s", chat([user("Fix it")], assistant("", tool_calls=calls), finish=reason))
    (line,) = lines(get(signed_in, session, "?dense=1"))
    assert line.count("read_file") == 1
    assert "→ read_file, run_tests" in line


def test_the_address_is_remembered_until_it_says_otherwise(signed_in: Client, project: Project) -> None:
    session = make_session(project, "s", *agent())
    assert lines(get(signed_in, session)) == []
    assert lines(get(signed_in, session, "?dense=1"))
    assert lines(get(signed_in, session))
    # What is added to a page in full is in full.
    assert lines(get(signed_in, session, "?side=after", **{"HX-Request": "true"})) == []
    # A link to a step leads to whole requests, and changes no mind.
    assert lines(get(signed_in, session, "?dense=no")) == []
    assert lines(get(signed_in, session))
    assert lines(get(signed_in, session, "?dense=0")) == []
    assert lines(get(signed_in, session)) == []


def test_other_views_are_not_dense(signed_in: Client, project: Project) -> None:
    session = make_session(project, "s", *agent())
    assert "page-dense" in get(signed_in, session, "?dense=1")
    for view in ("waterfall", "table"):
        page = get(signed_in, session, f"?view={view}")
        assert "page-dense" not in page
        # Back in the conversation, it still is.
        assert "page-dense" in get(signed_in, session)


def test_blocks_are_longer(signed_in: Client, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "BLOCK", 2)
    monkeypatch.setattr(addresses, "MOST_AT_ONCE", 2)
    monkeypatch.setattr(addresses, "DENSE_BLOCK", 5)
    session = make_session(project, "s", *steps_of(7))
    page = get(signed_in, session, "?dense=1")
    assert numbers(get(signed_in, session, "?dense=0")) == [1, 2]
    assert re.findall(r'<article class="req dense" id="r(\d)"', page) == list("12345")
    assert more_links(page) == {"Show requests 6 to 7 of 7": "?dense=1&from=6"}
    assert 'href="?dense=1&amp;from=6#r6"' in page
    # The prompt of the turn that was begun before is not told again.
    second = lines(get(signed_in, session, "?dense=1&from=6"))
    assert len(second) == 2
    assert "Go on" not in second[0]
