"""What a query looks for in texts: a word, a phrase, the beginning of a word, or text with signs as it is written.

A needle knows the terms that every text must have in which it occurs (`content/search_text.py`), and finds itself in
normalised text. Terms only say where it may be: what counts is what is found in the text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import islice

from sessions_app.content.search_text import (
    INVISIBLE,
    PREFIX_CHARS,
    PREFIX_MARK,
    WORD_CHARS,
    has_spaces,
    marks,
    normalised,
    signs,
    without_spaces,
)

# From where to where, the end excluded.
Span = tuple[int, int]


class NoWordsError(ValueError):
    """A text has no letters, digits or symbols by which it could be found."""


@dataclass(frozen=True)
class Needle:
    """`text` as the user wrote it. `is_phrase`: it was in quotes. `is_prefix`: it had an asterisk at its end.

    A text without signs is a word or several next to each other, whatever stands between them. One with signs, such as
    `get_weather(`, is found as it is written, but for the case and the amount of white space: it begins where a word
    begins, and may end within one. In scripts without spaces any part of the text is found.
    """

    text: str
    is_phrase: bool = False
    is_prefix: bool = False

    def __post_init__(self) -> None:
        if not self._words and not self._grams:
            raise NoWordsError(self.text)

    @cached_property
    def normal(self) -> str:
        return " ".join(normalised(self.text).split())

    @cached_property
    def _grams(self) -> list[str]:
        return without_spaces().findall(self.normal)

    @cached_property
    def _words(self) -> list[str]:
        return signs().sub(" ", without_spaces().sub(" ", self.normal)).split()

    @cached_property
    def is_literal(self) -> bool:
        """Whether it is compared character by character."""
        return bool(self._grams) or signs().sub(" ", self.normal) != self.normal

    @cached_property
    def _is_open(self) -> bool:
        """Whether its last word may go on."""
        at_word = bool(self._words) and self.normal.endswith(self._words[-1])
        return at_word and (self.is_prefix or (self.is_literal and not (self.is_phrase and not self._has_signs)))

    @cached_property
    def _has_signs(self) -> bool:
        return bool(re.search(r"[^\w\s]|_", without_spaces().sub("", self.normal)))

    @cached_property
    def term_groups(self) -> tuple[frozenset[str], ...]:
        """Groups of terms, one of which a text must have as a whole. Empty for a prefix too short for the index."""
        closed = self._words[:-1] if self._is_open else self._words
        found = {word[:WORD_CHARS] for word in closed}
        for run in self._grams:
            found |= {run[i : i + 2] for i in range(len(run) - 1)} or {run}
        begins = self._beginnings(self._words[-1]) if self._is_open else []
        return tuple(frozenset(found | {begin}) for begin in begins) or (frozenset(found),)

    def _beginnings(self, word: str) -> list[str]:
        """The terms of words that begin like this; none if it is too short."""
        if len(word) < PREFIX_CHARS:
            return []
        longer = PREFIX_MARK + word[:PREFIX_CHARS]
        # It may be the whole word, which is not its own beginning.
        return [longer, word] if len(word) == PREFIX_CHARS else [longer]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """For normalised text."""
        first, *others = self.normal.split(" ") if self.is_literal else self._words
        between = r"\s+" if self.is_literal else between_words()
        # What stands before the first word is looked at behind it: a pattern that begins with letters is found faster.
        start = f"(?<!{letter()}{re.escape(first)})" if _is_letter(self.normal[0]) else ""
        body = between.join([re.escape(first) + start, *map(re.escape, others)])
        end = f"(?!{letter()})" if not self._is_open and _is_letter(self.normal[-1]) else ""
        return re.compile(body + end)

    @cached_property
    def _pieces(self) -> list[str]:
        """What each text has as it is in which this is, the longest first: looking for these is much faster."""
        return sorted(self.normal.split(" ") if self.is_literal else self._words, key=len, reverse=True)

    @cached_property
    def ascii_word(self) -> bytes:
        """A word that each text has in which this is, if one consists of ASCII letters and digits: the longest."""
        found = [word.encode() for word in self._words if word.isascii() and word.isalnum()]
        return max(found, key=len, default=b"")

    def _may_be_in(self, text: str) -> bool:
        for piece in self._pieces:  # noqa: SIM110 - twice as fast as all()
            if piece not in text:
                return False
        return True

    def spans(self, text: str, most: int | None = None) -> list[Span]:
        """Where it is in a normalised text, the first `most` places."""
        if not self._may_be_in(text):
            return []
        return [match.span() for match in islice(self.pattern.finditer(text), most)]

    def count(self, text: str) -> int:
        """How often it is in a normalised text."""
        return sum(1 for _ in self.pattern.finditer(text)) if self._may_be_in(text) else 0

    def is_in(self, text: str) -> bool:
        """Whether it is in a normalised text."""
        return self._may_be_in(text) and self.pattern.search(text) is not None


@cache
def letter() -> str:
    """One character of a word, in a script that has spaces, as a regular expression."""
    return f"(?:(?!_|{without_spaces().pattern[:-1]})[\\w{marks()}])"


@cache
def between_words() -> str:
    return f"(?:[^\\w{marks()}]|_)+"


def _is_letter(character: str) -> bool:
    return has_spaces(character) and not signs().match(character)


# --- places in the text as it was written ---------------------------------------------------------------------------


@cache
def _clusters() -> re.Pattern[str]:
    """Runs of ASCII; and each other character with the marks, vowels and sound marks that may melt into it."""
    melting = f"{marks()}{INVISIBLE}\u1160-\u11ff\u3130-\u318f\ud7b0-\ud7ff\uff9e-\uffdc"
    return re.compile(f"[\x00-\x7f]+(?![{melting}])|.[{melting}]*", re.DOTALL)


@lru_cache(maxsize=10_000)
def _normal_length(cluster: str) -> int:
    """The same few thousand characters make most of a text."""
    return len(normalised(cluster))


@lru_cache(maxsize=10_000)
def _stays_one(character: str) -> bool:
    """Whether a character stands alone and stays one: nothing melts into it, and it melts into nothing."""
    return len(_clusters().findall(f"a{character}")) == 2 - character.isascii() and _normal_length(character) == 1


class Original:
    """A text and its normalised form, with the way back from places in that to places in the text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.normal = normalised(text)

    def spans(self, found: Iterable[Span]) -> list[Span]:
        """Places in the text for places in the normalised form; characters are only taken whole."""
        if self._is_even:
            return list(found)
        starts = self._starts
        places = [(self._place(starts, start, False), self._place(starts, end, True)) for start, end in found]
        return [(min(place), place[1]) for place in places]

    @cached_property
    def _is_even(self) -> bool:
        """Whether places are the same in both: a look at each character that the text has, once."""
        return self.text.isascii() or all(map(_stays_one, set(self.text)))

    @cached_property
    def _starts(self) -> Sequence[tuple[int, int, int, int]]:
        """Of each cluster: where it begins in the normalised form and in the text, and its lengths."""
        found, normal = [], 0
        for match in _clusters().finditer(self.text):
            written = match[0]
            length = len(written) if written.isascii() else _normal_length(written)
            found.append((normal, match.start(), length, len(written)))
            normal += length
        return found

    def _place(self, starts: Sequence[tuple[int, int, int, int]], place: int, is_end: bool) -> int:
        if is_end and not place:
            return 0
        index = bisect_right(starts, (place - is_end, len(self.text) + 1, 0, 0)) - 1
        normal, written, normal_length, length = starts[max(index, 0)]
        # Marks within a cluster may be in another order.
        if normal_length == length and (length == 1 or self.text[written : written + length].isascii()):
            return min(written + place - normal, len(self.text))
        return written + length if is_end else written
