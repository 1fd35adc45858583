"""The grouping corrected by hand in a real Chromium, with and without JavaScript."""

from __future__ import annotations

import pytest
from django.test import Client
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from sessions_app.models import Correction, Project, Session
from tests.factories import make_log, make_session, make_user
from tests.pages.conversations import turns

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def talk(acme: Project) -> Session:
    return make_session(acme, "talk", *turns(["One", "Two", "Three", "Four"]))


def sign_in(context: BrowserContext, server: LiveServer) -> None:
    client = Client()
    client.force_login(make_user("root", is_superuser=True))
    cookie = client.cookies["logsui_session"]
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": server.url}])


@pytest.fixture
def corrector(page: Page, context: BrowserContext, live_server: LiveServer, problems: list[str]) -> Page:
    sign_in(context, live_server)
    return page


@pytest.fixture
def without_script(page_without_script: Page, live_server: LiveServer, transactional_db: None) -> Page:
    sign_in(page_without_script.context, live_server)
    return page_without_script


def requests_of(page: Page) -> list[str]:
    return page.locator(".req .req-n").all_inner_texts()


def test_session_is_split_from_the_menu_of_a_request(
    corrector: Page, live_server: LiveServer, talk: Session, problems: list[str]
) -> None:
    corrector.goto(f"{live_server.url}/p/acme/sessions/{talk.pk}/")
    third = corrector.locator("#r3")
    menu = third.locator(".req-menu")
    expect(menu).to_have_css("opacity", "0")
    third.hover()
    expect(menu).to_have_css("opacity", "1")
    menu.locator("summary").click()
    third.get_by_role("link", name="Split here…").click()
    expect(corrector.get_by_role("heading", name="Split the session at request 3?")).to_be_visible()
    corrector.get_by_role("button", name="Split off 2 requests").click()
    expect(corrector.get_by_text("2 requests split off.")).to_be_visible()
    assert len(requests_of(corrector)) == 2
    # And back: the history is in the head's menu.
    corrector.locator(".correction-menu summary").click()
    corrector.get_by_role("link", name="Manual corrections").click()
    corrector.get_by_role("link", name="Undo the split").click()
    corrector.get_by_role("button", name="Undo the split").click()
    expect(corrector.get_by_text("The split was undone.")).to_be_visible()
    assert len(requests_of(corrector)) == 4
    assert problems == []


def test_requests_move_without_javascript(
    without_script: Page, live_server: LiveServer, acme: Project, talk: Session
) -> None:
    other = make_session(acme, "other", make_log("Elsewhere"))
    page = without_script
    page.goto(f"{live_server.url}/p/acme/sessions/{talk.pk}/")
    page.locator(".correction-menu summary").click()
    page.get_by_role("link", name="Correct grouping…").click()
    page.get_by_role("checkbox", name="Two").check()
    page.get_by_role("radio", name="another session").check()
    page.get_by_label("The other session").first.fill(f"{live_server.url}/p/acme/sessions/{other.pk}/")
    page.get_by_role("button", name="Continue").first.click()
    assert not Correction.objects.exists()
    page.get_by_role("button", name="Move 1 request").click()
    expect(page).to_have_url(f"{live_server.url}/p/acme/sessions/{other.pk}/")
    expect(page.get_by_text("1 request moved.")).to_be_visible()
    assert len(requests_of(page)) == 2
    assert Correction.objects.get().made_by == "root"
