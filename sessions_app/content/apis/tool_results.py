"""Tool results. What a tool returned is content itself, so their reader is given the one for content."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sessions_app.content.blocks import ContentBlock, OtherBlock, ToolResultBlock, joined_text

ReadContent = Callable[[Any], list[ContentBlock]]

# Tool results inside tool results are read up to this depth.
MOST_NESTED = 4


def tool_result(
    read: ReadContent, content: Any, call_id: str, name: str = "", is_error: bool | None = None
) -> ToolResultBlock:
    """What the tool call `call_id` returned."""
    blocks = read(content)
    if _is_deep(blocks):
        blocks = [OtherBlock(content)]
    return ToolResultBlock(call_id, joined_text(blocks, "\n"), name, is_error, blocks)


def _is_deep(blocks: Sequence[ContentBlock]) -> bool:
    """Whether tool results are nested too deeply. Each holds a copy of all text inside it, so depth costs memory."""
    for _ in range(MOST_NESTED):
        blocks = [inner for block in blocks if isinstance(block, ToolResultBlock) for inner in block.blocks]
        if not blocks:
            return False
    return True
