"""The session of a log that names a conversation of its provider, or an id in its metadata."""

from __future__ import annotations

import re

from sessions_app.content.json_bytes import JsonBytes, kind_of, object_fields
from sessions_app.records import RULE_SESSION_ID, SessionClaim
from sessions_app.wire.agent_ids import ids_of_agents
from sessions_app.wire.fields import MAX_ID_CHARS
from sessions_app.wire.members import text_member

# What a program calls `conversation` may be a text as well. Ids have a digit and no space.
_ID = re.compile(r"(?=.*\d)[\w.:/-]{4,}", re.ASCII)


def claim_of(given: SessionClaim, asked: tuple[str, str], answered: tuple[str, str]) -> SessionClaim:
    """The session that the caller chose, else the conversation that the request or the response names.

    The provider keeps the history of such a conversation, so requests of it share no messages.
    """
    if given.key and not given.weak:
        return given
    for body, (key, member) in (("request", asked), ("response", answered)):
        if key and (member != "conversation" or _ID.fullmatch(key)):
            return SessionClaim(key, RULE_SESSION_ID, f"{body}.{member}")
    return given


# What callers call the id of a session in metadata of their own, the plainest first.
_NAMES = (
    "session_id",
    "sessionId",
    "litellm_session_id",
    "thread_id",
    "conversation_id",
    "litellm_trace_id",
    "trace_id",
)


def id_in_metadata(metadata: JsonBytes | None) -> tuple[str, str]:
    """The id of a session in a caller's metadata, and its place: under a plain name, or as Claude Code writes it."""
    if metadata is None or kind_of(metadata) != "object":
        return "", ""
    fields = object_fields(metadata)
    for name in _NAMES:
        if 0 < len(found := text_member(fields, name).strip()) <= MAX_ID_CHARS:
            return found, f"metadata.{name}"
    agents = ids_of_agents({"user_id": text_member(fields, "user_id")}, {}, None, None)
    return next(((key, place) for key, _, place in agents), ("", ""))
