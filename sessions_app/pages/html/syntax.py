"""Code in several inks: comments, strings, numbers, keywords, and the names that are defined.

Each language is one regular expression. It never goes back over what it has read (possessive repeats; what is not
closed ends with its line or the text), so the time grows with the length of the text and not faster, whatever a log
holds. It does not understand the code: an odd construct may have an odd ink, and no character is ever lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from markupsafe import Markup

from sessions_app import bounds
from sessions_app.pages.html.json_text import DRAWN
from sessions_app.pages.html.plain_text import inked
from sessions_app.pages.html.syntax_words import ALIASES, KEYWORDS

# Longer texts have one ink, and so has the rest of a text with more tokens: the many elements make a browser slow.
MOST_CHARS = 60_000
MOST_TOKENS = 6_000
# The HTML of texts up to this length is kept, of at most this many.
MOST_REMEMBERED_CHARS, REMEMBERED = 4_000, 500

# The groups of a word, which may be a keyword, and of characters that begin nothing.
_WORD, _SPACE = "x", "i"
# After these comes a name that is defined.
_DEFINES = frozenset(("def", "class", "fn", "func", "function", "struct", "interface", "trait", "module", "defmodule"))
# A word after one of these is no keyword: `a.in`, `$for`, `@if`, `--else`.
_NO_KEYWORD_AFTER = frozenset(".$@-")

_SLASHES, _HASH, _DASHES = r"//[^\n]*+", r"\#[^\n]*+", r"--[^\n]*+"
_BLOCK = r"/\*(?s:.*?)(?:\*/|\Z)"
_DOUBLE, _SINGLE = r'"(?:[^"\\\n]|\\(?s:.))*+"?', r"'(?:[^'\\\n]|\\(?s:.))*+'?"
_BACKTICK = r"`(?:[^`\\]|\\(?s:.))*+`?"
# An apostrophe that is no quote, as in a lifetime of Rust, begins nothing.
_LETTER = r"'(?:[^'\\\n]|\\[^'\n]{1,10}+)'"
_TRIPLE = r'"""(?s:.*?)(?:"""|\Z)|' + r"'''(?s:.*?)(?:'''|\Z)"
_NUMBER = r"0[xXbBoO][\da-fA-F_]++|\d[\d_]*+(?:\.\d[\d_]*+)?+(?:[eE][+-]?\d++)?+(?:[a-zA-Z%]{1,4}+(?!\w))?"


class _Syntax(NamedTuple):
    """The tokens of a language: groups that are named after their ink. `keywords`: the words among them."""

    tokens: re.Pattern[str]
    keywords: frozenset[str] = frozenset()
    ignores_case: bool = False
    # What begins and ends a comment in which others may stand; None where comments do not nest.
    nesting: re.Pattern[str] | None = None

    def is_keyword(self, text: str, start: int, end: int) -> bool:
        word = text[start:end]
        known = (word.lower() if self.ignores_case else word) in self.keywords
        return known and not (start and text[start - 1] in _NO_KEYWORD_AFTER)


def _code(
    comments: str,
    strings: str,
    keywords: str,
    extra: str = "",
    ignores_case: bool = False,
    nesting: re.Pattern[str] | None = None,
) -> _Syntax:
    """A language with these comments and strings. `extra`: what it has beside them, which is tried first."""
    pieces = [extra, f"(?P<c>{comments})" if comments else "", f"(?P<s>{strings})" if strings else ""]
    pieces += [rf"(?P<{_WORD}>[^\W\d]\w*+)", f"(?P<n>{_NUMBER})", rf"(?P<{_SPACE}>[ \t(){{}},;:]++)"]
    words = frozenset(KEYWORDS.get(keywords, "").split())
    return _Syntax(re.compile("|".join(filter(None, pieces)), re.MULTILINE), words, ignores_case, nesting)


def _any(*patterns: str) -> str:
    return "|".join(patterns)


# Comments that may stand in others, by what begins and ends them.
_NEST, _NEST_DASHED = re.compile(r"/\*|\*/"), re.compile(r"\{-|-\}")

_C, _QUOTES = _any(_BLOCK, _SLASHES), _any(_DOUBLE, _SINGLE)
_TAGS = r"(?P<k></?[A-Za-z][\w:.-]*+|/?>)"
_VALUES = r"""(?<==)"[^"]*+"?|(?<==)'[^']*+'?"""
_MEMBER = r"^[ \t]*+(?:- ++)*+(?P<k>[\w.$/-]++)(?=[ \t]*+:(?:\s|$))"
_SETTING = r"^[ \t]*+(?P<k>[\w.-]++)(?=[ \t]*+=)|^[ \t]*+(?P<w>\[[^\]\n]*+\]?)"
_PROPERTY = r"(?P<k>(?<![\w-])[\w-]++(?=[ \t]*+:[^:])|@[\w-]++)"
_TARGET = r"^(?P<w>[\w./%$()-]++)(?=[ \t]*+::?(?:\s|$))"
_DIFFERENCE = r"^(?P<hunk>(?:@@|diff |---|\+\+\+)[^\n]*+)|^(?P<add>\+[^\n]*+)|^(?P<del>-[^\n]*+)"
_SHELL_COMMENT, _SHELL_STRING = r"(?<![\w$({\\])" + _HASH, _any(r'"(?:[^"\\]|\\(?s:.))*+"?', r"'[^']*+'?")

_SYNTAXES: dict[str, _Syntax] = {
    "Python": _code(_HASH, _any(_TRIPLE, _QUOTES), "python", r"^[ \t]*+(?P<w>@[\w.]++)"),
    "Rust": _code(_C, _any(_DOUBLE, _LETTER), "rust", nesting=_NEST),
    "Go": _code(_C, _any(_QUOTES, r"`[^`]*+`?"), "go"),
    "PHP": _code(_any(_C, _HASH), _QUOTES, "php"),
    "Protocol Buffers": _code(_C, _QUOTES, "proto"),
    "Ruby": _code(_HASH, _QUOTES, "ruby"),
    "Elixir": _code(_HASH, _any(_TRIPLE, _QUOTES), "elixir"),
    "Shell": _code(_SHELL_COMMENT, _SHELL_STRING, "shell"),
    "SQL": _code(_any(_DASHES, _BLOCK), r"'[^']*+'?", "sql", ignores_case=True),
    "YAML": _code(r"(?:(?<=\s)|^)" + _HASH, _any(_DOUBLE, r"(?<!\w)" + _SINGLE), "values", _MEMBER),
    "Terraform": _code(_any(_HASH, _C), _DOUBLE, "terraform"),
    "Dockerfile": _code(r"^[ \t]*+\#[^\n]*+", _QUOTES, "dockerfile"),
    "Makefile": _code(_HASH, "", "", _TARGET),
    "Lua": _code(_any(r"--\[\[(?s:.*?)(?:\]\]|\Z)", _DASHES), _QUOTES, "lua"),
    "R": _code(_HASH, _QUOTES, "r"),
    "Haskell": _code(_any(r"\{-(?s:.*?)(?:-\}|\Z)", _DASHES), _DOUBLE, "haskell", nesting=_NEST_DASHED),
    "diff": _Syntax(re.compile(_DIFFERENCE, re.MULTILINE)),
    **dict.fromkeys(("JavaScript", "JSX", "TypeScript", "TSX"), _code(_C, _any(_QUOTES, _BACKTICK), "script")),
    **dict.fromkeys(("Java", "C#"), _code(_C, _any(_TRIPLE, _QUOTES), "java")),
    **dict.fromkeys(("Kotlin", "Scala", "Swift", "Dart"), _code(_C, _any(_TRIPLE, _QUOTES), "java", nesting=_NEST)),
    **dict.fromkeys(("C", "C++"), _code(_C, _QUOTES, "c", r"^[ \t]*+(?P<w>\#[ \t]*+\w++)")),
    **dict.fromkeys(("CSS", "SCSS"), _code(_BLOCK, _QUOTES, "", _PROPERTY)),
    **dict.fromkeys(("HTML", "XML", "Vue"), _code(r"<!--(?s:.*?)(?:-->|\Z)", _VALUES, "", _TAGS)),
    **dict.fromkeys(("TOML", "INI"), _code(_any(_HASH, r"^;[^\n]*+"), _any(_TRIPLE, _QUOTES), "values", _SETTING)),
    **dict.fromkeys(("JSON", "JSON lines"), _Syntax(DRAWN)),
}


def language_named(name: str) -> str:
    """The language that the head of a block of code names, as `py` or `python title="a"` does; "" for others."""
    word = re.split(r"[\s,{:]", name[:40].strip().lower(), maxsplit=1)[0]
    return ALIASES.get(word, "")


def in_inks(text: str, language: str) -> Markup:
    """The HTML of a text in a language; in one ink if that is unknown, or where it would be too much."""
    return Markup("".join(inked(piece, ink) for piece, ink in _tokens(text, language)))  # noqa: S704 - escaped


def lines_in_inks(lines: Sequence[str], language: str) -> Sequence[Markup]:
    """The HTML of lines that follow each other: a string or comment may go over several of them."""
    text = "\n".join(lines)
    return _remembered(text, language) if len(text) <= MOST_REMEMBERED_CHARS else _lines(text, language)


@lru_cache(REMEMBERED)
def _remembered(text: str, language: str) -> Sequence[Markup]:
    return _lines(text, language)


def _lines(whole: str, language: str) -> Sequence[Markup]:
    found: list[list[str]] = [[]]
    for text, ink in _tokens(whole, language):
        first, *others = text.split("\n")
        found[-1].append(inked(first, ink))
        found += ([inked(part, ink)] for part in others)
    return [Markup("".join(pieces)) for pieces in found]  # noqa: S704 - escaped


def is_inked(language: str) -> bool:
    """Whether a language has inks."""
    return language in _SYNTAXES


def _tokens(text: str, language: str) -> Iterator[tuple[str, str]]:
    """All of a text in pieces, each with its ink, "" for that of the text around it."""
    syntax, budget = _SYNTAXES.get(language), bounds.current()
    if syntax is None or len(text) > min(MOST_CHARS, budget.work_left):
        yield text, ""
        return
    budget.spend(work=len(text))
    end = 0
    for count, (start, stop, ink) in enumerate(_inks(text, syntax)):
        if count >= MOST_TOKENS:
            break
        if end < start:
            yield text[end:start], ""
        yield text[start:stop], ink
        end = stop
    if end < len(text):
        yield text[end:], ""


def _inks(text: str, syntax: _Syntax) -> Iterator[tuple[int, int, str]]:
    """Where something has an ink of its own."""
    defines_until = -1
    for match, end in _matches(text, syntax):
        ink = match.lastgroup or ""
        if ink == _SPACE:
            continue
        start, stop = match.span(ink)
        if ink == _WORD:
            ink = "k" if syntax.is_keyword(text, start, stop) else "w" if start == defines_until else ""
            if ink == "k" and text[start:stop] in _DEFINES:
                defines_until = stop + 1
        if ink:
            yield start, max(stop, end), ink


def _matches(text: str, syntax: _Syntax) -> Iterator[tuple[re.Match[str], int]]:
    """The tokens of a text; with a comment in which others stand, where that ends, else 0."""
    if syntax.nesting is None:
        yield from ((match, 0) for match in syntax.tokens.finditer(text))
        return
    place = 0
    while match := syntax.tokens.search(text, place):
        is_block = match.lastgroup == "c" and syntax.nesting.match(text, match.start()) is not None
        end = _end_of_nested(text, match.start(), syntax.nesting) if is_block else 0
        yield match, end
        place = max(match.end(), end)


def _end_of_nested(text: str, start: int, nesting: re.Pattern[str]) -> int:
    depth = 0
    for sign in nesting.finditer(text, start):
        depth += 1 if sign[0] in ("/*", "{-") else -1
        if not depth:
            return sign.end()
    return len(text)
