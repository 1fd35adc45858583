"""Texts of messages as HTML: Markdown or code, their beginning or all of them, with marks where senders left text out.

Whatever came from a sender is escaped by a component, or by `markdown`, `terminal` or `drawn`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from markupsafe import Markup

from sessions_app import bounds
from sessions_app.content import base64_text
from sessions_app.content.omissions import MASKED, Cut, find_cuts
from sessions_app.content.wrappers import Section, sections_of
from sessions_app.pages.html import markdown
from sessions_app.pages.html.components import component, joined
from sessions_app.pages.html.excerpts import MESSAGE_LINES, excerpt
from sessions_app.pages.html.formats import exact, size
from sessions_app.pages.html.json_text import drawn, is_json
from sessions_app.pages.html.pieces import clamped, code_box, fold, reference
from sessions_app.pages.html.plain_text import revealed, spelled, visible
from sessions_app.pages.html.source import BlockAddress
from sessions_app.pages.html.terminal import notes_on, terminal
from sessions_app.pages.html.text_diff import diff_box, diff_html
from sessions_app.pages.html.text_form import is_raw
from sessions_app.pages.html.text_parts import TextPart, blocks_of
from sessions_app.pages.html.tools.patches import lines_of_blocks

PEEK_CHARS = 160
RESULT_SUMMARY_CHARS = 80
# How many marks of omissions are shown in one text.
MOST_SEAMS = 20
# A mask stands in place of a few characters. It is described below the text, which would else be torn apart.
_DESCRIBED_BELOW = (MASKED,)


def prose(text: str, address: BlockAddress) -> Markup:
    """A text as Markdown; of a long one the beginning."""
    part = excerpt(base64_text.readable(text))
    return clamped(with_seams(part.shown, _markdown), address.text_url, part.hidden_chars, is_faded=True)


def user_text(text: str, address: BlockAddress) -> Markup:
    """The same for a text of the user: what a client put around it is folded, under the names of its elements."""
    found = sections_of(text)
    if is_raw() or all(not section.name for section in found):
        return prose(text, address)
    return joined(
        _section(section, replace(address, section=number))
        for number, section in enumerate(found)
        if section.text.strip() or section.name
    )


def _section(section: Section, address: BlockAddress) -> Markup:
    if not section.name:
        return prose(section.text, address)
    amount = size_of(section.text)
    return fold(component("texts", "element")(section.name), prose(section.text, address), amount, peek(section.text))


def _markdown(text: str) -> Markup:
    if is_raw():
        return component("texts", "raw")(text)
    return joined(_block(block) for block in blocks_of(visible(text)))


def _block(block: TextPart) -> Markup:
    text = block.text
    if block.kind == "call":
        return code_box(spelled(text))
    if block.kind == "change" and (lines := lines_of_blocks(text)) is not None:
        return diff_box(lines)
    html = component("texts", "prose")(markdown.render(text))
    return html if markdown.is_bearable(text) else html + unformatted(len(text), "too much Markdown")


def unformatted(chars: int, why: str) -> Markup:
    """Says how much of a text is shown as it came: `190,005 characters are shown as they came: nested too deeply`."""
    noun = "character is shown as it" if chars == 1 else "characters are shown as they"
    return reference("info", f"{exact(chars)} {noun} came: {why}")


def code(text: str, address: BlockAddress, lines: int = MESSAGE_LINES, ink: str = "") -> Markup:
    """A text that a program wrote; of a long one the beginning."""
    part = excerpt(base64_text.readable(text), lines=lines)
    html = with_seams(part.shown, lambda piece: said_box(piece, ink))
    return clamped(html + undrawn(part.shown), address.text_url, part.hidden_chars)


def undrawn(text: str) -> Markup:
    """Says what of the output of a program is not drawn."""
    return joined(reference("info", note) for note in notes_on(text))


def said_box(text: str, ink: str = "") -> Markup:
    """A box with what a program wrote, which may be code or prose: each line has the direction of its first word."""
    return code_box(terminal(text) if "\x1b" in text else revealed(text), ink, direction="auto")


def whole_text(text: str, is_code: bool) -> Markup:
    """All of a text that is not too long."""
    if not is_code:
        return with_seams(text, _markdown)
    return with_seams(text, lambda piece: code_box(drawn(piece)) if is_json(text) else said_box(piece)) + undrawn(text)


def text_piece(text: str) -> Markup:
    """A piece of a very long text, unformatted."""
    return with_seams(text, lambda piece: said_box(piece))


def removed_fold(title: str, text: str) -> Markup:
    """A text that is not sent any more, folded."""
    removed = diff_html(text, "")
    if not removed:
        rest = f"{exact(len(text) - PEEK_CHARS)} more characters are with the request before"
        removed = said_box(text[:PEEK_CHARS]) + reference("info", rest)
    return fold(title, removed, size_of(text), peek(text))


def size_of(text: str) -> str:
    """How large a text is: `4.1 kB`."""
    return size(len(text.encode("utf-8", "replace")))


def peek(text: str, most: int = PEEK_CHARS) -> str:
    """The beginning of a text in one line, with "…" if there is more."""
    return clipped(" ".join(text[: most * 4].split()) + ("…" if text[most * 4 :].strip() else ""), most)


def clipped(line: str, most: int) -> str:
    """A line, or its beginning with "…"."""
    return line if len(line) <= most else f"{line[: most - 1]}…"


def first_line(text: str) -> str:
    """The first line of a text that is not blank, or its beginning."""
    for line in text[:2000].splitlines():
        if line.strip():
            return clipped(line.strip(), RESULT_SUMMARY_CHARS)
    return ""


# --- where text is missing ------------------------------------------------------------------------------------------


def with_seams(text: str, write: Callable[[str], Markup]) -> Markup:
    """A text as `write` writes it. Where a sender cut something out, a line says what is missing and who cut it out."""
    found = find_cuts(text)
    return joined(_pieces(text, found, write)) if found else write(text)


def _pieces(text: str, found: list[Cut], write: Callable[[str], Markup]) -> Iterator[Markup]:
    cuts, end = found[: bounds.at_most(MOST_SEAMS)], 0
    for cut in (cut for cut in cuts if cut.what not in _DESCRIBED_BELOW):
        if text[end : cut.start].strip():
            yield write(text[end : cut.start])
        yield seam(cut)
        end = cut.end
    if text[end:].strip():
        yield write(text[end:])
    yield from {cut.sentence: seam(cut) for cut in cuts if cut.what in _DESCRIBED_BELOW}.values()
    if len(found) > len(cuts):
        yield reference("info", f"{exact(len(found) - len(cuts))} more marks of omissions")


def seam(cut: Cut) -> Markup:
    """The line that says what is missing."""
    return component("texts", "seam")(cut.sentence, cut.switch_off)


def seam_instead(text: str) -> Markup | None:
    """The line for the first omission in a value that is nothing else without it; None if nothing is missing."""
    cut = next(iter(find_cuts(text)), None)
    return seam(cut) if cut else None
