"""The text of a message: as somebody would copy it, and as somebody would search for it."""

from __future__ import annotations

from typing import assert_never

from sessions_app.content.blocks import (
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
from sessions_app.content.json_values import to_json


def plain_text(message: Message) -> str:
    """The text of a message as a person would copy it: texts and refusals, without reasoning and tool traffic."""
    said = [block.text for block in message.blocks if isinstance(block, (TextBlock, RefusalBlock)) and block.text]
    return "\n".join(said)


def searchable_text(message: Message) -> str:
    """All text of a message in which somebody may search, tool calls and results included; no encoded media."""
    pieces = []
    for block in message.blocks:
        match block:
            case ToolCallBlock() | ToolResultBlock() | MediaBlock():
                pieces += [block.name, text_of(block)]
            case TextBlock() | ReasoningBlock() | RefusalBlock():
                pieces.append(block.text)
            case OtherBlock():
                pieces.append(to_json(block.value))
            case _:
                assert_never(block)
    return "\n".join(filter(None, pieces))
