"""The difference between two texts as HTML: removed and added lines, with the words that differ marked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from markupsafe import Markup

from sessions_app import bounds
from sessions_app.bounds import BoundedMatcher, TooMuchWork
from sessions_app.pages.html.components import NOTHING, component, joined
from sessions_app.pages.html.formats import exact

# Equal lines that are shown before and after a difference.
CONTEXT_LINES = 2
# Longer texts are not compared: it would take too long to make, and to read.
MOST_CHARS, MOST_LINES = 200_000, 1_500
# Lines are compared word by word up to this length, and if they have enough in common. A longer line is cut here.
MOST_LINE_CHARS = 4_000
# The most bytes of HTML in a difference. Further lines are only counted.
MOST_BYTES = 300_000
# The share of the shorter line's characters that the other line must have, too.
_LEAST_ALIKE = 0.5
_TOO_LARGE = "too large"
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")

# A piece of a line, and whether it is marked as different.
Piece = tuple[str, bool]


def is_comparable(old: str, new: str) -> bool:
    """Whether two texts are short enough to be compared."""
    return max(len(old), len(new)) <= MOST_CHARS and max(old.count("\n"), new.count("\n")) < MOST_LINES


@dataclass(frozen=True, slots=True)
class TextDifference:
    """The HTML of a difference, empty for equal texts. `why_not`: the texts differ, but were not compared."""

    html: Markup = NOTHING
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line of a difference; a "note" says what is left out."""

    kind: Literal["equal", "removed", "added", "note"]
    pieces: Sequence[Piece]

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self.pieces)

    def html(self) -> Markup:
        return component("text_diff", "line")(self.kind, self.pieces)


def diff_html(old: str, new: str) -> Markup:
    """The difference between two texts, line by line; empty for texts that are equal or too much to compare."""
    return difference(old, new).html


def difference(old: str, new: str) -> TextDifference:
    """The difference between two texts, as far as comparing them keeps within the answer's budget."""
    if old == new:
        return TextDifference()
    bounds.current().spend(work=len(old) + len(new))
    if not is_comparable(old, new):
        return TextDifference(why_not=_TOO_LARGE)
    if bounds.current().is_spent:
        return TextDifference(why_not=bounds.current().why_spent)
    try:
        lines = joined(_bounded(_lines(*_lines_of(old, new))), "\n")
    except TooMuchWork:
        return TextDifference(why_not=_TOO_LARGE)
    return TextDifference(component("text_diff", "box")(lines))


def _lines_of(old: str, new: str) -> tuple[list[str], list[str]]:
    """The lines of two texts; with their line ends if they differ in nothing else."""
    before, after = old.splitlines() or [""], new.splitlines() or [""]
    return (before, after) if before != after else (old.split("\n"), new.split("\n"))


def lines_between(old: str, new: str) -> list[DiffLine]:
    """Every line of two texts: equal, removed and added ones. Texts that are too much to compare follow each other."""
    before, after = old.split("\n") if old else [], new.split("\n") if new else []
    bounds.current().spend(work=len(old) + len(new))
    if not bounds.current().is_spent and is_comparable(old, new):
        try:
            return list(_all_lines(before, after))
        except TooMuchWork:
            pass
    return [DiffLine("removed", [(line, False)]) for line in before] + [
        DiffLine("added", [(line, False)]) for line in after
    ]


def _all_lines(old: Sequence[str], new: Sequence[str]) -> Iterator[DiffLine]:
    for kind, i, i_end, j, j_end in BoundedMatcher(old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            yield from (DiffLine("equal", [(line, False)]) for line in old[i:i_end])
        else:
            yield from _changed(old[i:i_end], new[j:j_end])


def diff_box(lines: Iterable[DiffLine]) -> Markup:
    """The box with these lines of code, very long ones clipped."""
    return component("text_diff", "box")(joined((_short(line).html() for line in lines), "\n"), "ltr")


def _short(line: DiffLine) -> DiffLine:
    if len(line.pieces) != 1 or len(line.pieces[0][0]) <= MOST_LINE_CHARS:
        return line
    return DiffLine(line.kind, _clipped(line.pieces[0][0]))


def _bounded(lines: Iterator[DiffLine]) -> Iterator[Markup]:
    """The lines of a difference until MOST_BYTES are written, then how many more there are."""
    left, rest = MOST_BYTES, 0
    for line in lines:
        if left > 0:
            html = line.html()
            left -= bounds.byte_size(html)
            yield html
        else:
            rest += 1
    if rest:
        yield _note(f"{exact(rest)} more line{'' if rest == 1 else 's'} of the difference not shown").html()


def _lines(old: Sequence[str], new: Sequence[str]) -> Iterator[DiffLine]:
    end = 0
    for group in BoundedMatcher(old, new, autojunk=False).get_grouped_opcodes(CONTEXT_LINES):
        yield from _left_out(group[0][1] - end)
        for kind, i, i_end, j, j_end in group:
            if kind == "equal":
                yield from (DiffLine("equal", _clipped(line)) for line in old[i:i_end])
            else:
                yield from _changed(old[i:i_end], new[j:j_end])
        end = group[-1][2]
    yield from _left_out(len(old) - end)


def _left_out(count: int) -> Iterator[DiffLine]:
    if count > 0:
        yield _note(f"{exact(count)} equal line{'' if count == 1 else 's'}")


def _note(words: str) -> DiffLine:
    return DiffLine("note", [(words, False)])


def _changed(old: Sequence[str], new: Sequence[str]) -> Iterator[DiffLine]:
    """Removed lines, then added ones. Where two of them are alike, the words that differ are marked."""
    if len({line.endswith("\r") for line in (*old, *new)}) > 1:
        old, new = _with_ends(old), _with_ends(new)
    pairs = [_words(before, after) for before, after in zip_longest(old, new)]
    yield from (DiffLine("removed", before) for before, _ in pairs[: len(old)])
    yield from (DiffLine("added", after) for _, after in pairs[: len(new)])


def _with_ends(lines: Sequence[str]) -> Sequence[str]:
    """Lines with a picture for the end that nobody sees, where some have it and others do not."""
    return [f"{line[:-1]}\u240d" if line.endswith("\r") else line for line in lines]


def _clipped(line: str) -> list[Piece]:
    """A line, or the beginning of a very long one and how much follows."""
    rest = len(line) - bounds.at_most(MOST_LINE_CHARS)
    return [(line if rest <= 0 else f"{line[:MOST_LINE_CHARS]}… ({exact(rest)} more characters)", False)]


def _words(old: str | None, new: str | None) -> tuple[list[Piece], list[Piece]]:
    """Two lines with the words that differ marked; unmarked where only one of them is there."""
    before, after = old or "", new or ""
    if old is None or new is None or max(len(before), len(after)) > MOST_LINE_CHARS:
        return _clipped(before), _clipped(after)
    try:
        return _marked_words(_WORDS.findall(before), _WORDS.findall(after))
    except TooMuchWork:
        return [(before, False)], [(after, False)]


def _marked_words(first: Sequence[str], second: Sequence[str]) -> tuple[list[Piece], list[Piece]]:
    matcher = BoundedMatcher(first, second)
    if not _are_alike(matcher, first, second):
        return [("".join(first), False)], [("".join(second), False)]
    removed, added = [], []
    for kind, i, i_end, j, j_end in matcher.get_opcodes():
        removed.append(("".join(first[i:i_end]), i < i_end and kind != "equal"))
        added.append(("".join(second[j:j_end]), j < j_end and kind != "equal"))
    return removed, added


def _are_alike(matcher: BoundedMatcher[str], first: Sequence[str], second: Sequence[str]) -> bool:
    """Whether enough of the shorter line is in the other one. White space does not count: all lines have it."""
    same = sum(not word.isspace() for i, _, length in matcher.get_matching_blocks() for word in first[i : i + length])
    least = min(sum(not word.isspace() for word in words) for words in (first, second))
    return same > 0 and same >= _LEAST_ALIKE * least
