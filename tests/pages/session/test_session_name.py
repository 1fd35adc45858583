"""The form that names a session."""

from __future__ import annotations

from datetime import timedelta
from html import unescape

import pytest
from django.test import Client

from sessions_app.access.rights import CORRECT_SESSIONS
from sessions_app.ingest import names
from sessions_app.models import Project, Session
from tests.factories import START, make_log, make_project, make_session, make_user


@pytest.fixture
def namer(client: Client, db: None) -> Client:
    client.force_login(make_user("alice", CORRECT_SESSIONS))
    return client


def address(session: Session) -> str:
    return f"/p/acme/sessions/{session.pk}/name/"


def test_it_works(namer: Client, project: Project) -> None:
    session = make_session(project, "a")
    assert address(session) in namer.get(f"/p/acme/sessions/{session.pk}/").content.decode()
    assert "the first thing that the user said" in namer.get(address(session)).content.decode()
    assert namer.post(address(session), {"name": " <i>Order</i>\n4711 "}).url == f"/p/acme/sessions/{session.pk}/"
    page = namer.get(f"/p/acme/sessions/{session.pk}/").content.decode()
    assert "<i>Order" not in page
    assert 'data-live title="<i>Order</i> 4711">' in unescape(page)
    assert "<bdi>alice</bdi> named" in namer.get(address(session)).content.decode()
    assert "&lt;i&gt;Order&lt;/i&gt; 4711" in namer.get("/p/acme/sessions/").content.decode()
    namer.post(address(session), {"name": " "})
    assert "Nobody has named" in namer.get(address(session)).content.decode()


def test_all_may_read_it_and_some_may_change(signed_in: Client, project: Project) -> None:
    session = make_session(project, "a")
    names.give(project.pk, session.pk, "Mine", "bob")
    page = signed_in.get(address(session)).content.decode()
    assert "<bdi>bob</bdi> named" in page
    assert 'name="name"' not in page
    assert signed_in.post(address(session), {"name": "Yours"}).status_code == 403
    assert names.given_to(session.pk).name == "Mine"  # type: ignore[union-attr]


def test_sessions_of_other_projects_are_not_found(namer: Client, project: Project) -> None:
    session = make_session(make_project("other"), "a")
    assert namer.post(address(session), {"name": "x"}).status_code == 404


def test_it_is_found_by_its_name(signed_in: Client, project: Project) -> None:
    mine = make_session(project, "mine")
    make_session(project, "source", make_log(metadata={"session_name": "Nightly Run"}))
    names.give(project.pk, mine.pk, "Payment of order 4711", "bob")

    def found(query: str) -> list[str]:
        page = signed_in.get("/p/acme/sessions/", {"q": query}).content.decode()
        return [key for key in ("mine", "source") if f"<bdi>{key}</bdi>" in page]

    assert found('session:"order 4711"') == found("payment") == ["mine"]
    assert found('session:"nightly run"') == ["source"]
    assert found("session:nightly") == []
    assert found('-session:"nightly run"') == ["mine"]
    requests = signed_in.get("/p/acme/requests/", {"q": "session:payment"}).content.decode()
    assert requests.count('role="row" data-row') == 1
    assert str(mine.pk) in requests


def test_equal_names_are_told_apart_by_their_start(signed_in: Client, project: Project) -> None:
    for number in range(2):
        make_session(project, f"same{number}", make_log(started_at=START + timedelta(hours=number)))
    make_session(project, "else", make_log("Something else"))
    page = signed_in.get("/p/acme/sessions/").content.decode()
    assert page.count("14 Mar, 09:00:00</time>") == page.count("14 Mar, 10:00:00</time>") == 1
