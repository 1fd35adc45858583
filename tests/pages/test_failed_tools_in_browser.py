"""Half of a call's line is kept for its result, and e visits failed calls. In a real Chromium."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from sessions_app.models import Session
from tests.browser import press
from tests.factories import make_project, make_session
from tests.pages.conversations import Message, assistant, call, chat, result, user

pytestmark = pytest.mark.django_db(transaction=True)

LONG = json.dumps({"command": "python -m pytest tests/ingest tests/storage --maxfail=1 -q " * 6})
ERROR = "Error: the folder tests/ingest of this checkout has no tests that could be run today"


@pytest.fixture
def session(transactional_db: None) -> Session:
    messages: list[Message] = [user("Test it")]
    logs = [chat(messages, assistant("", tool_calls=[call("c0", "run_the_shell_command", LONG)]))]
    for number, text in enumerate((ERROR, "12 passed", ERROR, "Fine")):
        asked = assistant("", tool_calls=[call(f"c{number}", "run_the_shell_command", LONG)])
        messages = [*messages, asked, result(f"c{number}", text)]
        answer = assistant("", tool_calls=[call(f"c{number + 1}", "run_the_shell_command", LONG)])
        logs.append(chat(messages, answer, at=10 * (number + 1)))
    return make_session(make_project(), "s", *logs)


@pytest.mark.parametrize("width", [1440, 390])
def test_half_of_a_line_is_kept_for_the_result(
    session: Session, visitor: Page, live_server: LiveServer, width: int, problems: list[str]
) -> None:
    visitor.set_viewport_size({"width": width, "height": 900})
    visitor.goto(f"{live_server.url}/p/acme/sessions/{session.id}/")
    line = visitor.locator("details.tool > summary").first
    whole, asked, came = (
        box for part in (line, line.locator(".tool-asked"), line.locator(".tool-res")) if (box := part.bounding_box())
    )
    assert asked["width"] <= whole["width"] / 2 + 1
    assert asked["x"] + asked["width"] <= came["x"] + 1
    name = line.locator(".tool-name").bounding_box()
    assert name
    assert name["x"] + name["width"] <= came["x"] + 1
    # Its beginning is seen: "→ Error:" at least.
    assert came["width"] > 60
    mark = line.locator(".status").bounding_box()
    assert mark
    assert came["x"] + came["width"] <= mark["x"] + 1
    assert mark["x"] + mark["width"] <= whole["x"] + whole["width"]
    assert problems == []


def test_e_visits_failed_calls(session: Session, visitor: Page, live_server: LiveServer, problems: list[str]) -> None:
    visitor.set_viewport_size({"width": 1440, "height": 700})
    visitor.goto(f"{live_server.url}/p/acme/sessions/{session.id}/")
    failed = visitor.locator("details.tool[data-state=looks_failed] > summary")
    for key, request, place in (("e", "r2", 0), ("e", "r4", 1), ("E", "r2", 0)):
        press(visitor, key)
        expect(visitor.locator(".req[aria-current]")).to_have_id(request)
        expect(failed.nth(place)).to_be_focused()
        expect(failed.nth(place)).to_be_in_viewport()
    press(visitor, "E")
    expect(visitor.locator(".toast")).to_have_text("No failure comes before")
    assert problems == []
