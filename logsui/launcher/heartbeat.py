"""A process' signs of life for the `serve` that started it."""

from __future__ import annotations

import os
from contextlib import suppress

# The name by which a process finds the pipe that it inherits; started by hand it has none.
BEAT_FD = "LOGSUI_BEAT_FD"


def beat() -> None:
    """Say that work gets on. Call it every few seconds; it never waits."""
    if BEAT_FD in os.environ:
        # The pipe is full while nobody reads, and closed when `serve` is gone.
        with suppress(OSError):
            os.write(int(os.environ[BEAT_FD]), b".")
