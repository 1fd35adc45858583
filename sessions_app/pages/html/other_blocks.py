"""Reasoning, refusals and values of unknown shapes as HTML."""

from __future__ import annotations

from markupsafe import Markup

from sessions_app.content.blocks import OtherBlock, ReasoningBlock, RefusalBlock
from sessions_app.content.json_values import to_json
from sessions_app.pages.html.components import component
from sessions_app.pages.html.json_text import Indented, beginning, drawn, indent
from sessions_app.pages.html.pieces import clamped, code_box, fold, reference
from sessions_app.pages.html.plain_text import isolated
from sessions_app.pages.html.source import BlockAddress
from sessions_app.pages.html.texts import peek, prose, seam_instead, size_of

TYPE_CHARS = 40
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


def data_text(block: OtherBlock) -> Indented:
    """The value as indented JSON text."""
    return indent(to_json(block.value))


def other(block: OtherBlock, address: BlockAddress) -> Markup:
    """The value as JSON, folded, under the name of its type."""
    text = to_json(block.value)
    part = beginning(text)
    # A short value is measured and glimpsed at as it is shown, which is indented.
    text = text if part.hidden_chars else part.shown
    if len(text) < _ONLY_A_MARK_CHARS and (missing := seam_instead(text)) is not None:
        return missing
    content = clamped(code_box(drawn(part.shown)), address.text_url, part.hidden_chars)
    return fold(_title(block), content, f"JSON, {size_of(text)}", peek(text))


def not_understood(block: OtherBlock, address: BlockAddress) -> Markup:
    """What of a message none of its blocks says, as JSON. `address`: where the whole message is."""
    part = beginning(to_json(block.value))
    content = clamped(code_box(drawn(part.shown)), address.text_url, part.hidden_chars)
    return fold("Not understood, as it came", content, "JSON", peek(part.shown))


def _title(block: OtherBlock) -> str:
    named = block.value.get("type") if isinstance(block.value, dict) else None
    return isolated(named[:TYPE_CHARS]) if isinstance(named, str) and named else "Data"
