"""How much a time range hides: above the sessions, and above the requests."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.test import Client

from sessions_app.models import Project
from sessions_app.pages.sessions.outside import outside_words
from sessions_app.queries import matching
from sessions_app.queries.filters import SessionFilters
from sessions_app.queries.matching import CountedMatches, count_outside
from sessions_app.search_language import parse
from tests.factories import START, make_log, store_logs

HTMX = {"HX-Request": "true"}


@pytest.fixture
def nine(project: Project) -> None:
    """A session an hour, of which every other one is about robots."""
    logs = [make_log("cats" if i % 2 else "robots", session_id=f"s{i}") for i in range(9)]
    store_logs(project, *[log | {"started_at": START + timedelta(hours=i)} for i, log in enumerate(logs)])


@pytest.mark.parametrize("unit", ["sessions", "requests"])
def test_what_the_range_hides_is_counted_later(signed_in: Client, nine: None, unit: str) -> None:
    address = f"/p/acme/{unit}/"
    asked = "q=robots&from=2026-03-14T11:00:00Z&to=2026-03-14T13:00:00Z"
    page = signed_in.get(f"{address}?{asked}").content.decode()
    assert page.count("data-row") == 2
    [line] = re.findall(rf'hx-get="({address}outside/[^"]*)" hx-trigger="load"', page)
    assert f'<a class="textbtn" href="{address}?q=robots">Look outside this range</a>' in page
    found = signed_in.get(unescape(line), headers=HTMX).content.decode()
    assert f"3 other {unit} match outside this range." in found
    assert f'href="{address}?q=robots"' in found
    assert signed_in.get(unescape(line)).headers["Location"] == f"{address}?q=robots"


@pytest.mark.parametrize("query", ["q=robots", "from=2026-03-14T11:00:00Z", "q=status:late&range=30d"])
def test_without_a_range_or_a_question_there_is_no_line(signed_in: Client, nine: None, query: str) -> None:
    assert "outside/" not in signed_in.get(f"/p/acme/sessions/?{query}").content.decode()
    assert signed_in.get(f"/p/acme/sessions/outside/?{query}", headers=HTMX).content == b""


def test_the_order_is_kept(signed_in: Client, nine: None) -> None:
    page = signed_in.get("/p/acme/sessions/?q=robots&from=2026-03-14T11:00:00Z&order=-cost").content.decode()
    assert 'href="/p/acme/sessions/?q=robots&amp;order=-cost">Look outside' in page


def filters(text: str, **times: datetime) -> SessionFilters:
    return SessionFilters(parse(text), **times)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["robots", "model:gpt-4o", "-robots", "requests:1"])
@pytest.mark.parametrize(("first", "last"), [(0, 8), (2, 5), (-5, 3), (9, 12), (4, 4)])
def test_inside_and_outside_are_all(project: Project, nine: None, text: str, first: int, last: int) -> None:
    """Both ends belong to the range: nothing is counted twice, and nothing is left out."""
    ends = {"since": START + timedelta(hours=first), "until": START + timedelta(hours=last)}
    inside = matching.count_some(project, filters(text, **ends))
    outside = count_outside(project, filters(text, **ends))
    assert inside + outside.number == matching.count_some(project, filters(text))
    assert outside.is_whole


def test_ends_of_time() -> None:
    assert filters("x", since=datetime.min.replace(tzinfo=UTC)).outside_range() == []
    assert filters("x", until=datetime.max.replace(tzinfo=UTC)).outside_range() == []


def test_counts_have_a_limit(project: Project, nine: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "COUNT_LIMIT", 2)
    for text in ("robots", "model:gpt-4o"):
        assert count_outside(project, filters(text, since=START + timedelta(hours=8))).number == 3


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (CountedMatches(101), "More than 100 other sessions match outside this range."),
        (CountedMatches(100), "100 other sessions match outside this range."),
        (CountedMatches(1), "1 other session matches outside this range."),
        (CountedMatches(7, is_whole=False), "At least 7 other sessions match outside this range."),
        (CountedMatches(0), "Nothing else matches outside this range."),
        (
            CountedMatches(0, is_whole=False),
            "Outside this range nothing was found in the time that this line may take.",
        ),
    ],
)
def test_words(found: CountedMatches, words: str) -> None:
    assert outside_words(found, "sessions") == words
