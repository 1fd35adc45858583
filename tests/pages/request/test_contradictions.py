"""A request that was reported again with other content: said at it, with both documents to read."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from sessions_app.models import ContradictingCopy, Project, RequestLog, Session
from tests.factories import make_log, make_project, store_logs

pytestmark = pytest.mark.django_db

SAID = "Reported again with other content"


def contradict(project: Project, count: int = 1, **members: Any) -> RequestLog:
    log = make_log("What is the limit?", session_id="s1", request_id="r1")
    store_logs(project, log, make_log("Fine", session_id="s1", request_id="r2"))
    store_logs(project, *[log | {"model": f"<b>mallory</b> {n}"} | members for n in range(count)])
    return RequestLog.objects.get(request_id="r1")


def test_it_is_said_in_the_session(project: Project, signed_in: Client) -> None:
    request = contradict(project)
    session = Session.objects.get()
    page = signed_in.get(f"/p/acme/sessions/{session.id}/").content.decode()

    assert page.count(SAID) == 1
    assert f'href="/p/acme/requests/{request.id}/#copies"' in page
    assert "<code><bdi>model</bdi></code>" in page
    assert "mallory" not in page
    assert (session.users, session.request_count) == ([], 2)


def test_the_request_names_what_differs_and_leads_to_both_documents(project: Project, signed_in: Client) -> None:
    request = contradict(project, metadata={"<i>odd</i>": 1})
    url = f"/p/acme/requests/{request.id}/"
    page = signed_in.get(url).content.decode()
    assert SAID in page
    assert "<code><bdi>model</bdi></code>" in page
    assert "mallory" not in page

    copy = ContradictingCopy.objects.get()
    address = f"{url}copies/{copy.id}/"
    assert f'href="{address}"' in page
    shown = signed_in.get(address, {"raw": "log"}).content.decode()
    assert "&lt;b&gt;mallory" in shown
    assert f'href="{url}?raw=log#raw"' in shown
    assert "mallory" not in signed_in.get(f"{url}?raw=log").content.decode()
    for which in ("request", "response", "log"):
        answer = signed_in.get(f"{address}raw/{which}/", headers={"HX-Request": "true"})
        assert answer.status_code == 200
        downloaded = signed_in.get(f"{address}raw/{which}/?download=1")
        assert downloaded.headers["Content-Disposition"].startswith("attachment")
    assert signed_in.get(f"{address}raw/other/").status_code == 404


def test_many_are_folded_and_listed_page_by_page(project: Project, signed_in: Client) -> None:
    request = contradict(project, count=120)
    url = f"/p/acme/requests/{request.id}/"
    page = signed_in.get(url).content.decode()
    assert f"{SAID}, 120 times" in page
    assert page.count(f"{url}copies/") == 6
    assert "and 115 more reports" in page

    found, address = [], f"{url}copies/"
    while address:
        listed = signed_in.get(address).content.decode()
        found += re.findall(rf"{url}copies/([0-9a-f-]{{36}})/", listed)
        match = re.search(r'href="(\?after=[^"]+)"', listed)
        address = f"{url}copies/{match[1]}" if match else ""
    assert len(found) == len(set(found)) == 120
    session = signed_in.get(f"/p/acme/sessions/{request.session_id}/").content.decode()
    assert session.count(SAID) == 1


def test_other_projects_and_requests_do_not_show_it(project: Project, signed_in: Client) -> None:
    request = contradict(project)
    copy = ContradictingCopy.objects.get()
    make_project("other")
    other = RequestLog.objects.get(request_id="r2")
    assert signed_in.get(f"/p/other/requests/{request.id}/copies/{copy.id}/").status_code == 404
    assert signed_in.get(f"/p/acme/requests/{other.id}/copies/{copy.id}/").status_code == 404
    assert SAID not in signed_in.get(f"/p/acme/requests/{other.id}/").content.decode()
    assert signed_in.get(f"/p/acme/requests/{request.id}/copies/?after=odd").status_code == 200


def test_statements_do_not_grow_with_the_copies(
    project: Project, signed_in: Client, django_assert_max_num_queries: Any
) -> None:
    request = contradict(project, count=40)
    for address in (f"/p/acme/requests/{request.id}/", f"/p/acme/sessions/{request.session_id}/"):
        with django_assert_max_num_queries(16):
            signed_in.get(address)


def test_an_id_that_a_later_log_claims_too_leads_to_all_of_them(project: Project, signed_in: Client) -> None:
    response = {"id": "resp_1", "choices": [{"message": {"role": "assistant", "content": "Yes."}}]}
    store_logs(project, make_log("First", session_id="s1", response=response))
    first = Session.objects.get()
    assert signed_in.get("/p/acme/t/resp_1").headers["Location"] == f"/p/acme/sessions/{first.id}/"

    store_logs(project, make_log("Claims it", session_id="s2", response=response))

    answer = signed_in.get("/p/acme/t/resp_1")
    assert answer.headers["Location"] == "/p/acme/sessions/?trace_id=resp_1"
    page = signed_in.get(answer.headers["Location"]).content.decode()
    for session in Session.objects.all():
        assert f"/p/acme/sessions/{session.id}/" in page
