"""The admin site and the API's page in a real browser, under the real Content-Security-Policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from sessions_app.models import Project, RejectedLog, Session
from tests.admin.conftest import log
from tests.admin.test_rejected import reject  # noqa: F401

EVIL = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"


@pytest.fixture
def complaints(page: Page) -> Iterator[list[str]]:
    """What the browser's console says against the pages; none of them may give it a reason."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    yield said
    assert not said


@pytest.fixture
def admin_page(page: Page, live_server: LiveServer, complaints: list[str]) -> Page:
    """Signed in as a superuser."""
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    cookie = client.cookies["logsui_session"]
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
    return page


def test_sessions_are_selected_confirmed_and_deleted(
    admin_page: Page, live_server: LiveServer, store: Callable[..., None]
) -> None:
    store(
        log(0, "kept"), log(1, EVIL, user=EVIL), log(2, "s2", request={"messages": [{"role": "user", "content": EVIL}]})
    )
    page = admin_page
    page.goto(f"{live_server.url}/admin/sessions_app/session/")
    for row in page.get_by_role("row").filter(has_not_text="kept").filter(has=page.get_by_role("checkbox")).all()[1:]:
        row.get_by_role("checkbox").check()
    page.get_by_label("Action:").select_option("delete_selected")
    page.get_by_role("button", name="Go").click()
    page.get_by_role("button", name="Yes, I’m sure").click()

    page.get_by_text("Deleted 2 sessions and 2 requests").wait_for()
    assert [session.session_key for session in Session.objects.all()] == ["kept"]
    page.get_by_role("link", name="question 0 of kept").click()
    page.get_by_role("link", name="1 requests").click()
    page.get_by_role("link", name="kept-0").click()
    page.get_by_role("link", name="Delete").click()
    assert page.title() != "owned"


def test_rejected_log_is_corrected_and_replayed(
    admin_page: Page,
    live_server: LiveServer,
    reject: Callable[..., RejectedLog],  # noqa: F811
) -> None:
    row = reject(log(1, cost=EVIL), reason=EVIL)
    page = admin_page
    page.goto(f"{live_server.url}/admin/sessions_app/rejectedlog/{row.pk}/change/")
    assert EVIL.replace('"', '\\"') in page.get_by_label("Log:").input_value()

    page.get_by_label("Log:").fill('{"request": {}}')
    page.get_by_role("button", name="Save and replay").click()

    page.get_by_text("Sent 1 log to the inbox again").wait_for()
    assert page.title() != "owned"


@pytest.mark.parametrize("address", ["", "sessions_app/project/", "sessions_app/apikey/", "sessions_app/inboxentry/"])
def test_other_pages(admin_page: Page, live_server: LiveServer, project: Project, address: str) -> None:
    answer = admin_page.goto(f"{live_server.url}/admin/{address}")

    assert answer is not None
    assert answer.status == 200


def test_project_is_deleted_after_a_question(
    admin_page: Page, live_server: LiveServer, project: Project, store: Callable[..., None]
) -> None:
    store(log())
    page = admin_page
    page.goto(f"{live_server.url}/admin/sessions_app/project/")
    page.get_by_role("row").filter(has_text="default").get_by_role("checkbox").check()
    page.get_by_label("Action:").select_option("delete_with_sessions")
    page.get_by_role("button", name="Go").click()
    page.get_by_text("1 session with 1 request").wait_for()
    page.get_by_role("button", name="Delete permanently").click()

    page.get_by_text("Deleted 1 session and 1 request").wait_for()
    assert not Project.objects.exists()


@pytest.mark.parametrize("width", [1440, 390])
def test_description_of_the_api(page: Page, live_server: LiveServer, complaints: list[str], width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{live_server.url}/api/v1/docs")

    page.get_by_role("heading", name="Send logs", exact=True).wait_for()
    page.get_by_role("link", name="RejectedLog").first.click()
    assert page.url.endswith("#RejectedLog")
    # Nothing sticks out of the page.
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
