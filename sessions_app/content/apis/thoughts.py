"""What a model thought, wherever it stands: in blocks, in members beside the content, in tags in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from sessions_app.content.apis.tool_results import ReadContent
from sessions_app.content.blocks import ContentBlock, ReasoningBlock, TextBlock, joined_text
from sessions_app.content.json_values import JsonObject, as_text

# DeepSeek, vLLM, LiteLLM and others have a text beside the content; Cohere has the plan of its tool calls.
_MEMBERS = ("reasoning_content", "reasoning", "thinking", "reasoning_text", "tool_plan")
_LISTS = ("thinking_blocks", "reasoning_details")
_PLACES = frozenset({*_MEMBERS, *_LISTS})
# Open models write their reasoning into the text. A tag begins a line; its end may be missing if the answer was cut.
_OPENING = re.compile(r"(?:\A|(?<=\n)|(?<=</think>)|(?<=</thinking>))[ \t]*<(think|thinking)>")
# Later ones may stand within a line, if none is only quoted.
_LATER = re.compile(r"(?<![`\"'])<(think|thinking)>")
MOST_THOUGHTS = 200


def beside_content(message: JsonObject, read: ReadContent) -> list[ContentBlock]:
    """The reasoning in members of a message, once: several members may hold the same."""
    if _PLACES.isdisjoint(message):
        return []
    for name in _MEMBERS:
        value = message.get(name)
        if isinstance(value, str) and value:
            return [ReasoningBlock(value)]
        if isinstance(value, (list, dict)) and value:
            found = _of_value(value, read)
            if found:
                return found
    for name in _LISTS:
        value = message.get(name)
        if isinstance(value, list) and value:
            return _of_details(value, read)
    return []


def _of_value(value: Any, read: ReadContent) -> list[ContentBlock]:
    if isinstance(value, dict):
        return thinking(value, read)
    return [ReasoningBlock(text)] if (text := joined_text(read(value), "\n\n")) else []


def _of_details(details: list[Any], read: ReadContent) -> list[ContentBlock]:
    """OpenRouter's `reasoning_details`, LiteLLM's `thinking_blocks`. Pieces of one stream are one text."""
    blocks: list[ContentBlock] = []
    for detail in details:
        found = _of_detail(detail) if isinstance(detail, dict) else []
        for block in found or (read([detail]) if not _is_detail(detail) else []):
            blocks.append(block)
    return blocks


def _is_detail(detail: Any) -> bool:
    return isinstance(detail, dict) and as_text(detail.get("type")).startswith("reasoning.")


def _of_detail(detail: JsonObject) -> list[ContentBlock]:
    if not _is_detail(detail):
        return []
    text = as_text(detail.get("text") or detail.get("summary"))
    if text:
        return [ReasoningBlock(text)]
    data = as_text(detail.get("data"))
    return [ReasoningBlock(encrypted_chars=len(data))] if data else []


def thinking(item: JsonObject, read: ReadContent) -> list[ContentBlock]:
    """A block of thoughts: a text, or blocks of texts (Mistral, Google's Interactions)."""
    names = ("thinking", "text", "reasoning", "content", "summary")
    value = next((item[name] for name in names if item.get(name)), None)
    text = value if isinstance(value, str) else joined_text(read(value), "\n\n")
    if not text and item.get("signature"):
        # Anthropic leaves the text out if the client asked for it.
        return [ReasoningBlock(encrypted_chars=len(as_text(item["signature"])))]
    return [ReasoningBlock(text)] if text else []


def apart(blocks: Sequence[ContentBlock]) -> list[ContentBlock]:
    """The blocks of an answer, its texts without the thoughts that are written into them, which are blocks before."""
    found: list[ContentBlock] = []
    for block in blocks:
        if (
            isinstance(block, TextBlock)
            and "think" in block.text
            and ("<think" in block.text or "</think" in block.text)
        ):
            found += _pieces(block.text)
        else:
            found.append(block)
    return found


def _pieces(text: str) -> Iterator[ContentBlock]:
    start = 0
    # Templates of some models write the opening tag into the prompt.
    head, closing, rest = text.partition("</think>")
    if closing and "<think" not in head:
        yield ReasoningBlock(head.strip())
        text = rest
    for _ in range(MOST_THOUGHTS):
        opening = (_LATER if start else _OPENING).search(text, start)
        if opening is None:
            break
        end = text.find(f"</{opening[1]}>", opening.end())
        if end < 0 and (start or text[: opening.start()].strip()):
            break
        if text[start : opening.start()].strip():
            yield TextBlock(text[start : opening.start()])
        thought = text[opening.end() : end if end >= 0 else len(text)].strip()
        if thought:
            yield ReasoningBlock(thought)
        start = end + len(opening[1]) + 3 if end >= 0 else len(text)
    if text[start:].strip():
        yield TextBlock(text[start:])
