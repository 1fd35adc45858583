"""The text of a message: for copying, and for searching."""

from __future__ import annotations

from typing import assert_never

from sessions_app.content.base64_text import json_without_base64
from sessions_app.content.blocks import (
    CitationsBlock,
    MediaBlock,
    Message,
    OtherBlock,
    ReasoningBlock,
    RefusalBlock,
    TextBlock,
    ToolCallBlock,
    ToolResultBlock,
    text_of,
)


def plain_text(message: Message) -> str:
    """Its texts and refusals, as a person would copy them: without reasoning, tool calls and results."""
    said = [block.text for block in message.blocks if isinstance(block, (TextBlock, RefusalBlock)) and block.text]
    return "\n".join(said)


def searchable_text(message: Message) -> str:
    """All of its text, with reasoning, tool calls and results; without encoded media."""
    pieces = [message.name]
    for block in message.blocks:
        match block:
            case ToolCallBlock() | ToolResultBlock():
                pieces += [block.name, text_of(block)]
            case MediaBlock():
                pieces += [block.name, block.text, "" if block.url.startswith("data:") else block.url]
            case TextBlock() | ReasoningBlock() | RefusalBlock():
                pieces.append(block.text)
            case CitationsBlock():
                pieces += [words for one in block.citations for words in (one.title, one.url, one.quote)]
            case OtherBlock():
                pieces.append(json_without_base64(block.value))
            case _:
                assert_never(block)
    return "\n".join(filter(None, pieces))
