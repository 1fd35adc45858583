"""Typing in the search box in a real Chromium: suggestions are chosen by keys and by a click."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.browser import press
from tests.factories import START, make_log, make_project, store_logs

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def in_list(visitor: Page, live_server: LiveServer, transactional_db: None) -> Page:
    acme = make_project()
    members = [{"model": "gpt-4o", "user": "Ann Smith"}, {"model": "o3", "user": "ben"}]
    logs = [make_log(f"s{n}", started_at=START + timedelta(hours=n), **more) for n, more in enumerate(members)]
    store_logs(acme, *logs)
    visitor.goto(f"{live_server.url}/p/acme/sessions/")
    return visitor


def box(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Search sessions")


def expect_options(page: Page, *written: str) -> None:
    expect(page.get_by_role("option").locator("code")).to_have_text(list(written))


def expect_closed(page: Page) -> None:
    expect(page.locator("#suggestions")).to_be_hidden()
    expect(box(page)).to_have_attribute("aria-expanded", "false")
    expect(box(page)).not_to_have_attribute("aria-activedescendant", re.compile(""))


def test_a_filter_is_written_by_keys(in_list: Page, problems: list[str]) -> None:
    height = in_list.evaluate("document.documentElement.scrollHeight")
    press(in_list, "/")
    expect_closed(in_list)
    in_list.keyboard.type("👍 -us")
    expect_options(in_list, "user:")
    expect(in_list.locator("#suggestions-status")).to_have_text("1 suggestion")
    press(in_list, "ArrowDown")
    chosen = in_list.get_by_role("option", selected=True)
    expect(box(in_list)).to_have_attribute("aria-activedescendant", chosen.get_attribute("id") or "")
    press(in_list, "Tab")
    expect(box(in_list)).to_have_value("👍 -user:")
    expect_options(in_list, '"Ann Smith"', "ben")
    press(in_list, "ArrowUp", "ArrowUp", "Enter")
    expect(box(in_list)).to_have_value('👍 -user:"Ann Smith"')
    expect_closed(in_list)
    in_list.keyboard.type(",")
    expect_options(in_list, "ben")
    assert in_list.evaluate("document.documentElement.scrollHeight") == height
    # The first Escape closes the list, the second one leaves the box.
    press(in_list, "Escape")
    expect_closed(in_list)
    expect(box(in_list)).to_have_value('👍 -user:"Ann Smith",')
    expect(box(in_list)).to_be_focused()
    press(in_list, "Escape")
    expect(box(in_list)).not_to_be_focused()
    assert problems == []


def test_a_filter_is_written_by_clicks_and_enter_searches(in_list: Page, problems: list[str]) -> None:
    box(in_list).click()
    in_list.get_by_role("option", name="model: ").click()
    expect_options(in_list, "gpt-4o", "o3")
    in_list.get_by_role("option", name="o3").click()
    expect(box(in_list)).to_have_value("model:o3")
    expect(box(in_list)).to_be_focused()
    # An open list without an option that is chosen changes nothing of what is searched.
    in_list.keyboard.type(" s")
    expect_options(in_list, "status:", "session:", "source:")
    in_list.keyboard.type("1")
    press(in_list, "Enter")
    expect(in_list).to_have_url(re.compile(r"\?q=model%3Ao3\+s1$"))
    expect(in_list.locator(".sessions .title")).to_have_text(["s1"])
    expect_closed(in_list)
    assert problems == []


def test_requests_have_the_same_box(in_list: Page, live_server: LiveServer, problems: list[str]) -> None:
    in_list.set_viewport_size({"width": 390, "height": 844})
    in_list.goto(f"{live_server.url}/p/acme/requests/")
    box(in_list).fill("status:error mo")
    expect_options(in_list, "model:")
    # In the middle of the text the filter there is completed.
    for _ in range(3):
        press(in_list, "ArrowLeft")
    expect_options(in_list, "error")
    expect(in_list.get_by_role("option")).to_contain_text("a request failed")
    assert in_list.evaluate("document.documentElement.scrollWidth") <= 390
    in_list.get_by_role("heading", name="Requests").click()
    expect_closed(in_list)
    assert problems == []
