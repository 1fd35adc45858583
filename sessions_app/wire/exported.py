"""What an export wrote, read back as logs of our own format."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from sessions_app.content.json_bytes import JsonBytes, array_items, kind_of, loads, object_fields
from sessions_app.records import RULE_TRACE_ID
from sessions_app.wire.usage import USAGE_MEMBERS

# Every exported request has these members, and no log that a client sends.
_MARKS = frozenset({"grouped_by", "cost_details", "session_key", "counted"})
# What a log and an exported request call by the same name.
_SAME = (
    *("request_id", "trace_id", "parent_id", "kind", "call_type", "model", "provider", "status", "status_code"),
    *("error", "started_at", "first_token_at", "ended_at", "request", "response", "metadata", "user", "tags"),
)
_NULL = b"null"


def requests_of(members: Mapping[str, JsonBytes]) -> Iterator[bytes] | None:
    """The requests of a session that was exported as one object; None of anything else."""
    requests = members.get("requests")
    is_session = requests is not None and ("session" in members or "session_key" in members)
    return map(bytes, array_items(requests)) if is_session and requests and kind_of(requests) == "array" else None


def is_exported(members: Mapping[str, JsonBytes]) -> bool:
    """Whether these are the members of an exported request or step."""
    return members.keys() >= _MARKS


def is_log(members: Mapping[str, JsonBytes]) -> bool:
    """Whether our own format can say it: not a step, nor a second report of a call, nor what has no document."""
    has_document = any(_is_known(members, name) for name in ("request", "response", "error"))
    return has_document and bool(loads(members["counted"]))


def as_log(members: Mapping[str, JsonBytes]) -> bytes:
    """The log of an exported request: it names its session, so it comes into the same one as the others."""
    log = {name: members[name] for name in _SAME if _is_known(members, name)}
    log["usage"] = _object({name: members[name] for name in USAGE_MEMBERS if _is_known(members, name)})
    stated = object_fields(members["cost_details"]).get("stated", _NULL)
    log |= {} if _is(stated, _NULL) else {"cost": stated}
    if "metadata" in log and kind_of(log["metadata"]) != "object":
        log["metadata"] = _object({"metadata": log["metadata"]})
    key = members["session_key"] if _is_known(members, "session_key") else members["session_id"]
    rule = loads(object_fields(members["grouped_by"])["rule"])
    if not (rule == RULE_TRACE_ID and _is(log.get("trace_id", b""), bytes(key))):
        log["session_id"] = key
    return _object(log)


def _is_known(members: Mapping[str, JsonBytes], name: str) -> bool:
    return name in members and not _is(members[name], _NULL)


def _is(raw: JsonBytes, expected: bytes) -> bool:
    return len(raw) < 1_000 and bytes(raw).strip() == expected.strip()


def _object(members: Mapping[str, JsonBytes]) -> bytes:
    pieces = (json.dumps(name).encode() + b":" + bytes(raw) for name, raw in members.items())
    return b"{" + b",".join(pieces) + b"}"
