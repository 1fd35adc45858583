"""The benchmark's data set has the shape that the figures are claimed for."""

import itertools
import statistics

import orjson
import pytest

from benchmarks import generator

REQUESTS = 5000


@pytest.fixture(scope="module")
def logs() -> list[generator.Log]:
    return list(generator.logs(REQUESTS))


@pytest.fixture(scope="module")
def sessions(logs: list[generator.Log]) -> dict[str, list[generator.Log]]:
    grouped: dict[str, list[generator.Log]] = {}
    for log in logs:
        grouped.setdefault(log["trace_id"], []).append(log)
    return grouped


def test_it_works() -> None:
    log = next(generator.logs(10))
    assert {"request_id", "trace_id", "started_at", "ended_at", "model", "request", "response", "user", "tags"} <= set(
        log
    )
    assert log["request"]["messages"][0]["role"] == "system"
    assert log["response"]["usage"]["total_tokens"] > 0


def test_number_of_requests_is_exact() -> None:
    for requests in (1, 7, 300, 1234):
        assert sum(1 for _ in generator.logs(requests)) == requests


def test_equal_seeds_give_equal_bytes() -> None:
    first, second = ([document for _, document in generator.encoded_logs(300, seed=5)] for _ in range(2))
    assert first == second
    assert first != [document for _, document in generator.encoded_logs(300, seed=6)]


def test_mean_request_is_35_kb(logs: list[generator.Log]) -> None:
    assert statistics.mean(len(orjson.dumps(log)) for log in logs) == pytest.approx(35_000, rel=0.06)


def test_session_lengths_have_a_heavy_tail(sessions: dict[str, list[generator.Log]]) -> None:
    lengths = sorted(len(logs) for logs in sessions.values())
    assert statistics.median(lengths) == 6
    assert 36 <= lengths[int(len(lengths) * 0.95)] <= 44
    assert 2 <= sum(200 <= length <= 300 for length in lengths) <= 8
    assert lengths[-1] <= 300
    assert {6, 40, 200} <= set(lengths)


def test_a_third_of_the_sessions_are_agents_with_tools(sessions: dict[str, list[generator.Log]]) -> None:
    agents = [logs for logs in sessions.values() if "tools" in logs[0]["request"]]
    assert len(agents) / len(sessions) == pytest.approx(1 / 3, abs=0.01)
    sizes = {len(orjson.dumps(log["request"]["tools"])) for logs in agents for log in logs}
    assert min(sizes) >= 3_000
    assert max(sizes) <= 8_192


def test_every_tool_call_is_answered_in_the_next_request(sessions: dict[str, list[generator.Log]]) -> None:
    for logs in sessions.values():
        for before, after in itertools.pairwise(logs):
            called = {call["id"] for call in answer_of(before).get("tool_calls", ())}
            answered = {message.get("tool_call_id") for message in after["request"]["messages"]}
            assert called <= answered


def answer_of(log: generator.Log) -> generator.Message:
    return log["response"]["choices"][0]["message"] if "response" in log else {}


def test_history_is_sent_again_with_what_was_answered(sessions: dict[str, list[generator.Log]]) -> None:
    for logs in sessions.values():
        for before, after in itertools.pairwise(logs):
            known = before["request"]["messages"] + ([answer_of(before)] if "response" in before else [])
            assert after["request"]["messages"][: len(known)] == known


def test_two_percent_fail_and_are_tried_again(
    logs: list[generator.Log], sessions: dict[str, list[generator.Log]]
) -> None:
    failures = [log for log in logs if log["status"] == "error"]
    assert len(failures) / len(logs) == pytest.approx(0.02, abs=0.006)
    for session in sessions.values():
        for before, after in itertools.pairwise(session):
            if before["status"] == "error":
                assert after["request"] == before["request"]


def test_order_is_that_of_a_live_system(logs: list[generator.Log]) -> None:
    starts = [log["started_at"] for log in logs]
    assert starts == sorted(starts)
    switches = sum(before["trace_id"] != after["trace_id"] for before, after in itertools.pairwise(logs))
    assert switches > len(logs) * 0.6


def test_ids_are_unique(logs: list[generator.Log]) -> None:
    assert len({log["request_id"] for log in logs}) == len(logs)


def test_bodies_are_arrays_of_the_size_asked_for() -> None:
    documents = [document for _, document in generator.encoded_logs(7)]
    bodies = list(generator.array_bodies(iter(documents), 3))
    assert [len(orjson.loads(body)) for body in bodies] == [3, 3, 1]
    assert [item for body in bodies for item in orjson.loads(body)] == [
        orjson.loads(document) for document in documents
    ]
