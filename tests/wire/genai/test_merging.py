"""What comes apart of one span, its log records above all, becomes one request in any order."""

from __future__ import annotations

import itertools
import json

from sessions_app.content.blocks import ToolResultBlock
from sessions_app.records import Record
from sessions_app.wire import genai
from tests.wire.genai.captures import items_of, messages_in, messages_out, text_of
from tests.wire.genai.spans import START, item, log, read

SPAN = item({"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "session.id": "s"}, name="chat m")
ASKED = log("gen_ai.user.message", {"content": "What is it?"})
CALLED = log(
    "gen_ai.assistant.message",
    {"tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "{}"}}]},
    at=START + 1,
)
RESULT = log("gen_ai.tool.message", {"content": "18 degrees", "id": "c"}, at=START + 2)
ANSWER = log("gen_ai.choice", {"index": 0, "finish_reason": "stop", "message": {"content": "It is."}}, at=START + 3)
RECORDS = (ASKED, CALLED, RESULT, ANSWER)


def united(*raws: bytes) -> Record:
    """As the digester unites copies: one by one, each time from what is stored."""
    stored = raws[0]
    for raw in raws[1:]:
        stored = read(genai.merged(stored, raw)).document.joined()
    return read(stored)


def test_log_records_and_their_span_have_one_key() -> None:
    assert {read(raw).dedupe_key for raw in (SPAN, *RECORDS)} == {read(SPAN).dedupe_key}


def test_log_records_bring_the_messages_of_their_span() -> None:
    found = united(SPAN, *RECORDS)
    assert [message.role for message in messages_in(found)] == ["user", "assistant", "tool"]
    assert text_of(messages_in(found)[0]) == "What is it?"
    (result,) = messages_in(found)[2].blocks
    assert isinstance(result, ToolResultBlock)
    assert result.call_id == "c"
    assert [text_of(message) for message in messages_out(found)] == ["It is."]
    assert (found.kind, found.requested_model, found.claim.key) == ("llm", "m", "s")


def test_any_order_gives_the_same_document() -> None:
    expected = united(SPAN, *RECORDS).document.joined()
    for order in itertools.permutations((SPAN, ASKED, RESULT, ANSWER)):
        again = united(*order, CALLED).document.joined()
        assert json.loads(genai.item_bytes(again)) == json.loads(genai.item_bytes(expected))
        assert read(again).document.input.digests == read(expected).document.input.digests


def test_log_records_of_one_body_are_joined_at_once() -> None:
    at_once = read(genai.joined([ANSWER, *RECORDS, ASKED])).document.joined()
    assert json.loads(genai.item_bytes(at_once)) == json.loads(genai.item_bytes(united(*RECORDS).document.joined()))


def test_a_time_that_is_no_number_is_the_earliest() -> None:
    records = [{"timeUnixNano": time, "body": str(time)} for time in (1, float("inf"), "soon", None)]
    found = json.loads(genai.joined([json.dumps({"log": record}).encode() for record in records]))
    assert found["logs"][-1]["body"] == "1"


def test_the_same_again_changes_nothing() -> None:
    once = united(SPAN, *RECORDS).document.joined()
    assert united(SPAN, *RECORDS, SPAN, ANSWER, ASKED).document.joined() == once


def test_log_records_alone_are_a_request_that_waits_for_its_span() -> None:
    found = united(*RECORDS)
    assert found.kind == "llm"
    assert "only log records of this call have come, not its span" in found.problems
    assert [text_of(message) for message in messages_out(found)] == ["It is."]
    assert found.started_at.timestamp() == START // 1000 / 1e6


def test_a_log_record_with_all_messages() -> None:
    """The event `gen_ai.client.inference.operation.details`, its attributes structured."""
    attributes = {
        "gen_ai.input.messages": [{"role": "user", "parts": [{"type": "text", "content": "What is it?"}]}],
        "gen_ai.output.messages": [{"role": "assistant", "parts": [{"type": "text", "content": "It is."}]}],
        "gen_ai.usage.input_tokens": 7,
    }
    found = united(SPAN, log("gen_ai.client.inference.operation.details", None, attributes))
    assert [text_of(message) for message in (*messages_in(found), *messages_out(found))] == ["What is it?", "It is."]
    assert found.usage.input_tokens == 7


def test_a_later_export_of_a_span_completes_it() -> None:
    begun = item({"gen_ai.operation.name": "chat"}, endTimeUnixNano="0", events=[{"name": "a", "timeUnixNano": "1"}])
    ended = item({"gen_ai.usage.input_tokens": 3}, events=[{"name": "b", "timeUnixNano": "2"}])
    for found in (united(begun, ended), united(ended, begun)):
        assert (found.kind, found.usage.input_tokens) == ("llm", 3)
        assert found.ended_at is not None
        stored = json.loads(genai.item_bytes(found.document.joined()))
        assert [event["name"] for event in stored["span"]["events"]] == ["a", "b"]


def test_a_body_has_one_item_for_the_log_records_of_a_call() -> None:
    file = "openai-v2-legacy/03-tool-round-trip-logs.json"
    found = [read(raw) for raw in items_of(file)]
    assert [len(record.document.input) for record in found] == [1, 3]
    assert [len(record.document.output) for record in found] == [1, 1]
