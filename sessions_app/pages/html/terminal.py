"""What programs write to a terminal, as HTML: colours and weights as classes, links as links, overwritten lines apart.

Sequences that draw nothing are left out and counted (`notes_on`). What is no sequence stays visible.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from markupsafe import Markup

from sessions_app.pages.html.components import component
from sessions_app.pages.html.formats import exact
from sessions_app.pages.html.links import LINK_REL, facts_of, is_safe
from sessions_app.pages.html.plain_text import inked, spelled, visible

# ECMA-48: control sequences, of which those that end in "m" select how text is drawn (8.3.117); commands of the
# operating system (OSC) and other strings, which end with ST or BEL; and escapes of two or three characters.
_SEQUENCE = re.compile(
    "\x1b\\[(?P<parameters>[0-?]{0,60})[ -/]{0,4}(?P<final>[@-~])"
    "|\x1b\\](?P<command>[^\x07\x1b\n]*)(?:\x07|\x1b\\\\)"
    "|\x1b(?P<string>[PX^_])[^\x1b]*\x1b\\\\"
    "|\x1b(?:[()*+#%][0-~]|[78=>cDEHM\\\\])"
)
# A text is not cut within a sequence that begins so shortly before.
_MOST_SEQUENCE = 4_000
# Beyond this length lines are not told apart.
_MOST_CHARS = 400_000
# The commands of OSC that name a window, and the one that makes a link.
_TITLES, _LINK = ("0", "1", "2"), "8"
_STRINGS = {"P": "DCS", "X": "SOS", "^": "PM", "_": "APC"}
_MOST_TOLD, _TITLE_CHARS = 5, 80


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
        return spelled(text)
    pieces: list[str] = []
    link: _Hyperlink | None = None
    said: list[str] = []
    for piece in _merged(_runs(text)):
        if piece.link is not link:
            pieces += [_end(link, "".join(said)), _begin(piece.link)]
            link, said = piece.link, []
        pieces.append(inked(piece.text, piece.pen.classes))
        said.append(piece.text)
    return Markup("".join([*pieces, _end(link, "".join(said))]))  # noqa: S704 - escaped


def before_sequence(text: str, end: int) -> int:
    """Where a text may be cut: at `end`, or before the sequence that this would cut in two."""
    begin = cut = end
    # Twice: the end of a string is an escape, too.
    for _ in range(2):
        begin = text.rfind("\x1b", max(end - _MOST_SEQUENCE, 0), begin)
        if begin <= 0:
            break
        if (found := _SEQUENCE.match(text, begin)) and found.end() > end:
            cut = begin
    return cut


def plain(text: str) -> str:
    """The text alone, as it stands on the screen in the end."""
    return screen(_SEQUENCE.sub("", text) if "\x1b" in text else text).text


def notes_on(text: str) -> list[str]:
    """What of a text is not drawn, in words."""
    if "\x1b" not in text:
        return []
    others: Counter[str] = Counter()
    titles: dict[str, None] = {}
    titled = silent = 0
    for match in _SEQUENCE.finditer(text):
        command, _, rest = (match["command"] or "").partition(";")
        if match["command"] is None and not match["string"]:
            silent += match["final"] != "m"
        elif command in _TITLES:
            titled += 1
            titles[rest[:_TITLE_CHARS]] = None
        elif command != _LINK:
            others[_STRINGS.get(match["string"], f"OSC {command[:20]}".strip())] += 1
    verbs = "that only moves or erases is" if silent == 1 else "that only move or erase are"
    notes = [f"{_counted(silent, 'sequence')} {verbs} not drawn"] if silent else []
    if titled:
        told = "; ".join(list(titles)[:_MOST_TOLD]) + ("; …" if len(titles) > _MOST_TOLD else "")
        notes.append(f"{_counted(titled, 'window title')} not drawn: {told}")
    if others:
        told = ", ".join(f"{name} × {exact(count)}" for name, count in others.most_common(_MOST_TOLD))
        told += ", …" if len(others) > _MOST_TOLD else ""
        notes.append(f"{_counted(others.total(), 'command')} for the terminal not drawn: {told}")
    return notes


def _counted(count: int, noun: str) -> str:
    return f"{exact(count)} {noun}{'' if count == 1 else 's'}"


@dataclass(frozen=True, slots=True, eq=False)
class _Hyperlink:
    """One link, from the sequence that begins it to the one that ends it."""

    url: str


class _Drawn(NamedTuple):
    """A text that is drawn with one pen, in a link or in none."""

    text: str
    pen: _Pen
    link: _Hyperlink | None


def _runs(text: str) -> Iterator[_Drawn]:
    pen, link, end = _PLAIN, None, 0
    for match in _SEQUENCE.finditer(text):
        yield _Drawn(text[end : match.start()], pen, link)
        end = match.end()
        if match["final"] == "m":
            pen = _after(match["parameters"], pen)
        elif match["command"] and match["command"].startswith("8;"):
            url = match["command"].split(";", 2)[-1]
            link = _Hyperlink(url) if url else None
    yield _Drawn(text[end:], pen, link)


def _merged(runs: Iterator[_Drawn]) -> Iterator[_Drawn]:
    """Neighbours that are drawn alike together, without empty ones."""
    pieces: list[str] = []
    last = _Drawn("", _PLAIN, None)
    for run in runs:
        if run.text and (run.pen != last.pen or run.link is not last.link):
            yield last._replace(text="".join(pieces))
            pieces, last = [], run
        pieces.append(run.text)
    yield last._replace(text="".join(pieces))


# --- links ----------------------------------------------------------------------------------------------------------


def _begin(link: _Hyperlink | None) -> str:
    return component("prose", "open_link")(link.url, LINK_REL) if link and is_safe(link.url) else ""


def _end(link: _Hyperlink | None, text: str) -> str:
    if link is None:
        return ""
    if is_safe(link.url):
        return component("prose", "close_link")(facts_of(link.url, text, ""))
    # Names of files lead to where they are, as `ls` and `rg` write them: nothing has to be said of these.
    return "" if _is_path(link.url, text) else component("prose", "target")(facts_of(visible(link.url), text, ""))


def _is_path(url: str, text: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    name = text.strip().partition(":")[0]
    return parts.scheme == "file" and bool(name) and unquote(parts.path).endswith(f"/{name.removeprefix('/')}")


# --- pens -----------------------------------------------------------------------------------------------------------


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
