"""A copy that says other things than the stored log changes nothing: it is kept beside it and counted nowhere."""

from __future__ import annotations

import itertools
import json
import random
from typing import Any

import pytest

from sessions_app.content.compression import decompress
from sessions_app.ingest import corrections
from sessions_app.ingest.accept import accept_body, accept_export
from sessions_app.ingest.digest import Digester, digest_until_empty
from sessions_app.models import (
    ContradictingCopy,
    InboxEntry,
    Link,
    Part,
    Project,
    RejectedLog,
    RequestKey,
    RequestLog,
    RequestSearch,
    Session,
    TraceSpan,
)
from sessions_app.storage import rollups
from sessions_app.storage.connections import binary_cursor
from sessions_app.storage.deletion import delete_project, delete_requests, delete_sessions
from sessions_app.storage.reader import read_log
from sessions_app.wire import otlp
from tests.ingest.test_concurrency import in_threads
from tests.wire.genai.spans import SPAN_ID, TRACE_ID, log
from tests.wire.otlp_exports import attribute, export, span

ROWS = (Session, RequestLog, Part, RequestSearch, Link)
ORIGINAL: dict[str, Any] = {
    "request_id": "r1",
    "session_id": "s1",
    "model": "gpt-4o",
    "user": "alice",
    "cost": 0.0021,
    "tags": ["ci"],
    "started_at": "2026-11-20T10:00:00Z",
    "ended_at": "2026-11-20T10:00:02Z",
    "request": {"messages": [{"role": "user", "content": "What is the limit?"}]},
    "response": {"id": "resp_1", "choices": [{"message": {"role": "assistant", "content": "500."}}]},
    "usage": {"input_tokens": 9, "output_tokens": 3},
    "metadata": {"release": "7"},
}
LIE = {"request": {"messages": [{"role": "user", "content": "Delete everything, " * 40}]}}


@pytest.fixture
def project(transactional_db: None) -> Project:
    return Project.objects.create(slug="acme")


def send(project: Project, *logs: Any, digest: bool = True, source: str = "native") -> None:
    answer = accept_body(project.pk, source, json.dumps(logs).encode())
    assert not answer.rejected, answer.rejected
    if digest:
        digest_until_empty()


def rows() -> dict[str, Any]:
    """Everything but the copies beside the requests."""
    return {model.__name__: sorted(model.objects.values_list(), key=str) for model in ROWS}


def log_of(request: RequestLog) -> Any:
    with binary_cursor() as cursor:
        return json.loads(read_log(cursor, request.pk, request.session_id, request.bucket) or b"null")


def beside() -> list[Any]:
    found = ContradictingCopy.objects.order_by("entry_id", "entry_index")
    return [json.loads(decompress(copy.body)) for copy in found]


def check_counts() -> None:
    assert not RejectedLog.objects.exists()
    with binary_cursor() as cursor:
        assert not rollups.recompute(cursor, Session.objects.values_list("id", flat=True), are_changed=False)
    counts = {key.id: key.contradictions for key in RequestKey.objects.all()}
    for key_id, count in counts.items():
        assert ContradictingCopy.objects.filter(key_id=key_id).count() == count


# --- what a copy may not change -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        LIE,
        {"model": "other"},
        {"user": "mallory"},
        {"cost": 99},
        {"cost": 0},
        {"session_id": "s2"},
        {"status": "error"},
        {"error": {"type": "Refused", "message": "no"}},
        {"status_code": 500},
        {"started_at": "2020-01-01T00:00:00Z"},
        {"ended_at": "2026-11-20T11:00:00Z"},
        {"tags": ["other"]},
        {"metadata": {"release": "8"}},
        {"usage": {"input_tokens": 9, "output_tokens": 4}},
        {"response": {"id": "resp_2", "choices": []}},
        {"trace_id": "t"},
        {"parent_id": "p"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_nothing_is_changed_and_the_copy_is_kept(project: Project, change: dict[str, Any]) -> None:
    send(project, ORIGINAL)
    before = rows()
    lie = ORIGINAL | change | {"provider": "added by the way"}

    send(project, lie)

    assert rows() == before
    assert beside() == [lie]
    named = {"error": "status", "status_code": "status"}.get(next(iter(change)), next(iter(change)))
    assert any(differs.startswith(named) for differs in ContradictingCopy.objects.get().differs)
    check_counts()


@pytest.mark.parametrize(
    "missing",
    [{"model": None}, {"user": None, "request": ORIGINAL["request"] | {"user": "alice"}}, {"usage": None}],
)
def test_what_followed_from_another_member_is_not_changed_by_a_member_that_was_missing(
    project: Project, missing: dict[str, Any]
) -> None:
    name = next(iter(missing))
    response = ORIGINAL["response"] | {"usage": {"prompt_tokens": 1, "completion_tokens": 2}}
    first = ORIGINAL | {"request": ORIGINAL["request"] | {"model": "gpt-4o"}, "response": response} | missing
    send(project, first)
    before = rows()

    send(project, first | {name: {"model": "o3", "user": "bob", "usage": {"input_tokens": 8}}[name]})

    assert rows() == before
    assert len(beside()) == 1


def test_a_report_that_named_no_session_is_not_taken_to_one(project: Project) -> None:
    first = {name: value for name, value in ORIGINAL.items() if name != "session_id"}
    send(project, first)
    before = rows()

    send(project, {"request_id": "r1", "session_id": "mallory's", "error": {}})
    send(project, {"request_id": "r1", "trace_id": "mallory's", "error": {}})

    assert rows() == before
    assert len(beside()) == 2
    # A report that lacks its outcome is no whole one: what brings that may name the session, too.
    begun = first | {"request_id": "r2", "response": None, "ended_at": None}
    send(project, begun)
    send(project, begun | {"session_id": "s9", "response": ORIGINAL["response"]})
    assert Session.objects.filter(session_key="s9").exists()


def test_no_link_leads_to_what_a_copy_claims(project: Project) -> None:
    send(project, ORIGINAL)
    send(project, ORIGINAL | {"response": {"id": "resp_9", "output": []}})
    child = {"request": {"input": "And?", "previous_response_id": "resp_9"}, "response": {"id": "resp_10"}}
    send(project, child | {"request_id": "r2", "started_at": "2026-11-20T10:01:00Z"})

    assert Session.objects.count() == 2
    assert RequestLog.objects.get(request_id="r2").session_id != RequestLog.objects.get(request_id="r1").session_id


def test_all_or_nothing_of_a_copy_is_taken(project: Project) -> None:
    begun = ORIGINAL | {"response": None, "ended_at": None, "usage": None}
    send(project, begun)

    send(project, begun | {"user": "mallory", "response": ORIGINAL["response"]})

    assert "choices" not in json.dumps(log_of(RequestLog.objects.get()))
    assert ContradictingCopy.objects.get().differs == ["user"]


# --- what a copy may do ---------------------------------------------------------------------------------------------


def test_json_that_is_written_otherwise_is_no_contradiction(project: Project) -> None:
    send(project, ORIGINAL | {"metadata": {"n": 1.0, "t": "é"}})
    before = rows()
    again = {name: ORIGINAL[name] for name in reversed(ORIGINAL)} | {"metadata": {"t": "é", "n": 1}}
    body = json.dumps([again], indent=3, ensure_ascii=False).replace("0.0021", "2.1e-3").encode()

    accept_body(project.pk, "native", body)
    digest_until_empty()

    assert rows() == before
    assert not beside()


def test_what_was_missing_is_added(project: Project) -> None:
    parts = {
        "response": ORIGINAL["response"],
        "ended_at": ORIGINAL["ended_at"],
        "usage": ORIGINAL["usage"],
        "cost": ORIGINAL["cost"],
        "metadata": {"release": "7", "more": [1]},
        "tags": ["ci", "nightly"],
    }
    begun = ORIGINAL | dict.fromkeys(("response", "ended_at", "usage", "cost"), None)
    send(project, begun)
    for name, value in parts.items():
        send(project, begun | {name: value})

    assert log_of(RequestLog.objects.get()) == ORIGINAL | parts
    assert not beside()


def test_start_and_end_in_any_order(project: Project) -> None:
    started = {"session_id": "s1", "started_at": "2026-11-20T10:00:00Z"}
    begun = {"request_id": "r1", "request": ORIGINAL["request"], **started}
    ended = {"request_id": "r1", "response": ORIGINAL["response"], "ended_at": "2026-11-20T10:00:02Z", "cost": 1}
    found = []
    for order in itertools.permutations([begun, ended, begun, ended]):
        for each in (True, False):
            for entry in order:
                send(project, entry, digest=each)
            digest_until_empty()
            request = RequestLog.objects.get()
            found.append((log_of(request) | {}, request.session_id, request.started_at, request.ended_at))
            assert not beside()
            check_counts()
            delete_sessions(project.pk, [request.session_id])
    assert all(one == found[0] for one in found)


@pytest.mark.parametrize("planted", [{"model": "evil"}, {"user": "mallory"}])
def test_what_a_request_says_is_not_said_otherwise_by_who_brings_its_answer(
    project: Project, planted: dict[str, Any]
) -> None:
    asked = {"model": "gpt-4o", "user": "alice", "messages": [{"role": "user", "content": "Hello"}]}
    send(project, {"request_id": "r1", "session_id": "s1", "request": asked})
    send(project, {"request_id": "r1", "session_id": "s1", "response": ORIGINAL["response"], **planted})
    request = RequestLog.objects.get()
    assert (request.model, request.end_user) == ("gpt-4o", "alice")
    assert len(beside()) == 1
    check_counts()
    send(project, {"request_id": "r1", "session_id": "s1", "response": ORIGINAL["response"]})
    assert RequestLog.objects.get().output_preview
    assert len(beside()) == 1


# --- which of two is the original -----------------------------------------------------------------------------------


@pytest.mark.parametrize("together", [True, False])
def test_the_first_of_a_body_is_the_original(project: Project, together: bool) -> None:
    lies = [ORIGINAL | {"user": f"mallory {n}", "model": "x" * n * 100} for n in range(3)]
    if together:
        send(project, ORIGINAL, *lies, lies[1])
    else:
        for entry in (ORIGINAL, *lies, lies[1]):
            send(project, entry, digest=False)
        digest_until_empty()

    assert log_of(RequestLog.objects.get()) == ORIGINAL
    assert beside() == lies
    assert RequestKey.objects.get().deliveries == 5
    check_counts()


def test_what_was_received_first_is_the_original_whatever_was_digested_first(project: Project) -> None:
    """Bodies digested in every order: as by digesters that overtake each other."""
    lies = [ORIGINAL | {"user": f"mallory {n}", "session_id": f"s{n}"} for n in range(2)]
    copies = [ORIGINAL, lies[0], ORIGINAL | {"metadata": {}}, lies[1], lies[0]]
    results = []
    for order in random.Random(1).sample(list(itertools.permutations(range(5))), 24):
        for entry in copies:
            send(project, entry, digest=False)
        waiting = list(InboxEntry.objects.order_by("id"))
        InboxEntry.objects.all().delete()
        for number in order:
            InboxEntry.objects.bulk_create([waiting[number]])
            digest_until_empty()
        request = RequestLog.objects.get()
        results.append((log_of(request), beside(), Session.objects.get().session_key))
        check_counts()
        delete_sessions(project.pk, [request.session_id])
        assert not ContradictingCopy.objects.exists()
    assert all(result == (ORIGINAL, lies, "s1") for result in results)


def test_four_digesters_agree(project: Project, settings: Any) -> None:
    settings.LOGSUI_DIGEST_BATCH_LOGS = 3
    originals = [ORIGINAL | {"request_id": f"r{n}", "session_id": f"s{n % 3}"} for n in range(12)]
    for n, original in enumerate(originals):
        send(project, original, digest=False)
        for lie in range(3):
            other = f"s{(n + 1) % 3}" if lie == 2 else original["session_id"]
            send(project, original | {"user": f"m{lie}", "session_id": other}, digest=False)
            send(project, original, digest=False)

    def digest_all() -> None:
        digester = Digester()
        while digester.digest_batch() is not None:
            pass

    in_threads(digest_all, 4)

    assert not InboxEntry.objects.exists()
    assert RequestLog.objects.count() == 12
    assert set(RequestLog.objects.values_list("end_user", flat=True)) == {"alice"}
    assert set(RequestKey.objects.values_list("contradictions", flat=True)) == {3}
    assert set(RequestKey.objects.values_list("deliveries", flat=True)) == {7}
    check_counts()


def test_a_copy_stays_with_its_original_wherever_that_goes(project: Project) -> None:
    send(project, ORIGINAL, ORIGINAL | {"request_id": "r0", "started_at": "2026-11-20T09:00:00Z"})
    send(project, ORIGINAL | {"user": "m1"})
    request = RequestLog.objects.get(request_id="r1")
    corrections.move_requests(project, [request.pk], None, "alice")
    moved = RequestLog.objects.get(request_id="r1")
    assert moved.session_id != request.session_id

    send(project, ORIGINAL | {"user": "m2", "session_id": "s2"})

    key = RequestKey.objects.get(contradictions__gt=0)
    assert (key.session_id, key.contradictions) == (moved.session_id, 2)
    assert RequestLog.objects.count() == 2
    check_counts()
    delete_requests(project.pk, [moved.pk])
    assert not ContradictingCopy.objects.exists()
    assert RequestLog.objects.count() == 1


def test_copies_without_end_are_all_kept(project: Project) -> None:
    send(project, ORIGINAL)
    for start in range(0, 300, 100):
        send(project, *[ORIGINAL | {"user": f"m{n}"} for n in range(start, start + 100)])
    assert ContradictingCopy.objects.count() == RequestKey.objects.get().contradictions == 300
    assert (Part.objects.count(), Session.objects.get().users) == (2, ["alice"])


def test_a_log_cannot_be_completed_beyond_the_size_of_one(project: Project, settings: Any) -> None:
    settings.LOGSUI_MAX_LOG_BYTES = 2_000
    send(project, ORIGINAL)
    for n in range(5):
        send(project, {"request_id": "r1", "error": {}, "metadata": {f"m{n}": "x" * 500}})
    assert len(json.dumps(log_of(RequestLog.objects.get()))) <= 2_100
    assert ContradictingCopy.objects.values_list("differs", flat=True)[0] == ["size"]


# --- other projects, formats and signals ----------------------------------------------------------------------------


def test_projects_do_not_touch_each_other(project: Project) -> None:
    other = Project.objects.create(slug="other")
    send(project, ORIGINAL)
    before = rows()
    send(other, ORIGINAL | LIE)
    assert not beside()
    assert RequestLog.objects.get(project_id=other.pk).request_id == "r1"
    delete_project(other)
    assert rows() == before


def test_a_log_of_ours_cannot_pass_for_one_of_litellm(project: Project) -> None:
    payload = {
        "id": "chatcmpl-1",
        "litellm_call_id": "call-1",
        "status": "success",
        "startTime": 5.0,
        "messages": [{"role": "user", "content": "Hi"}],
        "response": {"choices": [{"message": {"role": "assistant", "content": "Yo"}}]},
    }
    send(project, payload, source="litellm")
    before = rows()
    forged = "\x1f".join(("litellm", "chatcmpl-1", "call-1", "success", "5.0"))
    send(project, {"request_id": forged, "user": "mallory", "request": {"messages": payload["messages"]}})

    assert rows() == before
    assert ContradictingCopy.objects.get().differs == ["source"]


def send_spans(project: Project, *spans: dict[str, Any]) -> None:
    content_type = otlp.content_type_of(otlp.JSON, otlp.TRACES)
    accept_export(project.pk, export(*spans), content_type)
    digest_until_empty()


def call(**changes: str) -> list[dict[str, Any]]:
    named = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-4o",
        "session.id": "s1",
        "gen_ai.input.messages": '[{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}]',
    } | changes
    return [attribute(name, stringValue=value) for name, value in named.items()]


@pytest.mark.parametrize(
    "change",
    [
        {"attributes": call(**{"gen_ai.request.model": "other"})},
        {"attributes": call(**{"session.id": "s2"})},
        {"attributes": call(**{"gen_ai.input.messages": '[{"role": "user", "parts": []}]'})},
        # Read before what the span said of its model.
        {"attributes": call(**{"gen_ai.response.model": "another"})},
        {"attributes": call(**{"error.type": "x"}), "status": {"code": 2}},
        {"parentSpanId": "00f067aa0ba902b8"},
        {"name": "other"},
        {"startTimeUnixNano": "1"},
        # Without its attributes it is no call of a model: kept with its trace alone, if it were not one already.
        {"attributes": [], "name": "GET /"},
    ],
)
def test_a_span_is_not_rewritten(project: Project, change: dict[str, Any]) -> None:
    send_spans(project, span(attributes=call()))
    before, spans = rows(), list(TraceSpan.objects.values())

    send_spans(project, span(attributes=call()) | change)

    assert (rows(), list(TraceSpan.objects.values())) == (before, spans)
    assert ContradictingCopy.objects.count() == 1
    check_counts()


def test_a_retry_with_more_attributes_of_a_collector_is_no_contradiction(project: Project) -> None:
    send_spans(project, span(attributes=call()))
    send_spans(project, span(attributes=call(**{"sampling.priority": "1"})))
    send_spans(project, span(attributes=call()))
    assert not ContradictingCopy.objects.exists()
    assert RequestLog.objects.count() == 1


def test_another_span_is_not_rewritten(project: Project) -> None:
    first = span(name="GET /", attributes=[attribute("http.route", stringValue="/")])
    send_spans(project, first)
    before = list(TraceSpan.objects.values())
    send_spans(project, first | {"name": "a longer name", "parentSpanId": "00f067aa0ba902b8"})
    send_spans(project, first | {"attributes": [attribute("http.route", stringValue="/" * 100)]})
    # Nor does it become a call of a model, which it was none of.
    send_spans(project, first | {"name": "chat", "attributes": call()})
    send_spans(project, first)
    assert list(TraceSpan.objects.values()) == before
    assert not RequestLog.objects.exists()
    assert ContradictingCopy.objects.count() == 3
    delete_project(project)
    assert not ContradictingCopy.objects.exists()


def test_another_answer_of_a_call_in_its_log_records_contradicts(project: Project) -> None:
    def send_log(*raws: bytes) -> None:
        records = [json.loads(raw)["log"] for raw in raws]
        for record in records:
            record["body"] = _any(record["body"])
            record["attributes"] = []
        body = {"resourceLogs": [{"resource": {}, "scopeLogs": [{"scope": {"name": "test"}, "logRecords": records}]}]}
        accept_export(project.pk, json.dumps(body).encode(), otlp.content_type_of(otlp.JSON, otlp.LOGS))
        digest_until_empty()

    asked = log("gen_ai.user.message", {"content": "What is it?"})
    answer = log("gen_ai.choice", {"index": 0, "message": {"content": "It is."}}, at=1_795_374_243_803_539_233)
    send_spans(project, span(traceId=TRACE_ID, spanId=SPAN_ID, attributes=call()))
    send_log(answer)
    send_log(asked)
    before = rows()
    send_log(log("gen_ai.choice", {"index": 0, "message": {"content": "It is not."}}, at=1_795_374_243_803_539_234))
    assert rows() == before
    assert ContradictingCopy.objects.count() == 1
    send_log(answer, asked)
    assert rows() == before


def _any(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return {"kvlistValue": {"values": [{"key": name, "value": _any(item)} for name, item in value.items()]}}
    return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}
