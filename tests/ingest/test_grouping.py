"""Sessions that form themselves: the same ones whatever the order of arrival, and each request knows why."""

from __future__ import annotations

from typing import Any

import pytest

from sessions_app.ingest.accept import accept_body
from sessions_app.ingest.digest import Digester
from sessions_app.models import (
    InboxEntry,
    Link,
    MovedId,
    Part,
    Project,
    RejectedLog,
    RequestKey,
    RequestLog,
    RequestSearch,
    Session,
)
from sessions_app.queries.session import find_session, load_all_lines, structure_of
from sessions_app.records import RULE_ATTEMPT, RULE_CONVERSATION, RULE_PREVIOUS_RESPONSE, RULE_SUB_AGENT, RULE_TOOL_CALL
from sessions_app.storage.checking import check_rollups
from sessions_app.storage.connections import binary_cursor
from sessions_app.storage.deletion import delete_project
from sessions_app.storage.reader import read_log
from sessions_app.structure.parents import starters
from tests.ingest.forests import bodies, forest
from tests.ingest.test_concurrency import in_threads

pytestmark = pytest.mark.django_db(transaction=True)


def digest_all() -> None:
    digester = Digester()
    while digester.digest_batch() is not None:
        pass


def deliver(project: Project, logs: list[tuple[str, bytes]], digesters: int = 1, chunk: int = 7) -> None:
    """Accept bodies and digest them, a few at a time."""
    for start in range(0, len(logs), chunk):
        for source, body in logs[start : start + chunk]:
            accepted = accept_body(project.id, source, body)
            assert not accepted.rejected, accepted.rejected
        in_threads(digest_all, digesters)
    assert not RejectedLog.objects.exists(), list(RejectedLog.objects.values_list("reason", flat=True))
    assert not InboxEntry.objects.exists()


def stored() -> dict[str, Any]:
    """Everything that must not depend on the order of arrival."""
    session_columns = [f.attname for f in Session._meta.fields if f.name not in ("project_id", "revision")]
    left_out = ("project_id", "received_at", "session", "byte_size")
    request_columns = [f.attname for f in RequestLog._meta.fields if f.name not in left_out]
    return {
        "sessions": list(Session.objects.order_by("id").values(*session_columns)),
        "requests": list(RequestLog.objects.order_by("request_id", "id").values(*request_columns)),
        "parts": list(Part.objects.order_by("id", "bucket").values_list("id", "session_id", "bucket", "kind", "role")),
        "search": list(RequestSearch.objects.order_by("id", "bucket").values_list("id", "session_id", "bucket")),
        "links": list(Link.objects.order_by("token", "role", "key_id").values_list("token", "role", "started_at")),
    }


def difference(one: dict[str, Any], other: dict[str, Any]) -> str:
    """The first rows that differ, for a failing test."""
    for name in one:
        if one[name] != other[name]:
            pairs = [(a, b) for a, b in zip(one[name], other[name], strict=False) if a != b]
            first = pairs[0] if pairs else (len(one[name]), len(other[name]))
            return f"{name}: {first}"
    return ""


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("digesters", [1, 4])
def test_any_order_gives_the_same_sessions(seed: int, digesters: int, settings: Any) -> None:
    settings.LOGSUI_DIGEST_BATCH_LOGS = 25
    logs = forest(seed)
    results = []
    for order in range(3):
        # The ids of sessions and requests are made of the project's key.
        project = Project.objects.create(slug=f"acme-{order}", key="0" * 31 + "1")
        deliver(project, bodies(logs, seed * 100 + order, copies=1 + order % 2), digesters)
        assert RequestLog.objects.count() == RequestKey.objects.count() == len(logs)
        check_whole()
        results.append(stored())
        delete_project(project)
        assert not any(model.objects.exists() for model in (Session, RequestLog, Part, RequestSearch, Link, MovedId))
    assert not difference(results[0], results[1])
    assert not difference(results[0], results[2])


def check_whole() -> None:
    """Every request can be read, every roll-up is right, every former id leads somewhere, nothing is left over."""
    with binary_cursor() as cursor:
        assert not [found for chunk in check_rollups() for found in chunk]
        for request in RequestLog.objects.all():
            assert read_log(cursor, request.id, request.session_id, request.bucket)
    sessions = set(Session.objects.values_list("id", flat=True))
    for model in (RequestLog, Part, RequestSearch, RequestKey):
        assert set(model.objects.values_list("session_id", flat=True)) <= sessions
    keys = {key.id: key for key in RequestKey.objects.all()}
    requests = {request.id: request.session_id for request in RequestLog.objects.all()}
    assert all(requests[key.request_log_id] == key.session_id for key in keys.values())
    assert set(MovedId.objects.values_list("key_id", flat=True)) <= keys.keys()
    assert set(Link.objects.values_list("key_id", flat=True)) <= keys.keys()


@pytest.mark.parametrize("seed", range(4))
def test_page_tells_the_same_as_the_grouping(seed: int, project: Project) -> None:
    """Rules and retries are told of a session's rows again when it is shown."""
    deliver(project, bodies(forest(seed, 20), seed, copies=1))

    retried = runs = 0
    for session in Session.objects.all():
        facts = find_session(project.pk, session.id)
        assert facts is not None
        lines = load_all_lines(facts).requests
        structure = structure_of(lines)
        assert session.retry_count == sum(len(chain) - 1 for chain in set(structure.chains.values()))
        retried += session.retry_count
        for line, parent in zip(lines, structure.parents, strict=True):
            if line.rule in (RULE_CONVERSATION, RULE_PREVIOUS_RESPONSE, RULE_ATTEMPT, RULE_TOOL_CALL):
                assert parent is not None or line.rule == RULE_PREVIOUS_RESPONSE, line
                assert parent is None or parent.rule == line.rule, line
        started = [line.rule == RULE_SUB_AGENT for line in lines]
        assert all(starter is not None for starter, is_run in zip(starters(lines), started, strict=True) if is_run)
        runs += sum(started)
    assert retried
    assert runs
