"""Compressed content as it is stored: one byte that names the form, then the content in that form.

Most contents are small (a message, the skeleton of a log), so they are compressed with a dictionary of what they have
in common: member names of the model APIs and common words. A dictionary is part of the stored format and must never
change; a better one gets the next number and a form of its own.
"""

from __future__ import annotations

import threading
from functools import cache
from pathlib import Path

import msgspec
import zstandard

Buffer = bytes | msgspec.Raw

LEVEL = 3
# With a dictionary, on contents of a few hundred bytes: a skeleton takes a seventh less than at 3, a message 4 %.
_SMALL_LEVEL = 5
_PLAIN = b"\x00"
_ZSTD = b"\x01"
# Only read: it was written before there was another.
_ZSTD_DICTIONARY_1 = b"\x02"
# Without the magic number, which is the same in each.
_ZSTD_DICTIONARY_2 = b"\x03"
_DICTIONARIES = {_ZSTD_DICTIONARY_1: "dictionary_1.txt", _ZSTD_DICTIONARY_2: "dictionary_2.zstd_dict"}
_MAGIC = zstandard.FRAME_HEADER
_WORTH_BYTES = 32
# For larger contents a dictionary gains nothing.
_MOST_WITH_DICTIONARY = 64 * 1024


class _ThreadsOwn(threading.local):
    """Compressors are not thread-safe, so each thread has its own, by form."""

    def __init__(self) -> None:
        self.compressors: dict[bytes, zstandard.ZstdCompressor] = {}
        self.decompressors: dict[bytes, zstandard.ZstdDecompressor] = {}


_own = _ThreadsOwn()


def compress(content: Buffer) -> bytes:
    """The content compressed, or as it is where compressing gains nothing. Safe in any thread."""
    if len(content) >= _WORTH_BYTES:
        small = len(content) <= _MOST_WITH_DICTIONARY
        form = _ZSTD_DICTIONARY_2 if small else _ZSTD
        packed = _compressor(form).compress(content)
        packed = packed.removeprefix(_MAGIC) if small else packed
        if len(packed) < len(content):
            return form + packed
    return _PLAIN + bytes(content)


def decompress(stored: bytes | memoryview) -> bytes:
    """The content of what `compress` returned. Raises ValueError for other bytes."""
    stored = bytes(stored)
    form = stored[:1]
    if form == _PLAIN:
        return stored[1:]
    if form == _ZSTD_DICTIONARY_2:
        return _decompressor(form).decompress(_MAGIC + stored[1:])
    if form not in (_ZSTD, _ZSTD_DICTIONARY_1):
        raise ValueError(f"unknown form of stored content: {form!r}")
    return _decompressor(form).decompress(stored[1:])


@cache
def _dictionary(form: bytes) -> zstandard.ZstdCompressionDict | None:
    if form == _ZSTD:
        return None
    # The first is plain text; the second has tables of how often each character occurs, too.
    dictionary = zstandard.ZstdCompressionDict((Path(__file__).parent / _DICTIONARIES[form]).read_bytes())
    dictionary.precompute_compress(level=_SMALL_LEVEL)
    return dictionary


def _compressor(form: bytes) -> zstandard.ZstdCompressor:
    compressors = _own.compressors
    if form not in compressors:
        dictionary = _dictionary(form)
        # With a precomputed dictionary the dictionary's level counts.
        compressors[form] = zstandard.ZstdCompressor(level=LEVEL, dict_data=dictionary, write_dict_id=False)
    return compressors[form]


def _decompressor(form: bytes) -> zstandard.ZstdDecompressor:
    decompressors = _own.decompressors
    if form not in decompressors:
        decompressors[form] = zstandard.ZstdDecompressor(dict_data=_dictionary(form))
    return decompressors[form]
