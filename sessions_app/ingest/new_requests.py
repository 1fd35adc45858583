"""Store new requests and their parts. The messages of new parts are read here: `storage` only writes."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg

from sessions_app.content.documents import PartKind
from sessions_app.content.message_reader import MessageReader
from sessions_app.content.search_facts import add_own
from sessions_app.content.search_text import Hasher
from sessions_app.content.searched_parts import SEARCHED, add_part
from sessions_app.ingest import costs
from sessions_app.ingest.prepare import storable
from sessions_app.models import Session
from sessions_app.storage import moving, part_lists, parts, rollups, search, writer
from sessions_app.storage.parts import NewPart
from sessions_app.storage.prepared import PreparedLog
from sessions_app.storage.search import SearchRow
from sessions_app.structure.grouping_rules import StoredAt

# A role may be any text of the sender, so it is clipped.
ROLE_CHARS = 40


def insert(cursor: psycopg.Cursor[Any], logs: Sequence[PreparedLog], reader: MessageReader) -> list[PreparedLog]:
    """Insert requests whose keys were claimed, with their parts, search words, links and roll-ups.

    Returns the logs that were new.
    """
    if not logs:
        return []
    costs.assign(logs)
    packed = parts.pack(logs)
    missing = parts.missing(cursor, parts.parts_of(logs, packed))
    for part in missing:
        part.role = role_of(part, reader)
    inserted = parts.insert(cursor, missing)
    search.insert(cursor, _search_rows(logs, inserted, reader))
    return writer.insert_requests(cursor, logs, packed)


def replace(cursor: psycopg.Cursor[Any], stored: StoredAt, log: PreparedLog, reader: MessageReader) -> None:
    """Put a completed request in the place of its earlier copy, which may have been in another session."""
    lists = part_lists.of_requests(cursor, [stored])[stored.log_id]
    writer.delete_request(cursor, stored, log.key_id)
    taken = search.take(cursor, [search.where(stored)])
    insert(cursor, [log], reader)
    writer.move_key(cursor, stored, log)
    moving.tidy(cursor, [(log.key_id, stored, lists)], search.by_place(taken))


def role_of(part: NewPart, reader: MessageReader) -> str:
    """The role of a message; "" for other parts."""
    if part.kind is not PartKind.MESSAGE:
        return ""
    return storable(reader.canonical_form(part.digest, part.raw, part.default_role).role[:ROLE_CHARS])


def _search_rows(logs: Sequence[PreparedLog], new: Sequence[NewPart], reader: MessageReader) -> Iterator[SearchRow]:
    """By what each log is found; `new` are the parts that it was the first to bring."""
    brought: dict[uuid.UUID, list[NewPart]] = {}
    for part in new:
        if part.kind in SEARCHED:
            brought.setdefault(part.log_key, []).append(part)
    keys = _session_keys(logs)
    for log in logs:
        own = brought.get(log.key_id, ())
        record = log.record
        hasher = Hasher(log.project_id)
        key = keys.get(log.session_id, "") if search.shows_key(log.home.rule) else ""
        add_own(hasher, record, record.metadata, key, log.home.rule, log.failures.names)
        for part in own:
            add_part(hasher, part.kind, part.digest, part.raw, part.default_role, reader)
        yield SearchRow(
            id=log.log_id,
            session_id=log.session_id,
            bucket=log.bucket,
            project_id=log.project_id,
            started_at=rollups.sane_time(log.record.started_at, log.record.received_at),
            words=hasher.packed(),
            parts=b"".join(sorted(part.digest for part in own)),
        )


def _session_keys(logs: Sequence[PreparedLog]) -> dict[uuid.UUID, str]:
    """The keys of the sessions of those logs that are there because somebody named the session.

    What joins a stored session may not know its key.
    """
    named = [log for log in logs if search.shows_key(log.home.rule)]
    unknown = {log.session_id for log in named if log.home.session_key is None}
    stored = Session.objects.filter(id__in=unknown).values_list("id", "session_key") if unknown else ()
    return {session_id: key or "" for session_id, key in stored} | {
        log.session_id: log.home.session_key for log in named if log.home.session_key is not None
    }
