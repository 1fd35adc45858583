"""Helpers for processes: make children end with their parent, see what processes do, and stop them."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

logger = logging.getLogger(__name__)

PR_SET_PDEATHSIG, PR_GET_PDEATHSIG = 1, 2


def die_with_parent(number: signal.Signals, parent: int | None = None) -> Callable[[], None] | None:
    """For Popen's `preexec_fn`: the kernel signals the child when its parent ends, even after `kill -9`.

    Only on Linux. Elsewhere it is None, and the next start stops what it finds. Popen calls it after changing the user,
    which would otherwise undo it.
    """
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = parent or os.getpid()

    def ask_the_kernel() -> None:
        prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        # The parent may have ended before that call.
        if os.getppid() != parent:
            os._exit(1)

    return ask_the_kernel


def get_death_signal() -> int:
    """The signal that this process gets from the kernel when its parent ends; 0 for none."""
    number = ctypes.c_int()
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_GET_PDEATHSIG, ctypes.byref(number), 0, 0, 0)
    return number.value


def set_death_signal(number: int) -> None:
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)


def running_in(folder: Path, name: str) -> list[psutil.Process]:
    """Processes called `name` whose working directory is `folder`."""
    found = []
    for process in psutil.process_iter(["name"]):
        try:
            if process.info["name"] == name and Path(process.cwd()) == folder:
                found.append(process)
        except (psutil.Error, OSError):
            continue  # Gone, or another user's.
    return found


def members_of_session(leader: int) -> list[psutil.Process]:
    """The processes of the session that process `leader` began, even if it is gone. Its pid is not reused meanwhile."""
    found = []
    for process in psutil.process_iter():
        with suppress(OSError):
            if os.getsid(process.pid) == leader:
                found.append(process)
    return found


def title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def parent_pid(process: psutil.Process) -> int:
    """0 for a process that has ended since it was found."""
    try:
        return process.ppid()
    except psutil.Error:
        return 0


def stop(running: Iterable[psutil.Process], steps: Iterable[tuple[signal.Signals, float]]) -> None:
    """Send each signal to the processes that still run, and wait for the seconds given with it."""
    alive = list(running)
    for number, seconds in steps:
        for process in alive:
            try:
                process.send_signal(number)
            except psutil.Error:
                continue
        _, alive = psutil.wait_procs(alive, timeout=seconds)
        if not alive:
            return


def sync_folder(folder: Path) -> None:
    """Make renames in `folder` survive a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# -- what they are doing ---------------------------------------------------------------------------------------------


def tree(pid: int) -> list[psutil.Process]:
    """The process and its descendants; empty if it is gone."""
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.Error:
        return []


def state(process: psutil.Process) -> str:
    """One of psutil's STATUS_…; "" if the process is gone."""
    try:
        return process.status()
    except psutil.Error:
        return ""


def is_busy(process: psutil.Process) -> bool:
    """Whether it computes or waits for a disk. It may be slow, but it works."""
    return state(process) in (psutil.STATUS_RUNNING, psutil.STATUS_DISK_SLEEP)


def work_done(process: psutil.Process) -> object:
    """A value that changes while the process works: CPU time, and bytes read and written if the system counts them."""
    try:
        with process.oneshot():
            counters = process.io_counters() if hasattr(process, "io_counters") else None
            return process.cpu_times()[:2], counters
    except psutil.Error:
        return None


class Ending:
    """Ends a process and its descendants: a signal, and after some seconds the next one. Never blocks."""

    def __init__(
        self, name: str, process: subprocess.Popen[bytes], steps: Sequence[tuple[signal.Signals, float]]
    ) -> None:
        """`steps`: each signal with the seconds to wait after it. The last one should be SIGKILL."""
        self.name = name
        self.process = process
        self.steps = list(steps)
        self.deadline = 0.0
        self.family: set[psutil.Process] = set()
        self.proceed()

    def proceed(self) -> None:
        """Send the next signal, if there is one."""
        if not self.steps:
            return
        number, seconds = self.steps.pop(0)
        self.deadline = time.monotonic() + seconds
        self.family |= set(tree(self.process.pid))
        self.process.send_signal(number)
        # A stopped process reacts to no signal but SIGKILL.
        for process in self.family:
            if state(process) == psutil.STATUS_STOPPED:
                send(process, signal.SIGCONT)

    def is_over(self) -> bool:
        """Whether the process is gone. If so, its descendants are killed."""
        if self.process.poll() is None:
            if time.monotonic() > self.deadline and self.steps:
                logger.warning("%s still runs; sending it %s", self.name, self.steps[0][0].name)
                self.proceed()
            return False
        for process in self.family:
            send(process, signal.SIGKILL)
        return True


def send(process: psutil.Process, number: signal.Signals) -> None:
    with suppress(psutil.Error):
        process.send_signal(number)
