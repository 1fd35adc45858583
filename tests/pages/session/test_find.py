"""Finding words in one session."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from sessions_app.models import Project
from tests.factories import START, make_log, make_session

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
    assert "1 time in 1 request." in page
    ((href, number),) = re.findall(r'<li><a href="([^"]+)">#(\d+) <span', page)
    assert (number, href.split("#")[1]) == ("121", "r121")
    assert 'id="r121"' in signed_in.get(href.replace("&amp;", "&")).content.decode()


def test_a_text_that_occurs_often_is_listed_in_part(signed_in: Client, address: str) -> None:
    page = get(signed_in, f"{address}?find=robot")
    assert "130 times in 130 requests." in page
    assert "and in 30 more texts" in page


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("nobody", "Nobody said it."),
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
    assert part.startswith('<details class="fold session-find" id="find" open>')
    assert "1 time in 1 request." in part
    assert "<article" not in part
    assert response["HX-Push-Url"] == f"{address}?find=%22turn+120%22#find"
    assert part in get(signed_in, f"{address}?find=%22turn+120%22")


def test_the_address_of_the_box_leads_to_the_page(signed_in: Client, address: str) -> None:
    response = signed_in.get(f"{address}find/?find=turn")
    assert response.status_code == 302
    assert response["Location"] == f"{address}?find=turn#find"
