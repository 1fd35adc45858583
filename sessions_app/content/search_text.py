"""Text as the search index sees it, documents and queries alike."""

from __future__ import annotations

import re
import unicodedata
from itertools import chain

WORD_CHARS = 64
_NOT_WORD = re.compile(r"[\W_]+")
# ASCII text, which is most of it, is done byte by byte in C.
_ASCII_WORDS = bytes(ord(chr(code).lower()) if chr(code).isalnum() else ord(" ") for code in range(128)) + bytes(128)
# Scripts written without spaces: each character is a word of its own, and several of them a phrase.
_CJK = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]+")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# A tsvector counts positions up to here and takes later ones for this one.
_POSITIONS = [f":{position} " for position in range(1, 16_384)]


def words_of(text: str) -> list[str]:
    """NFKC, lower case, split at every non-word character, CJK characters apart, words over 64 characters dropped."""
    if text.isascii():
        words = text.encode().translate(_ASCII_WORDS).decode().split()
    else:
        text = unicodedata.normalize("NFKC", _UNSTORABLE.sub(" ", text))
        text = _CJK.sub(lambda run: f" {' '.join(run[0])} ", text)
        words = _NOT_WORD.sub(" ", text).lower().split()
    if words and len(max(words, key=len)) > WORD_CHARS:
        return [word for word in words if len(word) <= WORD_CHARS]
    return words


def as_vector(words: list[str]) -> str:
    """Words as PostgreSQL reads a tsvector: each with its position. They hold nothing that needs quotes."""
    return "".join(chain.from_iterable(zip(words, _POSITIONS, strict=False)))
