"""The content of a message: a text, or blocks that mostly tell by their `type` what they are.

A block of a type that is not known is kept as it is (OtherBlock), so nothing is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sessions_app.content import outcomes
from sessions_app.content.apis import bedrock, citations, dialects, gemini, media, responses, shapes, thoughts
from sessions_app.content.apis.described import described
from sessions_app.content.apis.tool_results import tool_result
from sessions_app.content.blocks import (
    Citation,
    CitationsBlock,
    ContentBlock,
    MediaBlock,
    OtherBlock,
    ReasoningBlock,
    RefusalBlock,
    TextBlock,
    ToolCallBlock,
    joined_text,
)
from sessions_app.content.json_values import JsonObject, as_text

# So many references of one block are read.
MOST_IDS = 200


def read_content(content: Any) -> list[ContentBlock]:
    """The blocks of a message's content, or of what a tool returned. What its texts cite stands at its end."""
    if content is None or content == "":
        return []
    if isinstance(content, str):
        return [media.bare_file(content) or TextBlock(content)]
    if isinstance(content, list):
        return _with_citations_last([block for item in content for block in _blocks(item)])
    if isinstance(content, dict):
        return _blocks(content)
    return [OtherBlock(content)]


def _with_citations_last(blocks: list[ContentBlock]) -> list[ContentBlock]:
    """An answer with citations consists of many short texts. Their citations would tear them apart."""
    cited = [block for block in blocks if isinstance(block, CitationsBlock)]
    if not cited:
        return blocks
    others = [block for block in blocks if not isinstance(block, CitationsBlock)]
    return others + citations.together(one for block in cited for one in block.citations)


def read_item(item: JsonObject) -> list[ContentBlock]:
    """The blocks of an object that is not wrapped in a message."""
    return _blocks(item)


def is_content(item: JsonObject) -> bool:
    """Whether an object by itself is something that anybody may say: a text, an image, a file."""
    kind = item.get("type")
    if not isinstance(kind, str):
        return True
    return kind in _TEXTS or kind in _SAID or media.is_plain(kind)


def _blocks(item: Any) -> list[ContentBlock]:
    """The blocks that one item of a list of content stands for; mostly one."""
    if isinstance(item, str):
        return read_content(item)
    if not isinstance(item, dict):
        return [] if item is None else [OtherBlock(item)]
    kind = item.get("type")
    if not isinstance(kind, str):
        return _without_type(item)
    reader = _READERS.get(kind)
    if reader is not None:
        return reader(item)
    item_reader = responses.item_reader(kind)
    if item_reader is not None:
        return item_reader(item, read_content)
    known = dialects.known_form(item)
    if known is not None:
        return _blocks(known)
    found = shapes.read_by_shape(item, read_content)
    if found is None:
        found = _medium(item) or described(item, read_content)
    return found if found is not None else _unknown(item)


def _without_type(item: JsonObject) -> list[ContentBlock]:
    """Parts of Gemini and Bedrock have no type, but a member that tells."""
    found = described(item, read_content)
    if found is None:
        found = gemini.part_blocks(item, read_content)
    if found is not None:
        return [*found, *citations.blocks_of(item)]
    inner = bedrock.block_reader(item)
    if inner is not None:
        return inner[0](inner[1], read_content)
    found = media.gemini_media(item) or citations.grounding_blocks(item)
    return found or (citations.blocks_of(item) if item.keys() == {"citations"} else []) or [OtherBlock(item)]


def _unknown(item: JsonObject) -> list[ContentBlock]:
    """The text of a block of an unknown type, and all else that it holds."""
    text = item.get("text")
    if not isinstance(text, str) or not text:
        found = gemini.part_blocks(item, read_content)
        return found if found else [OtherBlock(item)]
    rest = {name: value for name, value in item.items() if name not in _SILENT and value not in (None, "", [], {})}
    return [TextBlock(text), *citations.blocks_of(item), *([OtherBlock(rest)] if rest else [])]


_SILENT = frozenset({"type", "text", "id", "index", "cache_control", "citations", "annotations", "status", "signature"})


def _text(item: JsonObject) -> list[ContentBlock]:
    # OpenTelemetry's text parts have `content`.
    text = item.get("text", item.get("content"))
    if isinstance(text, dict):
        text = text.get("value")
    blocks: list[ContentBlock] = [TextBlock(text)] if isinstance(text, str) and text else []
    if item.get("citations") or item.get("annotations"):
        blocks += citations.blocks_of(item)
    return blocks


def _thinking(item: JsonObject) -> list[ContentBlock]:
    return thoughts.thinking(item, read_content)


def _redacted_thinking(item: JsonObject) -> list[ContentBlock]:
    return [ReasoningBlock(encrypted_chars=len(as_text(item.get("data"))))]


def _refusal(item: JsonObject) -> list[ContentBlock]:
    # OpenTelemetry's has `content`.
    return [RefusalBlock(as_text(item.get("refusal", item.get("content"))))]


def _medium(item: JsonObject) -> list[ContentBlock] | None:
    """An image, a recording or a file; None for other blocks."""
    kind = media.kind_of_media(item)
    found = media.spoken(item) if kind == "audio" else None
    found = found or (media.medium(item, kind, read_content) if kind else None)
    return [found] if found else None


def _known_medium(item: JsonObject) -> list[ContentBlock]:
    return _medium(item) or [OtherBlock(item)]


def _document(item: JsonObject) -> list[ContentBlock]:
    """A document, and what its sender says of it (Anthropic's `context`)."""
    context = item.get("context")
    return [*_known_medium(item), *([TextBlock(context)] if isinstance(context, str) and context else [])]


def _audio(item: JsonObject) -> list[ContentBlock]:
    found = media.audio(item)
    return [found] if found else _known_medium(item)


def _search_result(item: JsonObject) -> list[ContentBlock]:
    """A page or a record that somebody found, with its words (Anthropic)."""
    title = as_text(item.get("title"))
    text = joined_text(read_content(item.get("content")), "\n") or title
    return [MediaBlock("file", as_text(item.get("source")), name=title, text=text)]


def _reference(item: JsonObject) -> list[ContentBlock]:
    """Mistral's references to documents of the request, and to pages that its tools found."""
    if isinstance(item.get("reference_ids"), list):
        return citations.together(Citation(f"reference {as_text(one)}") for one in item["reference_ids"][:MOST_IDS])
    return citations.blocks_of({"citations": [item]})


def _tool_use(item: JsonObject) -> list[ContentBlock]:
    name, arguments, call_id = (as_text(item.get(member)) for member in ("name", "input", "id"))
    return [ToolCallBlock(name, arguments, call_id, by_provider=item.get("providerExecuted") is True)]


def _function_call(item: JsonObject) -> list[ContentBlock]:
    if "output" in item:
        return shapes.call_blocks(item, read_content)
    call_id = as_text(item.get("call_id") or item.get("id"))
    return [ToolCallBlock(shapes.tool_name(item), as_text(item.get("arguments")), call_id)]


def _function_output(item: JsonObject) -> list[ContentBlock]:
    call_id = as_text(item.get("call_id"))
    return [tool_result(read_content, item.get("output"), call_id, is_error=outcomes.said_failed(item))]


def _tool_result(item: JsonObject) -> list[ContentBlock]:
    call_id, name = as_text(item.get("tool_use_id") or item.get("id")), as_text(item.get("name"))
    return [tool_result(read_content, item.get("content"), call_id, name, outcomes.said_failed(item))]


def _tool_reference(item: JsonObject) -> list[ContentBlock]:
    """What a tool of Mistral's found is a source; of Anthropic's it is the name of another tool."""
    if item.get("url") or item.get("title"):
        return citations.blocks_of({"citations": [item]})
    return described(item, read_content) or [OtherBlock(item)]


_TEXTS = ("text", "input_text", "output_text", "summary_text", "reasoning_text")
# Types that anybody may say, beside texts and media.
_SAID = ("refusal", "search_result", "tool_reference", "reference")

_READERS: dict[str, Callable[[JsonObject], list[ContentBlock]]] = {
    **dict.fromkeys(_TEXTS, _text),
    **dict.fromkeys(("thinking", "thought"), _thinking),
    "redacted_thinking": _redacted_thinking,
    "refusal": _refusal,
    **dict.fromkeys(("image_url", "input_image", "image"), _known_medium),
    "document": _document,
    **dict.fromkeys(("file", "input_file"), _known_medium),
    "input_audio": _audio,
    "search_result": _search_result,
    "tool_reference": _tool_reference,
    **dict.fromkeys(("reference", "source", "source-url", "source-document"), _reference),
    "function_call": _function_call,
    "function_call_output": _function_output,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
}
