"""GET /api/v1/sessions/{id}/requests and GET /api/v1/requests/{id}."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import Project, RequestLog, Session
from sessions_app.pricing import library
from tests.api.conftest import key_for, log
from tests.wire.otlp_exports import TRACE_ID, attribute, export, span

Store = Callable[..., None]


def requests_of(client: Client, query: str = "") -> dict[str, Any]:
    response = client.get(f"/api/v1/sessions/{Session.objects.get().id}/requests{query}")
    assert response.status_code == 200, response.content
    return response.json()


def request(client: Client, request_id: str = "r1") -> Any:
    return client.get(f"/api/v1/requests/{RequestLog.objects.get(request_id=request_id).id}")


def test_it_works(store: Store, client: Client) -> None:
    store(log())

    page = requests_of(client)

    stored = RequestLog.objects.get()
    assert page == {
        "results": [
            {
                "id": str(stored.id),
                "request_id": "r1",
                "session_id": str(stored.session_id),
                "session_key": "trace-1",
                "kind": "llm",
                "name": None,
                "counted": True,
                "step": False,
                "duplicate_of": None,
                "contradicting_copies": 0,
                "trace_id": "trace-1",
                "span_id": None,
                "parent_id": None,
                "tool_call_id": None,
                "problems": [],
                "stream": None,
                "call_type": "chat.completions",
                "model": "gpt-4o",
                "provider": None,
                "status": "success",
                "status_code": None,
                "error": None,
                "started_at": "2026-11-20T10:00:00.000000Z",
                "first_token_at": None,
                "ended_at": "2026-11-20T10:00:02.500000Z",
                "duration_ms": 2500.0,
                "finish_reason": "stop",
                "tool_error_count": 0,
                "tool_looks_failed_count": 0,
                "failed_tools": [],
                "input_tokens": 9,
                "output_tokens": 3,
                "cached_tokens": None,
                "cache_write_tokens": None,
                "reasoning_tokens": None,
                "cost": "0.0021",
                "cost_details": {
                    "source": "stated",
                    "stated": "0.0021",
                    "computed": "0.0000525",
                    "differs": True,
                    "missing": None,
                    "prices": {
                        "source": library.source(),
                        "date": library.dated(),
                        "model": "openai/gpt-4o",
                        "valid_from": "",
                        "tier": "",
                        "answered_in": "",
                    },
                    "lines": [
                        {"name": "input", "tokens": 9, "unit_price": "2.5", "amount": "0.0000225"},
                        {"name": "output", "tokens": 3, "unit_price": "10", "amount": "0.00003"},
                    ],
                },
                "user": "alice",
                "tags": ["ci"],
                "source": "native",
                "grouped_by": {"rule": "trace_id", "detail": "trace_id"},
                "continues": None,
                "url": f"http://testserver/p/acme/requests/{stored.id}/",
            }
        ],
        "next": None,
    }
    one = request(client).json()
    assert one == page["results"][0] | {
        "tool_results": [],
        "request": log()["request"],
        "response": log()["response"],
        "metadata": {"team": "search"},
        "parameters": {"model": "gpt-4o", "temperature": 0.5},
    }


def test_how_the_results_of_tools_went(store: Store, client: Client) -> None:
    function = {"name": "search", "arguments": "{}"}
    asked = {"role": "assistant", "tool_calls": [{"id": name, "function": function} for name in "abc"]}
    texts = {"a": "Error: no such index", "b": "3 found", "c": "x"}
    results = [{"role": "tool", "tool_call_id": name, "content": text} for name, text in texts.items()]
    results[2]["status"] = "error"
    store(log(request={"messages": [{"role": "user", "content": "Hi"}, asked, *results]}))

    one = request(client).json()

    assert [(result["call_id"], result["status"], result["reason"]) for result in one["tool_results"]] == [
        ("a", "looks_failed", "begins with “Error:”"),
        ("b", "unknown", None),
        ("c", "error", None),
    ]
    assert {result["name"] for result in one["tool_results"]} == {"search"}
    assert (one["tool_error_count"], one["tool_looks_failed_count"], one["failed_tools"]) == (1, 1, ["search"])
    sessions = client.get("/api/v1/sessions?failed_tool=search").json()["results"]
    assert [(session["tool_error_count"], session["failed_tools"]) for session in sessions] == [(1, ["search"])]
    assert client.get("/api/v1/sessions?failed_tool=other").json()["results"] == []


CALL = {"id": "call_7", "type": "function", "function": {"name": "search", "arguments": "{}"}}


@pytest.mark.parametrize("call_id", ["made-up", None])
def test_a_result_belongs_to_the_only_open_call(store: Store, client: Client, call_id: str | None) -> None:
    user, asked = {"role": "user", "content": "Hi"}, {"role": "assistant", "tool_calls": [CALL]}
    store(log(request={"messages": [user, asked, {"role": "tool", "tool_call_id": call_id, "content": "x"}]}))
    (result,) = request(client).json()["tool_results"]
    assert (result["call_id"], result["name"]) == (call_id or "call_7", "search")


def test_the_call_of_a_result_may_be_in_an_earlier_response(store: Store, client: Client) -> None:
    call = {"type": "function_call", "call_id": "call_7", "name": "search", "arguments": "{}"}
    output = {"type": "function_call_output", "call_id": "call_7", "output": "Error: none"}
    store(log(request_id="r0", request={"input": "Hi"}, response={"id": "resp_1", "output": [call]}))
    store(log(request={"input": [output], "previous_response_id": "resp_1"}))
    (result,) = request(client).json()["tool_results"]
    assert (result["call_id"], result["name"]) == ("call_7", "search")


@pytest.mark.parametrize("odd", ["\x00\ud800", "call\udfff", "\ud83d"])
@pytest.mark.parametrize("as_item", [False, True])
def test_ids_and_names_with_lone_surrogates(store: Store, client: Client, odd: str, as_item: bool) -> None:
    call = {"id": odd, "type": "function", "function": {"name": odd, "arguments": "{}"}}
    messages: list[Any] = [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": odd, "content": "Error: none"},
    ]
    if as_item:
        messages = [{"type": "tide_call_output", "call_id": odd, "name": odd, "output": "x"}]
    store(log(request={"model": "m", "input" if as_item else "messages": messages}))
    response = request(client)
    assert response.status_code == 200
    result = response.json()["tool_results"][0]
    assert result["call_id"] == odd
    assert result["name"] == odd


def test_failure(store: Store, client: Client) -> None:
    store(log(response=None, status_code=429, error={"type": "rate_limit", "message": "slow down"}, ended_at=None))

    found = requests_of(client)["results"][0]

    assert (found["status"], found["status_code"]) == ("error", 429)
    assert found["error"] == {"type": "rate_limit", "message": "slow down"}
    assert (found["ended_at"], found["duration_ms"]) == (None, None)
    assert request(client).json()["response"] is None


@pytest.mark.parametrize(
    ("cost", "text"),
    [
        ("0", "0"),
        ("10", "10"),
        ("0.10", "0.1"),
        (1e-7, "0.0000001"),
        (0.00003539999999999999, "0.0000354"),
        ("0.00003539999999999999", "0.0000354"),
        ("123456789.123456789", "123456789.123456789"),
        (1e14, "100000000000000"),
    ],
)
def test_cost_is_a_plain_decimal(store: Store, client: Client, cost: Any, text: str) -> None:
    store(log(cost=cost))

    assert requests_of(client)["results"][0]["cost"] == text


def test_a_stored_cost_with_the_tail_of_a_float_is_shown_without(store: Store, client: Client) -> None:
    store(log(cost=0.0000354))
    RequestLog.objects.update(cost=Decimal("0.00003539999999999999"), cost_source="")

    found = requests_of(client)["results"][0]
    assert (found["cost"], found["cost_details"]["stated"]) == ("0.0000354", "0.0000354")


def test_a_cost_that_nobody_stated_is_computed(store: Store, client: Client) -> None:
    store(log(cost=None))

    found = requests_of(client)["results"][0]
    assert (found["cost"], found["cost_details"]["source"]) == ("0.0000525", "computed")
    assert (found["cost_details"]["stated"], found["cost_details"]["differs"]) == (None, False)


@pytest.mark.parametrize(
    ("members", "missing"),
    [
        ({"model": "house-model", "request": {"model": "house-model", "messages": []}}, "unknown_model"),
        ({"usage": None, "response": {"output": []}}, "no_usage"),
    ],
)
def test_without_a_price_there_is_no_cost(store: Store, client: Client, members: dict[str, Any], missing: str) -> None:
    store(log(cost=None, **members))

    found = requests_of(client)["results"][0]
    assert (found["cost"], found["cost_details"]["missing"]) == (None, missing)
    assert found["cost_details"]["lines"] == []


def test_ended_before_started_has_no_duration(store: Store, client: Client) -> None:
    store(log(ended_at="2026-11-20T09:00:00Z"))

    found = requests_of(client)["results"][0]

    assert (found["ended_at"], found["duration_ms"]) == ("2026-11-20T09:00:00.000000Z", None)


# --- order, paging, continuing --------------------------------------------------------------------------------------


def test_chronological_with_ties(store: Store, client: Client) -> None:
    moment = "2026-11-20T10:00:00Z"
    store(
        log(request_id="no end", ended_at=None),
        log(request_id="later", started_at="2026-11-20T10:00:01Z", ended_at="2026-11-20T10:00:01Z"),
        log(request_id="long", started_at=moment, ended_at="2026-11-20T10:00:09Z"),
        log(request_id="short", started_at=moment, ended_at="2026-11-20T10:00:01Z"),
    )
    expected = ["short", "long", "no end", "later"]

    assert [found["request_id"] for found in requests_of(client)["results"]] == expected
    paged, cursor = [], ""
    while cursor is not None:
        page = requests_of(client, f"?limit=1&cursor={cursor}")
        paged += [found["request_id"] for found in page["results"]]
        cursor = page["next"]
    assert paged == expected


def turn(number: int, **changes: Any) -> dict[str, Any]:
    """The request of a conversation that re-sends everything before it."""
    history: list[dict[str, str]] = []
    for past in range(number):
        history += [{"role": "user", "content": f"question {past}"}, {"role": "assistant", "content": f"answer {past}"}]
    messages = [*history, {"role": "user", "content": f"question {number}"}]
    answer = {"role": "assistant", "content": f"answer {number}"}
    return (
        log(
            request_id=f"turn {number}",
            started_at=f"2026-11-20T10:{number:02}:00Z",
            ended_at=None,
            request={"model": "gpt-4o", "messages": messages},
            response={"choices": [{"message": answer}]},
        )
        | changes
    )


def test_continues_names_the_earlier_request(store: Store, client: Client) -> None:
    store(*(turn(number) for number in range(4)))
    ids = {name: str(log_id) for name, log_id in RequestLog.objects.values_list("request_id", "id")}

    found = {item["request_id"]: item["continues"] for item in requests_of(client)["results"]}

    assert found == {
        "turn 0": None,
        "turn 1": ids["turn 0"],
        "turn 2": ids["turn 1"],
        "turn 3": ids["turn 2"],
    }
    # The same when what is continued is on the page before, and for one request.
    last = requests_of(client, f"?limit=3&cursor={requests_of(client, '?limit=3')['next']}")["results"]
    assert [item["continues"] for item in last] == [ids["turn 2"]]
    assert request(client, "turn 3").json()["continues"] == ids["turn 2"]


def test_previous_response_id_continues(store: Store, client: Client) -> None:
    store(
        log(request_id="first", request={"input": "a"}, response={"id": "resp_1", "output": []}),
        log(
            request_id="second",
            started_at="2026-11-20T11:00:00Z",
            ended_at=None,
            request={"input": "b", "previous_response_id": "resp_1"},
            response={"id": "resp_2", "output": []},
        ),
    )

    first, second = requests_of(client)["results"]

    assert (first["continues"], second["continues"]) == (None, first["id"])


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?limit=0", "limit"),
        ("?limit=x", "limit"),
        ("?cursor=1.2.3", "cursor"),
        ("?cursor=1.2.999999999999999999.00000000000000000000000000000000", "cursor"),
    ],
)
def test_odd_parameters_are_400_and_named(store: Store, client: Client, query: str, field: str) -> None:
    store(log())

    response = client.get(f"/api/v1/sessions/{Session.objects.get().id}/requests{query}")

    assert (response.status_code, response.json()["error"]["field"]) == (400, field)


def test_constant_number_of_statements(store: Store, client: Client) -> None:
    store(*(turn(number) for number in range(40)))
    session_id = Session.objects.get().id
    last = RequestLog.objects.get(request_id="turn 39")

    with CaptureQueriesContext(connection) as captured:
        requests_of(client)
    # (The helper's own look for the session,) the key, the session, whether a start is missing, its requests, what
    # contradicts them, what they continue or repeat.
    assert len(captured) == 7
    with CaptureQueriesContext(connection) as captured:
        client.get(f"/api/v1/sessions/{session_id}/requests?limit=1")
    assert len(captured) == 6
    with CaptureQueriesContext(connection) as captured:
        client.get(f"/api/v1/requests/{last.id}")
    # The key, the request, its session, what it continues, what contradicts it, its bundles and its
    # parts; bundles and parts again for the results of tools.
    assert len(captured) == 9


# --- documents exactly as sent --------------------------------------------------------------------------------------

EXACT = [
    '{"messages":[{"role":"user","content":"nul \\u0000 half \\ud83d emoji \\ud83d\\ude00 \\u00e9"}]}',
    '{"messages":[{"role":"user","content":"x"}],"big":1e400,"neg":-0.0,"int":123456789012345678901234567890,"f":1.00}',
    '{"messages":[],"a":NaN,"b":[Infinity,-Infinity]}',
    '{"z":1,"a":2,"messages":[{"content":"key order","role":"user"}]}',
    '[1,2,{"a":[]}]',
    '"only text"',
    '{"$ref":"\\u0001i1;","messages":[{"\\u0001":"\\u0001o2;"}]}',
    '{"input":' + "[" * 300 + "]" * 300 + "}",
]


@pytest.mark.parametrize("raw", EXACT, ids=range(len(EXACT)))
def test_documents_come_back_as_sent(post: Callable[..., Any], client: Client, raw: str) -> None:
    body = f'{{"request_id":"r1","request":{raw},"response":{raw},"metadata":{{"x":{raw}}}}}'.encode()
    assert post(body).status_code == 202
    digest_until_empty()

    answer = request(client)

    assert answer.status_code == 200
    assert json.dumps(answer.json()["request"]) == json.dumps(json.loads(raw))
    assert answer.content.count(raw.encode()) == 3, answer.content[:2000]


def test_white_space_is_all_that_may_change(post: Callable[..., Any], client: Client) -> None:
    document = {"messages": [{"role": "user", "content": "a  b"}], "n": [1, 2], "deep": {"list": list(range(100))}}
    post(json.dumps(log(request=document), indent=2).encode())
    digest_until_empty()

    assert request(client).json()["request"] == document


def test_steps_and_second_reports_of_a_call_are_listed_but_not_counted(key: str, client: Client) -> None:
    def named(span_id: str, parent_id: str, operation: str, **more: str) -> dict[str, object]:
        attributes = {"gen_ai.operation.name": operation} | more
        given = [attribute(name, stringValue=value) for name, value in attributes.items()]
        return span(spanId=span_id * 16, parentSpanId=parent_id * 16 or None, attributes=given)

    said = {"gen_ai.request.model": "gpt-4o", "gen_ai.output.messages": '[{"role": "assistant", "parts": []}]'}
    tool = {"gen_ai.tool.name": "weather", "gen_ai.tool.call.id": "call_1"}
    body = export(
        named("1", "", "chat", **said),
        named("2", "1", "chat", **{"gen_ai.request.model": "gpt-4o"}),
        named("3", "1", "execute_tool", **tool),
    )
    assert client.post("/v1/traces", body, content_type="application/json").status_code == 200
    digest_until_empty()
    assert [row["span_id"][0] for row in requests_of(client)["results"]] == ["1"]
    found = {row["span_id"][0]: row for row in requests_of(client, "?include=steps")["results"]}

    assert {number: row["counted"] for number, row in found.items()} == {"1": True, "2": False, "3": False}
    tool_run = found["3"]
    assert (tool_run["name"], tool_run["parent_id"], tool_run["tool_call_id"]) == ("weather", "1" * 16, "call_1")
    assert tool_run["trace_id"] == TRACE_ID
    assert {number: row["step"] for number, row in found.items()} == {"1": False, "2": False, "3": True}
    assert {number: row["duplicate_of"] for number, row in found.items()} == {
        "1": None,
        "2": found["1"]["id"],
        "3": None,
    }
    assert client.get(f"/api/v1/requests/{found['2']['id']}").json()["duplicate_of"] == found["1"]["id"]
    session = client.get("/api/v1/sessions").json()["results"][0]
    assert (session["request_count"], session["step_count"]) == (1, 1)
    refused = client.get(f"/api/v1/sessions/{session['id']}/requests?include=everything")
    assert (refused.status_code, refused.json()["error"]["field"]) == (400, "include")


# --- copies that say something else ---------------------------------------------------------------------------------


def test_contradicting_copies_are_counted_and_listed(store: Store, client: Client) -> None:
    store(turn(1))
    lies = [turn(1, user=f"mallory {number}") for number in range(25)]
    store(*lies, lies[0])

    (listed,) = requests_of(client)["results"]
    assert (listed["contradicting_copies"], listed["user"]) == (25, turn(1).get("user"))
    address = f"/api/v1/requests/{listed['id']}"
    assert client.get(address).json()["contradicting_copies"] == 25
    found, cursor = [], ""
    while cursor is not None:
        page = client.get(f"{address}/copies", {"cursor": cursor, "limit": 20} if cursor else {}).json()
        found += page["results"]
        cursor = page["next"]
    assert len({copy["id"] for copy in found}) == len(found) == 25
    assert all(copy["differs"] == ["user"] and copy["source"] == "native" for copy in found)
    assert all(copy["request"] == lies[0]["request"] for copy in found)


def test_copies_of_others_and_odd_cursors(store: Store, client: Client) -> None:
    store(turn(1))
    store(turn(1, user="mallory"))
    request = RequestLog.objects.get()
    other = Client(headers={"authorization": f"Bearer {key_for(Project.objects.create(slug='other'))}"})
    assert other.get(f"/api/v1/requests/{request.id}/copies").status_code == 404
    for query, field in (("cursor=x", "cursor"), ("limit=21", "limit")):
        answer = client.get(f"/api/v1/requests/{request.id}/copies?{query}")
        assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)
