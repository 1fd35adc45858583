"""The menu of columns in a browser, with JavaScript and without."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from sessions_app.access.rights import MAKE_KEYS
from sessions_app.models import Project
from sessions_app.pages.sessions import list_page
from tests.factories import PASSWORD, START, make_log, make_project, make_user, store_logs

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def three(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setattr(list_page, "PAGE_SIZE", 2)
    project = make_project()
    logs = [make_log(f"robot {i}", session_id=f"s{i}", started_at=START + timedelta(minutes=i)) for i in range(3)]
    store_logs(project, *logs)
    return project


def expect_columns(page: Page, *names: str) -> None:
    expect(page.get_by_role("columnheader").filter(has_text=re.compile(r"\w"))).to_have_text(list(names))


def test_columns_are_chosen_one_by_one_and_stay(
    visitor: Page, three: Project, live_server: LiveServer, problems: list[str]
) -> None:
    visitor.set_viewport_size({"width": 1440, "height": 900})
    visitor.goto(f"{live_server.url}/p/acme/sessions/?q=robot")
    visitor.wait_for_load_state("networkidle")
    visitor.get_by_role("link", name="Older").click()
    expect(visitor.locator(".sessions .title")).to_have_text(["robot 0"])
    asked: list[str] = []
    visitor.on("request", lambda request: asked.append(request.url))
    visitor.locator("#columns > summary").click()
    for name in ("Activity", "Tokens", "Duration", "Errors", "Last activity"):
        # A request that the next one ends would be an error, too.
        with visitor.expect_response(lambda response: "columns=" in response.url):
            visitor.get_by_role("checkbox", name=name, exact=True).uncheck()
    visitor.wait_for_load_state("networkidle")
    expect_columns(visitor, "Session", "Req", "Cost", "Models")
    expect(visitor.get_by_role("checkbox", name="Cost", exact=True)).to_be_visible()
    expect(visitor.locator(".sessions .title")).to_have_text(["robot 0"])
    expect(visitor).to_have_url(re.compile(r"\?q=robot&columns=requests\+cost\+models&before="))
    # What is beside the rows is the same, and is not counted anew.
    assert [url for url in asked if "/facets/" in url or "/overview/" in url] == []
    # A row of places takes the whole width, and the title gets what the others had.
    title = visitor.locator("th.c-title").bounding_box()
    places = visitor.locator(".hits td").last.bounding_box()
    table = visitor.locator("table.sessions").bounding_box()
    assert title
    assert places
    assert table
    assert places["x"] + places["width"] == pytest.approx(table["x"] + table["width"], abs=2)
    assert title["width"] > table["width"] / 2
    visitor.get_by_role("link", name="Newest").click()
    expect(visitor.locator(".sessions .title")).to_have_text(["robot 2", "robot 1"])
    # What is still asked for would be an error when the page is left.
    visitor.wait_for_load_state("networkidle")
    visitor.goto(f"{live_server.url}/p/acme/sessions/")
    expect_columns(visitor, "Session", "Req", "Cost", "Models")
    visitor.set_viewport_size({"width": 390, "height": 844})
    expect(visitor.locator(".c-last").first).to_be_hidden()
    visitor.locator("#columns > summary").click()
    box = visitor.locator("#columns .menu-body").bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert visitor.evaluate("document.documentElement.scrollWidth") <= 390
    assert problems == []


def test_columns_are_a_form_without_a_script(
    page_without_script: Page, three: Project, live_server: LiveServer
) -> None:
    make_user("alice", MAKE_KEYS)
    page = page_without_script
    page.goto(f"{live_server.url}/login/?next=/p/acme/requests/%3Fq=robot")
    page.get_by_label("User name").fill("alice")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.locator("#columns > summary").click()
    for name in ("Model", "Time to first token", "Session, user"):
        page.get_by_role("checkbox", name=name, exact=True).uncheck()
    page.get_by_role("button", name="Show these").click()
    expect_columns(page, "Status", "Time", "Request", "Duration", "Tokens", "Cost")
    expect(page.locator("#q")).to_have_value("robot")
    page.goto(f"{live_server.url}/p/acme/requests/")
    expect_columns(page, "Status", "Time", "Request", "Duration", "Tokens", "Cost")
