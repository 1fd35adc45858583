"""Markdown from logs as HTML that is safe to show: without HTML of its own, and nothing is fetched.

CommonMark 0.31 with the tables and strikethrough of GitHub's dialect. Headings shift down by two, since the page has
its own first two levels. Lines end where they ended. Formulas stay as they came. Each link names its target. An image
becomes a link, since fetching it would tell its server who reads the log.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markupsafe import Markup

from sessions_app import bounds
from sessions_app.pages.html.components import component, joined
from sessions_app.pages.html.links import LINK_REL, facts_of, is_safe, link, shortened
from sessions_app.pages.html.plain_text import escaped, revealed, spelled
from sessions_app.pages.html.syntax import in_inks, language_named

HEADING_SHIFT = 2
MOST_NESTED = 20
# The HTML of texts up to this length is kept, of at most this many. Longer texts are rarely shown twice.
MOST_REMEMBERED_CHARS = 4_000
REMEMBERED = 3_000
# In the units of `bounds`. A character that can mean something in Markdown costs the parser more than others.
WORK_OF_CHARACTER, WORK_OF_MARK = 10, 200
MOST_WORK = 3_000_000
# The parser fills up short rows of a table. The most cells that it may add.
MOST_FILLED = 2_000
# Where a formula begins and ends, and the most characters of one.
_FORMULAS = {r"\(": r"\)", r"\[": r"\]", "$$": "$$"}
MOST_OF_FORMULA = 2_000
# The most characters in the HTML of a text: for each character of the text, and in addition for the whole text.
MOST_TIMES, ADDED_TO_ANY = 20, 4_000

# Lines that begin with a letter and have nothing that means something in Markdown.
_LINE = r"[^\W\d_][^*_`#<>\[\]&|~\\!\n\r\t\x00\"']*(?<! )"
_PLAIN_PARAGRAPHS = re.compile(rf"(?:{_LINE})(?:\n{{1,2}}{_LINE})*\n?")
_TAGS = {
    *("p", "br", "hr", "em", "strong", "s", "code", "pre", "div", "span", "bdi", "a", "blockquote", "ul", "ol", "li"),
    *("h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES = {
    "a": {"href", "title", "target"},
    "span": {"class"},
    "div": {"class", "tabindex"},
    "pre": {"tabindex", "dir"},
    "code": {"dir"},
    "bdi": {"class", "data-mark", "title"},
    "ol": {"start"},
    "th": {"data-align"},
    "td": {"data-align"},
}


def render(text: str) -> Markup:
    """The HTML of a Markdown text; plain text where rendering would cost too much. Short ones are rendered once."""
    if _work_of(text) > bounds.current().work_left:
        return plain(text)
    return _remembered(text) if len(text) <= MOST_REMEMBERED_CHARS else _render(text)


def is_bearable(text: str) -> bool:
    """Whether `render` can render a text within the answer's budget, and does not show it as plain text."""
    return _work_of(text) <= bounds.current().work_left and _is_bearable(text)


def _is_bearable(text: str) -> bool:
    return _work_of(text) <= MOST_WORK and not _fills_tables(text)


def _work_of(text: str) -> int:
    # Counted in bytes, which C does fast. In UTF-8 no other character has one of these bytes.
    content = text.encode("utf-8", "surrogatepass")
    marks = len(content) - len(content.translate(None, _MARKS))
    return WORK_OF_CHARACTER * len(text) + WORK_OF_MARK * marks


_MARKS = b"[]!*_`<>&|\\~#-+"


def _fills_tables(text: str) -> bool:
    """Whether the parser would add many more cells to tables than were written."""
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
def _remembered(text: str) -> Markup:
    return _render(text)


def _render(text: str) -> Markup:
    if _PLAIN_PARAGRAPHS.fullmatch(text):
        return _paragraphs(text)
    if not _is_bearable(text):
        return plain(text)
    bounds.current().spend(work=_work_of(text))
    tokens = _MARKDOWN.parse(text)
    if _leaves_out(tokens, text):
        return plain(text)
    # What the renderer writes should be safe already. The sanitiser makes sure.
    html = nh3.clean(
        _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel=LINK_REL,
    )
    if len(html) > ADDED_TO_ANY + MOST_TIMES * len(text):
        return plain(text)
    return Markup(html)  # noqa: S704 - sanitised


def _paragraphs(text: str) -> Markup:
    """What the parser gives for a text without any marks, in a fraction of the time."""
    paragraphs = (part.strip("\n ") for part in text.split("\n\n"))
    return joined((component("prose", "paragraph")(part.split("\n")) for part in paragraphs if part), "\n")


def _leaves_out(tokens: Sequence[Token], text: str) -> bool:
    """Whether the parser left something out: what is nested too deeply, or cells beyond the columns of a table."""
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
    """How many cells a row of a table has, or fewer."""
    return line.count("|") - line.count("\\|") + 1 - line.strip().startswith("|") - line.strip().endswith("|")


def plain(text: str) -> Markup:
    """A text as it is, its lines kept."""
    return component("prose", "plain")(text)


class _Renderer(RendererHTML):
    """Writes the elements that the style sheet knows, and links that name their target.

    What it writes is put together as plain `str`, for the sanitiser.
    """

    def heading_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return f"<{_shifted(tokens[idx].tag)}>"

    def heading_close(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return f"</{_shifted(tokens[idx].tag)}>\n"

    def link_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        url = _attribute(tokens[idx], "href")
        return str(component("prose", "open_link")(url, LINK_REL)) if is_safe(url) else ""

    def link_close(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        start = _opening(tokens, idx)
        text = "".join(token.content for token in tokens[start:idx])
        url = _attribute(tokens[start], "href")
        facts = facts_of(url, text, _attribute(tokens[start], "title"))
        return str(component("prose", "close_link" if is_safe(url) else "target")(facts))

    def image(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        token = tokens[idx]
        url = _attribute(token, "src")
        text = self.renderInlineAsText(token.children or [], options, env)
        named = link(url, text or shortened(url), _attribute(token, "title"))
        return f'<span class="img-link">image: {named}</span>'

    def fence(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        token = tokens[idx]
        language = token.info.strip()
        head = f'<div class="code-head"><span>{escaped(language)}</span></div>' if language else ""
        return _code(in_inks(token.content, language_named(language)), head)

    def code_block(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return _code(spelled(tokens[idx].content), "")

    def code_inline(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return f'<code dir="ltr">{spelled(tokens[idx].content)}</code>'

    def text(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return revealed(tokens[idx].content)

    def table_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return '<div class="table-scroll" tabindex="0"><table>'

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


def _code(content: Markup, head: str) -> str:
    return f'<div class="code">{head}<pre tabindex="0" dir="ltr"><code>{content}</code></pre></div>\n'


def _cell(token: Token) -> str:
    # The policy forbids style attributes, in which markdown-it says how a column is aligned.
    aligned = str(token.attrGet("style") or "").removeprefix("text-align:")
    return f'<{token.tag} data-align="{aligned}">' if aligned in ("center", "right") else f"<{token.tag}>"


def _formula(state: StateInline, silent: bool) -> bool:
    """A rule of the parser: what stands in a formula is no Markdown, and its backslashes are its own."""
    closing = _FORMULAS.get(state.src[state.pos : state.pos + 2])
    if closing is None:
        return False
    end = state.src.find(closing, state.pos + 2, min(state.pos + MOST_OF_FORMULA, state.posMax))
    if end < 0:
        return False
    if not silent:
        state.push("text", "", 0).content = state.src[state.pos : end + 2]
    state.pos = end + 2
    return True


_MARKDOWN = MarkdownIt("commonmark", {"html": False, "maxNesting": MOST_NESTED, "breaks": True}, renderer_cls=_Renderer)
_MARKDOWN.enable(["table", "strikethrough"])
_MARKDOWN.inline.ruler.before("escape", "formula", _formula)
# A definition `[a]: address` shows nothing by itself: text could be hidden in it.
_MARKDOWN.disable("reference")
# The parser accepts every address. Which ones become links is decided above, so that the others are still seen. The
# library documents this assignment; types know only its method.
_MARKDOWN.validateLink = lambda url: True  # type: ignore[method-assign]
