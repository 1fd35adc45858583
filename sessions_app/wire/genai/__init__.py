"""Translate an item of an OTLP export (`wire.otlp`), a span or GenAI log records, into a record.

Each convention of attribute names has a module. Each of them gives the fields of the record that it knows, and where
messages are. They are asked in the order of `READERS`, and the first answer for a field counts. `record_of` cuts the
span into parts (`cutting.py`). `documents_of` gives request and response in the form of OpenAI's chat API, whatever
form they had, and the item exactly as it came as `log`.

`Record.claim` is the session that a span names, and `Record.claim_rank` how strong that claim is. An id counts for all
spans of its trace; when there are several, `sessions.trace_claims` chooses. `duplicates.duplicates` finds the spans of
a trace that report the same call.

The log records of a call join its span: both have the same idempotency key, and `merged` makes one item of them.
"""

from __future__ import annotations

from sessions_app.wire.genai.closing import item_bytes
from sessions_app.wire.genai.documents import documents_of
from sessions_app.wire.genai.event_records import is_homeless
from sessions_app.wire.genai.merging import is_part, joined, merged
from sessions_app.wire.genai.record import record_of

__all__ = ["documents_of", "is_homeless", "is_part", "item_bytes", "joined", "merged", "record_of"]
