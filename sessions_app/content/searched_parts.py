"""What of a part can be searched: its text, and by what it is found."""

from __future__ import annotations

from collections.abc import Sequence

from sessions_app.content.documents import PartKind
from sessions_app.content.json_bytes import JsonBytes
from sessions_app.content.message_reader import MessageReader
from sessions_app.content.message_texts import searchable_text
from sessions_app.content.messages import plain_text_in
from sessions_app.content.search_facts import facts_of_message
from sessions_app.content.search_text import Hasher
from sessions_app.content.unread import decoded, text_for_search, unread_in

SEARCHED = (PartKind.MESSAGE, PartKind.SYSTEM, PartKind.UNREAD)
_PLAIN_BEGINNINGS = tuple(f'{{"role":"{role}","content":"'.encode() for role in ("user", "assistant", "system"))
_PLAIN_QUOTES = 8


def plainly_lacks(raw: bytes, words: Sequence[bytes]) -> bool:
    """Whether it is clear without decoding that a message has none of these words of ASCII letters and digits.

    Only of a message that is nothing but a role and a text, without quotes, in ASCII: escapes there are line ends and
    other signs, never letters, so a word of the text is written as it is. False if it is not clear.
    """
    if not (raw.startswith(_PLAIN_BEGINNINGS) and raw.isascii() and raw.count(b'"') == _PLAIN_QUOTES):
        return False
    if not raw.endswith(b'"}') or b"\\u" in raw:
        return False
    lower = raw.lower()
    return not any(word in lower for word in words)


def text_of_part(kind: PartKind, digest: bytes, raw: JsonBytes, default_role: str, reader: MessageReader) -> str:
    """All text of a part that can be searched; "" for one of another kind."""
    if kind not in SEARCHED:
        return ""
    if kind is PartKind.UNREAD:
        return text_for_search(decoded(raw))
    if (plain := plain_text_in(raw)) is not None:
        return plain
    message = reader.message(digest, raw, default_role or "system")
    text = searchable_text(message)
    rest = unread_in(raw, message)
    return text if rest is None else f"{text}\n{text_for_search(rest)}"


def add_part(
    hasher: Hasher, kind: PartKind, digest: bytes, raw: JsonBytes, default_role: str, reader: MessageReader
) -> None:
    """Add the words of a part, and the facts that it shows."""
    if kind not in SEARCHED:
        return
    hasher.add_text(text_of_part(kind, digest, raw, default_role, reader))
    if kind is PartKind.MESSAGE:
        hasher.add(facts_of_message(reader.message(digest, raw, default_role or "system")))
