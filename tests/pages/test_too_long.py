"""A statement that takes too long: the page, a part of it, and the API say so, and what to ask instead."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import AbstractBaseUser
from django.db import connection
from django.http import QueryDict
from django.test import Client
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from sessions_app.access.keys import create_key
from sessions_app.models import Project
from sessions_app.pages.too_long import ways_to_ask_for_less
from sessions_app.queries.filters import parse_filters
from tests.factories import make_log, make_project, make_session

pytestmark = pytest.mark.django_db(transaction=True)

SESSIONS = "/p/acme/sessions/"


@contextmanager
def locked(table: str) -> Iterator[None]:
    """Whoever reads the table waits, until the timeout of the statement."""
    parameters = connection.get_connection_params()
    with psycopg.connect(**{k: v for k, v in parameters.items() if k not in ("cursor_factory", "context")}) as other:
        other.execute(f"LOCK TABLE {table}")
        yield
        other.rollback()


@pytest.fixture
def slow(settings: Any, transactional_db: None) -> Iterator[Project]:
    """A project of which the sessions cannot be read in time."""
    settings.LOGSUI_PAGE_STATEMENT_SECONDS = 0.2
    project = make_project()
    make_session(project, "a", make_log("A robot"))
    with locked("session"):
        yield project


@pytest.fixture
def reader(client: Client, user: AbstractBaseUser) -> Client:
    client.force_login(user)
    return client


def links(page: str) -> dict[str, str]:
    found = re.findall(r'<a class="btn" href="([^"]*)">(.*?)</a>', page, re.DOTALL)
    return {unescape(re.sub("<[^>]*>", "", words)): unescape(href) for href, words in found}


def test_the_page_keeps_the_query_and_says_what_to_narrow(slow: Project, reader: Client) -> None:
    response = reader.get(f"{SESSIONS}?q=<b>robot+has:branch&order=-cost")
    page = response.content.decode()
    assert response.status_code == 504
    assert "This page took too long" in page
    assert 'name="q" id="q" value="&lt;b&gt;robot has:branch"' in page
    assert f'action="{SESSIONS}"' in page
    assert links(page) == {
        "Without has:branch": f"{SESSIONS}?q=%3Cb%3Erobot&order=-cost",
        "Last 24 hours": f"{SESSIONS}?q=%3Cb%3Erobot+has%3Abranch&range=24h&order=-cost",
        "Last 7 days": f"{SESSIONS}?q=%3Cb%3Erobot+has%3Abranch&range=7d&order=-cost",
        "Newest first": f"{SESSIONS}?q=%3Cb%3Erobot+has%3Abranch",
        "Try again": f"{SESSIONS}?q=%3Cb%3Erobot+has%3Abranch&order=-cost",
    }


@pytest.mark.parametrize(
    ("query", "labels"),
    [
        ("q=", ["Last 24 hours", "Last 7 days"]),
        ("q=one+two+three+four", ["Last 24 hours", "Last 7 days", "Without four", "Without three"]),
        ("q=one&range=24h", ["Last hour"]),
        ("q=one&range=15m", []),
        ("from=2026-01-01&to=2026-03-01", ["Its last day alone"]),
        ("from=2026-01-01&to=2026-01-01", []),
    ],
)
def test_ways_are_those_that_ask_for_less(query: str, labels: list[str]) -> None:
    assert [way.label for way in ways_to_ask_for_less(parse_filters(QueryDict(query)).filters, "")] == labels


def test_a_part_says_it_in_its_place(slow: Project, reader: Client) -> None:
    def part(path: str, target: str = "") -> Any:
        return reader.get(path, headers={"HX-Request": "true"} | ({"HX-Target": target} if target else {}))

    rows = part(f"{SESSIONS}?q=robot", "results")
    assert rows.status_code == 504
    assert rows.content.decode().lstrip().startswith('<section id="results"')
    assert "Last 24 hours" in links(rows.content.decode())
    assert rows.headers["HX-Push-Url"] == f"{SESSIONS}?q=robot"
    for region in ("facets", "overview"):
        answer = part(f"{SESSIONS}{region}/?q=robot")
        assert "took longer than 0.2 seconds" in answer.content.decode()
        assert "HX-Reswap" not in answer.headers
    assert part(f"{SESSIONS}new/?newest=1.{'0' * 32}", "news").headers["HX-Reswap"] == "none"
    find = part(f"{SESSIONS}00000000-0000-0000-0000-000000000001/find/?find=x", "find")
    assert find.headers["HX-Reswap"] == "beforeend"


def test_the_requests_page_too(settings: Any, transactional_db: None, reader: Client) -> None:
    settings.LOGSUI_PAGE_STATEMENT_SECONDS = 0.2
    make_project()
    with locked("request_search"):
        page = reader.get("/p/acme/requests/?q=robot&range=7d")
    assert page.status_code == 504
    assert links(page.content.decode())["Last hour"] == "/p/acme/requests/?q=robot&range=1h"


def test_even_the_user_cannot_be_read(settings: Any, transactional_db: None, reader: Client) -> None:
    settings.LOGSUI_PAGE_STATEMENT_SECONDS = 0.2
    with locked("auth_user"):
        page = reader.get(SESSIONS)
    assert page.status_code == 504
    assert "This page took too long" in page.content.decode()


def test_the_api_says_what_to_narrow(slow: Project) -> None:
    secret = create_key(slow, "reader", ["read"])[1]
    answer = Client().get("/api/v1/sessions?q=robot", headers={"authorization": f"Bearer {secret}"})
    error = json.loads(answer.content)["error"]
    assert (answer.status_code, error["type"]) == (504, "timeout")
    assert "a shorter time (from, to), fewer words, no has:branch" in error["message"]


def test_the_browser_shows_it_inside_the_page(
    settings: Any, visitor: Page, transactional_db: None, live_server: LiveServer
) -> None:
    make_session(make_project(), "a", make_log("A robot"))
    visitor.goto(live_server.url + SESSIONS)
    expect(visitor.locator(".histo .sum")).to_contain_text("1 session")
    settings.LOGSUI_PAGE_STATEMENT_SECONDS = 0.2
    visitor.locator("#q").fill("robot")
    with locked("session"):
        visitor.locator("#q").press("Enter")
        expect(visitor.locator("#results")).to_contain_text("This took too long")
        expect(visitor.locator("#facets")).to_contain_text("took longer than")
        expect(visitor).to_have_url(re.compile(r"\?q=robot$"))
    settings.LOGSUI_PAGE_STATEMENT_SECONDS = 10
    visitor.locator("#results").get_by_role("link", name="Try again").click()
    expect(visitor.locator(".sessions .title")).to_have_text(["A robot"])
