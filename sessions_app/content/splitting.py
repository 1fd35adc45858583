"""Split a JSON document into parts and a skeleton."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from sessions_app.content.array_memory import ArrayMemory, KnownArray, opening_key
from sessions_app.content.documents import PartKind, PartList, SplitDocument
from sessions_app.content.json_bytes import JsonBytes, array_items, kind_of, object_fields

LARGE_VALUE_BYTES = 256
WIDE_OBJECT_BYTES = 2048
MAX_OBJECT_DEPTH = 4

# Gives what stands in the skeleton for the value of a member.
WriteMember = Callable[[JsonBytes], bytes]


class Splitter:
    """Collects the parts of one document while its skeleton is written.

    The modules in `wire` know which member holds what: they give lists of messages, system prompts and tool
    definitions to `items` or `item`, and everything else to `rest`. With a memory, an input array that begins like an
    earlier one of the same conversation is read only from where the two differ. `key` names the conversation; without
    a key its `caller` and its first messages do.
    """

    def __init__(self, memory: ArrayMemory | None = None, key: str = "", caller: str = "") -> None:
        self.document = SplitDocument(b"")
        self.memory = memory
        self.key = key
        self.caller = caller
        self._derived: list[tuple[str, JsonBytes, PartKind]] = []
        self._placed: set[str] = set()

    def items(self, letter: str, raw: JsonBytes, kind: PartKind) -> bytes:
        """Make each item of an array a part. Anything but an array of objects or texts becomes one part."""
        if kind_of(raw) != "array":
            return self.item(letter, raw, kind)
        parts = self._list(letter)
        first = letter == "i" and not parts.digests
        if first and self.memory is not None and len(raw) <= ArrayMemory.MOST_ARRAY_BYTES:
            return self._remembered_items(parts, bytes(raw), kind)
        contents = array_items(raw)
        if not contents:
            return b"[]"
        if kind_of(contents[0]) not in ("object", "string"):
            return self.item(letter, raw, kind)
        for content in contents:
            parts.add(content, kind)
        return b"[%s]" % self._hole(letter, len(contents))

    def _remembered_items(self, parts: PartList, text: bytes, kind: PartKind) -> bytes:
        assert self.memory is not None
        key = self.key or opening_key(self.caller, text)
        base = self.memory.longest_start(key, text)
        rest = text
        if base is not None:
            parts.begin_with(base, text, kind)
            rest = b"[" + text[len(base.text) + 1 :] if text[len(base.text) :] != b"]" else b"[]"
        contents = array_items(rest)
        if base is None and contents and kind_of(contents[0]) not in ("object", "string"):
            return self.item("i", text, kind)
        for content in contents:
            parts.add(content, kind)
        if not parts.digests:
            return b"[]"
        # Texts without roles (the input of embeddings) are not a conversation that may continue.
        if self.key or base or kind_of(contents[0]) == "object":
            parts.array = KnownArray(text[:-1].rstrip(), list(parts.digests))
            self.memory.remember(key, parts.array, base)
        return b"[%s]" % self._hole("i", len(parts.digests))

    def item(self, letter: str, raw: JsonBytes, kind: PartKind) -> bytes:
        """Make a value a part; null stays in the skeleton."""
        if kind_of(raw) == "null":
            return b"null"
        self._list(letter).add(raw, kind)
        return self._hole(letter, 1)

    def derived(self, letter: str, raw: JsonBytes, kind: PartKind) -> None:
        """Add a part that was made of what was sent, and is not in it: no hole of the skeleton stands for it.

        Such parts follow all that were sent.
        """
        self._derived.append((letter, raw, kind))

    def placed(self, letter: str, write: Callable[[], bytes]) -> bytes:
        """What `write` gives, with holes that name their place in the list: it may stand anywhere in the skeleton.

        All later holes of this list name theirs, too, since the next part in the list is not the next in the skeleton.
        """
        self._placed.add(letter)
        return write()

    def _hole(self, letter: str, count: int) -> bytes:
        """What stands for the last parts of a list."""
        place = b"@%d" % (len(self._list(letter)) - count) if letter in self._placed else b""
        return b"\x01%s%d%s;" % (letter.encode(), count, place)

    def rest(self, raw: JsonBytes, depth: int = 0) -> bytes:
        """Keep a value in the skeleton, but make what is large in it parts (long texts, arrays, price maps)."""
        size = len(raw)
        if size < LARGE_VALUE_BYTES:
            return bytes(raw)
        if kind_of(raw) != "object" or depth >= MAX_OBJECT_DEPTH:
            return self.item("c", raw, PartKind.OTHER)
        fields = object_fields(raw)
        if size >= WIDE_OBJECT_BYTES and all(len(v) < LARGE_VALUE_BYTES for v in fields.values()):
            return self.item("c", raw, PartKind.OTHER)
        return self.object(fields, {}, depth)

    def object(self, fields: dict[str, JsonBytes], cut: Mapping[str, WriteMember], depth: int) -> bytes:
        """Write an object: a member named in `cut` by the function given there, any other by `rest`."""
        written = []
        for key, value in fields.items():
            write = cut.get(key)
            if write is not None:
                value = write(value)
            elif len(value) >= LARGE_VALUE_BYTES:
                value = self.rest(value, depth + 1)
            written.append((_KEYS.get(key) or _key(key)) + value)
        return b"{" + b",".join(written) + b"}"

    def members(self, fields: dict[str, JsonBytes], write: Callable[[str, JsonBytes], bytes]) -> bytes:
        """Write an object; `write(key, value)` gives what stands for each value."""
        written = [(_KEYS.get(key) or _key(key)) + write(key, value) for key, value in fields.items()]
        return b"{" + b",".join(written) + b"}"

    def finish(self, skeleton: bytes) -> SplitDocument:
        for letter, raw, kind in self._derived:
            self._list(letter).add(raw, kind)
        self._derived.clear()
        self.document.skeleton = skeleton
        return self.document

    def _list(self, letter: str) -> PartList:
        document = self.document
        return document.input if letter == "i" else document.output if letter == "o" else document.context


_KEYS: dict[str, bytes] = {}
_MOST_KEYS = 10_000


def _key(key: str) -> bytes:
    written = json.dumps(key).encode() + b":"
    if len(_KEYS) < _MOST_KEYS and len(key) <= 40:
        _KEYS[key] = written
    return written


def split(raw: bytes) -> SplitDocument:
    """Split a document of unknown shape: every large value becomes a part of the context list."""
    splitter = Splitter()
    return splitter.finish(splitter.rest(raw))
