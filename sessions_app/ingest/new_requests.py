"""Store new requests and their parts. The messages of new parts are read here: `storage` only writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
from django.conf import settings

from sessions_app.content.documents import PartKind
from sessions_app.content.message_reader import MessageReader
from sessions_app.content.message_texts import searchable_text
from sessions_app.content.search_text import as_vector, words_of
from sessions_app.content.unread import decoded, text_for_search, unread_in
from sessions_app.ingest.prepare import storable
from sessions_app.storage import moving, part_lists, parts, writer
from sessions_app.storage.parts import NewPart, SearchRow
from sessions_app.storage.prepared import PreparedLog
from sessions_app.structure.grouping_rules import StoredAt

# A role may be any text of the sender, so it is clipped.
ROLE_CHARS = 40
_SEARCHED = (PartKind.MESSAGE, PartKind.SYSTEM, PartKind.UNREAD)


def insert(cursor: psycopg.Cursor[Any], logs: Sequence[PreparedLog], reader: MessageReader) -> list[PreparedLog]:
    """Insert requests whose keys were claimed, with their parts, search words, links and roll-ups.

    Returns the logs that were new.
    """
    if not logs:
        return []
    packed = parts.pack(logs)
    missing = parts.missing(cursor, parts.parts_of(logs, packed))
    for part in missing:
        part.role = role_of(part, reader)
    inserted = parts.insert(cursor, missing)
    parts.insert_search(cursor, list(_search_rows(inserted, reader)))
    return writer.insert_requests(cursor, logs, packed)


def replace(cursor: psycopg.Cursor[Any], stored: StoredAt, log: PreparedLog, reader: MessageReader) -> None:
    """Put a completed request in the place of its earlier copy, which may have been in another session."""
    lists = part_lists.of_requests(cursor, [stored])[stored.log_id]
    writer.delete_request(cursor, stored, log.key_id)
    insert(cursor, [log], reader)
    writer.move_key(cursor, stored, log)
    moving.tidy(cursor, [(log.key_id, stored, lists)])


def role_of(part: NewPart, reader: MessageReader) -> str:
    """The role of a message; "" for other parts."""
    if part.kind is not PartKind.MESSAGE:
        return ""
    return storable(reader.canonical_form(part.digest, part.raw, part.default_role).role[:ROLE_CHARS])


def _search_rows(new: Sequence[NewPart], reader: MessageReader) -> Iterator[SearchRow]:
    for part in new:
        if part.kind in _SEARCHED:
            words, clipped = search_words(part, reader)
            if words:
                yield SearchRow(part, words, clipped)


def search_words(part: NewPart, reader: MessageReader) -> tuple[str, int]:
    """The words of a part in the form of a tsvector, and how many characters of its text were left out."""
    most = settings.LOGSUI_SEARCH_TEXT_MAX_CHARS
    if part.kind is PartKind.UNREAD:
        text = text_for_search(decoded(part.raw))
    else:
        message = reader.message(part.digest, part.raw, part.default_role or "system")
        text = searchable_text(message)
        if (rest := unread_in(part.raw, message)) is not None:
            text += f"\n{text_for_search(rest)}"
        if message.role == "tool":
            most = min(most, settings.LOGSUI_SEARCH_TOOL_TEXT_MAX_CHARS)
    return as_vector(words_of(text[:most])), max(len(text) - most, 0)
