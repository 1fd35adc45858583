"""Messages and the content blocks they consist of, the same for every API. Plain Python.

Whatever depends on the kind of a block is written as `match` with `assert_never`, so that mypy names every place that
a new kind is missing from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, assert_never

Modality: TypeAlias = Literal["image", "audio", "file"]


@dataclass(frozen=True, slots=True)
class TextBlock:
    text: str


@dataclass(frozen=True, slots=True)
class ReasoningBlock:
    """What the model thought. `encrypted_chars` is the size of reasoning that the provider only sends encrypted."""

    text: str = ""
    encrypted_chars: int | None = None


@dataclass(frozen=True, slots=True)
class ToolCallBlock:
    """A model's request to run a tool. `arguments` is JSON text, or free text for custom tools.

    `by_provider`: the provider ran the tool itself while it answered (a server tool, such as web search).
    """

    name: str = ""
    arguments: str = ""
    id: str = ""
    by_provider: bool = False


@dataclass(frozen=True, slots=True)
class ToolResultBlock:
    """What a tool returned. `text` is the text of all its inner blocks; `name` is the tool's, if the API gives it.

    `is_error` is what the API says, None if it does not say. `outcomes` decides what that and the text mean together.
    """

    call_id: str = ""
    text: str = ""
    name: str = ""
    is_error: bool | None = None
    blocks: Sequence[ContentBlock] = ()


@dataclass(frozen=True, slots=True)
class MediaBlock:
    """An image, a recording or a file.

    `url` is its address; content that was sent inline is a data URL. `text` is the transcript of a recording or the
    content of a plain text document. `name` is a file's name or a recording's format. `fingerprint` tells recordings
    apart whose data is not kept here; `byte_size` is their size. `extent` says which part of a video is meant.
    """

    modality: Modality
    url: str = ""
    media_type: str = ""
    name: str = ""
    text: str = ""
    id: str = ""
    byte_size: int = 0
    fingerprint: str = ""
    extent: str = ""


@dataclass(frozen=True, slots=True)
class RefusalBlock:
    text: str


@dataclass(frozen=True, slots=True)
class OtherBlock:
    """A decoded JSON value of a shape that is not known here. `by_provider`: the provider made it while it answered."""

    value: Any
    by_provider: bool = False


@dataclass(frozen=True, slots=True)
class Citation:
    """A source that an answer names: its title, its address or id, and the text that it stands for."""

    title: str = ""
    url: str = ""
    quote: str = ""


@dataclass(frozen=True, slots=True)
class CitationsBlock:
    """What the text before it cites."""

    citations: Sequence[Citation] = ()


ContentBlock: TypeAlias = (
    TextBlock
    | ReasoningBlock
    | ToolCallBlock
    | ToolResultBlock
    | MediaBlock
    | RefusalBlock
    | CitationsBlock
    | OtherBlock
)


@dataclass(frozen=True, slots=True)
class Message:
    """One item of a conversation. `role` is system, user, assistant, tool, or whatever else the sender wrote.

    `name` is the author's. `item_id` is the id of an item of OpenAI's Responses API; clients may send the id back
    instead of the item.
    """

    role: str
    blocks: Sequence[ContentBlock]
    name: str = ""
    item_id: str = ""


def text_of(block: ContentBlock) -> str:
    """The text of a block: a tool call's arguments and a tool result's text too; "" for data and for plain media."""
    match block:
        case ToolCallBlock(arguments=text):
            return text
        case TextBlock() | ReasoningBlock() | ToolResultBlock() | MediaBlock() | RefusalBlock():
            return block.text
        case OtherBlock() | CitationsBlock():
            return ""
    assert_never(block)


def joined_text(blocks: Sequence[ContentBlock], separator: str) -> str:
    """The texts of some blocks, empty ones left out."""
    return separator.join(text for block in blocks if (text := text_of(block)))
