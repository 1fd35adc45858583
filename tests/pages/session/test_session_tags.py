"""The page of a session's tags."""

from __future__ import annotations

from html import unescape

import pytest
from django.contrib.auth.models import AbstractBaseUser
from django.test import Client

from sessions_app.access.rights import TAG_SESSIONS
from sessions_app.models import Project, Session
from sessions_app.storage import tags
from tests.factories import grant, make_project, make_session


@pytest.fixture
def tagger(signed_in: Client, user: AbstractBaseUser) -> Client:
    grant(user, TAG_SESSIONS)
    return signed_in


def address(session: Session, slug: str = "acme") -> str:
    return f"/p/{slug}/sessions/{session.pk}/tags/"


def test_it_works(tagger: Client, project: Project) -> None:
    session = make_session(project, "a", tags=["<log>"])
    assert address(session) in tagger.get(f"/p/acme/sessions/{session.pk}/").content.decode()
    assert tagger.post(address(session), {"add": " <i>mine</i> "}).url == address(session)
    page = tagger.get(address(session)).content.decode()
    assert "<i>mine" not in page
    assert "<i>mine</i>" in unescape(page)
    assert page.count('name="remove"') == 1
    assert "from the logs" in page
    tagger.post(address(session), {"remove": "<i>mine</i>"})
    session.refresh_from_db()
    assert session.tags == ["<log>"]


def test_all_may_read_it_and_some_may_change(signed_in: Client, project: Project) -> None:
    session = make_session(project, "a")
    tags.give(project.pk, session.pk, "good", "bob")
    page = signed_in.get(address(session)).content.decode()
    assert "given by <bdi>bob</bdi>" in page
    assert 'name="remove"' not in page
    assert signed_in.post(address(session), {"remove": "good"}).status_code == 403


@pytest.mark.parametrize("fields", [{}, {"add": ""}, {"add": "\0"}, {"remove": "\0"}])
def test_nothing_is_no_tag(tagger: Client, project: Project, fields: dict[str, str]) -> None:
    session = make_session(project, "a")
    assert tagger.post(address(session), fields).status_code == 302
    session.refresh_from_db()
    assert session.tags == []


def test_sessions_of_other_projects_are_not_found(tagger: Client, project: Project) -> None:
    session = make_session(make_project("other"), "a")
    assert tagger.post(address(session), {"add": "x"}).status_code == 404
