"""The Content-Security-Policy in a real browser: it forbids what it should, and Django's admin site works under it."""

from __future__ import annotations

import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from logsui import urls

HOSTILE = """<!DOCTYPE html><title>hostile</title><script>document.title = 'inline'</script>
<img src="x" onerror="document.title = 'handler'"><img src="{elsewhere}/image">
<p id="p" style="color: red">text</p><a href="javascript:document.title = 'link'">link</a>
<form action="{elsewhere}/form"><button>send</button></form>"""
HITS: list[str] = []


def hostile(request: HttpRequest) -> HttpResponse:
    return HttpResponse(HOSTILE.format(elsewhere=f"http://127.0.0.1:{request.get_port()}/elsewhere"))


def elsewhere(request: HttpRequest, what: str) -> HttpResponse:
    HITS.append(what)
    return HttpResponse("")


def own_policy(request: HttpRequest) -> HttpResponse:
    return HttpResponse("", headers={"Content-Security-Policy": "default-src 'none'; sandbox"})


def failing(request: HttpRequest) -> HttpResponse:
    # Django's own errors, and those of statements that go past it.
    kind = psycopg.OperationalError if "raw" in request.GET else OperationalError
    raise kind("server closed the connection unexpectedly")


def broken(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError


urlpatterns = [
    path("hostile", hostile),
    path("elsewhere/<what>", elsewhere),
    path("own", own_policy),
    path("failing", failing),
    path("broken", broken),
    *urls.urlpatterns,
]


@pytest.mark.urls("tests.logsui.test_middleware")
@pytest.mark.django_db(transaction=True)
def test_nothing_hostile_runs_or_loads(live_server: LiveServer, page: Page) -> None:
    HITS.clear()
    # The same server by another name: another origin.
    assert live_server.url.startswith("http://localhost:")
    page.goto(f"{live_server.url}/hostile")
    page.get_by_text("link").click()
    page.wait_for_timeout(200)
    assert page.title() == "hostile"
    assert page.evaluate("getComputedStyle(document.getElementById('p')).color") == "rgb(0, 0, 0)"
    # Not Playwright's click, which waits for the page that the policy refuses.
    page.evaluate("document.querySelector('button').click()")
    page.wait_for_timeout(200)
    assert HITS == []


@pytest.mark.urls("tests.logsui.test_middleware")
def test_a_page_may_have_a_stricter_policy(client: Client) -> None:
    assert client.get("/own").headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


@pytest.mark.django_db(transaction=True)
def test_admin_site_works_under_it(live_server: LiveServer, page: Page) -> None:
    User.objects.create_superuser("ann", password="correct horse")
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.goto(f"{live_server.url}/admin/")
    page.get_by_label("User name").fill("ann")
    page.get_by_label("Password").fill("correct horse")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Manage logs, access and projects").wait_for()
    # A form with scripts of every kind: folded fieldsets, date pickers, two lists to choose from.
    page.goto(f"{live_server.url}/admin/auth/user/{User.objects.get().pk}/change/")
    page.get_by_role("link", name="Today").first.click()
    assert page.input_value("#id_last_login_0") != ""
    page.locator(".selector-available option").first.wait_for(state="attached")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("was changed successfully").wait_for()
    assert problems == []


@pytest.mark.urls("tests.logsui.test_middleware")
@pytest.mark.parametrize("path", ["/failing", "/failing?raw"])
def test_page_without_a_database_asks_to_come_back(client: Client, path: str) -> None:
    response = client.get(path)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "2")
    assert b"The database does not answer" in response.content
    assert b"closed the connection" not in response.content


@pytest.mark.urls("tests.logsui.test_middleware")
def test_other_failures_stay_failures(client: Client) -> None:
    client.raise_request_exception = False
    assert client.get("/broken").status_code == 500
