"""Responses that are texts or come from gateways: which of them are failures, and what they say."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from sessions_app.records import Record
from sessions_app.wire import format_of

NOW = datetime(2026, 3, 14, tzinfo=UTC)


def read(response: Any, **members: Any) -> Record:
    body = {"messages": [{"role": "user", "content": "Hi"}]}
    log = {"started_at": NOW.isoformat(), "request": body, "response": response, **members}
    return format_of("native").read_log(json.dumps(log).encode(), NOW, "r")


@pytest.mark.parametrize(
    ("response", "message", "http_status"),
    [
        ("<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>", "502 Bad Gateway", None),
        ("<!DOCTYPE html>\n<html lang=en><title>Error 404 (Not Found)!!1</title>", "Error 404 (Not Found)!!1", None),
        ("<html><body><h1>Service Unavailable</h1></body></html>", "Service Unavailable", None),
        ('{"error": {"message": "It is full", "code": 503}}', "It is full", 503),
        ('event: error\ndata: {"type": "error", "code": "server_error", "message": "It broke"}\n\n', "It broke", None),
        ('event: error\ndata: {"message": "Too busy", "code": "overloaded"}\n\n', "Too busy", None),
        ("event: error\r\ndata: Too busy\r\n\r\n", "Too busy", None),
        ('data: {"error": {"message": "It broke"}}\n\ndata: [DONE]\n\n', "It broke", None),
        ({"errors": [{"code": "no", "message": "No model"}], "trace": "x", "status_code": 404}, "No model", 404),
        ({"ErrorCode": "CLIENT", "Message": "Wrong", "OriginalStatusCode": 400, "LogStreamArn": "x"}, "Wrong", 400),
        ({"fault": {"faultstring": "Invalid", "detail": {"errorcode": "x"}}}, "Invalid", None),
    ],
)
def test_failures(response: Any, message: str, http_status: int | None) -> None:
    record = read(response)
    assert (record.status, record.error_message, record.http_status) == ("error", message, http_status)


@pytest.mark.parametrize(
    "response",
    [
        "<!DOCTYPE html><html><head><title>Pancakes</title></head><body>Flour</body></html>",
        "<html><head><title>How we handle a 404 page</title></head></html>",
        '{"error": "I cannot read this invoice"}',
        '{"error": null, "total": 3}',
        "data: hello\n\nmore",
        "Error: I was asked to answer with this",
        {"fault": {"class": "A"}, "answer": "x"},
        {"fault": "none", "answer": "x"},
    ],
)
def test_answers(response: Any) -> None:
    assert read(response).status == "success"


def test_a_text_of_a_tool_is_its_result() -> None:
    assert read("<html><title>502 Bad Gateway</title></html>", kind="tool").status == "success"
