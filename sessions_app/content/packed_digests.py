"""Ordered lists of digests, packed so that a history that is sent again takes little storage.

Every 32 digests are a bundle. A bundle is stored once, under the digest of its content, and a packed list holds only
the bundles' digests. Requests of a session send their history again, so they share all full bundles, and none of them
has to refer to an earlier request.

A packed list is: the number of bundles (2 bytes), the digest of each bundle (8 bytes), and the digests that are left
(8 bytes each). An empty list is packed as no bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sessions_app.content.documents import DIGEST_BYTES, digest

BUNDLE_DIGESTS = 32
COUNT_BYTES = 2


def pack_digests(digests: Sequence[bytes]) -> tuple[bytes, dict[bytes, bytes]]:
    """The packed list, and the content of its bundles by their digests."""
    if not digests:
        return b"", {}
    count = len(digests) // BUNDLE_DIGESTS
    contents = [b"".join(digests[n * BUNDLE_DIGESTS : (n + 1) * BUNDLE_DIGESTS]) for n in range(count)]
    addresses = [digest(content) for content in contents]
    packed = b"".join([count.to_bytes(COUNT_BYTES, "big"), *addresses, *digests[count * BUNDLE_DIGESTS :]])
    return packed, dict(zip(addresses, contents, strict=True))


def bundle_addresses(packed: bytes) -> list[bytes]:
    """The digests of the bundles in a packed list."""
    packed = bytes(packed)
    count = int.from_bytes(packed[:COUNT_BYTES], "big")
    return _digests(packed[COUNT_BYTES : COUNT_BYTES + count * DIGEST_BYTES])


def unpack_digests(packed: bytes, bundles: Mapping[bytes, bytes]) -> list[bytes]:
    """The list again. `bundles` holds the content of its bundles by their digests."""
    packed = bytes(packed)
    addresses = bundle_addresses(packed)
    tail = _digests(packed[COUNT_BYTES + len(addresses) * DIGEST_BYTES :])
    return [found for address in addresses for found in _digests(bytes(bundles[address]))] + tail


def _digests(data: bytes) -> list[bytes]:
    return [data[start : start + DIGEST_BYTES] for start in range(0, len(data), DIGEST_BYTES)]


def packed_count(packed: bytes) -> int:
    """How many digests a packed list stands for."""
    packed = bytes(packed)
    if not packed:
        return 0
    count = int.from_bytes(packed[:COUNT_BYTES], "big")
    return count * BUNDLE_DIGESTS + (len(packed) - COUNT_BYTES) // DIGEST_BYTES - count
