"""JSON text for reading: indented without changing any value, and drawn with ink weights."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sessions_app import bounds
from sessions_app.pages.html.excerpts import MESSAGE_CHARS, MESSAGE_LINES, Excerpt, excerpt
from sessions_app.pages.html.plain_text import shown

# Longer text is shown as it came: indenting it would take too long, and a browser would choke on so many elements.
MOST_INDENTED_CHARS = 400_000
MOST_DRAWN_CHARS = 20_000
MOST_DRAWN_TOKENS = 5_000
# What is nested deeper stands at this level. Of white space this much is added for each character, and to any text.
MOST_LEVELS = 40
MOST_ADDED, ADDED_TO_ANY = 4, 8_000
# The beginning of a longer text is indented by itself; a shorter one is indented whole, and then cut.
_WHOLE_CHARS = 20_000

# A string that never ends goes to the end of the text: looked for again at each quote, it would take the square.
_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)'
_TOKEN = re.compile(rf'{_STRING}|[{{}}\[\],:]|[^\s{{}}\[\],:"]++', re.DOTALL)
_DRAWN = re.compile(
    rf'(?P<k>{_STRING}(?=\s*+:))|(?P<s>{_STRING})|(?P<p>[{{}}\[\],:])|(?P<n>[^\s{{}}\[\],:"]++)', re.DOTALL
)
_NEW_LINES = ["\n" + "  " * level for level in range(MOST_LEVELS + 1)]


@dataclass(frozen=True, slots=True)
class Indented:
    """JSON text with line breaks and two spaces a level; the last `plain_chars` characters are as they came."""

    text: str
    plain_chars: int = 0


def indented(text: str) -> str:
    """JSON text with line breaks and two spaces a level; every value stays as it was written."""
    return indent(text).text


def indent(text: str) -> Indented:
    """The same, with how much of it is as it came: all of a very long text, the end of one that is nested absurdly."""
    budget = bounds.current()
    if len(text) > min(MOST_INDENTED_CHARS, budget.work_left):
        return Indented(text, len(text))
    budget.spend(work=len(text))
    pieces, rest = [], ADDED_TO_ANY + MOST_ADDED * len(text)
    for token, space, start in _spaced(text):
        rest -= len(space)
        if rest < 0:
            return Indented("".join(pieces) + text[start:], len(text) - start)
        pieces.append(space)
        pieces.append(token)
    return Indented("".join(pieces))


def beginning(text: str, chars: int = MESSAGE_CHARS, lines: int = MESSAGE_LINES) -> Excerpt:
    """At most so many characters and lines of a JSON text, indented; of a long one only as much is read.

    What is hidden of that is counted in characters as they came.
    """
    if len(text) <= _WHOLE_CHARS:
        return excerpt(indented(text), chars, lines)
    bounds.current().spend(work=chars)
    pieces, size, broken, end = [], 0, 0, 0
    for token, space, start in _spaced(text):
        pieces += (space, token)
        size, broken, end = size + len(space) + len(token), broken + (space[:1] == "\n"), start + len(token)
        if size >= chars or broken >= lines:
            break
    found = excerpt("".join(pieces), chars, lines)
    # Only the last token may be longer than what is shown.
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


def drawn(text: str) -> str:
    """The HTML of JSON text, its punctuation faint and its keys lighter than its values."""
    if len(text) > MOST_DRAWN_CHARS:
        return shown(text)
    pieces, end = [], 0
    for count, match in enumerate(_DRAWN.finditer(text)):
        if count >= MOST_DRAWN_TOKENS:
            break
        pieces.append(shown(text[end : match.start()]))
        pieces.append(f'<span class="{match.lastgroup}">{shown(match[0])}</span>')
        end = match.end()
    pieces.append(shown(text[end:]))
    return "".join(pieces)


def is_json(text: str) -> bool:
    """Whether a text looks like a JSON object or array as a whole."""
    stripped = text.strip()
    return stripped[:1] + stripped[-1:] in ("{}", "[]")
