"""The memory that a process may have: beyond it, it says what it was working on, and ends; another is started.

Two nets. A watch looks at the resident memory a few times a second. What grows faster than that, or within one call
that lets no other thread run, meets a limit of the system (Linux only): most libraries then raise MemoryError, which
ends the process too; some crash, which does as well.
"""

from __future__ import annotations

import logging
import os
import resource
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

logger = logging.getLogger("logsui.memory")

MEBIBYTE = 2**20
# The exit status of a process that met its limit; gunicorn gives 3 and 4 a meaning of their own.
EXIT_STATUS = 86
WATCH_SECONDS = 0.1
# How far beyond the watched limit the system's lies, at least: what may grow between two looks. Met for good reason,
# MemoryError strikes whichever thread asks next, and orjson, msgspec and protobuf crash when they write.
HARD_MARGIN = 512 * MEBIBYTE
# What the system counts for each thread's stack, though hardly any of it is ever used.
STACK_BYTES = 8 * MEBIBYTE
MOST_NAMED = 20
STATM = Path("/proc/self/statm")
_PAGE = resource.getpagesize()


def resident_bytes() -> int:
    """The memory of this process that is in RAM, what it shares with others included."""
    try:
        return int(STATM.read_bytes().split()[1]) * _PAGE
    except OSError:  # Not Linux.
        return psutil.Process().memory_info().rss


def describe(work: Sequence[str]) -> str:
    named = ", ".join(work[:MOST_NAMED]) or "nothing that is known"
    return named + (f" and {len(work) - MOST_NAMED} more" if len(work) > MOST_NAMED else "")


class MemoryLimit:
    """`name`: of the process, for its last line. `setting`: what sets `soft_bytes`.

    `work` tells what the process is working on, most suspicious first; `before_end` is called when it ends.
    """

    def __init__(
        self,
        name: str,
        setting: str,
        soft_bytes: int,
        work: Callable[[], Sequence[str]],
        before_end: Callable[[], object] = lambda: None,
    ) -> None:
        self.name, self.setting, self.soft_bytes = name, setting, soft_bytes
        self.work, self.before_end = work, before_end
        self._ending = threading.Lock()

    def start(self, threads: int) -> None:
        """Limit this process, which will have about so many threads. Those that it starts set limits of their own."""
        if sys.platform.startswith("linux"):
            limit_data(self.soft_bytes + max(HARD_MARGIN, self.soft_bytes // 2) + threads * STACK_BYTES)
        threading.Thread(target=self._watch, name="memory", daemon=True).start()

    def _watch(self) -> None:
        while True:
            size = resident_bytes()
            if size > self.soft_bytes:
                self.end(f"its memory of {size / MEBIBYTE:,.0f} MiB is beyond {self._set()}")
            time.sleep(WATCH_SECONDS)

    def end_without_memory(self) -> None:
        """For whoever catches a MemoryError that says no more than that: the system gave no more. Returns never."""
        self.end(f"the system gives it no more memory, well beyond {self._set()}")

    def _set(self) -> str:
        return f"{self.setting} ({self.soft_bytes / MEBIBYTE:,.0f} MiB)"

    def end(self, reason: str) -> None:
        """Say why and on what it worked, and end at once. Returns never."""
        self._ending.acquire()  # The first to come says it.
        try:
            logger.error(
                "%s (process %d) ends: %s. It was working on: %s", self.name, os.getpid(), reason, describe(self.work())
            )
            self.before_end()
        finally:
            os._exit(EXIT_STATUS)


def limit_data(growth: int) -> None:
    """Let this process have `growth` bytes of private memory more than now; the system refuses what is beyond.

    The soft limit alone is set, so that a program that it starts may raise its own again.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = private_bytes() + growth
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (wanted, hard))


def private_bytes() -> int:
    """What the system counts against RLIMIT_DATA: memory that was asked for, used or not (VmData)."""
    rows = Path("/proc/self/status").read_text().splitlines()
    return next((int(row.split()[1]) * 1024 for row in rows if row.startswith("VmData:")), 0)
