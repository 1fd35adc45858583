"""Marks words in the HTML of a page: in texts that were said, not in what the page says of them.

Folds that have a marked word are opened. A word may stand in several elements, as in highlighted code.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from sessions_app.content.needles import Needle, Original, Span

# So many places are marked on a page.
MOST_MARKS = 2_000
HERE = "hit"

_TAG = re.compile(r"<!--.*?-->|</?[a-zA-Z](?:[^>\"']|\"[^\"]*\"|'[^']*')*>", re.DOTALL)
_NAME = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)")
_CLASS = re.compile(r'\bclass="([^"]*)"')
_ARTICLE = re.compile(r'<article[^>]*\bid="r(\d+)"')
_PART = re.compile(r"<!--part ([0-9a-f]*)-->")
# They end a text. Others, such as paragraphs, only part words; the rest may stand within a word.
_ENDS = frozenset(("article", "details", "div", "header", "nav", "pre", "section", "summary", "svg", "table"))
_PARTS_WORDS = frozenset(("blockquote", "br", "dd", "dl", "dt", "hr", "li", "ol", "p", "td", "th", "tr", "ul")) | {
    f"h{level}" for level in range(1, 7)
}
_VOID = frozenset(["br", "hr", "img", "input", "use", "path", "rect", "line", "wbr", "col"])
# What the page says itself; and definitions of tools, in which nothing is searched.
_NO_TEXT = frozenset(["button", "header", "nav", "script", "style", "svg", "template", "label", "select", "time"])
_NO_TEXT_CLASSES = frozenset(("menu", "more-btn", "ref", "role", "seam", "textbtn", "tool-nums", "vh", "gap")) | {
    *(
        "err-http",
        "err-status",
        "err-foot",
        "hit-note",
        "tool-definitions",
        "amounts",
        "exit",
        "tree-n",
        "drawn-note",
        "stream-name",
    )
}
_NAMES_IN_SUMMARY = frozenset(("tool-name", "tree-key"))
# The page's words, in which <bdi> has what was logged.
_FACTS = "insp-sec"


@dataclass(frozen=True, slots=True)
class Mark:
    """A marked place: the number of the request that it is in, 0 for none, and the digest of its part, as hex."""

    number: int
    part: str
    at: tuple[int, int]


@dataclass(slots=True)
class _Open:
    """An element that is open: whether its text counts, and whether it is among facts."""

    name: str
    counts: bool
    facts: bool


@dataclass(slots=True)
class _Reading:
    """The text that is read: pieces of the output with where each begins in the text, and the folds around them."""

    text: list[str] = field(default_factory=list)
    size: int = 0
    pieces: list[tuple[int, int, str, tuple[int, ...]]] = field(default_factory=list)

    def add(self, text: str) -> None:
        self.text.append(text)
        self.size += len(text)


class Marker:
    """Marks the places of needles in HTML that the product wrote. One for each page."""

    def __init__(self, needles: Sequence[Needle]) -> None:
        self.needles = needles
        self.output: list[list[str]] = []
        self.marks: list[Mark] = []
        self.opened: set[int] = set()
        # For each request on the page: the piece of the output after which a note may stand.
        self.heads: dict[int, int] = {}
        self._run = _Reading()
        self._stack: list[_Open] = []
        self._folds: list[int] = []
        self._number, self._part = 0, ""

    def read(self, text: str) -> None:
        """Read and mark it."""
        # Pieces of Markup would be escaped a second time.
        text, place = str(text), 0
        for match in _TAG.finditer(text):
            if match.start() > place:
                self._text(text[place : match.start()])
            self._tag(match[0])
            place = match.end()
        self._text(text[place:])
        self._flush()

    def html(self) -> Markup:
        """What was read, with marks."""
        for place in self.opened:
            tag = self.output[place][0]
            self.output[place] = [tag if re.search(r"\sopen[\s>]", tag) else f"{tag[:-1]} open>"]
        # All of it was HTML before; what is added are the marks.
        return Markup("".join(piece for pieces in self.output for piece in pieces))  # noqa: S704

    def point_at(self, number: int, part: str | None, note: Markup) -> bool:
        """Make one place the target of the page's address: the first mark of a part (None: of any).

        A mark in the request with this number is preferred. Without any, `note` stands in the request; False then.
        """
        own = [mark for mark in self.marks if mark.number == number]
        chosen = [mark for mark in own if mark.part == part] or [
            mark for mark in self.marks if mark.part == part and part
        ]
        if chosen or own:
            piece, place = (chosen or own)[0].at
            self.output[piece][place] = f'<mark id="{HERE}" aria-current="true">'
            return True
        if number in self.heads:
            self.output[self.heads[number]].append(str(note))
        return False

    # --- reading --------------------------------------------------------------------------------------------------

    @property
    def _counts(self) -> bool:
        return not self._stack or self._stack[-1].counts

    def _text(self, text: str) -> None:
        self.output.append([text])
        if text and self._counts:
            plain = html.unescape(text)
            self._run.pieces.append((len(self.output) - 1, self._run.size, plain, tuple(self._folds)))
            self._run.add(plain)

    def _tag(self, tag: str) -> None:
        if part := _PART.fullmatch(tag):
            self._flush()
            self._part = part[1]
            return
        self.output.append([tag])
        named = _NAME.match(tag)
        if named is None:
            return
        name = named[1].lower()
        if name in _ENDS:
            self._flush()
        elif name in _PARTS_WORDS:
            self._run.add("\n")
        if tag.startswith("</"):
            self._close(name)
        elif not tag.endswith("/>") and name not in _VOID:
            self._open(name, tag)

    def _open(self, name: str, tag: str) -> None:
        found = _CLASS.search(tag)
        classes = set(found[1].split()) if found else set()
        counts = self._counts and name not in _NO_TEXT and classes.isdisjoint(_NO_TEXT_CLASSES)
        facts = _FACTS in classes or (bool(self._stack) and self._stack[-1].facts)
        if name == "summary" or _FACTS in classes:
            counts = False
        elif not classes.isdisjoint(_NAMES_IN_SUMMARY) or (facts and name == "bdi"):
            counts = True
            self._flush()
        self._stack.append(_Open(name, counts, facts))
        if name == "details":
            self._folds.append(len(self.output) - 1)
        elif name == "section":
            self._part = ""
        elif article := _ARTICLE.match(tag):
            self._number, self._part = int(article[1]), ""

    def _close(self, name: str) -> None:
        for place in range(len(self._stack) - 1, max(len(self._stack) - 20, -1), -1):
            if self._stack[place].name == name:
                del self._stack[place:]
                break
        if name == "details" and self._folds:
            self._folds.pop()
        elif name == "header" and self._number and self._number not in self.heads:
            self.heads[self._number] = len(self.output) - 1
        elif name == "article":
            self._number = 0

    # --- marking --------------------------------------------------------------------------------------------------

    def _flush(self) -> None:
        run, self._run = self._run, _Reading()
        if not run.pieces or len(self.marks) >= MOST_MARKS:
            return
        original = Original("".join(run.text))
        found = [span for needle in self.needles for span in needle.spans(original.normal)]
        if not found:
            return
        spans = list(_apart(original.spans(found)))
        for piece, start, plain, folds in run.pieces:
            own = [
                (max(a - start, 0), min(b - start, len(plain)))
                for a, b in spans
                if a < start + len(plain) and b > start
            ]
            if own:
                self.opened.update(folds)
                self._mark(piece, plain, own)

    def _mark(self, piece: int, plain: str, spans: Sequence[Span]) -> None:
        pieces: list[str] = []
        place = 0
        for start, end in spans:
            pieces.append(html.escape(plain[place:start]))
            self.marks.append(Mark(self._number, self._part, (piece, len(pieces))))
            pieces += ["<mark>", html.escape(plain[start:end]), "</mark>"]
            place = end
        self.output[piece] = [*pieces, html.escape(plain[place:])]


def _apart(spans: Sequence[Span]) -> Iterator[Span]:
    """Spans in order; those that overlap as one."""
    last: Span | None = None
    for span in sorted(spans):
        if last and span[0] < last[1]:
            last = (last[0], max(last[1], span[1]))
            continue
        if last:
            yield last
        last = span
    if last:
        yield last
