"""A message that is shown, and the addresses of what it holds."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from sessions_app.content.blocks import Message, joined_text


@dataclass(frozen=True, slots=True)
class Source:
    """A message and the digest of the part it was read from.

    `place` is different for each message of a page. Tool calls and results are paired by it.
    """

    message: Message
    digest: bytes
    place: Hashable = None

    @property
    def text(self) -> str:
        """The texts of its blocks, one after another."""
        return joined_text(self.message.blocks, "\n\n")


@dataclass(frozen=True, slots=True)
class BlockAddress:
    """Where a block is found again: under the address of a request, in a part, by its number.

    The number of a block inside a tool result follows that of the result: `2.0`.
    """

    base_url: str
    digest: bytes
    path: str

    def inner(self, number: int) -> BlockAddress:
        return BlockAddress(self.base_url, self.digest, f"{self.path}.{number}")

    @property
    def text_url(self) -> str:
        return f"{self.base_url}text/{self.digest.hex()}/{self.path}/"

    @property
    def media_url(self) -> str:
        return f"{self.base_url}media/{self.digest.hex()}/{self.path}/"
