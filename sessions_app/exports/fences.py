"""Texts of strangers in a Markdown file: in fences and in code spans, which nothing in them can end."""

from __future__ import annotations

import re

from sessions_app.pages.html.plain_text import visible

_TICKS = re.compile("`+")
# What turns the letters of a line around, and what nobody sees and models read.
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_TAGS = re.compile("[\U000e0000-\U000e007f]+")
_LINE_ENDS = re.compile("\r\n?|[\u2028\u2029\x85]")
_LANGUAGE = re.compile(r"[a-z]{1,20}")


def harmless(text: str) -> str:
    """A text that a file can hold, its characters in their order: what is not seen is named."""
    text = _LINE_ENDS.sub("\n", text)
    if not text.isascii():
        text = _TURNS.sub(lambda match: f"[U+{ord(match[0]):04X}]", text)
        text = _TAGS.sub(lambda match: f"[hidden: {_of_tags(match[0])}]", text)
    return visible(text)


def _of_tags(tags: str) -> str:
    return "".join(chr(code) for tag in tags if 0x20 <= (code := ord(tag) - 0xE0000) < 0x7F)


def fenced(text: str, language: str = "text") -> str:
    """A block of code. Its fence is longer than any run of backticks in it."""
    text = harmless(text)
    fence = "`" * max(3, _longest_run(text) + 1)
    language = language if _LANGUAGE.fullmatch(language) else "text"
    return f"{fence}{language}\n{text}{'' if text.endswith(chr(10)) else chr(10)}{fence}\n"


def span(text: str, most: int = 200) -> str:
    """A name or a line as a code span; of a long one the beginning."""
    line = " ".join(harmless(text[: most * 2]).split())
    line = f"{line[:most]}…" if len(line) > most or len(text) > most * 2 else line
    if not line:
        return "–"
    ticks = "`" * (_longest_run(line) + 1)
    pad = " " if line[0] == "`" or line[-1] == "`" else ""
    return f"{ticks}{pad}{line}{pad}{ticks}"


def _longest_run(text: str) -> int:
    return max(map(len, _TICKS.findall(text)), default=0)
