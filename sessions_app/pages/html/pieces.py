"""The pieces that threads and the pages of requests are made of. Their markup is in `components/pieces.jinja`."""

from __future__ import annotations

from typing import Literal, TypeAlias

from markupsafe import Markup

from sessions_app.pages.html.components import component
from sessions_app.pages.html.formats import exact

Direction: TypeAlias = Literal["ltr", "auto"]


def icon(name: str, small: bool = True) -> Markup:
    """An icon of the sprite."""
    return component("icon", "icon")(name, "s" if small else "")


def row(role: str, content: Markup, author: str = "", kind: str = "") -> Markup:
    """A row of a thread: role (any text) and author at the side, beside them the content in a box of a `kind`."""
    return component("pieces", "row")(role, content, author, kind)


def reference(icon_name: str, content: str) -> Markup:
    """A faint line with an icon."""
    return component("pieces", "reference")(icon_name, content)


def fold(title: str, content: Markup, amount: str = "", peek: str = "") -> Markup:
    """A folded piece: its title, how much it is, and a glimpse of it in one line."""
    return component("pieces", "fold")(title, content, amount, peek)


def code_box(content: Markup, ink: str = "", direction: Direction = "ltr") -> Markup:
    """A box of code, in an ink of its own if one is named. `direction` "auto": it may be prose, too."""
    return component("pieces", "code_box")(content, ink, direction)


def clamped(content: Markup, url: str, hidden: int, is_faded: bool = False, unit: str = "character") -> Markup:
    """A text; if characters of it (or another unit) are hidden, with a button that puts the whole, at `url`, in its
    place.
    """
    return component("pieces", "clamp")(content, url, hidden, is_faded, unit) if hidden else content


def more(words: str, href: str, partial: str = "") -> Markup:
    """A button that is replaced by what is at `partial`. `href` is the page that has it too."""
    return component("pieces", "more")(words, href, partial)


def link(href: str, words: str) -> Markup:
    return component("pieces", "link")(href, words)


def request_link(href: str, number: int) -> Markup:
    """`request 3`, as a link."""
    return link(href, f"request {exact(number)}")


def code(text: str) -> Markup:
    """A name or value as it was sent, within a sentence."""
    return component("pieces", "code")(text)
