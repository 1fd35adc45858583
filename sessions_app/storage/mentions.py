"""Rejected logs and waiting bodies that name a session or request that is deleted.

A rejected log that has one of the ids as its own belongs to them and is deleted too. A rejected log that only mentions
an id, and a body that still waits in the inbox, may hold other logs: they are counted and reported.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from typing import Any

from sessions_app.content.json_bytes import DocumentError, loads
from sessions_app.models import InboxEntry, RejectedLog
from sessions_app.storage.inbox import unpack

# One deletion looks through so many of each. What is older is counted as unseen.
MOST_ROWS = 1_000
MOST_BYTES = 32 * 2**20
MOST_NAMES = 5_000
# Shorter ids occur in texts by chance.
MENTIONED_CHARS = 8
MOST_MENTIONED = 50
# The members in which formats name a log, its trace and its session.
_ID_MEMBERS = frozenset(
    {
        *("request_id", "session_id", "trace_id", "id", "litellm_call_id", "litellm_session_id", "litellm_trace_id"),
        *("traceId", "session.id", "gen_ai.conversation.id", "langfuse.session.id"),
    }
)
_MOST_DEPTH = 6


@dataclass(slots=True)
class Mentions:
    """How many rejected logs were deleted too, and how many rejected logs and waiting bodies still mention an id.

    `unseen` rejected logs and waiting bodies were not looked through.
    """

    deleted: int = 0
    deleted_bytes: int = 0
    rejected_logs: int = 0
    waiting_bodies: int = 0
    unseen: int = 0

    def merge(self, other: Mentions) -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


def remove(project_id: int, names: Iterable[str]) -> Mentions:
    """Delete a project's rejected logs that have one of these ids as their own; count what else mentions one."""
    wanted = set(sorted(filter(None, names))[:MOST_NAMES])
    found = Mentions()
    if not wanted:
        return found
    texts = _texts(wanted)
    going = []
    for row_id, body in _bodies(RejectedLog, project_id, found):
        if _ids_of(body) & wanted:
            going.append(row_id)
            found.deleted_bytes += len(body)
        elif any(text in body for text in texts):
            found.rejected_logs += 1
    found.deleted = RejectedLog.objects.filter(id__in=going).delete()[0]
    for _, body in _bodies(InboxEntry, project_id, found):
        found.waiting_bodies += any(text in body for text in texts)
    return found


def _bodies(model: type[RejectedLog | InboxEntry], project_id: int, found: Mentions) -> Iterator[tuple[int, bytes]]:
    """The latest bodies, as many as one deletion looks through."""
    rows = model.objects.filter(project_id=project_id).order_by("-id")
    chosen, size = [], 0
    for row_id, raw_bytes in rows.values_list("id", "raw_bytes")[:MOST_ROWS]:
        size += raw_bytes
        if size > MOST_BYTES:
            break
        chosen.append(row_id)
    found.unseen += rows.filter(id__lt=chosen[-1]).count() if chosen else rows.count()
    for row_id, body in rows.filter(id__in=chosen).values_list("id", "body").iterator(chunk_size=20):
        yield row_id, unpack(body)


def _texts(names: Set[str]) -> list[bytes]:
    """The names as they may occur in JSON."""
    long = sorted(name for name in names if len(name) >= MENTIONED_CHARS)[:MOST_MENTIONED]
    plain = [name.encode("utf-8", "surrogatepass") for name in long]
    return [*plain, *(json.dumps(name)[1:-1].encode() for name in long if not name.isascii())]


def _ids_of(body: bytes) -> set[str]:
    """The ids that a log has as its own; none if it cannot be read."""
    try:
        value = loads(body)
    except DocumentError:
        return set()
    found: set[str] = set()
    _collect(value, found, 0)
    return found


def _collect(value: Any, found: set[str], depth: int) -> None:
    if depth > _MOST_DEPTH or not isinstance(value, dict):
        return
    for name, item in value.items():
        if isinstance(item, str) and name in _ID_MEMBERS:
            found.add(item)
        # Ids in what was sent to a model, or came back, are not the log's own.
        elif isinstance(item, dict) and name not in ("request", "response", "messages"):
            _collect(item, found, depth + 1)
