"""The page with all requests of a project."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client

from sessions_app.models import Project, RequestLog
from sessions_app.pages.requests import list_page
from tests.factories import START, make_log, make_project, store_logs

pytestmark = pytest.mark.django_db
ADDRESS = "/p/acme/requests/"


def titles(page: str) -> list[str]:
    return re.findall(r'class="r-label"><div><a href="[^"]+" title="([^"]*)"', page)


def get(client: Client, query: str = "") -> str:
    response = client.get(ADDRESS + query)
    assert response.status_code == 200
    return response.content.decode()


def test_it_works(signed_in: Client, project: Project) -> None:
    store_logs(
        project,
        make_log("A robot", started_at=START, seconds=2, user="alice", cost=0.25),
        make_log("Two cats", started_at=START + timedelta(seconds=9), status="error"),
    )
    page = get(signed_in)
    assert titles(page) == ["Two cats", "A robot"]
    assert "$0.250" in page
    assert "2.0\u202fs" in page
    assert 'data-state="error"' in page
    assert f'href="{ADDRESS}{RequestLog.objects.get(input_preview="A robot").id}/"' in page
    assert f'<a href="{ADDRESS}" data-key="g r"' in " ".join(page.split())


def test_absurd_times_make_no_durations_and_steps_have_their_names(signed_in: Client, project: Project) -> None:
    store_logs(
        project,
        make_log("From the future", started_at=START.replace(year=2087), seconds=60),
        make_log("", kind="tool", model=None, call_type="look_up", request={"a": 1}, response={"b": 2}),
        make_log("", request={"model": "gpt-4o", "messages": []}, session_id="nightly"),
    )
    page = get(signed_in)
    bare = RequestLog.objects.get(input_preview="", kind="llm")
    assert sorted(titles(page)) == ["From the future", f"Request {str(bare.id)[:8]}", "look_up"], "no name of a session"
    assert 'title="nightly">session</a>' in page
    row = next(row for row in page.split("<tr") if "From the future" in row)
    assert re.search(r'class="r-dur num">–<', row)


def test_the_box_asks_for_requests_and_shows_where_words_are(signed_in: Client, project: Project) -> None:
    store_logs(project, make_log("A <b>robot</b>", started_at=START), make_log("Two cats"))
    page = get(signed_in, "?q=robot")
    assert titles(page) == ["A &lt;b&gt;robot&lt;/b&gt;"]
    assert "<mark>robot</mark>" in page
    assert "<b>robot" not in page
    assert f'action="{ADDRESS}"' in page
    assert titles(get(signed_in, "?q=nobody")) == []


def test_pages_lead_to_the_end_in_both_orders(
    signed_in: Client, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_page, "PAGE_SIZE", 2)
    store_logs(project, *[make_log(f"n{i}", started_at=START + timedelta(seconds=i)) for i in range(5)])
    for query, expected in (
        ("", ["n4", "n3", "n2", "n1", "n0"]),
        ("?order=started_at", ["n0", "n1", "n2", "n3", "n4"]),
    ):
        page, found = get(signed_in, query), []
        for _ in range(3):
            found += titles(page)
            links = re.findall(r'<a class="btn" href="[^"]*/requests/(\?[^"]*)"[^>]*data-key="\]"', page)
            if not links:
                break
            page = get(signed_in, unescape(links[0]))
        assert found == expected


@pytest.mark.parametrize("query", ["?order=cost", "?before=x", "?trace_id=" + "x" * 1001])
def test_odd_parameters_are_named(signed_in: Client, project: Project, query: str) -> None:
    store_logs(project, make_log("one"))
    assert "Ignored filter" in get(signed_in, query)


def test_a_wrong_query_is_marked_where_it_is_wrong(signed_in: Client, project: Project) -> None:
    store_logs(project, make_log("one"))
    for address in (ADDRESS, "/p/acme/sessions/"):
        page = signed_in.get(f"{address}?q=<b> status:late x").content.decode()
        assert "<bdi>&lt;b&gt; status:</bdi><mark>late</mark><bdi> x</bdi>" in page
        assert "<code>ok</code> <code>error</code>" in page
        assert "Nothing is listed until the query can be read." in page
        assert 'value="&lt;b&gt; status:late x"' in page
        assert 'aria-invalid="true"' in page
        assert "data-row" not in page
        assert "No matching" not in page


def test_other_projects_are_never_seen(signed_in: Client, project: Project) -> None:
    store_logs(make_project("other"), make_log("theirs"))
    assert titles(get(signed_in)) == []
