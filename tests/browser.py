"""One Chromium for each process that runs tests, and in it one context with JavaScript and one without.

A new context costs half a second of a processor, most of it for a new renderer process. So contexts last as long as the
browser: each test gets a page of its own, and afterwards what the context keeps is cleared. The options of
pytest-playwright that record (`--tracing`, `--video`, `--screenshot`) only know contexts that it makes itself.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from sessions_app.queries import watching

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER_MISSING = (
    "The browser tests need an installed Chromium and found none of: " + ", ".join(BROWSERS) + ". "
    "Debian and Ubuntu: apt-get install chromium. Elsewhere, set LOGSUI_TEST_BROWSER to the program's path."
)
# With the first, a new page takes the renderer process of another page of the same server.
ARGUMENTS = ["--process-per-site", "--disable-gpu"]
# Any file that is served without a database.
KEEPER_PATH = "/static/favicon.svg"

# Here a question of an open page occupies a thread of the server, which ends only with its answer.
watching.HOLD_SECONDS = 1.0

# A busy machine may need longer than Playwright's own 5 seconds.
expect.set_options(timeout=30_000)


def find_browser() -> str | None:
    chosen = os.environ.get("LOGSUI_TEST_BROWSER")
    return chosen or next((path for name in BROWSERS if (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The machine's own Chromium; nothing is downloaded."""
    path = find_browser()
    if path is None:
        pytest.fail(BROWSER_MISSING, pytrace=False)
    return browser_type_launch_args | {"executable_path": path, "args": ARGUMENTS}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return browser_context_args | {"timezone_id": "Europe/Berlin", "locale": "en-GB"}


@contextmanager
def opened_context(browser: Browser, server: LiveServer, **arguments: Any) -> Iterator[BrowserContext]:
    """A context with one page that stays open, so that its renderer process does."""
    context = browser.new_context(**arguments)
    context.new_page().goto(server.url + KEEPER_PATH)
    yield context
    context.close()


def clear(context: BrowserContext) -> None:
    """Leave the context as a new one, but for its cache of files."""
    keeper, *pages = context.pages
    for page in pages:
        page.close()
    context.clear_cookies()
    context.clear_permissions()
    keeper.evaluate("localStorage.clear()")


@pytest.fixture(scope="session")
def lasting_context(
    browser: Browser, browser_context_args: dict[str, Any], live_server: LiveServer
) -> Iterator[BrowserContext]:
    with opened_context(browser, live_server, **browser_context_args) as context:
        yield context


@pytest.fixture
def context(lasting_context: BrowserContext) -> Iterator[BrowserContext]:
    """In the place of pytest-playwright's fixture, whose `page` is a new page of this one."""
    yield lasting_context
    clear(lasting_context)


@pytest.fixture(scope="session")
def lasting_context_without_script(browser: Browser, live_server: LiveServer) -> Iterator[BrowserContext]:
    with opened_context(browser, live_server, java_script_enabled=False) as context:
        yield context


@pytest.fixture
def page_without_script(lasting_context_without_script: BrowserContext) -> Iterator[Page]:
    """A page in which JavaScript is off."""
    yield lasting_context_without_script.new_page()
    clear(lasting_context_without_script)


def press(page: Page, *keys: str) -> None:
    """Press keys one after the other, on a page that may have just been opened by a key or a click."""
    runs_scripts(page)
    for key in keys:
        page.keyboard.press(key)


def runs_scripts(page: Page) -> None:
    """Wait until scripts answer to keys and clicks: a page shows its content before they run."""
    page.wait_for_load_state()
