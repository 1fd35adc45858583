"""What is remembered of a session is never older than what is stored: each writer gives it another revision."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from sessions_app.access.keys import create_key
from sessions_app.ingest import corrections
from sessions_app.ingest.recosting import recompute_costs
from sessions_app.models import Project, RequestLog, Session
from sessions_app.queries import session as sessions
from sessions_app.queries.kept import Derived, Keeper, Rows
from sessions_app.queries.session import find_session, load_all_lines
from sessions_app.queries.traces import load_traces
from sessions_app.storage.deletion import delete_requests, delete_sessions
from tests.factories import START, make_log, make_session, store_logs
from tests.ingest.forests import forest
from tests.pages.conversations import turns
from tests.pages.session.test_session_traces import chat, made, post, tool
from tests.storage.test_search_rows import bodies, correct_some, delete_some, deliver


def told(project: Project) -> dict[Any, Any]:
    """What pages are told of each session: its lines, and what contains them."""
    found: dict[Any, Any] = {}
    for session_id in Session.objects.values_list("id", flat=True):
        session = find_session(project.pk, session_id)
        assert session
        lines = load_all_lines(session)
        nesting = load_traces(project, lines).nesting
        around = {line.id: [row.id for row in nesting.ancestors(line)] for line in lines.shown}
        found[session_id] = (lines.requests, lines.steps, lines.duplicates, lines.structure, around)
    return found


def check(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered is what would be read now."""
    remembered = told(project)
    with monkeypatch.context() as patched:
        patched.setattr(sessions, "_kept", Keeper(0, 0))
        assert told(project) == remembered


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", range(3))
def test_nothing_old_is_told_whatever_happens(project: Project, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(seed)
    logs = bodies(forest(seed), seed, copies=1 + seed % 2)
    half = len(logs) // 2
    later: list[Callable[[], object]] = [
        lambda: deliver(project, logs[:half]),
        lambda: delete_some(project, rng),
        lambda: correct_some(project, rng),
        lambda: deliver(project, logs[half:]),
        lambda: correct_some(project, rng),
        lambda: call_command("regroup", project=project.slug, verbosity=0),
        lambda: call_command("check_rollups", "--fix", verbosity=0),
    ]
    for change in later:
        change()
        check(project, monkeypatch)


def test_a_copy_that_completes_a_log_is_told(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = make_log(request_id="one", session_id="a", response=None, ended_at=None, usage=None, status="running")
    begun |= {"started_at": datetime.now(UTC)}
    store_logs(project, begun)
    check(project, monkeypatch)
    # Nothing of this is part of a sum.
    store_logs(project, begun | {"metadata": {"a": 1}, "response": {"choices": []}})
    check(project, monkeypatch)
    answer = {"choices": [{"message": {"role": "assistant", "content": "Hi."}}]}
    store_logs(project, begun | {"status": "success", "response": answer, "ended_at": datetime.now(UTC)})
    check(project, monkeypatch)
    assert [line.status for lines, *_ in told(project).values() for line in lines] == ["success"]


def test_costs_are_told_if_their_sum_stays_the_same(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    usages = [{"input_tokens": tokens, "output_tokens": 1} for tokens in (1_000, 9_000)]
    make_session(project, "a", *[make_log("Hello", usage=usage) for usage in usages])
    one, other = RequestLog.objects.all()
    assert None not in (one.cost, other.cost)
    assert one.cost != other.cost
    RequestLog.objects.filter(pk=one.pk).update(cost=other.cost)
    RequestLog.objects.filter(pk=other.pk).update(cost=one.cost)
    before = told(project)
    assert list(recompute_costs(project))
    check(project, monkeypatch)
    assert told(project) != before


def test_links_that_are_read_anew_are_told(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    make_session(project, "a", *turns(["One", "Two"]))
    RequestLog.objects.update(needs=[], provides=[], previous=None)
    before = told(project)
    call_command("regroup", project=project.slug, verbosity=0)
    check(project, monkeypatch)
    assert told(project) != before


def test_spans_that_arrive_between_others_are_told(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    post(project, made(1, "invoke_agent", name="outer"), tool(3, "search", parent=2, at=1), chat(4, parent=3))
    check(project, monkeypatch)
    before = told(project)
    # It is neither a request nor a step, so the session does not change; what contains what does.
    post(project, made(2, "", parent=1, at=0.5, **{"http.method": "GET", "name": "GET"}))
    check(project, monkeypatch)
    assert told(project) != before


def test_a_session_that_comes_back_is_another_one(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    session = make_session(project, "a", make_log("One"), make_log("Two"))
    told(project)
    delete_sessions(project.pk, [session.pk])
    again = make_session(project, "a", make_log("Three"), make_log("Four"))
    assert again.pk == session.pk
    assert again.revision > session.revision
    check(project, monkeypatch)


def test_a_request_that_is_moved_away_and_one_that_is_deleted_are_gone(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = make_session(project, "a", *[make_log(f"Text {number}") for number in range(4)])
    check(project, monkeypatch)
    first, second = (line.id for line in told(project)[session.pk][0][:2])
    move = corrections.move_requests(project, [first], None, "ada")
    check(project, monkeypatch)
    corrections.undo(project, move.pk, "ada")
    check(project, monkeypatch)
    delete_requests(project.pk, [second])
    check(project, monkeypatch)
    assert len(told(project)[session.pk][0]) == 3


def test_a_page_of_a_session_that_was_read_reads_no_lines(project: Project, django_assert_num_queries: Any) -> None:
    session = find_session(project.pk, make_session(project, "a", started_at=START).pk)
    assert session
    lines = load_all_lines(session)
    with django_assert_num_queries(0):
        assert load_all_lines(session) is lines
        assert load_all_lines(session, 100) is lines
    assert load_all_lines(session).structure is lines.structure


# --- how much is kept -----------------------------------------------------------------------------------------------


class Weight:
    def __init__(self, weight: int) -> None:
        self.weight, self.derived = weight, Derived()


def test_what_was_not_used_for_the_longest_time_goes_first() -> None:
    keeper: Keeper[Weight] = Keeper(3, 100)
    for name in "abc":
        keeper.keep(name, Weight(10))
    assert keeper.find("a")
    keeper.keep("d", Weight(10))
    assert [name for name in "abcd" if keeper.find(name)] == ["a", "c", "d"]
    keeper.keep("e", Weight(85))
    assert [name for name in "abcde" if keeper.find(name)] == ["d", "e"]


def test_what_is_too_heavy_is_not_kept_and_drops_nothing() -> None:
    keeper: Keeper[Weight] = Keeper(3, 100)
    keeper.keep("a", Weight(100))
    assert keeper.keep("b", heavy := Weight(101)) is heavy
    assert keeper.find("a")
    assert keeper.find("b") is None


def test_what_is_dropped_lets_go_of_what_was_derived_from_it() -> None:
    keeper: Keeper[Weight] = Keeper(1, 100)
    outer, inner = Weight(1), Weight(0)
    outer.derived.for_state("inner", 1, lambda: inner)
    inner.derived.once("rows", lambda: Rows([1]))
    keeper.keep("a", outer)
    keeper.drop(lambda key: key == "a")
    assert inner.derived.once("rows", lambda: None) is None


def test_what_follows_from_a_state_is_computed_when_that_is_another_one() -> None:
    derived = Derived()
    found = [derived.for_state("a", state, lambda state=state: [state]) for state in (1, 1, 2, 1)]
    assert found == [[1], [1], [2], [1]]
    assert found[0] is found[1]


def test_threads_that_read_the_same_share_it() -> None:
    keeper: Keeper[Weight] = Keeper(2, 100)
    barrier = threading.Barrier(8)
    found: list[Weight] = []

    def read() -> None:
        barrier.wait()
        found.append(keeper.find("a") or keeper.keep("a", Weight(1)))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(one) for one in found}) == 1


@pytest.mark.django_db
def test_a_large_body_has_the_memory_of_what_is_remembered(
    client: Client, project: Project, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    session = find_session(project.pk, make_session(project, "a").pk)
    assert session
    _, key = create_key(project, "test", ["ingest"])

    def send(characters: int) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        log = make_log("x" * characters, session_id="b")
        assert (
            client.post("/api/v1/logs", json.dumps([log], default=str), "application/json", headers=headers).status_code
            == 202
        )

    load_all_lines(session)
    send(1_000)
    with django_assert_num_queries(0):
        load_all_lines(session)
    send(9_000_000)
    with django_assert_num_queries(1):
        load_all_lines(session)
