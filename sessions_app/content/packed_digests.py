"""Ordered lists of digests, packed so that requests that share a history share their storage."""

from __future__ import annotations

from collections.abc import Sequence

from sessions_app.content.documents import DIGEST_BYTES, digest

BLOCK_PARTS = 32
COUNT_BYTES = 2


def pack_digests(digests: Sequence[bytes]) -> tuple[bytes, dict[bytes, bytes]]:
    """Write an ordered list of digests as few bytes: full blocks of 32 by their own digest, then the tail.

    Requests of one session re-send their history, so they share all full blocks; a block is content-addressed and
    stored once, which needs no earlier request to refer to. Returns the packed list (2 bytes: number of blocks;
    8 bytes a block; 8 bytes a digest of the tail) and the blocks by digest.
    """
    full = len(digests) // BLOCK_PARTS
    blocks: dict[bytes, bytes] = {}
    packed = [full.to_bytes(COUNT_BYTES, "big")]
    for index in range(full):
        content = b"".join(digests[index * BLOCK_PARTS : (index + 1) * BLOCK_PARTS])
        address = digest(content)
        blocks[address] = content
        packed.append(address)
    packed.extend(digests[full * BLOCK_PARTS :])
    return (b"".join(packed), blocks) if digests else (b"", {})


def packed_blocks(packed: bytes) -> list[bytes]:
    """The digests of the blocks that a packed list refers to."""
    packed = bytes(packed)
    count = int.from_bytes(packed[:COUNT_BYTES], "big")
    return _chunks(packed[COUNT_BYTES : COUNT_BYTES + count * DIGEST_BYTES])


def unpack_digests(packed: bytes, blocks: dict[bytes, bytes]) -> list[bytes]:
    """The digests of a packed list in order; `blocks` holds the contents of its blocks."""
    packed = bytes(packed)
    addresses = packed_blocks(packed)
    tail = _chunks(packed[COUNT_BYTES + len(addresses) * DIGEST_BYTES :])
    return [d for address in addresses for d in _chunks(bytes(blocks[address]))] + tail


def _chunks(data: bytes) -> list[bytes]:
    return [data[i : i + DIGEST_BYTES] for i in range(0, len(data), DIGEST_BYTES)]


def packed_count(packed: bytes) -> int:
    """How many digests a packed list stands for."""
    packed = bytes(packed)
    if not packed:
        return 0
    full = int.from_bytes(packed[:COUNT_BYTES], "big")
    return full * BLOCK_PARTS + (len(packed) - COUNT_BYTES) // DIGEST_BYTES - full
