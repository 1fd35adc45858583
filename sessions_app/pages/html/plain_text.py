"""Text from logs as HTML: escaped, its control characters made visible.

Prose may have characters that are not seen: right-to-left languages and emoji need them. In code they could make a
command read other than it ran (CVE-2021-42574), so there they are `spelled`: each is in the page as it came, but in an
element of its own, in which its direction ends, and the style sheet writes its number.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from html import escape

from markupsafe import Markup

# Everything below the space but tab and line ends, DEL, the C1 controls, and surrogates, which UTF-8 cannot write.
_ODD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")

# Characters of no width: controls of direction and format (category Cf), separators of lines, letters that are blank.
_NO_WIDTH = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff"
    "\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a"
)
# Joiners and variants belong to a letter or an emoji that is not ASCII; anywhere else nothing is seen of them.
_VARIANTS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_UNSEEN = f"[{_NO_WIDTH}]|(?<![^\x00-\x7f{_NO_WIDTH}{_VARIANTS}])(?!\ufe0f\u20e3)[\u200c\u200d{_VARIANTS}]"
# What turns the letters around: of a name that is `gpt-4o` a page would show `o4-tpg`.
_TURNS = re.compile("[\u202d\u202e]")
_BLANK = re.compile(f"[\\s{_NO_WIDTH}\u200c\u200d{_VARIANTS}]*")
# Text that people do not see and models read: as tags (but those of a flag), or as variants of one character.
_HIDDEN = re.compile(
    f"\U0001f3f4[\U000e0030-\U000e007a]{{1,6}}\U000e007f|([\U000e0000-\U000e007f]+|[{_VARIANTS}]{{2,}})"
)
_HIDDEN_OR_UNSEEN = re.compile(f"{_HIDDEN.pattern}|(?P<unseen>{_UNSEEN})")
# Each mark is long. What is not seen beyond so many in one text is U+FFFD.
_MOST_MARKS = 500
_TAGS_BEGIN, _MORE_VARIANTS_BEGIN = 0xE0000, 0xE0100


def visible(text: str) -> str:
    """A text that HTML and UTF-8 can hold: control characters as their pictures, lone surrogates as U+FFFD."""
    return _ODD.sub(_picture, text) if _ODD.search(text) else text


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"


def straight(text: str) -> str:
    """A name or a line as it is written: what would show its letters in another order is U+FFFD."""
    return _TURNS.sub("\ufffd", text)


def is_blank(text: str) -> bool:
    """Whether nothing of a text is seen."""
    return _BLANK.fullmatch(text) is not None


def escaped(text: str) -> str:
    """The HTML of a text as a str, for those who put many pieces together: Markup costs more than escaping."""
    return escape(visible(text))


def shown(text: str) -> Markup:
    """The HTML of a text, for element content and quoted attributes."""
    return Markup(escaped(text))  # noqa: S704 - escaped


def isolated(text: str) -> Markup:
    """The HTML of a text within a line. Its writing direction does not change the text around it."""
    return Markup(f"<bdi>{escaped(text)}</bdi>")  # noqa: S704 - escaped


# --- what is not seen -----------------------------------------------------------------------------------------------


def revealed(text: str) -> Markup:
    """The HTML of what somebody said, for element content: text that was hidden in it is shown."""
    if place := _put_apart(text, _HIDDEN):
        return place
    return Markup(_with_marks(escaped(text), _HIDDEN))  # noqa: S704 - escaped


def spelled(text: str) -> Markup:
    """The HTML of code, for element content: whatever is not seen in it is marked with its number."""
    if place := _put_apart(text, _HIDDEN_OR_UNSEEN):
        return place
    return Markup(spelled_str(text))  # noqa: S704 - escaped


def spelled_str(text: str) -> str:
    """The same as a str."""
    return _with_marks(escaped(text), _HIDDEN_OR_UNSEEN)


# --- very long texts ------------------------------------------------------------------------------------------------


# Every element around a text makes a copy of it, which costs memory where a file has it whole.
LONG_CHARS, _PIECE_CHARS = 500_000, 100_000
LongTexts = list[tuple[str, re.Pattern[str]]]
_apart: ContextVar[LongTexts | None] = ContextVar("apart", default=None)
_PLACE = re.compile("<!--text ([0-9]+)-->")


@contextmanager
def texts_apart() -> Iterator[LongTexts]:
    """Within it, very long texts are not in the HTML: `with_texts` puts them into their places."""
    texts: LongTexts = []
    token = _apart.set(texts)
    try:
        yield texts
    finally:
        _apart.reset(token)


def _put_apart(text: str, pattern: re.Pattern[str]) -> Markup | None:
    texts = _apart.get()
    if texts is None or len(text) <= LONG_CHARS:
        return None
    texts.append((text, pattern))
    return Markup("<!--text {}-->").format(len(texts) - 1)


def with_texts(html: str, texts: LongTexts) -> Iterator[str]:
    """HTML with its very long texts, in pieces."""
    end = 0
    for place in _PLACE.finditer(html) if texts else ():
        yield html[end : place.start()]
        text, pattern = texts[int(place[1])]
        for start in range(0, len(text), _PIECE_CHARS):
            yield _with_marks(escaped(text[start : start + _PIECE_CHARS]), pattern)
        end = place.end()
    yield html[end:]


def _with_marks(html: str, pattern: re.Pattern[str]) -> str:
    if html.isascii():
        return html
    pieces: list[str] = []
    end = 0
    for number, match in enumerate(pattern.finditer(html)):
        pieces += (html[end : match.start()], _mark(match) if number < _MOST_MARKS else "\ufffd")
        end = match.end()
    return "".join([*pieces, html[end:]]) if pieces else html


def _mark(match: re.Match[str]) -> str:
    return _spelling(match[0]) if match.lastgroup else _revealed(match)


@lru_cache(200)
def _spelling(character: str) -> str:
    return _unseen(character, f"U+{ord(character):04X}", unicodedata.name(character, "no name").capitalize())


def _revealed(match: re.Match[str]) -> str:
    if match[1] is None:
        return match[0]
    codes = [ord(character) for character in match[1]]
    if _TAGS_BEGIN <= codes[0] < _MORE_VARIANTS_BEGIN:
        text = "".join(chr(code - _TAGS_BEGIN) for code in codes)
    else:
        # 256 variants for 256 bytes.
        numbers = (code & 15 if code < _TAGS_BEGIN else code - _MORE_VARIANTS_BEGIN + 16 for code in codes)
        text = bytes(numbers).decode("utf-8", "replace")
    return _unseen(match[0], escaped(text), "Text hidden in characters that are not seen")


def _unseen(characters: str, mark: str, title: str) -> str:
    return f'<bdi class="unseen" data-mark="{mark}" title="{title}">{characters}</bdi>'


def inked(text: str, ink: str) -> str:
    """The HTML of code in an ink, which is a class of the style sheet; "" is the ink of the text around it."""
    return f'<span class="{ink}">{spelled_str(text)}</span>' if ink and text else spelled_str(text)
