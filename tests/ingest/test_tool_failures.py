"""Tool results that failed are counted once in their session, whatever brings them."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest

from sessions_app.content.canonical import CanonicalForm
from sessions_app.content.documents import SplitDocument
from sessions_app.content.outcomes import ToolFailure
from sessions_app.ingest.regroup import regroup
from sessions_app.ingest.tool_failures import ResultPlace, tool_failures, with_failures
from sessions_app.models import Project, RequestLog, Session
from sessions_app.queries.tool_results import tool_results
from sessions_app.records import Record, SessionClaim
from sessions_app.storage.checking import check_rollups
from tests.factories import make_log, make_project, store_logs

USER = {"role": "user", "content": "What is the weather?"}


def call(call_id: str, name: str = "get_weather") -> dict[str, Any]:
    function = {"name": name, "arguments": "{}"}
    return {"role": "assistant", "tool_calls": [{"id": call_id, "type": "function", "function": function}]}


def result(call_id: str, text: str = "Error: no such city", **members: Any) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": text, **members}


def log(messages: list[dict[str, Any]], answer: dict[str, Any], **members: Any) -> dict[str, Any]:
    body = {"model": "m", "messages": messages}
    return make_log(request=body, response={"choices": [{"message": answer}]}, trace_id="t", **members)


FIRST = call("call_aaaaaaaaaaaaaaaaaaaaaaaa")
FAILED = result("call_aaaaaaaaaaaaaaaaaaaaaaaa")
SECOND = call("call_bbbbbbbbbbbbbbbbbbbbbbbb", "search")
SAID = result("call_bbbbbbbbbbbbbbbbbbbbbbbb", "x", status="error")
END = {"role": "assistant", "content": "I cannot find it."}


def counts(project: Project) -> tuple[int, int, list[str]]:
    """The counts of the only session, whose roll-up is what its requests say."""
    assert not any(found for found in check_rollups(project.pk))
    row = Session.objects.values_list("tool_error_count", "tool_looks_failed_count", "failed_tools").get()
    return tuple(row)  # type: ignore[return-value]


@pytest.mark.parametrize("call_id", ["call_made_up_by_the_client_1", "", "0"])
def test_a_result_whose_id_no_call_has_is_named_by_the_only_open_call(db: None, call_id: str) -> None:
    history = [USER, FIRST, FAILED, SECOND, result(call_id)]
    store_logs(make_project(), log(history, END))
    (project,) = Project.objects.all()
    assert counts(project) == (0, 2, ["get_weather", "search"])


def test_each_result_is_counted_once_in_any_order(db: None) -> None:
    logs = [
        log([USER], FIRST),
        log([USER, FIRST, FAILED], SECOND),
        log([USER, FIRST, FAILED, SECOND, SAID], END),
        # The client marks the history that it sends again.
        log([USER, FIRST, FAILED | {"cache_control": {"type": "ephemeral"}}, SECOND, SAID, END, USER], END),
    ]
    for number, order in enumerate(permutations(logs)):
        if number % 5:
            continue
        project = make_project(f"p{number}")
        for one in order:
            store_logs(project, one)
        sessions = Session.objects.filter(project_id=project.pk)
        found = sessions.values_list("tool_error_count", "tool_looks_failed_count", "failed_tools").get()
        assert found == (1, 1, ["get_weather", "search"])
        assert not any(wrong for wrong in check_rollups(project.pk))
        requests = RequestLog.objects.filter(project_id=project.pk).order_by("resent_count", "tool_error_count")
        assert list(requests.values_list("tool_error_count", "tool_looks_failed_count")) == [
            *((0, 0), (0, 1), (1, 0), (0, 0)),
        ]


def run(call_id: str, command: str) -> dict[str, Any]:
    function = {"name": "bash", "arguments": json.dumps({"command": command})}
    return {"role": "assistant", "tool_calls": [{"id": call_id, "type": "function", "function": function}]}


@pytest.mark.parametrize(
    ("command", "text", "failed"),
    [
        ("cd src && grep -rn TODO .", "exit code: 1", 0),
        ("cd src && grep -rn TODO .", "grep: src: denied\nexit code: 2", 1),
        ("make", "exit code: 1", 1),
    ],
)
@pytest.mark.parametrize("call_id", ["call_aaaaaaaaaaaaaaaaaaaaaaaa", "0"])
def test_a_search_that_finds_nothing_is_no_failure(
    db: None, call_id: str, command: str, text: str, failed: int
) -> None:
    project = make_project()
    store_logs(project, log([USER, run(call_id, command), result(call_id, text)], END))
    assert counts(project) == (0, failed, ["bash"] * failed)
    (found,) = tool_results(RequestLog.objects.get())
    assert found.status == ("looks_failed" if failed else "ok")


def test_a_history_alone_is_counted(db: None) -> None:
    project = make_project()
    store_logs(project, log([USER, FIRST, FAILED, SECOND, SAID, END, USER], END))
    assert counts(project) == (1, 1, ["get_weather", "search"])


def test_a_retry_and_a_branch_bring_no_more(db: None) -> None:
    project = make_project()
    short = [USER, call("c0"), result("c0")]
    store_logs(project, log([USER], call("c0")), log(short, END), log(short, END), log([*short, END, USER], END))
    assert counts(project) == (0, 1, ["get_weather"])


def test_equal_results_without_unique_ids_are_told_apart(db: None) -> None:
    project = make_project()
    once = [USER, call("c0"), result("c0")]
    store_logs(project, log(once, call("c0")), log([*once, call("c0"), result("c0")], END))
    assert counts(project) == (0, 2, ["get_weather"])


@pytest.mark.parametrize("kept", [4, 5, 6, 99])
@pytest.mark.parametrize("call_id", ["c{}", ""])
def test_a_client_that_sends_the_last_messages_alone_brings_no_more(db: None, kept: int, call_id: str) -> None:
    """The system prompt and the first message stay. Two commands fail, the second one twice."""
    project = make_project()
    history: list[dict[str, Any]] = []
    for number, command in enumerate(("ls", "make", "cat a", "make test", "make test", "cat b", "cat c", "cat d")):
        asked = run(call_id.format(number), command)
        store_logs(project, log([USER, *history[-kept:]], asked, session_id="s"))
        said = "Error: failed" if command.startswith("make") else "fine"
        history += [asked, result(call_id.format(number), said)]
    assert counts(project) == (0, 3, ["bash"])
    requests = RequestLog.objects.order_by("started_at", "received_at")
    assert sum(request.tool_looks_failed_count for request in requests) == 3


def test_results_in_one_turn_are_told_apart(db: None) -> None:
    project = make_project()
    blocks = [{"type": "tool_result", "tool_use_id": name, "content": "no", "is_error": True} for name in ("a", "b")]
    store_logs(project, log([USER, {"role": "user", "content": blocks}], END))
    assert counts(project) == (2, 0, [])


def test_a_result_that_the_provider_gives_is_counted_once(db: None) -> None:
    project = make_project()
    answer = {
        "role": "assistant",
        "content": [
            {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "x"}},
            {"type": "web_search_tool_result", "tool_use_id": "s", "content": {"error_code": "unavailable"}},
            {"type": "text", "text": "I could not search."},
        ],
    }
    response = {"type": "message", **answer}
    first = make_log(request={"messages": [USER]}, response=response, trace_id="t")
    store_logs(project, first, log([USER, answer, USER], END))
    assert counts(project) == (1, 0, ["web_search"])


def test_results_that_are_well_or_unknown_are_not_counted(db: None) -> None:
    project = make_project()
    store_logs(project, log([USER, FIRST, result("c", "The error is gone."), result("d", "x", status="success")], END))
    assert counts(project) == (0, 0, [])


@pytest.mark.parametrize("name", ["\x1f\x00\ud800", "x" * 1000, ""])
def test_any_name_of_a_tool_is_stored(db: None, name: str) -> None:
    project = make_project()
    store_logs(project, log([USER, call("c", name), result("c")], END))
    assert counts(project)[:2] == (0, 1)


def test_regrouping_fills_in_what_was_stored_before(db: None) -> None:
    project = make_project()
    store_logs(project, log([USER, FIRST, FAILED], END))
    empty: dict[str, Any] = {"tool_failures": [], "failed_tools": [], "tool_looks_failed_count": 0}
    RequestLog.objects.update(**empty)
    Session.objects.update(**empty)
    regroup(project)
    assert counts(project) == (0, 1, ["get_weather"])


def test_moving_takes_the_failures_along(db: None) -> None:
    project = make_project()
    later = [USER, FIRST, FAILED]
    # The second arrives first, and moves into the session of the first.
    store_logs(project, make_log(request={"messages": later}, response={"choices": [{"message": END}]}))
    store_logs(project, make_log(request={"messages": [USER]}, response={"choices": [{"message": FIRST}]}))
    assert Session.objects.get().request_count == 2
    assert counts(project) == (0, 1, ["get_weather"])


def test_a_later_copy_adds_its_results_once(db: None) -> None:
    project = make_project()
    whole = log([USER, FIRST, FAILED], END, request_id="r")
    store_logs(project, {name: value for name, value in whole.items() if name != "response"}, whole, whole)
    store_logs(project, whole)
    assert counts(project) == (0, 1, ["get_weather"])


def test_a_failed_span_of_a_tool_and_its_result_are_one_failure() -> None:
    call_id = "call_aaaaaaaaaaaaaaaaaaaaaaaa"
    failure = ToolFailure(call_id, "search", looks_failed=True)
    form = CanonicalForm("tool", (), failures=(failure,))
    (found,) = with_failures((), form, ResultPlace(2, b"", is_answered=True), lambda _: None)
    document = SplitDocument(b"{}")
    now = datetime(2026, 3, 14, tzinfo=UTC)
    span = Record("otlp", "k", "r", SessionClaim(), document, now, now, kind="tool", status="error", step=True)
    stored = tool_failures(replace(span, tool_call_id=call_id, tool_name="search"), uuid.uuid4(), (), 0)
    assert (stored.error_count, stored.names) == (1, ("search",))
    assert stored.keys[0] >> 1 == found.key >> 1
    assert (stored.keys[0] & 1, found.key & 1) == (0, 1)
    assert tool_failures(replace(span, status="success"), uuid.uuid4(), (), 0).keys == ()
    alone = [tool_failures(span, uuid.uuid4(), (), 0).keys for _ in range(2)]
    assert alone[0] != alone[1]
