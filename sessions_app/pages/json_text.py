"""JSON text for reading: indented without changing any value, and drawn with ink weights."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sessions_app.pages.plain_text import shown

# Longer text is shown as it came: indenting it would take too long, and a browser would choke on so many elements.
MOST_INDENTED_CHARS = 400_000
MOST_DRAWN_CHARS = 20_000

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
_DRAWN = re.compile(
    r'(?P<k>"(?:[^"\\]|\\.)*"(?=\s*:))|(?P<s>"(?:[^"\\]|\\.)*")|(?P<p>[{}\[\],:])|(?P<n>[^\s{}\[\],:"]+)', re.DOTALL
)


def indented(text: str) -> str:
    """JSON text with line breaks and two spaces a level; every value stays as it was written."""
    return text if len(text) > MOST_INDENTED_CHARS else "".join(_indented(text))


def _indented(text: str) -> Iterator[str]:
    depth, previous = 0, ""
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token in ("}", "]"):
            depth -= 1
            if previous not in ("{", "["):
                yield _new_line(depth)
        elif previous in ("{", "[", ","):
            yield _new_line(depth)
        yield ": " if token == ":" else token  # noqa: S105 - of JSON
        if token in ("{", "["):
            depth += 1
        previous = token


def _new_line(depth: int) -> str:
    return "\n" + "  " * max(depth, 0)


def drawn(text: str) -> str:
    """The HTML of JSON text, its punctuation faint and its keys lighter than its values."""
    if len(text) > MOST_DRAWN_CHARS:
        return shown(text)
    pieces, end = [], 0
    for match in _DRAWN.finditer(text):
        pieces.append(shown(text[end : match.start()]))
        pieces.append(f'<span class="{match.lastgroup}">{shown(match[0])}</span>')
        end = match.end()
    pieces.append(shown(text[end:]))
    return "".join(pieces)


def is_json(text: str) -> bool:
    """Whether a text looks like a JSON object or array as a whole."""
    stripped = text.strip()
    return stripped[:1] + stripped[-1:] in ("{}", "[]")
