"""Which session a LiteLLM payload claims. All places of a caller's id are looked at, in order (LiteLLM 1.106.2).

LiteLLM gives a request without an id a random `trace_id`, and does not mark it as its own. So a `trace_id` that is a
version 4 UUID and occurs nowhere else in the payload is a weak claim.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sessions_app.records import RULE_SESSION_ID, RULE_TRACE_ID, SessionClaim
from sessions_app.wire import fields
from sessions_app.wire.agent_ids import AGENT_HEADERS, ids_of_agents

DETAIL_CHARS = 200

_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_HEADERS = {
    "x-litellm-trace-id": RULE_TRACE_ID,
    "x-litellm-session-id": RULE_SESSION_ID,
    "langfuse_session_id": RULE_SESSION_ID,
    "langfuse_trace_id": RULE_TRACE_ID,
}
# LiteLLM takes any vendor's header of this form if its value looks like an id. Older versions and pass-through
# endpoints leave it among the headers.
_VENDOR_HEADER = re.compile(r"x-(?:[a-z0-9-]{1,60}-)?session-id")
_VENDOR_ID = re.compile(r"[A-Za-z0-9_-]{8,1000}")
_COPIED = ("session_id", "metadata.session_id", "metadata.trace_id")
_BAGGAGE = re.compile(r"(?:^|,)\s*session\.id=([^,;]*)")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")

Found = tuple[str, str, str]


def headers_of(metadata: dict[str, Any]) -> dict[str, str]:
    """The client's headers that LiteLLM kept, also those of pass-through requests; names in lower case."""
    custom = metadata.get("requester_custom_headers")
    all_headers = _members(metadata.get("requester_metadata")).get("headers")
    merged = _members(custom) | _members(all_headers)
    return {name.lower(): value for name, value in merged.items() if isinstance(value, str)}


def session_claim(values: dict[str, Any], metadata: dict[str, Any], headers: dict[str, str]) -> SessionClaim:
    """The first id in the order of precedence: those of the caller, those that agents send by themselves, LiteLLM's.

    Raises WireFormatError when it is longer than 1,000 characters.
    """
    caller = _members(metadata.get("requester_metadata"))
    cache_key = _members(values.get("model_parameters")).get("prompt_cache_key")
    client = fields.text_in(metadata, "user_agent")
    agents = list(ids_of_agents(caller, {"user-agent": client} | headers, cache_key, values.get("end_user")))
    ids = {key for key, _, _ in agents}
    for key, rule, detail in _chosen(values, caller, headers):
        # LiteLLM copies an agent's id to where callers put theirs.
        if key not in ids or (detail not in _COPIED and detail.removeprefix("header ") not in AGENT_HEADERS):
            return SessionClaim(fields.optional_id(key, detail), rule, fields.clean(detail, DETAIL_CHARS))
    trace_id = _id(values.get("trace_id"))
    if agents and (trace_id in ids or not trace_id or _UUID4.fullmatch(trace_id)):
        return SessionClaim(*agents[0])
    if not trace_id:
        return SessionClaim()
    fields.optional_id(trace_id, "trace_id")
    for rule, detail in _elsewhere(trace_id, values, caller, headers):
        return SessionClaim(trace_id, rule, fields.clean(detail, DETAIL_CHARS))
    return SessionClaim(trace_id, RULE_TRACE_ID, "trace_id", weak=_UUID4.fullmatch(trace_id) is not None)


def parent_span(headers: dict[str, str]) -> str:
    """The span id of the caller, from a W3C `traceparent` header (Trace Context, level 1)."""
    match = _TRACEPARENT.fullmatch(headers.get("traceparent", ""))
    return match[2] if match else ""


def _chosen(values: dict[str, Any], caller: dict[str, Any], headers: dict[str, str]) -> Iterator[Found]:
    """Ids in members that only a caller sets: key, rule, and the place under the name that the caller knows."""
    # With `missing_session_id: generate`, LiteLLM gives requests an id that have none.
    generated = _id(caller.get("session_id")) if caller.get("litellm_session_id_generated") is True else ""
    session_id = _id(values.get("session_id"))
    if session_id and session_id != generated:
        yield session_id, RULE_SESSION_ID, "session_id"
    session_id = _id(caller.get("session_id"))
    if session_id and not generated:
        yield session_id, *(_sent_in(session_id, headers) or (RULE_SESSION_ID, "metadata.session_id"))
    for name, rule in (("litellm_session_id", RULE_SESSION_ID), ("litellm_trace_id", RULE_TRACE_ID)):
        if key := _id(caller.get(name)):
            yield key, rule, f"metadata.{name}"
    for name, rule in _HEADERS.items():
        if headers.get(name):
            yield headers[name], rule, f"header {name}"
    for name, value in _vendor_headers(headers):
        yield value, RULE_SESSION_ID, f"header {name}"
    if key := _id(caller.get("trace_id")):
        yield key, *(_sent_in(key, headers) or (RULE_TRACE_ID, "metadata.trace_id"))


def _vendor_headers(headers: dict[str, str]) -> list[tuple[str, str]]:
    """Session headers of coding agents. opencode also sends the id of its parent session, which comes first."""
    named = [item for item in headers.items() if item[0].endswith("session-id") and _VENDOR_HEADER.fullmatch(item[0])]
    found = [item for item in named if _VENDOR_ID.fullmatch(item[1])]
    return sorted(found, key=lambda item: (item[0] != "x-parent-session-id", item[0] == "x-session-id"))


def _sent_in(key: str, headers: dict[str, str]) -> tuple[str, str] | None:
    """The rule and the header in which an id was sent: LiteLLM copies ids from headers into the caller's metadata."""
    for name, value in headers.items():
        if value == key and (name in _HEADERS or name in AGENT_HEADERS or _VENDOR_HEADER.fullmatch(name)):
            return _HEADERS.get(name, RULE_SESSION_ID), f"header {name}"
    match = _BAGGAGE.search(headers.get("baggage", ""))
    if match and match[1] == key:
        return RULE_SESSION_ID, "header baggage (session.id)"
    match = _TRACEPARENT.fullmatch(headers.get("traceparent", ""))
    if match and match[1] == key:
        return RULE_TRACE_ID, "header traceparent"
    return None


def _elsewhere(
    trace_id: str, values: dict[str, Any], caller: dict[str, Any], headers: dict[str, str]
) -> Iterator[tuple[str, str]]:
    """Other places of a trace id. One proves that somebody sent it, so LiteLLM did not invent it."""
    # A short id occurs in many places by chance.
    if len(trace_id) < 8 or caller.get("litellm_session_id_generated") is True:
        return
    if found := _sent_in(trace_id, headers):
        yield found
    # Claude Code sends "user_…_account_…_session_<id>", and LiteLLM takes the id from that.
    for text in (caller.get("user_id"), values.get("end_user")):
        if isinstance(text, str) and trace_id in text:
            yield RULE_SESSION_ID, "metadata.user_id"
    for name, value in caller.items():
        if value == trace_id:
            yield RULE_TRACE_ID, f"metadata.{name}"


def _id(value: Any) -> str:
    """An id as text. Some callers write numbers."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if value.bit_length() < 400 else ""
    return value if isinstance(value, str) and value.strip() else ""


def _members(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
