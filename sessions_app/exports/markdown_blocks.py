"""Messages as Markdown: who says it, and each block of it in a fence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from sessions_app.content.base64_text import json_without_base64, shortened
from sessions_app.content.blocks import (
    CitationsBlock,
    ContentBlock,
    MediaBlock,
    OtherBlock,
    ReasoningBlock,
    RefusalBlock,
    TextBlock,
    ToolCallBlock,
    ToolResultBlock,
)
from sessions_app.content.omissions import find_cuts
from sessions_app.content.outcomes import outcome_of
from sessions_app.exports.fences import fenced, span
from sessions_app.pages.html.attachments import byte_size, kind_in_words
from sessions_app.pages.html.formats import exact, size
from sessions_app.pages.html.json_text import indented, is_json
from sessions_app.pages.html.source import Source, is_blank
from sessions_app.pages.html.tool_pairs import FoundResult, Pairs

_ELSEWHERE = "its content is in the JSON export"
_MOST_NAMES = 200


def message(source: Source, pairs: Pairs, author: str = "", choice: int = 0) -> Iterator[str]:
    """A message with its role. Results that are shown with their calls are only named."""
    said = source.message
    name = said.name or (author if said.role == "user" else "")
    words = [f"**{_role(said.role)}**", *([span(name)] if name else []), *([f"choice {choice}"] if choice else [])]
    yield " · ".join(words) + "\n\n"
    if is_blank(source):
        yield "(white space only)\n\n"
    elif not source.said:
        yield "(empty)\n\n"
    for number, block in enumerate(said.blocks):
        yield from _block(block, (source.place, number), said.role, pairs)
    if source.unread is not None:
        yield "Not understood, as it came:\n\n" + fenced(_json(json_without_base64(source.unread.value)), "json") + "\n"


def _role(role: str) -> str:
    return role if role in ("system", "user", "assistant", "tool") else span(role or "no role", 40)


def _block(block: ContentBlock, key: tuple[object, int], role: str, pairs: Pairs) -> Iterator[str]:
    match block:
        case TextBlock():
            yield text(block.text)
        case ReasoningBlock(text=""):
            count = block.encrypted_chars
            note = "not sent" if count is None else f"encrypted by the provider, {exact(count)} characters"
            yield f"Reasoning: {note}.\n\n"
        case ReasoningBlock():
            yield "Reasoning:\n\n" + text(block.text)
        case ToolCallBlock():
            yield from _call(block, key, pairs)
        case ToolResultBlock():
            found = pairs.calls.get(key)
            if found is None:
                yield from result(block)
            elif found.number is not None or role != "assistant":
                where = "" if found.number is None else f" in request {exact(found.number)}"
                yield f"Result of {span(found.name or 'a tool')}: with its call{where}.\n\n"
        case MediaBlock():
            yield from _media(block)
        case RefusalBlock():
            yield "The model refused:\n\n" + text(block.text)
        case CitationsBlock():
            cited = (f"- {span(one.title or one.url)} {span(one.url, 2_000)}\n" for one in block.citations)
            quotes = [one.quote for one in block.citations if one.quote]
            yield "Sources:\n\n" + "".join(cited) + "\n" + "".join(fenced(quote) + "\n" for quote in quotes)
        case OtherBlock():
            yield fenced(_json(json_without_base64(block.value)), "json") + "\n"
        case _:
            assert_never(block)


def text(said: str) -> str:
    """A text in a fence, and below it what its sender left out."""
    said = shortened(said)
    sentences = dict.fromkeys(cut.sentence for cut in find_cuts(said))
    return fenced(said) + "\n" + "".join(f"Cut before it was logged: {sentence}\n\n" for sentence in sentences)


def _call(call: ToolCallBlock, key: tuple[object, int], pairs: Pairs) -> Iterator[str]:
    yield f"Tool call {span(call.name or 'tool')}:\n\n"
    if call.arguments.strip():
        arguments = shortened(call.arguments)
        yield fenced(_json(arguments), "json") + "\n" if is_json(arguments) else text(arguments)
    found: FoundResult | None = pairs.results.get(key)
    ran = pairs.executions.get(key)
    if found is not None:
        yield from result(found.block, call, ran.duration if ran else "")
    elif ran is not None:
        took = f", {ran.duration}" if ran.duration else ""
        yield f"It ran{took}; no result was sent back. What it returned is with its step.\n\n"
    elif why := pairs.why_unanswered(key):
        yield f"({why})\n\n"


def result(block: ToolResultBlock, call: ToolCallBlock | None = None, took: str = "") -> Iterator[str]:
    """What a tool returned, and how it went, if that is known."""
    outcome = outcome_of(block, call)
    went = {"error": "failed", "looks_failed": f"looks failed: {span(outcome.reason)}"}.get(outcome.status, "")
    name = "" if call else f" of {span(block.name or block.call_id or 'a tool')}"
    yield f"Result{name}" + "".join(f", {words}" for words in (went, took) if words) + ":\n\n"
    if block.text:
        yield fenced(_json(shortened(block.text)), "json") + "\n" if is_json(block.text) else text(block.text)
    for inner in block.blocks:
        if isinstance(inner, MediaBlock):
            yield from _media(inner)
        elif isinstance(inner, OtherBlock) and not block.text:
            yield fenced(_json(json_without_base64(inner.value)), "json") + "\n"
    if not block.text and not block.blocks:
        yield "(empty)\n\n"


def _media(block: MediaBlock) -> Iterator[str]:
    amount = byte_size(block)
    facts = [span(one) for one in (block.name, block.media_type, block.extent) if one]
    facts += [size(amount), _ELSEWHERE] if amount else []
    if block.url and not block.url.startswith("data:"):
        facts.append(span(block.url, 2_000))
    yield f"{kind_in_words(block).capitalize()}: {', '.join(facts) or 'elsewhere'}.\n\n"
    if block.text:
        yield text(block.text)


def _json(text: str) -> str:
    return indented(text)


def names_in_line(names: Sequence[str]) -> str:
    shown = ", ".join(span(name, 80) for name in names[:_MOST_NAMES])
    return shown + (f" and {exact(len(names) - _MOST_NAMES)} more" if len(names) > _MOST_NAMES else "")
