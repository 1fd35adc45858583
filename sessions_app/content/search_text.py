"""Text as the search index sees it: normalised, and as the terms by which it is found.

What is stored and what is asked for are treated alike. `content/needles.py` has the other side: a query's words, which
find themselves in normalised text.
"""

from __future__ import annotations

import re
import struct
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from functools import cache

from sessions_app.content import base64_text

# A longer word is found by its beginning.
WORD_CHARS = 64
# Of words that have more letters, so many first ones are a term, too: `prefix*` needs no list of words.
PREFIX_CHARS = 4
# Control characters, which no normalised text has.
PREFIX_MARK, FACT_MARK = "\x02", "\x01"
# A long text is read in pieces, because its words take many times its memory.
PIECE_CHARS, OVERLAP_CHARS = 1_000_000, 2 * WORD_CHARS
MOST_REMEMBERED = 50_000
# Beyond so many words at a time, a text is hashed in pieces: its words would take too much memory.
MOST_WORDS = 100_000

# A hash as PostgreSQL sends one element of an int4[]: its length, its value.
_PACKED = struct.Struct("!iI")
_PREFIX_MARK = PREFIX_MARK.encode()
PACKED_BYTES = _PACKED.size

# Scripts that are written without spaces, and symbols. Each of their characters is a term, and each two in a row.
_WITHOUT_SPACES = (
    "\u0e00-\u0fff"  # Thai, Lao, Tibetan
    "\u1000-\u109f\u1780-\u17ff"  # Burmese, Khmer
    "\u2190-\u2bff"  # arrows and other symbols
    "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese, Japanese, Korean
    "\U0001f000-\U0001faff"  # emoji
)
_ODD = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
# Soft hyphens, joiners of words, and what chooses between the forms of a character: they make no other word.
INVISIBLE = "\u00ad\u2060\ufe0e\ufe0f\ufeff"
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
# Most text is ASCII, for which one table does it all, in C.
_ASCII_NORMAL = bytes(ord(_ODD.sub(" ", chr(code).lower())) for code in range(128)) + bytes(128)
_ASCII_WORDS = bytes(ord(chr(code).lower()) if chr(code).isalnum() else ord(" ") for code in range(128)) + bytes(128)


def normalised(text: str) -> str:
    """A text as it is looked through: `folded`, with one kind of apostrophe: models write typographic ones."""
    text = folded(text)
    return text if text.isascii() else text.replace("\u2019", "'").replace("\u2018", "'")


def folded(text: str) -> str:
    """A value as it is compared: NFKC, without case; control characters and lone surrogates are spaces."""
    if text.isascii():
        return text.encode("ascii").translate(_ASCII_NORMAL).decode("ascii")
    text = _INVISIBLE.sub("", text)
    # Folding the case may decompose: "ŉ" becomes two characters.
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", _ODD.sub(" ", text)).casefold())


@cache
def marks() -> str:
    """Combining marks as a class of regular expressions, without brackets. Python's `\\w` does not have them."""
    codes = [code for code in range(0x300, 0x1E95B) if unicodedata.category(chr(code)) in ("Mn", "Mc", "Me")]
    ranges: list[list[int]] = []
    for code in codes:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)


@cache
def signs() -> re.Pattern[str]:
    """What stands between words."""
    return re.compile(f"(?:[^\\w{marks()}]|_)+")


@cache
def _between_words() -> re.Pattern[str]:
    """The same where no underscore is left: a class alone is found much faster."""
    return re.compile(f"[^\\w{marks()}]+")


@cache
def without_spaces() -> re.Pattern[str]:
    """Runs of a script without spaces, or of symbols."""
    return re.compile(f"[{_WITHOUT_SPACES}]+")


def load() -> None:
    """Make the tables of characters, which takes a moment, before the first text is read."""
    signs()
    _between_words()
    without_spaces()


def has_spaces(character: str) -> bool:
    """Whether a character belongs to a script that parts words with spaces."""
    return not without_spaces().match(character)


def terms_of(text: str) -> set[str]:
    """The terms by which a text is found. Long runs of base64 are no text."""
    found: set[str] = set()
    for piece in pieces(text):
        words, pairs = words_and_pairs(piece)
        texts = {word.decode() for word in words}
        found |= texts | pairs | {PREFIX_MARK + word[:PREFIX_CHARS] for word in texts if len(word) > PREFIX_CHARS}
    return found


def pieces(text: str) -> Iterator[str]:
    """A long text in pieces that have all of its terms."""
    start = 0
    while len(text) - start > PIECE_CHARS:
        end = max(text.rfind(" ", start, start + PIECE_CHARS), text.rfind("\n", start, start + PIECE_CHARS))
        # A text without a space is cut anywhere. What begins just before the cut is read again as a whole.
        yield text[start : end if end > start else start + PIECE_CHARS]
        start = end if end > start else start + PIECE_CHARS - OVERLAP_CHARS
    yield text[start:] if start else text


def words_and_pairs(text: str) -> tuple[set[bytes], set[str]]:
    """The words of a text, in UTF-8; and of scripts without spaces the characters and pairs of characters."""
    if text.isascii():
        words = _ascii_words(text)
        if max(map(len, words), default=0) > WORD_CHARS:
            # Base64 falls into words at its punctuation, most of which are short.
            words = {word[:WORD_CHARS] for word in _ascii_words(base64_text.removed(text))}
        return words, set()
    words_in_text, pairs = _split(text)
    if max(map(len, words_in_text), default=0) > WORD_CHARS:
        words_in_text = {word[:WORD_CHARS] for word in _split(base64_text.removed(text))[0]}
    return {word.encode() for word in words_in_text}, pairs


def _ascii_words(text: str) -> set[bytes]:
    return set(text.encode().translate(_ASCII_WORDS).split())


def _split(text: str) -> tuple[set[str], set[str]]:
    text = normalised(text)
    pairs: set[str] = set()
    for run in without_spaces().findall(text):
        pairs |= set(run) | {run[i : i + 2] for i in range(len(run) - 1)}
    if pairs:
        text = without_spaces().sub(" ", text)
    return set(_between_words().sub(" ", text.replace("_", " ")).split()), pairs


def words_of(text: str) -> list[str]:
    """The words of a text in order, each character of a script without spaces for itself; without base64 and words of
    more than 64 characters.
    """
    words = _in_order(text)
    if not words or len(max(words, key=len)) <= WORD_CHARS:
        return words
    without = base64_text.removed(text)
    words = words if without == text else _in_order(without)
    return [word for word in words if len(word) <= WORD_CHARS]


def _in_order(text: str) -> list[str]:
    if text.isascii():
        return text.encode().translate(_ASCII_WORDS).decode().split()
    text = without_spaces().sub(lambda run: f" {' '.join(run[0])} ", normalised(text))
    return signs().sub(" ", text).split()


# --- hashes, salted with the project: a word that is common in one costs no other anything --------------------------


def hashes_of(terms: Iterable[str], project_id: int) -> list[int]:
    """The hashes of terms in the index of a project, signed 32 bits, sorted, each once."""
    hasher = Hasher(project_id)
    hasher.add(terms)
    return unpacked(hasher.packed())


def unpacked(hashes: bytes) -> list[int]:
    """The hashes that `Hasher` packed, sorted, each once."""
    return sorted({value for _, value in struct.iter_unpack("!ii", hashes)})


class Hasher:
    """Collects the terms of what a request says."""

    __slots__ = ("_packed", "_project_id", "_terms", "_words")

    def __init__(self, project_id: int) -> None:
        self._project_id = project_id
        # Words, whose first letters are a term, too; other terms.
        self._words: set[bytes] = set()
        self._terms: set[bytes] = set()
        self._packed: list[bytes] = []

    def add_text(self, text: str) -> None:
        for piece in pieces(text):
            words, pairs = words_and_pairs(piece)
            self._words |= words
            self.add(pairs)
            if len(self._words) + len(self._terms) > MOST_WORDS:
                self._pack()

    def add(self, terms: Iterable[str]) -> None:
        self._terms.update(term.encode("utf-8", "replace") for term in terms)

    def packed(self) -> bytes:
        """The hashes of all terms in no order; each once, if there are not very many."""
        self._pack()
        self._packed = [b"".join(self._packed)]
        return self._packed[0]

    def _pack(self) -> None:
        if len(self._words) + len(self._terms) > MOST_WORDS:
            # Of so many most are new, so it is no use to remember them.
            words = map(bytes.decode, self._words)
            self.add({PREFIX_MARK + word[:PREFIX_CHARS] for word in words if len(word) > PREFIX_CHARS})
            found = {_PACKED.pack(4, zlib.crc32(term)) for term in self._words | self._terms}
        else:
            found = self._remembered()
        self._packed.append(_salted(b"".join(found), self._project_id))
        self._words, self._terms = set(), set()

    def _remembered(self) -> set[bytes]:
        found = set(map(_hashes.__getitem__, self._words))
        found.update(map(_beginnings.__getitem__, self._words))
        found.update(map(_hashes.__getitem__, self._terms))
        return found


def _salted(hashes: bytes, project_id: int) -> bytes:
    salt = _PACKED.pack(0, zlib.crc32(project_id.to_bytes(8)) & 0x7FFFFFFF) * (len(hashes) // PACKED_BYTES)
    return (int.from_bytes(hashes) ^ int.from_bytes(salt)).to_bytes(len(hashes))


class _Hashes(dict[bytes, bytes]):
    """Packed hashes of terms. A few thousand words make most of all text, so they are remembered."""

    def __missing__(self, term: bytes) -> bytes:
        if len(self) > MOST_REMEMBERED:
            self.clear()
        value = self[term] = _PACKED.pack(4, zlib.crc32(term))
        return value


class _Beginnings(dict[bytes, bytes]):
    """Packed hashes of the beginnings of words; of short words those of the words."""

    def __missing__(self, word: bytes) -> bytes:
        if len(self) > MOST_REMEMBERED:
            self.clear()
        begins = word[:PREFIX_CHARS] if word.isascii() else word.decode()[:PREFIX_CHARS].encode()
        value = self[word] = _hashes[_PREFIX_MARK + begins if len(word) > len(begins) else word]
        return value


_hashes, _beginnings = _Hashes(), _Beginnings()
