"""Writes a column of a batch as a binary array of PostgreSQL at once. psycopg goes from value to value."""

from __future__ import annotations

import struct
import uuid
from datetime import date
from typing import Any

from psycopg import adapt
from psycopg.abc import Buffer, Dumper
from psycopg.pq import Format
from psycopg.types.array import ListBinaryDumper

# Number of dimensions, whether there are nulls, the type; then length and lower bound of the only dimension.
_HEAD = struct.Struct("!IIIII")
_LENGTH = struct.Struct("!i")
_UUID_BYTES = 16
# The types of 32-bit numbers and of their arrays.
_INT4, _INT4_ARRAY = 23, 1007
_PACKED_BYTES = 8
# Values that stand in a column many times. Those of one type that are equal are written alike.
_REPEATED = (int, date)


class ColumnDumper(ListBinaryDumper):
    """Writes the bytes that psycopg's dumper does, which it leaves the lists of other values to."""

    def dump(self, obj: list[Any]) -> Buffer | None:
        types = set(map(type, obj))
        values = None
        if self.sub_dumper is not None and len(types) == 1:
            values = _uuids(obj) if types == {uuid.UUID} else _repeated(obj, self.sub_dumper)
        if self.sub_dumper is None or values is None:
            return super().dump(obj)
        return _HEAD.pack(1, 0, self.sub_dumper.oid, len(obj), 1) + values


def _uuids(obj: list[uuid.UUID]) -> bytes:
    length, to_bytes = _LENGTH.pack(_UUID_BYTES), int.to_bytes
    return length + length.join([to_bytes(one.int, _UUID_BYTES, "big") for one in obj])


def _repeated(obj: list[Any], dumper: Dumper) -> bytes | None:
    """Numbers or dates with their lengths; None for other values."""
    if not isinstance(obj[0], _REPEATED):
        return None
    written = {one: bytes(dumper.dump(one) or b"") for one in set(obj)}
    with_lengths = {one: _LENGTH.pack(len(value)) + value for one, value in written.items()}
    return b"".join([with_lengths[one] for one in obj])


class PackedNumbers(bytes):
    """32-bit numbers as the elements of an array: 4 bytes for the length of each, which is 4, and 4 for its value."""


class PackedNumbersDumper(adapt.Dumper):
    format = Format.BINARY
    oid = _INT4_ARRAY

    def dump(self, obj: PackedNumbers) -> Buffer:
        return _HEAD.pack(1, 0, _INT4, len(obj) // _PACKED_BYTES, 1) + obj
