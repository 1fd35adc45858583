"""The three views of a session: the switch between them, and the plain parts of each."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.conf import settings
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from sessions_app.models import Project, Session
from sessions_app.pages.session import table_view
from tests.factories import START, make_log, make_session
from tests.pages.conversations import chat, turns, user
from tests.pages.session.test_session import get, text

MOST_STATEMENTS = 14


@pytest.fixture
def talk(project: Project) -> Session:
    """Three requests, the second of which failed."""
    logs = turns(["One", "Two", "Three"], cost=0.5)
    logs[1] |= {"status": "error", "response": None, "error": {"type": "timeout", "message": "too slow"}}
    return make_session(project, "talk", *logs)


def switch(page: str) -> dict[str, str]:
    """The links of the views by their names, and the current one as "current"."""
    nav = page[page.index('id="session-views"') : page.index("</nav>", page.index('id="session-views"'))]
    links = dict(re.findall(r'<a href="([^"]*)"[^>]*>.*?<span>(\w+)</span>', nav, re.DOTALL))
    current = re.search(r'aria-current="page">.*?<span>(\w+)</span>', nav, re.DOTALL)
    assert current
    return {name: unescape(href) for href, name in links.items()} | {"current": current[1]}


def test_each_view_has_its_address_and_key(signed_in: Client, talk: Session) -> None:
    for query, current in (("", "Conversation"), ("?view=waterfall", "Waterfall"), ("?view=table", "Table")):
        page = get(signed_in, talk, query)
        links = switch(page)
        assert links["current"] == current
        assert links["Conversation"] == f"/p/acme/sessions/{talk.id}/"
        assert links["Waterfall"] == f"/p/acme/sessions/{talk.id}/?view=waterfall"
        assert links["Table"] == f"/p/acme/sessions/{talk.id}/?view=table"
        assert re.findall(r'data-key="(\d)"', page) == ["1", "2", "3"]
    assert switch(get(signed_in, talk, "?view=nonsense"))["current"] == "Conversation"


def test_the_documentation_has_every_key(signed_in: Client, talk: Session) -> None:
    page = get(signed_in, talk)
    keys = page[page.index("<h3>Session</h3>") :]
    shown = {key for pair in re.findall(r"<dd>(.*?)</dd>", keys) for key in re.findall(r"<kbd>([^<]+)</kbd>", pair)}
    guide = (settings.BASE_DIR / "docs/session-page.md").read_text(encoding="utf-8")
    assert [key for key in sorted(shown - {"shift"}) if f"`{key}`" not in guide] == []


def test_branch_trace_and_find_survive_the_switch(signed_in: Client, project: Project) -> None:
    first = chat([user("Plan")], "Plan.")
    branches = [
        chat([user("Plan"), {"role": "assistant", "content": "Plan."}, user(f"Try {n}")], f"Tried {n}.", at=10 * n)
        for n in (1, 2)
    ]
    session = make_session(project, "forked", first, *branches)
    page = get(signed_in, session, "?view=table&branch=2&find=Tried")

    assert switch(page)["Waterfall"].endswith("?view=waterfall&find=Tried&branch=2")
    assert switch(page)["Conversation"].endswith("?find=Tried&branch=2")
    assert re.findall(r'<tr data-row id="r(\d)"', page) == ["1", "2"]
    assert re.search(r'data-n="2"[^>]* data-hits', page)
    assert f'href="/p/acme/sessions/{session.id}/?view=table&amp;find=Tried">Show all' in page
    traced = make_session(project, "traced", make_log("A", trace_id="t"), make_log("B"))
    assert "Only trace" not in get(signed_in, traced, "?view=table&trace=none")


def test_table_has_a_row_a_request(signed_in: Client, talk: Session) -> None:
    page = get(signed_in, talk, "?view=table")

    rows = [text(row) for row in re.findall(r"<tr data-row.*?</tr>", page, re.DOTALL)]
    assert len(rows) == 3
    assert "Answer 1 gpt-4o 2.0 s" in rows[0]
    assert "failed" in rows[1]
    assert "timeout" in rows[1]
    assert f'href="/p/acme/sessions/{talk.id}/#r3"' in page


def test_long_table_comes_in_blocks(signed_in: Client, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_view, "MOST_ROWS", 3)
    logs = [make_log(f"Text {n}", started_at=START + timedelta(seconds=n * 3)) for n in range(1, 9)]
    session = make_session(project, "long", *logs)

    page = get(signed_in, session, "?view=table&from=5")
    assert re.findall(r'data-row id="r(\d)"', page) == ["4", "5", "6"]
    assert "Earlier rows" in text(page)
    assert "Later rows" in text(page)
    assert switch(page)["Conversation"].endswith("?from=4")
    assert re.findall(r'data-row id="r(\d)"', get(signed_in, session, "?view=table&from=99")) == ["7", "8"]


@pytest.mark.parametrize("view", ["waterfall", "table"])
def test_statements_do_not_grow(
    signed_in: Client, project: Project, view: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    session = make_session(project, "long", *turns([f"Text {n}" for n in range(60)]))
    with django_assert_max_num_queries(MOST_STATEMENTS):
        get(signed_in, session, f"?view={view}&find=Answer")


@pytest.mark.parametrize("view", ["", "view=waterfall&", "view=table&"])
def test_what_an_address_names_and_nothing_has_is_told(signed_in: Client, talk: Session, view: str) -> None:
    for query, words in (
        ("branch=zz", "branch=zz: no request of a branch has this number"),
        ("branch=1", "branch=1: no request of a branch has this number"),
        ("trace=a%3Cb%3E", "trace=a<b>: this session has no such trace"),
        ("from=99999", "from=99999: this session has 3 requests"),
        ("at=0", "at=0: this session has 3 requests"),
        ("panel=zz", "panel=zz: the panels are findings, cache, time, costs, filled"),
        ("since=9", "since=9: must be a request from 1 to 3"),
        ("since=2&until=1", "until=1: must be a request from 2 to 3"),
        ("t0=soon", "t0=soon: must be a number, of seconds"),
        ("sort=-zz", "sort=-zz: the columns are n, status, "),
        ("only=zz", "only=zz: the kinds are failed, tools, cut, found"),
        ("dense=zz", "dense=zz: the values are 1, 0"),
        ("hit=zz", "hit=zz: no words are looked for"),
        ("find=One&hit=zz", "hit=zz: this session has no such place"),
    ):
        assert f"Ignored: {words}" in unescape(text(get(signed_in, talk, f"?{view}{query}")))
    assert "Ignored: view=zz: the views are waterfall, table" in text(get(signed_in, talk, "?view=zz"))
    assert "Ignored: page=7: the waterfall has 1 page" in text(get(signed_in, talk, "?view=waterfall&page=7"))
    fine = "from=3&panel=cache&branch=&since=%232&until=3&t0=0.5&t1=9&sort=-cost&only=failed&page=1&dense=no"
    assert "Ignored" not in text(get(signed_in, talk, f"?{view}{fine}"))
