"""The lists in a row of the session list. Written here, since a template's loops take ten times as long."""

from __future__ import annotations

from html import escape
from urllib.parse import quote

from django import template
from django.utils.safestring import SafeString

from sessions_app.templatetags.format import hue

register = template.Library()

USERS_SHOWN, TAGS_SHOWN, DOTS_SHOWN = 2, 3, 5


@register.filter
def model_marks(names: list[str]) -> SafeString:
    """The first model with its mark, the others as dots with their names for screen readers and in the title."""
    if not names:
        return SafeString("")
    every, (first, *others) = escape(", ".join(names)), names
    dots = "".join(f'<span class="model-dot" {hue(name)}></span>' for name in others[:DOTS_SHOWN])
    unseen = f'<span class="vh">, {escape(", ".join(others))}</span>' if others else ""
    mark = f'<span class="model" {hue(first)}><bdi>{escape(first)}</bdi></span>'
    return SafeString(f'<span class="models" title="{every}">{mark}{dots}{unseen}</span>')


@register.filter
def user_links(names: list[str], address: str) -> SafeString:
    """The first users, each a link to their sessions; `address` is that of the list."""
    links = [
        f'<a href="{escape(address)}?user={quote(name, safe="")}" title="{escape(name)}"><bdi>{escape(name)}</bdi></a>'
        for name in names[:USERS_SHOWN]
    ]
    return SafeString("".join(links) + _more(names, USERS_SHOWN))


@register.filter
def tag_marks(names: list[str]) -> SafeString:
    """The first tags, and how many more there are."""
    if not names:
        return SafeString("")
    shown = " ".join(
        f'<span class="tag" title="{escape(name)}"><bdi>{escape(name)}</bdi></span>' for name in names[:TAGS_SHOWN]
    )
    return SafeString(f"<span>{shown}{_more(names, TAGS_SHOWN)}</span>")


def _more(names: list[str], shown: int) -> str:
    return f' <span class="nowrap">+{len(names) - shown}</span>' if len(names) > shown else ""
