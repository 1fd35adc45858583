"""Text as words of the search index. What is stored and what is searched for are treated alike."""

from __future__ import annotations

import re
import unicodedata
from itertools import chain

from sessions_app.content import base64_text

WORD_CHARS = 64
_NOT_WORD = re.compile(r"[\W_]+")
# Most text is ASCII, for which one table does it all, in C.
_ASCII_WORDS = bytes(ord(chr(code).lower()) if chr(code).isalnum() else ord(" ") for code in range(128)) + bytes(128)
# Chinese, Japanese and Korean: each character is a word, so that any of them can be found without knowing the words.
_CJK = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]+")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# The positions that a tsvector can hold; PostgreSQL gives all later words the last one.
_POSITIONS = [f":{position} " for position in range(1, 16_384)]


def words_of(text: str) -> list[str]:
    """The words of a text, normalised (NFKC) and in lower case; base64 and words of more than 64 characters are left
    out.
    """
    words = _words(text)
    if not words or len(max(words, key=len)) <= WORD_CHARS:
        return words
    # Base64 falls into words at its punctuation, most of which are short.
    without = base64_text.removed(text)
    words = words if without == text else _words(without)
    return [word for word in words if len(word) <= WORD_CHARS]


def _words(text: str) -> list[str]:
    if text.isascii():
        return text.encode().translate(_ASCII_WORDS).decode().split()
    text = unicodedata.normalize("NFKC", _UNSTORABLE.sub(" ", text))
    text = _CJK.sub(lambda run: f" {' '.join(run[0])} ", text)
    return _NOT_WORD.sub(" ", text).lower().split()


def as_vector(words: list[str]) -> str:
    """Words as the text of a tsvector: each with its position. They hold nothing that needs quotes."""
    return "".join(chain.from_iterable(zip(words, _POSITIONS, strict=False)))
