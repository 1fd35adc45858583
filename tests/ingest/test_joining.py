"""Long sessions in any order: what they are called, and that each batch moves and reads little."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from sessions_app.ingest import questions, stored_facts
from sessions_app.ingest.accept import accept_body
from sessions_app.ingest.digest import Digester
from sessions_app.models import MovedId, Project, RequestLog, Session
from sessions_app.storage import moving
from sessions_app.storage.deletion import delete_project
from tests.ingest.test_grouping import check_whole, difference, stored

pytestmark = pytest.mark.django_db(transaction=True)

COUNT = 120
# In every order, one by one: more than MOST_ASKED, with time for many kinds.
ORDERED_COUNT = 60
Log = dict[str, Any]
ORDERS: dict[str, Callable[[list[Log]], list[Log]]] = {
    "forward": lambda logs: logs,
    "backward": lambda logs: logs[::-1],
    "shuffled": lambda logs: random.Random(7).sample(logs, len(logs)),
}


def log(number: int, request: Log, response: Log | None = None) -> Log:
    moment = f"2026-11-20T10:{number // 60:02}:{number % 60:02}Z"
    return {"request_id": f"request {number}", "started_at": moment, "request": request, "response": response}


def chain(first: int = 0, parent: Callable[[int], int] = lambda number: number - 1, count: int = COUNT) -> list[Log]:
    """Each continues the response of an earlier one; those before `first` were never logged."""
    return [
        log(
            n,
            {"input": f"question {n}", "previous_response_id": f"resp {parent(n)}" if n else None},
            {"id": f"resp {n}"},
        )
        for n in range(first, first + count)
    ]


def history() -> list[Log]:
    """Each sends the conversation so far; it begins with an assistant's greeting, so none begins with nothing."""
    said = [{"role": "assistant", "content": "Hello, what can I do?"}]
    logs = []
    for number in range(40):
        said = [*said, {"role": "user", "content": f"question {number}"}]
        answer = {"role": "assistant", "content": f"answer {number}"}
        logs.append(log(number, {"messages": said}, {"choices": [{"message": answer}]}))
        said = [*said, answer]
    return logs


def retries() -> list[Log]:
    failed = {"status": "error", "error": {"type": "RateLimitError", "message": "slow down"}}
    return [log(n, {"messages": [{"role": "user", "content": "the same"}]}) | failed for n in range(ORDERED_COUNT)]


def answers() -> list[Log]:
    """One question again and again, and what goes on from its answer."""
    said = [{"role": "user", "content": "ping"}, {"role": "assistant", "content": "pong"}]
    beginnings = [log(2 * n, {"messages": said[:1]}, {"choices": [{"message": said[1]}]}) for n in range(40)]
    others = [log(2 * n + 1, {"messages": [*said, {"role": "user", "content": str(n)}]}) for n in range(40)]
    return beginnings + others


KINDS = {
    "chain": lambda: chain(count=ORDERED_COUNT),
    "chain whose beginning is lost": lambda: chain(first=1, count=ORDERED_COUNT),
    "tree": lambda: chain(parent=lambda n: n // 3, count=ORDERED_COUNT),
    "tree whose beginning is lost": lambda: chain(first=1, parent=lambda n: n // 3, count=ORDERED_COUNT),
    "fork": lambda: chain(parent=lambda n: 0, count=ORDERED_COUNT),
    "history": history,
    "retries": retries,
    "same answers": answers,
}


def digest_one_by_one(project: Project, logs: list[Log], logs_per_body: int = 1) -> None:
    """Each body in a transaction of its own."""
    digester = Digester()
    for start in range(0, len(logs), logs_per_body):
        accept_body(project.id, "native", json.dumps(logs[start : start + logs_per_body]).encode())
        digester.digest_batch()


@pytest.mark.parametrize("kind", KINDS)
def test_any_order_one_by_one_gives_the_same_sessions(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # What many requests have in common is asked for with more care: that must say the same.
    results = []
    for most_asked, order in ((20, "forward"), (3, "backward"), (3, "shuffled"), (20, "backward")):
        monkeypatch.setattr(questions, "MOST_ASKED", most_asked)
        project = Project.objects.create(slug="acme", key="0" * 31 + "1")
        digest_one_by_one(project, ORDERS[order](KINDS[kind]()), logs_per_body=1 if most_asked == 3 else 13)
        check_whole()
        results.append(stored())
        delete_project(project)
    for other in results[1:]:
        assert not difference(results[0], other)


def test_session_is_named_after_what_continues_nothing() -> None:
    """In order nothing ever moves, whatever the hashes are."""
    project = Project.objects.create(slug="acme")
    digest_one_by_one(project, chain())
    digest_one_by_one(project, [entry | {"request_id": f"h {n}"} for n, entry in enumerate(history()[:1])])
    assert not MovedId.objects.exists()
    assert Session.objects.count() == 2


def test_a_chain_sent_backwards_moves_each_request_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    moved = count_moves(monkeypatch)
    project = Project.objects.create(slug="acme")
    digest_one_by_one(project, chain()[::-1])
    assert Session.objects.count() == 1
    # It was half of the square, 7,140. Expected are twice as many as requests; the deviation is about as large.
    assert sum(moved) < 8 * COUNT


def test_what_joins_a_long_session_does_not_read_it(monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project.objects.create(slug="acme")
    digest_one_by_one(project, chain(), logs_per_body=COUNT)
    read = []
    load = stored_facts.load_nodes

    def counting(*args: Any, **given: Any) -> Any:
        nodes = load(*args, **given)
        read.append(len(nodes))
        return nodes

    monkeypatch.setattr(stored_facts, "load_nodes", counting)
    for n in range(20):
        other = log(500 + n, {"input": "more", "previous_response_id": f"resp {n * 5}"}, {"id": f"more {n}"})
        digest_one_by_one(project, [other])
    assert Session.objects.get().request_count == COUNT + 20
    assert sum(read) == 0


def test_members_of_an_old_name_stay_and_are_joined() -> None:
    """Sessions that were named by another rule keep their names until they lose one."""
    project = Project.objects.create(slug="acme")
    digest_one_by_one(project, chain(first=1)[:10])
    before = Session.objects.get().id
    digest_one_by_one(project, chain(first=1)[10:20])
    assert RequestLog.objects.filter(session_id=Session.objects.get().id).count() == 20
    digest_one_by_one(project, chain()[:1])
    session = Session.objects.get()
    assert (session.request_count, session.name_rank) == (21, 1)
    assert session.id != before


def count_moves(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    moved: list[int] = []
    apply = moving.apply

    def counting(cursor: Any, moves: Any) -> None:
        moves = list(moves)
        moved.append(sum(move.leaves for move in moves))
        apply(cursor, moves)

    monkeypatch.setattr(moving, "apply", counting)
    return moved
