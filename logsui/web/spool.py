"""Where bodies and answers wait for slow clients: in memory, beyond it in files without a name, both bounded."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import IO

# Beyond this a single body or answer lies in a file, whatever room there is in memory.
MEMORY_EACH = 2 * 2**20
PIECE_BYTES = 32 * 2**10


class SpoolFull(Exception):
    """What waits has all the memory and disk that it may have."""


class Room:
    """How many bytes of one kind may still be taken, by any thread."""

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
    """The room of one process: bytes of memory, bytes of files in `folder`."""

    def __init__(self, folder: Path, memory_bytes: int, file_bytes: int) -> None:
        self.folder = folder
        self.memory = Room(memory_bytes)
        self.files = Room(file_bytes)


class SpooledBytes:
    """Bytes that are written once, then read. To be closed; what it took is free again then."""

    def __init__(self, spool: Spool) -> None:
        self.spool = spool
        self.size = 0
        self.file: IO[bytes] = io.BytesIO()
        self.room = spool.memory

    def write(self, data: bytes) -> None:
        """Raises SpoolFull; what was written before is still there."""
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
            file = tempfile.TemporaryFile(dir=self.spool.folder)  # noqa: SIM115
            file.write(self.file.getbuffer())
        except OSError as error:
            self.spool.files.give_back(self.size)
            raise SpoolFull from error
        self.spool.memory.give_back(self.size)
        self.file, self.room = file, self.spool.files

    def pieces(self) -> Iterator[bytes]:
        """All of it, from the beginning, in pieces of PIECE_BYTES."""
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
