"""The columns of the two lists: named in the address, remembered in a cookie, hidden by a style."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client

from sessions_app.models import Project
from sessions_app.pages.requests import list_page as request_list
from sessions_app.pages.sessions import list_page as session_list
from sessions_app.pages.sessions.chosen_columns import COLUMNS
from tests.factories import START, make_log, make_session, store_logs


@pytest.fixture
def three(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_list, "PAGE_SIZE", 1)
    monkeypatch.setattr(request_list, "PAGE_SIZE", 1)
    logs = [make_log(f"s{i}", session_id=f"s{i}", started_at=START + timedelta(minutes=i)) for i in range(3)]
    store_logs(project, *logs)


def get(client: Client, path: str) -> str:
    return client.get(f"/p/acme/{path}").content.decode()


def hidden(page: str) -> set[str]:
    [names] = re.findall(r'<table [^>]*data-hide="([^"]*)"', page)
    return set(names.split())


def others(unit: str, *names: str) -> set[str]:
    return set(COLUMNS[unit]) - set(names)


@pytest.mark.parametrize("unit", ["sessions", "requests"])
def test_a_choice_is_remembered_for_this_list(signed_in: Client, three: None, unit: str) -> None:
    assert hidden(get(signed_in, f"{unit}/")) == set()
    # As the form of a browser without a script sends it.
    page = get(signed_in, f"{unit}/?columns=title&columns=cost&columns=tokens")
    assert hidden(page) == others(unit, "cost", "tokens")
    assert re.search(r'name="columns" value="cost" checked', page)
    assert re.search(r'name="columns" value="duration">', page)
    assert hidden(get(signed_in, f"{unit}/")) == others(unit, "cost", "tokens")
    assert hidden(get(signed_in, "requests/" if unit == "sessions" else "sessions/")) == set()
    assert hidden(get(signed_in, f"{unit}/?columns=title")) == others(unit)
    assert hidden(get(signed_in, f"{unit}/")) == others(unit)
    get(signed_in, f"{unit}/?columns={'+'.join(COLUMNS[unit])}")
    assert hidden(get(signed_in, f"{unit}/")) == set()


@pytest.mark.parametrize("unit", ["sessions", "requests"])
def test_links_of_order_and_pages_keep_it(signed_in: Client, three: None, unit: str) -> None:
    page = get(signed_in, f"{unit}/?columns=cost&columns=tokens&q=model:gpt-4o")
    links = {unescape(link) for link in re.findall(rf'href="/p/acme/{unit}/(\?[^"]*(?:before|order)=[^"]*)"', page)}
    assert len(links) >= 2
    # Views have an order of their own, and no query.
    assert {link for link in links if "q=model" in link and "columns=tokens+cost" not in link} == set()
    assert '<input type="hidden" name="columns" value="tokens cost">' in page
    # What is remembered alone is not repeated in addresses.
    assert "columns=" not in get(signed_in, f"{unit}/")


@pytest.mark.parametrize("text", ["", "nonsense", "<b>", "x" * 5_000, "%00", "%ff"])
def test_what_names_no_column_counts_as_nothing(signed_in: Client, three: None, text: str) -> None:
    response = signed_in.get(f"/p/acme/sessions/?columns={text}")
    assert hidden(response.content.decode()) == set()
    assert "logsui_columns_sessions" not in response.cookies
    signed_in.cookies["logsui_columns_sessions"] = "a;<b>"
    assert hidden(get(signed_in, "sessions/")) == set()


def test_htmx_replaces_the_address_and_stays_on_the_page(signed_in: Client, three: None) -> None:
    older = re.findall(r'href="/p/acme/sessions/\?(before=[^"]*)"', get(signed_in, "sessions/"))[0]
    address = f"/p/acme/sessions/?{older}"
    headers = {"HX-Request": "true", "HX-Trigger": "columns-form"}
    response = signed_in.get(f"{address}&columns=title&columns=cost", headers=headers)
    assert response.headers["HX-Replace-Url"] == f"/p/acme/sessions/?columns=cost&{older}"
    assert "HX-Push-Url" not in response.headers
    page = response.content.decode()
    assert hidden(page) == others("sessions", "cost")
    # The menu stays as it is, open; the links beside the rows follow.
    assert 'id="columns"' not in page
    assert re.search(r'id="order"[^>]* hx-swap-oob="true"', page)
    assert f'<input type="hidden" name="before" value="{older[7:]}">' in get(signed_in, f"sessions/?{older}")


def test_a_saved_view_has_no_columns(signed_in: Client, project: Project) -> None:
    make_session(project, "a")
    assert "Save view" not in get(signed_in, "sessions/?columns=cost")
    assert 'href="/p/acme/views/new/?q=robot"' in get(signed_in, "sessions/?columns=cost&q=robot")
