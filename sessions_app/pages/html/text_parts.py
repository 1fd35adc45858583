"""What in the text of a message is no prose: calls that a model writes as elements, and blocks of SEARCH and REPLACE.

Agents that know no other calls (Cline, Aider) ask models for these. Markdown would take their lines for headings,
quotes and one long line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

MOST_PARTS, _MOST_TRIED = 40, 100

# An element with a name of several words, in which parameters are elements, or JSON.
_BEGIN = re.compile(
    r"^(?:<([a-z]{2,20}(?:_[a-z]{2,20}){1,4})>[ \t]*\n(?=\s{0,20}(?:<[a-z_]{2,40}>|\{))|<{5,9} ?SEARCH[ \t]*$)",
    re.MULTILINE,
)
_END_OF_CHANGE = re.compile(r"^>{5,9} ?REPLACE[ \t]*$", re.MULTILINE)
_FENCE = re.compile(r"^ {0,3}(?:```|~~~)", re.MULTILINE)


class TextPart(NamedTuple):
    """A stretch of a text."""

    kind: Literal["prose", "call", "change"]
    text: str


def blocks_of(text: str) -> Iterator[TextPart]:
    """A text in order, as prose and what is none. A text of nothing else is one stretch of prose."""
    place = position = parts = 0
    for _ in range(_MOST_TRIED):
        found = _BEGIN.search(text, position) if parts < MOST_PARTS else None
        if found is None:
            break
        position, end = found.end(), _end_of(text, found)
        # Within a block of code it is code already.
        if end < 0 or len(_FENCE.findall(text, place, found.start())) % 2:
            continue
        if text[place : found.start()].strip():
            yield TextPart("prose", text[place : found.start()])
        yield TextPart("call" if found[1] else "change", text[found.start() : end])
        place = position = end
        parts += 1
    if text[place:].strip() or not parts:
        yield TextPart("prose", text[place:])


def _end_of(text: str, begin: re.Match[str]) -> int:
    if begin[1] is None:
        found = _END_OF_CHANGE.search(text, begin.end())
        return found.end() if found else -1
    tag = f"\n</{begin[1]}>"
    end = text.find(tag, begin.end() - 1)
    return end + len(tag) if end >= 0 else -1
