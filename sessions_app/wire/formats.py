"""The wire formats, by the names of their sources. To add one, write a module with what `WireFormat` lists, and name it
in `FORMATS`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from sessions_app.content.array_memory import ArrayMemory
from sessions_app.content.json_bytes import JsonBytes
from sessions_app.records import Documents, Record, WireFormatError
from sessions_app.wire import litellm, native, otlp


class WireItem(Protocol):
    """One log of a body: its exact JSON bytes, and why it cannot be stored, if it cannot."""

    @property
    def raw(self) -> JsonBytes: ...

    @property
    def error(self) -> WireFormatError | None: ...


class WireFormat(Protocol):
    """What a module must have to be a wire format: bytes in, records out; no database, no Django."""

    def split_body(self, body: bytes, content_type: str) -> Sequence[WireItem]:
        """The logs of a body. Raises WireFormatError (status 400) when the body as a whole cannot be read."""

    def check_log(self, raw: JsonBytes) -> str:
        """Check a log as `read_log` does, but faster; returns its request id, "" when it has none.

        Raises WireFormatError.
        """

    def read_log(
        self, raw: JsonBytes, received_at: datetime, generated_id: str, memory: ArrayMemory | None = None
    ) -> Record:
        """Translate a log. `generated_id` is its request id when it has none. Raises WireFormatError.

        `memory` keeps what earlier logs of a conversation brought, which is then not read again.
        """

    def documents_of(self, log: bytes) -> Documents:
        """What a stored log holds, for reading."""

    def merged(self, first: bytes, later: bytes) -> bytes:
        """The first of two copies of a log with what it lacks from the later one.

        Raises Contradiction when they say different things.
        """

    def is_part(self, log: bytes) -> bool:
        """Whether a log is only a part of a call, which joins the rest of it when that comes."""


FORMATS: Mapping[str, WireFormat] = {
    "native": native,
    "litellm": litellm,
    "otlp": otlp,
}


def format_of(source: str) -> WireFormat:
    """The wire format of a source. Raises KeyError for an unknown one."""
    return FORMATS[source]


def documents_of(source: str, log: bytes) -> Documents:
    """What a stored log holds, for reading."""
    return FORMATS[source].documents_of(log)


def read_copy(source: str, log: bytes, received_at: datetime, dedupe_key: str) -> Record:
    """Translate another copy of a log that is stored already. It keeps the key by which the two are one, whatever it
    says itself. Raises WireFormatError.
    """
    return replace(FORMATS[source].read_log(log, received_at, dedupe_key), dedupe_key=dedupe_key)
