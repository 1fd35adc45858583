"""Drawn tool calls in a real Chromium: their raw text and back, with the mouse and with keys; messages raw."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from sessions_app.ingest.accept import accept_body
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import Session
from tests.browser import press
from tests.factories import make_project
from tests.pages.tool_calls import CALLS, conversation

pytestmark = pytest.mark.django_db(transaction=True)

SHOWN = ("codex shell", "claude Bash", "claude Edit", "claude Read", "rows", "data")


def test_a_drawing_and_its_raw_text_take_turns(visitor: Page, live_server: LiveServer, transactional_db: None) -> None:
    project = make_project()
    assert not accept_body(
        project.pk, "native", json.dumps(conversation({n: CALLS[n] for n in SHOWN})).encode()
    ).rejected
    digest_until_empty()
    session = Session.objects.get(project_id=project.pk)
    visitor.goto(f"{live_server.url}/p/acme/sessions/{session.id}/")

    edit = visitor.locator("details.tool", has=visitor.locator(".tool-name", has_text="Edit"))
    edit.locator("summary").click()
    drawing = edit.locator(".drawn").first
    expect(drawing.locator("ins")).to_be_visible()
    drawing.get_by_role("link", name="Raw").click()
    expect(drawing.locator(".drawn-raw")).to_contain_text('"old_string": "def add(a, b):\\n    return a - b"')
    expect(drawing.locator("ins")).to_be_hidden()
    drawing.get_by_role("link", name="Drawn").click()
    expect(drawing.locator("ins")).to_be_visible()
    expect(drawing.locator(".drawn-raw")).to_be_hidden()

    # The key does it for the call that has the focus: what was asked for and what came back.
    shell = visitor.locator("details.tool", has=visitor.locator(".tool-name", has_text="shell"))
    shell.locator("summary").first.focus()
    press(visitor, "x")
    expect(shell.locator(".drawn-raw").nth(1)).to_contain_text('"exit_code"')
    expect(edit.locator("ins")).to_be_visible()
    press(visitor, "x")
    expect(shell.locator(".exit")).to_be_visible()

    # Lines are numbered, their text is as it was.
    reading = visitor.locator("details.tool", has=visitor.locator(".tool-name", has_text="Read"))
    reading.locator("summary").first.click()
    line = reading.locator(".line").first
    assert line.evaluate("line => getComputedStyle(line, '::before').content") == '"41"'
    assert line.inner_text().rstrip("\n") == "def add(a, b):"

    assert visitor.evaluate("document.querySelector('.tool [style]')") is None
    press(visitor, "m")
    expect(visitor.locator(".prose[data-plain]").first).to_contain_text("Mend **add** in `calc.py`.")
    assert "text=raw" in visitor.url
    visitor.set_viewport_size({"width": 390, "height": 800})
    visitor.evaluate("for (const tool of document.querySelectorAll('details.tool')) tool.open = true")
    assert visitor.evaluate("document.documentElement.scrollWidth") == 390
