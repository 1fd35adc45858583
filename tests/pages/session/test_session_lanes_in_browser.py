"""Lanes of sub-agents in a real Chromium: folded, opened by a link to what is within them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.factories import make_project
from tests.pages.session.test_session_lanes import session_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_link_to_a_request_of_a_run_opens_its_lane(
    visitor: Page, live_server: LiveServer, transactional_db: None
) -> None:
    session = session_of(make_project())
    address = f"{live_server.url}/p/acme/sessions/{session.id}/"
    visitor.goto(address)
    expect(visitor.locator("#r1")).to_be_visible()
    expect(visitor.locator("#r3")).to_be_hidden()
    visitor.locator(".marks a", has_text="requests 2–3").click()
    expect(visitor.locator("#r2")).to_be_visible()
    visitor.locator(".outline-fold[data-kind=run] summary").click()
    expect(visitor.locator(".outline-fold[data-kind=run] .outline-row").first).to_be_visible()
    visitor.goto(f"{address}?x=1#r3")
    expect(visitor.locator("#r3")).to_be_visible()
