"""What is said of all sessions that match: totals, the histogram, facets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from sessions_app.models import Project
from sessions_app.queries import matching, session_stats
from sessions_app.queries.filters import SessionFilters
from sessions_app.queries.matching import count_some
from sessions_app.queries.session_list import list_sessions
from sessions_app.queries.session_stats import MOST_BINS, facets, histogram, totals
from tests.factories import START, filters_for, make_log, make_session, store_logs

pytestmark = pytest.mark.django_db


# --- totals ---------------------------------------------------------------------------------------------------------


def test_totals_are_sums_over_what_matches(project: Project) -> None:
    usage = {"input_tokens": 10, "output_tokens": 5}
    for number in range(20):
        log = make_log(
            model="o3", usage=usage, cost=0.25, seconds=number + 1, status="error" if number < 3 else "success"
        )
        make_session(project, f"s{number}", log)
    make_session(project, "other", model="gpt-4o", usage=usage, cost=1, seconds=900)
    found = totals(project, filters_for(models=("o3",)))
    assert (found.sessions, found.failed, found.requests, found.failed_requests) == (20, 3, 20, 3)
    assert (found.input_tokens, found.output_tokens, found.cost) == (200, 100, Decimal(5))
    assert (found.median, found.slow) == (timedelta(seconds=10), timedelta(seconds=19))


def test_totals_of_nothing_are_unknown_rather_than_zero(project: Project) -> None:
    found = totals(project, SessionFilters())
    assert (found.sessions, found.requests, found.cost, found.median, found.last_at) == (0, 0, None, None, None)
    make_session(project, "a", usage=None)
    assert totals(project, SessionFilters()).input_tokens is None


def test_totals_say_when_more_match_than_are_counted(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    logs = [make_log(session_id=f"s{i}", seconds=0, started_at=START + timedelta(hours=i)) for i in range(4)]
    store_logs(project, *logs)
    monkeypatch.setattr(session_stats, "MOST_COUNTED", 3)
    found = totals(project, SessionFilters())
    assert found.is_cut
    assert found.sessions == 3
    assert found.first_at == START + timedelta(hours=1)


# --- histogram ------------------------------------------------------------------------------------------------------


def test_histogram_has_each_session_once_and_the_failed_apart(project: Project) -> None:
    for minute in (0, 0, 30, 59):
        store_logs(project, make_log(f"{minute}", seconds=0, started_at=START + timedelta(minutes=minute)))
    make_session(project, "bad", status="error", seconds=0, started_at=START + timedelta(minutes=30))
    found = totals(project, SessionFilters())
    assert found.first_at
    assert found.last_at
    drawn = histogram(project, SessionFilters(), found.first_at, found.last_at)
    assert drawn.step == timedelta(minutes=1)
    assert sum(one.sessions for one in drawn.bins) == 5
    assert [one.failed for one in drawn.bins if one.failed] == [1]
    assert drawn.peak == 2
    assert all(one.end == two.start for one, two in zip(drawn.bins, drawn.bins[1:], strict=False))


@pytest.mark.parametrize("seconds", [0, 1, 95, 96, 3_600, 86_400, 31 * 86_400, 3_000 * 86_400])
def test_histogram_has_few_bins_that_cover_all(project: Project, seconds: int) -> None:
    start, end = START + timedelta(seconds=7), START + timedelta(seconds=7 + seconds)
    drawn = histogram(project, SessionFilters(), start, end)
    assert 1 <= len(drawn.bins) <= MOST_BINS
    assert drawn.bins[0].start <= start
    assert end < drawn.bins[-1].end


# --- facets ---------------------------------------------------------------------------------------------------------


def counted(project: Project, name: str, **filters: Any) -> dict[str, int]:
    return {item.value: item.count for item in facets(project, filters_for(**filters)).values[name]}


def test_facets_count_sessions_most_first(project: Project) -> None:
    make_session(project, "a", make_log(model="o3", tags=["x"]), make_log(model="o3"), make_log(model="gpt-4o"))
    make_session(project, "b", model="gpt-4o", status="error", tags=["x", "y"])
    found = facets(project, SessionFilters())
    assert [(item.value, item.count) for item in found.values["model"]] == [("gpt-4o", 2), ("o3", 1)]
    assert [(item.value, item.count) for item in found.values["tag"]] == [("x", 2), ("y", 1)]
    assert [(item.value, item.count) for item in found.values["status"]] == [("ok", 1), ("error", 1)]
    assert [(item.value, item.count) for item in found.values["source"]] == [("native", 2)]
    assert found.values["user"] == []
    assert not found.is_cut


def test_a_filter_does_not_hide_its_own_other_values(project: Project) -> None:
    make_session(project, "a", model="o3", tags=["x"])
    make_session(project, "b", model="gpt-4o", tags=["y"])
    make_session(project, "c", model="gpt-4o", status="error", tags=["z"])
    assert counted(project, "model", models=("o3",)) == {"o3": 1, "gpt-4o": 2}
    assert counted(project, "tag", models=("o3",)) == {"x": 1}
    assert counted(project, "model", models=("o3",), statuses=("error",)) == {"o3": 0, "gpt-4o": 1}
    assert counted(project, "status", models=("o3",)) == {"ok": 1, "error": 0}


def test_what_runs_is_a_status_where_something_does(project: Project) -> None:
    now = datetime.now(UTC)
    begun = {"status": "running", "ended_at": None}
    make_session(project, "runs", make_log(started_at=now, **begun), make_log(started_at=now, status="error"))
    make_session(project, "old", make_log(started_at=now - timedelta(hours=2), **begun))
    make_session(project, "done", started_at=now)
    assert counted(project, "status") == {"ok": 2, "error": 1, "running": 1}
    assert counted(project, "status", statuses=("running",)) == {"ok": 2, "error": 1, "running": 1}
    assert counted(project, "status", statuses=("unfinished",)) == {"ok": 2, "error": 1, "running": 1, "unfinished": 1}
    assert counted(project, "source", statuses=("running",)) == {"native": 1}
    assert totals(project, filters_for(statuses=("running", "unfinished"))).sessions == 2
    assert totals(project, filters_for("-status:running")).sessions == 2


def test_selected_value_is_listed_first_also_without_sessions(project: Project) -> None:
    make_session(project, "a", model="o3")
    values = facets(project, filters_for(models=("gone",))).values["model"]
    assert [(item.value, item.count, item.selected) for item in values] == [("gone", 0, True), ("o3", 1, False)]


def test_facets_count_in_the_newest_sessions(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    store_logs(
        project,
        make_log(session_id="old", model="old"),
        *[make_log(session_id=f"s{i}", model="new", started_at=START + timedelta(hours=1)) for i in range(3)],
    )
    monkeypatch.setattr(session_stats, "MOST_COUNTED", 3)
    found = facets(project, SessionFilters())
    assert found.is_cut
    assert [(item.value, item.count) for item in found.values["model"]] == [("new", 3)]


def test_two_statements_count_all_facets(project: Project, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    make_session(project, "a", user="%s", tags=["{}"])
    filters = filters_for(
        text="hello", models=("gpt-4o",), users=("%s", "'"), tags=("{}",), statuses=("ok",), sources=("native",)
    )
    with django_assert_num_queries(2):
        assert counted(project, "user", users=("%s",)) == {"%s": 1}
    assert facets(project, filters).values["user"][0].count == 1


# --- what only the text tells ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('"small robot"', 2),
        ("-robot", 1),
        ('-"small robot"', 2),
        ("robo*", 3),
        ("robot", 3),
        ("in:user robot", 3),
        ("in:assistant robot", 0),
        ("has:branch", 0),
        ("-has:tool robot", 3),
    ],
)
def test_sums_are_of_the_sessions_that_the_list_has(project: Project, query: str, expected: int) -> None:
    for number, text in enumerate(("a small robot", "robot, small", "cat", "the small robot")):
        make_session(project, f"s{number}", make_log(text, started_at=START + timedelta(hours=number)))
    filters = filters_for(query)
    assert len(list_sessions(project, filters).results) == expected
    assert totals(project, filters).sessions == expected
    [model] = facets(project, filters).values["model"] or [None]
    assert (model.count if model else 0) == expected
    assert count_some(project, filters) == expected


def test_sums_say_how_far_they_looked(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        make_session(project, f"s{number}", make_log("small robot", started_at=START + timedelta(hours=number)))
    monkeypatch.setattr(matching, "MOST_FOUND", 2)
    found = totals(project, filters_for('"small robot"'))
    assert (found.sessions, found.since) == (2, START + timedelta(hours=2, seconds=2))
    assert facets(project, filters_for('"small robot"')).since == found.since
    assert totals(project, filters_for("robot")).since is None
