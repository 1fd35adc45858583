"""The page of a request with words that its address names."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.test import Client

from sessions_app.models import Project, RequestLog
from tests.factories import make_log, make_session

pytestmark = pytest.mark.django_db


@pytest.fixture
def address(project: Project) -> str:
    messages = [{"role": "user", "content": f"question {number}"} for number in range(150)]
    log = make_log(
        request_id="req-zulu",
        request={"messages": [{"role": "system", "content": "A careful zebra"}, *messages]},
        response=None,
        status="error",
        error={"type": "overloaded", "message": "No question was answered"},
        metadata={"team": "blue"},
    )
    make_session(project, "s", log)
    return f"/p/acme/requests/{RequestLog.objects.get().id}/"


def get(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


@pytest.mark.parametrize(
    ("query", "marked"),
    [
        ("find=zebra", "zebra"),
        ("find=zulu", "zulu"),
        ("find=BLUE", "blue"),
        ("find=overloaded", "overloaded"),
        ("find=in:user+%22question+7%22", "question 7"),
    ],
)
def test_words_are_marked(signed_in: Client, address: str, query: str, marked: str) -> None:
    page = get(signed_in, f"{address}?{query}")
    assert re.findall(r'<mark id="hit" aria-current="true">(.*?)</mark>', page) == [marked]
    before = page[: page.index('<mark id="hit"')]
    assert before.count("<details") - before.count("</details") == len(re.findall(r"<details[^>]* open>", before))


@pytest.mark.parametrize("words", ["Grouping", "tokens", "received"])
def test_the_words_of_the_page_are_not_marked(signed_in: Client, address: str, words: str) -> None:
    page = get(signed_in, f"{address}?find={words}")
    assert "<mark" not in page
    assert f"<b><bdi>{words}</bdi></b> is not in what this page shows" in page


@pytest.mark.parametrize("query", ["", "?find=model:o3", "?find=%22open"])
def test_without_words_nothing_is_marked(signed_in: Client, address: str, query: str) -> None:
    page = get(signed_in, address + query)
    assert "<mark" not in page
    assert "Without marks" not in page


def test_a_message_far_on_is_shown_and_the_other_links_keep_the_words(signed_in: Client, address: str) -> None:
    session = get(signed_in, f"/p/acme/sessions/{RequestLog.objects.get().session_id}/?find=%22question+140%22")
    [href] = re.findall(r'<li><a href="[^"]*?\?([^"]+)">#1', session)
    page = get(signed_in, f"{address}?{unescape(href)}")
    assert re.findall(r'<div class="bubble"><div class="prose"[^>]*>\s?<p><mark id="hit"', page)
    assert "question 2<" not in page
    assert 'href="?find=%22question+140%22&amp;input=all#input"' in page or "input=all" not in page


def test_an_error_is_landed_on_and_not_the_same_word_before_it(signed_in: Client, address: str) -> None:
    log = RequestLog.objects.get()
    page = get(signed_in, f"/p/acme/sessions/{log.session_id}/?find=question&hit={log.id}.")
    assert 'No <mark id="hit" aria-current="true">question</mark> was answered' in page
