"""A later copy may only add to a request that is stored: it must not change what the first copy was read as.

`wire` merges the members of two copies; this compares the records of the first copy and of the merged one.
"""

from __future__ import annotations

from sessions_app.content.sameness import Contradiction
from sessions_app.records import ERROR, RUNNING, Record

# The API's names of these fields of a record.
_FACTS = {
    name: name
    for name in (
        *("request_id", "kind", "call_type", "model", "requested_model", "provider", "api_base", "error_type"),
        *("error_message", "finish_reason", "first_token_at", "ended_at", "cost", "key_alias", "name", "tool_name"),
        *("tool_call_id", "response_id", "previous_response_id", "call_id", "key_hash"),
    )
} | {"http_status": "status_code", "end_user": "user"}
_COUNTS = ("input_tokens", "output_tokens", "cached_tokens", "cache_write_tokens", "reasoning_tokens")
# Where and when a call was made. A whole report has settled these, even if it left some of them out.
_PLACE = {"claim": "session_id", "trace_id": "trace_id", "parent_id": "parent_id", "started_at": "started_at"}


def is_whole(record: Record) -> bool:
    """Whether a log reports a whole call: what was asked and what became of it."""
    if record.status == RUNNING:
        return False
    if record.span_id:
        return record.ended_at is not None
    return len(record.document.input) > 0 and (len(record.document.output) > 0 or record.status == ERROR)


# These belong to the request. Whoever brings the answer may not change them.
_ASKED = ("model", "requested_model", "end_user", "key_alias", "key_hash", "previous_response_id", "call_id")


def check_asked(first: Record, merged: Record) -> None:
    """Completing a report that has no outcome yet must not change what was asked, and by whom. Raises Contradiction."""
    if len(first.document.input) == 0:
        return
    changed = [_FACTS[name] for name in _ASKED if _is_changed(getattr(first, name), getattr(merged, name))]
    if changed:
        raise Contradiction(changed)


def check_unchanged(first: Record, merged: Record) -> None:
    """Completing a whole report must not change what it was read as. Raises Contradiction.

    A field may come from several members, so an added member can change it: a `model` beside the request's own would
    show another model, an `error` would turn the call into a failure, and a session id would move it.
    """
    changed = [shown for name, shown in _FACTS.items() if _is_changed(getattr(first, name), getattr(merged, name))]
    changed += [name for name in _COUNTS if _is_changed(getattr(first.usage, name), getattr(merged.usage, name))]
    changed += [shown for name, shown in _PLACE.items() if getattr(first, name) != getattr(merged, name)]
    if first.status != merged.status:
        changed.append("status")
    if not set(first.tags) <= set(merged.tags):
        changed.append("tags")
    for name, shown in (("input", "request"), ("output", "response")):
        before, after = (getattr(record.document, name).digests for record in (first, merged))
        if before and before != after:
            changed.append(shown)
    if changed:
        raise Contradiction(changed)


def _is_changed(before: object, after: object) -> bool:
    return before not in (None, "", "other") and before != after
