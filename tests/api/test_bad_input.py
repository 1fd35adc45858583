"""Odd and hostile input: the right status, an error that names the problem, and what was good beside it is stored."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest
import zstandard
from django.db import connection
from django.test import Client
from django.utils import timezone

from sessions_app.api import bodies
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import ApiKey, InboxEntry, Project, RejectedLog, RequestLog, Session
from tests.api.conftest import key_for, log

Post = Callable[..., Any]
MIB = 2**20


def error_of(response: Any, status: int) -> dict[str, Any]:
    """The error of an answer, which has the form that all have."""
    assert response.status_code == status, response.content[:500]
    assert response.headers["Content-Type"] == "application/json"
    error = response.json()["error"]
    assert set(error) <= {"type", "message", "field", "index", "start", "end", "possible", "docs"}
    assert error["message"]
    return error


def good_one_is_stored(post: Post, bad: Any) -> dict[str, Any]:
    """Send a bad log between two good ones; returns the bad one's error."""
    response = post([log(request_id="before"), bad, log(request_id="after")])
    assert response.status_code == 202, response.content[:500]
    answer = response.json()
    assert answer["accepted"] == 2
    (rejected,) = answer["rejected"]
    assert rejected["index"] == 1
    digest_until_empty()
    assert set(RequestLog.objects.values_list("request_id", flat=True)) == {"before", "after"}
    assert Session.objects.get().request_count == 2
    return rejected["error"]


# --- the body as a whole --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body", [b"", b" ", b"hello", b"<html>", b"{", b'{"request":{"a":1}', b"[{},", b"\x00\x01\x02", b"\xff", b"nul"]
)
@pytest.mark.parametrize("path", ["/api/v1/logs", "/api/v1/litellm"])
def test_not_json(post: Post, path: str, body: bytes) -> None:
    assert error_of(post(body, path), 400)["type"] == "not_json"
    assert not InboxEntry.objects.exists()


def test_truncated_json_says_where(post: Post) -> None:
    body = json.dumps([log()]).encode()

    assert "column" in error_of(post(body[:-20]), 400)["message"]


def test_truncated_line_of_ndjson_leaves_the_others(post: Post) -> None:
    body = json.dumps(log()).encode() + b'\n{"request": {"mess\n' + json.dumps(log(request_id="r2")).encode()

    answer = post(body, content_type="application/x-ndjson").json()

    assert answer["accepted"] == 2
    assert [item["index"] for item in answer["rejected"]] == [1]
    assert digest_until_empty().new == 2


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"1", "expected a JSON object, got number"),
        (b' "a"', "expected a JSON object, got string"),
        (b"true", "expected a JSON object, got boolean"),
        (b'{"request": {}}\n{"request": {}}', "as application/x-ndjson"),
        (b'{"request": {}, "started_at": 1763632800000}', "(not milliseconds)"),
    ],
)
def test_what_is_wrong_and_how_to_mend_it(post: Post, body: bytes, told: str) -> None:
    assert told in post(body).json()["error"]["message"]


@pytest.mark.parametrize("body", [[], {"logs": []}])
def test_no_logs(post: Post, body: Any) -> None:
    assert error_of(post(body), 422)["type"] == "no_logs"


@pytest.mark.parametrize("body", ["text", 1, None, True, {"logs": 1}, {"logs": {}}])
def test_wrong_type_of_body(post: Post, body: Any) -> None:
    assert post(body).status_code in (400, 422)
    assert error_of(post(body), post(body).status_code)
    assert not InboxEntry.objects.exists()


def test_10_001_items(post: Post) -> None:
    one = {"request": {}}

    assert "10,001" in error_of(post([one] * 10_001), 413)["message"]
    assert post([one] * 10_000).json() == {"accepted": 10_000, "rejected": []}


def test_65_mb(post: Post) -> None:
    error = error_of(post(b'"' + b"x" * (65 * MIB) + b'"'), 413)

    assert error["type"] == "too_large"
    assert f"{64 * MIB:,}" in error["message"]
    assert not InboxEntry.objects.exists()


def test_one_log_over_its_limit_leaves_the_others(post: Post, settings: Any) -> None:
    settings.LOGSUI_MAX_LOG_BYTES = 10_000

    error = good_one_is_stored(post, log(request={"input": "x" * 10_001}))

    assert error["type"] == "log_too_large"
    assert error_of(post(log(request={"input": "x" * 10_001})), 413)["index"] == 0


@pytest.mark.parametrize(
    ("encoding", "bomb"),
    [
        ("gzip", gzip.compress(b" " * (65 * MIB), 9)),
        ("gzip", gzip.compress(b" " * MIB, 9) * 65),
        ("zstd", zstandard.compress(b" " * (65 * MIB))),
        ("zstd", zstandard.compress(b" " * MIB) * 65),
    ],
    ids=["gzip", "gzip members", "zstd", "zstd frames"],
)
def test_bomb_is_stopped_early(post: Post, monkeypatch: pytest.MonkeyPatch, encoding: str, bomb: bytes) -> None:
    unpacked = 0
    inflate = bodies._inflate

    def counting(*arguments: Any) -> Any:
        nonlocal unpacked
        for piece in inflate(*arguments):
            unpacked += len(piece)
            yield piece

    monkeypatch.setattr(bodies, "_inflate", counting)
    error = error_of(post(bomb, **{"content-encoding": encoding}), 413)

    assert error["type"] == "too_large"
    assert unpacked <= (64 + 16) * MIB


def test_deep_bomb_in_little(post: Post, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much a few kilobytes hold, they cost no more than the limit."""
    settings.LOGSUI_MAX_BODY_BYTES = MIB
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    bomb = b"".join(packer.compress(bytes(16 * MIB)) for _ in range(8)) + packer.flush()

    assert error_of(post(bomb, **{"content-encoding": "gzip"}), 413)["type"] == "too_large"


@pytest.mark.parametrize("window_log", [24, 27])
def test_zstd_window_that_costs_memory_is_refused(post: Post, window_log: int) -> None:
    parameters = zstandard.ZstdCompressionParameters.from_level(1, window_log=window_log)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    body = packer.compress(json.dumps(log()).encode()) + packer.flush()

    assert error_of(post(body, **{"content-encoding": "zstd"}), 400)["type"] == "invalid_encoding"


# --- single logs ----------------------------------------------------------------------------------------------------

NESTED = "[" * 10_000 + "]" * 10_000


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({}, "request"),
        ({"request": None, "response": None, "error": None}, "request"),
        ({"model": "gpt-4o"}, "request"),
        (log(request_id=1), "request_id"),
        (log(request_id={}), "request_id"),
        (log(trace_id=["x"]), "trace_id"),
        (log(session_id=True), "session_id"),
        (log(parent_id=1.5), "parent_id"),
        (log(request_id="x" * 10_000), "request_id"),
        (log(trace_id="x" * 10_000), "trace_id"),
        (log(session_id="x" * 1_001), "session_id"),
        (log(model=1), "model"),
        (log(provider={}), "provider"),
        (log(user=1), "user"),
        (log(kind="magic"), "kind"),
        (log(kind=1), "kind"),
        (log(status="maybe"), "status"),
        (log(status_code="200"), "status_code"),
        (log(status_code=99), "status_code"),
        (log(status_code=10**30), "status_code"),
        (log(error=1), "error"),
        (log(tags="a"), "tags"),
        (log(tags=["a", 1]), "tags[1]"),
        (log(metadata=[]), "metadata"),
        (log(metadata="x"), "metadata"),
        (log(started_at="yesterday"), "started_at"),
        (log(started_at="2026-13-45T00:00:00Z"), "started_at"),
        (log(started_at=10**30), "started_at"),
        (log(started_at=-(10**12)), "started_at"),
        (log(started_at=True), "started_at"),
        (log(ended_at={}), "ended_at"),
        (log(first_token_at="x" * 10_000), "first_token_at"),
        (log(usage=[]), "usage"),
        (log(usage={"input_tokens": -1}), "usage.input_tokens"),
        (log(usage={"input_tokens": 1e30}), "usage.input_tokens"),
        (log(usage={"output_tokens": "12"}), "usage.output_tokens"),
        (log(usage={"output_tokens": 1.5}), "usage.output_tokens"),
        (log(usage={"cached_tokens": True}), "usage.cached_tokens"),
        (log(usage={"reasoning_tokens": []}), "usage.reasoning_tokens"),
        (log(usage={"prompt_tokens": 2**53 + 2}), "usage.prompt_tokens"),
        (log(cost="NaN"), "cost"),
        (log(cost="Infinity"), "cost"),
        (log(cost=float("nan")), "cost"),
        (log(cost=float("-inf")), "cost"),
        (log(cost=-1), "cost"),
        (log(cost=1e300), "cost"),
        (log(cost="1e999999999"), "cost"),
        (log(cost="free"), "cost"),
        (log(cost=[]), "cost"),
    ],
)
def test_wrong_member_is_named_and_the_others_are_stored(post: Post, bad: dict[str, Any], field: str) -> None:
    error = good_one_is_stored(post, bad)

    assert error["field"] == field
    assert len(error["message"]) < 500


@pytest.mark.parametrize("bad", [None, 1, "text", True, [], [[]]])
def test_what_is_no_log_at_all(post: Post, bad: Any) -> None:
    assert good_one_is_stored(post, bad)["type"] == "invalid_log"


@pytest.mark.parametrize("member", ["request", "metadata", "odd"])
def test_nesting_of_10_000(post: Post, member: str) -> None:
    before, after = json.dumps(log(request_id="before")), json.dumps(log(request_id="after"))
    deep = f'{{"request_id": "deep", "request": {{}}, "{member}": {{"x": {NESTED}}}}}'

    answer = post(f"[{before},{deep},{after}]".encode()).json()

    digest_until_empty()
    assert answer["accepted"] == 2
    assert answer["rejected"][0]["index"] == 1
    assert "nested too deeply" in answer["rejected"][0]["error"]["message"]
    assert set(RequestLog.objects.values_list("request_id", flat=True)) == {"before", "after"}


@pytest.mark.parametrize("body", [f'{{"request": {NESTED}}}', '{"a":' * 10_000 + "1" + "}" * 10_000, NESTED])
def test_nesting_of_10_000_alone(post: Post, body: str) -> None:
    response = post(body.encode())

    assert error_of(response, response.status_code)["message"]
    assert response.status_code in (400, 422)
    assert not InboxEntry.objects.exists()


def test_keys_of_10_000_characters(post: Post, client: Client) -> None:
    key = "k" * 10_000
    post(
        log(
            request={key: 1, "messages": [{"role": "user", "content": "x", key: 2}]},
            metadata={key: {key: 1}},
            **{key: 3},
        )
    )
    assert digest_until_empty().new == 1

    found = client.get(f"/api/v1/requests/{RequestLog.objects.get().id}").json()
    assert found["request"][key] == 1
    assert found["metadata"][key] in ({key: 1}, 3)


def test_trace_id_of_1_000_characters_works(post: Post, client: Client) -> None:
    trace_id = "é" * 1_000
    assert post(log(trace_id=trace_id)).status_code == 202
    digest_until_empty()

    for query in ({"trace_id": trace_id}, {"q": trace_id}):
        found = client.get("/api/v1/sessions", query).json()["results"]
        assert [session["session_key"] for session in found] == [trace_id]


NUL_AND_HALVES = ["\x00", "a\x00b", "\ud83d", "x\udc00y", "\x00\ud800"]


@pytest.mark.parametrize("odd", NUL_AND_HALVES, ids=ascii)
def test_nul_and_lone_surrogates_anywhere(post: Post, client: Client, odd: str) -> None:
    """json.dumps writes them as escapes, which is how they arrive."""
    members = ("request_id", "trace_id", "parent_id", "call_type", "model", "provider", "user")
    entry = log(
        **dict.fromkeys(members, odd),
        tags=[odd],
        error={"type": odd, "message": odd},
        metadata={odd: odd},
        request={"messages": [{"role": odd, "content": odd, "name": odd}], odd: odd, "tools": [{"x": odd}]},
        response={"id": odd, "model": odd, "choices": [{"message": {"role": "assistant", "content": odd}}]},
        **{odd + "member": odd},
    )

    assert post(entry).status_code == 202
    assert digest_until_empty().new == 1
    assert not RejectedLog.objects.exists()

    session = client.get("/api/v1/sessions").json()["results"][0]
    found = client.get(f"/api/v1/sessions/{session['id']}/requests").json()["results"][0]
    one = client.get(f"/api/v1/requests/{found['id']}")
    assert json.loads(one.content)["request"] == entry["request"]
    assert json.loads(one.content)["response"] == entry["response"]


def of_chat(odd: str) -> tuple[Any, Any]:
    call = {"id": odd, "function": {"name": odd, "arguments": odd}}
    messages = [
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": odd, "content": "Error: " + odd},
    ]
    return {"messages": messages}, {"choices": []}


def of_responses(odd: str) -> tuple[Any, Any]:
    call = {"type": "function_call", "call_id": odd, "name": odd, "arguments": "{}"}
    result = {"type": "function_call_output", "call_id": odd, "output": json.dumps({"error": odd})}
    ran = {"type": "mcp_call", "id": odd, "name": odd, "arguments": odd, "error": odd, "output": None}
    return {"input": [call, result]}, {"object": "response", "output": [ran]}


def of_messages(odd: str) -> tuple[Any, Any]:
    call = {"type": "tool_use", "id": odd, "name": odd, "input": {odd: odd}}
    result = {"type": "tool_result", "tool_use_id": odd, "is_error": True, "content": [{"type": "text", "text": odd}]}
    return {"messages": [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]}, None


def of_gemini(odd: str) -> tuple[Any, Any]:
    call = {"functionCall": {"id": odd, "name": odd, "args": {}}}
    result = {"functionResponse": {"id": odd, "name": odd, "response": {"error": odd}}}
    return {"contents": [{"role": "model", "parts": [call]}, {"role": "user", "parts": [result]}]}, None


@pytest.mark.parametrize("odd", NUL_AND_HALVES, ids=ascii)
@pytest.mark.parametrize("of_api", [of_chat, of_responses, of_messages, of_gemini])
def test_nul_and_lone_surrogates_in_tool_results(
    post: Post, client: Client, of_api: Callable[[str], tuple[Any, Any]], odd: str
) -> None:
    request, response = of_api(odd)
    assert post(log(request=request, response=response)).status_code == 202
    digest_until_empty()

    session = client.get("/api/v1/sessions").json()["results"][0]
    found = client.get(f"/api/v1/sessions/{session['id']}/requests").json()["results"][0]
    one = client.get(f"/api/v1/requests/{found['id']}")
    assert one.status_code == 200
    results = json.loads(one.content)["tool_results"]
    assert results
    assert {result["call_id"] for result in results} == {odd}


def test_nul_ids_are_told_apart(post: Post) -> None:
    post([log(request_id="a\x00", trace_id="t\x00"), log(request_id="a\ufffd", trace_id="t\ufffd")])
    digest_until_empty()

    assert (RequestLog.objects.count(), Session.objects.count()) == (2, 2)


@pytest.mark.parametrize("path", ["/api/v1/sessions/%00", "/api/v1/requests/%ED%A0%80", "/api/v1/%00", "/api/%F0%28"])
def test_nul_and_surrogates_in_paths(client: Client, path: str) -> None:
    assert error_of(client.get(path), 404)["type"] == "not_found"


@pytest.mark.parametrize(
    ("started", "ended"),
    [
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:01Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-12:00", None),
        ("2026-11-20T10:00:00Z", "2026-11-20T09:00:00Z"),
        ("2026-11-20T10:00:00Z", "0001-01-01T00:00:00Z"),
        (0, -1),
        (-62135596800, 253402300799),
    ],
)
def test_absurd_times_are_stored_and_flagged(post: Post, client: Client, started: Any, ended: Any) -> None:
    assert post(log(started_at=started, ended_at=ended)).status_code == 202
    assert digest_until_empty().new == 1

    stored = RequestLog.objects.get()
    assert stored.time_problems
    session = client.get("/api/v1/sessions").json()["results"][0]
    assert "1970-01-01" <= session["started_at"] <= session["last_at"] < "2100"
    found = client.get(f"/api/v1/sessions/{session['id']}/requests").json()["results"][0]
    assert found["duration_ms"] is None or found["duration_ms"] >= 0
    assert client.get(f"/api/v1/requests/{found['id']}").status_code == 200


@pytest.mark.parametrize(
    "usage", [{"prompt_tokens": -1}, {"prompt_tokens": 1e30}, {"completion_tokens": "12"}, "x", []]
)
def test_odd_usage_in_a_body_that_is_not_ours_is_unknown(post: Post, client: Client, usage: Any) -> None:
    """What a model's API answered is kept as it is; the log is none the worse."""
    post(log(response={"usage": usage, "choices": []}))
    assert digest_until_empty().new == 1

    session = client.get("/api/v1/sessions").json()["results"][0]
    assert (session["input_tokens"], session["output_tokens"]) == (None, None)


# --- LiteLLM --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "odd",
    [
        {"id": "x\x00"},
        {"trace_id": "\ud83d"},
        {"startTime": "0001-01-01"},
        {"startTime": 1e300},
        {"endTime": -1},
        {"prompt_tokens": -1},
        {"total_tokens": 1e30},
        {"completion_tokens": "12"},
        {"response_cost": float("nan")},
        {"response_cost": -1},
        {"metadata": []},
        {"model": 1},
        {"messages": 1},
        {"response": "text"},
        {"status": 7},
        {"end_user": {}},
        {"request_tags": "x"},
        {"error_information": 1},
        {"model_parameters": "x"},
    ],
    ids=str,
)
def test_litellm_payload_with_an_odd_member_is_stored(post: Post, client: Client, odd: dict[str, Any]) -> None:
    payload = {"id": "x1", "messages": [{"role": "user", "content": "hi"}], "startTime": 1763600000.0} | odd

    assert post([payload, payload | {"id": "x2"}], "/api/v1/litellm").status_code == 200
    digest_until_empty()

    assert RequestLog.objects.filter(request_id="x2").exists()
    assert RequestLog.objects.count() + RejectedLog.objects.count() == 2
    for session in client.get("/api/v1/sessions").json()["results"]:
        assert client.get(f"/api/v1/sessions/{session['id']}/requests").status_code == 200


@pytest.mark.parametrize("body", [[], {}, [{}], [1], "x"])
def test_litellm_body_without_a_payload(post: Post, body: Any) -> None:
    assert error_of(post(body, "/api/v1/litellm"), post(body, "/api/v1/litellm").status_code)
    assert post(body, "/api/v1/litellm").status_code in (400, 422)


def test_litellm_takes_any_content_type(post: Post) -> None:
    line = json.dumps({"id": "x1", "messages": []}).encode()
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "", "application/json"):
        assert post(line + b"\n" + line, "/api/v1/litellm", content_type=content_type).status_code == 200


# --- keys and projects ----------------------------------------------------------------------------------------------


def test_wrong_revoked_and_read_only_keys(project: Project) -> None:
    revoked = key_for(project)
    ApiKey.objects.update(revoked_at=timezone.now())
    cases = {
        "lsk_wrong": (401, "invalid_key"),
        revoked: (401, "revoked_key"),
        key_for(project, "read"): (403, "missing_scope"),
    }

    for key, (status, kind) in cases.items():
        for path in ("/api/v1/logs", "/api/v1/litellm"):
            response = Client().post(
                path, json.dumps(log()), content_type="application/json", headers={"authorization": f"Bearer {key}"}
            )
            assert error_of(response, status)["type"] == kind
    assert not InboxEntry.objects.exists()


def test_same_ids_in_two_projects_are_apart(post: Post, client: Client) -> None:
    other = Project.objects.create(slug="other")
    stranger = Client(headers={"authorization": f"Bearer {key_for(other)}"})
    post(log())
    stranger.post("/api/v1/logs", json.dumps(log(user="mallory")), content_type="application/json")
    assert digest_until_empty().new == 2

    for mine, theirs in ((client, "mallory"), (stranger, "alice")):
        (session,) = mine.get("/api/v1/sessions").json()["results"]
        assert theirs not in session["users"]


# --- errors of Django itself ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/api/", "/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v2/logs", "/api/v1/logs/"])
@pytest.mark.parametrize("method", ["get", "post", "delete", "put"])
def test_unknown_address_is_404_in_json(db: None, path: str, method: str) -> None:
    visitor = Client(enforce_csrf_checks=True)

    assert error_of(getattr(visitor, method)(path), 404)["type"] == "not_found"


@pytest.mark.parametrize("method", ["put", "patch", "options", "trace"])
def test_other_methods_are_405_in_json(client: Client, method: str) -> None:
    for path in ("/api/v1/logs", "/api/v1/sessions", "/api/v1/schema"):
        assert error_of(getattr(client, method)(path), 405)["type"] == "method_not_allowed"


def test_accept_header_changes_nothing(client: Client) -> None:
    for accept in ("text/html", "application/xml", "x", ""):
        assert client.get("/api/v1/sessions", headers={"accept": accept}).headers["Content-Type"] == "application/json"
    assert error_of(client.get("/api/v1/sessions?format=xml"), 400)["field"] == "format"


def test_unallowed_host_is_400_in_json(client: Client, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["good.example"]

    assert error_of(client.get("/api/v1/nothing", headers={"host": "evil.example"}), 400)["type"] == "bad_request"


def test_our_own_failure_is_500_without_a_trace(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("sessions_app.queries.session_list.list_sessions", fail)
    client.raise_request_exception = False

    response = client.get("/api/v1/sessions")

    assert error_of(response, 500)["type"] == "internal_error"
    assert b"secret" not in response.content
    assert b"Traceback" not in response.content


def test_failure_outside_of_views_is_500_in_json(
    client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("sessions_app.api.views.Endpoint.dispatch", fail)
    client.raise_request_exception = False
    settings.DEBUG = True

    response = client.get("/api/v1/sessions")

    assert error_of(response, 500)["type"] == "internal_error"
    assert b"secret" not in response.content


def test_connection_survives(post: Post) -> None:
    """After all that, the test's transaction is not broken."""
    post(b"\x00")
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
