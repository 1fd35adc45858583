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
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from sessions_app.ingest import cleanup, names
from sessions_app.models import Project, Session
from tests.browser import press
from tests.factories import make_log, make_project, make_session, store_logs

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
def acme(transactional_db: None) -> Project:
    return make_project()


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
    assert visitor.locator(".req").count() == 12
    # What is around the requests tells of what came, also to those who do not follow.
    expect(visitor.locator("#session-totals dd").first).to_have_text(re.compile(r"^(1[3-9]|[2-9]\d)$"))
    expect(visitor.locator("#outline-rows li[data-n='13']")).to_be_attached()
    # Going on from there: what has come is below, in sight, and so is what comes.
    press(visitor, ".")
    expect(follow).to_be_checked()
    expect(visitor.locator("#r20")).to_be_attached()
    expect(visitor.locator("#r30")).to_be_attached()
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
    # The other views are redrawn where they stand. Nothing moves there, either.
    count = last + 1
    for view, row in (("table", "tr[data-row]"), ("waterfall", ".wf-row[data-n]")):
        visitor.goto(f"{live_server.url}/p/acme/sessions/{session.id}/?view={view}")
        rows = visitor.locator(f"main {row}")
        expect(rows).to_have_count(count)
        if view == "waterfall":
            visitor.locator("#w3 > .wf-name > .wf-n").click()
        before = rows.nth(2).bounding_box()
        store_logs(acme, log(f"One for the {view}"))
        count += 1
        expect(rows).to_have_count(count)
        expect(visitor.locator("#session-totals dd").first).to_have_text(str(count))
        assert before is not None
        assert rows.nth(2).bounding_box()["y"] == pytest.approx(before["y"], abs=2)  # type: ignore[index]
        points = visitor.locator("#curves-drawn").get_attribute("data-points")
        assert points is not None
        assert len(points.split("\n")) == count
        if view == "waterfall":
            assert visitor.evaluate("document.querySelector('.wf-row[aria-current]').id") == "w3"
    # In another order, rows change where they stand, and what is new is announced.
    visitor.goto(f"{live_server.url}/p/acme/sessions/{session.id}/?view=table&sort=-duration")
    rows = visitor.locator("main tr[data-row]")
    store_logs(acme, log("And one more"))
    expect(pill).to_have_text("1 new: show")
    expect(visitor.locator("#session-totals dd").first).to_have_text(str(count + 1))
    expect(rows).to_have_count(count)
    cleanup.delete_sessions(acme.pk, [session.pk])
    expect(visitor.locator("#session-news")).to_have_text("This session was deleted")
    expect(rows).to_have_count(count)
    # Logs may come again under its id.
    store_logs(acme, log("It goes on"))
    visitor.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(visitor.locator("#session-news a")).to_have_text("This session is there again: show")
    assert [text for text in problems if "404" not in text] == []
