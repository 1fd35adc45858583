"""Writes a column of a batch as a binary array of PostgreSQL at once. psycopg goes from value to value."""

from __future__ import annotations

import struct
import sys
import uuid
from array import array
from datetime import date
from typing import Any

from psycopg.abc import Buffer, Dumper
from psycopg.types.array import ListBinaryDumper

# Number of dimensions, whether there are nulls, the type; then length and lower bound of the only dimension.
_HEAD = struct.Struct("!IIIII")
_LENGTH = struct.Struct("!i")
_UUID_BYTES = 16
# The type of 32-bit numbers, and their length as the upper half of a 64-bit number.
_INT4, _INT4_LENGTH = 23, 4 << 32
# Values that stand in a column many times. Those of one type that are equal are written alike.
_REPEATED = (int, date)


class ColumnDumper(ListBinaryDumper):
    """Writes the bytes that psycopg's dumper does, which it leaves the lists of other values to."""

    def dump(self, obj: list[Any]) -> Buffer | None:
        types = set(map(type, obj))
        values = None
        if self.sub_dumper is not None and len(types) == 1:
            if types == {uuid.UUID}:
                values = _uuids(obj)
            elif types == {int} and self.sub_dumper.oid == _INT4:
                values = _numbers(obj)
            else:
                values = _repeated(obj, self.sub_dumper)
        if self.sub_dumper is None or values is None:
            return super().dump(obj)
        return _HEAD.pack(1, 0, self.sub_dumper.oid, len(obj), 1) + values


def _uuids(obj: list[uuid.UUID]) -> bytes:
    length, to_bytes = _LENGTH.pack(_UUID_BYTES), int.to_bytes
    return length + length.join([to_bytes(one.int, _UUID_BYTES, "big") for one in obj])


def _numbers(obj: list[int]) -> bytes:
    """32-bit numbers with their lengths, each pair written as one number of 64 bits."""
    pairs = array("Q", [_INT4_LENGTH | (one & 0xFFFFFFFF) for one in obj])
    if sys.byteorder == "little":
        pairs.byteswap()
    return pairs.tobytes()


def _repeated(obj: list[Any], dumper: Dumper) -> bytes | None:
    """Numbers or dates with their lengths; None for other values."""
    if not isinstance(obj[0], _REPEATED):
        return None
    written = {one: bytes(dumper.dump(one) or b"") for one in set(obj)}
    with_lengths = {one: _LENGTH.pack(len(value)) + value for one, value in written.items()}
    return b"".join([with_lengths[one] for one in obj])
