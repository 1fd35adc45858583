"""Selecting rows, the bar, and a deletion from its preview to its end."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from sessions_app.access.rights import DELETE_SESSIONS, TAG_SESSIONS
from sessions_app.models import Project, Session
from tests.browser import press
from tests.factories import grant, make_session

pytestmark = pytest.mark.django_db(transaction=True)


def test_rows_are_selected_tagged_and_deleted(
    visitor: Page, live_server: LiveServer, project: Project, problems: list[str]
) -> None:
    grant(User.objects.get(username="alice"), TAG_SESSIONS, DELETE_SESSIONS)
    for number in range(5):
        make_session(project, f"s{number}")
    visitor.goto(f"{live_server.url}/p/acme/sessions/")
    bar, picks = visitor.locator("#bulk"), visitor.locator("[name=pick]")
    expect(bar).to_be_hidden()
    press(visitor, "j", "x")
    expect(bar).to_be_visible()
    assert picks.nth(0).is_checked()
    picks.nth(2).click(modifiers=["Shift"])
    assert [pick.is_checked() for pick in picks.all()] == [True, True, True, False, False]
    bar.get_by_role("textbox").fill("good")
    bar.get_by_role("button", name="Add tag").click()
    expect(visitor.locator("#bulk-action")).to_contain_text("Done: 3 sessions")
    visitor.get_by_role("link", name="Back to the sessions").click()
    expect(visitor.locator(".c-title .tag")).to_have_count(3)
    visitor.locator("#pick-page").click()
    assert all(pick.is_checked() for pick in picks.all())
    # Cards of a narrow window have their boxes, so the bar is there, too.
    visitor.set_viewport_size({"width": 390, "height": 844})
    box = bar.bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    bar.get_by_role("button", name="Delete…").click()
    expect(visitor.locator("#bulk-action")).to_contain_text("5 sessions with 5 requests")
    assert Session.objects.count() == 5
    visitor.get_by_role("button", name="Delete sessions").click()
    expect(visitor.locator("#bulk-action")).to_contain_text("Done: 5 sessions")
    assert not Session.objects.exists()
    assert problems == []
