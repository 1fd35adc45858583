"""Former ids of sessions and requests: where they lead."""

from __future__ import annotations

import uuid

import pytest

from sessions_app.models import MovedId, Project, RequestKey, RequestLog, Session
from sessions_app.queries import lookup, moved
from sessions_app.queries.session_list import list_sessions
from tests.factories import filters_for, make_project, make_session

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(project: Project) -> Session:
    return make_session(project, "now")


def leads_to(session: Session, former: uuid.UUID | None = None) -> uuid.UUID:
    """A former id of a session, and of its request."""
    former = former or uuid.uuid4()
    MovedId.objects.create(id=former, key_id=RequestKey.objects.get(session_id=session.pk).pk)
    return former


def test_it_works(session: Session) -> None:
    former = leads_to(session)
    request = RequestLog.objects.get()
    assert moved.session_after(former) == session.pk
    assert moved.request_after(former) == request.pk
    assert lookup.follow_session(former, session.project_id) == session
    assert lookup.follow_request(former, session.project_id) == request


def test_id_that_never_was_leads_nowhere(session: Session) -> None:
    assert moved.session_after(uuid.uuid4()) is None
    assert lookup.follow_session(uuid.uuid4(), None) is None
    assert lookup.follow_request(uuid.uuid4(), None) is None


def test_what_is_there_wins_over_what_moved(project: Project, session: Session) -> None:
    live = make_session(project, "live")
    leads_to(session, live.pk)
    assert lookup.follow_session(live.pk, None) == live
    assert [row.id for row in list_sessions(project, filters_for(trace_id=str(live.pk))).results] == [live.pk]


def test_former_ids_of_other_projects_lead_nowhere(session: Session) -> None:
    former = leads_to(session)
    other = make_project("other")
    assert lookup.follow_session(former, other.pk) is None
    assert lookup.follow_request(former, other.pk) is None
    assert list_sessions(other, filters_for(trace_id=str(former))).results == []


def test_former_id_and_key_of_a_session_find_it(project: Project, session: Session) -> None:
    former = leads_to(session)
    leads_to(session, make_gone(project, "former-trace"))
    for text in (str(former), former.hex, "former-trace"):
        for filters in (filters_for(trace_id=text), filters_for(text=text)):
            assert [row.id for row in list_sessions(project, filters).results] == [session.pk], text


def make_gone(project: Project, key: str) -> uuid.UUID:
    """The id of a session that is no more."""
    session = make_session(project, key)
    Session.objects.filter(pk=session.pk).delete()
    RequestLog.objects.filter(session_id=session.pk).delete()
    RequestKey.objects.filter(session_id=session.pk).delete()
    return session.pk
