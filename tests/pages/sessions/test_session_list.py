"""The page of sessions as the server renders it. How it behaves in a browser: test_in_browser.py."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from sessions_app.ingest.accept import accept_body
from sessions_app.models import InboxEntry, Project
from sessions_app.pages.sessions import list_page as session_list
from sessions_app.queries import request_numbers
from sessions_app.queries.filters import parse_filters
from sessions_app.queries.matching import count_some
from tests.factories import START, make_log, make_project, make_session, store_logs

ADDRESS = "/p/acme/sessions/"
MOST_STATEMENTS = 12


def titles(page: str) -> list[str]:
    return [unescape(title) for title in re.findall(r'<div class="title"><a [^>]*><bdi>(.*?)</bdi>', page)]


def links(page: str) -> dict[str, str]:
    """The addresses of buttons by their words."""
    found = re.findall(r'<a class="btn"[^>]* href="([^"]+)"[^>]*>(.*?)</a>', page, re.DOTALL)
    return {" ".join(unescape(re.sub("<[^>]*>", "", words)).split()): unescape(href) for href, words in found}


def get(client: Client, query: str = "") -> str:
    response = client.get(ADDRESS + query)
    assert response.status_code == 200
    return response.content.decode()


def test_it_works(signed_in: Client, project: Project) -> None:
    log = make_log("What is <b>VAT</b>?", user="alice", tags=["billing"], cost=0.25, usage={"input_tokens": 12_400})
    session = make_session(
        project, "a", log, make_log("More", status="error", usage=None, started_at=START + timedelta(seconds=1))
    )
    page = get(signed_in)
    assert titles(page) == ["What is <b>VAT</b>?"]
    assert f'href="/p/acme/sessions/{session.pk}/"' in page
    for text in ("alice", "billing", "$0.250", "gpt-4o", '<span class="err-n">1</span>', "14 Mar"):
        assert text in page, text
    assert 'aria-label="2 requests over 3.0\N{NARROW NO-BREAK SPACE}s, 1 failed"' in page


def test_what_nobody_said_is_not_zero(signed_in: Client, project: Project) -> None:
    make_session(project, "a", usage=None)
    page = get(signed_in)
    assert 'title="No request reported its tokens">–</td>' in page
    assert 'title="No request reported its cost">–</td>' in page
    assert "$0" not in page


def test_session_without_a_text_is_named_by_its_key(signed_in: Client, project: Project) -> None:
    log = make_log(request=None)
    store_logs(project, log | {"session_id": "conversation-1"})
    assert titles(get(signed_in)) == ["conversation-1"]


# --- paging ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def thirteen(project: Project, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """13 sessions on pages of 5, newest first."""
    monkeypatch.setattr(session_list, "PAGE_SIZE", 5)
    logs = [make_log(f"s{i}", session_id=f"s{i}", started_at=START + timedelta(minutes=i)) for i in range(13)]
    store_logs(project, *logs)
    return [f"s{i}" for i in reversed(range(13))]


def test_older_leads_to_the_end(signed_in: Client, thirteen: list[str]) -> None:
    first = get(signed_in)
    assert "Newer" not in links(first)
    second = signed_in.get(links(first)["Older"]).content.decode()
    last = signed_in.get(links(second)["Older"]).content.decode()
    assert titles(first) + titles(second) + titles(last) == thirteen
    assert "Older" not in links(last)


def test_newer_leads_back(signed_in: Client, thirteen: list[str]) -> None:
    second = signed_in.get(links(get(signed_in))["Older"]).content.decode()
    last = signed_in.get(links(second)["Older"]).content.decode()
    back = signed_in.get(links(last)["Newer"]).content.decode()
    assert titles(back) == thirteen[5:10]
    first = signed_in.get(links(back)["Newer"]).content.decode()
    assert titles(first) == thirteen[:5]
    assert "Newer" not in links(first)
    assert links(last)["Newest"] == ADDRESS


def test_newer_shows_a_whole_first_page_when_fewer_are_left(
    signed_in: Client, thirteen: list[str], project: Project
) -> None:
    second = signed_in.get(links(get(signed_in))["Older"]).content.decode()
    store_logs(project, make_log("fresh", started_at=START + timedelta(hours=1)))
    first = signed_in.get(links(second)["Newer"]).content.decode()
    # Six are newer than the second page: five of them are its neighbour, and one more click shows the first page.
    assert titles(first) == thirteen[:5]
    assert titles(signed_in.get(links(first)["Newer"]).content.decode()) == ["fresh", *thirteen[:4]]


def test_paging_keeps_the_filters(signed_in: Client, thirteen: list[str]) -> None:
    page = get(signed_in, "?model=gpt-4o&q=hi&range=")
    assert links(page)["Older"].startswith(f"{ADDRESS}?q=hi+model%3Agpt-4o&before=")


def test_past_the_end(signed_in: Client, thirteen: list[str]) -> None:
    page = get(signed_in, "?before=0.00000000000000000000000000000000")
    assert "No older sessions" in page


@pytest.mark.parametrize("query", ["before=x", "after=x", "before=1.2"])
def test_odd_cursor_shows_the_first_page_and_says_so(signed_in: Client, thirteen: list[str], query: str) -> None:
    page = get(signed_in, f"?{query}")
    assert titles(page) == thirteen[:5]
    assert "cursor is not one of this list" in page


# --- filters --------------------------------------------------------------------------------------------------------


def test_filters_show_in_every_control(signed_in: Client, project: Project) -> None:
    make_session(project, "a", make_log("A robot", user="alice", tags=["ci"]))
    page = get(signed_in, "?q=robot&user=alice&tag=ci&range=24h&status=ok")
    assert 'name="q" id="q" value="robot status:ok user:alice tag:ci"' in page
    assert re.search(r'form="filters"[^>]* name="range" value="24h"\s+checked', page)
    assert f'href="{ADDRESS}?q=robot+status%3Aok+tag%3Aci&amp;range=24h"' in page  # clears the user


def test_bad_filter_is_named_and_the_others_hold(signed_in: Client, project: Project) -> None:
    make_session(project, "a", make_log("one", model="o3"))
    make_session(project, "b", make_log("two"))
    page = get(signed_in, "?model=o3&from=yesterday&status=<b>")
    assert titles(page) == ["one"]
    assert "from must be a time such as" in page
    assert "status must be one of ok, error, running, unfinished, got &#x27;&lt;b&gt;&#x27;" in page


def test_under_a_wrong_query_nothing_is_listed_and_links_keep_it(signed_in: Client, project: Project) -> None:
    make_session(project, "a", make_log("one"))
    query = "?q=status%3Alate+%22x&range=30d"
    response = signed_in.get(ADDRESS + query, headers={"HX-Request": "true"})
    page = response.content.decode()
    assert titles(page) == []
    assert "No matching" not in page
    assert "<mark>late</mark>" in page
    assert f'href="{ADDRESS}?q=status%3Alate+%22x"' in page  # clears the range
    assert "Save view" not in page
    assert response.headers["HX-Push-Url"] == ADDRESS + query
    assert json.loads(response.headers["HX-Trigger"])["query-text"] == {"text": 'status:late "x', "wrong": True}
    for region in ("facets", "overview"):
        assert signed_in.get(f"{ADDRESS}{region}/{query}", headers={"HX-Request": "true"}).content == b""
    assert titles(get(signed_in, query)) == []
    # Also what comes as a parameter of its own stays in the box.
    assert 'name="q" id="q" value="model:o3 status:late"' in get(signed_in, "?q=status:late&model=o3")
    assert count_some(project, parse_filters(QueryDict("q=status:late")).filters) == 0


def test_htmx_gets_rows_and_controls_but_no_page(signed_in: Client, project: Project) -> None:
    make_session(project, "a", make_log("one"))
    response = signed_in.get(f"{ADDRESS}?q=&model=gpt-4o&from=", headers={"HX-Request": "true"})
    page = response.content.decode()
    assert page.lstrip().startswith("<section")
    assert titles(page) == ["one"]
    for name in ("active-filters", "range", "kept-filters"):
        assert re.search(rf'id="{name}"[^>]* hx-swap-oob="true"', page), name
    assert response.headers["HX-Push-Url"] == f"{ADDRESS}?q=model%3Agpt-4o"


def test_turning_the_page_by_htmx_brings_rows_alone(signed_in: Client, thirteen: list[str]) -> None:
    older = links(get(signed_in))["Older"]
    response = signed_in.get(older, headers={"HX-Request": "true"})
    assert titles(response.content.decode()) == thirteen[5:10]
    assert "facet-model" not in response.content.decode()
    assert response.headers["HX-Push-Url"] == older


def test_nothing_found_says_what_was_asked_and_the_ways_out(signed_in: Client, project: Project) -> None:
    make_session(project, "a", make_log("A robot", model="o3"))
    page = get(signed_in, "?q=robot&status=error&range=1h")
    sentence = (
        "No session in the last hour matches <code><bdi>robot</bdi></code> and <code><bdi>status:error</bdi></code>."
    )
    assert sentence in " ".join(page.split())
    assert links(page) == {"Clear all filters": ADDRESS}
    page = get(signed_in, "?q=robot&model=o3&range=1h")
    assert links(page) == {"Any time (1 session)": f"{ADDRESS}?q=robot+model%3Ao3", "Clear all filters": ADDRESS}
    page = get(signed_in, "?q=robot&status=error")
    assert links(page) == {"Clear status:error (1 session)": f"{ADDRESS}?q=robot", "Clear all filters": ADDRESS}


def test_custom_range_comes_back_in_the_viewers_zone(signed_in: Client, project: Project) -> None:
    make_session(project, "a", make_log("one", started_at=START))
    signed_in.cookies["logsui_zone"] = "Europe/Berlin"
    page = get(signed_in, "?range=custom&from=2026-03-14T10:00&to=2026-03-14T10:00")
    assert titles(page) == ["one"]
    assert 'name="from" value="2026-03-14T10:00"' in page
    assert titles(get(signed_in, "?range=custom&from=2026-03-14T10:01")) == []


# --- news -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query", ["", "?order=-cost", "?q=robot", "?q=robot&order=first_at", "?q=user%3Aalice", "?q=robot+user%3Aalice"]
)
def test_pill_says_how_many_are_new(signed_in: Client, project: Project, query: str) -> None:
    # Of these, the last two queries find nothing yet.
    make_session(project, "a", make_log("A robot", started_at=START))
    make_session(project, "c", make_log("A cat", started_at=START + timedelta(seconds=1)))
    asked = re.search(r'hx-get="([^"]*/new/[^"]*)"\s+hx-vals=\'\{"newest": "([^"]+)"\}\'', get(signed_in, query))
    assert asked
    address = f"{unescape(asked[1])}{'&' if query else '?'}newest={asked[2]}"
    assert "new or updated" not in signed_in.get(address).content.decode()
    make_session(project, "b", make_log("A robot", user="alice", started_at=START + timedelta(minutes=1)))
    if query:
        make_session(project, "d", make_log("A dog", started_at=START + timedelta(minutes=2)))
    pill = signed_in.get(address).content.decode()
    assert ("2 new or updated sessions" if query == "?order=-cost" else "1 new or updated session<") in pill
    assert f'href="{ADDRESS}{query}"' in unescape(pill)


def test_pill_says_in_which_rows_something_happens(signed_in: Client, project: Project) -> None:
    now = timezone.now()
    old = make_session(project, "old")
    active = make_session(project, "active", make_log(started_at=now, seconds=0))
    runs = make_session(project, "runs", make_log(started_at=now, ended_at=None, response=None, status="running"))
    other = make_session(make_project("other"), "theirs", make_log(started_at=now, seconds=0))
    newest = re.search(r'"newest": "([^"]+)"', get(signed_in))[1]  # type: ignore[index]
    shown = ",".join(str(session.pk) for session in (old, active, runs, other))
    pill = signed_in.get(f"{ADDRESS}new/", {"newest": newest, "shown": f"{shown},x"}).content.decode()
    told = re.search(r'data-active="([^"]*)"', pill)[1].split()  # type: ignore[index]
    assert sorted(told) == sorted((str(active.pk), f"{runs.pk}:runs"))
    assert "data-active" not in signed_in.get(f"{ADDRESS}new/", {"newest": newest}).content.decode()


def test_pill_without_a_place_is_nothing(signed_in: Client, project: Project) -> None:
    assert signed_in.get(f"{ADDRESS}new/?newest=x").status_code == 204


def test_page_says_that_the_digester_is_behind(signed_in: Client, project: Project) -> None:
    make_session(project, "a")
    accept_body(project.pk, "native", b'{"request": {}}')
    assert "are not shown yet" not in get(signed_in)
    InboxEntry.objects.update(received_at=timezone.now() - timedelta(minutes=2))
    assert "are not shown yet" in get(signed_in)


# --- search ---------------------------------------------------------------------------------------------------------


def test_a_row_shows_where_the_words_were_found(signed_in: Client, project: Project) -> None:
    session = make_session(project, "a", make_log("Tell me of a <i>robot</i> & more"))
    page = get(signed_in, "?q=robot")
    places = re.findall(r'<li><a href="([^"]+)">.*?<span class="snip"><bdi>(.*?)</bdi>', page, re.DOTALL)
    assert [text for _, text in places] == ["Tell me of a &lt;i&gt;<mark>robot</mark>&lt;/i&gt; &amp; more"]
    found = signed_in.get(places[0][0])
    assert found.status_code == 200
    assert str(session.pk) in found.content.decode()
    assert "<mark>" not in get(signed_in, "?q=model:gpt-4o")


def test_found_places_have_the_numbers_of_the_page_of_the_session(
    signed_in: Client, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asks(text: str, second: int, **members: Any) -> dict[str, Any]:
        return make_log(text, started_at=START + timedelta(seconds=second), **members)

    make_session(
        project,
        "a",
        asks("cats", 0),
        asks("dogs", 10, status="error", response=None),
        asks("a robot", 20),
        asks("the tool of a robot", 25, kind="tool", response=None),
        asks("another robot", 30, seconds=1),
    )
    make_session(project, "b", asks("cats", 40), asks("robot", 50), asks("cats", 60), asks("robot again", 70))
    page = get(signed_in, "?q=robot")
    places = re.findall(r'<li><a href="([^"]+)"><span class="n" title="Request (\d+), [\d:]+">#(\d+)</span>', page)
    assert sorted(number for _, number, _ in places) == ["2", "3", "4", "4", "5"]
    for href, number, shown in places:
        assert number == shown
        session = signed_in.get(unescape(href)).content.decode()
        before = session[: session.index('<mark id="hit"')]
        assert re.findall(r'<article[^>]* id="r(\d+)"', before)[-1] == number

    monkeypatch.setattr(request_numbers, "MOST_REQUESTS", 4)
    page = get(signed_in, "?q=robot")
    assert len(re.findall(r'<span class="n" title="Request \d', page)) == 2, "only those of the shorter session"
    assert re.search(r'<span class="n">\d\d:\d\d:\d\d</span>', page)


# --- orders ---------------------------------------------------------------------------------------------------------


def test_heads_of_columns_order_the_list_and_turn_it(signed_in: Client, project: Project) -> None:
    for title, cost in (("cheap", 0.1), ("dear", 3), ("middle", 1)):
        make_session(project, title, make_log(title, cost=cost))
    address, shown = f"{ADDRESS}?q=model%3Agpt-4o", []
    for _ in range(2):
        head = re.search(r'class="c-cost num".*?<a href="([^"]+)"', signed_in.get(address).content.decode(), re.DOTALL)
        assert head
        address = unescape(head[1])
        page = signed_in.get(address).content.decode()
        shown.append((titles(page), re.findall(r'class="c-cost num"\s+aria-sort="(\w+)"', page)))
    assert shown == [(["dear", "middle", "cheap"], ["descending"]), (["cheap", "middle", "dear"], ["ascending"])]
    assert "model%3Agpt-4o" in address


# --- what comes after the rows --------------------------------------------------------------------------------------


def facet_links(page: str, name: str) -> dict[str, str]:
    """The addresses of a facet's values by their words."""
    lists = page[page.index(f'id="facet-{name}"') :]
    found = re.findall(
        r'<a class="facet-row"[^>]* href="([^"]+)".*?<bdi>(.*?)</bdi>', lists[: lists.index("</div>")], re.DOTALL
    )
    return {unescape(label): unescape(href) for href, label in found}


def test_rules_are_a_facet_in_words(signed_in: Client, project: Project) -> None:
    make_session(project, "named")
    store_logs(project, make_log())
    page = get(signed_in, "facets/")
    assert facet_links(page, "rule") == {
        "Begun without an id": f"{ADDRESS}?q=rule%3Aown",
        "By session id": f"{ADDRESS}?q=rule%3Asession_id",
    }
    assert "A session counts under each way in which its requests were grouped." in page
    page = get(signed_in, "facets/?rule=conversation")
    assert titles(page) == []
    assert facet_links(page, "rule")["Inferred from the conversation"] == ADDRESS


def test_facets_are_links_that_add_and_drop_a_value(signed_in: Client, project: Project) -> None:
    make_session(project, "a", model="o3", user="<b>")
    make_session(project, "b", model="gpt-4o")
    page = get(signed_in, "facets/?model=o3&status=ok")
    assert facet_links(page, "model") == {
        "o3": f"{ADDRESS}?q=status%3Aok",
        "gpt-4o": f"{ADDRESS}?q=status%3Aok+model%3Ao3%2Cgpt-4o",
    }
    assert facet_links(get(signed_in, "facets/"), "user") == {"<b>": f"{ADDRESS}?q=user%3A%3Cb%3E"}


def test_totals_and_histogram_are_there_without_a_script(signed_in: Client, project: Project) -> None:
    make_session(project, "a", make_log(status="error", cost=0.25, seconds=4))
    later = unescape(re.findall(r'<a class="textbtn later" href="([^"]+overview[^"]*)"', get(signed_in))[0])
    page = signed_in.get(later).content.decode()
    assert "<html" in page
    for number, name in (("1", "session"), ("1", "request"), ("$0.250", "cost")):
        assert f"<b>{number}</b> {name}" in page
    bars = re.findall(r'<a href="([^"]+)" aria-label="[^"]*"\s+data-bin', page)
    assert titles(signed_in.get(unescape(bars[-1])).content.decode()) == titles(page) != []
    assert 'class="e"' in page
    # One session is a bar in an hour, and no bar as wide as the page.
    assert "peak 1 / 1 min" in page
    assert len(axis(page)) == 7


def test_sums_say_what_has_no_known_cost(signed_in: Client, project: Project) -> None:
    make_session(project, "a", make_log(cost=0.25))
    make_session(project, "b", make_log(model="nobody-knows-it"))
    make_session(project, "c", make_log(model="nobody-knows-it", status="error", usage=None))
    page = get(signed_in, "overview/")
    assert "<b>$0.250</b> cost, 1 unknown" in page
    assert "no cost is known. Of a session it has the costs that are known; its page says if some are not." in page


def axis(page: str) -> list[str]:
    """The times below the histogram; fails if one is written twice."""
    times = re.findall(r"<span>([^<]+)</span>", page.partition('class="histo-axis"')[2].partition("</div>")[0])
    assert len(set(times)) == len(times), times
    return times


def test_times_below_the_histogram_are_told_apart(signed_in: Client, project: Project) -> None:
    make_session(project, "a")
    seconds = {"from": (START - timedelta(seconds=3)).isoformat(), "to": (START + timedelta(seconds=3)).isoformat()}
    assert len(axis(get(signed_in, f"overview/?{urlencode(seconds)}"))) > 2
    for days in (1, 3, 5, 6, 7, 30):
        make_session(project, f"old-{days}", make_log(started_at=START - timedelta(days=days)))
        assert len(axis(get(signed_in, "overview/"))) == 7


def test_times_below_the_histogram_name_the_day_or_year_where_it_changes(signed_in: Client, project: Project) -> None:
    make_session(project, "a")

    def between(start: datetime, end: datetime) -> list[str]:
        return axis(get(signed_in, f"overview/?{urlencode({'from': start.isoformat(), 'to': end.isoformat()})}"))

    midnight = START.replace(hour=0, minute=0, second=0, microsecond=0)
    night = between(midnight - timedelta(hours=6), midnight + timedelta(hours=12))
    days = [f"{moment.day} {moment:%b}" for moment in (midnight - timedelta(days=1), midnight)]
    assert [label.partition(",")[0] for label in night if "," in label] == days
    assert not any("," in label for label in between(midnight + timedelta(hours=1), midnight + timedelta(hours=23)))
    years = between(START - timedelta(days=500), START + timedelta(days=1))
    assert years[0].endswith(str((START - timedelta(days=500)).year))
    assert years[-1].endswith(str(START.year))


def test_where_nothing_is_found_no_dashes_are_written(signed_in: Client, project: Project) -> None:
    make_session(project, "a")
    page = get(signed_in, "overview/?q=nothing-of-the-kind")
    assert "<b>0</b> sessions" in page
    assert "p95" not in page
    assert 'id="facet-status"' in page
    assert 'id="facet-user"' not in page


def test_regions_are_fetched_alone_by_htmx(signed_in: Client, project: Project) -> None:
    make_session(project, "a")
    page = get(signed_in)
    assert 'id="facet-model"' not in page
    for region in re.findall(r'hx-get="([^"]+)" hx-trigger="load', page):
        part = signed_in.get(unescape(region), headers={"HX-Request": "true"}).content.decode()
        assert "<html" not in part
        assert "<details" in part or "<figure" in part


# --- cost and hostile texts -----------------------------------------------------------------------------------------

QUERIES = [
    "",
    "?q=hello&model=gpt-4o&user=u1&tag=t1&status=ok&source=native&rule=session_id&range=30d",
    "?q=nothing&model=gpt-4o&user=u1&tag=t1&status=error&source=native&range=1h",
    "?trace_id=s1&from=2020-01-01",
]


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("sessions", [1, 60])
def test_a_page_is_a_dozen_statements_at_most(
    signed_in: Client,
    project: Project,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    query: str,
    sessions: int,
) -> None:
    names = [f"s{i}" for i in range(sessions)]
    store_logs(project, *[make_log(session_id=name, user=f"u{name[1:]}", tags=[f"t{name[1:]}"]) for name in names])
    # One more where nothing is found: the page tries up to four other filters.
    with django_assert_max_num_queries(MOST_STATEMENTS + 10 * ("q=" in query) + 4 * ("trace_id" in query)):
        get(signed_in, query)


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7|add:7 }}{% debug %}",
    "javascript:alert(1)",
    "</bdi></a></td></table><h1>owned</h1>",
    "&lt;b&gt; &amp;",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_shown_as_they_are(signed_in: Client, project: Project, text: str) -> None:
    make_session(project, text, make_log(text, model=text, user=text, tags=[text]))
    filters = f"model={quote(text)}&user={quote(text)}&tag={quote(text)}"
    page = get(signed_in, f"?{filters}")
    assert titles(page) == [text]
    # Some of them cannot be read as a query, and are repeated with what is wrong.
    for shown in (page, get(signed_in, f"?q={quote(text)}&{filters}")):
        for outlaw in ("<script>alert", "<img", "onmouseover='", "<h1>owned", 'href="javascript:', ">14<"):
            assert outlaw not in shown, outlaw
    # Once more for the page that finds nothing, which repeats what was asked.
    empty = get(signed_in, f"?q={quote(text)}x&model=none")
    assert "<script>alert" not in empty
    assert "<img" not in empty


def test_nul_and_long_texts_in_the_address(signed_in: Client, project: Project) -> None:
    make_session(project, "a")
    assert titles(get(signed_in, "?q=a%00&model=%00&user=%00&tag=%00&source=%00&trace_id=%00")) == []
    for pasted in ("x" * 2000, "ü " * 5000):
        page = get(signed_in, f"?q={quote(pasted)}")
        assert "A query may have at most 1,000 characters" in page
        assert 'maxlength="1000"' not in page
    assert titles(get(signed_in, "?q=a%ff%fe&tag=%ff")) == []


def test_links_keep_the_order(signed_in: Client, project: Project) -> None:
    make_session(project, "a", cost=1, user="alice", tags=["ci"])
    page = get(signed_in, "?order=-cost&q=user:alice")
    [clear] = re.findall(r'<a class="chip" href="([^"]+)" aria-current="true" title="Clear', page)
    assert unescape(clear) == f"{ADDRESS}?order=-cost"
    [later] = re.findall(r'hx-get="([^"]*/facets/[^"]*)"', page)
    facets = signed_in.get(unescape(later), headers={"HX-Request": "true"}).content.decode()
    rows = re.findall(r'class="facet-row" id="[^"]*" href="([^"]+)"', facets)
    assert rows
    assert all("order=-cost" in unescape(row) for row in rows)
    assert "order=" not in "".join(re.findall(r'hx-get="([^"]*/facets/[^"]*)"', get(signed_in, "?order=price")))


def test_what_runs_is_a_filter_beside_the_list(signed_in: Client, project: Project) -> None:
    now = datetime.now(UTC)
    make_session(project, "a", make_log("long", started_at=now, status="running", ended_at=None))
    make_session(project, "b", make_log("done", started_at=now))
    link = f'href="{ADDRESS}?q=status%3Arunning"'
    assert link in get(signed_in, "facets/")
    assert titles(get(signed_in, "?q=status%3Arunning")) == ["long"]
    assert titles(get(signed_in, "?q=-status%3Arunning")) == ["done"]
    assert "status%3Arunning" not in get(signed_in, "facets/?q=done")
