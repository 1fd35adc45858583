"""Tool results. What a tool returned is content itself, so their reader is given the one for content."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sessions_app.content.base64_text import json_without_base64
from sessions_app.content.blocks import ContentBlock, OtherBlock, ToolCallBlock, ToolResultBlock, text_of

ReadContent = Callable[[Any], list[ContentBlock]]

# Tool results inside tool results are read up to this depth.
MOST_NESTED = 4
TOO_DEEP = "(nested too deeply to be read here)"


def tool_result(
    read: ReadContent, content: Any, call_id: str, name: str = "", is_error: bool | None = None
) -> ToolResultBlock:
    """What the tool call `call_id` returned. Its text is that of its blocks, and data as JSON."""
    if is_error is None:
        is_error = _of_inner(content)
    blocks = read(content)
    if _is_deep(blocks) or _holds_deep_call(blocks):
        return ToolResultBlock(call_id, TOO_DEEP, name, is_error, [OtherBlock(content)])
    # What looks like a call in there is data, such as a list of phone calls.
    if any(isinstance(block, ToolCallBlock) for block in blocks):
        blocks = [OtherBlock(content)]
    text = text_of(blocks[0]) if len(blocks) == 1 else ""
    return ToolResultBlock(call_id, text or "\n".join(filter(None, map(_words_of, blocks))), name, is_error, blocks)


def _words_of(block: ContentBlock) -> str:
    return json_without_base64(block.value) if isinstance(block, OtherBlock) else text_of(block)


def _of_inner(content: Any) -> bool | None:
    """What the exit codes of a shell's commands say (OpenAI's `shell_call_output`): True if one of them failed."""
    if not isinstance(content, list) or not content or not isinstance(content[0], dict) or "outcome" not in content[0]:
        return None
    outcomes = [item.get("outcome") for item in content if isinstance(item, dict)]
    codes = [item.get("exit_code", 1) for item in outcomes if isinstance(item, dict)]
    return any(code != 0 for code in codes) if codes else None


def _holds_deep_call(blocks: Sequence[ContentBlock]) -> bool:
    """Whether a call in there has a result that is data again. If each wrote the JSON of all inside it, that would take
    the square of the length.
    """
    if not any(isinstance(block, ToolCallBlock) for block in blocks):
        return False
    inner = [one for block in blocks if isinstance(block, ToolResultBlock) for one in block.blocks]
    return any(isinstance(one, OtherBlock) for one in inner)


def _is_deep(blocks: Sequence[ContentBlock]) -> bool:
    """Whether tool results are nested too deeply. Each holds a copy of all text inside it, so depth costs memory."""
    for _ in range(MOST_NESTED):
        blocks = [inner for block in blocks if isinstance(block, ToolResultBlock) for inner in block.blocks]
        if not blocks:
            return False
    return True
