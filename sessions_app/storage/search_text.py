"""Text as the search index sees it, documents and queries alike."""

from __future__ import annotations

import re
import unicodedata

WORD_CHARS = 64
_NOT_WORD = re.compile(r"[\W_]+")
# Scripts written without spaces: each character is a word of its own, and several of them a phrase.
_CJK = re.compile("([\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff])")
_LONG_WORD = re.compile(r"\S{%d,}" % (WORD_CHARS + 1))
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def normalise(text: str) -> str:
    """NFKC, lower case, every non-word character a space, CJK characters apart, words over 64 characters dropped."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _UNSTORABLE.sub(" ", text))
        text = _CJK.sub(r" \1 ", text)
    text = _NOT_WORD.sub(" ", text)
    return _LONG_WORD.sub(" ", text).lower().strip()
