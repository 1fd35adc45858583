"""Allows one `serve` per data folder."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# How long to wait for an instance that is stopping, in seconds.
PATIENCE = 3.0


class FolderInUse(Exception):
    """Another instance uses the data folder. The message is for the operator."""


@contextmanager
def hold(folder: Path, url: str) -> Iterator[None]:
    """Lock `folder`. The lock ends with the process, however that ends. Raises FolderInUse."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(os.open(folder / "serve.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "r+") as file:
        _lock(file.fileno(), folder)
        file.truncate()
        file.write(f"process {os.getpid()}, {url}\n")
        file.flush()
        yield


def _lock(descriptor: int, folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                holder = os.pread(descriptor, 300, 0).decode(errors="replace").strip()
                raise FolderInUse(
                    f"logsui already runs on the data folder {folder} ({holder}). Stop it first, "
                    f"or use another folder and port: LOGSUI_DATA_DIR=other-folder PORT=8001 make run"
                ) from None
            time.sleep(0.1)
