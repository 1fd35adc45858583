"""A user, and clients that are signed in: Django's, and a real Chromium."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AbstractBaseUser
from django.test import Client
from playwright.sync_api import BrowserContext, ConsoleMessage, Page
from pytest_django.live_server_helper import LiveServer

from sessions_app.access.rights import MAKE_KEYS, MAKE_PROJECTS
from sessions_app.models import Project
from tests.factories import make_project, make_user


@pytest.fixture
def acme(transactional_db: None) -> Project:
    """A project that the browser's server sees, too."""
    return make_project()


@pytest.fixture
def user(db: None) -> AbstractBaseUser:
    return make_user()


@pytest.fixture
def signed_in(client: Client, user: AbstractBaseUser) -> Client:
    client.force_login(user)
    return client


@pytest.fixture
def problems(page: Page) -> list[str]:
    """What the browser complained about so far: errors of scripts, and what the Content-Security-Policy refused."""
    found: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            found.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


@pytest.fixture
def visitor(page: Page, context: BrowserContext, live_server: LiveServer, problems: list[str]) -> Page:
    """A page of a signed-in browser; the paths it is sent to are relative to the server."""
    client = Client()
    client.force_login(make_user("alice", MAKE_KEYS, MAKE_PROJECTS))
    cookie = client.cookies["logsui_session"]
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
    return page
