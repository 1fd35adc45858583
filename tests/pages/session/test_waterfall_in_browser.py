"""The views of a session in a real Chromium: keys, the chosen row, zoom, and the curves."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.browser import press
from tests.factories import make_project, make_session
from tests.pages.conversations import turns

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def conversation(visitor: Page, live_server: LiveServer, transactional_db: None) -> Page:
    """Eight requests of two seconds, one after another, at the page of their session."""
    logs = turns([f"Text {n}" for n in range(8)], every=2, cost=0.25, usage={"input_tokens": 9_000})
    session = make_session(make_project(), "even", *logs)
    visitor.set_viewport_size({"width": 1_400, "height": 900})
    visitor.goto(f"{live_server.url}/p/acme/sessions/{session.id}/")
    return visitor


def test_views_rows_and_zoom(conversation: Page, problems: list[str]) -> None:
    page = conversation
    press(page, "2")
    rows = page.locator(".wf-row[data-n]")
    expect(rows).to_have_count(8)
    press(page, "j", "j")
    expect(page.locator("#w2")).to_have_attribute("aria-current", "true")
    expect(page.locator("#inspector")).to_contain_text("Request 2")
    press(page, "G")
    expect(page.locator("#w8")).to_have_attribute("aria-current", "true")
    press(page, "g", "g")
    expect(page.locator("#w1")).to_have_attribute("aria-current", "true")
    press(page, "j")

    # The part that is shown is in the address, which survives a reload; the chosen row stays chosen.
    press(page, "+")
    expect(rows).not_to_have_count(8)
    expect(page).to_have_url(re.compile(r"\?view=waterfall&t0=4&t1=12"))
    press(page, "ArrowLeft")
    expect(page).to_have_url(re.compile(r"t0=0&t1=8"))
    page.reload()
    expect(rows).to_have_count(5)
    press(page, "j")
    expect(page).to_have_url(re.compile(r"t0=0&t1=8#r1$"))

    # Enter goes to the request, Back returns to the same part.
    press(page, "Enter")
    expect(page.locator("#r1.req")).to_have_attribute("aria-current", "true")
    page.go_back()
    expect(rows).to_have_count(5)
    press(page, "0")
    expect(rows).to_have_count(8)
    page.locator("#w5 .wf-time").click()
    press(page, "3")
    expect(page).to_have_url(re.compile(r"\?view=table#r5$"))
    press(page, "1")
    expect(page.locator("#r5.req")).to_have_attribute("aria-current", "true")
    assert problems == []


def test_no_key_fails_where_nothing_is_there_to_act_on(conversation: Page, problems: list[str]) -> None:
    page = conversation
    for view in ("waterfall", "table"):
        page.goto(f"{page.url.partition('?')[0]}?view={view}")
        press(page, "x", "j", *"xthiinNeE", "Escape")
        expect(page.locator(".toast[data-said]").last).to_contain_text("No ")
    assert problems == []


def test_curves_are_read_clicked_and_brushed(conversation: Page, problems: list[str]) -> None:
    page = conversation
    box, value = page.locator("#curves-box"), page.locator("#curves-value")
    box.focus()
    press(page, "ArrowRight")
    expect(value).to_have_text(re.compile(r"#2 · \$0\.500 so far · context 9\.0k of 128k"))
    expect(box).to_have_attribute("aria-valuetext", re.compile("Request 2: "))
    press(page, "End", "Enter")
    expect(page).to_have_url(re.compile("#r8$"))

    page.evaluate("scrollTo(0, 0)")
    size = box.bounding_box()
    assert size
    middle = size["y"] + 10
    page.mouse.click(size["x"] + size["width"] * 0.26, middle)
    expect(page).to_have_url(re.compile("#r3$"))
    page.evaluate("scrollTo(0, 0)")
    page.mouse.move(size["x"] + size["width"] * 0.25, middle)
    page.mouse.down()
    page.mouse.move(size["x"] + size["width"] * 0.4, middle)
    page.mouse.move(size["x"] + size["width"] * 0.5, middle)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"\?view=waterfall&t0=[34][\d.]*&t1=[78]"))
    expect(page.locator("#w1")).to_have_count(0)
    expect(page.locator("#w4")).to_have_count(1)
    assert problems == []
