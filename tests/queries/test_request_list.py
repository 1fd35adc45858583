"""The list of requests, and finding words in one session."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sessions_app.content.needles import Needle
from sessions_app.models import Project, RequestLog, Session
from sessions_app.queries import request_list
from sessions_app.queries.filters import FilterError
from sessions_app.queries.request_list import RequestListPage, list_requests
from sessions_app.queries.search import contents
from sessions_app.queries.search.find import find_in_session
from sessions_app.queries.session_list import list_sessions
from sessions_app.storage import tags
from tests.factories import START, filters_for, make_log, make_project, make_session, store_logs

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(project: Project) -> Project:
    store_logs(
        project,
        make_log("A robot", request_id="one", session_id="s", user="alice", started_at=START, cost=0.5),
        make_log("Two cats", request_id="two", session_id="s", model="o3", started_at=START + timedelta(seconds=5)),
        make_log(
            *["A robot cat"],
            request_id="three",
            session_id="t",
            started_at=START + timedelta(seconds=9),
            status="error",
        ),
    )
    return project


def ids(page: RequestListPage) -> list[str]:
    return [row.request_id for row in page.results]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["three", "two", "one"]),
        ("robot", ["three", "one"]),
        ("robot cat", ["three"]),
        ("robot -cat", ["one"]),
        ("-robot", ["two"]),
        ("model:o3", ["two"]),
        ("-model:o3", ["three", "one"]),
        ("user:alice", ["one"]),
        ("status:error", ["three"]),
        ("cost:>0.1", ["one"]),
        ("source:native kind:llm", ["three", "two", "one"]),
        ("after:2030-01-01", []),
        ("has:error", ["three"]),
        ("has:error,tool", ["three"]),
        ("-has:error,tool", ["two", "one"]),
        ("has:retry", []),
        ("has:steps", []),
        ("request:two", ["two"]),
        ("-request:two", ["three", "one"]),
        ("request:two,three session:s", ["two"]),
        ("trace:s robot", ["one"]),
        ("request:nobody", []),
        ("session:s", ["two", "one"]),
        ("in:assistant robot", []),
        ("in:user robot", ["three", "one"]),
    ],
)
def test_requests_are_found(three: Project, query: str, expected: list[str]) -> None:
    assert ids(list_requests(three, filters_for(query))) == expected


@pytest.mark.parametrize("most", [0, 20_000])
def test_pages_reach_the_end(three: Project, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(request_list, "FIRST_CHUNK", 1)
    monkeypatch.setattr(request_list, "MOST_CANDIDATES", most)
    for order, expected in (("-started_at", ["three", "one"]), ("started_at", ["one", "three"])):
        found: list[str] = []
        cursor: str | None = None
        for _ in range(3):
            page = list_requests(three, filters_for("robot"), order, 1, cursor)
            found += ids(page)
            cursor = page.next_cursor
            if cursor is None:
                break
        assert found == expected


def test_snippets_say_where(three: Project) -> None:
    page = list_requests(three, filters_for("cats"))
    ((snippet,),) = page.snippets.values()
    assert (snippet.role, snippet.pieces) == ("user", (("Two ", False), ("cats", True)))


@pytest.mark.parametrize("query", ["tokens:<1k", "duration:<1d", "ttft:<1d", "cost:<1"])
def test_what_is_not_known_is_in_no_range(project: Project, query: str) -> None:
    clock = {"seconds": -5, "first_token_at": START - timedelta(seconds=3)}
    store_logs(
        project, make_log(model="own", usage=None, **clock, request_id="a"), make_log("Hi", model="own", request_id="b")
    )
    found = list_requests(project, filters_for(query)).results
    assert "a" not in [row.request_id for row in found]
    assert "a" in [row.request_id for row in list_requests(project, filters_for(f"-{query}")).results]


@pytest.mark.parametrize("arguments", [{"order": "cost"}, {"limit": 0}, {"cursor": "x"}])
def test_odd_arguments_are_refused(project: Project, arguments: dict[str, Any]) -> None:
    with pytest.raises(FilterError):
        list_requests(project, filters_for(), **arguments)


def test_other_projects_are_never_seen(three: Project) -> None:
    assert ids(list_requests(make_project("other"), filters_for("robot"))) == []


def test_words_are_found_in_one_session_in_order(project: Project) -> None:
    history = [{"role": "user", "content": "a robot, a Robot"}, {"role": "assistant", "content": "no"}]
    later = make_log(started_at=START + timedelta(seconds=9))
    later["request"]["messages"] = [*history, {"role": "user", "content": "robot?"}]
    first = make_log("a robot, a Robot", started_at=START)
    session = make_session(project, "s", first, later)
    make_session(project, "other", make_log("robot"))
    logs = list(RequestLog.objects.filter(session_id=session.id).order_by("started_at"))
    buckets = Session.objects.get(id=session.id).buckets

    found = find_in_session(project, session.id, buckets, [Needle("robot")])

    # The history that was sent again is found where it came first.
    assert [(hit.request_id, hit.role, hit.count) for hit in found.hits] == [
        (logs[0].id, "user", 2),
        (logs[1].id, "user", 1),
    ]
    assert (found.total, found.is_whole) == (3, True)
    assert find_in_session(project, session.id, buckets, [Needle("cat")]).hits == []
    assert find_in_session(make_project("b"), session.id, buckets, [Needle("robot")]).hits == []


def test_the_time_may_be_over_between_large_requests(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "MOST_READ_AHEAD", 0)
    monkeypatch.setattr(request_list, "SECONDS", -1)
    for number, text in enumerate(("small robot", "robot, not small", "robot, not small", "small robot")):
        log = make_log(f"{text} {number}", request_id=str(number), started_at=START + timedelta(seconds=number))
        make_session(project, str(number), log)
    pages = [list_requests(project, filters_for('"small robot"'))]
    while pages[-1].next_cursor is not None and len(pages) < 9:
        pages.append(list_requests(project, filters_for('"small robot"'), cursor=pages[-1].next_cursor))
    assert [ids(page) for page in pages if page.results] == [["3"], ["0"]]
    assert 3 < len(pages) < 9
    assert all(page.is_out_of_time for page in pages[:3])


def test_find_ends_within_a_large_log_and_says_so(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "MOST_READ_AHEAD", 0)
    logs = [make_log(f"a robot {number}", started_at=START + timedelta(seconds=number)) for number in range(3)]
    session = make_session(project, "s", *logs)
    buckets = Session.objects.get(id=session.id).buckets
    found = find_in_session(project, session.id, buckets, [Needle("robot")], seconds=-1)
    # The first request is always looked through.
    assert (len(found.hits), found.is_whole) == (1, False)
    assert len(find_in_session(project, session.id, buckets, [Needle("robot")]).hits) == 3


def test_branches_and_retries_are_those_of_the_request(project: Project) -> None:
    def turn(*texts: str, **members: Any) -> dict[str, Any]:
        roles = ("user", "assistant")
        messages = [{"role": roles[place % 2], "content": text} for place, text in enumerate(texts)]
        return make_log(request={"model": "gpt-4o", "messages": messages}, session_id="s", **members)

    def at(seconds: int) -> dict[str, Any]:
        return {"started_at": START + timedelta(seconds=seconds)}

    store_logs(
        project,
        turn("Hello", request_id="first", **at(0)),
        turn("Hello", "Hi there.", "One", request_id="left", **at(10)),
        turn("Hello", "Hi there.", "Two", request_id="failed", status="error", response=None, **at(20)),
        turn("Hello", "Hi there.", "Two", request_id="again", **at(24)),
        make_log("Else", request_id="alone", session_id="t", **at(30)),
    )
    assert ids(list_requests(project, filters_for("has:branch"))) == ["first"]
    assert ids(list_requests(project, filters_for("has:retry"))) == ["again"]
    assert ids(list_requests(project, filters_for("-has:branch"))) == ["alone", "again", "failed", "left"]
    assert ids(list_requests(project, filters_for("has:retry,error"))) == ["again", "failed"]
    assert ids(list_requests(project, filters_for("-has:retry,error"))) == ["alone", "left", "first"]


def test_a_person_s_tag_is_one_of_all_requests_of_the_session(three: Project) -> None:
    session = Session.objects.get(session_key="s")
    tags.give(three.pk, session.pk, "look", "alice")
    assert ids(list_requests(three, filters_for("tag:look"))) == ["two", "one"]
    assert ids(list_requests(three, filters_for("-tag:look"))) == ["three"]


def test_pages_go_on_where_the_time_was_over(three: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_list, "SECONDS", 0.0)
    monkeypatch.setattr(request_list, "SLICE", 1)
    found: list[str] = []
    cursor: str | None = None
    for _ in range(5):
        page = list_requests(three, filters_for("robot"), cursor=cursor)
        found += ids(page)
        cursor = page.next_cursor
        if cursor is None:
            break
        assert page.is_out_of_time
    assert found == ["three", "one"]


def call(arguments: str, **members: Any) -> dict[str, Any]:
    function = {"name": "get_weather", "arguments": arguments}
    return {
        "role": "assistant",
        "tool_calls": [{"id": "call_1234567890", "type": "function", "function": function}],
    } | (members)


@pytest.mark.parametrize(
    ("answered", "sent_back"),
    [
        (call('{"city":"Paris"}', content=None, refusal=None), call('{ "city": "Paris" }', content="")),
        (call('{"city":"Paris"}', reasoning_content="Where is Paris?"), call('{"city":"Paris"}')),
        (
            {"role": "assistant", "content": "Paris\r\n"},
            {"role": "assistant", "content": [{"type": "text", "text": "Paris"}]},
        ),
    ],
)
def test_a_message_that_is_sent_back_in_another_form_is_one_place(
    project: Project, answered: dict[str, Any], sent_back: dict[str, Any]
) -> None:
    question = {"role": "user", "content": "Weather?"}
    first = make_log(started_at=START, request={"messages": [question]}, response={"choices": [{"message": answered}]})
    again = {"messages": [question, sent_back, {"role": "user", "content": "And in Paris tomorrow?"}]}
    session = make_session(project, "s", first, make_log(started_at=START + timedelta(minutes=1), request=again))
    buckets = Session.objects.get(id=session.id).buckets

    found = find_in_session(project, session.id, buckets, [Needle("paris")])
    assert [hit.role for hit in found.hits] == ["assistant", "user"]

    (snippets,) = list_sessions(project, filters_for("paris")).snippets.values()
    assert [snippet.role for snippet in snippets] == ["assistant", "user"]


def test_a_system_prompt_that_differs_in_no_word_is_one_place(project: Project) -> None:
    def asks(text: str, number: int, **members: Any) -> dict[str, Any]:
        system = [{"type": "text", "text": "You look after zebras.", **members}]
        body = {"model": "claude-sonnet-4-5", "system": system, "messages": [{"role": "user", "content": text}]}
        return make_log(started_at=START + timedelta(minutes=number), request=body)

    make_session(project, "s", asks("One", 1), asks("Two", 2, cache_control={"type": "ephemeral"}), asks("zebras", 3))
    (snippets,) = list_sessions(project, filters_for("zebras")).snippets.values()
    assert [snippet.role for snippet in snippets] == ["system", "user"]
