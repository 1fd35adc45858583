"""From a span or GenAI log record, as `wire.otlp` splits them, to a record: each instrumentation's names read.

One module for each convention gives fields and says where messages are; they are asked in the order of `READERS`, and
the first answer for a field counts. `record_of` cuts the span into parts (`cutting.py`); `documents_of` gives request
and response back in OpenAI's chat form, whatever the span had, and as `log` the item exactly as it came.

A span says which session it belongs to in `Record.claim`, and in `Record.claim_rank` how strong that is. An id counts
for all spans of its trace; `sessions.trace_claims` tells which one when there are several. `duplicates.duplicates`
tells which spans of a trace report the same call.

The log records of a call join its span: both have the same idempotency key, and `merged` makes one item of them.
"""

from __future__ import annotations

from sessions_app.wire.genai.closing import item_bytes
from sessions_app.wire.genai.documents import documents_of
from sessions_app.wire.genai.merging import is_part, joined, merged
from sessions_app.wire.genai.record import record_of

__all__ = ["documents_of", "is_part", "item_bytes", "joined", "merged", "record_of"]
