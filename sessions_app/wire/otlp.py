"""OpenTelemetry's OTLP: exports of traces and logs, in protobuf or JSON. Followed: opentelemetry-proto 1.10.

A body is kept as it came. When it is digested it is split into items: one for each span, and one for each log record
of an event, or for several that tell of the same. An item is compact JSON, the same for both encodings:

    {"resource": {"attributes": {...}}, "scope": {"name", "version"}, "span": {...}, "problems"?: [...]}

The members have the names of OTLP/JSON, but attributes (and the body of a log record, which stands under `log`) are
plain JSON. Bytes are `{"bytesValue": base64}`; NaN and infinities are the texts that protobuf's JSON mapping has for
them. `problems` says what could not be read as it was meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sessions_app.content.array_memory import ArrayMemory
from sessions_app.content.json_bytes import DocumentError, JsonBytes, loads, object_fields
from sessions_app.records import Record, WireFormatError
from sessions_app.wire import otlp_json, otlp_protobuf
from sessions_app.wire.genai import documents_of, is_homeless, is_part, joined, merged, record_of
from sessions_app.wire.genai.events import KEYS as EVENT_KEYS
from sessions_app.wire.genai.events import Event, name_of, prefix_of
from sessions_app.wire.items import JsonItem
from sessions_app.wire.otlp_values import Plain, Problems, ScopeGroup, error_of_ids, write_item

__all__ = [
    "Checked",
    "ExportItem",
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


class ExportEncoding(Protocol):
    """What `otlp_json` and `otlp_protobuf` have in common.

    A record is the bytes of a span or log record (`Any`: each encoding has bytes of its own); opened, it is whatever
    the encoding decodes it to.
    """

    def groups(self, body: bytes, signal: str) -> Iterator[tuple[ScopeGroup, Sequence[Any]]]: ...

    def open_span(self, record: Any) -> Any: ...

    def open_log(self, record: Any) -> Any: ...

    def ids(self, opened: Any) -> tuple[str, str]: ...

    def event_name(self, opened: Any) -> str: ...

    def told(self, opened: Any, names: frozenset[str]) -> Plain: ...

    def span(self, opened: Any, problems: Problems) -> Plain: ...

    def log_record(self, opened: Any, problems: Problems) -> Plain: ...

    def unread(self, record: Any) -> Plain: ...


_ENCODINGS: dict[str, ExportEncoding] = {PROTOBUF: otlp_protobuf, JSON: otlp_json}


def content_type_of(encoding: str, signal: str) -> str:
    """The content type under which a body is stored: the bytes of a traces export and a logs export look alike."""
    return f"{encoding};signal={signal}"


def is_text(content_type: str) -> bool:
    return not content_type.startswith(PROTOBUF)


class ExportItem:
    """A span or log record of a body. It is read only when somebody asks for it: a long body is digested in slices."""

    __slots__ = ("_encoding", "_error", "_event", "_group", "_is_checked", "_opened", "_raw", "_record", "signal")

    def __init__(self, encoding: ExportEncoding, signal: str, group: ScopeGroup, record: Any) -> None:
        self.signal = signal
        self._encoding, self._group, self._record = encoding, group, record
        self._opened: Any = None
        self._is_checked = False
        self._error: WireFormatError | None = None
        self._raw: bytes | None = None
        self._event: Event | None = None

    @property
    def error(self) -> WireFormatError | None:
        """Why the record cannot be stored."""
        if not self._is_checked:
            self._is_checked = True
            self._error = self._check()
        return self._error

    def _check(self) -> WireFormatError | None:
        try:
            opened = self._open()
        except WireFormatError as error:
            return error
        return None if self.signal == LOGS else error_of_ids(*self._encoding.ids(opened))

    def _open(self) -> Any:
        """The decoded record. Raises WireFormatError."""
        if self._opened is None:
            encoding = self._encoding
            self._opened = (encoding.open_log if self.signal == LOGS else encoding.open_span)(self._record)
        return self._opened

    @property
    def received_bytes(self) -> int:
        """The length of the record as it came."""
        return len(self._record)

    @property
    def is_wanted(self) -> bool:
        """Whether it is digested: every span, events of agents or of a session, and whatever cannot be read."""
        if self.signal == TRACES or self.error is not None:
            return True
        return self.event.is_known or (self.event.name != "" and self.event.session != "")

    @property
    def event(self) -> Event:
        """What a log record tells by a few of its attributes."""
        if self._event is None:
            opened, group = self._open(), self._group
            told = self._encoding.told(opened, EVENT_KEYS)
            names = (self._encoding.event_name(opened), told.get("event.name"), told.pop("body", ""))
            own = {"session.id": group.session} if group.session else {}
            self._event = Event(name_of(*names, prefix_of(group.scope, group.service)), own | told)
        return self._event

    @property
    def raw(self) -> bytes:
        """The item's JSON."""
        if self._raw is None:
            self._raw = self._written()
            # Decoded, a record takes more memory than its JSON.
            self._opened = None
        return self._raw

    def _written(self) -> bytes:
        encoding, problems = self._encoding, Problems()
        member, read = ("log", encoding.log_record) if self.signal == LOGS else ("span", encoding.span)
        cannot_be_decoded = self.error is not None and self._opened is None
        record = encoding.unread(self._record) if cannot_be_decoded else read(self._open(), problems)
        return write_item(self._group, member, record, problems)

    @property
    def ids(self) -> tuple[str, str]:
        """Trace id and span id; empty where there are none."""
        trace_id, span_id = self._encoding.ids(self._open())
        return ("", "") if error_of_ids(trace_id, span_id) else (trace_id, span_id)

    @property
    def unit(self) -> tuple[str, ...]:
        """What is equal for the log records that make one item; () for one that is an item of its own."""
        if self.signal == TRACES or self.error is not None:
            return ()
        if self.event.joins_span and (ids := self.ids)[1]:
            return ids
        identity = self.event.identity()
        return (self.event.session, *identity) if identity and self.event.session else ()


@dataclass(slots=True)
class _JoinedRecords:
    """The log records of one call, which make one request."""

    records: list[ExportItem]
    error: WireFormatError | None = None

    @property
    def raw(self) -> bytes:
        return joined([record.raw for record in self.records])


def items_of(body: bytes, content_type: str) -> Iterator[ExportItem]:
    """The spans or log records of a body, all of them. Raises WireFormatError (status 400)."""
    name, _, parameter = content_type.partition(";")
    encoding = _ENCODINGS.get(name.strip().lower(), otlp_json)
    signal = parameter.strip().removeprefix("signal=")
    if signal not in (TRACES, LOGS):
        signal = (otlp_json.signal_of(body) if encoding is otlp_json else None) or TRACES
    for group, records in encoding.groups(body, signal):
        for record in records:
            yield ExportItem(encoding, signal, group, record)


def split_body(body: bytes, content_type: str) -> Sequence[ExportItem | _JoinedRecords | JsonItem]:
    """The items of a body: all spans, or the log records that are events, those that tell of the same together.

    A body without a signal may be a single item, which was rejected and is tried again. Raises WireFormatError (status
    400) when the body as a whole cannot be decoded.
    """
    if is_text(content_type) and "signal=" not in content_type and _is_item(body):
        return [JsonItem(body)]
    return list(_calls(item for item in items_of(body, content_type) if item.is_wanted))


def _is_item(body: bytes) -> bool:
    try:
        return bool(object_fields(body).keys() & {"span", "log"})
    except DocumentError as error:
        raise WireFormatError(str(error), type="not_json", status=400) from None


def _calls(items: Iterable[ExportItem]) -> Iterator[ExportItem | _JoinedRecords]:
    """Spans one by one, log records by the call they belong to.

    Some libraries write a log record for each message of a history. Stored one by one, each would complete the
    request anew.
    """
    by_call: dict[tuple[str, ...] | int, list[ExportItem]] = {}
    for number, item in enumerate(items):
        by_call.setdefault(item.unit or number, []).append(item)
    for records in by_call.values():
        yield records[0] if len(records) == 1 else _JoinedRecords(records)


@dataclass(slots=True)
class Checked:
    """How many records of a body can be stored, cannot be stored (and why the first one cannot), and are not wanted."""

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
    message = f"a span may have at most {most:,} bytes, got {size:,}: send less, or raise LOGSUI_MAX_LOG_BYTES"
    return WireFormatError(message, type="log_too_large", status=413)


def check_log(raw: JsonBytes) -> str:
    """Check an item as `read_log` would; it brings no request id. Raises WireFormatError."""
    _checked(raw)
    return ""


def _checked(raw: JsonBytes) -> Plain:
    try:
        item = loads(raw)
    except DocumentError as error:
        raise WireFormatError(str(error), type="not_json") from None
    if not isinstance(item, dict):
        raise _no_item()
    member = next((item[name] for name in ("span", "log") if name in item), None)
    if not isinstance(member, dict):
        raise _no_item()
    if "span" in item:
        wrong = error_of_ids(str(member.get("traceId", "")), str(member.get("spanId", "")))
        if wrong is not None:
            raise wrong
    return item


def _no_item() -> WireFormatError:
    return WireFormatError("this is no item of an OTLP export: it needs span or log, as an object", type="invalid_log")


def read_log(raw: JsonBytes, received_at: datetime, generated_id: str, memory: ArrayMemory | None = None) -> Record:
    """Translate one item. Raises WireFormatError."""
    item = _checked(raw)
    if "span" not in item and is_homeless(item):
        message = "this event names no session, and is no call of a model: it has no place in any session"
        raise WireFormatError(message, type="no_session")
    return record_of(item, bytes(raw), received_at, generated_id, memory)
