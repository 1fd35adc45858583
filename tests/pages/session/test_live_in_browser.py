"""An open session in a real Chromium: it follows while a writer adds requests, and nothing moves under a reader."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from playwright.sync_api import Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from sessions_app.ingest import cleanup, names
from sessions_app.models import Project, Session
from tests.browser import press
from tests.factories import make_log, make_session, store_logs

pytestmark = pytest.mark.django_db(transaction=True)

RATE = 5


class Writer(threading.Thread):
    """Adds requests to a session, RATE a second, until it is stopped."""

    def __init__(self, project: Project) -> None:
        super().__init__(daemon=True)
        self.project = project
        self.is_stopped = threading.Event()
        self.written = 0

    def run(self) -> None:
        while not self.is_stopped.wait(1 / RATE):
            self.written += 1
            store_logs(self.project, log(f"Written {self.written}", seconds=0.1))
        connection.close()

    def stop(self) -> None:
        self.is_stopped.set()
        self.join()


def log(text: str, **members: Any) -> dict[str, Any]:
    return make_log(text, session_id="talk", started_at=datetime.now(UTC), **members)


@pytest.fixture
def session(acme: Project) -> Session:
    began = datetime.now(UTC) - timedelta(minutes=1)
    return make_session(
        acme, "talk", *[make_log(f"Text {n} " * 80, started_at=began + timedelta(seconds=n)) for n in range(12)]
    )


@pytest.fixture
def writer(acme: Project, session: Session) -> Iterator[Writer]:
    thread = Writer(acme)
    yield thread
    thread.stop()


def place_of(page: Page, article: str) -> float:
    top: float = page.locator(article).evaluate("element => element.getBoundingClientRect().top")
    return top


def test_a_reader_is_left_alone_and_may_follow(
    session: Session, acme: Project, writer: Writer, visitor: Page, live_server: LiveServer, problems: list[str]
) -> None:
    visitor.goto(f"{live_server.url}/p/acme/sessions/{session.id}/")
    follow, pill = visitor.locator("#follow"), visitor.locator("#session-news a")
    expect(visitor.locator("#live-status")).to_be_visible()
    expect(follow).not_to_be_checked()
    # Somebody reads in the middle, with the focus on a request.
    visitor.locator("#r5 .req-n a").focus()
    visitor.evaluate("document.getElementById('r5').scrollIntoView()")
    before = place_of(visitor, "#r5")
    writer.start()
    expect(pill).to_have_text(re.compile(r"^\d+ new below$"))
    expect(visitor).to_have_title(re.compile(r"^\(\d+ new\) Text 0"))
    end = visitor.locator("[data-key=G]")
    expect(end).to_have_attribute("href", re.compile(r"#r(1[3-9]|[2-9]\d)$"))
    visitor.mouse.wheel(0, 40)
    visitor.mouse.wheel(0, -40)
    time.sleep(2.5)
    assert abs(place_of(visitor, "#r5") - before) < 2
    assert visitor.evaluate("document.activeElement.closest('.req').id") == "r5"
    # What is around the requests is drawn anew in its place.
    expect(visitor.locator("#session-totals dd").first).not_to_have_text("12")
    expect(visitor.locator("#outline-head")).not_to_contain_text("12 requests")
    expect(visitor.locator("#curves-drawn")).to_have_attribute("data-points", re.compile(r"\|13\|"))
    assert abs(place_of(visitor, "#r5") - before) < 2
    assert visitor.locator(".req").count() == 12
    # Going on from there: what has come is below, in sight, and so is what comes.
    press(visitor, ".")
    expect(follow).to_be_checked()
    expect(visitor.locator("#r20")).to_be_attached()
    # It keeps up: six looks, of more where the machine is busy, find it less than two seconds behind.
    lags: list[float] = []
    while sum(lag < 2 for lag in lags) < 6:
        assert len(lags) < 60, lags
        shown = visitor.locator(".req").last.evaluate("one => Number(one.id.slice(1))")
        lags.append((session.request_count + writer.written - shown) / RATE)
        time.sleep(0.4)
    expect(visitor.locator(".req").last).to_be_in_viewport(ratio=0.01)
    assert visitor.evaluate("document.activeElement.closest('.req').id") == "r5"
    expect(pill).to_be_hidden()
    writer.stop()
    last = session.request_count + writer.written
    expect(visitor.locator(f"#r{last}")).to_be_in_viewport(ratio=0.01)
    expect(visitor.locator(f"#outline-rows li[data-n='{last}']")).to_be_attached()
    expect(end).to_have_attribute("href", re.compile(f"#r{last}$"))
    expect(visitor.locator("#session-totals dd").first).to_have_text(str(last))
    expect(visitor).to_have_title(re.compile("^Text 0"))
    numbers = visitor.locator(".req").evaluate_all("all => all.map(one => Number(one.id.slice(1)))")
    assert numbers == list(range(1, last + 1))
    # Scrolling up stops it, the button resumes.
    visitor.mouse.wheel(0, -400)
    expect(follow).not_to_be_checked()
    early = datetime.now(UTC)
    store_logs(acme, log("One more"))
    last += 1
    expect(pill).to_have_text("1 new below")
    pill.click()
    expect(follow).to_be_checked()
    expect(follow).to_be_focused()
    expect(visitor.locator(f"#r{last}")).to_be_in_viewport(ratio=0.01)
    # What began earlier and is logged later gets its place, and the others their numbers.
    store_logs(acme, make_log("Logged late", session_id="talk", started_at=early))
    expect(visitor.locator(f"#r{last}")).to_contain_text("Logged late")
    last += 1
    expect(visitor.locator(f"#r{last}")).to_contain_text("One more")
    assert visitor.locator(".req").count() == last
    # A request that runs is shown as such until its end comes.
    asked = log("Still there?", request_id="long", response=None, ended_at=None, status="running", usage=None)
    store_logs(acme, asked)
    article = visitor.locator(f"#r{last + 1}")
    expect(article.locator(".req-key")).to_contain_text("running")
    expect(article).to_have_attribute("aria-busy", "true")
    expect(visitor).to_have_title(re.compile(r"^\(running\) Text 0"))
    answer = {"choices": [{"message": {"role": "assistant", "content": "Here it is."}}]}
    store_logs(acme, asked | {"status": "success", "response": answer})
    expect(article).to_contain_text("Here it is.")
    expect(article).not_to_have_attribute("aria-busy", "true")
    expect(visitor).to_have_title(re.compile("^Text 0"))
    assert visitor.locator(".req").count() == last + 1
    names.give(acme.pk, session.pk, "A long talk", "alice")
    expect(visitor.locator("h1")).to_have_text("A long talk")
    # A session that is deleted runs no longer, and when it comes back, it is another one.
    store_logs(acme, log("And this?", request_id="longer", response=None, ended_at=None, status="running", usage=None))
    expect(visitor).to_have_title(re.compile(r"^\(running\) A long talk"))
    cleanup.delete_sessions(acme.pk, [session.pk])
    expect(visitor.locator("#session-news")).to_have_text("This session was deleted")
    expect(visitor).to_have_title(re.compile("^A long talk"))
    expect(visitor.locator(".live-dot:visible")).to_have_count(0)
    assert visitor.locator(".req").count() == last + 2
    store_logs(acme, log("And one more"))
    expect(pill).to_have_text("This session has logs again: show")
    pill.click()
    expect(visitor.locator(".req")).to_have_count(1)
    assert [text for text in problems if "404" not in text] == []


def test_what_runs_ends_where_it_is_read(
    session: Session, acme: Project, visitor: Page, live_server: LiveServer, problems: list[str]
) -> None:
    visitor.set_viewport_size({"width": 1280, "height": 500})
    answer = {"choices": [{"message": {"role": "assistant", "content": "Here it is."}}]}
    number = 13
    for query in ("?dense=1", "?dense=0"):
        asked = log("Still there?", request_id=query, response=None, ended_at=None, status="running", usage=None)
        store_logs(acme, asked)
        visitor.goto(f"{live_server.url}/p/acme/sessions/{session.id}/{query}")
        running = visitor.locator(f"#r{number}")
        expect(running).to_have_attribute("aria-busy", "true")
        row = visitor.locator(f"#outline-rows li[data-n='{number}']")
        expect(running.locator(".live-dot")).to_be_visible()
        expect(row.locator(".live-dot")).to_be_visible()
        visitor.locator("#r2 .req-n a").focus()
        visitor.evaluate("document.getElementById('r2').scrollIntoView()")
        before = place_of(visitor, "#r2")
        store_logs(acme, log("Below"), asked | {"status": "success", "response": answer})
        expect(running).to_contain_text("Here it is.")
        expect(running).not_to_have_attribute("aria-busy", "true")
        expect(running.locator(".live-dot")).to_have_count(0)
        expect(row.locator(".live-dot")).to_have_count(0)
        expect(visitor.locator("#session-news a")).to_have_text("1 new below")
        assert abs(place_of(visitor, "#r2") - before) < 2
        assert visitor.evaluate("document.activeElement.closest('.req').id") == "r2"
        number += 2
    assert problems == []


def test_what_is_open_in_the_last_request_stays_while_it_grows(
    session: Session, acme: Project, visitor: Page, live_server: LiveServer, problems: list[str]
) -> None:
    visitor.set_viewport_size({"width": 1600, "height": 900})
    thoughts = "Let me think.\n" * 40
    said: dict[str, Any] = {"role": "assistant", "reasoning_content": thoughts, "content": "First part.\n\nSecond"}
    asked = log("Look", request_id="grows", ended_at=None, status="running", usage=None, response=answer_of(said))
    store_logs(acme, asked)
    visitor.goto(f"{live_server.url}/p/acme/sessions/{session.id}/")
    last, facts = visitor.locator("#r13"), visitor.locator("#inspector")
    last.locator(".req-when").click()
    expect(facts).to_contain_text("running")
    open_folds(last)
    # More of the answer comes. What is selected stays so, in a text that grows as well.
    visitor.evaluate(
        "([first, last]) => getSelection().setBaseAndExtent(first, 0, last.firstChild, 3)",
        last.locator(".out > .prose p").element_handles(),
    )
    said["content"] += " part.\n\nThird part."
    store_logs(acme, asked | {"response": answer_of(said)})
    expect(last).to_contain_text("Third part.")
    check_folds(last)
    assert visitor.evaluate("String(getSelection())").split() == ["First", "part.", "Sec"]
    # Then its calls, and the inspector tells that it has ended.
    calls = [{"id": f"call_{n}", "type": "function", "function": {"name": "look", "arguments": "{}"}} for n in range(2)]
    said["tool_calls"] = calls
    ended = {"status": "success", "ended_at": datetime.now(UTC).isoformat()}
    store_logs(acme, asked | ended | {"response": answer_of(said)})
    expect(last).not_to_have_attribute("aria-busy", "true")
    expect(facts).not_to_contain_text("running")
    check_folds(last)
    # Then the result of one of them, with the next request.
    open_folds(last)
    history = [{"role": "user", "content": "Look"}, said]
    result = {"role": "tool", "tool_call_id": "call_0", "content": "Nothing there."}
    store_logs(acme, log("", request={"model": "gpt-4o", "messages": [*history, result]}))
    expect(last).to_contain_text("Nothing there.")
    check_folds(last)
    assert problems == []


def open_folds(article: Locator) -> None:
    """Open all, mark the elements to know them again, and set the focus to the last one."""
    article.locator("details").evaluate_all("all => all.forEach(one => { one.open = one.mark = true; })")
    article.locator("summary").last.focus()


def check_folds(article: Locator) -> None:
    marked = article.locator("details").evaluate_all("all => all.map(one => [one.open, one.mark ?? false])")
    assert [True, True] in marked
    assert [True, False] not in marked
    assert [False, True] not in marked
    assert article.evaluate("one => one.contains(document.activeElement)")
    assert article.page.evaluate("document.activeElement.localName") == "summary"


def answer_of(message: dict[str, Any]) -> dict[str, Any]:
    return {"choices": [{"message": dict(message)}]}


def test_rows_follow(
    session: Session, acme: Project, writer: Writer, visitor: Page, live_server: LiveServer, problems: list[str]
) -> None:
    visitor.set_viewport_size({"width": 1280, "height": 500})
    address = f"{live_server.url}/p/acme/sessions/{session.id}/"
    asked = log("Still there?", request_id="long", response=None, ended_at=None, status="running", usage=None)
    store_logs(acme, asked)
    visitor.goto(f"{address}?view=waterfall")
    rows, follow = visitor.locator("#waterfall-rows .wf-row[data-n]"), visitor.locator("#follow")
    visitor.locator("#w4 .wf-num").first.click()
    visitor.locator("#w4 a").focus()
    bar = visitor.locator("#w2 rect").last
    drawn, before = bar.get_attribute("x"), place_of(visitor, "#w4")
    running = visitor.locator("#w13")
    expect(running).to_have_attribute("data-state", "live")
    # Its bar and its duration grow by the server's clock, without a question.
    length, growing = running.locator("[data-began]"), running.locator("rect")
    said, width = length.text_content() or "", growing.get_attribute("width") or ""
    expect(length).not_to_have_text(said)
    expect(growing).not_to_have_attribute("width", width)
    writer.start()
    # The rows come below, the axis is drawn anew, and nothing moves.
    expect(visitor.locator("#w20")).to_be_attached()
    expect(bar).not_to_have_attribute("x", drawn or "")
    expect(visitor.locator("#session-news a")).to_have_text(re.compile(r"^\d+ new below$"))
    assert abs(place_of(visitor, "#w4") - before) < 2
    expect(visitor.locator("#w4")).to_have_attribute("aria-current", "true")
    assert visitor.evaluate("document.activeElement.closest('.wf-row').id") == "w4"
    store_logs(acme, asked | {"status": "success", "ended_at": datetime.now(UTC).isoformat()})
    expect(running).not_to_have_attribute("data-state", "live")
    press(visitor, ".")
    expect(follow).to_be_checked()
    expect(visitor.locator("#w35")).to_be_attached()
    expect(rows.last).to_be_in_viewport()
    # A table in the order of time gets rows as well. In another order, those that are there change.
    visitor.goto(f"{address}?view=table")
    rows = visitor.locator("main tbody tr[data-row]")
    there = rows.count()
    expect(visitor.locator(f"#r{there + 3}")).to_be_attached()
    visitor.goto(f"{address}?view=table&sort=-n")
    writer.stop()
    runs = log("Wait", request_id="other", response=None, ended_at=None, status="running", usage=None)
    store_logs(acme, runs)
    last = session.request_count + writer.written + 2
    visitor.goto(f"{address}?view=table&sort=-cost")
    row = visitor.locator(f"#r{last}")
    expect(row).to_have_attribute("data-state", "live")
    order = rows.evaluate_all("all => all.map(one => one.dataset.id)")
    store_logs(acme, log("More"), runs | {"status": "success", "response": {"choices": []}, "usage": None})
    expect(row).not_to_have_attribute("data-state", "live")
    expect(visitor.locator("#session-news a")).to_have_text("1 new: show")
    # There is something to choose from now.
    store_logs(acme, log("Bad", status="error"))
    expect(visitor.locator("#table-kinds")).to_contain_text("Failed")
    assert rows.evaluate_all("all => all.map(one => one.dataset.id)") == order
    assert problems == []


def test_a_late_log_leaves_the_requests_of_a_long_session(
    acme: Project, visitor: Page, live_server: LiveServer, problems: list[str]
) -> None:
    began = datetime.now(UTC) - timedelta(minutes=5)
    session = make_session(
        acme, "talk", *[make_log(f"Text {n}", started_at=began + timedelta(seconds=n)) for n in range(110)]
    )
    visitor.goto(f"{live_server.url}/p/acme/sessions/{session.id}/?from=105")
    numbers = "all => all.map(one => Number(one.id.slice(1)))"
    shown = visitor.locator(".req").evaluate_all(numbers)
    total = visitor.locator("#session-totals dd").first
    # All requests on the page have another number now.
    store_logs(acme, make_log("Logged late", session_id="talk", started_at=began - timedelta(seconds=1)))
    expect(visitor.locator("#session-news a")).to_have_text("1 new: show")
    expect(total).to_have_text("111")
    assert visitor.locator(".req").evaluate_all(numbers) == shown
    store_logs(acme, log("And one more"))
    expect(total).to_have_text("112")
    expect(visitor.locator("#session-news a")).to_have_text("2 new: show")
    assert problems == []
