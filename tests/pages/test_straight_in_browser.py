"""Nothing on a page is cut, covered or squeezed so that it reads as something else. In a real Chromium."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import pytest
from playwright.sync_api import Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from sessions_app.models import Project, Session
from sessions_app.pages.session import outline, outline_tree
from sessions_app.pages.thread import addresses
from tests.browser import press
from tests.factories import START, make_log, make_session
from tests.pages.conversations import agent, turns

pytestmark = pytest.mark.django_db(transaction=True)

WIDTHS = pytest.mark.parametrize("width", [1440, 390])
LIST = "/p/acme/sessions/"
SAYS_WHAT_IS_CUT = "e => [e.scrollWidth - e.clientWidth, e.scrollHeight - e.clientHeight]"


@pytest.fixture
def opened(visitor: Page, live_server: LiveServer) -> Callable[..., Page]:
    def go(session: Session, query: str = "", width: int = 1440) -> Page:
        visitor.set_viewport_size({"width": width, "height": 900})
        visitor.goto(f"{live_server.url}{LIST}{session.id}/{query}")
        return visitor

    return go


def box(element: Locator) -> dict[str, float]:
    found = element.bounding_box()
    assert found, element
    return {"left": found["x"], "right": found["x"] + found["width"], "top": found["y"]} | {
        "bottom": found["y"] + found["height"]
    }


def is_seen(element: Locator) -> bool:
    """Whether it is the element itself that is seen in the middle of its place."""
    return bool(
        element.evaluate(
            """e => {
              const box = e.getBoundingClientRect();
              const seen = document.elementFromPoint((box.left + box.right) / 2, (box.top + box.bottom) / 2);
              return e.contains(seen) || Boolean(seen?.contains(e));
            }"""
        )
    )


# --- ids and numbers ------------------------------------------------------------------------------------------------


@WIDTHS
def test_ids_are_not_cut_at_their_foot(acme: Project, opened: Callable[..., Page], width: int) -> None:
    page = opened(make_session(acme, "req_15cd,gjpqy"), width=width)
    cut = page.locator(".sess-crumbs .copy > span:first-child").evaluate(SAYS_WHAT_IS_CUT)
    assert cut == [0, 0]
    # The letters of the line reach below what a line of the height of the text would have.
    height = page.locator(".sess-crumbs .copy > span:first-child").evaluate(
        "e => e.clientHeight / parseFloat(getComputedStyle(e).fontSize)"
    )
    assert height >= 1.3


@pytest.mark.parametrize("number", ["2,000", "99,999"])
@WIDTHS
def test_large_numbers_of_the_list_are_whole(
    acme: Project, visitor: Page, live_server: LiveServer, width: int, number: str
) -> None:
    session = make_session(acme, "long")
    Session.objects.filter(pk=session.pk).update(
        request_count=int(number.replace(",", "")), error_count=int(number.replace(",", ""))
    )
    visitor.set_viewport_size({"width": width, "height": 900})
    visitor.goto(f"{live_server.url}{LIST}")
    for name in (".c-req", ".c-err"):
        cell = visitor.locator(f"#session-rows {name}")
        expect(cell).to_contain_text(number)
        assert cell.evaluate(SAYS_WHAT_IS_CUT)[0] == 0


def test_numbers_of_the_outline_leave_room_for_titles(
    acme: Project, opened: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "BLOCK", 5)
    monkeypatch.setattr(addresses, "MOST_AT_ONCE", 10)
    logs = [make_log(f"Text {n}", started_at=START + timedelta(seconds=n * 3)) for n in range(12)]
    page = opened(make_session(acme, "long", *logs))
    row = page.locator(".outline-row").nth(11)
    for number in ("12", "2000", "123456"):
        row.locator(".outline-n").evaluate("(e, text) => { e.textContent = text }", number)
        assert box(row.locator(".outline-n"))["right"] < box(row.locator(".outline-label"))["left"]
        assert row.locator(".outline-n").evaluate(SAYS_WHAT_IS_CUT)[0] == 0


# --- keys -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def tried(acme: Project) -> Session:
    """Three attempts failed, and the fourth one has a long answer; then comes another request."""
    first, second = turns(["One", "Two"], every=100)
    error = {"type": "rate_limit_error", "message": "Slow down."}
    failed = first | {"response": None, "status": "error", "status_code": 429, "usage": None, "error": error}
    attempts = [
        failed | {"request_id": f"f{n}", "started_at": START - timedelta(seconds=40 - n * 9), "ended_at": None}
        for n in range(3)
    ]
    return make_session(acme, "tried", *attempts, first, second)


@WIDTHS
def test_head_of_a_request_does_not_cover_its_attempts(tried: Session, opened: Callable[..., Page], width: int) -> None:
    page = opened(tried, width=width)
    for number in (1, 2, 3):
        press(page, "e")
        expect(page.locator(".req[aria-current]")).to_have_id(f"r{number}")
        assert is_seen(page.locator(f"#r{number} > .req-line .req-n"))
        head, line = box(page.locator("#r4 > .req-line")), box(page.locator(f"#r{number} > .req-line"))
        assert line["top"] >= head["bottom"]
    # Where an attempt is scrolled below the head, the head is what is seen.
    page.locator("#r2").evaluate("e => e.scrollIntoView({ block: 'start', behavior: 'instant' })")
    assert is_seen(page.locator("#r4 > .req-line .req-n"))


def test_keys_take_the_focus_along(tried: Session, opened: Callable[..., Page], problems: list[str]) -> None:
    page = opened(tried)
    for key, number in (("j", 4), ("j", 5), ("k", 4), ("E", 3), ("E", 2), ("e", 3)):
        press(page, key)
        expect(page.locator(f"#r{number} > .req-line .req-n a")).to_be_focused()
    press(page, "Enter")
    expect(page).to_have_title(re.compile("^Request 3 "))
    assert problems == []


def test_last_error_says_so(tried: Session, opened: Callable[..., Page], problems: list[str]) -> None:
    page = opened(tried)
    for _ in range(3):
        press(page, "e")
    expect(page.get_by_role("status").filter(has_text="No failure")).to_have_count(0)
    press(page, "e")
    expect(page.get_by_role("status").filter(has_text="No failure follows")).to_be_visible()
    expect(page.locator(".req[aria-current]")).to_have_id("r3")
    for _ in range(3):
        press(page, "E")
    expect(page.locator(".toast")).to_have_text("No failure comes before")
    assert problems == []


def test_inspector_stays_closed(tried: Session, opened: Callable[..., Page], problems: list[str]) -> None:
    page = opened(tried)
    press(page, "i")
    expect(page.locator("#inspector")).to_be_hidden()
    page.reload()
    expect(page.locator("#inspector")).to_be_hidden()
    # A narrow page would show it over the thread, which nobody asked for.
    opened(tried, width=390)
    expect(page.locator("#inspector")).to_be_hidden()
    opened(tried)
    press(page, "i")
    expect(page.locator("#inspector")).to_be_visible()
    page.reload()
    expect(page.locator("#inspector")).to_be_visible()
    assert problems == []


# --- links into long sessions -----------------------------------------------------------------------------------------


@WIDTHS
def test_link_to_the_end_of_a_block_has_what_follows(
    acme: Project,
    opened: Callable[..., Page],
    problems: list[str],
    monkeypatch: pytest.MonkeyPatch,
    width: int,
) -> None:
    monkeypatch.setattr(addresses, "BLOCK", 10)
    monkeypatch.setattr(addresses, "MOST_AT_ONCE", 15)
    logs = [make_log(f"Text {n}", started_at=START + timedelta(seconds=n * 3)) for n in range(1, 41)]
    session = make_session(acme, "long", *logs)
    page = opened(session, "?from=11#r20", width)
    expect(page.locator("#r30")).to_be_attached()
    expect(page.locator("#r31")).to_have_count(0)
    expect(page.locator("#r20")).to_be_in_viewport()
    expect(page.locator("#r21")).to_be_in_viewport()
    opened(session, "?from=21#r23", width)
    page.wait_for_load_state("networkidle")
    expect(page.locator(".req")).to_have_count(10)
    assert problems == []


def test_link_to_a_request_without_a_row_finds_it(
    acme: Project, opened: Callable[..., Page], problems: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "BLOCK", 10)
    monkeypatch.setattr(addresses, "MOST_AT_ONCE", 15)
    monkeypatch.setattr(outline, "MOST_ROWS", 12)
    monkeypatch.setattr(outline_tree, "MOST_CHILDREN", 10)
    monkeypatch.setattr(outline_tree, "PIECE", 10)
    logs = [make_log(f"Text {n}", started_at=START + timedelta(seconds=n * 3)) for n in range(1, 41)]
    session = make_session(acme, "long", *logs)
    page = opened(session, "#r33")
    expect(page.locator(".req[aria-current]")).to_have_id("r33")
    expect(page.locator("#r33")).to_be_in_viewport()
    # There is none: the last block is shown, and nothing loads again and again.
    opened(session, "#r99")
    expect(page).to_have_url(re.compile(r"\?from=99#r99$"))
    expect(page.locator(".req").last).to_have_id("r40")
    assert problems == []


def test_the_next_error_is_found_where_the_outline_has_no_row_of_it(
    acme: Project, opened: Callable[..., Page], problems: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "BLOCK", 10)
    monkeypatch.setattr(addresses, "MOST_AT_ONCE", 10)
    monkeypatch.setattr(outline, "MOST_ROWS", 12)
    monkeypatch.setattr(outline_tree, "MOST_CHILDREN", 10)
    monkeypatch.setattr(outline_tree, "PIECE", 10)
    logs = [
        make_log(
            f"Text {n}", started_at=START + timedelta(seconds=n * 3), **({"status": "error"} if n in (4, 37) else {})
        )
        for n in range(1, 51)
    ]
    session = make_session(acme, "long", *logs)
    page = opened(session, "#r2")
    for key, number in (("e", 4), ("e", 37), ("E", 4)):
        press(page, key)
        expect(page.locator(".req[aria-current]")).to_have_id(f"r{number}")
        expect(page.locator(f"#r{number} .req-n a")).to_be_focused()
        expect(page.locator("#outline-rows [aria-current] .outline-n")).to_have_text(str(number))
    assert problems == []


# --- what is sent along -----------------------------------------------------------------------------------------------


def test_earlier_messages_come_with_the_tools(acme: Project, opened: Callable[..., Page], problems: list[str]) -> None:
    page = opened(make_session(acme, "s", *agent()))
    press(page, "j", "j", "h")
    past = page.locator("#past-2")
    expect(past.locator(".fold", has_text="1 tool")).to_contain_text("read_file")
    expect(past.locator(".msg").first).to_contain_text("System prompt")
    assert problems == []


@WIDTHS
def test_making_a_key_stays_in_the_tab(
    acme: Project, visitor: Page, live_server: LiveServer, problems: list[str], width: int
) -> None:
    visitor.set_viewport_size({"width": width, "height": 900})
    visitor.goto(f"{live_server.url}/p/acme/start/")
    visitor.get_by_text("OpenTelemetry", exact=True).first.click()
    visitor.get_by_text("Langfuse", exact=True).click()
    visitor.get_by_role("button", name="Create a key").click()
    expect(visitor.locator("#secret")).to_be_visible()
    expect(visitor.locator("#snippet-langfuse")).to_be_visible()
    expect(visitor.locator("#snippet-proxy")).to_be_hidden()
    assert problems == []


# --- long names -------------------------------------------------------------------------------------------------------

MODEL = "accounts/fireworks/models/some-long-model-name-with-many-parts-20261126-instruct-preview-extended-thinking"
USER = "someone.with.a.very.long.user.name.that.goes.on@subdomain.of.a.very-long-company-name.example.com"


@pytest.fixture
def long_names(acme: Project) -> Session:
    return make_session(acme, "session-of-long-names", make_log(model=MODEL, user=USER, tags=["t" * 60, "prod"]))


def lines_of_words(element: Locator) -> list[list[str]]:
    """The words of an element (what stands between separators) that are on more than one line."""
    found: list[list[str]] = element.evaluate(
        """e => {
          const broken = [];
          const walker = document.createTreeWalker(e, NodeFilter.SHOW_TEXT);
          while (walker.nextNode()) {
            for (const word of walker.currentNode.data.matchAll(/[A-Za-z0-9]+/g)) {
              const range = document.createRange();
              range.setStart(walker.currentNode, word.index);
              range.setEnd(walker.currentNode, word.index + word[0].length);
              if (new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size > 1) broken.push(word[0]);
            }
          }
          return broken;
        }"""
    )
    return found


@WIDTHS
def test_long_names_leave_buttons_and_words_whole(
    long_names: Session, opened: Callable[..., Page], width: int, problems: list[str]
) -> None:
    page = opened(long_names, width=width)
    if width == 390:
        page.locator("label[for=inspector-toggle]").first.click()
    buttons = page.locator(".insp-head .btn:visible")
    assert len({box(button)["top"] for button in buttons.all()}) == 1
    assert box(buttons.last)["right"] <= width
    for button in buttons.all():
        assert button.evaluate("e => [e.clientWidth >= 22, e.clientHeight >= 22]") == [True, True]
    for element in page.locator(".msg > .role, .insp-sec .kv dd").all():
        assert lines_of_words(element) == []
    # Where a name is cut, dots say so and the title has it whole.
    name = page.locator("#r1 .req-who .model")
    expect(name).to_have_attribute("title", MODEL)
    assert box(name)["right"] <= box(page.locator("#r1 .req-key"))["left"]
    assert page.locator(".sess-crumbs .copy > span").first.evaluate(SAYS_WHAT_IS_CUT) == [0, 0]
    for one, other in pairwise(page.locator(".crumb-facts > :visible").all()):
        # Beside each other, or on the next line of a phone.
        assert box(one)["right"] <= box(other)["left"] or box(one)["bottom"] <= box(other)["top"] + 1
        if one.get_attribute("class") != "tags" or width == 390:
            assert one.evaluate(SAYS_WHAT_IS_CUT)[0] == 0
    assert page.evaluate("document.documentElement.scrollWidth") == width
    if width == 390:
        press(page, "i")
    page.locator("#r1 .req-n a").click()
    expect(page.locator("h1")).to_have_text("Request 1")
    page.wait_for_load_state()
    # Not even by a fraction of a pixel, for which dots would stand in the number's place.
    natural = (
        "e => { const r = document.createRange(); r.selectNodeContents(e); return r.getBoundingClientRect().width; }"
    )
    heading = page.locator("h1")
    width_of_words = heading.evaluate(natural)
    assert heading.evaluate("e => e.getBoundingClientRect().width") >= width_of_words
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert problems == []


# --- for keys and fingers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["light", "dark"])
@WIDTHS
def test_what_scrolls_can_be_reached_with_keys(
    long_names: Session, opened: Callable[..., Page], width: int, theme: str
) -> None:
    page = opened(long_names, width=width)
    page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
    for _ in range(2):
        unreachable = page.evaluate(
            """() => [...document.querySelectorAll("body *")].filter((e) => {
              const style = getComputedStyle(e);
              const scrolls = (/auto|scroll/.test(style.overflowX) && e.scrollWidth > e.clientWidth + 1)
                || (/auto|scroll/.test(style.overflowY) && e.scrollHeight > e.clientHeight + 1);
              return scrolls && e.tabIndex < 0 && !e.querySelector("a[href], button, input, [tabindex='0']");
            }).map((e) => e.className || e.id)"""
        )
        assert unreachable == []
        if page.locator("#r1 .req-n a").count():
            page.locator("#r1 .req-n a").click()
            expect(page.locator("#curl")).to_be_attached()
            page.wait_for_load_state()


@WIDTHS
def test_links_are_large_enough_for_a_finger(
    acme: Project, visitor: Page, live_server: LiveServer, long_names: Session, opened: Callable[..., Page], width: int
) -> None:
    visitor.set_viewport_size({"width": width, "height": 900})
    visitor.goto(f"{live_server.url}{LIST}")
    assert visitor.locator("#session-rows .title a").bounding_box()["height"] >= 24  # type: ignore[index]
    page = opened(long_names, width=width)
    number = page.locator("#r1 .req-n a").bounding_box()
    assert number
    assert min(number["width"], number["height"]) >= 24
    page.locator("#r1 .req-n a").click()
    expect(page.locator("#curl")).to_be_attached()
    page.wait_for_load_state()
    for tag in page.locator(".kv a.tag").all():
        assert tag.bounding_box()["height"] >= 24  # type: ignore[index]


# --- a line a request, and rows on a phone ----------------------------------------------------------------------------


def test_forty_lines_fit_a_screen_and_cards_their_phone(acme: Project, opened: Callable[..., Page]) -> None:
    log = make_log("Hello", started_at=START + timedelta(seconds=999))
    output = log["response"]["choices"][0]["message"]
    output["content"] = "A long answer that goes on and on. " * 20
    output["tool_calls"] = [
        {"id": "c", "type": "function", "function": {"name": "look_up_customers", "arguments": "{}"}}
    ]
    session = make_session(acme, "s", *agent(), log)
    page = opened(session, "?dense=1")
    lines = [box(line) for line in page.locator(".req.dense").all()]
    assert lines[0]["top"] + 40 * (lines[0]["bottom"] - lines[0]["top"]) <= 900
    # The tools of an answer and its text stand beside each other, however long they are.
    did = page.locator(".req.dense .dense-did").last
    for part in ("> code", "> bdi"):
        assert box(did.locator(part))["right"] - box(did.locator(part))["left"] > 60
        assert box(did.locator(part))["right"] <= box(did)["right"] + 1
    page = opened(session, "?view=table", width=390)
    for cell in page.locator(".sess-rows [data-row] td:visible").all():
        assert box(cell)["right"] <= 390 - 15
    assert box(page.locator("#find"))["bottom"] <= box(page.locator("#order"))["top"]


@WIDTHS
def test_totals_and_facts_of_the_head_and_of_lines_are_whole(
    acme: Project, opened: Callable[..., Page], width: int
) -> None:
    """A head with every total there is, and a name that takes two lines of a phone."""
    failed = {"status": "error", "response": None, "error": {"type": "overloaded", "message": "wait"}}
    talk = turns(
        ["Why does the nightly export time out since Thursday? Find out and fix it.", *"abcdefgh"],
        every=4_000,
        cost=1_234.5,
        tags=["first", "second", "third"],
        user="someone@example.com",
        usage={"input_tokens": 123_456, "output_tokens": 12_345, "cached_tokens": 100_000},
    )
    logs = [*talk, talk[-1] | failed, *agent()]
    session = make_session(acme, "session-of-many-totals", *logs)
    for query in ("", "?dense=1", "?dense=0&view=table"):
        page = opened(session, query, width=width)
        edge = width - (20 if width == 1440 else 16)
        for part in page.locator(".totals > div, .totals dd, .sess-crumbs > .link, .sess-tools .btn").all():
            assert is_seen(part), part
            assert box(part)["right"] <= edge + 1
        assert box(page.locator(".sess-totals"))["bottom"] <= box(page.locator("#curves"))["top"] + 1
        if width == 390:
            assert page.locator("h1").evaluate(SAYS_WHAT_IS_CUT) == [0, 0]
    page = opened(session, "?dense=1", width=width)
    if width == 1440:
        # With the inspector beside them, too.
        expect(page.locator("#inspector")).to_be_visible()
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        assert is_seen(page.locator(".insp-head h2"))
        page.evaluate("scrollTo(0, 0)")
    for part in page.locator(".req.dense").first.locator(".req-n, .dense-time, .dense-n").all():
        assert is_seen(part)
        assert part.evaluate(SAYS_WHAT_IS_CUT)[0] == 0
    if width == 390:
        # The outline opens over the page, and leads to a request.
        page.locator("label[for=outline-toggle]").click()
        page.locator("#outline-rows a.outline-row").first.click()
        expect(page.locator(".outline")).to_be_hidden()
        expect(page).to_have_url(re.compile(r"#r\d+$"))
