"""JSON text for reading: indented, with every value as it was written, and drawn in several inks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from markupsafe import Markup

from sessions_app import bounds
from sessions_app.pages.html.excerpts import MESSAGE_CHARS, MESSAGE_LINES, Excerpt, excerpt
from sessions_app.pages.html.plain_text import inked, spelled, spelled_str

# Longer text is not indented: it takes too long, and the many elements make a browser slow.
MOST_INDENTED_CHARS = 400_000
MOST_DRAWN_CHARS = 20_000
MOST_DRAWN_TOKENS = 5_000
# The HTML of texts up to this length is kept, of at most this many: tools are defined anew with each request.
MOST_REMEMBERED_CHARS, REMEMBERED = 3_000, 300
# What is nested more deeply is indented to this level.
MOST_LEVELS = 40
# The most white space that indenting adds: for each character of the text, and in addition for the whole text.
MOST_ADDED, ADDED_TO_ANY = 4, 8_000
# To show the beginning of a text, one up to this length is indented whole and then cut, of a longer one only the
# beginning is indented.
_WHOLE_CHARS = 20_000

# A string that never ends goes to the end of the text. If each of its quotes were tried as a beginning, matching would
# take the square of the length.
_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)'
_TOKEN = re.compile(rf'{_STRING}|[{{}}\[\],:]|[^\s{{}}\[\],:"]++', re.DOTALL)
# What it is drawn by: keys, strings, punctuation, and all else.
DRAWN = re.compile(
    rf'(?P<k>{_STRING}(?=\s*+:))|(?P<s>{_STRING})|(?P<p>[{{}}\[\],:])|(?P<n>[^\s{{}}\[\],:"]++)', re.DOTALL
)
_NEW_LINES = ["\n" + "  " * level for level in range(MOST_LEVELS + 1)]


@dataclass(frozen=True, slots=True)
class Indented:
    """JSON text with line breaks and two spaces a level. Its last `plain_chars` characters are not indented."""

    text: str
    plain_chars: int = 0


def indented(text: str) -> str:
    """JSON text with line breaks and two spaces a level. Every value stays as it was written."""
    return indent(text).text


def indent(text: str) -> Indented:
    """The same, and how much is not indented: all of a very long text, the end of one that is nested too deeply."""
    budget = bounds.current()
    if len(text) > min(MOST_INDENTED_CHARS, budget.work_left):
        return Indented(text, len(text))
    budget.spend(work=len(text))
    pieces: list[str] = []
    rest = ADDED_TO_ANY + MOST_ADDED * len(text)
    for token, space, start in _spaced(text):
        rest -= len(space)
        if rest < 0:
            return Indented("".join(pieces) + text[start:], len(text) - start)
        pieces.append(space)
        pieces.append(token)
    return Indented("".join(pieces))


def beginning(text: str, chars: int = MESSAGE_CHARS, lines: int = MESSAGE_LINES) -> Excerpt:
    """The beginning of a JSON text, indented, with at most this many characters and lines. No more of it is read.

    The hidden characters of a long text are counted before indenting.
    """
    if len(text) <= _WHOLE_CHARS:
        return excerpt(indented(text), chars, lines)
    chars, lines = bounds.at_most(chars), bounds.at_most(lines)
    bounds.current().spend(work=min(chars, len(text)))
    pieces: list[str] = []
    size, broken, end = 0, 0, 0
    for token, space, start in _spaced(text):
        pieces += (space, token)
        size, broken, end = size + len(space) + len(token), broken + (space[:1] == "\n"), start + len(token)
        if size >= chars or broken >= lines:
            break
    found = excerpt("".join(pieces), chars, lines)
    # Of what was read, only the last token can be longer than what is shown.
    return Excerpt(found.shown, len(text) - end + min(found.hidden_chars, len(pieces[-1]) if pieces else 0))


def _spaced(text: str) -> Iterator[tuple[str, str, int]]:
    """Each token with the white space before it, and where it stands."""
    depth, previous = 0, ""
    for match in _TOKEN.finditer(text):
        token, space = match[0], ""
        if token in ("}", "]"):
            depth -= 1
            if previous not in ("{", "["):
                space = _new_line(depth)
        elif previous in ("{", "[", ","):
            space = _new_line(depth)
        elif previous == ":":
            space = " "
        yield token, space, match.start()
        if token in ("{", "["):
            depth += 1
        previous = token


def _new_line(depth: int) -> str:
    return _NEW_LINES[depth if 0 <= depth <= MOST_LEVELS else 0 if depth < 0 else MOST_LEVELS]


def drawn(text: str) -> Markup:
    """The HTML of JSON text, with an ink each for keys, strings, other values and punctuation."""
    if len(text) > MOST_DRAWN_CHARS:
        return spelled(text)
    return _remembered(text) if len(text) <= MOST_REMEMBERED_CHARS else _drawn(text)


@lru_cache(REMEMBERED)
def _remembered(text: str) -> Markup:
    return _drawn(text)


def _drawn(text: str) -> Markup:
    pieces, end = [], 0
    for count, match in enumerate(DRAWN.finditer(text)):
        if count >= MOST_DRAWN_TOKENS:
            break
        pieces.append(spelled_str(text[end : match.start()]))
        pieces.append(inked(match[0], match.lastgroup or ""))
        end = match.end()
    pieces.append(spelled_str(text[end:]))
    return Markup("".join(pieces))  # noqa: S704 - escaped


def is_json(text: str) -> bool:
    """Whether a text looks like a JSON object or array as a whole."""
    stripped = text.strip()
    return stripped[:1] + stripped[-1:] in ("{}", "[]")
