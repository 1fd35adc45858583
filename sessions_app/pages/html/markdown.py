"""Markdown of strangers as HTML that is safe to show: no HTML of theirs, nothing fetched, every link's target named.

CommonMark 0.31 with the tables and strikethrough of GitHub's dialect. Headings shift down by two, since the page has
its own first two levels. An image becomes a link: what it points to is never fetched.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import nh3
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from sessions_app import bounds

HEADING_SHIFT = 2
MOST_NESTED = 20
LINK_REL = "noopener noreferrer nofollow ugc"
# Texts up to this length are remembered; whatever is longer is shown rarely.
MOST_REMEMBERED_CHARS = 4_000
REMEMBERED = 3_000
# In units of `bounds`: what means something in Markdown costs the parser more than what does not.
WORK_OF_CHARACTER, WORK_OF_MARK = 10, 200
MOST_WORK = 3_000_000
# The parser fills up the rows of a table; so many cells more than were written are bearable.
MOST_FILLED = 2_000
# What is written of a text, in characters.
MOST_TIMES, ADDED_TO_ANY = 20, 4_000

_SAFE_URL = re.compile(r"(?:https?://|mailto:)[^\s\x00-\x1f]+", re.IGNORECASE)
# Lines that begin with a letter and hold nothing that means something in Markdown.
_LINE = r"[^\W\d_][^*_`#<>\[\]&|~\\!\n\r\t\x00\"']*(?<! )"
_PLAIN_PARAGRAPHS = re.compile(rf"(?:{_LINE})(?:\n{{1,2}}{_LINE})*\n?")
_TAGS = {
    *("p", "br", "hr", "em", "strong", "s", "code", "pre", "div", "span", "a", "blockquote", "ul", "ol", "li"),
    *("h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES = {
    "a": {"href", "title", "target"},
    "span": {"class"},
    "div": {"class"},
    "pre": {"tabindex"},
    "ol": {"start"},
    "th": {"data-align"},
    "td": {"data-align"},
}


def render(text: str) -> SafeString:
    """The HTML of a Markdown text. Rendering the same short text again costs nothing."""
    if _work_of(text) > bounds.current().work_left:
        return plain(text)
    return _remembered(text) if len(text) <= MOST_REMEMBERED_CHARS else _render(text)


def is_bearable(text: str) -> bool:
    """Whether `render` can render a text within the answer's budget; else it shows it plain."""
    return _work_of(text) <= bounds.current().work_left and _is_bearable(text)


def _is_bearable(text: str) -> bool:
    return _work_of(text) <= MOST_WORK and not _fills_tables(text)


def _work_of(text: str) -> int:
    # Byte by byte in C: of other characters no byte looks like one of these.
    content = text.encode("utf-8", "surrogatepass")
    marks = len(content) - len(content.translate(None, _MARKS))
    return WORK_OF_CHARACTER * len(text) + WORK_OF_MARK * marks


_MARKS = b"[]!*_`<>&|\\~#-+"


def _fills_tables(text: str) -> bool:
    """Whether the parser would add many more cells to tables than the text has."""
    columns = cells = written = 0
    for line in text.split("\n"):
        bare = line.strip(" \t>")
        if "|" in bare and "-" in bare and not bare.strip("|:- \t"):
            columns = max(columns, bare.count("|") + 1)
        elif not bare:
            columns = 0
        elif columns:
            cells, written = cells + columns, written + bare.count("|")
    return cells > MOST_FILLED + 3 * written


@lru_cache(REMEMBERED)
def _remembered(text: str) -> SafeString:
    return _render(text)


def _render(text: str) -> SafeString:
    if _PLAIN_PARAGRAPHS.fullmatch(text):
        return _paragraphs(text)
    if not _is_bearable(text):
        return plain(text)
    bounds.current().spend(work=_work_of(text))
    tokens = _MARKDOWN.parse(text)
    if _leaves_out(tokens, text):
        return plain(text)
    # The renderer writes safe HTML by itself; the sanitiser makes sure.
    html = nh3.clean(
        _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel=LINK_REL,
    )
    return mark_safe(html) if len(html) <= ADDED_TO_ANY + MOST_TIMES * len(text) else plain(text)  # noqa: S308 - sanitised


def _paragraphs(text: str) -> SafeString:
    """The same as the parser gives for a text without any marks, in a fraction of the time."""
    paragraphs = (part.strip("\n ") for part in text.split("\n\n"))
    html = "\n".join(f"<p>{escape(part)}</p>" for part in paragraphs if part)
    return mark_safe(html)  # noqa: S308 - escaped


def _leaves_out(tokens: Sequence[Token], text: str) -> bool:
    """Whether the parser dropped something: what is nested too deeply, or cells that a table has no columns for."""
    if any(token.level >= MOST_NESTED - 1 for token in tokens):
        return True
    lines = text.split("\n")
    columns = 0
    for token in tokens:
        if token.type == "table_open":
            columns = 0
        elif token.type == "th_open":
            columns += 1
        elif token.type == "tr_open" and columns and token.map and _cells(lines[token.map[0]]) > columns:
            return True
    return False


def _cells(line: str) -> int:
    """At most so many cells has a row of a table."""
    return line.count("|") - line.count("\\|") + 1 - line.strip().startswith("|") - line.strip().endswith("|")


def plain(text: str) -> SafeString:
    """A text as it is, its lines kept."""
    return mark_safe(f'<div class="plain">{escape(text)}</div>')  # noqa: S308 - escaped


def link(url: str, text: str, title: str = "") -> SafeString:
    """A link to a stranger's address, which it names; only the address as text when it is no web or mail address."""
    return mark_safe(_open_link(url) + escape(text) + _close_link(url, text, title))  # noqa: S308 - escaped


def _open_link(url: str) -> str:
    if not _SAFE_URL.fullmatch(url):
        return ""
    return f'<a href="{escape(url)}" title="{escape(url)}" rel="{LINK_REL}" target="_blank">'


def _close_link(url: str, text: str, title: str = "") -> str:
    """The end of a link, and where it leads unless its text says so; its title, which would show on hovering alone."""
    is_link = _SAFE_URL.fullmatch(url) is not None
    target = _host(url) if is_link else _shortened(url)
    is_named = text.strip().rstrip("/") in (url.rstrip("/"), target) if is_link else url in text
    facts = ", ".join(filter(None, ("" if is_named else target, title)))
    end = "</a>" if is_link else ""
    return f'{end} <span class="link-target">({escape(facts)})</span>' if facts else end


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or url.partition(":")[2].partition("?")[0]
    except ValueError:
        return _shortened(url)


def _shortened(url: str, most: int = 300) -> str:
    return url if len(url) <= most else f"{url[:most]}…"


class _Renderer(RendererHTML):
    """Writes what the design's prose knows, and links that name their target."""

    def heading_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return f"<{_shifted(tokens[idx].tag)}>"

    def heading_close(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return f"</{_shifted(tokens[idx].tag)}>\n"

    def link_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return _open_link(_attribute(tokens[idx], "href"))

    def link_close(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        start = _opening(tokens, idx)
        text = "".join(token.content for token in tokens[start:idx])
        return _close_link(_attribute(tokens[start], "href"), text, _attribute(tokens[start], "title"))

    def image(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        token = tokens[idx]
        url = _attribute(token, "src")
        text = self.renderInlineAsText(token.children or [], options, env)
        named = link(url, text or _shortened(url), _attribute(token, "title"))
        return f'<span class="img-link">image: {named}</span>'

    def fence(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        token = tokens[idx]
        language = token.info.strip()
        head = f'<div class="code-head"><span>{escape(language)}</span></div>' if language else ""
        return _code(token.content, head)

    def code_block(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return _code(tokens[idx].content, "")

    def table_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return '<div class="table-scroll"><table>'

    def table_close(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return "</table></div>\n"

    def th_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return _cell(tokens[idx])

    td_open = th_open


def _attribute(token: Token, name: str) -> str:
    return str(token.attrGet(name) or "")


def _shifted(tag: str) -> str:
    return f"h{min(int(tag[1]) + HEADING_SHIFT, 6)}"


def _opening(tokens: Sequence[Token], close: int) -> int:
    """The index of the link_open that the link_close at `close` ends; links do not nest."""
    return next(index for index in range(close, -1, -1) if tokens[index].type == "link_open")


def _code(content: str, head: str) -> str:
    return f'<div class="code">{head}<pre tabindex="0"><code>{escape(content)}</code></pre></div>\n'


def _cell(token: Token) -> str:
    # The policy forbids style attributes, in which markdown-it says how a column is aligned.
    aligned = str(token.attrGet("style") or "").removeprefix("text-align:")
    return f'<{token.tag} data-align="{aligned}">' if aligned in ("center", "right") else f"<{token.tag}>"


_MARKDOWN = MarkdownIt("commonmark", {"html": False, "maxNesting": MOST_NESTED}, renderer_cls=_Renderer)
_MARKDOWN.enable(["table", "strikethrough"])
# A definition `[a]: address` shows nothing by itself: text could be hidden in it.
_MARKDOWN.disable("reference")
# Every address is let through here and judged when the link is written, so that refused ones are still seen.
_MARKDOWN.validateLink = lambda url: True  # type: ignore[method-assign]
