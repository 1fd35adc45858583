"""Where the time of a session went, on its page."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from sessions_app.models import Project, RequestLog, Session
from tests.factories import make_log, make_session
from tests.pages.conversations import agent, assistant, chat, user
from tests.pages.session.test_findings import page_of


def conversation() -> list[Any]:
    """Requests 1 and 2 of an agent, a minute later 3, and eight more of which the last is slow."""
    first, second = agent()
    messages = [*second["request"]["messages"], assistant("Fixed.")]
    logs = [first, second]
    for number in range(9):
        messages = [*messages, user(f"More {number}")]
        seconds = 60 if number == 8 else 5
        usage = {"input_tokens": 10, "output_tokens": 300}
        logs.append(chat(messages, f"Answer {number}", at=67 + 10 * number, seconds=seconds, usage=usage))
        messages = [*messages, assistant(f"Answer {number}")]
    return logs


def text(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


_ = "\N{NARROW NO-BREAK SPACE}"
SLOW = f"took 1{_}m 00{_}s; 5.0{_}s is usual here for this model and an answer of its length"


@pytest.fixture
def session(project: Project) -> Session:
    return make_session(project, "a", *conversation())


def test_it_works(signed_in: Client, session: Session) -> None:
    html = page_of(signed_in, session)
    said = text(html[html.index('id="time"') :])
    assert "Where the time went 50 % in models, 48 % waiting for a person, 1 % in tools or the client" in said
    assert "In tools or the client 3.0 s" in said
    assert "60 output tokens a second (median)" in said
    assert "slower than usual: 11" in said
    assert html.count(f'class="req-hint" title="{SLOW}"') == 1
    assert 'id="time" open' not in html


@pytest.mark.parametrize("view", ["dense=1", "view=waterfall", "view=table"])
def test_each_view_marks_what_was_slow(signed_in: Client, session: Session, view: str) -> None:
    html = page_of(signed_in, session, f"?{view}")
    rows = re.findall(r'(?s)<(article|li|tr) ([^>]* id="[rw]\d+"[^>]*)>(.*?)</\1>', html)
    assert [number for number, (_, _, row) in enumerate(rows, 1) if 'class="req-hint"' in row] == [11]


def test_between_two_requests(signed_in: Client, session: Session) -> None:
    html = page_of(signed_in, session, "?panel=time&since=%231&until=2")
    said = text(html[html.index('id="time"') :])
    assert 'id="time" open' in html
    assert "Requests 1 to 2" in said
    assert "Wall 7.0 s" in said
    assert "waiting for a person" not in said.partition("Top requests")[0].lower()


@pytest.mark.parametrize("query", ["since=0", "since=99", "until=0", "since=5&until=x", "since=-1&until=99"])
def test_what_names_no_requests_is_left_out(signed_in: Client, session: Session, query: str) -> None:
    html = page_of(signed_in, session, f"?panel=time&{query}")
    assert "to 11" in text(html) if "since=5" in query else "The whole session" in html


def test_the_inspector_leads_there_and_says_what_was_slow(signed_in: Client, session: Session) -> None:
    slow = RequestLog.objects.order_by("-started_at")[0]
    html = signed_in.get(f"/p/acme/requests/{slow.pk}/facts/", headers={"HX-Request": "true"}).content.decode()
    assert SLOW in html
    assert f"/p/acme/sessions/{session.pk}/?panel=time&amp;since=11#time" in html


def test_without_times_there_is_no_panel(signed_in: Client, project: Project) -> None:
    html = page_of(signed_in, make_session(project, "b", make_log(started_at=None)))
    assert 'id="time"' not in html
