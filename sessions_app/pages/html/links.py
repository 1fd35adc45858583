"""Links to addresses from logs: only web and mail addresses, and each names its target."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from markupsafe import Markup

from sessions_app.pages.html.components import component, joined

LINK_REL = "noopener noreferrer nofollow ugc"
_SAFE_URL = re.compile(r"(?:https?://|mailto:)[^\s\x00-\x1f]+", re.IGNORECASE)


def link(url: str, text: str, title: str = "") -> Markup:
    """A link to an address from a log, which names its target. Only text, if it is no web or mail address."""
    facts = facts_of(url, text, title)
    if not is_safe(url):
        return joined((text, component("prose", "target")(facts)))
    return component("prose", "link")(url, LINK_REL, text, facts)


def is_safe(url: str) -> bool:
    """Whether an address from a log may be a link."""
    return _SAFE_URL.fullmatch(url) is not None


def facts_of(url: str, text: str, title: str) -> str:
    """What follows a link: where it leads, unless its text says so, and its title, which is else only seen on hover."""
    target = _host(url) if is_safe(url) else shortened(url)
    is_named = text.strip().rstrip("/") in (url.rstrip("/"), target) if is_safe(url) else url in text
    return ", ".join(filter(None, ("" if is_named else target, title)))


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or url.partition(":")[2].partition("?")[0]
    except ValueError:
        return shortened(url)


def shortened(url: str, most: int = 300) -> str:
    """An address, or its beginning."""
    return url if len(url) <= most else f"{url[:most]}…"
