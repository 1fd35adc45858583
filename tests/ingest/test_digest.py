"""From an accepted body to sessions, requests and parts."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest

from sessions_app.ingest import costs
from sessions_app.ingest.accept import accept_body
from sessions_app.ingest.digest import Digester, digest_until_empty
from sessions_app.ingest.waiting import wait_for
from sessions_app.models import (
    InboxEntry,
    Link,
    Part,
    Project,
    RejectedLog,
    RequestKey,
    RequestLog,
    RequestSearch,
    Session,
)
from sessions_app.storage.connections import binary_cursor
from sessions_app.storage.reader import read_log

pytestmark = pytest.mark.django_db


def chat(request_id: str = "r1", **changes: Any) -> dict[str, Any]:
    """A chat completion as a client would log it."""
    return {
        "request_id": request_id,
        "trace_id": "trace-1",
        "model": "gpt-4o",
        "started_at": "2026-11-20T10:00:00Z",
        "ended_at": "2026-11-20T10:00:02.5Z",
        "request": {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello there"}]},
        "response": {
            "id": f"resp-{request_id}",
            "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hi!"}}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 3},
        },
        "cost": 0.0021,
        "user": "alice",
        "tags": ["ci"],
    } | changes


def send(project: Project, *logs: Any) -> None:
    accept_body(project.id, "native", json.dumps(list(logs)).encode())
    digest_until_empty()


def stored_log(request: RequestLog) -> Any:
    with binary_cursor() as cursor:
        raw = read_log(cursor, request.id, request.session_id, request.bucket)
    assert raw is not None
    return json.loads(raw)


def test_it_works(project: Project) -> None:
    send(project, chat())

    session = Session.objects.get()
    assert (session.session_key, session.title, session.preview) == ("trace-1", "Hello there", "Hi!")
    assert (session.request_count, session.error_count, session.input_tokens, session.output_tokens) == (1, 0, 9, 3)
    assert str(session.cost) == "0.0021"
    assert (session.model_names, session.users, session.tags, session.sources) == (
        ["gpt-4o"],
        ["alice"],
        ["ci"],
        ["native"],
    )
    request = RequestLog.objects.get()
    assert request.session_id == session.id
    assert (request.rule, request.rule_detail, request.finish_reason) == ("trace_id", "trace_id", "stop")
    assert stored_log(request) == chat()
    assert not InboxEntry.objects.exists()


def test_same_log_many_times_is_stored_and_counted_once(project: Project) -> None:
    send(project, chat(), chat())
    send(project, chat())

    assert RequestLog.objects.count() == 1
    assert Session.objects.get().request_count == 1
    assert RequestKey.objects.get().deliveries == 3


def test_history_is_stored_once(project: Project) -> None:
    history: list[dict[str, Any]] = []
    for turn in range(40):
        history.append({"role": "user", "content": f"question {turn}"})
        request = {"model": "gpt-4o", "messages": list(history)}
        send(project, chat(f"r{turn}", request=request, started_at=f"2026-11-20T10:{turn:02}:00Z"))
        history.append({"role": "assistant", "content": "Hi!"})

    messages = Part.objects.exclude(kind=5)
    # 40 questions and one answer, sent back as it was returned.
    assert messages.count() == 41
    last = RequestLog.objects.order_by("-started_at")[0]
    assert len(stored_log(last)["request"]["messages"]) == 79
    assert last.resent_count == 78
    before = RequestLog.objects.order_by("-started_at")[1]
    assert set(before.provides) & set(last.needs)


def test_later_copy_completes_the_earlier_one(project: Project) -> None:
    begun = chat(response=None, ended_at=None, cost=None)
    send(project, begun)
    assert Session.objects.get().output_tokens is None

    send(project, chat())

    request = RequestLog.objects.get()
    assert (request.output_tokens, request.output_preview) == (3, "Hi!")
    session = Session.objects.get()
    assert (session.request_count, session.output_tokens, str(session.cost)) == (1, 3, "0.0021")


def test_earlier_copy_that_arrives_late_erases_nothing(project: Project) -> None:
    send(project, chat())
    send(project, chat(response=None, ended_at=None, cost=None, tags=[]))

    request = RequestLog.objects.get()
    assert (request.output_tokens, request.tags) == (3, ["ci"])
    assert Session.objects.get().request_count == 1


def test_copy_that_names_a_session_moves_the_request_there(project: Project) -> None:
    send(project, chat(trace_id=None, response=None))
    send(project, chat(trace_id="trace-9"))

    assert [s.session_key for s in Session.objects.all()] == ["trace-9"]
    assert RequestLog.objects.get().session_id == Session.objects.get().id == RequestKey.objects.get().session_id


def test_bad_items_are_kept_with_their_reason(project: Project) -> None:
    answer = accept_body(project.id, "native", json.dumps([chat(), {"trace_id": 5, "request": {}}, 7]).encode())
    digest_until_empty()

    assert answer.accepted == 1
    assert [(r["index"], r["error"].get("field")) for r in answer.rejected] == [(1, "trace_id"), (2, None)]
    assert RequestLog.objects.count() == 1
    assert sorted(r.field for r in RejectedLog.objects.all()) == ["", "trace_id"]


def test_logs_beside_one_nested_too_deeply_are_stored(project: Project) -> None:
    deep = b'{"request":{"x":"]}\\"","a":' + b"[" * 10_000 + b"]" * 10_000 + b"}}"
    body = b"[" + json.dumps(chat("a")).encode() + b"," + deep + b"," + json.dumps(chat("b")).encode() + b"]"
    answer = accept_body(project.id, "native", body)
    digest_until_empty()
    assert [r["index"] for r in answer.rejected] == [1]
    assert "nested too deeply" in answer.rejected[0]["error"]["message"]
    assert sorted(r.request_id for r in RequestLog.objects.all()) == ["a", "b"]
    assert bytes(RejectedLog.objects.get().body)


def test_when_no_log_is_good_nothing_is_stored(project: Project) -> None:
    answer = accept_body(project.id, "native", b'{"trace_id": 5, "request": {}}')
    assert (answer.accepted, answer.entry_id) == (0, None)
    assert answer.rejected[0]["error"]["message"] == "trace_id must be a string, got number 5"
    assert not InboxEntry.objects.exists()


def test_waiting_tells_where_each_log_is(project: Project) -> None:
    send(project, chat("old"))
    accepted = accept_body(project.id, "native", json.dumps([chat("old"), {"bad": 1}, chat(request_id=None)]).encode())
    digest_until_empty()
    stored = wait_for(accepted, timeout=1)
    assert stored is not None
    assert [(log.index, log.duplicate, log.session_key) for log in stored] == [
        (0, True, "trace-1"),
        (2, False, "trace-1"),
    ]
    assert RequestLog.objects.filter(id=stored[1].request_log_id, request_id=stored[1].request_id).exists()


def test_long_body_is_digested_in_several_transactions(project: Project, settings: Any) -> None:
    settings.LOGSUI_DIGEST_BATCH_LOGS = 7
    send(project, *(chat(f"r{i}") for i in range(20)))
    assert RequestLog.objects.count() == 20
    assert Session.objects.get().request_count == 20


def test_logs_without_ids_are_sessions_of_their_own(project: Project) -> None:
    nameless = {"request": {"messages": [{"role": "user", "content": "x"}]}}
    send(project, nameless, nameless)
    assert sorted(s.rules[0] for s in Session.objects.all()) == ["own", "own"]
    assert {s.session_key for s in Session.objects.all()} == {None}


def test_hostile_values_are_stored_exactly(project: Project) -> None:
    raw = (
        b'{"request_id":"a\\u0000\\ud83d","trace_id":"\\u0000\\ud800","started_at":"0001-01-01T00:00:00+14:00",'
        b'"ended_at":"9999-12-31T23:59:59-14:00","request":{"messages":[{"role":"us\\u0000er","content":"\\ud83d\\u0000"}],'
        b'"x":NaN,"y":1e400,"z":' + b"9" * 5000 + b'},"tags":["a\\u0000\\u001fb"],"metadata":{"\\u0000":1e999}}'
    )
    accept_body(project.id, "native", raw)
    digest_until_empty()
    assert not RejectedLog.objects.exists()
    request = RequestLog.objects.get()
    with binary_cursor() as cursor:
        stored = read_log(cursor, request.id, request.session_id, request.bucket)
    assert stored is not None
    assert b'"y":1e400,"z":' + b"9" * 5000 in stored
    assert b"\\ud83d\\u0000" in stored
    assert request.time_problems


def test_session_that_a_request_left_leaves_nothing_behind(project: Project) -> None:
    send(project, chat(trace_id=None, response=None))
    send(project, chat(trace_id="trace-9"))
    kept = {Session.objects.get().id}
    for table in (Part, RequestSearch, RequestLog, RequestKey):
        assert set(table.objects.values_list("session_id", flat=True)) == kept, table
    assert not Link.objects.exclude(key_id__in=RequestKey.objects.values("id")).exists()


def conversations(requests: int) -> list[dict[str, Any]]:
    """Requests without an id of nine conversations, each of which re-sends its history."""
    histories: list[list[dict[str, str]]] = [[] for _ in range(9)]
    logs = []
    for number in range(requests):
        history = histories[number % 9]
        history.append({"role": "user", "content": f"question {number} of {requests}"})
        answer = {"role": "assistant", "content": f"answer {number} of {requests}"}
        request = {"model": "m", "messages": list(history)}
        response = {"id": f"{requests}-{number}", "choices": [{"message": answer}]}
        logs.append(chat(f"{requests}-{number}", trace_id=None, request=request, response=response))
        history.append(answer)
    return logs


def statements_of_one_batch(project: Project, monkeypatch: pytest.MonkeyPatch, logs: list[dict[str, Any]]) -> int:
    """How many statements the driver sends for a batch of new requests in nine sessions."""
    requests, sessions = len(logs), Session.objects.count()
    accept_body(project.id, "native", json.dumps(logs).encode())
    sent: list[Any] = []
    execute = psycopg.Cursor.execute

    def counted(cursor: psycopg.Cursor[Any], query: Any, *args: Any, **options: Any) -> Any:
        sent.append(query)
        return execute(cursor, query, *args, **options)

    with monkeypatch.context() as patched:
        patched.setattr(psycopg.Cursor, "execute", counted)
        stats = Digester().digest_batch()
    assert stats is not None
    assert stats.new == requests
    assert Session.objects.count() == sessions + 9
    return len(sent)


def test_a_batch_takes_the_same_statements_whatever_its_size(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    # Own prices are read again after some seconds, which a busy machine may take for a batch.
    monkeypatch.setattr(costs, "_REMEMBERED_SECONDS", 3_600)
    send(project, chat("makes the partitions"))
    with_ids = [[chat(f"{size}-{n}", trace_id=f"{size}-{n % 9}") for n in range(size)] for size in (9, 200)]
    small, large = (statements_of_one_batch(project, monkeypatch, logs) for logs in with_ids)
    assert small == large
    without_ids = (statements_of_one_batch(project, monkeypatch, conversations(size)) for size in (18, 180))
    assert set(without_ids) == {large}
    assert large < 30


def test_plans_are_kept_from_batch_to_batch(project: Project) -> None:
    for number in range(4):
        send(project, chat(f"r{number}"))
    with binary_cursor() as cursor:
        cursor.execute("""
            SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE '%INSERT INTO session %'
        """)
        (row,) = cursor.fetchall()
    assert row[0] > 0
    assert row[1] == 0
