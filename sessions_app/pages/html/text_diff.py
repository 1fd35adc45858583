"""The difference between two texts as HTML: lines that went and came, with their words; equal windows left out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from sessions_app import bounds
from sessions_app.bounds import BoundedMatcher, TooMuchWork
from sessions_app.pages.html.plain_text import shown
from sessions_app.templatetags.format import exact

# Equal lines that stand around a difference.
CONTEXT_LINES = 2
# Longer texts are not compared: it would take too long to make, and to read.
MOST_CHARS, MOST_LINES = 200_000, 1_500
# Longer lines, and lines with less in common, are not compared word by word; of longer ones the beginning is shown.
MOST_LINE_CHARS = 4_000
# A difference is shown up to so many bytes of HTML.
MOST_BYTES = 300_000
_LEAST_ALIKE = 0.5
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")


def is_comparable(old: str, new: str) -> bool:
    """Whether a difference between these texts is made."""
    return max(len(old), len(new)) <= MOST_CHARS and max(old.count("\n"), new.count("\n")) < MOST_LINES


@dataclass(frozen=True, slots=True)
class Difference:
    """The HTML of a difference, "" for equal texts; `is_too_large`: the texts differ, and are not compared."""

    html: str = ""
    is_too_large: bool = False


def diff_html(old: str, new: str) -> str:
    """The difference between two texts, line by line; "" for texts that are equal or too much to compare."""
    return difference(old, new).html


def difference(old: str, new: str) -> Difference:
    """The difference between two texts, as far as comparing them keeps within the answer's budget."""
    if old == new:
        return Difference()
    bounds.current().spend(work=len(old) + len(new))
    if bounds.current().is_spent or not is_comparable(old, new):
        return Difference(is_too_large=True)
    try:
        lines = "\n".join(_bounded(_lines(old.splitlines() or [""], new.splitlines() or [""])))
    except TooMuchWork:
        return Difference(is_too_large=True)
    return Difference(
        f'<div class="code" data-wrap data-diff><pre tabindex="0" dir="auto"><code>{lines}</code></pre></div>'
    )


def _bounded(lines: Iterator[str]) -> Iterator[str]:
    """The lines of a difference up to its most bytes, then how many more there are."""
    left, rest = MOST_BYTES, 0
    for line in lines:
        if left > 0:
            left -= bounds.byte_size(line)
            yield line
        else:
            rest += 1
    if rest:
        yield f'<span class="hunk">{exact(rest)} more line{"" if rest == 1 else "s"} of the difference not shown</span>'


def _lines(old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    end = 0
    for group in BoundedMatcher(old, new, autojunk=False).get_grouped_opcodes(CONTEXT_LINES):
        yield from _left_out(group[0][1] - end)
        for kind, i, i_end, j, j_end in group:
            if kind == "equal":
                yield from (f"  {_clipped(line)}" for line in old[i:i_end])
            else:
                yield from _changed(old[i:i_end], new[j:j_end])
        end = group[-1][2]
    yield from _left_out(len(old) - end)


def _left_out(count: int) -> Iterator[str]:
    if count > 0:
        yield f'<span class="hunk">{exact(count)} equal line{"" if count == 1 else "s"}</span>'


def _changed(old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """Lines that went, then lines that came; where they are alike, with the words that differ marked."""
    pairs = [_words(before, after) for before, after in zip_longest(old, new)]
    yield from (f'<del class="del">- {before}</del>' for before, _ in pairs[: len(old)])
    yield from (f'<ins class="add">+ {after}</ins>' for _, after in pairs[: len(new)])


def _clipped(line: str) -> str:
    """A line, or the beginning of a very long one with how much follows."""
    rest = len(line) - MOST_LINE_CHARS
    return shown(line) if rest <= 0 else f"{shown(line[:MOST_LINE_CHARS])}… ({exact(rest)} more characters)"


def _words(old: str | None, new: str | None) -> tuple[str, str]:
    """Two lines as HTML."""
    before, after = old or "", new or ""
    if old is None or new is None or max(len(before), len(after)) > MOST_LINE_CHARS:
        return _clipped(before), _clipped(after)
    try:
        return _marked_words(_WORDS.findall(before), _WORDS.findall(after))
    except TooMuchWork:
        return shown(before), shown(after)


def _marked_words(first: Sequence[str], second: Sequence[str]) -> tuple[str, str]:
    matcher = BoundedMatcher(first, second)
    if not _are_alike(matcher, first, second):
        return shown("".join(first)), shown("".join(second))
    gone, come = [], []
    for kind, i, i_end, j, j_end in matcher.get_opcodes():
        gone.append(_marked("".join(first[i:i_end]), kind))
        come.append(_marked("".join(second[j:j_end]), kind))
    return "".join(gone), "".join(come)


def _are_alike(matcher: BoundedMatcher[str], first: Sequence[str], second: Sequence[str]) -> bool:
    """Whether enough of the shorter line is in the other; all lines have spaces in common."""
    same = sum(not word.isspace() for i, _, length in matcher.get_matching_blocks() for word in first[i : i + length])
    least = min(sum(not word.isspace() for word in words) for words in (first, second))
    return same > 0 and same >= _LEAST_ALIKE * least


def _marked(text: str, kind: str) -> str:
    return f"<b>{shown(text)}</b>" if text and kind != "equal" else shown(text)
