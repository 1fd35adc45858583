"""A prompt as plain text, to be copied: every block in order under a line that names it. Plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

from sessions_app.content.base64_text import json_without_base64
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

_MOST_URL = 200


def text_of_blocks(blocks: Sequence[ContentBlock], tools: Mapping[str, str]) -> str:
    """What a message holds; a line in brackets says what is no plain text. `tools`: names of tools by ids of calls."""
    return "\n".join(filter(None, (_text(block, tools) for block in blocks)))


def _text(block: ContentBlock, tools: Mapping[str, str]) -> str:
    match block:
        case TextBlock() | RefusalBlock():
            return block.text
        case ReasoningBlock():
            return f"[reasoning]\n{block.text}" if block.text else "[reasoning, not in the log]"
        case ToolCallBlock():
            return f"[call of {block.name or 'a tool'}]\n{block.arguments}"
        case ToolResultBlock():
            media = [_of_media(inner) for inner in block.blocks if isinstance(inner, MediaBlock)]
            name = block.name or tools.get(block.call_id, "") or "a tool"
            return "\n".join(filter(None, (f"[result of {name}]", block.text, *media)))
        case MediaBlock():
            return "\n".join(filter(None, (_of_media(block), block.text)))
        case CitationsBlock():
            return "\n".join(
                f"[source: {' '.join((one.title, one.url, one.quote)).strip()}]" for one in block.citations
            )
        case OtherBlock():
            return json_without_base64(block.value)
    assert_never(block)


def _of_media(block: MediaBlock) -> str:
    """`[image]`, `[file report.pdf]`, `[image https://…]`: never its data."""
    where = "" if block.url.startswith("data:") else block.url[:_MOST_URL]
    return f"[{' '.join(filter(None, (block.modality, block.name[:_MOST_URL], where)))}]"


def heading(title: str) -> str:
    """The line above a block."""
    return f"--- {title} ---"
