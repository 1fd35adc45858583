"""OpenTelemetry's own exporter for Python, unmodified and set up by its environment variables, against the server."""

from __future__ import annotations

import base64
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import psutil
import pytest
from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import InboxEntry, InboxUsage, Project, RequestLog
from sessions_app.storage import inbox
from sessions_app.wire import otlp

pytestmark = pytest.mark.processes

FULL_BYTES = 2**40


@pytest.fixture(autouse=True)
def environment(
    worker: psutil.Process, listening: socket.socket, transactional_db: None, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that an instrumented application sets."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://{}:{}".format(*listening.getsockname()))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", f"Authorization={quote(f'Bearer {key}')}")


@pytest.fixture
def provider() -> Iterator[Callable[[SpanExporter], TracerProvider]]:
    made: list[TracerProvider] = []

    def make(exporter: SpanExporter) -> TracerProvider:
        made.append(TracerProvider(resource=Resource({"service.name": "tests"}), shutdown_on_exit=False))
        made[0].add_span_processor(BatchSpanProcessor(exporter))
        return made[0]

    yield make
    for each in made:
        each.shutdown()


def record_calls(provider: TracerProvider, number: int = 3) -> None:
    """A turn with calls of a model, as an instrumentation records it."""
    tracer = provider.get_tracer("tests", "1.0")
    with tracer.start_as_current_span("turn", attributes={"session.id": "exported-session"}):
        for turn in range(number):
            attributes = {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.model": "gpt-4o",
                "gen_ai.usage.input_tokens": 10 + turn,
                "gen_ai.response.finish_reasons": ("stop",),
            }
            with tracer.start_as_current_span("chat gpt-4o", attributes=attributes):
                pass


def stored_bodies() -> list[bytes]:
    return [inbox.unpack(body) for body in InboxEntry.objects.values_list("body", flat=True)]


@pytest.mark.parametrize("compression", ["none", "gzip", "deflate"])
def test_spans(
    provider: Callable[[SpanExporter], TracerProvider], compression: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", compression)
    exporter = OTLPSpanExporter()
    made = provider(exporter)
    record_calls(made)

    assert made.force_flush()

    [body] = stored_bodies()
    assert len(otlp.split_body(body, InboxEntry.objects.get().content_type)) == 4
    stats = digest_until_empty()
    # The span around the calls is no request.
    assert (stats.new, stats.others, stats.rejected) == (3, 1, 0)
    assert set(RequestLog.objects.values_list("source", flat=True)) == {"otlp"}


def test_several_batches_through_one_connection(provider: Callable[[SpanExporter], TracerProvider]) -> None:
    made = provider(OTLPSpanExporter())
    for _ in range(3):
        record_calls(made, 1)
        assert made.force_flush()

    assert digest_until_empty().new == 3


def test_langfuse_address_with_basic_authentication(
    provider: Callable[[SpanExporter], TracerProvider], listening: socket.socket, key: str
) -> None:
    host, port = listening.getsockname()
    basic = base64.b64encode(f"pk-lf-1:{key}".encode()).decode()
    exporter = OTLPSpanExporter(
        endpoint=f"http://{host}:{port}/api/public/otel/v1/traces",
        headers={"Authorization": f"Basic {basic}"},
        compression=Compression.Gzip,
    )
    made = provider(exporter)
    record_calls(made)
    made.force_flush()

    assert digest_until_empty().new == 3


def test_wrong_key_is_reported_and_not_tried_again(
    provider: Callable[[SpanExporter], TracerProvider], monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Bearer%20wrong")
    made = provider(OTLPSpanExporter())
    record_calls(made)

    with caplog.at_level(logging.WARNING):
        made.force_flush()

    assert "401" in caplog.text
    assert not InboxEntry.objects.exists()


def test_full_inbox_is_waited_for(provider: Callable[[SpanExporter], TracerProvider], project: Project) -> None:
    """The exporter honours Retry-After, and nothing is lost."""
    filler = InboxUsage.objects.create(project_id=project.id, slot=99, bytes_in=FULL_BYTES)
    made = provider(OTLPSpanExporter())
    # The server looks once a second how full the inbox is.
    time.sleep(1.1)
    record_calls(made)
    flushing = threading.Thread(target=made.force_flush)
    flushing.start()
    time.sleep(2)
    assert not stored_bodies()
    filler.delete()
    flushing.join(timeout=30)

    assert digest_until_empty().new == 3


def test_events_of_the_conventions() -> None:
    provider = LoggerProvider(resource=Resource({"service.name": "tests"}), shutdown_on_exit=False)
    provider.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
    logger = provider.get_logger("tests")
    for name in ("gen_ai.user.message", "something.else"):
        logger.emit(LogRecord(event_name=name, body={"content": "Hello"}, trace_id=1, span_id=2))
    assert provider.force_flush()
    provider.shutdown()

    [body] = stored_bodies()
    [item] = otlp.split_body(body, InboxEntry.objects.get().content_type)
    assert b'"body":{"content":"Hello"}' in item.raw


def test_metrics_are_taken_without_an_error(caplog: Any) -> None:
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(), export_interval_millis=60_000)
    provider = MeterProvider(metric_readers=[reader], shutdown_on_exit=False)
    provider.get_meter("tests").create_counter("calls").add(1)

    with caplog.at_level(logging.WARNING):
        assert provider.force_flush()
        provider.shutdown()

    assert not caplog.records
    assert not InboxEntry.objects.exists()
