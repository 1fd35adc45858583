"""Text as the search index sees it, documents and queries alike."""

from __future__ import annotations

import re
import unicodedata
from itertools import chain

WORD_CHARS = 64
_NOT_WORD = re.compile(r"[\W_]+")
# ASCII text, which is most of it, is done character by character in C.
_ASCII_WORDS = {code: chr(code).lower() if chr(code).isalnum() else " " for code in range(128)}
# Scripts written without spaces: each character is a word of its own, and several of them a phrase.
_CJK = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]+")
_LONG_WORD = re.compile(rf"\S{{{WORD_CHARS + 1},}}")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# A tsvector counts positions up to here and takes later ones for this one.
_MOST_POSITIONS = 16_383
_POSITIONS = [f":{position} " for position in range(1, _MOST_POSITIONS + 1)]


def normalise(text: str) -> str:
    """NFKC, lower case, every non-word character a space, CJK characters apart, words over 64 characters dropped."""
    if text.isascii():
        text = text.translate(_ASCII_WORDS)
    else:
        text = unicodedata.normalize("NFKC", _UNSTORABLE.sub(" ", text))
        text = _CJK.sub(lambda run: f" {' '.join(run[0])} ", text)
        text = _NOT_WORD.sub(" ", text).lower()
    return _LONG_WORD.sub(" ", text).strip()


def as_vector(words: str) -> str:
    """Normalised words as PostgreSQL reads a tsvector: each with its position. They hold nothing to be quoted."""
    return "".join(chain.from_iterable(zip(words.split(), _POSITIONS, strict=False)))
