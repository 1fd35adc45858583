"""From a list's snippet to the very words, in a real browser."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.browser import press
from tests.factories import START, make_log, make_project, make_session

pytestmark = pytest.mark.django_db(transaction=True)

LONG = "\n".join(f"line {number} of a long text" for number in range(300)) + "\nthe needle stands here\n"


@pytest.fixture
def long_session(transactional_db: None) -> None:
    def turn(number: int) -> dict[str, object]:
        texts = [("user", f"turn {n}, {'needle' if n == 110 else 'nothing'}") for n in range(number + 1)]
        messages = [{"role": role, "content": text} for role, text in texts]
        if number == 60:
            messages.append({"role": "system", "content": LONG})
        request = {"model": "gpt-4o", "messages": messages}
        return make_log(request=request, started_at=START + timedelta(minutes=number))

    make_session(make_project(), "s", *[turn(number) for number in range(130)])


def test_snippets_and_keys_lead_to_the_words(
    long_session: None, visitor: Page, live_server: LiveServer, problems: list[str]
) -> None:
    visitor.goto(f"{live_server.url}/p/acme/sessions/?q=needle")
    places = visitor.locator("tr.hits li a")
    expect(places).to_have_count(2)
    places.first.click()
    here = visitor.locator("mark#hit")
    expect(here).to_have_text("needle")
    expect(here).to_be_in_viewport()
    expect(visitor.locator("article.req#r61 mark#hit")).to_have_count(1)
    expect(visitor.locator(".outline-hits")).to_have_count(2)

    press(visitor, "n")
    expect(visitor).to_have_url(re.compile("hit="))
    expect(visitor.locator("article.req#r111 mark#hit")).to_be_in_viewport()
    expect(visitor.locator(".find-steps")).to_contain_text("2 of 2 texts")
    press(visitor, "N")
    expect(visitor.locator("article.req#r61 mark#hit")).to_be_in_viewport()
    visitor.go_back()
    expect(visitor.locator("article.req#r111 mark#hit")).to_be_in_viewport()

    visitor.locator("#find-words").fill('"turn 120"')
    press(visitor, "Enter")
    expect(visitor.locator(".find-steps")).to_contain_text("1 time in 1 request")
    expect(visitor.locator(".outline-hits")).to_have_count(1)
    expect(visitor.locator("li[data-n='121'] .outline-hits")).to_have_text("1 found")
    expect(visitor.locator("#find-words")).to_be_focused()
    press(visitor, "Enter")
    expect(visitor.locator("article.req#r121 mark#hit")).to_be_in_viewport()
    expect(visitor.locator(".find-steps")).to_be_in_viewport()
    expect(visitor.locator("#inspector h2")).to_have_text("Request 121")
    press(visitor, "f")
    expect(visitor.locator("#find-words")).to_be_focused()
    press(visitor, "Escape")
    expect(visitor.locator("#find-words")).not_to_be_focused()
    assert problems == []
