"""The folded list of a session's top requests by cost, and the calculation in the facts of a request."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sessions_app.models import RequestLog, Session
from tests.factories import make_log, make_project, make_user, store_logs

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client: Client) -> str:
    """The address of a session with two requests, of which the second states another cost than ours."""
    long = make_log("More", session_id="a", cost=2, usage={"input_tokens": 9000, "output_tokens": 900})
    store_logs(make_project(), make_log(session_id="a"), long)
    client.force_login(make_user())
    return f"/p/acme/sessions/{Session.objects.get().id}/"


def test_it_works(client: Client, page: str) -> None:
    html = client.get(page).content.decode()
    assert '<details class="panel-fold top-costs" id="costs">' in html
    assert "long output: 900 tokens" in html
    assert 'id="costs" open' in client.get(f"{page}?costs=open").content.decode()


def test_it_takes_no_statement(client: Client, page: str) -> None:
    with CaptureQueriesContext(
        connection,
    ) as several:
        client.get(page)
    RequestLog.objects.update(cost=None)
    Session.objects.update(revision=F("revision") + 1)
    with CaptureQueriesContext(connection) as without:
        html = client.get(page).content.decode()
    assert 'id="costs"' not in html
    assert len(several) == len(without)


def test_the_calculation_and_the_difference_are_in_the_facts(client: Client, page: str) -> None:
    request = RequestLog.objects.get(cost=2)
    html = client.get(f"/p/acme/requests/{request.id}/").content.decode()
    # 9000 × 2.5 + 900 × 10 millionths
    for said in ("$0.0225", "$0.009", "$0.0315", "$1.9685", "differs from ours by more than 1 %", "genai-prices"):
        assert said in html, said


def test_why_there_is_no_cost(client: Client) -> None:
    store_logs(make_project(), make_log(model="mine", request={"model": "mine", "messages": []}))
    client.force_login(make_user())
    html = client.get(f"/p/acme/requests/{RequestLog.objects.get().id}/").content.decode()
    assert "no price of this model is known" in html
    assert "/p/acme/settings/prices/" in html
