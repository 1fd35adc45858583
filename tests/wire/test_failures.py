"""Whether a call failed, and why: error bodies of many APIs, and answers that merely look like them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions_app.records import ERROR, SUCCESS, Record
from sessions_app.wire import failures, native
from tests.wire import litellm_payloads
from tests.wire.genai.spans import record

CHAT = {"gen_ai.operation.name": "chat"}
RECEIVED = datetime(2026, 3, 14, tzinfo=UTC)
ASKED = {"model": "m", "messages": [{"role": "user", "content": "q"}]}
NGINX = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>"
    "\r\n<hr><center>nginx/1.27.0</center>\r\n</body>\r\n</html>"
)


def read(**members: Any) -> Record:
    log = json.dumps({"request": ASKED} | members).encode()
    return native.read_log(log, RECEIVED, "generated")


def told(found: Record) -> tuple[str, str, str]:
    return found.status, found.error_type, found.error_message


def chat(reason: str = "stop", **members: Any) -> dict[str, Any]:
    return {
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "a"}, "finish_reason": reason} | members]
    }


def gemini(reason: str, **members: Any) -> dict[str, Any]:
    return {"candidates": [{"content": {"role": "model", "parts": []}, "finishReason": reason} | members]}


# Bodies that say by themselves that the call failed, whatever the HTTP status was.
SURE = [
    ({"error": {"type": "t", "message": "No"}}, "t", "No"),
    ({"error": "model 'x' not found"}, "", "model 'x' not found"),
    ({"error": ["a is missing", "b is missing"]}, "", "a is missing; b is missing"),
    ({"error": "Input is too long", "error_type": "validation"}, "validation", "Input is too long"),
    ({"error": "invalid_grant", "error_description": "The key has expired"}, "invalid_grant", "The key has expired"),
    ({"error": True, "message": "Down"}, "", "Down"),
    ({"type": "error", "error": {"type": "overloaded_error", "message": "Too busy"}}, "overloaded_error", "Too busy"),
    ({"type": "error", "code": "rate_limit", "message": "Slow down"}, "rate_limit", "Slow down"),
    ({"object": "error", "message": "Wrong", "type": "BadRequestError", "code": 400}, "BadRequestError", "Wrong"),
    ({"__type": "com.amazon.coral.service#ThrottlingException", "message": "Wait"}, "ThrottlingException", "Wait"),
    ({"__type": "AccessDeniedException", "Message": "No access"}, "AccessDeniedException", "No access"),
    ({"throttlingException": {"message": "Too many tokens"}}, "throttlingException", "Too many tokens"),
    (
        {"Error": {"Code": "ValidationException", "Message": "Bad"}, "ResponseMetadata": {"HTTPStatusCode": 400}},
        "ValidationException",
        "Bad",
    ),
    ({"error": {"code": 429, "message": "Quota", "status": "RESOURCE_EXHAUSTED"}}, "RESOURCE_EXHAUSTED", "Quota"),
    ([{"error": {"code": 503, "message": "Overloaded", "status": "UNAVAILABLE"}}], "UNAVAILABLE", "Overloaded"),
    (
        {"error": {"code": "content_filter", "message": "Filtered", "innererror": {"code": "x"}}},
        "content_filter",
        "Filtered",
    ),
    ({"statusCode": 401, "message": "Wrong key"}, "", "Wrong key"),
    ({"code": "InvalidApiKey", "message": "Wrong key", "request_id": "1"}, "InvalidApiKey", "Wrong key"),
    (
        {"detail": [{"type": "missing", "loc": ["body", "model"], "msg": "Field required"}]},
        "missing",
        "body.model: Field required",
    ),
    ({"type": "about:blank", "title": "Forbidden", "status": 403, "detail": "Not for you"}, "", "Not for you"),
    ({"success": False, "errors": [{"code": 7003, "message": "No route"}], "result": None}, "7003", "No route"),
    ({"base_resp": {"status_code": 1004, "status_msg": "login fail"}}, "", "login fail"),
    (
        {"object": "response", "status": "failed", "error": {"code": "server_error", "message": "Broke"}, "output": []},
        "server_error",
        "Broke",
    ),
    (
        [
            {"type": "response.created"},
            {"type": "response.failed", "response": {"status": "failed", "error": {"code": "c", "message": "M"}}},
        ],
        "c",
        "M",
    ),
    (chat("error", error={"code": 502, "message": "Provider disconnected"}), "", "Provider disconnected"),
    ({"error": {"message": json.dumps({"error": {"type": "t", "message": "Inner"}})}}, "", "Inner"),
]


@pytest.mark.parametrize(("body", "kind", "message"), SURE)
def test_a_body_that_says_so_is_a_failure(body: Any, kind: str, message: str) -> None:
    assert told(read(response=body)) == (ERROR, kind, message)
    payload = litellm_payloads.a_payload(response=body, call_type="acompletion", status="success")
    assert told(litellm_payloads.read(payload)) == (ERROR, kind, message)


# Bodies that may as well be an answer: only the HTTP status, or the caller, says that the call failed.
SAID_ELSEWHERE = [
    ({"message": "Unknown model name"}, "Unknown model name"),
    ({"Message": "Forbidden"}, "Forbidden"),
    ({"detail": "Not Found"}, "Not Found"),
    ({"msg": "No"}, "No"),
    ({"errorMessage": "No"}, "No"),
    ("upstream connect error", "upstream connect error"),
    (["No", "never"], "No; never"),
    (NGINX, "502 Bad Gateway"),
    ('{"error": {"message": "In a text"}}', "In a text"),
    ({"fault": {"faultstring": "Spike", "detail": {"errorcode": "x"}}}, "Spike"),
    ({"timestamp": "now", "status": 404, "error": "Not Found", "message": "No such model"}, "No such model"),
]


@pytest.mark.parametrize(("body", "message"), SAID_ELSEWHERE)
def test_an_http_status_makes_any_body_an_error(body: Any, message: str) -> None:
    assert read(response=body, status_code=404).error_message == message
    assert read(response=body, status="error").error_message == message
    assert len(read(response=body, status_code=404).document.output) == 0


@pytest.mark.parametrize("body", [body for body, _ in SAID_ELSEWHERE[:-4]])
def test_without_it_such_a_body_is_an_answer(body: Any) -> None:
    assert told(read(response=body, status_code=200)) == (SUCCESS, "", "")


def test_what_was_answered_before_the_failure_stays_an_answer() -> None:
    found = read(response="The first half", status_code=500, error="connection reset")
    assert (len(found.document.output), found.error_message) == (1, "connection reset")
    found = read(response=NGINX, status_code=502, error={"type": "BadGateway"})
    assert (len(found.document.output), found.error_type, found.error_message) == (0, "BadGateway", "502 Bad Gateway")
    found = read(response={"type": "message", "content": [{"type": "text", "text": "half"}]}, status="error")
    assert (len(found.document.output), found.error_type, found.error_message) == (1, "", "")


@pytest.mark.parametrize("error", [None, "", {}, {"message": ""}, {"message": None, "code": 0}, "None", []])
def test_an_empty_error_is_none(error: Any) -> None:
    assert told(read(response=chat() | {"error": error}, error=error)) == (SUCCESS, "", "")


@pytest.mark.parametrize(
    "body",
    [
        chat() | {"error": None},
        {"object": "response", "status": "completed", "error": None, "incomplete_details": None, "output": []},
        {"type": "message", "content": [{"type": "text", "text": "Error: x"}], "stop_reason": "end_turn"},
        chat(message={"role": "assistant", "content": '{"error": "one"}'}),
        chat(message={"role": "assistant", "content": None, "refusal": "I can't help with that."}),
        {"candidates": [], "promptFeedback": {"safetyRatings": [{"category": "X", "probability": "LOW"}]}},
        {"promptFeedback": {"blockReason": "BLOCK_REASON_UNSPECIFIED"}},
        {"output": {"text": "x"}, "code": "", "message": ""},
        {"code": 0, "message": "success", "result": 1},
        {"message": {"role": "assistant", "content": "hi"}, "done": True, "done_reason": "stop"},
        {"base_resp": {"status_code": 0, "status_msg": "success"}, "reply": "x"},
        {"message": "Hello!"},
        {"detail": "The full answer"},
        {"code": "print(1)", "message": "This prints 1"},
        {"code": "E1", "message": "What the code means", "advice": "Replace the part"},
        {"errors": ["a typo in line 1"], "corrected": "Hello"},
        {"success": False, "reason": "The customer has no contract"},
        {"status": "error", "analysis": "The build is red"},
        {"choices": [chat()["choices"][0], chat("content_filter")["choices"][0]]},
        [{"error": None, "type": "response.created"}],
        [[0.1, 0.2]],
    ],
)
def test_what_merely_looks_like_an_error_is_an_answer(body: Any) -> None:
    assert told(read(response=body)) == (SUCCESS, "", "")


def test_an_error_in_what_was_sent_is_no_failure() -> None:
    result = {"role": "tool", "tool_call_id": "c", "content": json.dumps({"error": "No such file"})}
    assert told(read(request=ASKED | {"messages": [result], "error": "x"}, response=chat())) == (SUCCESS, "", "")


def test_what_a_tool_returned_is_no_failure_of_ours() -> None:
    assert read(kind="tool", response={"error": "3 lint errors"}).status == SUCCESS
    payload = litellm_payloads.a_payload(response={"error": "x"}, call_type="call_mcp_tool", status="success")
    assert litellm_payloads.read(payload).status == SUCCESS


def test_who_says_success_is_believed() -> None:
    assert read(response={"error": "x"}, status="success").status == SUCCESS


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (chat("content_filter"), "content_filter"),
        (chat("error"), "error"),
        (gemini("SAFETY"), "SAFETY"),
        (gemini("FinishReason.PROHIBITED_CONTENT"), "PROHIBITED_CONTENT"),
        (gemini("MALFORMED_FUNCTION_CALL"), "MALFORMED_FUNCTION_CALL"),
        ({"promptFeedback": {"blockReason": "OTHER"}}, "OTHER"),
        ({"prompt_feedback": {"block_reason": "BlockedReason.SAFETY"}, "candidates": None}, "SAFETY"),
        ({"type": "message", "content": [], "stop_reason": "refusal"}, "refusal"),
        ({"output": {"message": {}}, "stopReason": "guardrail_intervened"}, "guardrail_intervened"),
        ({"output": [], "status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, "content_filter"),
    ],
)
def test_what_a_filter_stopped_has_failed(body: Any, kind: str) -> None:
    found = read(response=body)
    assert (found.status, found.error_type) == (ERROR, kind)
    assert kind in found.error_message


def test_words_of_the_provider_explain_a_block() -> None:
    blocked = {"promptFeedback": {"blockReason": "SAFETY", "blockReasonMessage": "Unsafe prompt"}}
    assert read(response=blocked).error_message == "Unsafe prompt"
    assert read(response=gemini("SAFETY", finishMessage="Unsafe answer")).error_message == "Unsafe answer"
    refused = {"content": [], "stop_reason": "refusal", "stop_details": {"explanation": "Why"}}
    assert read(response=refused).error_message == "Why"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (chat("length"), "length"),
        (gemini("MAX_TOKENS"), "MAX_TOKENS"),
        (
            {"output": [], "status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
            "max_output_tokens",
        ),
        ({"output": [], "status": "incomplete", "incomplete_details": None}, "incomplete"),
        ({"output": [], "status": "cancelled"}, "cancelled"),
    ],
)
def test_what_is_cut_has_not_failed(body: Any, reason: str) -> None:
    found = read(response=body)
    assert (found.status, found.finish_reason, found.error_message) == (SUCCESS, reason, "")


def test_the_error_names_the_http_status() -> None:
    assert read(response={"error": {"code": 429, "message": "Quota"}}).http_status == 429
    assert read(response={"error": {"code": 429, "message": "Quota"}}, status_code=503).http_status == 503
    assert read(error={"status": 503, "message": "x"}).http_status == 503


def test_the_callers_words_count_before_the_bodys() -> None:
    found = read(error={"type": "Mine"}, response={"error": {"type": "theirs", "message": "Theirs"}})
    assert told(found) == (ERROR, "Mine", "Theirs")
    assert told(read(error=[{"message": "a"}, {"message": "b"}], response=None)) == (ERROR, "", "a; b")


def test_litellm_rows_have_the_error_in_the_metadata() -> None:
    information = {"error_information": {"error_class": "Timeout", "error_message": "late", "error_code": "408"}}
    payload = litellm_payloads.a_payload(metadata=information, response={}, status="failure")
    found = litellm_payloads.read(payload)
    assert (*told(found), found.http_status) == (ERROR, "Timeout", "late", 408)


@pytest.mark.parametrize(
    ("attributes", "kind", "message"),
    [
        ({"error.type": "timeout"}, "timeout", ""),
        (
            {"gen_ai.response.finish_reasons": ["content_filter"]},
            "content_filter",
            "A filter stopped the answer: content_filter",
        ),
        ({"gen_ai.response.finish_reasons": ["error"]}, "error", "The answer ended with: error"),
        ({"http.response.status_code": 429, "error.message": "Slow down"}, "", "Slow down"),
        (
            {"output.value": '{"error": {"type": "t", "message": "No"}}', "output.mime_type": "application/json"},
            "t",
            "No",
        ),
    ],
)
def test_a_span_tells_a_failure_by_other_signs_than_its_status(
    attributes: dict[str, Any], kind: str, message: str
) -> None:
    assert told(record(CHAT | attributes)) == (ERROR, kind, message)


@pytest.mark.parametrize(
    "attributes",
    [
        {"gen_ai.response.finish_reasons": ["stop", "content_filter"]},
        {"gen_ai.response.finish_reasons": ["length"]},
        {"output.value": '{"error": "an answer"}', "output.mime_type": "application/json"},
        {"output.value": '{"error": {"message": "x"}}'},
        {"http.response.status_code": 200, "error.type": ""},
    ],
)
def test_other_spans_have_not_failed(attributes: dict[str, Any]) -> None:
    assert told(record(CHAT | attributes)) == (SUCCESS, "", "")


def test_a_line_of_a_batch_tells_the_http_status_beside_its_body() -> None:
    failed = {"status_code": 400, "body": {"error": {"message": "No such model", "type": "invalid_request_error"}}}
    found = read(response={"id": "batch_req_1", "response": failed, "error": None})
    assert (*told(found), found.http_status) == (ERROR, "invalid_request_error", "No such model", 400)
    answered = read(response={"id": "batch_req_2", "response": {"status_code": 200, "body": chat()}, "error": None})
    assert (*told(answered), answered.http_status) == (SUCCESS, "", "", None)


MCP_ERROR = {"content": [{"type": "text", "text": "No such city"}], "isError": True}


@pytest.mark.parametrize(
    ("result", "kind", "message"),
    [
        (MCP_ERROR, "tool_error", "No such city"),
        ({"meta": None, "content": MCP_ERROR["content"], "is_error": True}, "tool_error", "No such city"),
        ({"jsonrpc": "2.0", "id": 1, "result": MCP_ERROR}, "tool_error", "No such city"),
        ({"jsonrpc": "2.0", "id": 1, "error": {"code": -32602, "message": "Unknown tool"}}, "-32602", "Unknown tool"),
    ],
)
def test_a_tool_has_failed_if_its_result_is_an_error_of_mcp(result: Any, kind: str, message: str) -> None:
    expected = (ERROR, kind, message)
    assert told(read(kind="tool", response=result)) == expected
    assert told(read(kind="tool", response=json.dumps(result))) == expected
    tool = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search"}
    assert told(record(tool | {"gen_ai.tool.call.result": json.dumps(result)})) == expected
    payload = litellm_payloads.a_payload(call_type="call_mcp_tool", response=result)
    assert told(litellm_payloads.read(payload)) == expected
    # Whoever sends the log knows better, and a model's answer is no result of a tool.
    assert read(kind="tool", response=result, status="success").status == SUCCESS


@pytest.mark.parametrize(
    "result",
    [
        {"error": "none was found", "isError": "true"},
        {"isError": True, "rows": [1]},
        MCP_ERROR | {"isError": False},
        {"jsonrpc": "2.0", "id": 1, "result": {"content": [{"type": "text", "text": "isError"}]}},
        'a text about "isError": true',
        [{"content": [], "isError": True}],
    ],
)
def test_other_results_of_tools_are_no_failures(result: Any) -> None:
    assert told(read(kind="tool", response=result)) == (SUCCESS, "", "")


@pytest.mark.parametrize("operation", ["execute_tool", "invoke_agent"])
def test_error_type_of_a_span_of_any_kind_is_a_failure(operation: str) -> None:
    found = record({"gen_ai.operation.name": operation, "error.type": "tool_error"})
    assert told(found) == (ERROR, "tool_error", "")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from([*sorted(failures._TOLD), "choices", "promptFeedback", "x"]), inner)
    ),
)


@settings(max_examples=300)
@given(_JSON, st.sampled_from([{}, {"status_code": 500}, {"status": "error"}]))
def test_any_body_is_read(body: Any, members: dict[str, Any]) -> None:
    found = read(response=body, **members)
    assert found.status in (SUCCESS, ERROR)
    assert len(found.error_message) <= 2_000


def test_hostile_pages_and_errors_are_read_quickly() -> None:
    for text in ("<html>" + "<title" * 30_000, "<" * 90_000, '{"error":' * 3_000, "[" * 9_000):
        assert read(response=text, status_code=500).status == ERROR
    for body in ("[" * 500 + '"error"' + "]" * 500, '{"error":' * 500 + "1" + "}" * 500):
        raw = b'{"status_code": 500, "request": {"model": "m"}, "response": %s}' % body.encode()
        assert native.read_log(raw, RECEIVED, "generated").status == ERROR
    deep: Any = "x"
    for _ in range(200):
        deep = {"error": deep, "detail": [deep]} if len(json.dumps(deep)) < 50_000 else {"error": deep}
    assert read(response=deep).status in (SUCCESS, ERROR)
