"""A split document: its parts, its skeleton, and how they are joined again. `splitting` makes one.

Everything works on the *bytes* of JSON values: a part is kept exactly as it was sent, so `\\u0000`, lone
surrogates, huge numbers and the order of keys survive. Only white space between the members of a split object is lost.

A skeleton is JSON text with holes. A hole is `\\x01`, the letter of a list, a count and `;`: it stands for the next
`count` parts of that list, joined by commas. With `@` and a number before the `;` it stands for those from that number
on, where a body does not have its messages in the order of the conversation. JSON never holds a raw `\\x01`, so no key
or value can look like a hole.

A list may end with parts that no hole stands for: they were made of what was sent, such as an answer of its stream.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import islice

from sessions_app.content.array_memory import KnownArray
from sessions_app.content.json_bytes import JsonBytes, array_items

DIGEST_BYTES = 8
_HOLE = re.compile(rb"\x01([ioc])(\d+)(?:@(\d+))?;")


class PartKind(IntEnum):
    """What a part is; the numbers are stored. UNREAD: texts of a request or response that are not read as a message."""

    MESSAGE = 1
    SYSTEM = 2
    TOOL = 3
    OTHER = 4
    BUNDLE = 5
    UNREAD = 6


class PartList:
    """The parts in one list of a document, in order: their digests (8 bytes each), exact JSON bytes and kinds.

    An array may begin with the same items as an array that is remembered. These items are not cut out until somebody
    asks for their bytes.
    """

    __slots__ = ("_contents", "_text", "array", "base", "digests", "kinds")

    def __init__(self) -> None:
        self.digests: list[bytes] = []
        self.kinds: list[PartKind] = []
        # The remembered array that this list begins with, and this list itself as it is remembered.
        self.base: KnownArray | None = None
        self.array: KnownArray | None = None
        self._text = b""
        self._contents: list[JsonBytes] = []

    def add(self, raw: JsonBytes, kind: PartKind) -> None:
        self.digests.append(digest(raw))
        self._contents.append(raw)
        self.kinds.append(kind)

    def begin_with(self, base: KnownArray, text: bytes, kind: PartKind) -> None:
        """Take over the items of a remembered array. `text` is the whole array, which begins with them."""
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
    """The first 8 bytes of the SHA-256 of a part's exact bytes: the part's address within its session."""
    return hashlib.sha256(raw).digest()[:DIGEST_BYTES]


def join(skeleton: bytes, input: Sequence[bytes], output: Sequence[bytes], context: Sequence[bytes]) -> bytes:
    """The document's JSON bytes: the skeleton with its holes filled. Raises IndexError when parts are missing."""
    given = {b"i": input, b"o": output, b"c": context}
    lists = {letter: iter(parts) for letter, parts in given.items()}

    def fill(hole: re.Match[bytes]) -> bytes:
        count, start = int(hole[2]), hole[3]
        found = given[hole[1]][int(start) : int(start) + count] if start else list(islice(lists[hole[1]], count))
        if len(found) < count:
            raise IndexError("the skeleton has more holes than parts were given")
        return b",".join(found)

    return _HOLE.sub(fill, skeleton)
