"""A session as CSV: a row for each request and step."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from sessions_app.api.serializers.requests import RequestFactsSerializer
from sessions_app.exports.notes import error_note, notes_on
from sessions_app.exports.session import ExportedSession
from sessions_app.pages.html.plain_text import straight, visible
from sessions_app.queries import requests
from sessions_app.queries.requests import RequestRow

ROWS_AT_ONCE = 500
# Members of a request in the API, by which the columns are called.
_FACTS = (
    *("started_at", "kind", "name", "call_type", "model", "provider", "status", "status_code"),
    *("input_tokens", "output_tokens", "cached_tokens", "cache_write_tokens", "reasoning_tokens", "cost"),
    *("duration_ms", "finish_reason", "user", "tags"),
)
COLUMNS = ("number", *_FACTS, "rule", "error_type", "error_message", "notes", "request_id", "id", "url")
# A spreadsheet takes a cell that begins so for a formula. The last ones are the same signs in full width.
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def csv_pieces(exported: ExportedSession) -> Iterator[bytes]:
    """Requests have a number. Steps and second reports of a call have none: they count in no sum."""
    yield _line(COLUMNS)
    # What only other columns would need is not read.
    context: dict[str, Any] = {"session_key": None, "parents": {}, "standing": {}, "contradicted": {}, **exported.about}
    write = RequestFactsSerializer(context=context).to_representation
    number = 0
    for rows in requests.in_blocks(exported.session, ROWS_AT_ONCE):
        for row in rows:
            number += row.is_counted
            yield _line(_cells(row, write(row), number if row.is_counted else None))


def _cells(row: RequestRow, facts: dict[str, Any], number: int | None) -> Iterable[Any]:
    error = facts["error"] or {"type": None, "message": None}
    yield number
    yield from (facts[name] for name in _FACTS)
    notes = filter(None, (*notes_on(row), error_note(error["message"] or "")))
    yield from (facts["grouped_by"]["rule"], error["type"], error["message"], "; ".join(notes))
    yield from (facts["request_id"], facts["id"], facts["url"])


def cell(value: Any) -> str:
    """A value as a cell. What a stranger wrote is no formula, and its letters stand in their order."""
    if value is None:
        return ""
    text = straight(visible(", ".join(value) if isinstance(value, list) else str(value)))
    return f"'{text}" if text.lstrip(" \u00a0").startswith(_FORMULA_SIGNS) else text


def _line(values: Iterable[Any]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow([cell(value) for value in values])
    return out.getvalue().encode()
