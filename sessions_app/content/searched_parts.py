"""What of a part can be searched: its text, and the terms by which it is found."""

from __future__ import annotations

from sessions_app.content.documents import PartKind
from sessions_app.content.json_bytes import JsonBytes
from sessions_app.content.message_reader import MessageReader
from sessions_app.content.message_texts import searchable_text
from sessions_app.content.search_facts import facts_of_message
from sessions_app.content.search_text import terms_of
from sessions_app.content.unread import decoded, text_for_search, unread_in

SEARCHED = (PartKind.MESSAGE, PartKind.SYSTEM, PartKind.UNREAD)


def text_of_part(kind: PartKind, digest: bytes, raw: JsonBytes, default_role: str, reader: MessageReader) -> str:
    """All text of a part that can be searched; "" for one of another kind."""
    if kind not in SEARCHED:
        return ""
    if kind is PartKind.UNREAD:
        return text_for_search(decoded(raw))
    message = reader.message(digest, raw, default_role or "system")
    text = searchable_text(message)
    rest = unread_in(raw, message)
    return text if rest is None else f"{text}\n{text_for_search(rest)}"


def terms_of_part(kind: PartKind, digest: bytes, raw: JsonBytes, default_role: str, reader: MessageReader) -> set[str]:
    """The terms of a part, with the facts that it shows."""
    if kind not in SEARCHED:
        return set()
    found = terms_of(text_of_part(kind, digest, raw, default_role, reader))
    if kind is PartKind.MESSAGE:
        found.update(facts_of_message(reader.message(digest, raw, default_role or "system")))
    return found
