"""Rows of LiteLLM's spend logs (table `LiteLLM_SpendLogs`), as `/spend/logs` and its Pub/Sub callback give them.

Followed: LiteLLM 1.106. A row has the same content as a payload under other names, and most of it as JSON texts. Long
texts in it are cut, with a mark. Of most calls `messages` is `{}`, and the request is in `proxy_server_request`.
"""

from __future__ import annotations

import uuid
from typing import Any

from sessions_app.content.json_bytes import JsonBytes, kind_of, object_fields
from sessions_app.wire.members import decoded, json_in, small_member, text_member

REQUEST = "proxy_server_request"
_MOST_BYTES = 8_000_000
# The names in a payload.
_NAMES = {"request_id": "id", "spend": "response_cost", "session_id": "session_id"}
_OPENED = ("metadata", "request_tags")
_NO_MESSAGES = frozenset({b"{}", b'"{}"', b"[]", b'"[]"', b'""', b"null"})


def is_row(members: dict[str, JsonBytes]) -> bool:
    """Whether this is a row: only there, the id is called `request_id` and the cost `spend`."""
    return "request_id" in members and "id" not in members and not {"spend", "api_key", REQUEST}.isdisjoint(members)


def row_values(values: dict[str, Any], members: dict[str, JsonBytes]) -> dict[str, Any]:
    """The values of a row under the names that a payload has."""
    found = values | {new: small_member(members, old) for old, new in _NAMES.items()}
    found |= {name: value for name in _OPENED if (value := _opened_value(members, name)) is not None}
    metadata = found["metadata"] = found["metadata"] if isinstance(found.get("metadata"), dict) else {}
    session_id = found.get("session_id")
    if isinstance(session_id, str) and _is_random(session_id):
        # LiteLLM gives a row its trace id, or a random one, if the caller sent none.
        found["trace_id"], found["session_id"] = session_id, None
    metadata.setdefault("user_api_key_hash", text_member(members, "api_key"))
    if not found.get("status"):
        found["status"] = metadata.get("status") or "success"
    request = request_of(members)
    asked = object_fields(request) if request is not None else {}
    found["model_parameters"] = {
        name: small_member(asked, name) for name in ("previous_response_id", "stream", "user") if name in asked
    }
    return found


def has_messages(members: dict[str, JsonBytes]) -> bool:
    """Whether the row has messages beside the request."""
    return "messages" in members and bytes(memoryview(members["messages"])[:8]).strip() not in _NO_MESSAGES


def request_of(members: dict[str, JsonBytes]) -> bytes | None:
    """The request's body; None when LiteLLM stored none."""
    found = opened(members.get(REQUEST))
    return found if found is not None and kind_of(found) == "object" and len(found) > 2 else None


def opened(raw: JsonBytes | None) -> bytes | None:
    """A member as the JSON that it is, or that its text is; None when it is absent."""
    if raw is None or kind_of(raw) == "null":
        return None
    return bytes(raw) if kind_of(raw) != "string" else json_in(raw) or bytes(raw)


def _opened_value(members: dict[str, JsonBytes], name: str) -> Any:
    raw = opened(members.get(name))
    return decoded(raw) if raw is not None and len(raw) <= _MOST_BYTES else None


def _is_random(text: str) -> bool:
    try:
        return uuid.UUID(text).version == 4
    except ValueError:
        return False
