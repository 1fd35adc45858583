"""The session and request pages in a real Chromium, under the real Content-Security-Policy."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, Request, Route, expect
from pytest_django.live_server_helper import LiveServer

from sessions_app.models import Project, RequestLog, Session
from sessions_app.pages.session import outline, outline_tree
from sessions_app.pages.thread import addresses
from tests.browser import press, runs_scripts
from tests.factories import START, make_log, make_session, make_user
from tests.pages.conversations import agent, assistant, call, chat, png, result, turns, user

pytestmark = pytest.mark.django_db(transaction=True)

SVG = "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIG9ubG9hZD0iYWxlcnQoMSkiLz4="


@pytest.fixture
def opened(visitor: Page, live_server: LiveServer) -> Callable[..., Page]:
    def go(session: Session, query: str = "") -> Page:
        visitor.goto(f"{live_server.url}/p/acme/sessions/{session.id}/{query}")
        return visitor

    return go


@pytest.fixture
def conversation(acme: Project, opened: Callable[..., Page]) -> Page:
    """Four requests, the third of which failed."""
    logs = turns(["One", "Two", "Three", "Four"])
    logs[2] |= {"status": "error", "response": None, "error": {"type": "timeout", "message": "too slow"}}
    return opened(make_session(acme, "talk", *logs))


@pytest.fixture
def long_session(acme: Project, monkeypatch: pytest.MonkeyPatch) -> Session:
    """13 requests in blocks of 5."""
    monkeypatch.setattr(addresses, "BLOCK", 5)
    monkeypatch.setattr(addresses, "MOST_AT_ONCE", 10)
    logs = [make_log(f"Text {n}", started_at=START + timedelta(seconds=n * 3)) for n in range(1, 14)]
    return make_session(acme, "long", *logs)


@pytest.fixture
def without_script(page_without_script: Page, live_server: LiveServer, transactional_db: None) -> Page:
    """A signed-in browser in which JavaScript is off."""
    client = Client()
    client.force_login(make_user("bob"))
    cookie = client.cookies["logsui_session"]
    page_without_script.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
    return page_without_script


def current(page: Page) -> Any:
    return page.locator(".req[aria-current]")


def expect_loaded(page: Page, title: str) -> None:
    """A new page is there with its scripts, which come after its title: before them, keys do nothing."""
    expect(page).to_have_title(re.compile(f"^{title} "))
    page.wait_for_load_state("domcontentloaded")


def test_facts_are_of_the_request_chosen_last(conversation: Page, problems: list[str]) -> None:
    # The first answer comes when the facts of the next request were asked for already, as on a slow line.
    held: list[Route] = []
    is_held = [True]

    def hold(route: Route) -> None:
        held.append(route) if is_held else route.continue_()

    conversation.route("**/facts/", hold)
    with conversation.expect_request("**/facts/"):
        press(conversation, "j", "j")
    expect(current(conversation)).to_have_id("r2")
    conversation.wait_for_timeout(500)
    is_held.clear()
    with conversation.expect_event("requestfinished"):
        held[0].continue_()
    conversation.wait_for_timeout(100)
    for route in held[1:]:
        route.continue_()
    expect(conversation.locator("#inspector h2")).to_have_text("Request 2")
    assert problems == []


# --- keys -----------------------------------------------------------------------------------------------------------


def test_keys_walk_through_requests_and_errors(conversation: Page, problems: list[str]) -> None:
    press(conversation, "j")
    expect(current(conversation)).to_have_id("r1")
    press(conversation, "j")
    expect(current(conversation)).to_have_id("r2")
    expect(conversation.locator(".outline-row[aria-current]")).to_have_attribute("href", "#r2")
    expect(conversation.locator("#inspector h2")).to_have_text("Request 2")
    press(conversation, "e")
    expect(current(conversation)).to_have_id("r3")
    press(conversation, "k")
    expect(current(conversation)).to_have_id("r2")
    expect(conversation).to_have_url(re.compile(r"#r2$"))
    press(conversation, "o")
    expect_loaded(conversation, "Request 2")
    press(conversation, "k")
    expect_loaded(conversation, "Request 1")
    press(conversation, "s")
    expect(conversation).to_have_url(re.compile(r"/sessions/[^/]+/#r1$"))
    assert problems == []


def test_earlier_messages_open_and_close(conversation: Page, problems: list[str]) -> None:
    second = conversation.locator("#r2")
    expect(second.get_by_text("Answer 1")).to_have_count(0)
    second.get_by_text("1 new of 4").click()
    expect(second.get_by_text("Answer 1")).to_be_visible()
    second.get_by_text("1 new of 4").click()
    expect(second.get_by_text("Answer 1")).to_be_hidden()
    conversation.locator("#r2 .req-when").click()
    press(conversation, "h")
    expect(second.get_by_text("Answer 1")).to_be_visible()
    assert problems == []


def test_inspector_closes_and_opens(conversation: Page) -> None:
    inspector = conversation.locator("#inspector")
    expect(inspector).to_be_visible()
    press(conversation, "i")
    expect(inspector).to_be_hidden()
    press(conversation, "i")
    expect(inspector).to_be_visible()
    conversation.locator("#r4 .req-line").click(position={"x": 400, "y": 40})
    expect(inspector.locator("h2")).to_have_text("Request 4")


def test_outline_filters_errors(conversation: Page) -> None:
    conversation.locator(".outline-head").get_by_text("with errors").click()
    expect(conversation.locator(".outline-row:visible")).to_have_count(1)


def test_tools_open_with_a_key(acme: Project, opened: Callable[..., Page]) -> None:
    page = opened(make_session(acme, "s", *agent()))
    expect(page.get_by_text("x = 1\ny = 2")).to_be_hidden()
    press(page, "t")
    expect(page.get_by_text("x = 1\ny = 2")).to_be_visible()


def test_id_and_code_can_be_copied(acme: Project, opened: Callable[..., Page], live_server: LiveServer) -> None:
    page = opened(make_session(acme, "run-7", chat([user("Code?")], "```sh\nmake test\n```")))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=live_server.url)
    press(page, "c")
    page.wait_for_function("navigator.clipboard.readText().then((text) => text === 'run-7')")
    page.locator(".code-head button").click()
    page.wait_for_function("navigator.clipboard.readText().then((text) => text === 'make test\\n')")


# --- branches, attempts, changes ------------------------------------------------------------------------------------


@pytest.fixture
def forked(acme: Project) -> Session:
    """Request 1 failed and was tried again as 2; 3 and 5 continue it; 5 changed a message of the history."""
    first, second, third = turns(["One", "Two", "Three"])
    failed = first | {"request_id": "f", "response": None, "status": "error", "status_code": 429, "usage": None}
    failed |= {
        "started_at": START - timedelta(seconds=9),
        "error": {"type": "rate_limit_error", "message": "Slow down."},
    }
    other = chat([*second["request"]["messages"][:-1], user("Another")], "Other answer", at=30)
    rewritten = chat([*other["request"]["messages"][:-1], user("Another, please"), *ANSWERED], "Yes.", at=40)
    return make_session(acme, "forked", failed, first, second, third, other, rewritten)


ANSWERED = [assistant("Other answer"), user("And?")]


def test_branch_is_chosen_and_left_again(forked: Session, opened: Callable[..., Page], problems: list[str]) -> None:
    page = opened(forked)
    expect(page.locator(".thread > .req, .thread .parallel > .req")).to_have_count(5)
    page.locator(".fork .seg a", has_text="B").click()
    expect(page).to_have_url(re.compile(r"\?branch=5#r5$"))
    expect(page.locator("#r3")).to_have_count(0)
    expect(current(page)).to_have_id("r5")
    # Steps pass over what is not shown.
    press(page, "k")
    expect(current(page)).to_have_id("r2")
    press(page, "j")
    expect(current(page)).to_have_id("r5")
    expect(page).to_have_url(re.compile(r"\?branch=5#r5$"))
    page.locator(".fork .seg a", has_text="All").click()
    expect(page).to_have_url(re.compile(r"/#r2$"))
    expect(page.locator("#r3")).to_be_visible()
    page.locator("#r5 .lane-chip").click()
    expect(page).to_have_url(re.compile(r"\?branch=5#r5$"))
    assert problems == []


def test_failed_attempt_opens_with_its_link(forked: Session, opened: Callable[..., Page], problems: list[str]) -> None:
    page = opened(forked)
    expect(page.get_by_text("Slow down.", exact=True)).to_be_hidden()
    page.locator(".outline-row", has_text="rate_limit_error").click()
    expect(page.get_by_text("Slow down.", exact=True)).to_be_visible()
    expect(current(page)).to_have_id("r1")
    page = opened(forked, "#r1")
    expect(page.get_by_text("Slow down.", exact=True)).to_be_visible()
    assert problems == []


def test_what_was_changed_opens_in_its_place(forked: Session, opened: Callable[..., Page], problems: list[str]) -> None:
    page = opened(forked)
    link = page.locator("#r6 .marks .textbtn")
    link.click()
    expect(page.locator("#changes-6")).to_contain_text("Message 4 edited")
    expect(page.locator("#changes-6 ins")).to_contain_text("+ Another, please")
    expect(link).to_have_attribute("aria-expanded", "true")
    link.click()
    expect(page.locator("#changes-6")).to_be_hidden()
    assert problems == []


def test_branches_attempts_and_changes_without_script(
    forked: Session, without_script: Page, live_server: LiveServer
) -> None:
    without_script.goto(f"{live_server.url}/p/acme/sessions/{forked.id}/")
    without_script.locator("details.attempts summary").click()
    expect(without_script.get_by_text("Slow down.", exact=True)).to_be_visible()
    without_script.locator(".fork .seg a", has_text="B").click()
    expect(without_script).to_have_url(re.compile(r"\?branch=5#r5$"))
    expect(without_script.locator("#r3")).to_have_count(0)
    without_script.locator(".fork .seg a", has_text="All").click()
    without_script.locator("#r6 .marks .textbtn").click()
    expect(without_script.locator("h1")).to_have_text("What request 6 changed")
    expect(without_script.locator("ins")).to_contain_text("Another, please")


# --- long sessions and texts ----------------------------------------------------------------------------------------


def test_blocks_load_in_place_and_links_lead_to_any_request(
    long_session: Session, opened: Callable[..., Page], problems: list[str]
) -> None:
    page = opened(long_session)
    expect(page.locator(".req")).to_have_count(5)
    page.get_by_text("Show requests 6 to 10").click()
    expect(page.locator(".req")).to_have_count(10)
    page.locator(".outline-row").nth(11).click()
    expect(page).to_have_url(re.compile(r"\?from=11#r12$"))
    expect(current(page)).to_have_id("r12")
    page.get_by_text("Show requests 6 to 10").click()
    expect(page.locator(".req").first).to_have_id("r6")
    expect(page.locator(".req")).to_have_count(8)
    assert problems == []


def test_old_link_without_its_block_finds_the_request(long_session: Session, opened: Callable[..., Page]) -> None:
    page = opened(long_session, "#r7")
    expect(page).to_have_url(re.compile(r"\?from=6#r7$"))
    expect(page.locator("#r7")).to_be_in_viewport()


def test_blocks_join_and_nothing_jumps(
    long_session: Session, opened: Callable[..., Page], problems: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outline, "MOST_ROWS", 10)
    monkeypatch.setattr(outline_tree, "MOST_CHILDREN", 5)
    monkeypatch.setattr(outline_tree, "PIECE", 5)
    page = opened(long_session, "?from=6")
    page.set_viewport_size({"width": 1440, "height": 500})
    # Requests that come above: what is in sight stays where it is.
    top = page.locator("#r6").bounding_box()
    page.get_by_text("Show requests 1 to 5").click()
    expect(page.locator("#r1")).to_be_attached()
    page.wait_for_timeout(100)
    now = page.locator("#r6").bounding_box()
    assert top
    assert now
    assert abs(top["y"] - now["y"]) < 2
    # The row of what is read is marked; a fold, where it has no row.
    reading = page.locator("#outline-rows [data-reading]")
    page.locator("#r8").evaluate("(article) => article.scrollIntoView()")
    expect(reading).to_have_text(re.compile("^8 ?"))
    page.locator("#r2").evaluate("(article) => article.scrollIntoView()")
    expect(reading).to_have_class("fold-head")
    # Keys go on to the next block in place, and to both ends.
    page.locator(".outline-row", has_text="10").first.click()
    press(page, "j")
    expect(current(page)).to_have_id("r11")
    expect(page).to_have_url(re.compile(r"\?from=6#r11$"))
    page.reload()
    expect(current(page)).to_have_id("r11")
    press(page, "g", "g")
    expect(current(page)).to_have_id("r1")
    press(page, "G")
    expect(current(page)).to_have_id("r13")
    # A line a request, and back: the same one stays chosen.
    press(page, "z")
    expect(page.locator(".req.dense")).to_have_count(13)
    expect(current(page)).to_have_id("r13")
    assert current(page).bounding_box()["height"] * 40 < 900 - 165
    press(page, "k")
    expect(current(page)).to_have_id("r12")
    press(page, "z")
    expect(page.locator(".req.dense")).to_have_count(0)
    expect(current(page)).to_have_id("r12")
    assert problems == []


def test_very_long_text_opens_piece_by_piece(acme: Project, opened: Callable[..., Page], problems: list[str]) -> None:
    page = opened(make_session(acme, "s", make_log("word " * 50_000)))
    page.get_by_text("Show 248,000 more characters").click()
    page.get_by_text("Show 150,000 more characters").click()
    page.get_by_text("Show 50,000 more characters").click()
    expect(page.get_by_text("more characters")).to_have_count(0)
    length = page.evaluate(
        "[...document.querySelectorAll('#r1 .bubble code')].reduce((n, e) => n + e.textContent.length, 0)"
    )
    assert length == 250_000
    assert problems == []


def test_reading_without_script(
    without_script: Page, live_server: LiveServer, long_session: Session, acme: Project
) -> None:
    page = without_script
    page.goto(f"{live_server.url}/p/acme/sessions/{long_session.id}/")
    page.get_by_text("Show requests 6 to 10").click()
    expect(page.locator(".req").first).to_have_id("r6")
    expect(page.locator("#stepper")).to_be_hidden()
    session = make_session(acme, "s", *turns(["One", "y" * 3_000]))
    page.goto(f"{live_server.url}/p/acme/sessions/{session.id}/")
    page.get_by_text("Show 1,000 more characters").click()
    expect(page.get_by_text("y" * 3_000)).to_be_visible()
    page.get_by_text("Open request").click()
    expect(page).to_have_title(re.compile("^Request 2 "))
    page.get_by_role("link", name="Log entry").click()
    expect(page.locator("#raw-text")).to_contain_text('"session_id": "s"')
    page.go_back()
    page.go_back()
    page.go_back()
    page.get_by_text("1 new of 4").click()
    expect(page.locator("#input").get_by_text("Answer 1")).to_be_visible()


def test_phone_steps_through_requests(conversation: Page) -> None:
    conversation.set_viewport_size({"width": 390, "height": 844})
    conversation.reload()
    stepper = conversation.locator("#stepper")
    expect(stepper).to_be_visible()
    stepper.get_by_role("button", name="Next request").click()
    stepper.get_by_role("button", name="Next request").click()
    expect(stepper.locator("b")).to_have_text("2")
    expect(conversation.locator("#r2")).to_be_in_viewport()
    width = conversation.evaluate("document.documentElement.scrollWidth")
    assert width == 390
    stepper.get_by_role("link", name="Details").click()
    expect(conversation).to_have_title(re.compile("^Request 2 "))
    assert conversation.evaluate("document.documentElement.scrollWidth") == 390


def test_raw_documents_switch_in_place(conversation: Page, problems: list[str]) -> None:
    conversation.locator("#r1 .req-n a").click()
    conversation.evaluate("document.documentElement.dataset.same = 'yes'")
    conversation.get_by_role("link", name="Request", exact=True).click()
    expect(conversation.locator("#raw-text")).to_contain_text('"messages"')
    assert conversation.evaluate("document.documentElement.dataset.same") == "yes"
    assert problems == []


# --- hostile content ------------------------------------------------------------------------------------------------

EVIL = "</script><img src=x onerror=alert(1)><svg onload=alert(2)><script>alert(3)</script>\"'><b a="
MARKDOWN = f"""# {EVIL}

[link](javascript:alert(4)) ![image](https://evil.example/pixel.png) <https://evil.example/> {EVIL}

![svg]({SVG}) [data](data:text/html,<script>alert(5)</script>)

```{EVIL}
{EVIL}
```
"""


def hostile_logs() -> list[Any]:
    """Every member that a page shows holds an attack."""
    content = [
        {"type": "text", "text": MARKDOWN},
        *({"type": "image_url", "image_url": {"url": url}} for url in (SVG, "https://evil.example/x.png", EVIL)),
        {"type": "image_url", "image_url": {"url": "javascript:alert(6)"}},
        {"type": "image_url", "image_url": {"url": png()}},
        {"type": "file", "file": {"filename": EVIL, "file_data": "data:text/html;base64,PHNjcmlwdD4="}},
        {"type": "input_audio", "input_audio": {"format": EVIL, "data": "AAAA"}},
        {"type": EVIL, EVIL: EVIL},
    ]
    answer = assistant(MARKDOWN, reasoning_content=MARKDOWN, refusal=EVIL, tool_calls=[call(EVIL, EVIL, EVIL)])
    sent = [{"role": "system", "content": MARKDOWN}, {**user(content), "name": EVIL}]
    members = dict.fromkeys(("user", "provider", "call_type", "trace_id", "session_id", "parent_id", "model"), EVIL)
    members |= {"tags": [EVIL[:60], "javascript:alert(7)"], "metadata": {EVIL: EVIL, "url": "javascript:alert(8)"}}
    tools = [{"type": "function", "function": {"name": EVIL, "description": MARKDOWN}}]
    body = {"tools": tools, EVIL: EVIL}
    again = [*sent, answer, result(EVIL, MARKDOWN), {"role": EVIL, "content": MARKDOWN}]
    error = {"type": EVIL, "message": MARKDOWN}
    return [
        chat(sent, answer, body=body, finish=EVIL, request_id=EVIL, **members),
        chat(again, "", at=5, body=body, **members) | {"status": "error", "response": None, "error": error},
    ]


@pytest.fixture
def incidents(visitor: Page, live_server: LiveServer) -> list[str]:
    """What an attack would show: dialogs, and requests to anywhere else."""
    found: list[str] = []

    def note(request: Request) -> None:
        if not request.url.startswith((live_server.url, "data:")):
            found.append(request.url)

    visitor.on("request", note)
    visitor.on("dialog", lambda dialog: (found.append(dialog.message), dialog.dismiss()))
    return found


def open_everything(page: Page) -> None:
    page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
    page.wait_for_load_state("networkidle")


def test_hostile_session_is_harmless(
    acme: Project, opened: Callable[..., Page], incidents: list[str], problems: list[str]
) -> None:
    page = opened(make_session(acme, EVIL, *hostile_logs()))
    open_everything(page)
    for history in page.locator("a.req-hist").all():
        history.click()
    # What comes in moves the rest, and a request that was moved away is not the one to step on from.
    expect(page.locator(".past:empty")).to_have_count(0)
    press(page, "j", "j", "c")
    expect(page.locator("#inspector h2")).to_have_text("Request 2")
    open_everything(page)

    assert (incidents, problems) == ([], [])
    assert page.locator("main script, main [onerror], main [onload], main style").count() == 0
    images = page.locator("main img").evaluate_all("images => images.map((image) => image.getAttribute('src'))")
    assert images
    assert all(source.startswith("/p/acme/requests/") for source in images)
    targets = page.locator("a").evaluate_all("links => links.map((link) => link.protocol)")
    assert set(targets) <= {"http:", "https:"}


def test_hostile_request_is_harmless(
    acme: Project, visitor: Page, live_server: LiveServer, incidents: list[str], problems: list[str]
) -> None:
    make_session(acme, EVIL, *hostile_logs())
    for log in RequestLog.objects.all():
        for which in ("request", "response", "log"):
            visitor.goto(f"{live_server.url}/p/acme/requests/{log.id}/?raw={which}")
            open_everything(visitor)
            assert visitor.locator("main script, main [onerror], main [onload]").count() == 0
            targets = visitor.locator("a").evaluate_all("links => links.map((link) => link.protocol)")
            assert set(targets) <= {"http:", "https:"}

    assert (incidents, problems) == ([], [])


# --- the whole prompt -----------------------------------------------------------------------------------------------


def test_prompt_its_comparison_and_its_text_are_a_key_away(conversation: Page, problems: list[str]) -> None:
    conversation.context.grant_permissions(["clipboard-read", "clipboard-write"])
    press(conversation, "j", "j", "p")
    expect(conversation.locator("h1")).to_have_text("Prompt 2")
    assert conversation.locator(".prompt-block").count() == 4
    runs_scripts(conversation)
    conversation.get_by_role("link", name="Copy all").click()
    expect(conversation.locator("#copy-status")).to_have_text("Copied")
    copied = conversation.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("--- system prompt ---\nBe brief.\n\n--- user ---\nOne\n")
    assert copied.endswith("--- user ---\nTwo\n")

    press(conversation, "f")
    conversation.keyboard.type("brief")
    press(conversation, "Enter")
    expect(conversation.locator(".prompt-block mark")).to_have_text("brief")
    press(conversation, "d")
    expect(conversation.locator("h1")).to_have_text("What request 2 changed")
    expect(conversation.locator("main")).to_contain_text("compared with request 1")
    conversation.get_by_role("link", name="from before what is new").click()
    expect(conversation.get_by_text("Answer 1")).to_be_visible()
    press(conversation, "p")
    expect(conversation.locator("h1")).to_have_text("Prompt 2")
    press(conversation, "r")
    expect(conversation).to_have_url(re.compile(r"raw=request#raw$"))
    conversation.go_back()
    expect(conversation.locator("h1")).to_have_text("Prompt 2")
    press(conversation, "s")
    expect(conversation.locator("#r2")).to_be_visible()
    press(conversation, "d")
    expect(conversation.locator("h1")).to_have_text("What request 2 changed")
    press(conversation, "s")
    expect(conversation.locator("#r2")).to_be_visible()
    press(conversation, "2")
    expect(conversation.locator(".sess-waterfall")).to_be_visible()
    press(conversation, "j", "p")
    expect(conversation.locator("h1")).to_contain_text("Prompt")
    assert problems == []
