"""Sessions of traces in a real browser: steps open, lead to their calls and are passed over by the keys."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.browser import press
from tests.factories import make_project
from tests.pages.session.test_session import address
from tests.pages.session.test_session_traces import digest_library, made, post, tool

pytestmark = pytest.mark.django_db(transaction=True)


def test_steps_open_and_keys_go_from_request_to_request(
    visitor: Page, live_server: LiveServer, problems: list[str]
) -> None:
    session = digest_library(make_project(), "strands", "strands-tools-fixture")
    visitor.goto(live_server.url + address(session))
    thread = visitor.locator(".thread")

    agent = thread.locator(".trace-step[data-kind=agent]").first
    expect(agent.locator(".msg")).to_have_count(0)
    agent.locator("summary").first.click()
    expect(agent.locator(".msg[data-role=assistant]")).to_contain_text("It is 18 degrees and sunny in Paris.")
    agent.locator("summary").first.click()

    for number in ("1", "2", "3", "3"):
        press(visitor, "j")
        expect(thread.locator(f"#r{number}")).to_have_attribute("aria-current", "true")
    expect(visitor.locator(".outline-row[aria-current]")).to_have_count(1)

    call = thread.locator("#r1 .tool")
    call.locator("summary").click()
    call.get_by_role("link", name="ran").click()
    tool = thread.locator(".trace-step[data-kind=tool]")
    expect(tool).to_be_in_viewport()
    assert visitor.evaluate("location.hash") == f"#{tool.get_attribute('id')}"
    # Whether the step is open by now or not.
    tool.get_by_role("link", name="request 1", include_hidden=True).evaluate("(link) => link.click()")
    expect(thread.locator("#r1")).to_have_attribute("aria-current", "true")

    visitor.locator(".outline-trace a").nth(1).click()
    expect(thread.locator(".req")).to_have_count(1)
    expect(thread.locator(".trace-step")).to_have_count(2)
    assert problems == []


def test_session_of_steps_alone_has_no_requests_to_go_to(
    visitor: Page, live_server: LiveServer, problems: list[str]
) -> None:
    project = make_project()
    post(project, made(1, "invoke_agent", name="outer"), tool(2, "search", parent=1, at=1))
    visitor.goto(f"{live_server.url}/p/acme/t/s")
    expect(visitor.locator(".trace-step")).to_have_count(2)
    for key in "jkeot":
        press(visitor, key)
    expect(visitor.locator(".trace-step[open]")).to_have_count(1)
    assert problems == []
