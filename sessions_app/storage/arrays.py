"""Writes a column of a batch as a binary array of PostgreSQL at once. psycopg goes from value to value."""

from __future__ import annotations

import struct
import uuid
from datetime import date
from itertools import chain
from typing import Any

from psycopg.abc import Buffer, Dumper
from psycopg.types.array import ListBinaryDumper

# Number of dimensions, whether there are nulls, the type; then length and lower bound of the only dimension.
_HEAD = struct.Struct("!IIIII")
_LENGTH = struct.Struct("!i")
_UUID_BYTES = 16
# Values that stand in a column many times. Those of one type that are equal are written alike.
_REPEATED = (int, date)


class ColumnDumper(ListBinaryDumper):
    """Writes the bytes that psycopg's dumper does. Lists with null or with other lists are left to that."""

    def dump(self, obj: list[Any]) -> Buffer | None:
        types = set(map(type, obj))
        if self.sub_dumper is None or not types or type(None) in types or any(issubclass(one, list) for one in types):
            return super().dump(obj)
        values = _uuids(obj) if types == {uuid.UUID} else _values(obj, self.sub_dumper)
        return super().dump(obj) if values is None else _HEAD.pack(1, 0, self.sub_dumper.oid, len(obj), 1) + values


def _uuids(obj: list[uuid.UUID]) -> bytes:
    length, to_bytes = _LENGTH.pack(_UUID_BYTES), int.to_bytes
    return length + length.join([to_bytes(one.int, _UUID_BYTES, "big") for one in obj])


def _values(obj: list[Any], dumper: Dumper) -> bytes | None:
    """The values with their lengths; None if one of them is written as null."""
    if isinstance(obj[0], _REPEATED) and len(set(map(type, obj))) == 1:
        written = {one: dumper.dump(one) for one in set(obj)}
        values = [written[one] for one in obj]
    else:
        values = list(map(dumper.dump, obj))
    if None in values:
        return None
    lengths = list(map(len, values))  # type: ignore[arg-type]
    if lengths.count(lengths[0]) == len(lengths):
        length = _LENGTH.pack(lengths[0])
        return length + length.join(values)  # type: ignore[arg-type]
    return b"".join(chain.from_iterable(zip(map(_LENGTH.pack, lengths), values, strict=True)))  # type: ignore[arg-type]
