"""One call of a model counts once, however many spans report it."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sessions_app.wire.genai.duplicates import SpanFacts, duplicates
from tests.wire.genai.captures import FOLDERS, facts_of, records_of

START = datetime(2026, 11, 22, tzinfo=UTC)


def span(name: str, parent: str = "", **facts: object) -> SpanFacts:
    base = SpanFacts(name, "trace", name, parent, "llm", "library", START, has_usage=True)
    return replace(base, **facts)  # type: ignore[arg-type]


def test_a_wrapper_and_the_call_inside_are_one() -> None:
    outer, inner = span("outer", has_output=True), span("inner", "outer")
    assert duplicates([inner, outer]) == {"inner": "outer"}


def test_the_one_with_the_messages_stands_for_both() -> None:
    outer, inner = span("outer"), span("inner", "outer", has_output=True)
    assert duplicates([outer, inner]) == {"outer": "inner"}


def test_spans_of_no_genai_library_between_are_looked_through() -> None:
    spans = [span("outer"), span("http", "outer", kind="other"), span("inner", "http")]
    assert duplicates(spans) == {"inner": "outer"}


def test_a_call_by_an_agent_inside_a_call_is_another_one() -> None:
    spans = [span("outer"), span("agent", "outer", kind="agent"), span("inner", "agent")]
    assert duplicates(spans) == {}


def test_siblings_are_different_calls() -> None:
    assert duplicates([span("agent", kind="agent"), span("a", "agent"), span("b", "agent")]) == {}


def test_attempts_inside_a_call_count_but_the_call_does_not() -> None:
    attempts = [span("first", "outer", is_failed=True), span("second", "outer", response_id="x")]
    assert duplicates([span("outer", response_id="x"), *attempts]) == {"second": "outer"}


def test_three_reports_of_one_call() -> None:
    spans = [span("a"), span("b", "a"), span("c", "b", has_output=True)]
    assert duplicates(spans) == {"a": "c", "b": "c"}


def test_one_response_id_is_one_call_in_two_traces() -> None:
    with_messages = span("a", response_id="msg", has_output=True)
    other = span("b", response_id="msg", trace_id="other")
    assert duplicates([with_messages, other]) == {"b": "a"}


def test_response_id_that_a_server_uses_again_is_another_call() -> None:
    """Some local servers count their ids to a thousand."""
    first = span("a", response_id="chatcmpl-7", has_output=True)
    later = replace(first, id="b", span_id="b", started_at=START + timedelta(seconds=1))
    assert duplicates([first, later]) == {}


def test_calls_at_once_with_the_same_id_are_told_apart_by_what_they_asked() -> None:
    """Local servers and stubs answer with one id (`chatcmpl-123`), also to calls that run at the same time."""
    calls = [span(f"a{n}", response_id="chatcmpl-123", has_output=True, input_digest=b"%d" % n) for n in range(3)]
    assert duplicates(calls) == {}
    reports = [replace(call, id=f"b{n}", span_id=f"b{n}", scope="other") for n, call in enumerate(calls)]
    reports = [replace(report, has_output=False) for report in reports]
    assert duplicates([*calls, *reports]) == {"b0": "a0", "b1": "a1", "b2": "a2"}


def test_another_library_may_report_the_input_differently() -> None:
    call = span("a", response_id="msg", has_output=True, input_digest=b"x")
    report = span("b", response_id="msg", scope="other", input_digest=b"y")
    assert duplicates([call, report]) == {"b": "a"}
    assert duplicates([call, replace(report, scope="library", input_digest=b"")]) == {"b": "a"}


def test_a_stream_and_its_answer_are_one() -> None:
    call = span("call", has_usage=False, input_digest=b"x")
    answer = span(
        "answer", trace_id="other", has_output=True, input_digest=b"x", started_at=START + timedelta(milliseconds=3)
    )
    assert duplicates([call, answer]) == {"call": "answer"}
    assert duplicates([call, replace(answer, input_digest=b"y")]) == {}
    assert duplicates([call, replace(answer, scope="another")]) == {}
    assert duplicates([call, replace(answer, started_at=START + timedelta(seconds=3))]) == {}
    assert duplicates([replace(call, is_failed=True), answer]) == {}


def test_parents_that_go_in_a_circle() -> None:
    assert duplicates([span("a", "b"), span("b", "a"), span("c", "c")]).keys() <= {"a", "b"}


def test_any_order_gives_the_same() -> None:
    spans = [
        span("a"),
        span("b", "a"),
        span("c", "b", has_output=True),
        span("d", response_id="r"),
        span("e", response_id="r"),
    ]
    expected = duplicates(spans)
    assert expected
    for order in itertools.permutations(spans):
        assert duplicates(order) == expected


# How many calls the captures report again: the provider's own spans, wrappers, streams.
_REPEATED = {
    **dict.fromkeys(FOLDERS, 0),
    "genai-openai": 6,
    "openinference-openai": 6,
    "openllmetry": 4,
    "langfuse": 2,
    "ai-sdk-v7": 1,
    "logfire": 2,
}


@pytest.mark.parametrize("folder", FOLDERS)
def test_repeated_calls_of_the_captures(folder: str) -> None:
    facts = [facts_of(record) for record, _ in records_of(folder).values()]
    found = duplicates(facts)
    assert len(found) == _REPEATED[folder]
    random.Random(7).shuffle(facts)
    assert duplicates(facts) == found
