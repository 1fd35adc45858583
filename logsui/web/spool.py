"""Where bodies and responses of slow clients wait: in memory, then in unnamed files. Both have limits."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import IO

# A larger body or response goes to a file, even if there is room in memory.
MEMORY_EACH = 2 * 2**20
PIECE_BYTES = 32 * 2**10


class SpoolFull(Exception):
    """All the memory and disk that may be used is full."""


class Room:
    """Counts how many bytes of memory, or of files, are left. Safe for threads."""

    def __init__(self, size: int) -> None:
        self.left = size
        self.lock = Lock()

    def take(self, size: int) -> bool:
        with self.lock:
            if size > self.left:
                return False
            self.left -= size
            return True

    def give_back(self, size: int) -> None:
        with self.lock:
            self.left += size


class Spool:
    """The limits of one process: bytes of memory, and bytes of files in `folder`."""

    def __init__(self, folder: Path, memory_bytes: int, file_bytes: int) -> None:
        self.folder = folder
        self.memory = Room(memory_bytes)
        self.files = Room(file_bytes)


class SpooledBytes:
    """Bytes that are written once and then read. Must be closed, which frees their room."""

    def __init__(self, spool: Spool) -> None:
        self.spool = spool
        self.size = 0
        self.file: IO[bytes] = io.BytesIO()
        self.room = spool.memory

    def write(self, data: bytes) -> None:
        """Raises SpoolFull. Data written before stays readable."""
        if not self._take(len(data)):
            raise SpoolFull
        self.size += len(data)
        try:
            self.file.write(data)
        except OSError as error:  # The disk is full.
            raise SpoolFull from error

    def _take(self, more: int) -> bool:
        if self.room is self.spool.memory:
            if self.size + more <= MEMORY_EACH and self.room.take(more):
                return True
            self._move_to_file()
        return self.room.take(more)

    def _move_to_file(self) -> None:
        assert isinstance(self.file, io.BytesIO)
        if not self.spool.files.take(self.size):
            raise SpoolFull
        try:
            file = tempfile.TemporaryFile(dir=self.spool.folder)  # noqa: SIM115 - kept open on purpose
            file.write(self.file.getbuffer())
        except OSError as error:
            self.spool.files.give_back(self.size)
            raise SpoolFull from error
        self.spool.memory.give_back(self.size)
        self.file, self.room = file, self.spool.files

    def pieces(self) -> Iterator[bytes]:
        """All bytes from the beginning, in pieces of PIECE_BYTES."""
        self.file.seek(0)
        while piece := self.file.read(PIECE_BYTES):
            yield piece

    def close(self) -> None:
        if not self.file.closed:
            self.file.close()
            self.room.give_back(self.size)

    def __enter__(self) -> SpooledBytes:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
