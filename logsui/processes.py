"""Processes: children that die with their parent, and finding and stopping what a killed run left behind."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil

PR_SET_PDEATHSIG = 1


def die_with_parent(number: signal.Signals, parent: int | None = None) -> Callable[[], None] | None:
    """For Popen's `preexec_fn`: the kernel sends the signal to the child when its parent is gone, even by `kill -9`.

    Linux only; None elsewhere, where the next start stops what it finds. Popen calls it after it changed the user,
    which would undo it.
    """
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = parent or os.getpid()

    def ask_the_kernel() -> None:
        prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        # The parent may have died before the kernel was asked.
        if os.getppid() != parent:
            os._exit(1)

    return ask_the_kernel


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


def title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def stop(running: Iterable[psutil.Process], steps: Iterable[tuple[signal.Signals, float]]) -> None:
    """Send each signal in turn to those that are still there, waiting for the seconds beside it."""
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
