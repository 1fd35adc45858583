"""Writes a column of a batch as a binary array of PostgreSQL at once. psycopg goes from value to value."""

from __future__ import annotations

import struct
import uuid
from collections.abc import Collection
from datetime import date
from types import NoneType
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
# Types of which equal values are written alike.
_WRITTEN_ALIKE = (int, date, str)
_NULL = _LENGTH.pack(-1)


class ColumnDumper(ListBinaryDumper):
    """Writes the bytes that psycopg's dumper does, which it leaves the lists of other values to."""

    def dump(self, obj: list[Any]) -> Buffer | None:
        types = set(map(type, obj))
        values = None if self.sub_dumper is None else _values(obj, types, self.sub_dumper)
        if self.sub_dumper is None or values is None:
            return super().dump(obj)
        return _HEAD.pack(1, NoneType in types, self.sub_dumper.oid, len(obj), 1) + values


def _values(obj: list[Any], types: set[type], dumper: Dumper) -> bytes | None:
    """The values with their lengths, or None where psycopg is as quick: for most that hardly repeat."""
    if types == {uuid.UUID}:
        return _uuids(obj)
    kind, *others = types - {NoneType}
    if others:
        return None
    distinct = set(obj) if issubclass(kind, _WRITTEN_ALIKE) else ()
    return _repeated(obj, distinct, dumper) if 0 < len(distinct) <= max(len(obj) // 2, 1) else None


def _uuids(obj: list[uuid.UUID]) -> bytes:
    length, to_bytes = _LENGTH.pack(_UUID_BYTES), int.to_bytes
    return length + length.join([to_bytes(one.int, _UUID_BYTES, "big") for one in obj])


def _repeated(obj: list[Any], distinct: Collection[Any], dumper: Dumper) -> bytes:
    written = {None: _NULL}
    for one in distinct:
        if one is not None:
            value = bytes(dumper.dump(one) or b"")
            written[one] = _LENGTH.pack(len(value)) + value
    return b"".join(map(written.__getitem__, obj))


class PackedNumbers(bytes):
    """32-bit numbers as the elements of an array: 4 bytes for the length of each, which is 4, and 4 for its value."""


class PackedNumbersDumper(adapt.Dumper):
    format = Format.BINARY
    oid = _INT4_ARRAY

    def dump(self, obj: PackedNumbers) -> Buffer:
        return _HEAD.pack(1, 0, _INT4, len(obj) // _PACKED_BYTES, 1) + obj
