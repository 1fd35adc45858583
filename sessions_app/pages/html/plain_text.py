"""Text from logs as HTML: escaped, its control characters made visible."""

from __future__ import annotations

import re
from html import escape

from markupsafe import Markup

# Everything below the space but tab and line ends, DEL, the C1 controls, and surrogates, which UTF-8 cannot write.
_ODD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def visible(text: str) -> str:
    """A text that HTML and UTF-8 can hold: control characters as their pictures, lone surrogates as U+FFFD."""
    return _ODD.sub(_picture, text) if _ODD.search(text) else text


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"


def escaped(text: str) -> str:
    """The HTML of a text as a str, for those who put many pieces together: Markup costs more than escaping."""
    return escape(visible(text))


def shown(text: str) -> Markup:
    """The HTML of a text, for element content and quoted attributes."""
    return Markup(escaped(text))  # noqa: S704 - escaped


def isolated(text: str) -> Markup:
    """The HTML of a text within a line. Its writing direction does not change the text around it."""
    return Markup(f"<bdi>{escaped(text)}</bdi>")  # noqa: S704 - escaped


def inked(text: str, ink: str) -> str:
    """The HTML of a text in an ink, which is a class of the style sheet; "" is the ink of the text around it."""
    return f'<span class="{ink}">{escaped(text)}</span>' if ink and text else escaped(text)
