"""A message that is shown, and the addresses of what it holds."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace

from sessions_app.content.blocks import (
    CitationsBlock,
    ContentBlock,
    Message,
    OtherBlock,
    TextBlock,
    ToolCallBlock,
    ToolResultBlock,
    joined_text,
)
from sessions_app.content.messages import read_message
from sessions_app.content.unread import unread_in

# In place of the number of a block: the JSON of the part.
WHOLE_PART = "raw"


@dataclass(frozen=True, slots=True)
class Source:
    """A message and the digest of the part it was read from.

    `place` is different for each message of a page. Tool calls and results are paired by it. `unread`: what of the
    message is in none of its blocks.
    """

    message: Message
    digest: bytes
    place: Hashable = None
    unread: OtherBlock | None = None

    @property
    def said(self) -> list[ContentBlock]:
        """Its blocks, and what of it is in none of them."""
        return [*self.message.blocks, *([self.unread] if self.unread else [])]

    @property
    def is_provenance(self) -> bool:
        """Whether it says only where an answer comes from: sources, and the searches that found them."""
        blocks = self.message.blocks
        return all(isinstance(b, CitationsBlock) or (isinstance(b, ToolCallBlock) and b.by_provider) for b in blocks)

    @property
    def text(self) -> str:
        """The texts of its blocks, one after another."""
        return joined_text(self.message.blocks, "\n\n")


def source_of(content: bytes, default_role: str, digest: bytes) -> Source:
    """The message that a part holds."""
    message = read_message(content, default_role)
    rest = unread_in(content, message)
    if rest is None:
        return Source(message, digest)
    block = message.blocks[0] if len(message.blocks) == 1 else None
    if isinstance(block, ToolResultBlock) and not block.text and not block.blocks:
        # What the message of a result holds is the result.
        return Source(replace(message, blocks=[replace(block, blocks=[OtherBlock(rest)])]), digest)
    return Source(message, digest, unread=OtherBlock(rest))


@dataclass(frozen=True, slots=True)
class BlockAddress:
    """Where a block is found again: under the address of a request, in a part, by its number.

    The number of a block inside a tool result follows that of the result: `2.0`. `section` is the number of a section
    of its text (`wrappers.sections_of`).
    """

    base_url: str
    digest: bytes
    path: str
    section: int | None = None

    def inner(self, number: int) -> BlockAddress:
        return BlockAddress(self.base_url, self.digest, f"{self.path}.{number}")

    @property
    def is_block(self) -> bool:
        """Whether it names a block, not a part as it was stored."""
        return self.path != WHOLE_PART

    @property
    def text_url(self) -> str:
        url = f"{self.base_url}text/{self.digest.hex()}/{self.path}/"
        return url if self.section is None else f"{url}?section={self.section}"

    @property
    def media_url(self) -> str:
        return f"{self.base_url}media/{self.digest.hex()}/{self.path}/"


def is_blank(source: Source) -> bool:
    """Whether a message consists of texts with nothing but white space."""
    blocks = source.message.blocks
    return (
        bool(blocks) and source.unread is None and all(isinstance(b, TextBlock) and not b.text.strip() for b in blocks)
    )
