"""The session list: order, paging, filters, facets, activity."""

from __future__ import annotations

import time
import unicodedata
import uuid
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from sessions_app.models import Project, Session
from sessions_app.queries import matching
from sessions_app.queries.activity import ACTIVITY_SLOTS, activity
from sessions_app.queries.filters import FilterError, SessionFilters
from sessions_app.queries.matching import conditions_for, count_newer, count_some
from sessions_app.queries.request_list import list_requests
from sessions_app.queries.search import contents, walk
from sessions_app.queries.search.conditions import MOST_LISTED, Conditions
from sessions_app.queries.search.orders import CHOICES, direction_of, opposite
from sessions_app.queries.search.walk import Walk
from sessions_app.queries.session_list import (
    NEWEST_FIRST,
    OLDEST_FIRST,
    SessionPage,
    list_sessions,
)
from sessions_app.queries.session_stats import facets
from sessions_app.storage.tags import give
from tests.factories import START, filters_for, make_log, make_project, make_session, store_logs

pytestmark = pytest.mark.django_db


def keys(page: SessionPage) -> list[str | None]:
    return [row.session_key for row in page.results]


def found(project: Project, **filters: Any) -> set[str | None]:
    return set(keys(list_sessions(project, filters_for(**filters))))


def test_it_works(project: Project) -> None:
    first = make_log("First question", user="alice", tags=["ci"], cost=0.25, started_at=START, seconds=2)
    second = make_log("More", model="o3", status="error", started_at=START + timedelta(seconds=10), seconds=5)
    make_session(project, "old", first, second)
    make_session(project, "new", started_at=START + timedelta(hours=1))

    page = list_sessions(project, SessionFilters())

    assert keys(page) == ["new", "old"]
    assert page.next_cursor is None
    row = page.results[1]
    assert row.title == "First question"
    assert (row.request_count, row.error_count) == (2, 1)
    assert (row.input_tokens, row.output_tokens, row.cost) == (16, 8, Decimal("0.250048"))
    assert (row.model_names, row.users, row.tags, row.sources) == (["gpt-4o", "o3"], ["alice"], ["ci"], ["native"])
    assert (row.first_at, row.duration) == (START, timedelta(seconds=15))


def test_other_projects_are_never_seen(project: Project) -> None:
    other = make_project("other")
    theirs = make_session(other, "secret-trace", request_id="secret-request")
    assert not list_sessions(project, SessionFilters()).results
    for text in ("secret-trace", "secret-request", "Hello", str(theirs.id), "se"):
        assert found(project, text=text) == set(), text
        assert found(other, text=text) <= {"secret-trace"}
    assert found(project, trace_id="secret-trace") == set()
    listed = facets(project, SessionFilters()).values.values()
    assert not any(value.count for values in listed for value in values)


# --- paging ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [NEWEST_FIRST, OLDEST_FIRST])
def test_pages_reach_the_end_without_gap_or_repetition(project: Project, order: str) -> None:
    # Groups of three end at the same moment: the id decides among them.
    store_logs(
        project, *[make_log(session_id=f"s{i}", started_at=START + timedelta(minutes=i // 3)) for i in range(11)]
    )
    pages, cursor = [], None
    while True:
        page = list_sessions(project, SessionFilters(), order, limit=2, cursor=cursor)
        pages.append(page)
        cursor = page.next_cursor
        if cursor is None:
            break
    rows = [row for page in pages for row in page.results]
    assert [len(page.results) for page in pages] == [2, 2, 2, 2, 2, 1]
    assert len({row.id for row in rows}) == 11
    places = [(row.last_at, row.id) for row in rows]
    assert places == sorted(places, reverse=order == NEWEST_FIRST)


def test_last_full_page_has_no_next_one(project: Project) -> None:
    store_logs(project, *[make_log(session_id=f"s{i}") for i in range(4)])
    first = list_sessions(project, SessionFilters(), limit=2)
    assert first.next_cursor
    assert list_sessions(project, SessionFilters(), limit=2, cursor=first.next_cursor).next_cursor is None


@pytest.mark.parametrize(
    ("order", "value"),
    [
        ("-last_at", START.replace(microsecond=123457)),
        ("cost", Decimal("0.00012")),
        ("-cost", Decimal(-1)),
        ("tokens", 12),
        ("-duration", timedelta(microseconds=5)),
    ],
)
def test_cursor_names_a_place_exactly(order: str, value: Any) -> None:
    direction, session_id = direction_of(order), uuid.uuid4()
    assert direction.place(direction.cursor(value, session_id)) == (value, session_id)


@pytest.mark.parametrize(
    "cursor", ["x", "1.2", f"{10**17}.{'0' * 32}x", f"{10**18}.{'0' * 32}", f"{'9' * 18}.{'0' * 32}"]
)
def test_cursor_from_elsewhere_is_refused(project: Project, cursor: str) -> None:
    with pytest.raises(FilterError) as caught:
        list_sessions(project, SessionFilters(), cursor=cursor)
    assert caught.value.field == "cursor"


@pytest.mark.parametrize(("argument", "value"), [("order", "price"), ("limit", 0), ("limit", 1_001)])
def test_order_and_limit_that_can_not_be_are_refused(project: Project, argument: str, value: Any) -> None:
    with pytest.raises(FilterError) as caught:
        list_sessions(project, SessionFilters(), **{argument: value})
    assert caught.value.field == argument


def test_few_statements_read_a_page(project: Project, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    store_logs(project, *[make_log(session_id=f"s{i}", tags=["t"]) for i in range(5)])
    filters = filters_for(text="hello", tags=("t",), statuses=("ok",), since=START)
    with django_assert_num_queries(1):
        assert len(list_sessions(project, SessionFilters(), limit=3).results) == 3
    # The id that the word may be, where the word may be, the sessions, the index, what it found, and these sessions as
    # a whole.
    with django_assert_num_queries(7):
        assert len(list_sessions(project, filters, limit=3).results) == 3


# --- filters --------------------------------------------------------------------------------------------------------


def test_filters_combine(project: Project) -> None:
    make_session(project, "a", model="gpt-4o", user="alice", tags=["ci", "x"])
    make_session(project, "b", model="o3", user="bob", tags=["ci"], status="error")
    assert found(project, models=("gpt-4o",)) == {"a"}
    assert found(project, models=("gpt-4o", "o3")) == {"a", "b"}
    assert found(project, tags=("ci",)) == {"a", "b"}
    assert found(project, tags=("ci",), users=("bob",)) == {"b"}
    assert found(project, users=("alice",), models=("o3",)) == set()
    assert found(project, statuses=("error",)) == {"b"}
    assert found(project, statuses=("ok",)) == {"a"}
    assert found(project, statuses=("ok", "error")) == {"a", "b"}
    assert found(project, sources=("native",)) == {"a", "b"}
    assert found(project, sources=("litellm",)) == set()


def test_range_is_of_the_last_activity(project: Project) -> None:
    make_session(project, "early", started_at=START, seconds=0)
    make_session(project, "late", started_at=START + timedelta(hours=2), seconds=0)
    assert found(project, since=START) == {"early", "late"}
    assert found(project, since=START + timedelta(microseconds=1)) == {"late"}
    assert found(project, until=START) == {"early"}
    assert found(project, since=START, until=START + timedelta(hours=1)) == {"early"}


def test_text_is_looked_for_in_title_key_and_users(project: Project) -> None:
    make_session(project, "conversation-42", make_log("A story about a Robot who whistles", user="Alice.Moreau"))
    make_session(project, "other", make_log("Something else"))
    for text in ("robot", "ROBOT whistles", "whistles story", "conversation-4", "moreau", "alice robot conversation"):
        assert found(project, text=text) == {"conversation-42"}, text
    assert found(project, text="robot else") == set()


@pytest.mark.parametrize("text", ["a%b", "a\\b", "a'b", "a.*b", "%s %(x)s", "a\0b", "a\u202eb"])
def test_text_is_taken_literally(project: Project, text: str) -> None:
    make_session(project, "plain", make_log("axb 100 c percent"))
    assert found(project, text=text) == set()


def test_wildcards_are_found_as_characters(project: Project) -> None:
    make_session(project, "plain", make_log("VAT is 100% of a_b"))
    assert found(project, text="100%") == {"plain"}
    assert found(project, text="a_b") == {"plain"}


def test_unicode_text_is_found_whatever_its_case(project: Project) -> None:
    make_session(project, "a", make_log("ÜBER die Straße"))
    make_session(project, "b", make_log("東京の天気"))
    assert found(project, text="über") == {"a"}
    assert found(project, text="の天気") == {"b"}


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Cafe\u0301 in Zu\u0308rich", "zürich CAFÉ"),
        ("Café in Zürich", "Zu\u0308rich cafe\u0301"),
        ("ＧＰＴ－４ について", "gpt-4"),
        ("GPT-4 について", "ＧＰＴ－４"),
        ("ガイド for all", "ｶﾞｲﾄﾞ"),
        ("The efficient way", "e\ufb03cient"),
        ("Hauptstrasse", "HAUPTSTRAßE"),
    ],
)
def test_unicode_text_is_found_however_it_is_written(project: Project, title: str, text: str) -> None:
    make_session(project, "s", make_log(title))
    assert found(project, text=text) == {"s"}


def test_session_is_found_by_every_id_of_it(project: Project) -> None:
    response = {"id": "resp_abc", "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}}]}
    session = make_session(project, "t" * 1000, request_id="req-of-it", response=response)
    make_session(project, "another")
    for text in ("t" * 1000, "req-of-it", "resp_abc", str(session.id), session.id.hex):
        assert found(project, text=text) == {"t" * 1000}, text
        assert found(project, trace_id=text) == {"t" * 1000}, text


def test_session_without_a_key_is_found_by_its_request(project: Project) -> None:
    store_logs(project, make_log(request_id="lonely"))
    assert [row.session_key for row in list_sessions(project, filters_for(text="lonely")).results] == [None]


def test_trace_id_is_found_when_the_session_id_won(project: Project) -> None:
    make_session(project, "session-7", trace_id="trace-7")
    assert found(project, text="trace-7") == {"session-7"}
    assert found(project, trace_id="trace-7") == {"session-7"}


def test_trace_id_filter_is_exact(project: Project) -> None:
    make_session(project, "trace-1")
    make_session(project, "trace-12")
    assert found(project, trace_id="trace-1") == {"trace-1"}


def with_rules(session: Session, *rules: str) -> None:
    Session.objects.filter(pk=session.pk).update(rules=list(rules))


def test_sessions_are_found_by_the_rules_that_formed_them(project: Project) -> None:
    with_rules(make_session(project, "inferred"), "own", "conversation")
    with_rules(make_session(project, "corrected"), "manual", "conversation")
    make_session(project, "named")
    assert found(project, rules=("conversation",)) == {"inferred", "corrected"}
    assert found(project, rules=("manual", "own")) == {"inferred", "corrected"}
    assert found(project, rules=("session_id",)) == {"named"}
    assert found(project, rules=("attempt",)) == set()
    counted = {item.value: item.count for item in facets(project, SessionFilters()).values["rule"]}
    assert counted == {"conversation": 2, "own": 1, "manual": 1, "session_id": 1}


# --- activity -------------------------------------------------------------------------------------------------------


def test_activity_places_requests_within_the_session(project: Project) -> None:
    at = [make_log(started_at=START + timedelta(seconds=start), seconds=10) for start in (0, 50, 90)]
    make_session(project, "a", at[0], at[1] | {"status": "error"}, at[2])
    rows = list_sessions(project, SessionFilters()).results
    spans = activity(rows)[rows[0].id]
    assert [(span.start, span.end, span.failed) for span in spans] == [
        (0.0, 0.1, False),
        (0.5, 0.6, True),
        (0.9, 1.0, False),
    ]


def test_activity_of_a_page_is_one_statement(
    project: Project, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    store_logs(project, *[make_log(session_id=f"s{i}", started_at=START + timedelta(days=20 * i)) for i in range(6)])
    rows = list_sessions(project, SessionFilters()).results
    with django_assert_num_queries(1):
        spans = activity(rows)
    assert {row.id for row in rows} == spans.keys()


def test_activity_of_nothing_asks_nothing(project: Project, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        assert activity([]) == {}


def test_activity_of_a_huge_session_is_bounded_and_whole(project: Project) -> None:
    logs = [make_log(started_at=START + timedelta(seconds=i), seconds=0.5) for i in range(1_000)]
    logs[500]["status"] = "error"
    make_session(project, "huge", *logs)
    rows = list_sessions(project, SessionFilters()).results
    spans = activity(rows)[rows[0].id]
    assert len(spans) <= 2 * ACTIVITY_SLOTS
    assert sum(span.failed for span in spans) == 1
    assert (min(span.start for span in spans), max(span.end for span in spans)) == (0.0, 1.0)


@pytest.mark.parametrize("year", [1, 9999])
def test_absurd_clocks_stay_on_the_strip(project: Project, year: int) -> None:
    make_session(project, "a", make_log(), make_log(started_at=START.replace(year=year), seconds=0))
    rows = list_sessions(project, SessionFilters()).results
    for span in activity(rows)[rows[0].id]:
        assert 0 <= span.start <= span.end <= 1


# --- bounded counts -------------------------------------------------------------------------------------------------


def test_newer_sessions_are_counted(project: Project) -> None:
    make_session(project, "a")
    newest = list_sessions(project, SessionFilters()).results[0].cursor
    assert count_newer(project, SessionFilters(), newest) == 0
    make_session(project, "b", started_at=START + timedelta(hours=1))
    make_session(project, "a", started_at=START + timedelta(hours=2))
    make_session(project, "c", started_at=START - timedelta(hours=1))
    assert count_newer(project, SessionFilters(), newest) == 2
    assert count_newer(project, filters_for(models=("other",)), newest) == 0


def test_counting_ends_at_its_limit(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    store_logs(project, *[make_log(session_id=f"s{i}") for i in range(5)])
    assert count_some(project, SessionFilters()) == 5
    monkeypatch.setattr(matching, "COUNT_LIMIT", 3)
    assert count_some(project, SessionFilters()) == 3


@pytest.mark.parametrize("order", CHOICES)
def test_list_walks_an_index_in_each_order(project: Project, order: str) -> None:
    direction = direction_of(order)
    walk = Walk(project, Conditions(), direction, ["id"], [("s.last_at >= %s", [START])])
    value = list_sessions(make_project("other"), SessionFilters(), order)
    assert value.results == []
    with connection.cursor() as database:
        # A table of a few rows is as cheap to sort, and what PostgreSQL knows of it depends on the tests before.
        for name in ("seqscan", "bitmapscan", "sort", "incremental_sort"):
            database.execute(f"SET LOCAL enable_{name} = off")
        statement, params = walk.statement(None, 50)
        database.execute(f"EXPLAIN {statement}", params)
        plan = "\n".join(row[0] for row in database.fetchall())
    name = {"last_at": "session_latest", "first_at": "session_by_start"}.get(
        order.removeprefix("-"), f"session_by_{order.removeprefix('-')}"
    )
    assert f"using {name}" in plan


@pytest.mark.parametrize("order", CHOICES)
def test_every_order_pages_to_the_end(project: Project, order: str) -> None:
    for number in range(7):
        usage = {"prompt_tokens": number, "completion_tokens": 1} if number % 2 else None
        response = {"choices": [{"message": {"role": "assistant", "content": "Hi"}}], "usage": usage}
        more = {"cost": number / 100} if number % 3 else {}
        make_session(project, f"s{number}", make_log(seconds=number % 4, response=response, **more), started_at=START)
    whole = list_sessions(project, SessionFilters(), order).results
    paged: list[Any] = []
    cursor = None
    for _ in range(7):
        page = list_sessions(project, SessionFilters(), order, limit=2, cursor=cursor)
        paged += page.results
        cursor = page.next_cursor
        if cursor is None:
            break
    assert [row.id for row in paged] == [row.id for row in whole]
    assert len({row.id for row in whole}) == 7
    assert whole == list_sessions(project, SessionFilters(), opposite(order)).results[::-1]


# --- when the time is over ------------------------------------------------------------------------------------------


def test_pages_go_on_where_the_time_was_over(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(12):
        text = "small robot" if number % 3 == 0 else "robot, not small" if number % 3 == 1 else "cat"
        make_session(project, f"s{number:02}", make_log(text, started_at=START + timedelta(hours=number)))
    everything = found(project, text='"small robot"')
    assert everything == {"s00", "s03", "s06", "s09"}
    monkeypatch.setattr(walk, "FIRST_SLICE", 2)
    monkeypatch.setattr(Walk, "_is_over", lambda self: self.has_begun)
    keys: list[str | None] = []
    cursor: str | None = None
    pages = 0
    while True:
        page = list_sessions(project, filters_for('"small robot"'), cursor=cursor)
        keys += [row.session_key for row in page.results]
        assert not page.unsure
        pages, cursor = pages + 1, page.next_cursor
        if cursor is None:
            break
        assert page.is_out_of_time
    assert keys == ["s09", "s06", "s03", "s00"]
    assert pages > 4


def test_session_too_long_to_be_looked_through_is_listed_as_unsure(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = [make_log(f"robot {n}, not small", started_at=START + timedelta(minutes=n)) for n in range(30)]
    session = make_session(project, "long", *logs)
    monkeypatch.setattr(walk, "ROWS_AT_ONCE", 4)
    looks = iter(range(1_000))
    monkeypatch.setattr(Walk, "_is_over", lambda self: next(looks) > 2)
    page = list_sessions(project, filters_for('"small robot"'))
    assert page.unsure == {session.pk}
    # A part of it has one of the words. It is not read again to show where.
    assert session.pk not in page.snippets
    monkeypatch.setattr(Walk, "_is_over", lambda self: next(looks) > 2)
    sure = list_sessions(project, filters_for('"small robot"'), is_patient=True)
    assert not sure.results
    assert not sure.unsure


def test_the_time_may_be_over_within_a_large_request(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    messages = [{"role": "user", "content": f"message {number}: robot, not small"} for number in range(20)]
    session = make_session(project, "large", make_log(request={"model": "m", "messages": messages}))
    monkeypatch.setattr(contents, "MOST_READ_AHEAD", 0)
    read: list[bytes] = []
    whole = contents.ReadPart.read

    def slowly(part: contents.ReadPart) -> bytes:
        time.sleep(0.05)
        read.append(part.digest)
        return whole(part)

    monkeypatch.setattr(contents.ReadPart, "read", slowly)
    walking = partial(Walk, project, conditions_for(project, filters_for('"small robot"')), direction_of(NEWEST_FIRST))
    walked = walking(["id"], seconds=0.3).run(5, None)
    assert [(one.id, one.is_unsure) for one in walked.found] == [(session.pk, True)]
    assert len(read) < 20
    assert not walking(["id"], seconds=0.3, is_patient=True).run(5, None).found
    # What comes after another is left for the next page.
    other = make_session(project, "other", make_log(request={"model": "m", "messages": messages}))
    monkeypatch.setattr(walk, "FIRST_SLICE", 1)
    pages = [walking(["id"], seconds=0.3).run(5, None)]
    while pages[-1].last is not None:
        pages.append(walking(["id"], seconds=0.3).run(5, pages[-1].last))
    assert {one.id for page in pages for one in page.found} == {session.pk, other.pk}


def test_model_that_was_asked_for_is_found_too(project: Project) -> None:
    request = {"model": "our-best", "messages": [{"role": "user", "content": "Hello"}]}
    make_session(project, "a", make_log(model="gpt-4.1-2025-04-14", request=request))
    make_session(project, "b", make_log(model="our-best"))
    make_session(project, "c", make_log())
    assert found(project, models=("our-best",)) == {"a", "b"}
    assert found(project, models=("gpt-4.1-2025-04-14",)) == {"a"}
    assert found(project, text="-model:our-best") == {"c"}


def test_id_leads_to_its_session_without_a_walk(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        make_session(project, f"s{number}", make_log(started_at=START + timedelta(hours=number)))
    assert found(project, text="session:s1 -session:s1") == set()
    assert found(project, text="-session:s1") == {"s0", "s2", "s3", "s4"}
    monkeypatch.setattr(walk, "FIRST_CHUNK", 1)
    monkeypatch.setattr(Walk, "_is_over", lambda self: True)
    page = list_sessions(project, filters_for("session:s1"))
    assert [row.session_key for row in page.results] == ["s1"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("cost:>=0.02", {"s2", "s3"}),
        ("cost:<0.02", {"s1"}),
        ("cost:<0.001", set()),
        ("tokens:>2", {"s2", "s3"}),
        ("tokens:<1", set()),
        ("tokens:0", set()),
        ("-tokens:>2", {"s0", "s1"}),
        ("tokens:>999999999999999", set()),
        ("duration:2s..3s", {"s2", "s3"}),
        ("duration:>99999999999", set()),
        ("duration:<99999999999", {"s1", "s2", "s3"}),
        ("duration:<1s", set()),
        ("requests:>1", set()),
        ("-requests:>1 cost:0.03", {"s3"}),
    ],
)
def test_an_index_leads_to_the_few_sessions_of_a_range(
    project: Project, monkeypatch: pytest.MonkeyPatch, query: str, expected: set[str]
) -> None:
    """The first chunk is too small for all, so that the indexes of the orders are asked."""
    monkeypatch.setattr(walk, "FIRST_CHUNK", 1)
    monkeypatch.setattr(walk, "MOST_ROLL_UPS_AHEAD", 0)
    for number in range(4):
        usage = {"input_tokens": number, "output_tokens": number} if number else None
        more = {"cost": number / 100} if number else {}
        make_session(project, f"s{number}", make_log(model="own", seconds=number, usage=usage, **more))
    for order in (NEWEST_FIRST, OLDEST_FIRST, "-tokens"):
        rows = list_sessions(project, filters_for(query), order).results
        assert {row.session_key for row in rows} == expected, order


def test_values_are_compared_whatever_their_case(project: Project) -> None:
    make_session(project, "a", make_log(model="GPT-4o", user="Alice@Example.org", tags=["CI"]))
    make_session(project, "b", make_log(model="o3", user="bob"))
    for text in ("model:gpt-4O", "user:alice@example.ORG", "tag:ci", "USER:Alice@Example.org"):
        assert found(project, text=text) == {"a"}, text
        assert found(project, text=f"-{text}") == {"b"}, text
        assert [row.session_key for row in list_requests(project, filters_for(text)).results] == ["a"], text


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_letters_with_marks_are_found_however_they_were_written(project: Project, form: str) -> None:
    stored, asked = unicodedata.normalize(form, "Größe é"), ('"GRÖßE É"', '"gro\u0308ße e\u0301"')
    make_session(project, "a", make_log(model=stored, user=stored, tags=[stored]))
    make_session(project, "b")
    for key in ("model", "user", "tag"):
        for value in asked:
            assert found(project, text=f"{key}:{value}") == {"a"}, (key, value)
            assert [row.session_key for row in list_requests(project, filters_for(f"{key}:{value}")).results] == ["a"]


def test_a_value_is_found_also_where_a_session_has_more_than_it_lists(project: Project) -> None:
    tags = [f"t{number}" for number in range(1_200)]
    session = make_session(project, "many", make_log(tags=tags[:900]), make_log(tags=tags[900:]))
    give(project.pk, session.pk, "zebra", "alice")
    store_logs(project, make_log(session_id="many", tags=["a first one"]))
    make_session(project, "few", make_log(tags=["t1"]))
    session.refresh_from_db()
    assert len(session.tags) == MOST_LISTED
    for tag in ("t0", "t899", "T1199", "zebra", '"a first one"'):
        assert keys_of(project, f"tag:{tag}") == {"many"}, tag
        assert "many" not in keys_of(project, f"-tag:{tag}"), tag
    assert keys_of(project, "tag:t1200") == set()


def keys_of(project: Project, text: str) -> set[str | None]:
    return {row.session_key for row in list_sessions(project, filters_for(text)).results}
