"""Limits the memory of a process. Above the limit it logs what it was working on and ends; another one is started.

There are two limits. A thread checks the resident memory ten times a second. Memory that grows faster, or within one
call that lets no other thread run, reaches a limit of the operating system (Linux only). Most libraries then raise
MemoryError, which ends the process; others crash.
"""

from __future__ import annotations

import ctypes
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
# The exit status of a process that reached its limit. To gunicorn, 3 and 4 mean something else.
EXIT_STATUS = 86
WATCH_SECONDS = 0.1
# The system's limit is at least this much higher, for growth between two checks. It is the second choice, because it
# hits whichever thread allocates next, and orjson, msgspec and protobuf crash when it hits them while writing.
HARD_MARGIN = 512 * MEBIBYTE
# The system counts this much for each thread's stack, although little of it is ever used.
STACK_BYTES = 8 * MEBIBYTE
MOST_NAMED = 20
# So much more than before is worth an effort to return it.
GROWN_BYTES = 24 * MEBIBYTE
STATM = Path("/proc/self/statm")
_PAGE = resource.getpagesize()


def resident_bytes() -> int:
    """The memory of this process that is in RAM, including what it shares with others."""
    try:
        return int(STATM.read_bytes().split()[1]) * _PAGE
    except OSError:  # Not Linux.
        return psutil.Process().memory_info().rss


def describe(work: Sequence[str]) -> str:
    named = ", ".join(work[:MOST_NAMED]) or "nothing known"
    return named + (f" and {len(work) - MOST_NAMED} more" if len(work) > MOST_NAMED else "")


def return_free_memory() -> None:
    """Ask the C library to return its free memory, if it can."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


class Rest:
    """Returns the memory that work took to the system, since some of it may have been large.

    `let_go` is called in the thread that rests, where returning free memory alone is not enough: both ends of a
    database session keep buffers of the size of the largest message.
    """

    def __init__(self, let_go: Callable[[], object]) -> None:
        self.let_go = let_go
        self.bytes = resident_bytes()

    def after_work(self) -> bool:
        """Whether it let go."""
        self.bytes = min(self.bytes, resident_bytes())
        if not self._has_grown():
            return False
        return_free_memory()
        if not self._has_grown():
            return False
        self.let_go()
        return_free_memory()
        self.bytes = resident_bytes()
        return True

    def _has_grown(self) -> bool:
        return resident_bytes() > self.bytes + GROWN_BYTES


class MemoryLimit:
    """`name`: the process as its last log line calls it. `setting`: the variable that sets `soft_bytes`.

    `work` returns what the process is working on, the most likely cause first. `before_end` is called before it ends.
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
        """Limit this process, which has about so many threads. Its child processes set their own limits."""
        if sys.platform.startswith("linux"):
            limit_data(self.soft_bytes + max(HARD_MARGIN, self.soft_bytes // 2) + threads * STACK_BYTES)
        threading.Thread(target=self._watch, name="memory", daemon=True).start()

    def _watch(self) -> None:
        while True:
            size = resident_bytes()
            if size > self.soft_bytes:
                self.end(f"it uses {size / MEBIBYTE:,.0f} MiB of memory, more than {self._set()}")
            time.sleep(WATCH_SECONDS)

    def end_without_memory(self) -> None:
        """Call it when a MemoryError reached the top. Never returns."""
        self.end(f"the system refused it more memory, well above {self._set()}")

    def _set(self) -> str:
        return f"{self.setting} ({self.soft_bytes / MEBIBYTE:,.0f} MiB)"

    def end(self, reason: str) -> None:
        """Log the reason and what it was working on, and end at once. Never returns."""
        self._ending.acquire()  # Only the first thread logs it.
        try:
            logger.error(
                "%s (process %d) ends: %s. It was working on: %s", self.name, os.getpid(), reason, describe(self.work())
            )
            self.before_end()
        finally:
            os._exit(EXIT_STATUS)


def limit_data(growth: int) -> None:
    """Let the system refuse this process more than `growth` bytes of additional private memory.

    Only the soft limit is set, so that a program it starts can raise its own again.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = private_bytes() + growth
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (wanted, hard))


def private_bytes() -> int:
    """What counts against RLIMIT_DATA: memory that was requested, used or not (VmData)."""
    rows = Path("/proc/self/status").read_text().splitlines()
    return next((int(row.split()[1]) * 1024 for row in rows if row.startswith("VmData:")), 0)
