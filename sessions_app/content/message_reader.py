"""Reads each message once, however often digesting needs it."""

from __future__ import annotations

from typing import NamedTuple

from sessions_app.content import documents
from sessions_app.content.blocks import Message
from sessions_app.content.canonical import CanonicalForm, canonical_form
from sessions_app.content.composition import piece_of_tool, pieces_of_message
from sessions_app.content.documents import PartKind, PartList
from sessions_app.content.json_bytes import JsonBytes
from sessions_app.content.messages import read_message

MOST_REMEMBERED = 50_000
MOST_CONTEXTS = 2_000

# By the message's digest and the role it has when it names none.
CanonicalForms = dict[tuple[bytes, str], CanonicalForm]


class Context(NamedTuple):
    """The system prompts and tool definitions beside the messages: their digests, and their characters."""

    system: bytes
    tools: bytes
    system_chars: int
    tool_chars: int


class MessageReader:
    """Remembers messages until the next batch, and their canonical forms for longer.

    `known` are the canonical forms, which readers in several threads may share.
    """

    def __init__(self, known: CanonicalForms | None = None) -> None:
        self._known: CanonicalForms = {} if known is None else known
        self._messages: dict[tuple[bytes, str], Message] = {}
        self._without_digits: dict[bytes, bytes] = {}
        self._chars: dict[bytes, int] = {}
        self._contexts: dict[bytes, Context] = {}

    def start_batch(self) -> None:
        self._messages.clear()
        if len(self._without_digits) > MOST_REMEMBERED:
            self._without_digits.clear()
        if len(self._chars) > MOST_REMEMBERED:
            self._chars.clear()
        if len(self._contexts) > MOST_CONTEXTS:
            self._contexts.clear()
        if len(self._known) > MOST_REMEMBERED:
            self._known.clear()

    def canonical_form(self, digest: bytes, raw: JsonBytes, default_role: str) -> CanonicalForm:
        """What a message says, apart from how it is written."""
        key = (digest, default_role)
        known = self._known.get(key)
        if known is None:
            message = self.message(digest, raw, default_role)
            known = self._known[key] = canonical_form(message, is_output=default_role == "assistant")
        return known

    def digest_without_digits(self, digest: bytes, raw: JsonBytes) -> bytes:
        """A digest (8 bytes) of a system prompt without its digits: the time of day in it makes no difference."""
        known = self._without_digits.get(digest)
        if known is None:
            letters = bytes(raw).translate(None, b"0123456789")
            known = self._without_digits[digest] = documents.digest(letters)
        return known

    def context(self, parts: PartList) -> Context:
        """What stands beside the messages of a request. Clients send the same with every request."""
        key = b"".join(parts.digests)
        known = self._contexts.get(key)
        if known is None:
            known = self._contexts[key] = self._context(parts)
        return known

    def _context(self, parts: PartList) -> Context:
        digests: dict[PartKind, list[bytes]] = {PartKind.SYSTEM: [], PartKind.TOOL: []}
        chars = dict.fromkeys(digests, 0)
        for index, (digest, kind) in enumerate(zip(parts.digests, parts.kinds, strict=True)):
            if kind in digests:
                digests[kind].append(digest)
                chars[kind] += self._chars_of(digest, parts.content(index), kind)
        system, tools = (b"".join(digests[kind]) for kind in (PartKind.SYSTEM, PartKind.TOOL))
        return Context(system, tools, chars[PartKind.SYSTEM], chars[PartKind.TOOL])

    def _chars_of(self, digest: bytes, raw: JsonBytes, kind: PartKind) -> int:
        known = self._chars.get(digest)
        if known is None:
            known = self._chars[digest] = _chars_in_context(raw, kind)
        return known

    def message(self, digest: bytes, raw: JsonBytes, default_role: str) -> Message:
        key = (digest, default_role)
        message = self._messages.get(key)
        if message is None:
            message = self._messages[key] = read_message(raw, default_role)
        return message


def _chars_in_context(raw: JsonBytes, kind: PartKind) -> int:
    if kind is PartKind.TOOL:
        return piece_of_tool(raw).amount
    message = read_message(raw, "system")
    return sum(piece.amount for piece in pieces_of_message("system", message.blocks))
