"""The pages of the shell in a real Chromium, under the real Content-Security-Policy."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import AbstractBaseUser
from playwright.sync_api import BrowserContext, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from sessions_app.access.keys import create_sign_in_token
from sessions_app.access.rights import MAKE_KEYS
from sessions_app.models import Project
from sessions_app.pages.sessions import list_page as session_list
from tests.browser import press
from tests.factories import PASSWORD, START, make_log, make_session, make_user, store_logs

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = "#session-rows tr"


@pytest.fixture
def seven(acme: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """7 sessions on pages of 3; those with an odd number failed with o3."""
    monkeypatch.setattr(session_list, "PAGE_SIZE", 3)
    odd = {"status": "error", "model": "o3"}
    logs = [make_log(f"s{i}", session_id=f"s{i}", started_at=START + timedelta(hours=i)) for i in range(7)]
    store_logs(acme, *[log | (odd if i % 2 else {}) for i, log in enumerate(logs)])


@pytest.fixture
def in_list(visitor: Page, live_server: LiveServer, seven: None) -> Page:
    visitor.goto(f"{live_server.url}/p/acme/sessions/")
    return visitor


def expect_titles(page: Page, *titles: str) -> None:
    expect(page.locator(".sessions .title")).to_have_text(list(titles))


def facet(page: Page, value: str) -> Locator:
    return page.locator(".facet-row", has_text=value)


# --- the list -------------------------------------------------------------------------------------------------------


def test_facet_filters_without_a_reload_and_back_undoes_it(in_list: Page, problems: list[str]) -> None:
    in_list.evaluate("document.documentElement.dataset.same = 'yes'")
    facet(in_list, "o3").click()
    expect_titles(in_list, "s5", "s3", "s1")
    expect(in_list).to_have_url(re.compile(r"/sessions/\?q=model%3Ao3$"))
    expect(in_list.locator("#facet-status .facet-row", has_text="error").locator(".n")).to_have_text("3")
    expect(facet(in_list, "o3")).to_be_focused()
    assert in_list.evaluate("document.documentElement.dataset.same") == "yes"
    in_list.get_by_role("link", name="Clear model o3").click()
    expect_titles(in_list, "s6", "s5", "s4")
    in_list.go_back()
    expect_titles(in_list, "s5", "s3", "s1")
    expect(facet(in_list, "o3")).to_have_attribute("aria-current", "true")
    assert problems == []


def test_back_after_filtering_shows_the_whole_page(in_list: Page, problems: list[str]) -> None:
    facet(in_list, "o3").click()
    expect_titles(in_list, "s5", "s3", "s1")
    in_list.go_back()
    expect_titles(in_list, "s6", "s5", "s4")
    expect(in_list.get_by_role("banner")).to_be_visible()
    expect(facet(in_list, "o3")).not_to_have_attribute("aria-current", "true")
    assert problems == []


def test_nothing_logged_is_kept_in_the_browsers_storage(in_list: Page) -> None:
    facet(in_list, "o3").click()
    expect_titles(in_list, "s5", "s3", "s1")
    assert in_list.evaluate("[localStorage.length, JSON.stringify(sessionStorage).includes('s5')]") == [0, False]


def test_a_part_of_the_histogram_is_chosen_by_dragging_and_by_keys(in_list: Page, problems: list[str]) -> None:
    bars = in_list.locator(".histo a[data-bin]")
    expect(bars).to_have_count(7)
    first, last = bars.nth(1).bounding_box(), bars.nth(3).bounding_box()
    assert first
    assert last
    in_list.mouse.move(first["x"] + first["width"] / 2, first["y"] + 10)
    in_list.mouse.down()
    in_list.mouse.move(last["x"] + last["width"] / 2, last["y"] + 20, steps=5)
    in_list.mouse.up()
    expect_titles(in_list, "s3", "s2", "s1")
    expect(in_list.locator(".histo .sum")).to_contain_text("3 sessions")
    bars.last.focus()
    press(in_list, "Shift+ArrowLeft", "Enter")
    expect_titles(in_list, "s3", "s2")
    # Whoever uses keys goes on where they were; what was drawn and left is not shown as chosen.
    expect(bars.last).to_be_focused()
    press(in_list, "Shift+ArrowLeft", "ArrowRight")
    expect(in_list.locator(".histo .brush")).to_be_hidden()
    assert problems == []


def test_range_and_search_keep_each_other(in_list: Page, problems: list[str]) -> None:
    in_list.locator("#q").fill("s1")
    in_list.locator("#q").press("Enter")
    expect_titles(in_list, "s1")
    in_list.locator("#range > summary").click()
    in_list.get_by_label("Last hour").check()
    expect(in_list.get_by_role("heading", name="No matching sessions")).to_be_visible()
    expect(in_list).to_have_url(re.compile(r"\?q=s1&range=1h$"))
    expect(in_list.locator("#range > summary")).to_contain_text("Last hour")
    in_list.get_by_role("link", name="Any time").click()
    expect_titles(in_list, "s1")
    assert problems == []


def test_custom_range_is_applied_and_dropped(in_list: Page, problems: list[str]) -> None:
    in_list.locator("#range > summary").click()
    in_list.get_by_label("From").fill("2026-03-14T12:00")
    in_list.get_by_label("To", exact=True).fill("2026-03-14T13:00")
    in_list.get_by_role("button", name="Apply", exact=True).click()
    # In Berlin it is an hour later than in the logs' UTC.
    expect_titles(in_list, "s3", "s2")
    expect(in_list.locator("#range > summary")).to_contain_text("Custom range")
    # The facets come after the rows.
    expect(facet(in_list, "o3")).to_have_attribute("href", re.compile("2026-03-14"))
    facet(in_list, "o3").click()
    expect_titles(in_list, "s3")
    in_list.locator("#range > summary").click()
    in_list.get_by_label("Any time").check()
    expect_titles(in_list, "s5", "s3", "s1")
    assert problems == []


def test_keys_move_open_and_turn_pages(in_list: Page, live_server: LiveServer, problems: list[str]) -> None:
    press(in_list, "j", "j")
    expect(in_list.locator(f"{ROWS}[aria-current=true]")).to_contain_text("s5")
    press(in_list, "k")
    expect(in_list.locator(f"{ROWS}[aria-current=true]")).to_contain_text("s6")
    press(in_list, "]")
    expect_titles(in_list, "s3", "s2", "s1")
    press(in_list, "]")
    expect_titles(in_list, "s0")
    press(in_list, "[")
    expect_titles(in_list, "s3", "s2", "s1")
    press(in_list, "/")
    expect(in_list.locator("#q")).to_be_focused()
    in_list.keyboard.type("jk]?")
    expect(in_list.locator("#q")).to_have_value("jk]?")
    press(in_list, "Escape", "?")
    expect(in_list.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    press(in_list, "Escape")
    expect(in_list.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()
    # A request that is broken off by leaving the page is an error in the console.
    in_list.wait_for_load_state("networkidle")
    press(in_list, "g", "s")
    expect_titles(in_list, "s6", "s5", "s4")
    in_list.wait_for_load_state("networkidle")
    press(in_list, "j", "Enter")
    expect(in_list).to_have_url(re.compile(rf"^{live_server.url}/p/acme/sessions/[0-9a-f-]+/$"))
    assert problems == []


def test_every_link_of_the_list_leads_somewhere(in_list: Page) -> None:
    expect(in_list.locator(".histo a, .facet-row").first).to_be_visible()
    hrefs = in_list.eval_on_selector_all(
        "a[href]", "links => links.map(link => new URL(link.getAttribute('href'), location).href)"
    )
    assert len(hrefs) > 10
    for href in set(hrefs):
        if "#" not in href:
            assert in_list.request.get(href).status == 200, href


def test_new_sessions_wait_behind_a_pill(in_list: Page, acme: Project, problems: list[str]) -> None:
    make_session(acme, "fresh", make_log("fresh", started_at=START + timedelta(days=1)))
    in_list.evaluate("document.body.dispatchEvent(new Event('slow-tick'))")
    pill = in_list.get_by_role("link", name="1 new or updated session")
    expect(pill).to_be_visible()
    expect(in_list).to_have_title("(1 new) Sessions · acme · logsui")
    expect_titles(in_list, "s6", "s5", "s4")
    pill.click()
    expect_titles(in_list, "fresh", "s6", "s5")
    expect(pill).to_be_hidden()
    expect(in_list).to_have_title("Sessions · acme · logsui")
    assert problems == []


# --- without script -------------------------------------------------------------------------------------------------


@pytest.fixture
def plain(page_without_script: Page, live_server: LiveServer, seven: None) -> Page:
    """A signed-in page of a browser without JavaScript."""
    make_user("alice", MAKE_KEYS)
    page = page_without_script
    page.goto(f"{live_server.url}/login/?next=/p/acme/sessions/")
    page.get_by_label("User name").fill("alice")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    return page


def test_list_works_without_script(plain: Page) -> None:
    expect_titles(plain, "s6", "s5", "s4")
    plain.get_by_role("link", name="Older").click()
    expect_titles(plain, "s3", "s2", "s1")
    plain.get_by_role("link", name="Show filters").click()
    facet(plain, "o3").click()
    expect_titles(plain, "s5", "s3", "s1")
    plain.locator("#q").fill("s3")
    plain.locator("#q").press("Enter")
    expect_titles(plain, "s3")
    plain.locator("#range > summary").click()
    plain.get_by_label("From").fill("2026-03-15T00:00")
    plain.get_by_role("button", name="Apply", exact=True).click()
    expect(plain.get_by_role("heading", name="No matching sessions")).to_be_visible()
    expect(plain.get_by_label("From")).to_have_value("2026-03-15T00:00")


def test_theme_works_without_script(plain: Page) -> None:
    plain.get_by_label("Theme").click()
    plain.get_by_role("button", name="Dark").click()
    expect(plain.locator("html")).to_have_attribute("data-theme", "dark")
    expect_titles(plain, "s6", "s5", "s4")


def test_nothing_is_offered_that_needs_script(plain: Page, live_server: LiveServer) -> None:
    plain.goto(f"{live_server.url}/p/acme/start/")
    expect(plain.get_by_role("button", name="Copy")).to_have_count(0)
    plain.get_by_role("button", name="Create a key").click()
    expect(plain.locator("#secret")).to_have_text(re.compile("^lsk_"))


# --- hostile content ------------------------------------------------------------------------------------------------

HOSTILE = [
    "<script>window.owned = 1</script>",
    '"><img src=x onerror="window.owned = 1">',
    "[x](javascript:window.owned=1) ![y](http://127.0.0.1:9/y.png)",
    "</title></style></textarea><svg onload=window.owned=1>",
    "\u202e\u2066 reversed \u200f \u0000 \ufeff",
    "Z̴̢̛̗̲͓a̷̢͚l̸͔̈́g̷̱̈ơ̵̙" * 20,
    "W" * 20_000,
    "w " * 10_000,
    "中" * 5_000,
]


@pytest.mark.parametrize("width", [1440, 768, 390])
def test_hostile_texts_do_nothing_and_break_nothing(
    visitor: Page, acme: Project, live_server: LiveServer, problems: list[str], width: int
) -> None:
    for number, text in enumerate(HOSTILE):
        log = make_log(text, model=text, user=text, tags=[f"{number}{text}"[:1000], text[:1000]], trace_id=text[:1000])
        store_logs(acme, log | {"started_at": START + timedelta(minutes=number)})
    visitor.set_viewport_size({"width": width, "height": 900})
    visitor.goto(f"{live_server.url}/p/acme/sessions/?q=%3Cscript%3E&user=%22%3E%3Cimg&status=error&status=ok&tag=x")
    visitor.goto(f"{live_server.url}/p/acme/sessions/")
    expect(visitor.locator(ROWS)).to_have_count(len(HOSTILE))
    assert visitor.evaluate("window.owned") is None
    assert visitor.evaluate("document.documentElement.scrollWidth") <= width
    heights = visitor.eval_on_selector_all(ROWS, "rows => rows.map(row => row.offsetHeight)")
    assert max(heights) <= (60 if width > 800 else 140)
    assert problems == []


# --- the other pages ------------------------------------------------------------------------------------------------


def test_first_request_turns_the_card_into_a_link(
    visitor: Page, acme: Project, live_server: LiveServer, problems: list[str]
) -> None:
    visitor.goto(f"{live_server.url}/p/acme/start/")
    expect(visitor.get_by_text("Waiting for the first request")).to_be_visible()
    make_session(acme, "a", make_log("Hello"))
    visitor.get_by_role("link", name="Open the session").click(timeout=10_000)
    expect(visitor).to_have_url(re.compile(r"/p/acme/sessions/[0-9a-f-]+/$"))
    assert problems == []


def test_snippets_are_tabs_and_can_be_copied(
    visitor: Page, context: BrowserContext, acme: Project, live_server: LiveServer, problems: list[str]
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    visitor.goto(f"{live_server.url}/p/acme/start/")
    visitor.get_by_role("button", name="Create a key").click()
    secret = visitor.locator("#secret").text_content()
    assert secret
    visitor.get_by_text("curl", exact=True).click()
    expect(visitor.locator("#snippet-proxy")).to_be_hidden()
    visitor.locator(".snip[data-for=curl]").get_by_role("button", name="Copy").click()
    expect(visitor.locator("#copy-status")).to_have_text("Copied")
    copied = visitor.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"curl {live_server.url}/api/v1/logs")
    assert f"Bearer {secret}" in copied
    assert problems == []


def test_theme_changes_without_a_reload_and_stays(
    visitor: Page, acme: Project, live_server: LiveServer, problems: list[str]
) -> None:
    visitor.goto(f"{live_server.url}/p/acme/start/")
    visitor.evaluate("document.documentElement.dataset.same = 'yes'")
    visitor.get_by_label("Theme").click()
    visitor.get_by_role("button", name="Dark").click()
    expect(visitor.locator("html")).to_have_attribute("data-theme", "dark")
    assert visitor.evaluate("document.documentElement.dataset.same") == "yes"
    visitor.reload()
    expect(visitor.locator("html")).to_have_attribute("data-theme", "dark")
    assert problems == []


def test_link_signs_in_with_one_click_and_times_are_local(
    page: Page, acme: Project, live_server: LiveServer, problems: list[str]
) -> None:
    make_session(acme, "a", started_at=START, seconds=0)
    user: AbstractBaseUser = make_user()
    page.goto(f"{live_server.url}/sign-in/{create_sign_in_token(user)}/")
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{live_server.url}/p/acme/sessions/")
    # The page before told the server the zone: Berlin, as conftest.py sets the browser up.
    expect(page.locator(".c-last time")).to_have_attribute("title", "Sat 14 Mar 2026, 10:00:00 UTC+1")
    assert problems == []


def test_session_that_ended_leads_to_the_sign_in_page(in_list: Page, context: BrowserContext) -> None:
    context.clear_cookies(name="logsui_session")
    facet(in_list, "o3").click()
    expect(in_list.get_by_role("heading", name="Sign in to logsui")).to_be_visible()


@pytest.mark.parametrize("path", ["/p/acme/settings/keys/", "/p/acme/start/", "/projects/new/", "/account/password/"])
def test_pages_fit_a_phone(
    visitor: Page, acme: Project, live_server: LiveServer, problems: list[str], path: str
) -> None:
    visitor.set_viewport_size({"width": 390, "height": 844})
    visitor.goto(live_server.url + path)
    assert visitor.evaluate("document.documentElement.scrollWidth") <= 390
    assert problems == []
