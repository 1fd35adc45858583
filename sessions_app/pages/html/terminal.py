"""What programs write to a terminal, as HTML: colours and weights as classes, overwritten lines told apart.

Sequences that draw nothing (they move the cursor or erase) are left out; OSC and what is no sequence stays visible.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from markupsafe import Markup

from sessions_app.pages.html.plain_text import inked, shown

# ECMA-48: control sequences. Those that end in "m" select how text is drawn (8.3.117).
_SEQUENCE = re.compile("\x1b\\[([0-?]{0,60})[ -/]{0,4}([@-~])")
_MOST_SEQUENCE = 67
# Beyond this length lines are not told apart.
_MOST_CHARS = 400_000


@dataclass(frozen=True, slots=True)
class _Pen:
    """How text is drawn: names of classes, "" for none. "e" is red, "w" bold, "f0" faint."""

    weight: str = ""
    slant: str = ""
    line: str = ""
    ink: str = ""
    ground: str = ""

    @property
    def classes(self) -> str:
        return " ".join(filter(None, (self.weight, self.slant, self.line, self.ink, self.ground)))


_PLAIN = _Pen()
_INKS = ("f0", "e", "f2", "f3", "f4", "f5", "f6", "")
_GROUNDS = ("g0", "g1", "g2", "g3", "g4", "g5", "g6", "g0")
_CHANGES: dict[int, dict[str, str]] = {
    1: {"weight": "w"},
    2: {"weight": "f0"},
    3: {"slant": "fi"},
    4: {"line": "fu"},
    7: {"ground": "g0"},
    9: {"line": "fs"},
    22: {"weight": ""},
    23: {"slant": ""},
    24: {"line": ""},
    27: {"ground": ""},
    29: {"line": ""},
    39: {"ink": ""},
    49: {"ground": ""},
    **{code: {"ink": _INKS[code % 10]} for code in (*range(30, 38), *range(90, 98))},
    **{code: {"ground": _GROUNDS[code % 10]} for code in (*range(40, 48), *range(100, 108))},
}


def terminal(text: str) -> Markup:
    """The HTML of what a program wrote."""
    if "\x1b" not in text:
        return shown(text)
    return Markup("".join(inked(piece, pen.classes) for piece, pen in _merged(_runs(text))))  # noqa: S704 - escaped


def before_sequence(text: str, end: int) -> int:
    """Where a text may be cut: at `end`, or before the sequence that this would cut in two."""
    begin = text.rfind("\x1b", max(end - _MOST_SEQUENCE, 0), end)
    found = _SEQUENCE.match(text, begin) if begin > 0 else None
    return begin if found and found.end() > end else end


def plain(text: str) -> str:
    """The text alone, as it stands on the screen in the end."""
    return screen(_SEQUENCE.sub("", text)).text


def undrawn(text: str) -> int:
    """How many sequences of a text are not drawn."""
    return sum(match[2] != "m" for match in _SEQUENCE.finditer(text)) if "\x1b" in text else 0


def _runs(text: str) -> Iterator[tuple[str, _Pen]]:
    pen, end = _PLAIN, 0
    for match in _SEQUENCE.finditer(text):
        yield text[end : match.start()], pen
        end = match.end()
        if match[2] == "m":
            pen = _after(match[1], pen)
    yield text[end:], pen


def _merged(runs: Iterator[tuple[str, _Pen]]) -> Iterator[tuple[str, _Pen]]:
    """Neighbours that are drawn alike together, without empty ones."""
    pieces: list[str] = []
    last = _PLAIN
    for text, pen in runs:
        if text and pen != last:
            yield "".join(pieces), last
            pieces, last = [], pen
        pieces.append(text)
    yield "".join(pieces), last


@lru_cache(maxsize=4_096)
def _after(parameters: str, pen: _Pen) -> _Pen:
    """The pen after `1;31`, when it was `pen` before."""
    codes = [int(code) if code.isdigit() else 0 if not code else -1 for code in re.split("[;:]", parameters)]
    while codes:
        code = codes.pop(0)
        if code in (38, 48):
            hue = _hue(codes)
            if hue is not None:
                pen = replace(pen, ink=_INKS[hue]) if code == 38 else replace(pen, ground=_GROUNDS[hue])
        else:
            pen = _PLAIN if code == 0 else replace(pen, **_CHANGES.get(code, {}))
    return pen


def _hue(codes: list[int]) -> int | None:
    """The nearest of the eight colours that `5;n` or `2;r;g;b` names, taken from the front of `codes`."""
    kind = codes.pop(0) if codes else -1
    if kind == 5 and codes:
        return _of_256(codes.pop(0))
    if kind == 2 and len(codes) >= 3:
        return _nearest(codes.pop(0), codes.pop(0), codes.pop(0))
    return None


def _of_256(number: int) -> int:
    if number < 16:
        return number % 8
    if number >= 232:
        return 0 if number < 250 else 7
    number -= 16
    return _nearest(number // 36 * 51, number // 6 % 6 * 51, number % 6 * 51)


def _nearest(red: int, green: int, blue: int) -> int:
    """Each of the three counts if it is more than halfway between the least and the greatest of them."""
    least, most = min(red, green, blue), max(red, green, blue)
    if most - least < 48:
        return 7 if most > 160 else 0
    middle = (least + most) // 2
    return (red > middle) + 2 * (green > middle) + 4 * (blue > middle)


# --- lines that were overwritten ------------------------------------------------------------------------------------


class Screen(NamedTuple):
    """What a terminal shows in the end, and what was overwritten by carriage returns, a line for each."""

    text: str
    overwritten: str


def screen(text: str) -> Screen:
    """What is left of lines that overwrite themselves, as progress bars do."""
    if "\r" not in text or len(text) > _MOST_CHARS:
        return Screen(text, "")
    kept: list[str] = []
    gone: list[str] = []
    for line in text.split("\n"):
        states = line.rstrip("\r").split("\r")
        if len(states) > 1:
            kept.append(states.pop())
            gone += filter(None, states)
        else:
            kept.append(line)
    return Screen("\n".join(kept), "\n".join(gone))
