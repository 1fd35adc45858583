"""What all pages share: who may see them, the project, zone and theme, headers, the errors' pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template
from django.test import Client
from django.urls import reverse

from sessions_app.models import Project
from sessions_app.queries.projects import MAX_LISTED
from tests.factories import START, make_project, make_session

PAGES = ["sessions", "sessions_news", "onboarding", "onboarding_waiting", "keys", "project"]


@pytest.mark.parametrize("name", PAGES)
def test_pages_need_a_user(client: Client, project: Project, name: str) -> None:
    address = reverse(name, args=["acme"])
    response = client.get(address + "?q=a b")
    assert response.status_code == 302
    assert response.url == f"/login/?next={address}%3Fq%3Da%2520b"


@pytest.mark.parametrize("name", PAGES)
def test_partial_for_somebody_signed_out_loads_the_page_anew(client: Client, project: Project, name: str) -> None:
    response = client.get(reverse(name, args=["acme"]), headers={"HX-Request": "true"})
    assert response.headers["HX-Refresh"] == "true"
    assert b"<form" not in response.content


@pytest.mark.parametrize("name", PAGES)
def test_unknown_project_is_not_found(signed_in: Client, name: str) -> None:
    response = signed_in.get(reverse(name, args=["nowhere"]))
    assert response.status_code == 404
    assert b"There is nothing here" in response.content


def test_inactive_user_is_signed_out(signed_in: Client, project: Project, user: object) -> None:
    user.is_active = False  # type: ignore[attr-defined]
    user.save()  # type: ignore[attr-defined]
    assert signed_in.get("/p/acme/sessions/").status_code == 302


def test_pages_are_kept_out_of_shared_caches(signed_in: Client, project: Project) -> None:
    make_session(project, "a")
    response = signed_in.get("/p/acme/sessions/")
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert {"Cookie", "HX-Request", "HX-History-Restore-Request"} <= set(response.headers["Vary"].split(", "))
    assert "unsafe" not in response.headers["Content-Security-Policy"]


def test_htmx_gets_a_partial_but_history_the_page(signed_in: Client, project: Project) -> None:
    make_session(project, "a")
    partial = signed_in.get("/p/acme/sessions/", headers={"HX-Request": "true"})
    restored = signed_in.get("/p/acme/sessions/", headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert b"<html" not in partial.content
    assert b"<html" in restored.content


def test_menu_lists_the_projects(signed_in: Client, project: Project) -> None:
    make_project("second", name="<b>Second</b>")
    page = signed_in.get("/p/acme/start/").content.decode()
    assert 'href="/p/second/sessions/"' in page
    assert "&lt;b&gt;Second&lt;/b&gt;" in page


@pytest.mark.parametrize("zone", ["Europe%2FHelsinki", "Europe/Helsinki"])
def test_times_are_shown_in_the_browsers_zone(signed_in: Client, project: Project, zone: str) -> None:
    make_session(project, "a", started_at=START, seconds=0)
    signed_in.cookies["logsui_zone"] = zone
    assert "Sat 14 Mar 2026, 11:00:00 UTC+2" in signed_in.get("/p/acme/sessions/").content.decode()


@pytest.mark.parametrize("zone", ["Nowhere/City", "../../etc/passwd", "/etc/passwd", "\x00", "a" * 5000, "", "%FF"])
def test_zone_that_is_none_means_utc(signed_in: Client, project: Project, zone: str) -> None:
    make_session(project, "a", started_at=START, seconds=0)
    signed_in.cookies["logsui_zone"] = zone
    assert "09:00:00 UTC" in signed_in.get("/p/acme/sessions/").content.decode()


# --- theme ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("theme", "attribute"), [("dark", 'data-theme="dark"'), ("light", 'data-theme="light"')])
def test_theme_is_kept_in_a_cookie(client: Client, theme: str, attribute: str) -> None:
    response = client.post("/theme/", {"theme": theme, "next": "/login/?next=/p/"})
    assert (response.status_code, response.url) == (302, "/login/?next=/p/")
    assert attribute in client.get("/login/").content.decode()


def test_theme_of_the_system_is_no_attribute(client: Client) -> None:
    client.post("/theme/", {"theme": "dark"})
    client.post("/theme/", {"theme": "system"})
    assert "data-theme=" not in client.get("/login/").content.decode()


def test_unknown_theme_changes_nothing(client: Client) -> None:
    assert "logsui_theme" not in client.post("/theme/", {"theme": '"><script>'}).cookies
    client.cookies["logsui_theme"] = '"><script>'
    assert "<script>" not in client.get("/login/").content.decode()


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"]
)
def test_theme_form_leads_nowhere_else(client: Client, target: str) -> None:
    assert client.post("/theme/", {"theme": "dark", "next": target}).url == "/"


def test_theme_is_set_by_post_only(client: Client) -> None:
    assert client.get("/theme/?theme=dark").status_code == 405


# --- errors ---------------------------------------------------------------------------------------------------------


def test_unknown_address(client: Client, db: None) -> None:
    response = client.get("/nowhere/")
    assert response.status_code == 404
    assert b"There is nothing here" in response.content


def test_failed_csrf_check_says_what_to_do(db: None) -> None:
    response = Client(enforce_csrf_checks=True).post("/login/", {"username": "a", "password": "b"})
    assert response.status_code == 403
    assert b"reload the page" in response.content


def test_error_page_needs_no_request_and_no_database() -> None:
    assert "The server failed to show this page" in get_template("500.html").render()


# --- the files themselves -------------------------------------------------------------------------------------------


def test_no_template_has_inline_script_style_or_handlers() -> None:
    forbidden = re.compile(
        r"<style|<script(?! src=)|\sstyle=|\son[a-z]+=|hx-on|javascript:|hx-vals='js:", re.IGNORECASE
    )
    # An exported page is one file, so its style is in it; its own policy allows just this style.
    others = {"export.html"}
    found = (Path(settings.BASE_DIR) / "templates").rglob("*.html")
    templates = [path for path in found if "admin" not in path.parts and path.name not in others]
    assert templates
    for path in templates:
        assert not forbidden.search(path.read_text()), path


def test_menu_says_that_there_are_more_projects_than_it_lists(signed_in: Client, project: Project) -> None:
    others = [Project(slug=f"p{number:03}", name=f"Team {number}") for number in range(MAX_LISTED)]
    Project.objects.bulk_create(others[:-1])
    address = reverse("sessions", args=["acme"]) + "?q=nothing"
    assert f"The first {MAX_LISTED}" not in signed_in.get(address).content.decode()

    others[-1].save()
    page = signed_in.get(address).content.decode()
    assert page.count('href="/p/p0') == MAX_LISTED - 1
    assert f"The first {MAX_LISTED}" in page
    assert "Team 98" in page
    assert "Team 99" not in page
