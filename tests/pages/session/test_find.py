"""Finding words in one session."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial
from html import unescape
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sessions_app.models import Project, Session
from sessions_app.pages.session import find
from sessions_app.queries.search import find as search
from tests.factories import START, make_log, make_session, store_logs

pytestmark = pytest.mark.django_db


@pytest.fixture
def address(project: Project) -> str:
    logs = [make_log(f"turn {n} <robot>", started_at=START + timedelta(minutes=n)) for n in range(130)]
    return f"/p/acme/sessions/{make_session(project, 's', *logs).id}/"


def get(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_words_are_counted_and_lead_to_their_requests(signed_in: Client, address: str) -> None:
    page = get(signed_in, f"{address}?find=%22turn+120%22")
    assert "1 time in 1 request" in page
    ((href, number),) = re.findall(r'<li><a href="([^"]+)">#(\d+) <span', page)
    assert (number, href.split("#")[1]) == ("121", "hit")
    there = get(signed_in, unescape(href))
    assert 'id="r121"' in there
    assert '<mark id="hit" aria-current="true">turn 120</mark>' in there


def test_a_text_that_occurs_often_is_listed_in_part(signed_in: Client, address: str) -> None:
    page = get(signed_in, f"{address}?find=robot")
    assert "130 times in 130 requests" in page
    assert "and in 30 more texts" in page


def test_the_next_place_reads_nothing_again(signed_in: Client, project: Project, address: str) -> None:
    contents = "ROWS UNBOUNDED PRECEDING"
    for words, is_read in (("turn", True), ("turn", False), ("robot", True), ("turn", True)):
        with CaptureQueriesContext(connection) as asked:
            assert "130 times in 130 requests" in get(signed_in, f"{address}?find={words}")
        assert any(contents in query["sql"] for query in asked) is is_read
    store_logs(project, make_log("one turn more", session_id="s"))
    assert "131 times in 131 requests" in get(signed_in, f"{address}?find=turn")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("nobody", "Nobody said it"),
        ("%22open", "The closing quote is missing."),
        ("model:o3", "only words are looked for"),
    ],
)
def test_what_is_not_found_is_said(signed_in: Client, address: str, words: str, said: str) -> None:
    assert said in get(signed_in, f"{address}?find={words}")


def test_without_words_nothing_is_said(signed_in: Client, address: str) -> None:
    page = get(signed_in, address)
    assert "Find in this session" in page
    assert "Nobody said it" not in page


def test_the_box_comes_alone_for_a_script(signed_in: Client, address: str) -> None:
    response = signed_in.get(f"{address}find/?find=%22turn+120%22", headers={"HX-Request": "true"})
    part = " ".join(response.content.decode().split())
    assert part.startswith('<details class="fold session-find" id="find" data-live open data-hits="121:1 ">')
    assert "1 time in 1 request" in part
    assert "<article" not in part
    assert response["HX-Push-Url"] == f"{address}?find=%22turn+120%22#find"
    assert part in get(signed_in, f"{address}?find=%22turn+120%22")


def test_the_address_of_the_box_leads_to_the_page(signed_in: Client, address: str) -> None:
    response = signed_in.get(f"{address}find/?find=turn")
    assert response.status_code == 302
    assert response["Location"] == f"{address}?find=turn#find"


# --- landing on the text itself -------------------------------------------------------------------------------------


def hits(page: str) -> list[str]:
    """The addresses of the snippets of a list."""
    rows = re.findall(r'<tr role="row" class="hits">(.*?)</tr>', page)
    return [unescape(href) for row in rows for href in re.findall(r'<li><a href="([^"]+)"><span class="n"[ >]', row)]


def around_hit(page: str) -> str:
    """The text of the mark that the address leads to; it must be the only one."""
    [found] = re.findall(r'<mark id="hit" aria-current="true">(.*?)</mark>', page)
    return unescape(found)


def is_open_there(page: str) -> bool:
    """Whether all folds around the mark are open."""
    before = page[: page.index('<mark id="hit"')]
    stack: list[str] = []
    for tag in re.findall(r"<details[^>]*>|</details>", before):
        if tag == "</details>":
            stack.pop()
        else:
            stack.append(tag)
    return all(tag.endswith(" open>") for tag in stack)


TOOL_CALL = {
    "role": "assistant",
    "content": None,
    "tool_calls": [
        {
            "id": "call_abc123456789",
            "type": "function",
            "function": {"name": "read_file", "arguments": '{"path": "a/b_c.py"}'},
        }
    ],
}
LONG = "\n".join(f"line {n} of a long result" for n in range(400)) + "\nthe needle is here\n" + "more\n" * 100


def conversation() -> list[dict[str, Any]]:
    first = [
        {"role": "system", "content": "You are a careful zebra."},
        {"role": "user", "content": "Read the *small* **robot**."},
    ]
    second = [*first, TOOL_CALL, {"role": "tool", "tool_call_id": "call_abc123456789", "content": LONG}]
    thinking = {"role": "assistant", "content": "Done: 東京タワー.", "reasoning_content": "A café? Perhaps."}
    return [
        make_log(
            request={"messages": first},
            response={"choices": [{"message": TOOL_CALL}]},
            request_id="r1",
            started_at=START,
        ),
        make_log(
            request={"messages": second},
            response={"choices": [{"message": thinking}]},
            request_id="r2",
            started_at=START + timedelta(minutes=1),
        ),
        make_log(
            "Else",
            request_id="r3",
            status="error",
            error={"type": "overloaded", "message": "The provider is tired"},
            response=None,
            started_at=START + timedelta(minutes=2),
        ),
    ]


@pytest.mark.parametrize(
    ("query", "marked"),
    [
        ("zebra", "zebra"),
        ('"small robot"', "small"),
        ("needle", "needle"),
        ("a/b_c", "a/b_c"),
        ("read_file", "read_file"),
        ("東京", "東京"),
        ("CAFE\u0301", "café"),
        ("tired", "tired"),
        ("perh*", "Perh"),
        ("in:tool needle model:gpt-4o", "needle"),
    ],
)
def test_snippet_leads_to_the_text_itself(signed_in: Client, project: Project, query: str, marked: str) -> None:
    make_session(project, "s", *conversation())
    listed = " ".join(signed_in.get("/p/acme/sessions/", {"q": query}).content.decode().split())
    assert hits(listed)
    page = get(signed_in, hits(listed)[0])
    assert around_hit(page) == marked
    assert is_open_there(page)


@pytest.mark.parametrize(("query", "places"), [("tired", 1), ("overloaded", 1), ("r3", 1), ("tired r3", 2)])
def test_an_error_is_one_place(signed_in: Client, project: Project, query: str, places: int) -> None:
    make_session(project, "s", *conversation())
    listed = " ".join(signed_in.get("/p/acme/sessions/", {"q": query}).content.decode().split())
    assert len(hits(listed)) == places


def test_requests_lead_there_too(signed_in: Client, project: Project) -> None:
    make_session(project, "s", *conversation())
    listed = " ".join(signed_in.get("/p/acme/requests/", {"q": "needle"}).content.decode().split())
    [href] = re.findall(r'href="([^"]*[?&;]hit=[^"]*)"', listed)
    assert around_hit(get(signed_in, unescape(href))) == "needle"


def test_text_that_is_not_drawn_is_said_to_be_elsewhere(signed_in: Client, project: Project) -> None:
    session = make_session(project, "s", make_log("Hello", request_id="req-zulu", started_at=START))
    page = get(signed_in, f"/p/acme/sessions/{session.pk}/?find=zulu")
    [href] = re.findall(r'<li><a href="([^"]+)">#1', page)
    there = get(signed_in, unescape(href))
    assert '<p class="hit-note" id="hit">' in there


def test_next_and_previous_go_round(signed_in: Client, project: Project) -> None:
    for number in range(3):
        store_logs(
            project, make_log(f"turn {number} robot", session_id="s", started_at=START + timedelta(minutes=number))
        )
    address = f"/p/acme/sessions/{Session.objects.get().pk}/?find=robot"
    seen = []
    for _ in range(4):
        page = get(signed_in, address)
        address = unescape(re.findall(r'<a class="btn" data-key="n" href="([^"]+)"', page)[0])
        seen.append(re.findall(r"<b>(\d)</b> of 3 texts", page))
    assert seen == [[], ["1"], ["2"], ["3"]]
    back = get(
        signed_in, unescape(re.findall(r'<a class="btn" data-key="N" href="([^"]+)"', get(signed_in, address))[0])
    )
    assert "<b>3</b> of 3 texts" in back
    assert parse_qs(urlsplit(address).query)["find"] == ["robot"]


def test_definitions_of_tools_are_not_marked(signed_in: Client, project: Project) -> None:
    tools = [{"type": "function", "function": {"name": "robot", "description": "A robot"}}]
    request = {"messages": [{"role": "user", "content": "Hello robot"}], "tools": tools}
    session = make_session(project, "s", make_log(request=request))
    page = get(signed_in, f"/p/acme/sessions/{session.pk}/?find=robot")
    assert page.count("<mark>robot</mark>") == 1


def test_quotes_around_marks_stay_as_they_are(signed_in: Client, project: Project) -> None:
    session = make_session(project, "s", make_log('Bob\'s "robot"'))
    page = get(signed_in, f"/p/acme/sessions/{session.pk}/?find=robot")
    assert unescape(page.split("<mark>robot</mark>")[0]).endswith("Bob's \"")


def test_the_inspector_is_of_the_request_that_has_the_place(signed_in: Client, project: Project) -> None:
    session = make_session(project, "s", make_log("cat"), make_log("robot", started_at=START + timedelta(minutes=1)))
    page = get(signed_in, f"/p/acme/sessions/{session.pk}/?find=robot")
    [href] = re.findall(r'<li><a href="([^"]+)">#2', page)
    assert 'id="inspector" aria-label="Request 1"' in page
    assert 'id="inspector" aria-label="Request 2"' in get(signed_in, unescape(href))


def test_a_find_that_was_cut_leads_to_all_requests(
    signed_in: Client, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = make_session(
        project, "s", make_log("robot"), make_log("a robot", started_at=START + timedelta(minutes=1))
    )
    monkeypatch.setattr(search, "SLICE", 1)
    monkeypatch.setattr(find, "find_in_session", partial(search.find_in_session, seconds=-1))
    page = get(signed_in, f"/p/acme/sessions/{session.pk}/?find=robot")
    assert "1 time in 1 request" in page
    [query] = re.findall(r'href="../../requests/([^"]+)">All of them', page)
    assert get(signed_in, f"/p/acme/requests/{unescape(query)}").count("<mark>robot</mark>") == 2
    monkeypatch.undo()
    assert "2 times in 2 requests" in get(signed_in, f"/p/acme/sessions/{session.pk}/?find=robot")


def test_outline_counts_what_is_found(signed_in: Client, project: Project) -> None:
    session = make_session(
        project, "s", make_log("robot robot"), make_log("cat", started_at=START + timedelta(minutes=1))
    )
    page = get(signed_in, f"/p/acme/sessions/{session.pk}/?find=robot")
    assert page.count('<mark class="outline-hits"') == 1
    assert 'title="Found 2 times">2<' in page


@pytest.mark.parametrize("words", ["<b>", "a&amp;b", "&lt;", '"><script>', "amp", "b", "Bob"])
def test_marks_keep_hostile_text_harmless(signed_in: Client, project: Project, words: str) -> None:
    text = '<b>bold</b> a&amp;b &lt; "><script>alert(1)</script> b\'s "Bob"'
    session = make_session(project, "s", make_log(text))
    plain = get(signed_in, f"/p/acme/sessions/{session.pk}/")
    found = get(signed_in, f"/p/acme/sessions/{session.pk}/?find={quote(words)}")
    bubble = re.compile(r'<div class="bubble">(.*?)</div> ?</div>')
    without = re.sub(r"</?mark[^>]*>", "", bubble.findall(found)[0])
    assert unescape(without) == unescape(bubble.findall(plain)[0])
    assert "<script>alert" not in found
