"""Long texts: how much of them is shown at first, and in which pieces the rest is fetched."""

from __future__ import annotations

from dataclasses import dataclass

from sessions_app.pages.html.finding import reach
from sessions_app.pages.html.terminal import before_sequence

MESSAGE_CHARS, MESSAGE_LINES = 2_000, 40
RESULT_LINES = 12
# A text up to this length is shown whole when somebody asks for it, as Markdown; a longer one in pieces, as plain text.
WHOLE_CHARS = 40_000
PIECE_CHARS = 100_000


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The beginning of a text, and how many characters follow it."""

    shown: str
    hidden_chars: int


def excerpt(text: str, chars: int = MESSAGE_CHARS, lines: int = MESSAGE_LINES) -> Excerpt:
    """The beginning of a text, with at most this many characters and lines, unless something is found beyond them."""
    end = before_sequence(text, reach(text, min(_end_of_lines(text, lines), chars)))
    if end >= len(text):
        return Excerpt(text, 0)
    return Excerpt(text[:end], len(text) - end)


def _end_of_lines(text: str, lines: int) -> int:
    position = -1
    for _ in range(lines):
        position = text.find("\n", position + 1)
        if position < 0:
            return len(text)
    return position


@dataclass(frozen=True, slots=True)
class Piece:
    """A window of a very long text; `next_offset` is None at its end."""

    text: str
    offset: int
    total_chars: int

    @property
    def next_offset(self) -> int | None:
        end = self.offset + len(self.text)
        return end if end < self.total_chars else None

    @property
    def hidden_chars(self) -> int:
        return self.total_chars - self.offset - len(self.text)


def piece(text: str, offset: int) -> Piece:
    """The window of a text that begins at `offset`."""
    offset = max(0, min(offset, len(text)))
    return Piece(text[offset : offset + PIECE_CHARS], offset, len(text))
