"""Compressed bytes as they lie in the hot tables: one byte that tells the form, then the content."""

from __future__ import annotations

import threading

import zstandard

LEVEL = 3
_PLAIN = b"\x00"
_ZSTD = b"\x01"
_WORTH_BYTES = 64
_local = threading.local()


def compress(content: bytes) -> bytes:
    """zstd, or the content as it is where that is not shorter. Safe in any thread."""
    if len(content) >= _WORTH_BYTES:
        packed = _compressor().compress(content)
        if len(packed) < len(content):
            return _ZSTD + packed
    return _PLAIN + content


def decompress(stored: bytes | memoryview) -> bytes:
    """The content again. Raises ValueError for bytes that `compress` did not write."""
    stored = bytes(stored)
    form = stored[:1]
    if form == _ZSTD:
        return _decompressor().decompress(stored[1:])
    if form == _PLAIN:
        return stored[1:]
    raise ValueError(f"unknown form of stored content: {form!r}")


def _compressor() -> zstandard.ZstdCompressor:
    if not hasattr(_local, "compressor"):
        _local.compressor = zstandard.ZstdCompressor(level=LEVEL)
    return _local.compressor


def _decompressor() -> zstandard.ZstdDecompressor:
    if not hasattr(_local, "decompressor"):
        _local.decompressor = zstandard.ZstdDecompressor()
    return _local.decompressor
