"""OpenTelemetry's OTLP: exports of traces and logs, in protobuf or JSON. Followed: opentelemetry-proto 1.10.

A body is kept as it came and split when it is digested, into an item for each span and each log record of a GenAI
event. An item is compact JSON, the same for both encodings:

    {"resource": {"attributes": {...}}, "scope": {"name", "version"}, "span": {...}, "problems"?: [...]}

with OTLP/JSON's member names, but attributes (and the body of a log record, then under `log`) as plain JSON. Bytes are
`{"bytesValue": base64}`; NaN and infinities are the texts that protobuf's JSON mapping has for them. `problems` says
what could not be read as it was meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from types import ModuleType
from typing import Any

from sessions_app.content.array_memory import ArrayMemory
from sessions_app.content.json_bytes import DocumentError, JsonBytes, loads, object_fields
from sessions_app.records import Record, WireFormatError
from sessions_app.wire import otlp_json, otlp_protobuf
from sessions_app.wire.genai import documents_of, is_part, joined, merged, record_of
from sessions_app.wire.otlp_values import Group, Plain, Problems, error_of_ids, write_item

__all__ = [
    "Checked",
    "Item",
    "check_body",
    "check_log",
    "content_type_of",
    "documents_of",
    "is_part",
    "merged",
    "read_log",
    "split_body",
]

PROTOBUF, JSON = "application/x-protobuf", "application/json"
TRACES, LOGS = "traces", "logs"
# The events of the GenAI conventions, of all versions: gen_ai.user.message, gen_ai.choice, ...
EVENT_PREFIX = "gen_ai."
_READERS: dict[str, ModuleType] = {PROTOBUF: otlp_protobuf, JSON: otlp_json}


def content_type_of(encoding: str, signal: str) -> str:
    """How a stored body says what it is: the bytes of a traces and of a logs export look alike."""
    return f"{encoding};signal={signal}"


def is_text(content_type: str) -> bool:
    return not content_type.startswith(PROTOBUF)


class Item:
    """A span or log record of a body. It is only read when somebody asks for it: a long body is digested in slices."""

    __slots__ = ("_error", "_group", "_is_checked", "_opened", "_raw", "_reader", "_record", "signal")

    def __init__(self, reader: ModuleType, signal: str, group: Group, record: JsonBytes | memoryview) -> None:
        self.signal = signal
        self._reader, self._group, self._record = reader, group, record
        self._opened: Any = None
        self._is_checked = False
        self._error: WireFormatError | None = None
        self._raw: bytes | None = None

    @property
    def error(self) -> WireFormatError | None:
        """Why the record cannot be stored."""
        if not self._is_checked:
            self._is_checked = True
            try:
                opened = self._open()
            except WireFormatError as error:
                self._error = error
            else:
                self._error = None if self.signal == LOGS else error_of_ids(*self._reader.ids(opened))
        return self._error

    def _open(self) -> Any:
        """The decoded record. Raises WireFormatError."""
        if self._opened is None:
            self._opened = (self._reader.open_log if self.signal == LOGS else self._reader.open_span)(self._record)
        return self._opened

    @property
    def received_bytes(self) -> int:
        """How long the record is as it came."""
        return len(self._record)

    @property
    def is_wanted(self) -> bool:
        """All spans are, of the log records GenAI events, and those that cannot be read."""
        if self.signal == TRACES or self.error is not None:
            return True
        return self._reader.event_name(self._open()).startswith(EVENT_PREFIX)

    @property
    def raw(self) -> bytes:
        """The item's JSON."""
        if self._raw is None:
            self._raw = self._written()
            # It takes more room than what it was read from.
            self._opened = None
        return self._raw

    def _written(self) -> bytes:
        problems = Problems()
        member, read = ("log", self._reader.log_record) if self.signal == LOGS else ("span", self._reader.span)
        cannot_be_decoded = self.error is not None and self._opened is None
        record = self._reader.unread(self._record) if cannot_be_decoded else read(self._open(), problems)
        return write_item(self._group, member, record, problems)

    @property
    def place(self) -> tuple[str, str]:
        """Trace id and span id; empty where there are none."""
        trace_id, span_id = self._reader.ids(self._open())
        return ("", "") if error_of_ids(trace_id, span_id) else (trace_id, span_id)


@dataclass(slots=True)
class _Joined:
    """The log records of one call, which are one request."""

    records: list[Item]
    error: WireFormatError | None = None

    @property
    def raw(self) -> bytes:
        return joined([record.raw for record in self.records])


@dataclass(slots=True)
class _Stored:
    """An item that is JSON already: one that was rejected and is tried again."""

    raw: JsonBytes
    error: WireFormatError | None = None


def items_of(body: bytes, content_type: str) -> Iterator[Item]:
    """The spans or log records of a body, all of them. Raises WireFormatError (status 400)."""
    encoding, _, parameter = content_type.partition(";")
    reader = _READERS.get(encoding.strip().lower(), otlp_json)
    signal = parameter.strip().removeprefix("signal=")
    if signal not in (TRACES, LOGS):
        signal = (otlp_json.signal_of(body) if reader is otlp_json else None) or TRACES
    for group, records in reader.groups(body, signal):
        for record in records:
            yield Item(reader, signal, group, record)


def split_body(body: bytes, content_type: str) -> list[Any]:
    """The items of a body: all spans, or the log records that are GenAI events, those of one span together.

    Raises WireFormatError (status 400) when the body as a whole cannot be decoded.
    """
    if is_text(content_type) and "signal=" not in content_type and (stored := _stored_item(body)):
        return [stored]
    return list(_calls(item for item in items_of(body, content_type) if item.is_wanted))


def _calls(items: Iterable[Item]) -> Iterator[Item | _Joined]:
    """Spans as they are; an event for each message of a history would be united one by one otherwise."""
    by_place: dict[tuple[str, str] | int, list[Item]] = {}
    for number, item in enumerate(items):
        place = item.place if item.signal == LOGS and item.error is None else ("", "")
        by_place.setdefault(place if place[1] else number, []).append(item)
    for records in by_place.values():
        yield records[0] if len(records) == 1 else _Joined(records)


def _stored_item(body: bytes) -> _Stored | None:
    try:
        return _Stored(body) if object_fields(body).keys() & {"span", "log"} else None
    except DocumentError as error:
        raise WireFormatError(str(error), type="not_json", status=400) from None


@dataclass(slots=True)
class Checked:
    """How many records of a body can be stored, cannot be stored (and why the first one), and are not wanted."""

    accepted: int = 0
    rejected: int = 0
    ignored: int = 0
    reason: str = ""


def check_body(body: bytes, content_type: str, most_records: int, most_record_bytes: int) -> Checked:
    """Look through an export without keeping what is read. Raises WireFormatError (status 400 or 413)."""
    checked = Checked()
    for item in items_of(body, content_type):
        error = item.error or too_large(item.received_bytes, most_record_bytes)
        if error is not None:
            checked.rejected += 1
            checked.reason = checked.reason or error.message
        elif item.is_wanted:
            checked.accepted += 1
        else:
            checked.ignored += 1
        if checked.accepted + checked.rejected > most_records:
            what = "spans" if item.signal == TRACES else "log records"
            message = f"the body has more than {most_records:,} {what}: send fewer in one export"
            raise WireFormatError(message, type="too_many_logs", status=413)
    return checked


def too_large(size: int, most: int) -> WireFormatError | None:
    if size <= most:
        return None
    return WireFormatError(f"a span may have at most {most:,} bytes, got {size:,}", type="log_too_large", status=413)


def check_log(raw: JsonBytes) -> str:
    """Check an item as `read_log` would; it brings no request id. Raises WireFormatError."""
    _checked(raw)
    return ""


def _checked(raw: JsonBytes) -> Plain:
    try:
        item = loads(raw)
    except DocumentError as error:
        raise WireFormatError(str(error), type="not_json") from None
    member = next((item[name] for name in ("span", "log") if name in item), None) if isinstance(item, dict) else None
    if not isinstance(member, dict):
        raise WireFormatError("this is no item of an OTLP export: span and log are missing", type="invalid_log")
    if "span" in item and (error := error_of_ids(str(member.get("traceId", "")), str(member.get("spanId", "")))):
        raise error
    return item


def read_log(raw: JsonBytes, received_at: datetime, generated_id: str, memory: ArrayMemory | None = None) -> Record:
    """Translate one item. Raises WireFormatError."""
    return record_of(_checked(raw), bytes(raw), received_at, generated_id, memory)
