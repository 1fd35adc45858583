"""The captured payloads, for the tests of reading them and of storing them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sessions_app.records import Record
from sessions_app.wire import litellm

FOLDER = Path(__file__).parent.parent / "payloads" / "litellm"
RECEIVED = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
EXPECTED: dict[str, Any] = json.loads((FOLDER / "expected.json").read_text())
FILES = sorted(EXPECTED)
LEGACY = "payload-v1-legacy--basic-mix.json"


def body_of(file: str) -> bytes:
    return (FOLDER / file).read_bytes()


def payloads_of(file: str) -> list[dict[str, Any]]:
    return json.loads(body_of(file))


@cache
def records_of(file: str) -> list[Record]:
    """A file's payloads as records, in the order of posting."""
    return [litellm.read_log(item.raw, RECEIVED, "generated") for item in litellm.split_body(body_of(file), "")]


def read(payload: dict[str, Any]) -> Record:
    """A payload written as JSON and read."""
    return litellm.read_log(json.dumps(payload).encode(), RECEIVED, "generated")


def a_payload(**changes: Any) -> dict[str, Any]:
    """A plain chat completion as LiteLLM 1.106.2 logs it, with top-level members replaced."""
    return payloads_of("openai-sdk-body-litellm_session_id.json")[0] | changes


def with_metadata(metadata: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The same with members of its metadata replaced."""
    payload = a_payload(**changes)
    return payload | {"metadata": payload["metadata"] | metadata}


def join(record: Record) -> bytes:
    """The log entry again, from the parts of a record."""
    from sessions_app.content import documents

    document = record.document
    lists = ([bytes(raw) for raw in parts.contents] for parts in (document.input, document.output, document.context))
    return documents.join(document.skeleton, *lists)
