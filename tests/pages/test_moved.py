"""Addresses of sessions that were merged and of requests that moved."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client

from sessions_app.models import MovedId, Project, RequestKey, RequestLog, Session
from tests.factories import make_project, make_session, store_logs
from tests.pages.conversations import turns

FORMER = uuid.UUID("5ca1ab1e-0000-4000-8000-000000000001")


@pytest.fixture
def session(project: Project) -> Session:
    session = make_session(project, "now")
    MovedId.objects.create(id=FORMER, key_id=RequestKey.objects.get(session_id=session.pk).pk)
    return session


@pytest.mark.parametrize("rest", ["", "?from=51&side=after", "corrections/"])
def test_merged_session_redirects_with_all_that_follows(signed_in: Client, session: Session, rest: str) -> None:
    response = signed_in.get(f"/p/acme/sessions/{FORMER}/{rest}")
    assert (response.status_code, response.headers["Location"]) == (302, f"/p/acme/sessions/{session.pk}/{rest}")


@pytest.mark.parametrize("rest", ["", "?raw=response", "facts/", "messages/?from=0&to=3", "raw/request/?download=1"])
def test_moved_request_redirects_with_all_that_follows(signed_in: Client, session: Session, rest: str) -> None:
    request = RequestLog.objects.get()
    response = signed_in.get(f"/p/acme/requests/{FORMER}/{rest}")
    assert (response.status_code, response.headers["Location"]) == (302, f"/p/acme/requests/{request.pk}/{rest}")


def test_trace_id_of_a_merged_session_leads_to_it(signed_in: Client, session: Session) -> None:
    response = signed_in.get(f"/p/acme/t/{FORMER}")
    assert (response.status_code, response.headers["Location"]) == (302, f"/p/acme/sessions/{session.pk}/")


def test_other_projects_say_nothing(signed_in: Client, session: Session) -> None:
    make_project("other")
    for path in (f"sessions/{FORMER}/", f"requests/{FORMER}/", f"requests/{FORMER}/facts/", f"t/{FORMER}"):
        assert signed_in.get(f"/p/other/{path}").status_code == 404, path


def test_what_never_was_is_not_found(signed_in: Client, session: Session) -> None:
    for kind in ("sessions", "requests"):
        assert signed_in.get(f"/p/acme/{kind}/{uuid.uuid4()}/").status_code == 404


def test_conversation_that_arrives_in_two_pieces_keeps_its_addresses(signed_in: Client, project: Project) -> None:
    """What connects two sessions comes last: the addresses of both lead to the one that is left."""
    logs = turns(["One", "Two", "Three", "Four", "Five"], user="alice")
    for log in (logs[0], logs[3], logs[4]):
        store_logs(project, log)
    before = {session.pk: ids_of(session) for session in Session.objects.all()}
    assert len(before) == 2
    store_logs(project, *logs[1:3])
    left = Session.objects.get()
    for session_id, requests in before.items():
        assert signed_in.get(f"/p/acme/sessions/{session_id}/", follow=True).request["PATH_INFO"] == (
            f"/p/acme/sessions/{left.pk}/"
        )
        for log_id in requests:
            response = signed_in.get(f"/p/acme/requests/{log_id}/?raw=response", follow=True)
            assert (response.status_code, response.request["QUERY_STRING"]) == (200, "raw=response")
    assert ids_of(left) == set(RequestLog.objects.values_list("pk", flat=True))


def ids_of(session: Session) -> set[uuid.UUID]:
    return set(RequestLog.objects.filter(session_id=session.pk).values_list("pk", flat=True))
