"""POST /v1/traces, /v1/logs, /v1/metrics: OTLP/HTTP as its specification has it, success and failure."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
import zstandard
from django.db import OperationalError
from django.test import Client
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import InboxEntry, Project, RejectedLog, RequestLog
from sessions_app.storage import inbox
from tests.api.conftest import key_for
from tests.wire.otlp_exports import (
    JSON,
    PROTOBUF,
    SPAN_ID,
    TRACE_ID,
    attribute,
    capture_id,
    captures,
    export,
    protobuf_export,
    signal_of,
    span,
)

Post = Callable[..., Any]
ONE_SPAN = protobuf_export(KeyValue(key="gen_ai.operation.name", value=AnyValue(string_value="chat")))


@pytest.fixture
def send(client: Client) -> Post:
    def post(body: bytes, path: str = "/v1/traces", encoding: str = PROTOBUF, **headers: str) -> Any:
        # Django's client leaves the content type of an empty body out.
        return client.post(path, body, content_type=encoding, headers=headers, CONTENT_TYPE=encoding)

    return post


def status_of(response: Any) -> Status:
    """The answer as a google.rpc.Status, whichever encoding it is in."""
    if response.headers["Content-Type"] == PROTOBUF:
        return Status.FromString(response.content)
    answer = response.json()
    assert set(answer) == {"code", "message"}
    return Status(**answer)


# --- success --------------------------------------------------------------------------------------------------------


def test_protobuf_is_answered_in_protobuf(send: Post) -> None:
    response = send(ONE_SPAN)

    assert (response.status_code, response.headers["Content-Type"]) == (200, PROTOBUF)
    assert response.content == b""


def test_json_is_answered_in_json(send: Post) -> None:
    response = send(export(span()), encoding=JSON)

    assert (response.status_code, response.headers["Content-Type"]) == (200, JSON)
    assert response.json() == {}


def test_body_is_stored_as_it_came_before_the_answer(send: Post, project: Project) -> None:
    send(ONE_SPAN)

    entry = InboxEntry.objects.get()
    assert inbox.unpack(entry.body) == ONE_SPAN
    assert (entry.project_id, entry.source, entry.log_count) == (project.id, "otlp", 1)


@pytest.mark.parametrize("content_type", [f"{PROTOBUF}; charset=utf-8", "Application/X-Protobuf", f"{PROTOBUF};x=y"])
def test_content_type_with_parameters_in_any_case(send: Post, content_type: str) -> None:
    response = send(ONE_SPAN, encoding=content_type)

    assert (response.status_code, response.headers["Content-Type"]) == (200, PROTOBUF)
    assert digest_until_empty().new == 1


@pytest.mark.parametrize(
    ("encoding", "compress"),
    [
        ("gzip", gzip.compress),
        ("zstd", zstandard.ZstdCompressor().compress),
        ("deflate", zlib.compress),
        ("zlib", zlib.compress),
        ("identity", bytes),
    ],
)
def test_compressed_bodies(send: Post, encoding: str, compress: Callable[[bytes], bytes]) -> None:
    response = send(compress(ONE_SPAN), **{"content-encoding": encoding})

    assert response.status_code == 200
    assert inbox.unpack(InboxEntry.objects.get().body) == ONE_SPAN


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(b"", PROTOBUF), (ExportTraceServiceRequest(resource_spans=[{}]).SerializeToString(), PROTOBUF), (b"{}", JSON)],
)
def test_empty_exports_are_fine(send: Post, body: bytes, encoding: str) -> None:
    response = send(body, encoding=encoding)

    assert response.status_code == 200
    assert response.content in (b"", b"{}")
    assert not InboxEntry.objects.exists()


@pytest.mark.parametrize("path", captures(), ids=capture_id)
def test_captures_are_accepted_and_digested(send: Post, path: Path) -> None:
    address = f"/v1/{signal_of(path)}"

    for body, encoding in ((path.read_bytes(), PROTOBUF), (path.with_suffix(".json").read_bytes(), JSON)):
        response = send(body, address, encoding)
        assert response.status_code == 200, response.content
        assert response.content in (b"", b"{}")

    digest_until_empty()
    assert not RejectedLog.objects.exists()
    assert not InboxEntry.objects.exists()


# --- partial success ------------------------------------------------------------------------------------------------


def test_rejected_spans_in_json(send: Post) -> None:
    response = send(export(span(), span(spanId="0" * 16), span(traceId="x")), encoding=JSON)

    assert response.status_code == 200
    partial = response.json()["partialSuccess"]
    assert partial["rejectedSpans"] == "2"
    assert partial["errorMessage"].startswith("2 of 3 spans cannot be stored; the first: span.spanId must be")


def test_rejected_spans_in_protobuf(send: Post) -> None:
    request = ExportTraceServiceRequest.FromString(ONE_SPAN)
    request.resource_spans[0].scope_spans[0].spans.add(name="without ids")

    response = send(request.SerializeToString())

    partial = ExportTraceServiceResponse.FromString(response.content).partial_success
    assert partial.rejected_spans == 1
    assert "span.traceId must be an id of 16 bytes that are not all zero, got nothing" in partial.error_message


def test_rejected_spans_are_kept_with_their_reason(send: Post) -> None:
    send(export(span(), span(spanId="0" * 16, name="without an id")), encoding=JSON)

    stats = digest_until_empty()

    assert (stats.new, stats.rejected) == (1, 1)
    rejected = RejectedLog.objects.get()
    assert (rejected.source, rejected.reason_type, rejected.field) == ("otlp", "invalid_id", "span.spanId")
    assert json.loads(inbox.unpack(rejected.body))["span"]["name"] == "without an id"


def test_log_records_that_are_no_genai_events(send: Post) -> None:
    records = [
        {"body": {"stringValue": "GET /"}},
        {"eventName": "gen_ai.choice", "traceId": TRACE_ID, "spanId": SPAN_ID},
    ]
    body = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}).encode()

    response = send(body, "/v1/logs", JSON)

    assert response.status_code == 200
    message = response.json()["partialSuccess"]["errorMessage"]
    assert message == "1 log records are no events of an agent or of a session, and are not stored."
    assert "rejectedLogRecords" not in response.json()["partialSuccess"]
    assert InboxEntry.objects.get().log_count == 1


def test_logs_in_protobuf(send: Post) -> None:
    path = next(path for path in captures() if signal_of(path) == "logs")

    response = send(path.read_bytes(), "/v1/logs")

    assert response.status_code == 200
    assert ExportLogsServiceResponse.FromString(response.content) == ExportLogsServiceResponse()
    assert digest_until_empty().rejected == 0


@pytest.mark.parametrize("encoding", [PROTOBUF, JSON])
def test_metrics_are_accepted_and_not_stored(send: Post, encoding: str) -> None:
    response = send(b"{}" if encoding == JSON else b"", "/v1/metrics", encoding)

    assert (response.status_code, response.headers["Content-Type"]) == (200, encoding)
    if encoding == JSON:
        assert "not stored" in response.json()["partialSuccess"]["errorMessage"]
    else:
        partial = ExportMetricsServiceResponse.FromString(response.content).partial_success
        assert partial.rejected_data_points == 0
        assert "not stored" in partial.error_message
    assert not InboxEntry.objects.exists()


# --- failure --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/v1/traces", "/v1/logs"])
@pytest.mark.parametrize(
    ("body", "encoding"),
    [(b"\x00garbage", PROTOBUF), (ONE_SPAN[:-2], PROTOBUF), (b"", JSON), (b"{", JSON), (b'{"a": "\xff"}', JSON)],
)
def test_undecodable_bodies_are_400(send: Post, path: str, body: bytes, encoding: str) -> None:
    response = send(body, path, encoding)

    assert (response.status_code, response.headers["Content-Type"]) == (400, encoding)
    assert status_of(response).code == 3
    assert status_of(response).message
    assert not InboxEntry.objects.exists()


def test_nothing_that_can_be_stored_is_400(send: Post) -> None:
    """As when logs are sent to the address of traces."""
    logs = next(path for path in captures() if signal_of(path) == "logs")

    response = send(logs.read_bytes())

    assert response.status_code == 400
    assert "None of the spans can be stored" in status_of(response).message
    assert "Is this an export of traces?" in status_of(response).message


@pytest.mark.parametrize(
    ("path", "body", "hint"),
    [
        ("/v1/traces", {"request": {"messages": []}}, "the body has no resourceSpans: logs in other formats"),
        ("/v1/logs", {"resourceSpans": []}, "the body has no resourceLogs: post it to /v1/traces"),
        ("/v1/traces", {"resource_logs": [{}]}, "the body has no resourceSpans: post it to /v1/logs"),
    ],
)
def test_json_of_which_nothing_would_be_read_is_400(send: Post, path: str, body: dict[str, Any], hint: str) -> None:
    response = send(json.dumps(body).encode(), path, JSON)

    assert response.status_code == 400
    assert hint in status_of(response).message
    null = {"resource_spans" if path == "/v1/traces" else "resource_logs": None, "unknown": 1}
    assert send(json.dumps(null).encode(), path, JSON).status_code == 200


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-ndjson", "application/protobuf", ""])
def test_other_content_types_are_415(send: Post, content_type: str) -> None:
    response = send(ONE_SPAN, encoding=content_type)

    assert response.status_code == 415
    assert "application/x-protobuf or application/json" in status_of(response).message


def test_unknown_content_encoding_is_415(send: Post) -> None:
    response = send(ONE_SPAN, **{"content-encoding": "br"})

    assert response.status_code == 415
    assert "'br'" in status_of(response).message


def test_broken_gzip_is_400(send: Post) -> None:
    assert send(b"no gzip", **{"content-encoding": "gzip"}).status_code == 400


def test_too_large_as_sent_or_unpacked_is_413(send: Post, settings: Any) -> None:
    settings.LOGSUI_MAX_BODY_BYTES = 1_000
    bomb = gzip.compress(bytes(100_000))

    assert send(bytes(1_001)).status_code == 413
    response = send(bomb, **{"content-encoding": "gzip"})

    assert response.status_code == 413
    assert "larger than 1,000 bytes" in status_of(response).message


def test_too_many_spans_is_413(send: Post, settings: Any) -> None:
    settings.LOGSUI_MAX_LOGS_PER_REQUEST = 2

    response = send(export(span(), span(), span()), encoding=JSON)

    assert response.status_code == 413
    assert "more than 2 spans" in status_of(response).message
    assert not InboxEntry.objects.exists()


def test_a_single_span_that_is_too_large_is_rejected(send: Post, settings: Any) -> None:
    settings.LOGSUI_MAX_LOG_BYTES = 1_500

    response = send(export(span(), span(spanId="1" * 16, name="x" * 2_000)), encoding=JSON)

    assert response.json()["partialSuccess"]["rejectedSpans"] == "1"
    assert digest_until_empty().new == 1
    assert RejectedLog.objects.get().reason_type == "log_too_large"


def test_full_inbox_is_503_to_be_sent_again(send: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(project_id: int) -> None:
        raise inbox.InboxFull

    monkeypatch.setattr(inbox, "_refuse_when_full", full)

    response = send(ONE_SPAN)

    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert status_of(response).code == 14


@pytest.mark.parametrize("kind", [OperationalError, psycopg.OperationalError])
def test_database_away_is_503_to_be_sent_again(
    send: Post, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    def away(project_id: int) -> None:
        raise kind("the connection is lost")

    monkeypatch.setattr(inbox, "_refuse_when_full", away)

    response = send(ONE_SPAN)

    assert (response.status_code, response.headers["Retry-After"]) == (503, "2")
    assert "connection is lost" not in status_of(response).message


def test_fault_of_ours_is_500_without_details(send: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "_refuse_when_full", lambda: 1 / 0)

    response = send(ONE_SPAN)

    assert (response.status_code, status_of(response).code) == (500, 13)
    assert "division" not in status_of(response).message


def test_other_methods_are_405(client: Client) -> None:
    response = client.get("/v1/traces")

    assert response.status_code == 405
    assert "POST" in response.headers["Allow"]
    assert status_of(response).message


def test_unknown_signals_are_404_in_json(send: Post) -> None:
    response = send(ONE_SPAN, "/v1/profiles")

    assert response.status_code == 404
    assert response.json()["error"]["type"] == "not_found"


# --- who may --------------------------------------------------------------------------------------------------------


def post_as(path: str = "/v1/traces", encoding: str = PROTOBUF, **headers: str) -> Any:
    body = ONE_SPAN if encoding == PROTOBUF else export(span())
    return Client().post(path, body, content_type=encoding, headers=headers)


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize("form", ["Bearer {}", "bearer {}", "Bearer%20{}"])
def test_bearer_also_as_otel_exporter_otlp_headers_encodes_it(key: str, form: str) -> None:
    assert post_as(authorization=form.format(key)).status_code == 200


def test_x_api_key(key: str) -> None:
    assert post_as(**{"x-api-key": key}).status_code == 200


@pytest.mark.parametrize("path", ["/v1/traces", "/api/public/otel/v1/traces"])
def test_basic_authentication_with_the_key_as_password(key: str, path: str) -> None:
    assert post_as(path, authorization=basic("pk-lf-anything", key)).status_code == 200


@pytest.mark.parametrize("encoding", [PROTOBUF, JSON])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": basic("pk", "wrong")},
        {"authorization": basic("pk", "")},
        {"authorization": "Basic !!!"},
        {"authorization": "Basic"},
    ],
)
def test_without_a_valid_key_401(db: None, headers: dict[str, str], encoding: str) -> None:
    response = post_as(encoding=encoding, **headers)

    assert (response.status_code, response.headers["Content-Type"]) == (401, encoding)
    assert status_of(response).code == 16
    assert "WWW-Authenticate" in response.headers


def test_key_without_the_scope_403(project: Project) -> None:
    response = post_as(authorization=f"Bearer {key_for(project, 'read')}")

    assert (response.status_code, status_of(response).code) == (403, 7)


def test_spans_go_to_the_project_of_the_key(key: str, project: Project) -> None:
    other = Project.objects.create(slug="other")
    post_as(authorization=f"Bearer {key_for(other)}")

    digest_until_empty()

    assert set(RequestLog.objects.values_list("project_id", flat=True)) == {other.id}


# --- the same twice -------------------------------------------------------------------------------------------------


def test_export_sent_twice_is_stored_once(send: Post) -> None:
    body = export(span(attributes=[attribute("gen_ai.operation.name", stringValue="chat")]))
    for _ in range(2):
        send(body, encoding=JSON)

    stats = digest_until_empty()

    assert (stats.new, stats.duplicates, stats.rejected) == (1, 1, 0)
