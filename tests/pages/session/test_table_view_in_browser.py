"""The Table view in a real Chromium: keys, columns, the place that survives, and cards on a phone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.browser import press
from tests.factories import make_project, make_session
from tests.pages.session.test_outline import steps_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_keys_columns_and_places(visitor: Page, live_server: LiveServer, problems: list[str]) -> None:
    logs = steps_of(60)
    for log in (logs[20], logs[40]):
        log |= {"response": None, "error": {"message": "no"}, "status": "error"}
    session = make_session(make_project(), "s", *logs)
    home = f"{live_server.url}/p/acme/sessions/{session.id}/"
    visitor.goto(f"{home}?view=table")
    current = visitor.locator("tr[data-row][aria-current]")
    press(visitor, "j", "j")
    expect(current).to_have_id("r2")
    expect(visitor).to_have_url(re.compile(r"\?view=table#r2$"))
    visitor.reload()
    expect(current).to_have_id("r2")
    for keys, row in (("G", "r60"), ("gg", "r1"), ("e", "r21"), ("e", "r41"), ("e", "r41"), ("E", "r21"), ("gg", "r1")):
        press(visitor, *keys)
        expect(current).to_have_id(row)
    # The head stays in sight, below the head of the session.
    visitor.locator("#r60").scroll_into_view_if_needed()
    expect(visitor.locator("th.t-n")).to_be_in_viewport()
    # Columns go at once, and the order stays.
    visitor.locator("th.t-cost a").click()
    expect(visitor.locator("th.t-cost")).to_have_attribute("aria-sort", "descending")
    visitor.locator("#columns summary").click()
    visitor.locator("#columns").get_by_label("Timeline").uncheck()
    expect(visitor.locator("th.t-bar")).to_have_count(0)
    expect(visitor).to_have_url(re.compile(r"sort=-cost.*columns="))
    # The same request in the conversation, by its row or by the switch.
    visitor.goto(f"{home}?view=table#r2")
    press(visitor, "j")
    expect(current).to_have_id("r3")
    press(visitor, "1")
    expect(visitor.locator(".req[aria-current]")).to_have_id("r3")
    press(visitor, "3")
    expect(current).to_have_id("r3")
    press(visitor, "k", "Enter")
    expect(visitor.locator(".req[aria-current]")).to_have_id("r2")
    visitor.goto(f"{home}?view=table#r2")
    expect(current).to_have_id("r2")
    press(visitor, "p")
    expect(visitor.locator("h1")).to_have_text("Prompt 2")
    # On a phone, rows are cards, and nothing is wider than the page.
    visitor.set_viewport_size({"width": 390, "height": 844})
    visitor.goto(f"{home}?view=table")
    expect(visitor.locator("#r1 .t-did")).to_be_in_viewport()
    assert visitor.evaluate("document.documentElement.scrollWidth") <= 390
    assert problems == [], "\n".join(problems)
