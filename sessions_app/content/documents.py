"""Split a JSON document into content-addressed parts and a skeleton, and join them again.

Everything works on the *bytes* of JSON values: a part is kept exactly as it was sent, so `\\u0000`, lone
surrogates, huge numbers and key order survive. Only white space between the members of a split object is lost.

A skeleton is JSON text with holes. A hole is `\\x01`, the letter of a list, a count and `;`: it stands for the next
`count` parts of that list, joined by commas. JSON never holds a raw `\\x01`, so no key or value can look like one.
"""

from __future__ import annotations

import codecs
import hashlib
import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import msgspec

DIGEST_BYTES = 8
LARGE_VALUE_BYTES = 256
WIDE_OBJECT_BYTES = 2048
MAX_OBJECT_DEPTH = 4
VIEWED_BYTES = 65_536
_CHECKED_BYTES = 2**20
# What a remembered array takes beside its text, roughly.
KNOWN_ARRAY_BYTES = 500
BLOCK_PARTS = 32
COUNT_BYTES = 2

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_HOLE = re.compile(rb"\x01([ioc])(\d+);")

JsonBytes = bytes | msgspec.Raw


class PartKind(IntEnum):
    """What a part is; the numbers are stored."""

    MESSAGE = 1
    SYSTEM = 2
    TOOL = 3
    OTHER = 4
    BLOCK = 5


class DocumentError(ValueError):
    """The bytes are not a JSON document that can be kept; the message is meant for the client."""


@dataclass(slots=True)
class KnownArray:
    """An array of messages that was split before: its JSON text without the closing bracket, its items' digests.

    `facts` is for whoever reads the conversation: what it knows of these items together.
    """

    text: bytes
    digests: list[bytes]
    facts: Any = None


class ArrayMemory:
    """The last message arrays of each conversation, so that a re-sent history is compared, not read again.

    What was used longest ago is forgotten first. Threads may share one: lists are replaced, never changed.
    """

    MOST_BYTES = 16 * 2**20
    MOST_BRANCHES = 3
    # Larger arrays hold media or whole files; copying them would cost more than reading them again.
    MOST_ARRAY_BYTES = 2 * 2**20

    def __init__(self) -> None:
        self._arrays: dict[str, list[KnownArray]] = {}
        self._bytes = 0
        self._lock = threading.Lock()

    def longest_start(self, key: str, text: bytes) -> KnownArray | None:
        """The longest remembered array with whose items this array begins."""
        fitting = [known for known in self._arrays.get(key, ()) if _begins_with(text, known.text)]
        return max(fitting, key=lambda known: len(known.text), default=None)

    def remember(self, key: str, array: KnownArray, instead_of: KnownArray | None) -> None:
        """Keep an array; the one that it continues is not needed any more."""
        with self._lock:
            before = self._arrays.pop(key, [])
            kept = [array, *(known for known in before if known is not instead_of)][: self.MOST_BRANCHES]
            self._bytes += _size(kept) - _size(before)
            while self._bytes > self.MOST_BYTES and self._arrays:
                self._bytes -= _size(self._arrays.pop(next(iter(self._arrays))))
            self._arrays[key] = kept


def _size(arrays: list[KnownArray]) -> int:
    return sum(len(known.text) + KNOWN_ARRAY_BYTES for known in arrays)


_ANSWERS = (b'"assistant"', b'"model"', b'"function_call"', b'"reasoning"')
_SPACES = b" \t\r\n"
_MOST_GUESSES = 8


def opening_key(caller: str, text: bytes) -> str:
    """A key for the array of a conversation that nobody named: its caller, and the messages before the first answer.

    Where the first answer's message begins is guessed, since the array is not read yet; a wrong guess only costs its
    reading.
    """
    opening = memoryview(text)[: _end_of_opening(text)]
    return f"{caller}\x00{hashlib.blake2b(opening, digest_size=16).hexdigest()}"


def _end_of_opening(text: bytes) -> int:
    end = len(text)
    for mark in _ANSWERS:
        found = text.find(mark, 0, end)
        end = found if found >= 0 else end
    if end == len(text):
        return _before(text, text.rfind(b"]")) + 1
    for _ in range(_MOST_GUESSES):
        end = text.rfind(b"{", 0, end)
        comma = _before(text, end)
        if text[comma : comma + 1] == b",":
            return _before(text, comma) + 1
    return 0


def _before(text: bytes, index: int) -> int:
    """The index of the last character before this one that is no space; -1 when there is none."""
    index -= 1
    while index >= 0 and text[index] in _SPACES:
        index -= 1
    return index


def _begins_with(text: bytes, start: bytes) -> bool:
    # A comma or bracket must follow, or a number could go on.
    return text.startswith(start) and text[len(start) : len(start) + 1] in (b",", b"]")


class PartList:
    """The parts of one list of a document, in order: digests (8 bytes each), exact JSON bytes, kinds.

    Items that an array shares with a remembered one are not cut out until somebody asks for their bytes.
    """

    __slots__ = ("_contents", "_text", "array", "base", "digests", "kinds")

    def __init__(self) -> None:
        self.digests: list[bytes] = []
        self.kinds: list[PartKind] = []
        # The remembered array this list begins with, and what is remembered of this one.
        self.base: KnownArray | None = None
        self.array: KnownArray | None = None
        self._text = b""
        self._contents: list[JsonBytes] = []

    def add(self, raw: JsonBytes, kind: PartKind) -> None:
        self.digests.append(digest(raw))
        self._contents.append(raw)
        self.kinds.append(kind)

    def begin_with(self, base: KnownArray, text: bytes, kind: PartKind) -> None:
        """Take over the items of a remembered array with which `text`, an array, begins."""
        self.base, self._text = base, text
        self.digests = list(base.digests)
        self.kinds = [kind] * len(base.digests)

    @property
    def contents(self) -> list[JsonBytes]:
        """The exact JSON bytes of every item."""
        if self._text:
            missing = len(self.digests) - len(self._contents)
            self._contents = array_items(self._text)[:missing] + self._contents
            self._text = b""
        return self._contents

    def content(self, index: int) -> JsonBytes:
        """The exact JSON bytes of one item."""
        own = index - (len(self.digests) - len(self._contents))
        return self._contents[own] if own >= 0 else self.contents[index]

    def __len__(self) -> int:
        return len(self.digests)


@dataclass(slots=True)
class SplitDocument:
    """A skeleton and the parts that fill its holes: input (`i`), output (`o`) and context (`c`)."""

    skeleton: bytes
    input: PartList = field(default_factory=PartList)
    output: PartList = field(default_factory=PartList)
    context: PartList = field(default_factory=PartList)

    def joined(self) -> bytes:
        """The document's JSON bytes again."""
        lists = (self.input, self.output, self.context)
        return join(self.skeleton, *([bytes(content) for content in part_list.contents] for part_list in lists))


def digest(raw: JsonBytes) -> bytes:
    """The first 8 bytes of the SHA-256 of a part's exact bytes; its address within a session."""
    return hashlib.sha256(raw).digest()[:DIGEST_BYTES]


# --- reading JSON without decoding it -------------------------------------------------------------------------------


def object_fields(raw: JsonBytes) -> dict[str, JsonBytes]:
    """The members of a JSON object as the exact bytes of their values; of equal keys the last one counts.

    Raises DocumentError when it is no JSON object. What strict JSON refuses and Python's parser takes (NaN,
    Infinity, lone surrogates) is understood too.
    """
    try:
        fields = _OBJECT.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return _LenientText(raw).fields()
    # Small values are handled often, so as plain bytes; large ones stay views of their document.
    return {key: bytes(item) if len(item) < VIEWED_BYTES else item for key, item in fields.items()}


def array_items(raw: JsonBytes) -> list[JsonBytes]:
    """The items of a JSON array as exact bytes; otherwise like `object_fields`."""
    try:
        return _ARRAY.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return _LenientText(raw).items()


def check_utf8(raw: bytes) -> None:
    """Raise DocumentError unless these bytes are UTF-8: cutting JSON into values does not look into its texts."""
    if raw.isascii():
        return
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(raw), _CHECKED_BYTES):
        try:
            decoder.decode(raw[start : start + _CHECKED_BYTES], final=start + _CHECKED_BYTES >= len(raw))
        except UnicodeDecodeError as error:
            raise DocumentError(f"not UTF-8: {error.reason} near byte {start + error.start}") from None


class _LenientText:
    """JSON text cut into its items by Python's own parser, which takes what strict JSON refuses."""

    # Numbers are only measured here, never converted.
    _DECODER = json.JSONDecoder(parse_int=str, parse_float=str)
    _SPACE = re.compile(r"[ \t\n\r]*")
    _BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')

    def __init__(self, raw: JsonBytes) -> None:
        try:
            self.text = bytes(raw).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise DocumentError(f"not UTF-8: {error.reason} at byte {error.start}") from None
        self.at = 0

    def items(self) -> list[JsonBytes]:
        return self._cut("[", "]", self._item)

    def fields(self) -> dict[str, JsonBytes]:
        return dict(self._cut("{", "}", self._member))

    def _cut(self, opening: str, closing: str, read: Callable[[], Any]) -> list[Any]:
        try:
            if self._peek() != opening:
                value, _ = self._DECODER.raw_decode(self.text, self.at)
                wanted = "object" if opening == "{" else "array"
                raise DocumentError(f"expected a JSON {wanted}, got {json_kind(value)}")
            self.at += 1
            found = [] if self._peek() == closing else [read()]
            while self._peek() == ",":
                self.at += 1
                found.append(read())
            self._expect(closing)
            if self._peek():
                raise json.JSONDecodeError("Extra data", self.text, self.at)
        except RecursionError:
            raise DocumentError("nested too deeply: at most about 900 levels are understood") from None
        except DocumentError:
            raise
        except ValueError as error:
            raise DocumentError(f"not valid JSON: {error}") from None
        return found

    def _item(self) -> bytes:
        start = self._start()
        try:
            return self._value(start)
        except RecursionError:
            # Whoever reads this item will refuse it; its neighbours are fine.
            self.at = self._end_of_nested(start)
            return self.text[start : self.at].encode()

    def _value(self, start: int) -> bytes:
        _, self.at = self._DECODER.raw_decode(self.text, start)
        return self.text[start : self.at].encode()

    def _start(self) -> int:
        self._peek()
        return self.at

    def _end_of_nested(self, start: int) -> int:
        """Where the object or array that begins at `start` ends, told by its brackets alone."""
        depth = 0
        for token in self._BRACKETS.finditer(self.text, start):
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
            if depth == 0:
                return token.end()
        raise json.JSONDecodeError("Unterminated value starting at", self.text, start)

    def _member(self) -> tuple[str, bytes]:
        key, self.at = self._DECODER.raw_decode(self.text, self._start())
        if not isinstance(key, str):
            raise json.JSONDecodeError("Expecting property name enclosed in double quotes", self.text, self.at)
        self._expect(":")
        return key, self._value(self._start())

    def _peek(self) -> str:
        """The next character that is no white space; "" at the end."""
        self.at = self._SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]
        return self.text[self.at : self.at + 1]

    def _expect(self, character: str) -> None:
        if self._peek() != character:
            raise json.JSONDecodeError(f"Expecting {character!r}", self.text, self.at)
        self.at += 1


def loads(raw: JsonBytes) -> Any:
    """Decode JSON as Python's parser sees it (NaN, lone surrogates and big integers included).

    Raises DocumentError. Integers of more than 4,300 digits come back as text.
    """
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError, ValueError):
        pass
    try:
        return json.loads(bytes(raw).decode("utf-8-sig"), parse_int=_parse_int)
    except RecursionError:
        raise DocumentError("nested too deeply: at most about 900 levels are understood") from None
    except ValueError as error:
        raise DocumentError(f"not valid JSON: {error}") from None


def _parse_int(text: str) -> int | str:
    try:
        return int(text)
    except ValueError:
        return text


def json_kind(value: Any) -> str:
    """The JSON name of a decoded value's kind, for error messages."""
    names = {dict: "object", list: "array", str: "string", bool: "boolean", int: "number", float: "number"}
    return "null" if value is None else names.get(type(value), "number")


_KINDS = {ord("{"): "object", ord("["): "array", ord('"'): "string", ord("n"): "null"}
_KINDS |= {ord("t"): "boolean", ord("f"): "boolean"}


def kind_of(raw: JsonBytes) -> str:
    """The JSON kind of exact bytes, told by their first character."""
    first = raw[0] if type(raw) is bytes else memoryview(raw)[0]
    return _KINDS.get(first, "number")


# --- splitting ------------------------------------------------------------------------------------------------------


Cut = Callable[[JsonBytes], bytes]


class Splitter:
    """Collects the parts of one document while its skeleton is written.

    The wire modules say which member holds what: they hand each list of messages, system prompt or tool
    definitions to `items` or `item` and everything else to `rest`. With a memory and the conversation's key, or its
    caller when it has none, input arrays that begin as an earlier one are only read from where they differ.
    """

    def __init__(self, memory: ArrayMemory | None = None, key: str = "", caller: str = "") -> None:
        self.document = SplitDocument(b"")
        self.memory = memory
        self.key = key
        self.caller = caller

    def items(self, letter: str, raw: JsonBytes, kind: PartKind) -> bytes:
        """Cut each item of an array out; anything but an array of objects or texts becomes one part as a whole."""
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
        return b"[\x01%s%d;]" % (letter.encode(), len(contents))

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
        # Texts without roles, as for embeddings, are no conversation that goes on.
        if self.key or base or kind_of(contents[0]) == "object":
            parts.array = KnownArray(text[:-1].rstrip(), list(parts.digests))
            self.memory.remember(key, parts.array, base)
        return b"[\x01i%d;]" % len(parts.digests)

    def item(self, letter: str, raw: JsonBytes, kind: PartKind) -> bytes:
        """Cut one value out; null stays where it is."""
        if kind_of(raw) == "null":
            return b"null"
        self._list(letter).add(raw, kind)
        return b"\x01%s1;" % letter.encode()

    def rest(self, raw: JsonBytes, depth: int = 0) -> bytes:
        """Keep a value in the skeleton, but cut out what is large in it (long texts, arrays, price maps)."""
        size = len(raw)
        if size < LARGE_VALUE_BYTES:
            return bytes(raw)
        if kind_of(raw) != "object" or depth >= MAX_OBJECT_DEPTH:
            return self.item("c", raw, PartKind.OTHER)
        fields = object_fields(raw)
        if size >= WIDE_OBJECT_BYTES and all(len(v) < LARGE_VALUE_BYTES for v in fields.values()):
            return self.item("c", raw, PartKind.OTHER)
        return self.object(fields, {}, depth)

    def object(self, fields: dict[str, JsonBytes], cut: Mapping[str, Cut], depth: int) -> bytes:
        """Write an object: a member named in `cut` as that function says, any other as `rest` does."""
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
        """Write an object whose member values `write(key, value)` gives."""
        written = [(_KEYS.get(key) or _key(key)) + write(key, value) for key, value in fields.items()]
        return b"{" + b",".join(written) + b"}"

    def finish(self, skeleton: bytes) -> SplitDocument:
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
    """Split a document of which nothing is known: every large value becomes a part of the context list."""
    splitter = Splitter()
    return splitter.finish(splitter.rest(raw))


def join(skeleton: bytes, input: Sequence[bytes], output: Sequence[bytes], context: Sequence[bytes]) -> bytes:
    """Fill the holes of a skeleton: the document's JSON bytes. Raises IndexError when parts are missing."""
    lists = {b"i": iter(input), b"o": iter(output), b"c": iter(context)}

    def fill(hole: re.Match[bytes]) -> bytes:
        parts = lists[hole[1]]
        try:
            return b",".join([next(parts) for _ in range(int(hole[2]))])
        except StopIteration:
            raise IndexError("the skeleton has more holes than parts were given") from None

    return _HOLE.sub(fill, skeleton)


# --- lists of digests -----------------------------------------------------------------------------------------------


def pack_digests(digests: Sequence[bytes]) -> tuple[bytes, dict[bytes, bytes]]:
    """Write an ordered list of digests as few bytes: full blocks of 32 by their own digest, then the tail.

    Requests of one session re-send their history, so they share all full blocks; a block is content-addressed and
    stored once, which needs no earlier request to refer to. Returns the packed list (2 bytes: number of blocks;
    8 bytes a block; 8 bytes a digest of the tail) and the blocks by digest.
    """
    full = len(digests) // BLOCK_PARTS
    blocks: dict[bytes, bytes] = {}
    packed = [full.to_bytes(COUNT_BYTES, "big")]
    for index in range(full):
        content = b"".join(digests[index * BLOCK_PARTS : (index + 1) * BLOCK_PARTS])
        address = digest(content)
        blocks[address] = content
        packed.append(address)
    packed.extend(digests[full * BLOCK_PARTS :])
    return (b"".join(packed), blocks) if digests else (b"", {})


def packed_blocks(packed: bytes) -> list[bytes]:
    """The digests of the blocks that a packed list refers to."""
    packed = bytes(packed)
    count = int.from_bytes(packed[:COUNT_BYTES], "big")
    return _chunks(packed[COUNT_BYTES : COUNT_BYTES + count * DIGEST_BYTES])


def unpack_digests(packed: bytes, blocks: dict[bytes, bytes]) -> list[bytes]:
    """The digests of a packed list in order; `blocks` holds the contents of its blocks."""
    packed = bytes(packed)
    addresses = packed_blocks(packed)
    tail = _chunks(packed[COUNT_BYTES + len(addresses) * DIGEST_BYTES :])
    return [d for address in addresses for d in _chunks(bytes(blocks[address]))] + tail


def _chunks(data: bytes) -> list[bytes]:
    return [data[i : i + DIGEST_BYTES] for i in range(0, len(data), DIGEST_BYTES)]


def packed_count(packed: bytes) -> int:
    """How many digests a packed list stands for."""
    packed = bytes(packed)
    if not packed:
        return 0
    full = int.from_bytes(packed[:COUNT_BYTES], "big")
    return full * BLOCK_PARTS + (len(packed) - COUNT_BYTES) // DIGEST_BYTES - full
