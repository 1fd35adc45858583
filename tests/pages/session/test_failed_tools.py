"""Failed results of tools: in the head, in the outline, in the line of the call, and in the list of sessions."""

from __future__ import annotations

import pytest
from django.test import Client

from sessions_app.models import Project, Session
from tests.factories import make_session
from tests.pages.conversations import Message, assistant, call, chat, result, user

LIST = "/p/acme/sessions/"


def worked(*texts: str | Message) -> list[Message]:
    """A conversation in which an agent calls a tool for each text, which is what the tool returns."""
    messages = [user("Fix it")]
    for number, text in enumerate(texts):
        back = result(f"call_{number:020d}", text) if isinstance(text, str) else text
        messages += [
            assistant("", tool_calls=[call(f"call_{number:020d}", f"tool_{number}", '{"path": "a.py"}')]),
            back,
        ]
    return messages


def make(project: Project, *texts: str | Message, key: str = "s") -> Session:
    """Its requests, each with one more result."""
    messages = worked(*texts)
    logs = [
        chat(messages[:end], messages[end] if end < len(messages) else "Done.", at=end)
        for end in range(1, len(messages) + 1, 2)
    ]
    return make_session(project, key, *logs)


@pytest.fixture
def session(project: Project) -> Session:
    said = result(f"call_{2:020d}", "gone") | {"status": "error"}
    fine = result(f"call_{3:020d}", "x") | {"status": "success"}
    return make(project, "Error: no such file", "x = 1", said, fine)


def page_of(session: Session, client: Client) -> str:
    return client.get(f"{LIST}{session.id}/").content.decode()


def test_the_head_counts_them(session: Session, signed_in: Client) -> None:
    html = page_of(session, signed_in)
    assert 'title="1 tool result failed, 1 more looks failed"' in html
    assert "<dt>tool failures</dt>" in html


def test_the_outline_marks_the_request_that_brought_them(session: Session, signed_in: Client) -> None:
    rows = page_of(session, signed_in).split('id="outline-rows"')[1].split("</ol>")[0].split("<li ")[1:]
    assert [row.count('data-tools="failed"') for row in rows if "outline-row" in row] == [0, 1, 0, 1, 0]
    assert "1 failed tool result" in rows[-2]


def test_the_line_of_a_call_says_how_it_went(session: Session, signed_in: Client) -> None:
    html = page_of(session, signed_in)
    lines = [line.split("</summary>")[0] for line in html.split('<details class="tool"')[1:]]
    states = [line.split(">")[0].strip() for line in lines]
    assert states == ['data-state="looks_failed"', "", 'data-state="error" open', 'data-state="ok"']
    assert "It looks failed: begins with “Error:”" in lines[0]
    assert "#i-check" not in "".join(lines[:3])
    assert "#i-check" in lines[3]


def test_a_session_without_failures_says_nothing_of_them(project: Project, signed_in: Client) -> None:
    html = page_of(make(project, "x = 1"), signed_in)
    assert "tool failure" not in html
    assert "failed tool" not in html
    assert "looks failed" not in html


def test_the_list_marks_and_filters_them(session: Session, project: Project, signed_in: Client) -> None:
    make(project, "fine", key="other")
    html = signed_in.get(LIST).content.decode()
    assert html.count('class="tool-failures"') == 1
    facets = signed_in.get(f"{LIST}facets/").content.decode()
    assert "?q=failed_tool%3Atool_2" in facets
    for query, found in (
        ("?failed_tool=tool_0", 1),
        ("?failed_tool=tool_1", 0),
        ("?failed_tool=tool_1&failed_tool=tool_2", 1),
        ("?q=has:failed_tool", 1),
        ("?q=has:failed_tool,image", 1),
        ("?q=-has:failed_tool", 1),
    ):
        page = signed_in.get(LIST + query).content.decode()
        assert page.count("data-row") == found, query


def test_requests_that_brought_them_are_found(session: Session, signed_in: Client) -> None:
    for query, found in (("has:failed_tool", 2), ("-has:failed_tool", 3), ("has:failed_tool,error", 2)):
        page = signed_in.get(f"/p/acme/requests/?q={query}").content.decode()
        assert page.count("data-row") == found, query
