"""Reasoning, refusals and values of unknown shapes as HTML."""

from __future__ import annotations

from markupsafe import Markup

from sessions_app import bounds
from sessions_app.content.base64_text import json_without_base64, shortened
from sessions_app.content.blocks import Citation, CitationsBlock, OtherBlock, ReasoningBlock, RefusalBlock
from sessions_app.content.json_values import to_json
from sessions_app.content.summaries import words_of_item
from sessions_app.pages.html.components import component, joined, sentence
from sessions_app.pages.html.formats import exact
from sessions_app.pages.html.json_text import Indented, beginning, drawn, indent
from sessions_app.pages.html.links import link
from sessions_app.pages.html.pieces import clamped, code_box, fold, reference
from sessions_app.pages.html.plain_text import isolated, visible
from sessions_app.pages.html.source import BlockAddress
from sessions_app.pages.html.texts import peek, prose, seam_instead, size_of

TYPE_CHARS = 40
MOST_CITED = 50
CITED_CHARS = 400
# A shorter value with a mark in it consists of little but the mark.
_ONLY_A_MARK_CHARS = 200


def reasoning(block: ReasoningBlock, address: BlockAddress) -> Markup:
    if block.text:
        return component("other_blocks", "reasoning")(prose(block.text, address), len(block.text))
    count = block.encrypted_chars
    note = "not sent" if count is None else f"encrypted by the provider, {count} characters"
    return reference("reason", f"Reasoning, {note}")


def refusal(block: RefusalBlock, address: BlockAddress) -> Markup:
    return reference("info", "The model refused") + prose(block.text, address)


def citations(block: CitationsBlock) -> Markup:
    """What a text cites, folded: the titles with their addresses, and the words that are quoted."""
    shown = block.citations[: bounds.at_most(MOST_CITED)]
    rows = [reference("doc", _cited(one)) for one in shown]
    if len(block.citations) > len(shown):
        rows.append(reference("info", f"{exact(len(block.citations) - len(shown))} more in the raw JSON"))
    titles = ", ".join(one.title or one.url for one in shown)
    return fold("Sources", joined(rows), exact(len(block.citations)), peek(titles))


def _cited(one: Citation) -> Markup:
    most = bounds.at_most(CITED_CHARS)
    title, url = visible((one.title or one.url)[:most]), visible(one.url[:most])
    source = link(url, title) if url else isolated(title)
    return sentence("{}: {}", source, isolated(peek(one.quote, most))) if one.quote else source


def data_text(block: OtherBlock) -> Indented:
    """The value as indented JSON text."""
    return indent(json_without_base64(block.value))


def other(block: OtherBlock, address: BlockAddress) -> Markup:
    """The value as JSON, folded, under the name of its type; a provider's summary in words."""
    words = words_of_item(block.value)
    if words is not None:
        what = "A summary by the provider stands for what was said before" + ("" if words else ". It is encrypted")
        return reference("info", what) + (prose(words, address) if words else _folded(block, address))
    return _folded(block, address)


def _folded(block: OtherBlock, address: BlockAddress) -> Markup:
    whole = to_json(block.value)
    text = shortened(whole)
    part = beginning(text)
    # A short value is measured and glimpsed at as it is shown, which is indented.
    whole = whole if part.hidden_chars or text != whole else part.shown
    text = text if part.hidden_chars else part.shown
    if len(text) < _ONLY_A_MARK_CHARS and (missing := seam_instead(text)) is not None:
        return missing
    content = clamped(code_box(drawn(part.shown)), address.text_url, part.hidden_chars)
    return fold(_title(block), content, f"JSON, {size_of(whole)}", peek(text))


def rest_of_message(block: OtherBlock, address: BlockAddress) -> Markup:
    """What of a message none of its blocks says, as JSON. `address`: where the whole message is."""
    part = beginning(json_without_base64(block.value))
    content = clamped(code_box(drawn(part.shown)), address.text_url, part.hidden_chars)
    return fold("More of the message, as it came", content, "JSON", peek(part.shown))


def _title(block: OtherBlock) -> str:
    named = block.value.get("type") if isinstance(block.value, dict) else None
    return isolated(named[:TYPE_CHARS]) if isinstance(named, str) and named else "Data"
