"""Why a request is in its session, and how attempts failed, in words."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from sessions_app.pages.thread.wording import (
    Behind,
    attempt_words,
    error_words,
    failures,
    grouped_by,
    listed,
    session_grouped_by,
)
from sessions_app.records import RULE_ATTEMPT, RULE_CONVERSATION, RULE_MANUAL, RULE_OWN, RULE_PREVIOUS_RESPONSE

HOSTILE = "<script>alert(1)</script>"
START = datetime(2026, 11, 2, 12, tzinfo=UTC)
BEHIND = Behind(3, "/p/acme/sessions/1/#r3")


def text(html: str) -> str:
    return re.sub("<[^>]*>", "", html)


def line(**fields: Any) -> Any:
    known = {"id": uuid.uuid4(), "started_at": START, "ended_at": START, "received_at": START, "model": "m"}
    return SimpleNamespace(
        **known | {"http_status": None, "error_type": "", "rule": RULE_OWN, "rule_detail": ""} | fields
    )


@pytest.mark.parametrize(
    ("rule", "detail", "behind", "words"),
    [
        (RULE_CONVERSATION, "", BEHIND, "continues the conversation of request 3 (inferred)"),
        (RULE_CONVERSATION, "", None, "continues the conversation of another request (inferred)"),
        (RULE_PREVIOUS_RESPONSE, "resp_1", BEHIND, "continues response resp_1 of request 3"),
        (RULE_PREVIOUS_RESPONSE, "", None, "continues the response, which was not logged"),
        (RULE_ATTEMPT, "", BEHIND, "repeats request 3"),
        (RULE_ATTEMPT, "", Behind(3, "#r3", is_same_call=True), "same call as request 3"),
        (RULE_MANUAL, "alice", None, "moved here by alice"),
        (RULE_MANUAL, "", None, "moved here manually"),
        (RULE_OWN, "", None, "its own session: no session or trace id was sent"),
        ("session_id", "metadata.session_id", None, "grouped by metadata.session_id"),
    ],
)
def test_it_works(rule: str, detail: str, behind: Behind | None, words: str) -> None:
    assert text(grouped_by(rule, detail, behind)) == words


@pytest.mark.parametrize("rule", [RULE_PREVIOUS_RESPONSE, RULE_MANUAL, "session_id"])
def test_what_a_sender_chose_is_escaped(rule: str) -> None:
    assert "<script" not in grouped_by(rule, HOSTILE)
    assert HOSTILE.replace("<", "&lt;").replace(">", "&gt;") in grouped_by(rule, HOSTILE)


def test_session_says_how_its_requests_came_together() -> None:
    lines = [line(rule="session_id", rule_detail="session_id"), line(rule=RULE_CONVERSATION), line(rule=RULE_MANUAL)]
    assert (
        text(session_grouped_by(lines)) == "grouped by session_id; 1 inferred from the conversation, 1 moved manually"
    )
    lines = [line(rule="session_id", rule_detail=HOSTILE), line(), line()]
    assert text(session_grouped_by(lines)) == (
        "no session or trace id was sent (2), grouped by &lt;script&gt;alert(1)&lt;/script&gt; (1)"
    )


def test_failures_are_counted_by_kind_in_order() -> None:
    lines = [line(http_status=500), line(error_type="Timeout"), line(error_type="Timeout"), line()]
    assert text(failures(lines)) == "a 500, two Timeouts and a failure"
    assert text(failures([line(error_type="APIError")])) == "an APIError"
    assert "<script" not in failures([line(error_type=HOSTILE)])


@pytest.mark.parametrize(
    ("status", "message", "kind", "expected"),
    [
        (429, "Rate limit reached\n for gpt-4o", "tokens", "429 Rate limit reached for gpt-4o (tokens)"),
        (429, "", "tokens", "429 tokens"),
        (429, "429 Too Many Requests", "tokens", "429 Too Many Requests (tokens)"),
        (None, "connection reset", "APIConnectionError", "connection reset (APIConnectionError)"),
        (500, "APIError: gone", "APIError", "500 gone (APIError)"),
        (429, "litellm.RateLimitError: RateLimitError: OpenAIException - Slow down", "", "429 Slow down"),
        (None, "ValueError: ", "ValueError", "ValueError:"),
        (
            429,
            'litellm.RateLimitError: AnthropicException - {"type":"error","error":{"type":"rate_limit_error",'
            '"message":"This would exceed your account\'s \\"rate\\" limit."},"request_id":"req_1"}',
            "RateLimitError",
            '429 This would exceed your account\'s "rate" limit. (RateLimitError)',
        ),
        (529, 'AnthropicException - b\'{"error":{"message":"Overloaded, pl', "", "529 Overloaded, pl"),
        (400, '{"detail":[{"msg":"no such field"}]}', "", '400 {"detail":[{"msg":"no such field"}]}'),
        (400, '{"message":""}', "", '400 {"message":""}'),
        (400, 'Bad call {"message":"inner"}', "", '400 Bad call {"message":"inner"}'),
        (503, "", "", "503"),
        (None, "", "", "error"),
    ],
)
def test_a_failure_is_named_by_its_status_and_message(
    status: int | None, message: str, kind: str, expected: str
) -> None:
    assert error_words(status, message, kind) == expected


def test_attempt_says_what_came_before_it() -> None:
    later = START + timedelta(seconds=14)
    attempts = [line(http_status=429), line(http_status=429), line(model="<b>", started_at=later, ended_at=later)]
    assert text(attempt_words(attempts, 5)).replace("\N{NARROW NO-BREAK SPACE}", " ") == (
        "attempt 5 of 5, after two 429s, +14.0 s, fell back to &lt;b&gt;"
    )


def test_an_attempt_whose_failure_was_reported_with_a_later_start_has_no_time() -> None:
    attempts = [line(http_status=500, started_at=START + timedelta(seconds=1)), line()]
    assert text(attempt_words(attempts, 2)) == "attempt 2 of 2, after a 500"


def test_items_are_listed() -> None:
    assert listed(["1"]) == "1"
    assert listed(["1", "2"]) == "1 and 2"
    assert listed(["1", "<", "3"]) == "1, &lt; and 3"
