"""OTLP bodies, split into spans and log records: the same from both encodings, whatever is wrong with them."""

from __future__ import annotations

import base64
import contextlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from google.protobuf.internal import encoder
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList

from sessions_app.content.json_bytes import loads
from sessions_app.records import WireFormatError
from sessions_app.wire import otlp
from sessions_app.wire.otlp_values import MAX_DEPTH, MOST_HEAD_BYTES
from tests.wire.otlp_exports import (
    JSON,
    PARENT_ID,
    PROTOBUF,
    SPAN_ID,
    STARTED_NANOS,
    TRACE_ID,
    attribute,
    capture_id,
    captures,
    export,
    items,
    protobuf_export,
    signal_of,
    span,
)

RECEIVED = datetime(2026, 11, 23, tzinfo=UTC)


def only(body: bytes, encoding: str = JSON, signal: str = otlp.TRACES) -> dict[str, Any]:
    """The one item of a body."""
    [item] = items(body, encoding, signal)
    return item


def value_of(name: str, body: bytes, encoding: str = JSON) -> Any:
    return only(body, encoding)["span"]["attributes"][name]


# --- the same from both encodings -----------------------------------------------------------------------------------


def test_span_in_json() -> None:
    assert only(export(span())) == {
        "resource": {"attributes": {"service.name": "tests"}},
        "scope": {"name": "test", "version": "1"},
        "span": {
            "traceId": TRACE_ID,
            "spanId": SPAN_ID,
            "parentSpanId": PARENT_ID,
            "name": "chat gpt-4o",
            "kind": 3,
            "startTimeUnixNano": str(STARTED_NANOS),
            "endTimeUnixNano": str(STARTED_NANOS + 2_500_000_000),
            "attributes": {"gen_ai.operation.name": "chat"},
            "status": {"code": 0, "message": ""},
        },
    }


@pytest.mark.parametrize("path", captures(), ids=capture_id)
def test_captures_are_the_same_in_both_encodings(path: Path) -> None:
    signal = signal_of(path)
    bodies = (path.read_bytes(), PROTOBUF), (path.with_suffix(".json").read_bytes(), JSON)

    from_protobuf, from_json = (items(body, encoding, signal) for body, encoding in bodies)

    assert from_protobuf == from_json
    assert from_protobuf
    assert not any("problems" in item for item in from_protobuf)


@pytest.mark.parametrize(
    "path", [path for path in captures() if path.with_suffix(".raw.json").exists()], ids=capture_id
)
def test_captures_as_the_exporter_wrote_them(path: Path) -> None:
    assert items(path.with_suffix(".raw.json").read_bytes()) == items(path.read_bytes(), PROTOBUF)


@pytest.mark.parametrize("path", captures(), ids=capture_id)
def test_captures_have_as_many_spans_as_protobuf_says(path: Path) -> None:
    if signal_of(path) == otlp.TRACES:
        request = ExportTraceServiceRequest.FromString(path.read_bytes())
        spans = [each for resource in request.resource_spans for scope in resource.scope_spans for each in scope.spans]

        found = items(path.read_bytes(), PROTOBUF)

        assert [item["span"]["spanId"] for item in found] == [each.span_id.hex() for each in spans]
        assert [set(item["span"]["attributes"]) for item in found] == [
            {a.key for a in each.attributes} for each in spans
        ]


VALUES: list[tuple[AnyValue, dict[str, Any], Any]] = [
    (AnyValue(string_value="a\0ü\U0001f600"), {"stringValue": "a\0ü\U0001f600"}, "a\0ü\U0001f600"),
    (AnyValue(bool_value=False), {"boolValue": False}, False),
    (AnyValue(int_value=-(2**63)), {"intValue": str(-(2**63))}, -(2**63)),
    (AnyValue(int_value=2**63 - 1), {"intValue": 2**63 - 1}, 2**63 - 1),
    (AnyValue(double_value=0.1), {"doubleValue": 0.1}, 0.1),
    (AnyValue(double_value=3.0), {"doubleValue": 3}, 3.0),
    (AnyValue(double_value=float("nan")), {"doubleValue": "NaN"}, "NaN"),
    (AnyValue(double_value=float("-inf")), {"doubleValue": "-Infinity"}, "-Infinity"),
    (AnyValue(bytes_value=b"\xff\0"), {"bytesValue": "/wA="}, {"bytesValue": "/wA="}),
    (AnyValue(), {}, None),
    (AnyValue(array_value=ArrayValue()), {"arrayValue": {}}, []),
    (
        AnyValue(array_value=ArrayValue(values=[AnyValue(string_value="x"), AnyValue(), AnyValue(int_value=1)])),
        {"arrayValue": {"values": [{"stringValue": "x"}, {}, {"intValue": "1"}]}},
        ["x", None, 1],
    ),
    (
        AnyValue(kvlist_value=KeyValueList(values=[KeyValue(key="k", value=AnyValue(bool_value=True))])),
        {"kvlistValue": {"values": [{"key": "k", "value": {"boolValue": True}}]}},
        {"k": True},
    ),
]


@pytest.mark.parametrize(("in_protobuf", "in_json", "plain"), VALUES)
def test_values_of_every_kind(in_protobuf: AnyValue, in_json: dict[str, Any], plain: Any) -> None:
    found = [
        only(protobuf_export(KeyValue(key="a", value=in_protobuf)), PROTOBUF),
        only(export(span(attributes=[{"key": "a", "value": in_json}]))),
    ]

    for item in found:
        value = item["span"]["attributes"]["a"]
        assert (value, type(value)) == (plain, type(plain))
        assert "problems" not in item


def test_events_links_and_counts() -> None:
    event = {"name": "gen_ai.choice", "timeUnixNano": "7", "attributes": [attribute("message", stringValue="Hi")]}
    link = {"traceId": TRACE_ID, "spanId": SPAN_ID, "flags": 1}
    body = export(
        span(events=[event], links=[link], droppedAttributesCount=216, droppedEventsCount=0, traceState="a=b")
    )

    found = only(body)["span"]

    assert found["events"] == [{"name": "gen_ai.choice", "timeUnixNano": "7", "attributes": {"message": "Hi"}}]
    assert found["links"] == [{"traceId": TRACE_ID, "spanId": SPAN_ID, "attributes": {}, "flags": 1}]
    assert (found["droppedAttributesCount"], found["traceState"]) == (216, "a=b")
    assert "droppedEventsCount" not in found


def test_names_of_the_proto_files_are_understood() -> None:
    in_snake_case = {
        "resource_spans": [
            {
                "scope_spans": [
                    {
                        "schema_url": "https://example.org/1",
                        "spans": [
                            {
                                "trace_id": TRACE_ID.upper(),
                                "span_id": SPAN_ID,
                                "start_time_unix_nano": STARTED_NANOS,
                                "attributes": [attribute("a", int_value=1), attribute("b", array_value={"values": []})],
                                "dropped_attributes_count": 2,
                            }
                        ],
                    }
                ]
            }
        ]
    }

    item = only(orjson.dumps(in_snake_case))

    assert item["scope"]["schemaUrl"] == "https://example.org/1"
    assert item["span"]["traceId"] == TRACE_ID
    assert item["span"]["startTimeUnixNano"] == str(STARTED_NANOS)
    assert item["span"]["attributes"] == {"a": 1, "b": []}
    assert item["span"]["droppedAttributesCount"] == 2
    assert "problems" not in item


@pytest.mark.parametrize("body", [b"{}", b'{"resourceSpans": []}', b'{"resourceSpans": [{"scopeSpans": null}]}'])
def test_empty_envelopes_have_no_items(body: bytes) -> None:
    assert items(body) == []
    assert items(b"", PROTOBUF) == []


def test_unknown_members_are_ignored() -> None:
    assert only(export(span(brandNew={"x": 1}))) == only(export(span()))


# --- log records ----------------------------------------------------------------------------------------------------


def logs_export(*records: dict[str, Any]) -> bytes:
    return orjson.dumps({"resourceLogs": [{"scopeLogs": [{"scope": {"name": "s"}, "logRecords": list(records)}]}]})


def test_genai_events_are_items() -> None:
    body = {"kvlistValue": {"values": [attribute("content", stringValue="Hello")]}}
    record = {
        "observedTimeUnixNano": "9",
        "traceId": TRACE_ID,
        "spanId": SPAN_ID,
        "severityText": "INFO",
        "body": body,
        "eventName": "gen_ai.user.message",
        "attributes": [attribute("gen_ai.system", stringValue="openai")],
    }

    assert only(logs_export(record), signal=otlp.LOGS)["log"] == {
        "eventName": "gen_ai.user.message",
        "timeUnixNano": "0",
        "observedTimeUnixNano": "9",
        "traceId": TRACE_ID,
        "spanId": SPAN_ID,
        "severityText": "INFO",
        "body": {"content": "Hello"},
        "attributes": {"gen_ai.system": "openai"},
    }


def test_event_name_as_an_attribute() -> None:
    record = {"attributes": [attribute("event.name", stringValue="gen_ai.choice")]}

    assert only(logs_export(record), signal=otlp.LOGS)["log"]["eventName"] == "gen_ai.choice"


def test_other_log_records_are_counted_and_left_out() -> None:
    body = logs_export({"body": {"stringValue": "GET /"}}, {"eventName": "gen_ai.choice"}, {"eventName": "exception"})

    checked = otlp.check_body(body, otlp.content_type_of(JSON, otlp.LOGS), 10, 1000)

    assert len(items(body, signal=otlp.LOGS)) == 1
    assert (checked.accepted, checked.rejected, checked.ignored) == (1, 0, 2)


# --- what is wrong but can be read ----------------------------------------------------------------------------------


def problems_of(body: bytes, encoding: str = JSON) -> str:
    return "\n".join(only(body, encoding)["problems"])


@pytest.mark.parametrize(
    ("value", "plain", "problem"),
    [
        ({"intValue": "many"}, "many", "attributes.a: must be a 64-bit integer, got string 'many', which is kept"),
        ({"intValue": 2**63}, str(2**63), "must be a 64-bit integer"),
        ({"intValue": 1.5}, 1.5, "must be a 64-bit integer"),
        ({"stringValue": 7}, 7, "must be a text, got number 7"),
        ({"stringValue": {"deep": [1]}}, {"deep": [1]}, "must be a text, got object"),
        ({"boolValue": "True"}, "True", "must be true or false"),
        ({"doubleValue": [1]}, [1], "must be a number"),
        ({"bytesValue": "!"}, {"bytesValue": "!"}, "must be base64"),
        ({"arrayValue": {"values": "x"}}, "x", "must be an array"),
        ({"kvlistValue": {"values": {"k": 1}}}, {"k": 1}, "must be an array of {key, value}"),
        ({"futureValue": 1}, {"futureValue": 1}, "no value of a known kind"),
        ("bare", "bare", "must be an object as {stringValue}"),
    ],
)
def test_values_of_wrong_types_are_kept(value: Any, plain: Any, problem: str) -> None:
    body = export(span(attributes=[{"key": "a", "value": value}]))

    assert value_of("a", body) == plain
    assert problem in problems_of(body)


@pytest.mark.parametrize("text", ["1.5", "NaN"])
def test_doubles_as_text(text: str) -> None:
    body = export(span(attributes=[attribute("a", doubleValue=text)]))

    assert str(value_of("a", body)) == text
    assert "problems" not in only(body)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"startTimeUnixNano": "yesterday"}, "span.startTimeUnixNano: 'yesterday' is no number of nanoseconds"),
        ({"startTimeUnixNano": -1}, "span.startTimeUnixNano: -1"),
        ({"kind": "SPAN_KIND_NONSENSE"}, "span.kind"),
        ({"status": "ERROR"}, "span.status: must be an object"),
        ({"events": [1]}, "span.events[0]: must be an object, got number; left out"),
        ({"links": {}}, "span.links: must be an array"),
        ({"parentSpanId": "xyz"}, "span.parentSpanId: 'xyz' is no id of 8 bytes"),
        ({"name": 5}, "span.name: must be a text, got number"),
        ({"attributes": {"a": 1}}, "attributes: must be an array of {key, value}, got an object"),
        ({"attributes": ["a"]}, "attributes[0]: must be {key, value}, got string"),
        ({"droppedAttributesCount": -5}, "span.droppedAttributesCount: -5 is no count"),
    ],
)
def test_members_of_wrong_types_are_problems(changes: dict[str, Any], problem: str) -> None:
    assert problem in problems_of(export(span(**changes)))


def test_names_of_enumerations_are_understood() -> None:
    found = only(export(span(kind="SPAN_KIND_CLIENT", status={"code": "STATUS_CODE_ERROR"})))

    assert (found["span"]["kind"], found["span"]["status"]["code"]) == (3, 2)


def test_zero_and_missing_times_are_zero() -> None:
    found = only(export(span(startTimeUnixNano=0, endTimeUnixNano=None)))

    assert (found["span"]["startTimeUnixNano"], found["span"]["endTimeUnixNano"]) == ("0", "0")
    assert "problems" not in found


@pytest.mark.parametrize("encoding", [JSON, PROTOBUF])
def test_repeated_attribute_the_last_one_counts(encoding: str) -> None:
    if encoding == JSON:
        body = export(span(attributes=[attribute("a", intValue=1), attribute("a", intValue=2)]))
    else:
        body = protobuf_export(*(KeyValue(key="a", value=AnyValue(int_value=n)) for n in (1, 2)))

    assert value_of("a", body, encoding) == 2
    assert problems_of(body, encoding) == "attributes.a: is there more than once; the last one counts"


def test_text_that_is_not_utf8() -> None:
    """Exporters that cut texts at a number of bytes send half a character; protobuf itself would refuse the body."""
    body = protobuf_export(KeyValue(key="a", value=AnyValue(string_value="cut: ü"))).replace("ü".encode(), b"\xc3\x28")

    assert value_of("a", body, PROTOBUF) == "cut: \ufffd("
    assert "attributes.a: is not UTF-8" in problems_of(body, PROTOBUF)


def test_lone_surrogates_in_json() -> None:
    body = export(span(name="NAME", attributes=[attribute("KEY", stringValue="VALUE")]))
    for word in (b"NAME", b"KEY", b"VALUE"):
        body = body.replace(word, b"x\\ud800")

    found = only(body)["span"]

    assert (found["name"], found["attributes"]) == ("x\ufffd", {"x\ufffd": "x\ufffd"})
    assert "U+FFFD" in problems_of(body)


def test_numbers_that_only_python_reads() -> None:
    body = export(span(attributes=[attribute("a", doubleValue=77), attribute("b", intValue=88)]))

    found = only(body.replace(b"77", b"NaN").replace(b"88", b"9" * 5_000))["span"]["attributes"]

    assert found["a"] == "NaN"
    assert found["b"] == "9" * 5_000


def nested_json(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {"stringValue": "innermost"}
    for level in range(depth):
        value = (
            {"arrayValue": {"values": [value]}} if level % 2 else {"kvlistValue": {"values": [attribute("k", **value)]}}
        )
    return value


def delimited(number: int, payload: bytes) -> bytes:
    """A length-delimited field, as protobuf writes it. Its own library refuses to build what is nested deeply."""
    return bytes([number << 3 | 2]) + encoder._VarintBytes(len(payload)) + payload


def nested_protobuf(depth: int) -> bytes:
    """An export with an attribute `a` that is nested `depth` times."""
    value = AnyValue(string_value="innermost").SerializeToString()
    for level in range(depth):
        values = value if level % 2 else delimited(1, b"k") + delimited(2, value)
        value = delimited(5 if level % 2 else 6, delimited(1, values))
    span = ExportTraceServiceRequest.FromString(protobuf_export()).resource_spans[0].scope_spans[0].spans[0]
    attribute = delimited(1, b"a") + delimited(2, value)
    return delimited(1, delimited(2, delimited(2, span.SerializeToString() + delimited(9, attribute))))


@pytest.mark.parametrize("depth", [1, MAX_DEPTH, MAX_DEPTH + 1, 120])
def test_depth_is_bounded(depth: int) -> None:
    bodies = {
        JSON: export(span(attributes=[attribute("a", **nested_json(depth))])),
        PROTOBUF: nested_protobuf(depth),
    }

    found = {encoding: only(body, encoding) for encoding, body in bodies.items()}

    plain = [item["span"]["attributes"]["a"] for item in found.values()]
    if depth <= MAX_DEPTH:
        assert plain[0] == plain[1]
        assert not any("problems" in item for item in found.values())
        return
    for item in found.values():
        assert f"nested more than {MAX_DEPTH} levels deep" in item["problems"][0]
    innermost = [innermost_of(value) for value in plain]
    assert "innermost" in innermost[0]
    assert b"innermost" in base64.b64decode(innermost[1])


def innermost_of(value: Any) -> str:
    while not isinstance(value, str):
        value = next(iter(value.values())) if isinstance(value, dict) else value[0]
    return value


def test_broken_nested_value_is_alone() -> None:
    body = protobuf_export(
        KeyValue(key="a", value=AnyValue(array_value=ArrayValue(values=[AnyValue(string_value="xy")]))),
        KeyValue(key="b", value=AnyValue(string_value="fine")),
    )
    broken = body.replace(b"\x0a\x02xy", b"\x0a\x7fxy")

    found = only(broken, PROTOBUF)

    assert found["span"]["attributes"]["b"] == "fine"
    assert b"xy" in base64.b64decode(found["span"]["attributes"]["a"]["bytesValue"])
    assert found["problems"] == ["attributes.a: cannot be decoded and is kept unread"]


@pytest.mark.parametrize("encoding", [JSON, PROTOBUF])
def test_100_000_attributes_and_an_array_of_100_000(encoding: str) -> None:
    many = 100_000
    if encoding == JSON:
        array = {"values": [{"intValue": n} for n in range(many)]}
        attributes = [attribute("list", arrayValue=array), *(attribute(f"a{n}", intValue=n) for n in range(many))]
        body = export(span(attributes=attributes))
    else:
        numbers = [AnyValue(int_value=n) for n in range(many)]
        array_value = AnyValue(array_value=ArrayValue(values=numbers))
        pairs = (KeyValue(key=f"a{n}", value=number) for n, number in enumerate(numbers))
        body = protobuf_export(KeyValue(key="list", value=array_value), *pairs)

    found = only(body, encoding)["span"]["attributes"]

    assert len(found) == many + 1
    assert found["list"] == list(range(many))


def test_problems_are_bounded() -> None:
    body = export(span(attributes=[attribute(f"a{n}", intValue="x") for n in range(1_000)]))

    problems = only(body)["problems"]

    assert len(problems) == 21
    assert problems[-1] == "and 980 more"


def test_large_resource_is_not_written_with_each_span() -> None:
    large = [attribute("service.name", stringValue="tests"), attribute("blob", stringValue="x" * 1_000_000)]
    body = export(span(), span(spanId="1" * 16), resource={"attributes": large})

    found = items(body)

    assert [item["resource"]["attributes"]["service.name"] for item in found] == ["tests", "tests"]
    assert all(len(orjson.dumps(item)) < MOST_HEAD_BYTES for item in found)
    assert "resource: 1,000," in found[1]["problems"][0]


# --- ids ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trace_id", "span_id"),
    [
        (TRACE_ID.upper(), SPAN_ID.upper()),
        (base64.b64encode(bytes.fromhex(TRACE_ID)).decode(), base64.b64encode(bytes.fromhex(SPAN_ID)).decode()),
    ],
)
def test_ids_in_other_forms(trace_id: str, span_id: str) -> None:
    found = only(export(span(traceId=trace_id, spanId=span_id, parentSpanId=None)))["span"]

    assert (found["traceId"], found["spanId"], found["parentSpanId"]) == (TRACE_ID, SPAN_ID, "")


def test_ids_as_text_in_protobuf() -> None:
    """32 bytes instead of 16: the hex digits were written where bytes belong."""
    body = protobuf_export(trace_id=TRACE_ID.encode(), span_id=SPAN_ID.encode())

    found = only(body, PROTOBUF)

    assert (found["span"]["traceId"], found["span"]["spanId"]) == (TRACE_ID, SPAN_ID)
    assert found["problems"] == ["span: its ids came as text of hex digits, not as bytes"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"traceId": None}, "span.traceId"),
        ({"traceId": "0" * 32}, "span.traceId"),
        ({"traceId": TRACE_ID + TRACE_ID}, "span.traceId"),
        ({"traceId": 5}, "span.traceId"),
        ({"traceId": "zz" * 16}, "span.traceId"),
        ({"spanId": ""}, "span.spanId"),
        ({"spanId": "0" * 16}, "span.spanId"),
        ({"spanId": SPAN_ID[:-1]}, "span.spanId"),
    ],
)
def test_spans_without_valid_ids_are_rejected(changes: dict[str, Any], field: str) -> None:
    bad, good = otlp.split_body(export(span(**changes), span()), otlp.content_type_of(JSON, otlp.TRACES))

    assert (bad.error.type, bad.error.field) == ("invalid_id", field)
    assert good.error is None
    # What is kept of it can be tried again, once it is mended.
    [again] = otlp.split_body(bad.raw, JSON)
    with pytest.raises(WireFormatError, match=field):
        otlp.check_log(again.raw)
    mended = orjson.loads(again.raw)
    mended["span"] |= {"traceId": TRACE_ID, "spanId": SPAN_ID}
    [again] = otlp.split_body(orjson.dumps(mended), JSON)
    assert otlp.check_log(again.raw) == ""


@pytest.mark.parametrize("raw_id", [b"", bytes(16), b"x" * 32, bytes(range(32)), b"x" * 15])
def test_ids_of_other_lengths_in_protobuf_are_rejected(raw_id: bytes) -> None:
    [item] = otlp.split_body(protobuf_export(trace_id=raw_id), PROTOBUF)

    assert item.error.field == "span.traceId"
    assert orjson.loads(item.raw)["span"]["name"] == "chat gpt-4o"


# --- bodies that cannot be read -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"\x00\x01garbage", PROTOBUF),
        (protobuf_export()[:-3], PROTOBUF),
        (b'{"resourceSpans": ', PROTOBUF),
        (b"", JSON),
        (b"[]", JSON),
        (b"null", JSON),
        (b'{"resourceSpans": {}}', JSON),
        (b'{"resourceSpans": [1]}', JSON),
        (b'{"resourceSpans": [{"scopeSpans": "x"}]}', JSON),
        (export(span())[:-1], JSON),
        (protobuf_export(), JSON),
    ],
)
def test_bodies_that_cannot_be_decoded(body: bytes, encoding: str) -> None:
    with pytest.raises(WireFormatError) as caught:
        otlp.check_body(body, otlp.content_type_of(encoding, otlp.TRACES), 10, 1000)

    assert caught.value.status == 400


@pytest.mark.parametrize("record", [1, "x", None, [], [[]]])
def test_span_that_is_no_object_is_rejected_alone(record: Any) -> None:
    bad, good = otlp.split_body(export(record, span()), otlp.content_type_of(JSON, otlp.TRACES))

    assert "must be an object" in bad.error.message
    assert b"bytesValue" in bad.raw
    assert good.error is None


def test_broken_span_is_rejected_alone() -> None:
    request = ExportTraceServiceRequest.FromString(protobuf_export())
    request.resource_spans[0].scope_spans[0].spans.add(name="BROKEN!")
    body = request.SerializeToString().replace(b"\x07BROKEN!", b"\x7fBROKEN!")

    checked = otlp.check_body(body, otlp.content_type_of(PROTOBUF, otlp.TRACES), 10, 1000)

    assert (checked.accepted, checked.rejected) == (1, 1)
    assert checked.reason == "the span cannot be decoded as protobuf"


def test_export_of_logs_is_none_of_traces() -> None:
    path = next(path for path in captures() if signal_of(path) == otlp.LOGS)

    checked = otlp.check_body(path.read_bytes(), otlp.content_type_of(PROTOBUF, otlp.TRACES), 1000, 100_000)

    assert checked.accepted == 0
    assert checked.rejected > 0


def test_bounds_on_spans_and_their_bytes() -> None:
    content_type = otlp.content_type_of(JSON, otlp.TRACES)
    with pytest.raises(WireFormatError, match="more than 2 spans") as caught:
        otlp.check_body(export(span(), span(), span()), content_type, 2, 1000)
    assert caught.value.status == 413

    checked = otlp.check_body(export(span(), span(name="x" * 1000)), content_type, 2, 1000)

    assert (checked.accepted, checked.rejected) == (1, 1)
    assert "at most 1,000 bytes" in checked.reason


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["key", "value", "values", "x"]), inner)
    ),
    max_leaves=8,
)
MEMBERS = st.dictionaries(
    st.sampled_from([*span(), "events", "links", "flags", "traceState", "droppedLinksCount"]), ANYTHING, max_size=6
)


@given(MEMBERS, st.lists(st.dictionaries(st.sampled_from(["key", "value"]), ANYTHING), max_size=3))
def test_whatever_a_span_holds_it_is_read_or_rejected(members: dict[str, Any], attributes: list[Any]) -> None:
    changed = span(attributes=attributes) | members
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [changed]}]}]}).encode()

    [item] = otlp.split_body(body, otlp.content_type_of(JSON, otlp.TRACES))

    assert orjson.loads(item.raw)["span"]
    if item.error is None:
        record = otlp.read_log(item.raw, RECEIVED, "generated")
        assert loads(record.document.joined()) == orjson.loads(item.raw)


@given(st.binary(max_size=200), st.integers(0, 300))
def test_whatever_is_in_protobuf_it_is_read_or_refused(noise: bytes, at: int) -> None:
    good = captures()[0].read_bytes()
    body = good[:at] + noise + good[at + len(noise) :]
    found = []
    with contextlib.suppress(WireFormatError):
        found = otlp.split_body(body, PROTOBUF)
    for item in found:
        assert orjson.loads(item.raw)["span"] is not None


@given(st.binary(max_size=4), st.integers(0, 2_000))
def test_envelopes_are_walked_as_protobuf_does(noise: bytes, at: int) -> None:
    good = captures()[0].read_bytes()
    body = good[:at] + noise + good[at + len(noise) :]
    try:
        request = ExportTraceServiceRequest.FromString(body)
    except DecodeError:
        return

    found = otlp.split_body(body, PROTOBUF)

    spans = [each for resource in request.resource_spans for scope in resource.scope_spans for each in scope.spans]
    assert len(found) == len(spans)
    assert [orjson.loads(item.raw)["span"]["name"] for item in found] == [each.name for each in spans]


def test_resource_in_two_pieces_is_one() -> None:
    """Protobuf merges a message that is there twice."""
    one, two = (KeyValue(key=name, value=AnyValue(int_value=1)).SerializeToString() for name in "ab")
    resources = b"".join(delimited(1, delimited(1, attribute)) for attribute in (one, two))
    span = ExportTraceServiceRequest.FromString(protobuf_export()).resource_spans[0].scope_spans[0].spans[0]

    item = only(delimited(1, resources + delimited(2, delimited(2, span.SerializeToString()))), PROTOBUF)

    assert item["resource"]["attributes"] == {"a": 1, "b": 1}


def test_items_are_read_as_records() -> None:
    [item] = otlp.split_body(export(span()), JSON)

    record = otlp.read_log(item.raw, RECEIVED, "generated")

    assert (record.source, record.trace_id) == ("otlp", TRACE_ID)
    assert loads(record.document.joined()) == orjson.loads(item.raw)
    assert otlp.documents_of(record.document.joined()).log == record.document.joined()
