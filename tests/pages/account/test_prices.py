"""The page of a project's own prices."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from sessions_app.access.rights import CHANGE_PRICES
from sessions_app.models import ModelPrice, Project, RequestLog
from tests.factories import make_log, make_project, make_session, make_user

pytestmark = pytest.mark.django_db
ADDRESS = "/p/acme/settings/prices/"
PRICE = {"pattern": "house-*", "valid_from": "2026-01-01", "input": "0.5", "output": "2.25"}


@pytest.fixture
def editor(client: Client, project: Project) -> Client:
    client.force_login(make_user("alice", CHANGE_PRICES))
    return client


def test_it_works(editor: Client) -> None:
    assert editor.post(ADDRESS, PRICE).status_code == 302
    page = editor.get(ADDRESS).content.decode()
    assert "house-*" in page
    assert "$2.25" in page
    price = ModelPrice.objects.get()
    assert (price.project.slug, price.created_by) == ("acme", "alice")
    assert editor.post(ADDRESS, {"remove": price.pk}).status_code == 302
    assert not ModelPrice.objects.exists()


def test_who_may_not_sees_them_only(client: Client, project: Project) -> None:
    client.force_login(make_user("bob"))
    page = client.get(ADDRESS).content.decode()
    assert "Can change price" in page
    assert "Set price" not in page
    assert client.post(ADDRESS, PRICE).status_code == 403
    assert client.post(ADDRESS, {"remove": 1}).status_code == 403


@pytest.mark.parametrize(
    "members",
    [{"input": "-1"}, {"input": "", "output": ""}, {"pattern": ""}, {"input": "NaN"}, {"valid_from": "soon"}],
)
def test_odd_prices_are_refused(editor: Client, members: dict[str, str]) -> None:
    assert editor.post(ADDRESS, PRICE | members).status_code == 422
    assert not ModelPrice.objects.exists()


def test_the_same_price_twice_is_refused(editor: Client) -> None:
    editor.post(ADDRESS, PRICE)
    answer = editor.post(ADDRESS, PRICE)
    assert answer.status_code == 422
    assert "Remove it first" in answer.content.decode()


@pytest.mark.parametrize("number", ["x", "9" * 30, "-1", "٣"])
def test_removing_what_is_not_there(editor: Client, number: str) -> None:
    assert editor.post(ADDRESS, {"remove": number}).status_code == 302


def test_prices_of_another_project_stay(editor: Client) -> None:
    other = make_project("other")
    price = ModelPrice.objects.create(project=other, pattern="x", valid_from="2026-01-01", input=1)
    editor.post(ADDRESS, {"remove": price.pk})
    assert ModelPrice.objects.exists()


def test_stored_costs_follow_a_price_when_they_are_computed_anew(editor: Client, project: Project) -> None:
    """Where a cost is shown: the list, its sums, the session, the request, and the API."""
    stated = make_log(cost=1, model="house-7b")
    session = make_session(project, "a", make_log(model="house-7b"), stated, make_log(model="house-7b"))
    request = RequestLog.objects.filter(cost=None).first()
    assert request

    def shown() -> tuple[Any, ...]:
        addresses = f"sessions/{session.pk}", f"requests/{request.pk}"
        costs = [editor.get(f"/api/v1/{one}").json()["cost"] for one in addresses]
        pages = ("sessions/", "sessions/overview/", f"{addresses[0]}/", f"{addresses[1]}/")
        html = [editor.get(f"/p/acme/{one}").content.decode() for one in pages]
        return (*costs, ["$1.10" in one for one in html[:3]], "$0.050" in html[3])

    before = ("1", None, [False] * 3, False)
    assert shown() == before
    # 8 tokens in and 4 out. A price says nothing of stored requests until they are computed anew.
    editor.post(ADDRESS, PRICE | {"input": "1250", "output": "10000"})
    assert shown() == before
    call_command("recompute_costs", stdout=StringIO())
    assert shown() == ("1.1", "0.05", [True] * 3, True)
    editor.post(ADDRESS, {"remove": ModelPrice.objects.get().pk})
    editor.post(ADDRESS, PRICE | {"input": "5000", "output": "40000"})
    call_command("recompute_costs", stdout=StringIO())
    assert shown() == ("1.4", "0.2", [False] * 3, False)
    editor.post(ADDRESS, {"remove": ModelPrice.objects.get().pk})
    call_command("recompute_costs", stdout=StringIO())
    assert shown() == before
