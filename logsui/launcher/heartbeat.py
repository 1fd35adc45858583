"""Signs of life that a process sends to the `serve` that started it."""

from __future__ import annotations

import os
from contextlib import suppress

# The variable with the inherited pipe. A process that was started by hand has none.
BEAT_FD = "LOGSUI_BEAT_FD"


def beat() -> None:
    """Report progress. Call it every few seconds; it never blocks."""
    if BEAT_FD in os.environ:
        # The pipe may be full when nobody reads, and closed when `serve` is gone.
        with suppress(OSError):
            os.write(int(os.environ[BEAT_FD]), b".")
