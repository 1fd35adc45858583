"""The sample sessions: what they show, and that they are what a client could have sent."""

from __future__ import annotations

import base64
import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sessions_app.samples import Sample, all_samples, bodies
from sessions_app.wire import format_of

ANCHOR = datetime(2026, 11, 22, 12, tzinfo=UTC)


def logs_of(sample: Sample, anchor: datetime = ANCHOR) -> list[dict[str, Any]]:
    sent = [json.loads(body) for body in bodies(sample, anchor)]
    if sample.source == "otlp":
        return [span for body in sent for span in body["resourceSpans"][0]["scopeSpans"][0]["spans"]]
    return [log for body in sent for log in body]


def times_of(log: dict[str, Any]) -> tuple[float, float]:
    """Start and end, in seconds since 1970."""
    if "startTime" in log:
        return log["startTime"], log["endTime"]
    start, end = (datetime.fromisoformat(log[name]).timestamp() for name in ("started_at", "ended_at"))
    return start, end


@pytest.fixture(scope="module")
def logs() -> dict[str, list[dict[str, Any]]]:
    """The logs of each sample. Spans, which contain each other, are not among them."""
    return {sample.key: logs_of(sample) for sample in all_samples() if sample.source != "otlp"}


def test_about_fifty_sessions_of_many_shapes(logs: dict[str, list[dict[str, Any]]]) -> None:
    assert 45 <= len(logs) <= 60
    assert {sample.source for sample in all_samples()} == {"native", "litellm", "otlp"}
    assert len({sample.key for sample in all_samples()}) == len(all_samples())
    assert max(len(session) for session in logs.values()) == 300
    assert min(len(session) for session in logs.values()) == 1
    native = [log for session in logs.values() for log in session if "kind" in log]
    assert {log["call_type"] for log in native} >= {
        *("chat.completions", "messages", "generateContent", "responses", "embeddings", "images.generations"),
    }
    assert len({log["model"] for log in native}) >= 10
    assert {log["kind"] for log in native} >= {"llm", "embedding", "retrieval", "other"}


def test_equal_moments_give_equal_bytes() -> None:
    for sample in all_samples()[:10]:
        assert list(bodies(sample, ANCHOR)) == list(bodies(sample, ANCHOR))


def test_only_times_depend_on_the_moment() -> None:
    def without_times(log: dict[str, Any]) -> dict[str, Any]:
        kept = {name: value for name, value in log.items() if not name.endswith(("_at", "Time")) and name != "response"}
        response = log.get("response") or {}
        return kept | {"response": {k: v for k, v in response.items() if not k.startswith("created")}}

    for sample in all_samples():
        if sample.source == "native":
            first, second = logs_of(sample), logs_of(sample, ANCHOR + timedelta(days=40))
            assert [without_times(log) for log in first] == [without_times(log) for log in second]


def test_newest_is_minutes_old_and_the_rest_lies_in_the_last_days(logs: dict[str, list[dict[str, Any]]]) -> None:
    ages = [sample.ago for sample in all_samples()]
    assert ages[0] < timedelta(minutes=10)
    assert timedelta(days=3) < ages[-1] < timedelta(days=7)
    newest = logs[all_samples()[0].key][-1]["ended_at"]
    assert datetime.fromisoformat(newest) == pytest.approx(ANCHOR - ages[0], abs=timedelta(milliseconds=1))


def test_every_log_is_accepted_by_its_format() -> None:
    for sample in all_samples():
        wire = format_of(sample.source)
        for body in bodies(sample, ANCHOR):
            for item in wire.split_body(body, sample.content_type):
                assert wire.check_log(item.raw) or sample.source == "otlp"
                assert item.error is None


def test_requests_come_in_order_and_overlap_only_where_they_are_meant_to(
    logs: dict[str, list[dict[str, Any]]],
) -> None:
    overlapping = set()
    for key, session in logs.items():
        for before, after in itertools.pairwise(map(times_of, session)):
            assert before[0] <= after[0]
            assert before[0] < before[1]
            overlapping.update([key] if before[1] > after[0] else [])
    assert overlapping == {"agent-slow-export-2211", "kontor-invoices-0419"}


def test_native_ids_are_unique(logs: dict[str, list[dict[str, Any]]]) -> None:
    ids = [log["request_id"] for session in logs.values() for log in session if "request_id" in log]
    assert len(ids) == len(set(ids))


def test_tool_calls_and_results_pair(logs: dict[str, list[dict[str, Any]]]) -> None:
    messages = logs["agent-fix-utc-20261122"][-1]["request"]["messages"]
    called = [call["id"] for message in messages for call in message.get("tool_calls", ())]
    answered = [message["tool_call_id"] for message in messages if message["role"] == "tool"]
    assert called == answered
    assert len(called) > 50


def test_responses_name_the_one_before(logs: dict[str, list[dict[str, Any]]]) -> None:
    session = logs["trip-planner-6620"]
    assert "previous_response_id" not in session[0]["request"]
    for before, after in itertools.pairwise(session):
        assert after["request"]["previous_response_id"] == before["response"]["id"]
    kinds = {item["type"] for log in session for item in log["request"]["input"] + log["response"]["output"]}
    assert kinds == {"message", "reasoning", "function_call", "function_call_output"}


def test_fallback_shares_the_call_id_and_keeps_the_trace_id_where_litellm_leaves_it(
    logs: dict[str, list[dict[str, Any]]],
) -> None:
    failed, good, *_ = logs["search-summary-55e1"]
    assert (failed["status"], good["status"]) == ("failure", "success")
    assert failed["litellm_call_id"] == good["litellm_call_id"]
    assert failed["model_group"] != good["model_group"]
    assert good["metadata"]["requester_metadata"]["litellm_trace_id"] == "search-summary-55e1"
    assert good["trace_id"] != "search-summary-55e1"
    assert good["hidden_params"]["additional_headers"]["x-litellm-attempted-fallbacks"] == 1


def test_pictures_are_pngs(logs: dict[str, list[dict[str, Any]]]) -> None:
    parts = logs["board-deck-q4"][0]["request"]["messages"][0]["content"]
    url = next(part["image_url"]["url"] for part in parts if part["type"] == "image_url")
    assert base64.b64decode(url.removeprefix("data:image/png;base64,")).startswith(b"\x89PNG\r\n\x1a\n")


def test_a_file_says_what_each_request_added() -> None:
    """A history that is written out in each log would be longer than all that was said."""
    long = next(sample for sample in all_samples() if len(sample.logs) == 300)
    written = len(json.dumps(long.logs))
    assert written * 20 < sum(map(len, bodies(long, ANCHOR)))
