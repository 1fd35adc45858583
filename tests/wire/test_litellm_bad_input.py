"""Hostile and broken payloads: what can be kept is kept, what cannot is named."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions_app.records import ERROR, SUCCESS, Record, WireFormatError
from sessions_app.wire import litellm
from tests.wire.litellm_payloads import RECEIVED, a_payload, join, read, with_metadata

NUL_AND_SURROGATE = "a\x00b \ud83d c"


def read_text(text: str) -> Record:
    return litellm.read_log(text.encode("utf-8", "surrogatepass"), RECEIVED, "generated")


@pytest.mark.parametrize("raw", [b"[]", b'"text"', b"42", b"null", b"true"])
def test_anything_but_an_object_is_refused(raw: bytes) -> None:
    for read_it in (litellm.check_log, lambda log: litellm.read_log(log, RECEIVED, "generated")):
        with pytest.raises(WireFormatError, match="must be a JSON object, got"):
            read_it(raw)


@pytest.mark.parametrize("raw", [b"{}", b'{"hello": "world"}', b'{"model": "gpt-4o", "metadata": {}}'])
def test_an_object_of_another_kind_is_refused(raw: bytes) -> None:
    with pytest.raises(WireFormatError, match="no StandardLoggingPayload") as error:
        litellm.check_log(raw)
    assert error.value.field == "id"


def test_a_payload_of_nothing_but_messages_is_kept() -> None:
    payload = {"messages": [{"role": "user", "content": "hi"}]}
    record, again = read(payload), read(payload)
    assert (record.request_id, record.status, record.started_at) == ("generated", SUCCESS, RECEIVED)
    assert record.dedupe_key == again.dedupe_key != read({"messages": []}).dedupe_key
    assert record.usage.input_tokens is record.cost is record.ended_at is None


@pytest.mark.parametrize("name", sorted(a_payload()))
def test_every_member_may_be_of_any_kind(name: str) -> None:
    for value in (None, "text", 7, -1.5, True, [], [1], {}, {"a": None}, NUL_AND_SURROGATE):
        payload = a_payload(**{name: value})
        record = read(payload)
        assert json.loads(join(record)) == payload
        litellm.documents_of(join(record))


def test_every_member_of_metadata_may_be_of_any_kind() -> None:
    for name in a_payload()["metadata"]:
        for value in (None, 7, [], {"headers": {"x-session-id": 1}}, NUL_AND_SURROGATE):
            payload = with_metadata({name: value})
            assert json.loads(join(read(payload))) == payload


@pytest.mark.parametrize("name", sorted(a_payload()))
def test_every_member_may_be_missing(name: str) -> None:
    payload = a_payload()
    del payload[name]
    assert json.loads(join(read(payload))) == payload


def test_nul_and_surrogates_are_cleaned_in_columns_and_exact_in_the_document() -> None:
    odd = NUL_AND_SURROGATE
    changes = dict.fromkeys(("id", "litellm_call_id", "model", "model_group", "api_base", "call_type", "end_user"), odd)
    errors = {"error_class": odd, "error_message": odd}
    payload = with_metadata(
        {"user_api_key_alias": odd, "requester_metadata": {odd: odd}},
        **changes,
        messages=[{"role": "user", "content": odd}],
        request_tags=[odd],
        error_information=errors,
    )
    record = read(payload)
    clean = "a\ufffdb \ufffd c"
    columns = (record.request_id, record.model, record.requested_model, record.api_base, record.call_type)
    assert {*columns, record.end_user, record.error_type, record.error_message, record.key_alias, *record.tags} == {
        clean
    }
    assert record.metadata == {clean: clean}
    assert json.loads(join(record)) == payload


def test_raw_surrogates_and_nan_are_read() -> None:
    text = json.dumps(a_payload()).replace(
        '"response_cost": 9.75e-06', '"response_cost": NaN, "x": 1e999, "y": -Infinity'
    )
    record = read_text(text)
    assert record.cost is None
    assert record.usage.input_tokens == 17


@pytest.mark.parametrize("value", [-1, 1e30, "12", 1.5, True, [3], 2**70, float("nan"), float("inf")])
def test_counts_that_are_none_are_unknown_where_nothing_else_tells(value: Any) -> None:
    payload = with_metadata({"usage_object": {}}, prompt_tokens=value, completion_tokens=value, response={})
    usage = read(payload).usage
    assert (usage.input_tokens, usage.output_tokens) == (None, None)


def test_a_bad_count_is_replaced_by_the_usage_objects() -> None:
    assert read(a_payload(prompt_tokens=-1)).usage.input_tokens == 17


@pytest.mark.parametrize("value", ["free", -0.1, float("nan"), float("inf"), 1e30, [1], True])
def test_costs_that_are_none_are_unknown(value: Any) -> None:
    assert read(a_payload(response_cost=value)).cost is None


def test_sums_of_a_cost_breakdown_that_are_no_numbers_are_left_out() -> None:
    breakdown = {"a": float("nan"), "b": float("inf"), "c": "1", "d": 0.5, "e": {"x": 1}, "f": 0, "g\x00": 1}
    assert read(a_payload(cost_breakdown=breakdown)).cost_breakdown == {"d": 0.5, "g\ufffd": 1}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (-62135596800, datetime(1, 1, 1, tzinfo=UTC)),
        (253402300799, datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31 23:59:59", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_years_1_and_9999_are_kept_and_flagged(value: Any, expected: datetime) -> None:
    record = read(a_payload(startTime=value))
    assert record.started_at == expected
    assert len(record.time_problems) >= 1


@pytest.mark.parametrize("value", [-1e18, 1e300, "yesterday", [], True, float("nan"), "10000-01-01"])
def test_unreadable_times_give_way_to_the_receipt(value: Any) -> None:
    record = read(a_payload(startTime=value, endTime=value))
    assert (record.started_at, record.ended_at) == (RECEIVED, None)
    assert "startTime cannot be read as a time; the time of receipt is used" in record.time_problems


def test_an_end_before_the_start_is_kept_and_flagged() -> None:
    record = read(a_payload(endTime=1700000000))
    assert record.time_problems == ("ends before it starts",)


def test_deep_nesting_is_kept_or_named() -> None:
    text = json.dumps(a_payload()).replace('"deep"', "")
    for depth in (50, 500):
        deep = text.replace('"session_id": ""', '"session_id": "", "deep": ' + "[" * depth + "]" * depth)
        assert read_text(deep).request_id
    with pytest.raises(WireFormatError, match="nested too deeply"):
        read_text(text.replace('"session_id": ""', '"session_id": "", "deep": ' + "[" * 10_000 + "]" * 10_000))


def test_long_keys_and_ids_are_kept() -> None:
    payload = a_payload(id="i" * 10_000) | {"k" * 10_000: 1}
    record = read(payload)
    assert len(record.request_id) == 1000
    assert record.dedupe_key != read(a_payload(id="i" * 9_999)).dedupe_key
    assert json.loads(join(record)) == payload


def test_error_without_status_is_an_error() -> None:
    payload = a_payload(error_str="it broke")
    del payload["status"]
    assert read(payload).status == ERROR


@pytest.mark.parametrize("code", ["99999999999999999999999", "12", "abc", None, 5, "٤٢٩", "1000"])
def test_codes_that_are_no_http_status(code: Any) -> None:
    assert read(a_payload(error_information={"error_code": code})).http_status is None


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(st.characters(exclude_categories=[])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=15,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(a_payload())), ANY_JSON, max_size=6))
def test_any_json_in_any_member_is_read_and_comes_back(changes: dict[str, Any]) -> None:
    payload = a_payload(**changes)
    try:
        record = read(payload)
    except WireFormatError:
        return
    assert json.dumps(json.loads(join(record)), sort_keys=True) == json.dumps(payload, sort_keys=True)
    litellm.documents_of(join(record))
