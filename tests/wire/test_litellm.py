"""Every captured payload is read as its client meant it."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import pytest

from sessions_app.content.array_memory import ArrayMemory
from sessions_app.content.blocks import MediaBlock, ToolCallBlock
from sessions_app.content.documents import PartKind
from sessions_app.content.message_texts import plain_text
from sessions_app.content.messages import read_message
from sessions_app.pricing.amounts import of_float
from sessions_app.records import ERROR, SUCCESS, Record, WireFormatError
from sessions_app.wire import litellm, litellm_kinds
from tests.wire.litellm_payloads import (
    EXPECTED,
    FILES,
    FOLDER,
    LEGACY,
    RECEIVED,
    a_payload,
    body_of,
    join,
    payloads_of,
    read,
    records_of,
    with_metadata,
)

# Requests whose session no member of their payload names: chains without an id are linked by response ids,
# MCP tools that the proxy ran by the call id that they share with the model's call.
CHAIN_FILES = {
    "correlation-mode--basic-mix.json",
    "excluded-fields--basic-mix.json",
    "missing_session_id-generate--basic-mix.json",
    "redaction-proxy-wide--basic-mix.json",
    "responses-chain-of-3-previous_response_id.json",
    "responses-fork-two-children-of-one-parent.json",
    "responses-on-anthropic-bridge-chain.json",
    "responses-plain-ids-chain-and-fork.json",
    "responses-streaming-chain.json",
    "responses-streaming-fork.json",
    "responses-tool-call-and-reasoning.json",
}
NOWHERE_FILES = {"litellm-sdk-metadata-litellm_trace_id.json", "mcp-tool-calls.json", LEGACY}


def expected_requests(file: str) -> list[tuple[str | None, dict[str, Any]]]:
    """Each request of a file with its session's id (None for those sent without one)."""
    sessions = EXPECTED[file]["expected_sessions"]
    with_session = [(session["session_id"], request) for session in sessions for request in session["requests"]]
    return with_session + [(None, request) for request in EXPECTED[file]["without_session"]]


def record_of(file: str, request: dict[str, Any]) -> Record:
    started = request.get("startTime")
    found = [
        record
        for record in records_of(file)
        if record.request_id == request["id"] and (file == LEGACY or record.started_at.timestamp() == started)
    ]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("file", FILES)
def test_every_payload_is_read(file: str) -> None:
    assert len(records_of(file)) == EXPECTED[file]["payloads"] == len(expected_requests(file))


@pytest.mark.parametrize("file", FILES)
def test_dedupe_keys_are_unique_and_repeatable(file: str) -> None:
    keys = [record.dedupe_key for record in records_of(file)]
    assert len(set(keys)) == len(keys)
    assert keys == [read(payload).dedupe_key for payload in payloads_of(file)]


@pytest.mark.parametrize("file", FILES)
def test_session_is_the_one_the_client_meant(file: str) -> None:
    unresolved = set()
    for session_id, request in expected_requests(file):
        record = record_of(file, request)
        if session_id is not None and record.claim.key != session_id:
            unresolved.add(request["id"])
            assert request["session_id_found_at"] == []
            assert record.claim.weak or file == LEGACY
    assert bool(unresolved) == (file in CHAIN_FILES | NOWHERE_FILES)


@pytest.mark.parametrize("file", FILES)
def test_requests_without_an_id_claim_weakly_or_nothing(file: str) -> None:
    for session_id, request in expected_requests(file):
        if session_id is None:
            claim = record_of(file, request).claim
            assert claim.weak or claim.key is None


@pytest.mark.parametrize("file", FILES)
def test_an_id_that_stands_anywhere_but_in_trace_id_is_a_strong_claim(file: str) -> None:
    for session_id, request in expected_requests(file):
        if session_id and set(request["session_id_found_at"]) - {"trace_id"}:
            assert not record_of(file, request).claim.weak


@pytest.mark.parametrize("file", FILES)
def test_order_by_start_is_the_order_meant(file: str) -> None:
    for session in EXPECTED[file]["expected_sessions"]:
        records = [record_of(file, request) for request in session["requests"]]
        starts = [record.started_at for record in records]
        assert starts == sorted(starts) or file == LEGACY


@pytest.mark.parametrize("file", [file for file in FILES if file != LEGACY])
def test_facts_are_those_expected(file: str) -> None:
    for _, request in expected_requests(file):
        record = record_of(file, request)
        assert record.call_type == request["call_type"]
        assert record.model == request["model"]
        assert record.status == (SUCCESS if request["status"] == "success" else ERROR)
        assert record.usage.input_tokens == request["prompt_tokens"]
        assert record.usage.output_tokens == request["completion_tokens"]
        assert (record.cost or 0) == of_float(float(request["cost"]))
        assert record.error_type == request["error_class"]
        code = request["error_code"]
        assert record.http_status == (int(code) if code.isdigit() else 400 if code else None)
        assert bool(record.error_message) == bool(request["error_class"])


@pytest.mark.parametrize("file", [file for file in FILES if file != LEGACY])
def test_other_columns_are_the_payloads_own(file: str) -> None:
    for payload, record in zip(payloads_of(file), records_of(file), strict=True):
        assert record.end_user == (payload["end_user"] or "")
        assert record.requested_model == payload["model_group"]
        assert record.provider == (payload["custom_llm_provider"] or "")
        assert record.api_base == payload["api_base"]
        assert record.trace_id == payload["trace_id"]
        assert record.started_at.timestamp() == payload["startTime"]
        assert record.ended_at is not None
        assert record.ended_at.timestamp() == payload["endTime"]
        assert record.time_problems == ()
        assert record.source == "litellm"


@pytest.mark.parametrize("file", FILES)
def test_the_parts_join_to_the_payload(file: str) -> None:
    for payload, record in zip(payloads_of(file), records_of(file), strict=True):
        assert json.loads(join(record)) == payload


@pytest.mark.parametrize("file", FILES)
def test_messages_are_the_input_parts(file: str) -> None:
    for payload, record in zip(payloads_of(file), records_of(file), strict=True):
        messages = payload["messages"]
        if file == LEGACY or payload["call_type"] == "call_mcp_tool":
            assert len(record.document.input) == 1
        elif not messages or "default-message-value" in json.dumps(messages):
            assert len(record.document.input) == 0
        else:
            assert [json.loads(bytes(raw)) for raw in record.document.input.contents] == messages


@pytest.mark.parametrize("file", FILES)
def test_a_successful_answer_is_an_output_part(file: str) -> None:
    for record in records_of(file):
        if record.status == SUCCESS and record.kind != "embedding":
            assert record.document.output.contents
            message = read_message(record.document.output.contents[0], "assistant")
            assert message.blocks


def test_kinds_and_call_types() -> None:
    def kinds(file: str) -> set[str]:
        return {record.kind for record in records_of(file)}

    assert kinds("embeddings.json") == {"embedding"}
    assert kinds("mcp-tool-calls.json") == {"llm", "tool"}
    assert kinds("image-generation-and-moderation.json") == {"other"}
    assert kinds("responses-streaming-chain.json") == kinds("anthropic-v1-messages.json") == {"llm"}
    assert kinds("pass-through-endpoints.json") == kinds("text-completions.json") == {"llm"}
    assert litellm_kinds.kind_of_call("arerank") == litellm_kinds.kind_of_call("avector_store_search") == "retrieval"
    assert litellm_kinds.kind_of_call("asend_message") == "agent"
    assert litellm_kinds.kind_of_call("pass_through_endpoint", has_model=False) == "other"
    assert litellm_kinds.kind_of_call("aspeech") == "other"


def test_first_token_only_of_streams() -> None:
    payloads = payloads_of("streaming-chat.json")
    for payload, record in zip(payloads, records_of("streaming-chat.json"), strict=True):
        assert record.first_token_at is not None
        assert record.first_token_at.timestamp() == payload["completionStartTime"]
        assert record.started_at < record.first_token_at
    assert {record.first_token_at for record in records_of("openai-sdk-no-session-id.json")} == {None}
    assert {record.first_token_at for record in records_of("failure-timeout.json")} == {None}


def test_cached_and_reasoning_tokens() -> None:
    tool_result = records_of("anthropic-v1-messages.json")[3].usage
    assert (tool_result.input_tokens, tool_result.cached_tokens, tool_result.cache_write_tokens) == (154, 20, 0)
    assert records_of("reasoning-content.json")[0].usage.reasoning_tokens == 21
    assert records_of("responses-tool-call-and-reasoning.json")[1].usage.cached_tokens == 40


def test_cost_breakdown_has_the_sums_that_are_not_zero() -> None:
    breakdown = records_of("anthropic-model-via-chat-completions.json")[1].cost_breakdown
    assert breakdown == {
        "input_cost": 5.4e-05,
        "output_cost": 0.001095,
        "total_cost": 0.001149,
        "reasoning_cost": 0.00015,
        "original_cost": 0.001149,
    }


def test_cost_is_unknown_where_litellm_says_so() -> None:
    assert records_of("unpriced-self-hosted-model.json")[0].cost == 0
    assert records_of("mcp-tool-calls.json")[0].cost is None
    diagnosed = a_payload(response_cost=0.0, zero_cost_diagnostic={"reason": "pricing_missing"})
    assert read(diagnosed).cost is None
    assert read(a_payload(response_cost=None)).cost is None


def test_tags_without_the_automatic_ones() -> None:
    assert records_of("tags-enduser-nested-metadata.json")[0].tags[:2] == ("prod", "feature:search")
    assert records_of("openai-sdk-no-session-id.json")[0].tags == ()
    many = [f"t{number}" for number in range(1_002)]
    cut = read(a_payload(request_tags=["User-Agent: x", *many[:1_000], *many]))
    problem = "2 of 1,002 tags: only the first 1,000 are listed and found"
    assert (cut.tags, cut.problems) == (tuple(many[:1_000]), (problem,))
    assert all(not tag.startswith("User-Agent") for file in FILES for record in records_of(file) for tag in record.tags)


def test_metadata_is_the_callers_own() -> None:
    metadata = records_of("tags-enduser-nested-metadata.json")[0].metadata
    assert metadata["trace_name"] == "nightly-run"
    assert metadata["nested"]["a"]["b"][4] == {"c": "d"}
    assert metadata["spend_logs_metadata"] == {"project": "apollo"}
    assert "headers" not in metadata
    assert records_of("openai-sdk-no-session-id.json")[0].metadata == {}
    assert read(with_metadata({"spend_logs_metadata": {"a": 1}})).metadata == {"spend_logs_metadata": {"a": 1}}


def test_key_alias_and_end_user() -> None:
    assert {record.key_alias for record in records_of("virtual-key-with-team-and-alias.json")} == {"alice-laptop"}
    assert records_of("tags-enduser-nested-metadata.json")[0].end_user == "customer-981"
    assert read(with_metadata({"user_api_key_end_user_id": "u1"})).end_user == "u1"
    assert read(a_payload(model_parameters={"user": "u2"})).end_user == "u2"


def test_a_client_that_went_away_is_a_success_with_its_status() -> None:
    record = records_of("streaming-client-disconnects.json")[0]
    assert (record.status, record.http_status, record.error_type) == (SUCCESS, 499, "ClientDisconnected")


def test_finish_reasons() -> None:
    assert [record.finish_reason for record in records_of("structured-output-and-params.json")] == ["stop", "length"]
    assert records_of("tool-calls-streaming.json")[0].finish_reason == "tool_calls"
    assert records_of("responses-streaming-chain.json")[0].finish_reason == "completed"


def test_choices_are_alternatives() -> None:
    two, one = records_of("structured-output-and-params.json")
    assert two.alternative_outputs
    assert not one.alternative_outputs


def test_response_ids_are_unwrapped_and_link_the_chain() -> None:
    first, second = records_of("responses-streaming-chain.json")
    upstream = [request["upstream_response_id"] for _, request in expected_requests("responses-streaming-chain.json")]
    assert [first.response_id, second.response_id] == upstream
    assert second.previous_response_id == first.response_id
    assert first.response_id in first.aliases
    assert first.request_id.startswith("resp_bGl0")


@pytest.mark.parametrize("file", sorted(CHAIN_FILES))
def test_resolvable_links_of_chains_resolve(file: str) -> None:
    for session in EXPECTED[file]["expected_sessions"]:
        records = [record_of(file, request) for request in session["requests"]]
        provided = {record.response_id for record in records}
        linked = sum(
            bool(record.previous_response_id) and record.previous_response_id in provided for record in records
        )
        assert linked == session.get("chain_links_resolvable", 0)


def test_call_id_finds_all_attempts_of_a_request() -> None:
    failed, good = records_of("retries-then-success.json")
    assert failed.request_id in good.aliases
    assert failed.status == ERROR
    assert good.status == SUCCESS


def test_tools_and_instructions_are_context_parts() -> None:
    record = records_of("responses-tool-call-and-reasoning.json")[0]
    kinds = record.document.context.kinds
    assert kinds.count(PartKind.TOOL) == kinds.count(PartKind.SYSTEM) == 1
    assert records_of("tool-calls-parallel-with-results.json")[0].document.context.kinds.count(PartKind.TOOL) == 2


def test_the_price_table_is_one_part_that_requests_share() -> None:
    digests = [record.document.context.digests for record in records_of("multi-turn-10-full-history.json")]
    assert len({digest for (digest,) in digests}) == 1


def test_what_an_mcp_tool_was_called_with_is_its_input() -> None:
    record = next(record for record in records_of("mcp-tool-calls.json") if record.call_type == "call_mcp_tool")
    call = json.loads(bytes(record.document.input.contents[0]))
    assert (call["name"], call["arguments"]["city"]) == ("get_weather", "Zürich")
    (shown,) = read_message(record.document.input.contents[0]).blocks
    assert isinstance(shown, ToolCallBlock)
    assert (shown.name, json.loads(shown.arguments)) == ("get_weather", call["arguments"])
    answer = read_message(record.document.output.contents[0], "tool")
    assert plain_text(answer) == "18 degrees, light rain in Zürich"


def test_history_of_a_conversation_without_an_id_is_not_read_again() -> None:
    """Its random trace ids are others in each request."""
    memory, question = ArrayMemory(), {"role": "user", "content": "Hi"}
    payloads = payloads_of("openai-sdk-no-session-id.json")
    history = [question, {"role": "assistant", "content": "Hello"}, question]
    first, second = (
        litellm.read_log(json.dumps(payload | {"messages": messages}).encode(), RECEIVED, "x", memory)
        for payload, messages in zip(payloads, ([question], history), strict=True)
    )
    assert first.claim.weak
    assert first.claim.key != second.claim.key
    assert second.document.input.base is first.document.input.array


def test_a_generated_image_is_an_output() -> None:
    record = records_of("image-generation-and-moderation.json")[0]
    (image,) = read_message(record.document.output.contents[0], "assistant").blocks
    assert isinstance(image, MediaBlock)
    assert image.modality == "image"
    assert image.url.startswith("data:image/png;base64,iVBOR")


def test_redacted_contents_are_kept_as_they_are() -> None:
    for record in records_of("redaction-per-request-header.json"):
        assert plain_text(read_message(record.document.input.contents[0])) == "redacted-by-litellm"
    failed = records_of("redaction-per-request-header.json")[3]
    assert failed.error_message.startswith("litellm.InternalServerError")


# --- the older payload ----------------------------------------------------------------------------------------------


def test_text_payloads_are_understood() -> None:
    record = next(record for record in records_of(LEGACY) if record.claim.key)
    assert record.claim.key == "600fbab2-4c02-4754-b0ce-325317e53097"
    assert record.claim.detail == "metadata.litellm_trace_id"
    assert (record.model, record.provider, record.requested_model) == ("gpt-4o-mini", "openai", "gpt-4o-mini")
    assert (record.usage.input_tokens, record.usage.output_tokens) == (13, 8)
    assert record.cost == Decimal("0.00000675")
    assert record.finish_reason == "stop"
    assert record.started_at.isoformat() == "2026-11-22T19:03:07.616285+00:00"


def test_text_payloads_of_the_responses_api_keep_their_link() -> None:
    chained = [record for record in records_of(LEGACY) if record.previous_response_id]
    assert [record.previous_response_id for record in chained] == ["resp_e20f2470e3953b2ccacd80d4"]


# --- bodies ---------------------------------------------------------------------------------------------------------


def posted_bodies(file: str) -> list[bytes]:
    """The bodies of the HTTP requests in a file."""
    bodies, rest = [], (FOLDER / "http" / file).read_bytes()
    while rest.startswith(b"POST "):
        head, _, rest = rest.partition(b"\r\n\r\n")
        length = int(re.search(rb"content-length: (\d+)", head)[1])  # type: ignore[index]
        bodies.append(rest[:length])
        rest = rest[length:].lstrip()
    return bodies


@pytest.mark.parametrize(("file", "counts"), [("json_array.http", [2]), ("ndjson.http", [2]), ("single.http", [1, 1])])
def test_every_log_format_is_split(file: str, counts: list[int]) -> None:
    split = [litellm.split_body(body, "application/json") for body in posted_bodies(file)]
    assert [len(items) for items in split] == counts
    assert all(litellm.check_log(item.raw).startswith("chatcmpl-") for items in split for item in items)


def test_deliveries_that_repeat_events_have_the_same_keys() -> None:
    posts = json.loads((FOLDER / "http" / "duplicate-delivery-4-posts.json").read_text())
    keys = [read(payload).dedupe_key for post in posts for payload in post]
    assert len(keys) == 10
    assert len(set(keys)) == 4


def test_a_bad_line_of_ndjson_does_not_lose_the_good_ones() -> None:
    good = json.dumps(a_payload()).encode()
    items = litellm.split_body(good + b'\n{"id": "cut o\n\n' + good + b"\n", "application/json")
    assert [item.error is None for item in items] == [True, False, True]


@pytest.mark.parametrize("body", [b"\xef\xbb\xbf[{}]", b"  [ {} ]", b'\n{"id": "a"}\n', b'{"id":\n "a"}'])
def test_odd_white_space_and_byte_order_marks(body: bytes) -> None:
    assert len(litellm.split_body(body, "text/plain")) == 1


@pytest.mark.parametrize("body", [b"", b"not json", b'[{"id": "a"}, {"id"', b'{"id": ', b"\xff\xfe"])
def test_a_body_that_is_no_json_is_refused_as_a_whole(body: bytes) -> None:
    with pytest.raises(WireFormatError) as error:
        litellm.split_body(body, "application/json")
    assert error.value.status == 400


def test_the_file_bodies_split_into_their_payloads() -> None:
    for file in FILES:
        assert len(litellm.split_body(body_of(file), "application/json")) == EXPECTED[file]["payloads"]
