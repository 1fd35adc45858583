"""What all wire formats have in common: records are complete and cannot be changed."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import UTC, datetime

import pytest

from sessions_app.wire import format_of, read_copy
from sessions_app.wire.formats import FORMATS

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
SPAN = (
    b'{"resource":null,"scope":null,"span":{"traceId":"%s","spanId":"%s","attributes":{"gen_ai.operation.name":"%s"}}}'
)
LOGS = {
    "native": b'{"request_id":"r","request":{"messages":[{"role":"user","content":"Hi"}]}}',
    "litellm": b'{"id":"r","status":"success","messages":[{"role":"user","content":"Hi"}]}',
    "otlp": SPAN % (b"ab" * 16, b"cd" * 8, b"chat"),
}
KEYS = {"native": "r", "litellm": "litellm\x1fr\x1f\x1fsuccess\x1fNone", "otlp": f"otlp\x1f{'ab' * 16}\x1f{'cd' * 8}"}


def test_there_is_a_log_of_each_format() -> None:
    assert FORMATS.keys() == LOGS.keys() == KEYS.keys()


@pytest.mark.parametrize("source", FORMATS)
def test_a_record_is_finished_when_it_is_read(source: str) -> None:
    record = format_of(source).read_log(LOGS[source], NOW, "generated")
    assert (record.source, record.dedupe_key, record.byte_size) == (source, KEYS[source], len(LOGS[source]))
    with pytest.raises(FrozenInstanceError):
        record.step = True  # type: ignore[misc]


@pytest.mark.parametrize("source", FORMATS)
def test_what_a_body_is_split_into_can_be_read(source: str) -> None:
    (item,) = format_of(source).split_body(LOGS[source], "application/json")
    assert item.error is None
    assert format_of(source).check_log(item.raw) in (format_of(source).read_log(item.raw, NOW, "g").request_id, "")


@pytest.mark.parametrize("source", FORMATS)
def test_another_copy_of_a_log_keeps_the_key_of_the_first(source: str) -> None:
    assert read_copy(source, LOGS[source], NOW, "the first one's").dedupe_key == "the first one's"


@pytest.mark.parametrize("source", FORMATS)
def test_a_copy_that_says_the_same_adds_nothing(source: str) -> None:
    wire = format_of(source)
    log = wire.read_log(LOGS[source], NOW, "generated").document.joined()
    again = wire.read_log(wire.merged(log, LOGS[source]), NOW, "generated")
    assert again.document.joined() == log
    assert not wire.is_part(log)


@pytest.mark.parametrize(("operation", "step"), [(b"chat", False), (b"embeddings", False), (b"execute_tool", True)])
def test_spans_that_are_no_calls_of_a_model_are_steps(operation: bytes, step: bool) -> None:
    log = SPAN % (b"ab" * 16, b"cd" * 8, operation)
    assert format_of("otlp").read_log(log, NOW, "generated").step is step


def test_an_unknown_source_has_no_format() -> None:
    with pytest.raises(KeyError):
        format_of("unknown")
