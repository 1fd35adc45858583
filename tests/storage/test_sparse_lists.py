"""Lists that almost no request has take no byte where they are empty, and rows of earlier versions are read alike."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from sessions_app.models import Project, RequestLog, Session
from sessions_app.queries import session as sessions
from sessions_app.queries.kept import Keeper
from sessions_app.queries.requests import list_requests
from sessions_app.queries.session import find_session, load_all_lines
from sessions_app.queries.session_list import list_sessions
from sessions_app.storage.checking import check_rollups
from tests.factories import filters_for, make_log, make_session

pytestmark = pytest.mark.django_db
LISTS = ("time_problems", "tool_failures", "failed_tools")
# What an earlier version stored.
EMPTY = "UPDATE request_log SET time_problems = coalesce(time_problems, '{}'), " + ", ".join(
    f"{name} = coalesce({name}, '{{}}')" for name in LISTS[1:]
)


def stored() -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(LISTS)} FROM request_log ORDER BY request_id = 'failed'")
        return list(cursor.fetchall())


def a_failed_tool() -> dict[str, Any]:
    call = {"id": "call_1", "type": "function", "function": {"name": "search", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "Find it"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "Error: no such index"},
    ]
    return make_log(request={"messages": messages}, request_id="failed")


def told(project: Project) -> Any:
    session = find_session(project.pk, Session.objects.get().pk)
    assert session
    lines = load_all_lines(session)
    return (
        [(line.time_problems, line.tool_failures, line.failed_tools) for line in lines.requests],
        list_requests(Session.objects.get()).results,
        [(log.time_problems, log.tool_failures, log.failed_tools) for log in RequestLog.objects.order_by("id")],
        [row.failed_tools for row in list_sessions(project, filters_for()).results],
    )


def test_empty_lists_take_no_byte_and_are_read_as_lists(project: Project) -> None:
    make_session(project, "a", make_log(), a_failed_tool())
    assert stored()[0] == (None, None, None)
    times, failures, tools = stored()[1]
    assert (times, len(failures), tools) == (None, 1, ["search"])

    lines, requests, logs, rows = told(project)
    assert lines[0] == ((), (), ())
    assert requests[0].failed_tools == []
    assert ([], [], []) in logs
    assert rows == [["search"]]


def test_rows_of_earlier_versions_are_told_and_written_again_alike(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "_kept", Keeper(0, 0))
    make_session(project, "a", make_log(), a_failed_tool())
    before = told(project)
    with connection.cursor() as cursor:
        cursor.execute(EMPTY)
    assert stored()[0] == ([], [], [])
    assert told(project) == before
    assert not [difference for chunk in check_rollups() for difference in chunk]

    # What today's rules read in them is the same, so none is written again.
    call_command("regroup", project=project.slug, verbosity=0)
    assert stored()[0] == ([], [], [])
    call_command("reindex_search", project=project.slug, all=True, verbosity=0)
    assert told(project) == before


def test_what_is_saved_as_a_list_is_stored_like_it(project: Project) -> None:
    make_session(project, "a", a_failed_tool())
    log = RequestLog.objects.get()
    log.failed_tools, log.time_problems = [], ["ends before it starts"]
    log.save()
    assert stored()[0][0] == ["ends before it starts"]
    assert stored()[0][2] is None
