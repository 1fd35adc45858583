"""The exports of real libraries, digested: the sessions that their callers meant, in any order of arrival."""

from __future__ import annotations

import itertools
import random
from itertools import zip_longest
from typing import Any

import pytest

from sessions_app.ingest.accept import accept_export
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import Project, RejectedLog, RequestLog, Session
from sessions_app.storage import rollups
from sessions_app.storage.connections import binary_cursor
from sessions_app.wire import otlp
from tests.wire.genai.captures import CAPTURES, FOLDERS, expected_of
from tests.wire.otlp_exports import STARTED_NANOS, attribute, export, span

pytestmark = pytest.mark.django_db

PROJECT_KEY = "0" * 31 + "1"


def bodies(folder: str) -> list[tuple[str, bytes]]:
    """What a library posted: (content type, body), in order of arrival."""
    found = []
    for path in sorted((CAPTURES / folder).glob("*.pb")):
        signal = otlp.LOGS if "-logs" in path.stem else otlp.TRACES
        found.append((otlp.content_type_of(otlp.PROTOBUF, signal), path.read_bytes()))
    return found


def digest(folder: str, order: list[tuple[str, bytes]], each: bool) -> dict[str, Any]:
    """Sessions by key with what is counted, and every request and step with its place."""
    project = Project.objects.create(slug=f"{folder}-{random.random()}"[:60], key=PROJECT_KEY)
    for content_type, body in order:
        accept_export(project.pk, body, content_type)
        if each:
            digest_until_empty()
    digest_until_empty()
    assert not RejectedLog.objects.filter(project_id=project.pk).exists()
    with binary_cursor() as cursor:
        assert not rollups.recompute(
            cursor, Session.objects.filter(project_id=project.pk).values_list("id", flat=True), are_changed=False
        )
    columns = [f.attname for f in Session._meta.fields if f.name not in ("project_id", "revision")]
    requests = RequestLog.objects.filter(project_id=project.pk).order_by("trace_id", "span_id")
    names = ("span_id", "session_id", "rule", "rule_detail", "kind", "step", "duplicate_of", "status", "input_tokens")
    result = {
        "sessions": list(Session.objects.filter(project_id=project.pk).order_by("id").values(*columns)),
        "requests": list(requests.values(*names)),
    }
    Session.objects.all().delete()
    project.delete()
    clear()
    return result


def difference(one: dict[str, Any], other: dict[str, Any]) -> list[Any]:
    """What differs, for a failing test."""
    return [
        {name: (a[name], b[name]) for name in a if a[name] != b[name]}
        for rows in one
        for a, b in zip_longest(one[rows], other[rows], fillvalue={})
        if a != b
    ]


def clear() -> None:
    from django.apps import apps

    for name in ("RequestLog", "Part", "RequestSearch", "RequestKey", "Link", "TraceSpan", "MovedId"):
        apps.get_model("sessions_app", name).objects.all().delete()


@pytest.mark.parametrize("folder", FOLDERS)
def test_sessions_of_a_library(folder: str) -> None:
    expected = expected_of(folder)
    arrived = bodies(folder)
    first = digest(folder, arrived, each=True)
    found = {session["session_key"]: session for session in first["sessions"]}
    for key, calls in expected["sessions"].items():
        assert key in found, sorted(found)
        twice = "count" in expected.get("known_gaps", ())
        assert len(calls) <= found[key]["request_count"] <= len(calls) + twice, key
        if not twice:
            tokens = [call["input_tokens"] for call in calls if call["input_tokens"] is not None]
            assert (found[key]["input_tokens"] or 0) == sum(tokens), key
    named = set(expected["sessions"])
    others = [s["request_count"] for key, s in found.items() if key not in named and s["request_count"]]
    together = [len(calls) for calls in expected.get("unsessioned", {}).values()]
    apart = [1] * sum(len(calls) for calls in expected.get("unsessioned_separate_traces", {}).values())
    if "count" not in expected.get("known_gaps", ()):
        assert sorted(others) == sorted(together + apart)

    shuffled = [*arrived, *arrived]
    random.Random(folder).shuffle(shuffled)
    for order, each in ((shuffled, True), (list(reversed(arrived)), False)):
        again = digest(folder, order, each)
        assert not difference(first, again)


# --- traces without an id -------------------------------------------------------------------------------------------


def call(trace: int, number: int, minute: int, **attributes: str) -> bytes:
    """An export of one call of a model, with a tool's span below it."""
    started = STARTED_NANOS + minute * 60_000_000_000
    where = {"traceId": f"{trace:032x}", "startTimeUnixNano": str(started), "endTimeUnixNano": str(started + 10**9)}
    named = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o"} | attributes
    listed = [attribute(name, stringValue=value) for name, value in named.items()]
    tool = [attribute("gen_ai.operation.name", stringValue="execute_tool")]
    return export(
        span(**where, spanId=f"{number:016x}", parentSpanId="", attributes=listed),
        span(**where, spanId=f"{number + 100:016x}", parentSpanId=f"{number:016x}", attributes=tool),
    )


def test_traces_without_an_id_follow_the_previous_response() -> None:
    exports = [
        call(1, 1, 0, **{"gen_ai.response.id": "resp_1"}),
        call(2, 2, 1, **{"gen_ai.response.id": "resp_2", "openai.request.previous_response_id": "resp_1"}),
        call(3, 3, 2, **{"gen_ai.response.id": "resp_3", "openai.request.previous_response_id": "resp_2"}),
        call(4, 4, 3, **{"gen_ai.response.id": "resp_4"}),
    ]
    content_type = otlp.content_type_of(otlp.JSON, otlp.TRACES)
    results = []
    for order in itertools.permutations(exports):
        results.append(digest("chain", [(content_type, body) for body in order], each=True))
    assert sorted(session["request_count"] for session in results[0]["sessions"]) == [1, 3]
    assert sorted(session["step_count"] for session in results[0]["sessions"]) == [1, 3]
    assert all(not difference(results[0], other) for other in results)
