"""Compressed bytes as they lie in the hot tables: one byte that tells the form, then the content.

Most contents are small (a message, the frame of a log), so they are compressed with a dictionary of what all of them
hold: the members of the model APIs' bodies and common words. A dictionary is part of the format: `dictionary_1.txt`
must never change, a better one gets the next number and form.
"""

from __future__ import annotations

import threading
from functools import cache
from pathlib import Path

import msgspec
import zstandard

Buffer = bytes | msgspec.Raw

LEVEL = 3
_PLAIN = b"\x00"
_ZSTD = b"\x01"
_ZSTD_DICTIONARY_1 = b"\x02"
_WORTH_BYTES = 32
# Beyond this size a dictionary brings nothing.
_MOST_WITH_DICTIONARY = 64 * 1024
_local = threading.local()


def compress(content: Buffer) -> bytes:
    """zstd, or the content as it is where that is not shorter; `content` may be a view. Safe in any thread."""
    if len(content) >= _WORTH_BYTES:
        form = _ZSTD_DICTIONARY_1 if len(content) <= _MOST_WITH_DICTIONARY else _ZSTD
        packed = _compressor(form).compress(content)
        if len(packed) < len(content):
            return form + packed
    return _PLAIN + bytes(content)


def decompress(stored: bytes | memoryview) -> bytes:
    """The content again. Raises ValueError for bytes that `compress` did not write."""
    stored = bytes(stored)
    form = stored[:1]
    if form == _PLAIN:
        return stored[1:]
    if form not in (_ZSTD, _ZSTD_DICTIONARY_1):
        raise ValueError(f"unknown form of stored content: {form!r}")
    return _decompressor(form).decompress(stored[1:])


@cache
def _dictionary(form: bytes) -> zstandard.ZstdCompressionDict | None:
    if form == _ZSTD:
        return None
    text = (Path(__file__).parent / "dictionary_1.txt").read_bytes()
    dictionary = zstandard.ZstdCompressionDict(text, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    dictionary.precompute_compress(level=LEVEL)
    return dictionary


def _compressor(form: bytes) -> zstandard.ZstdCompressor:
    compressors = _local.__dict__.setdefault("compressors", {})
    if form not in compressors:
        dictionary = _dictionary(form)
        # With precomputed dictionaries the level is the dictionary's.
        compressors[form] = zstandard.ZstdCompressor(level=LEVEL, dict_data=dictionary, write_dict_id=False)
    return compressors[form]


def _decompressor(form: bytes) -> zstandard.ZstdDecompressor:
    decompressors = _local.__dict__.setdefault("decompressors", {})
    if form not in decompressors:
        decompressors[form] = zstandard.ZstdDecompressor(dict_data=_dictionary(form))
    return decompressors[form]
