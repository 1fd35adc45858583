"""Accept a body: check it, store it as it came, answer. The digester does everything else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings

from sessions_app.content.json_bytes import DocumentError, check_utf8
from sessions_app.records import WireFormatError
from sessions_app.storage import inbox
from sessions_app.storage.inbox import InboxFull
from sessions_app.wire import WireFormat, WireItem, format_of, otlp

__all__ = ["Accepted", "InboxFull", "accept_body", "accept_export"]


@dataclass(frozen=True, slots=True)
class Accepted:
    """How many logs of a body were accepted, and for each rejected one its index and error object.

    `entry_id` is None when nothing was stored because no log is good. `request_ids` has those of the accepted logs by
    index, "" for a log without one.
    """

    accepted: int
    rejected: list[dict[str, Any]] = field(default_factory=list)
    project_id: int = 0
    entry_id: int | None = None
    received_at: datetime | None = None
    request_ids: dict[int, str] = field(default_factory=dict)


def accept_body(project_id: int, source: str, body: bytes, content_type: str = "application/json") -> Accepted:
    """Check a decoded (not compressed) body and store it durably in the inbox.

    `source` is the name of a JSON format ("native", "litellm"). Logs that cannot be understood are reported by index,
    and kept with the rejected logs; if none can be understood, nothing is stored. Raises InboxFull, and
    WireFormatError, which has the HTTP status, when the body as a whole cannot be taken.
    """
    wire = format_of(source)
    _check_text(body)
    items = wire.split_body(body, content_type)
    if not items:
        raise WireFormatError("the body has no logs: send at least one", type="no_logs")
    if len(items) > settings.LOGSUI_MAX_LOGS_PER_REQUEST:
        most = settings.LOGSUI_MAX_LOGS_PER_REQUEST
        message = f"the body has {len(items):,} logs; send at most {most:,} in one request"
        raise WireFormatError(message, type="too_many_logs", status=413)
    request_ids, rejected = _check(wire, items)
    log_count = len(items)
    del items
    if not request_ids:
        return Accepted(0, rejected)
    entry_id, received_at = inbox.put(project_id, source, content_type, body, log_count)
    return Accepted(len(request_ids), rejected, project_id, entry_id, received_at, request_ids)


def accept_export(project_id: int, body: bytes, content_type: str) -> otlp.Checked:
    """Check an OpenTelemetry export and store it durably. `content_type` comes from `otlp.content_type_of`.

    Spans that cannot be stored are counted, and kept with the rejected logs; if none can be stored, nothing is kept.
    Raises InboxFull, and WireFormatError when the body as a whole cannot be taken.
    """
    if otlp.is_text(content_type):
        _check_text(body)
    most_records, most_bytes = settings.LOGSUI_MAX_LOGS_PER_REQUEST, settings.LOGSUI_MAX_LOG_BYTES
    checked = otlp.check_body(body, content_type, most_records, most_bytes)
    if checked.accepted:
        inbox.put(project_id, "otlp", content_type, body, checked.accepted + checked.rejected)
    return checked


def _check_text(body: bytes) -> None:
    try:
        check_utf8(body)
    except DocumentError as error:
        raise WireFormatError(str(error), type="not_json", status=400) from None


def _check(wire: WireFormat, items: Sequence[WireItem]) -> tuple[dict[int, str], list[dict[str, Any]]]:
    request_ids: dict[int, str] = {}
    rejected = []
    for index, item in enumerate(items):
        try:
            request_ids[index] = check_item(wire, item)
        except WireFormatError as error:
            rejected.append({"index": index, "error": error.as_dict()})
    return request_ids, rejected


def check_item(wire: WireFormat, item: WireItem) -> str:
    """The request id of a log, "" when it has none. Raises WireFormatError when the log cannot be stored."""
    if item.error:
        raise item.error
    size = len(item.raw)
    if size > settings.LOGSUI_MAX_LOG_BYTES:
        most = settings.LOGSUI_MAX_LOG_BYTES
        message = f"a log may have at most {most:,} bytes, got {size:,}: send less, or raise LOGSUI_MAX_LOG_BYTES"
        raise WireFormatError(message, type="log_too_large", status=413)
    return wire.check_log(item.raw)
