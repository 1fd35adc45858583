"""Every captured LiteLLM payload goes the whole way: accepted, digested, stored, read back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from sessions_app.ingest.accept import accept_body
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.ingest.regroup import regroup
from sessions_app.models import InboxEntry, Project, RejectedLog, RequestLog, Session
from sessions_app.storage.connections import binary_cursor
from sessions_app.storage.reader import read_log
from tests.wire.litellm_payloads import EXPECTED, FILES, FOLDER, LEGACY, a_payload, body_of, payloads_of

pytestmark = pytest.mark.django_db


def digest(project: Project, body: bytes) -> None:
    accepted = accept_body(project.id, "litellm", body, "application/json")
    assert accepted.rejected == []
    digest_until_empty()


@dataclass(frozen=True)
class Stored:
    """What the tables held after a file was digested."""

    requests: list[RequestLog]  # in the order of time
    sessions: list[Session]
    logs: list[Any]
    rejected: int
    waiting: int

    def session(self, key: str) -> Session:
        [found] = [session for session in self.sessions if session.session_key == key]
        return found

    def requests_of(self, session: Session) -> list[RequestLog]:
        return [request for request in self.requests if request.session_id == session.id]


@cache
def stored_from(file: str) -> Stored:
    """Digest a file in the transaction of the test that asks first."""
    digest(Project.objects.create(slug="acme"), body_of(file))
    requests = list(RequestLog.objects.order_by("started_at", "ended_at"))
    logs = [stored_log(request) for request in requests]
    return Stored(requests, list(Session.objects.all()), logs, RejectedLog.objects.count(), InboxEntry.objects.count())


def stored_log(request: RequestLog) -> Any:
    with binary_cursor() as cursor:
        raw = read_log(cursor, request.id, request.session_id, request.bucket)
    assert raw is not None
    return json.loads(raw)


def named_sessions(file: str) -> list[dict[str, Any]]:
    """The expected sessions whose every request carries the session's id in its payload."""
    return [
        session
        for session in EXPECTED[file]["expected_sessions"]
        if session["requests"]
        and all(
            request["session_id_found_at"] or request["trace_id"] == session["session_id"]
            for request in session["requests"]
        )
    ]


@pytest.mark.parametrize("file", FILES)
def test_a_file_digests_into_its_sessions(file: str) -> None:
    stored = stored_from(file)

    assert stored.rejected == 0
    assert stored.waiting == 0
    assert len(stored.requests) == EXPECTED[file]["payloads"]
    for expected in named_sessions(file):
        session = stored.session(expected["session_id"])
        requests = stored.requests_of(session)
        found = [request.request_id for request in requests]
        ids = [request["id"] for request in expected["requests"]]
        assert found == ids if file != LEGACY else sorted(found) == sorted(ids)
        assert session.request_count == expected["n_requests"]
        assert session.error_count == expected["n_failed"]
        assert session.sources == ["litellm"]
        if file != LEGACY:
            _check_sums(session, expected)
            for request, wanted in zip(requests, expected["requests"], strict=True):
                _check_request(request, wanted)


def _check_sums(session: Session, expected: dict[str, Any]) -> None:
    assert session.input_tokens == expected["prompt_tokens"]
    assert session.output_tokens == expected["completion_tokens"]
    assert float(session.cost or 0) == pytest.approx(expected["cost"])


def _check_request(request: RequestLog, expected: dict[str, Any]) -> None:
    assert (request.model, request.call_type) == (expected["model"], expected["call_type"])
    assert request.status == {"success": "success", "failure": "error"}[expected["status"]]
    assert (request.input_tokens, request.output_tokens) == (expected["prompt_tokens"], expected["completion_tokens"])
    assert (request.cost or 0) == Decimal(f"{expected['cost']:.15g}")
    assert request.error_type == expected["error_class"]


@pytest.mark.parametrize("file", FILES)
def test_a_file_reads_back_as_it_was_sent(file: str) -> None:
    stored = [json.dumps(log, sort_keys=True) for log in stored_from(file).logs]
    assert sorted(stored) == sorted(json.dumps(payload, sort_keys=True) for payload in payloads_of(file))


def test_all_files_together_and_twice_are_each_stored_once(project: Project) -> None:
    for file in FILES + FILES:
        accept_body(project.id, "litellm", body_of(file), "application/json")
    digest_until_empty()

    assert not RejectedLog.objects.exists()
    assert RequestLog.objects.count() == sum(EXPECTED[file]["payloads"] for file in FILES)
    for file in FILES:
        for expected in named_sessions(file):
            session = Session.objects.get(session_key=expected["session_id"])
            assert (session.request_count, session.error_count) == (expected["n_requests"], expected["n_failed"])
    # What was just grouped stays where it is.
    assert regroup(project, dry_run=True).moved == 0


def test_deliveries_that_repeat_events_are_stored_once(project: Project) -> None:
    for body in json.loads((FOLDER / "http" / "duplicate-delivery-4-posts.json").read_text()):
        digest(project, json.dumps(body).encode())
    assert RequestLog.objects.count() == 4


def test_the_good_ones_beside_bad_ones_are_stored(project: Project) -> None:
    body = json.dumps([a_payload(), {"hello": "world"}, 42, a_payload(trace_id="k" * 1_001)]).encode()
    accepted = accept_body(project.id, "litellm", body, "application/json")
    digest_until_empty()

    assert (accepted.accepted, [item["index"] for item in accepted.rejected]) == (1, [1, 2, 3])
    assert accepted.rejected[2]["error"]["field"] == "trace_id"
    assert RequestLog.objects.count() == 1
    assert RejectedLog.objects.count() == 3


def test_odd_characters_are_stored_exactly(project: Project) -> None:
    odd = "nul \x00, lone surrogate \ud83d, year"
    payload = a_payload(trace_id=odd, model=odd, messages=[{"role": "user", "content": odd}], startTime=-62135596800)
    digest(project, json.dumps([payload]).encode())

    request = RequestLog.objects.get()
    assert request.model == "nul \ufffd, lone surrogate \ufffd, year"
    assert request.started_at.year == 1
    assert stored_log(request) == payload
