"""Keeps child processes running: restarts those that die or hang, and stops them."""

from __future__ import annotations

import json
import logging
import math
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from logsui import memory
from logsui.launcher import accounts, processes
from logsui.launcher.accounts import Account
from logsui.launcher.probes import Watch
from logsui.launcher.processes import Ending

logger = logging.getLogger(__name__)

FIRST_DELAY, LONGEST_DELAY = 0.2, 30.0
# After reaching its memory limit. A new process does not repeat what the old one worked on.
LIMIT_DELAY = 1.0
# After running for this long, the next failure of a process counts as its first.
GOOD_RUN = 30.0
POLL = 0.1
TASK_ATTEMPTS = 5
# A process that hangs gets this long to stop; its healthy workers may use it to finish.
HUNG_SECONDS = 10.0
ORPHAN_SECONDS = 30.0
NO_HURRY = 60.0
# A signal, and the seconds to wait after it.
Step = tuple[signal.Signals, float]
KILL: Step = (signal.SIGKILL, 10.0)
# The recorded start of a process may be off by so many seconds, if the clock was set meanwhile.
CLOCK_STEP = 2.0


class StopRequested(Exception):
    """Ctrl-C, SIGTERM or SIGHUP was received, or the parent is gone."""


class Kept:
    """A process that is kept running. It is restarted when it ends, or when its watch reports that it does not work."""

    # A task runs once. Any other process is restarted whenever it ends.
    once = False

    def __init__(self, name: str, watch: Watch, steps: Sequence[Step]) -> None:
        """`steps`: how the process is stopped when it does not work."""
        self.name = name
        self.watch = watch
        self.steps = steps
        self.process: subprocess.Popen[bytes] | None = None
        self.ending: Ending | None = None
        self.failures = 0
        self.started_at = self.due_at = 0.0
        # What dead processes left behind, and until when each may finish.
        self.orphans: dict[psutil.Process, float] = {}

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the process."""
        raise NotImplementedError

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def keep_running(self) -> bool:
        """Start the process if it is due, stop it if it does not work. True if it was started. Never blocks."""
        now = time.monotonic()
        self.end_orphans(now)
        if self.is_running():
            self.judge()
            return False
        if self.process is not None:
            self.note_end(self.process.returncode, now)
        if not self.is_due(now):
            return False
        self.start()
        return True

    def is_due(self, now: float) -> bool:
        return now >= self.due_at

    def start(self) -> None:
        self.started_at = time.monotonic()
        self.process = self.launch()
        self.watch.begin(self.process.pid)

    def judge(self) -> None:
        assert self.process is not None
        if self.ending is not None:
            self.ending.is_over()
        elif reason := self.watch.tick():
            logger.warning("%s does not work: %s. Restarting it", self.name, reason)
            self.ending = Ending(self.name, self.process, self.steps)

    def note_end(self, code: int, now: float) -> None:
        assert self.process is not None
        # The watch may not have seen its newest children, and not all children stay in its session.
        for left in {*self.watch.tree[1:], *processes.members_of_session(self.process.pid)}:
            self.orphans.setdefault(left, now + ORPHAN_SECONDS)
        self.process = None
        if self.ending is not None:
            # We stopped it, and have logged that.
            self.ending.is_over()
            self.ending, self.due_at = None, now
        else:
            self.note_failure(code, now)

    def note_failure(self, code: int, now: float) -> None:
        self.failures = 0 if now - self.started_at > GOOD_RUN else self.failures
        # The first restart is immediate, because the process is needed.
        delay = min(LONGEST_DELAY, FIRST_DELAY * 4**self.failures) if self.failures or self.once else 0.0
        delay = min(delay, LIMIT_DELAY) if code == memory.EXIT_STATUS else delay
        self.failures += 1
        self.due_at = now + delay
        logger.warning("%s ended (%s). Restarting it%s", self.name, describe(code), f" in {delay:g} s" if delay else "")

    def end_orphans(self, now: float) -> None:
        """Workers outlive their master to finish their requests. One that hangs would never end."""
        for process, until in list(self.orphans.items()):
            if now > until:
                processes.send(process, signal.SIGKILL)
                del self.orphans[process]

    def stop(self) -> None:
        """Stop it, and wait until it has ended."""
        if self.is_running():
            assert self.process is not None
            ending = self.ending or Ending(self.name, self.process, self.stop_steps)
            while not ending.is_over():
                time.sleep(POLL / 2)
        self.end_orphans(math.inf)

    @property
    def stop_steps(self) -> Sequence[Step]:
        return self.steps


class Child(Kept):
    """A process of ours."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        stop_seconds: float,
        *,
        watch: Watch | None = None,
        pass_fds: Sequence[int] = (),
        environment: dict[str, str] | None = None,
        cwd: Path | None = None,
        account: Account | None = None,
        once: bool = False,
    ) -> None:
        """`stop_seconds`: how long it may take to finish its work after SIGTERM."""
        super().__init__(name, watch or Watch(NO_HURRY), [(signal.SIGTERM, min(stop_seconds, HUNG_SECONDS)), KILL])
        self.command = command
        self.stop_seconds = stop_seconds
        self.pass_fds = pass_fds
        self.environment = environment or {}
        self.cwd = cwd
        self.account = account
        self.once = once
        # For a task: whether it is finished, after success or too many attempts.
        self.done = self.succeeded = False

    def launch(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            pass_fds=self.pass_fds,
            env=os.environ | accounts.environment(self.account) | self.environment,
            cwd=self.cwd,
            # A session of its own, so that Ctrl-C does not reach it: we stop it in order.
            start_new_session=True,
            preexec_fn=processes.die_with_parent(signal.SIGTERM),
            **accounts.popen_arguments(self.account),
        )

    def is_due(self, now: float) -> bool:
        return not self.done and super().is_due(now)

    def note_failure(self, code: int, now: float) -> None:
        self.succeeded = code == 0
        if self.once and (self.succeeded or self.failures >= TASK_ATTEMPTS):
            self.done = True
            return
        super().note_failure(code, now)

    @property
    def stop_steps(self) -> Sequence[Step]:
        return [(signal.SIGTERM, self.stop_seconds), KILL]


class Signals:
    """Remembers a request to stop. A second one kills everything except the database."""

    def __init__(self, *, with_parent: bool) -> None:
        self.stop_requested = False
        self.reason = ""
        self.parent = os.getppid() if with_parent else None
        self.hurry: Callable[[], None] = lambda: None

    def install(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.receive)
        # nohup makes it ignored, which is kept.
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            signal.signal(signal.SIGHUP, self.receive)

    def receive(self, number: int, frame: object) -> None:
        if self.stop_requested:
            self.hurry()
        self.request_stop(signal.Signals(number).name)

    def request_stop(self, reason: str) -> None:
        self.reason = self.reason or reason
        self.stop_requested = True

    def wait(self, seconds: float) -> None:
        """Sleep; raises StopRequested."""
        deadline = time.monotonic() + seconds
        while True:
            self.check()
            left = deadline - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, POLL))

    def check(self) -> None:
        if self.parent is not None and os.getppid() != self.parent:
            self.request_stop("the starting process is gone")
        if self.stop_requested:
            raise StopRequested


class ProcessList:
    """The pids of the children in a file, so that the next start finds what a killed run left behind.

    On Linux the kernel has stopped most of them by then. The list is for slow ones, and for other systems.
    """

    def __init__(self, path: Path, home: Path) -> None:
        """`home`: the working directory of the children, which shows that a process is ours."""
        self.path = path
        self.home = home

    def write(self, pids: Sequence[int]) -> None:
        rows = [[pid, psutil.Process(pid).create_time()] for pid in pids if psutil.pid_exists(pid)]
        draft = self.path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with open(draft, "x") as file:
            json.dump(rows, file)
        draft.replace(self.path)

    def stop_leftovers(self) -> None:
        """Stop the listed processes that still run, and the processes they started."""
        found = [process for pid, created in self.read() for process in self.session_of(pid, created)]
        if found:
            logger.warning("Stopping %d processes that an earlier run left behind", len(found))
        processes.stop(found, [(signal.SIGTERM, 15), (signal.SIGKILL, 10)])
        self.path.unlink(missing_ok=True)

    def read(self) -> list[tuple[int, float]]:
        try:
            return [(int(pid), float(created)) for pid, created in json.loads(self.path.read_text())]
        except (FileNotFoundError, ValueError, TypeError):
            return []

    def session_of(self, leader: int, created: float) -> list[psutil.Process]:
        """The processes in the session of `leader`, which was started at `created` and may be gone.

        Pids are reused, at the latest after a reboot, so a process that looks different is not touched.
        """
        if leader == os.getsid(0) or was_used_again(leader, created):
            return []
        return [process for process in processes.members_of_session(leader) if self.is_ours(process)]

    def is_ours(self, process: psutil.Process) -> bool:
        try:
            return "python" in process.name().lower() and Path(process.cwd()) == self.home
        except (psutil.Error, OSError):
            return False


def was_used_again(pid: int, created: float) -> bool:
    """Whether this pid now belongs to another process than the one started at `created`."""
    try:
        return abs(psutil.Process(pid).create_time() - created) > CLOCK_STEP
    except psutil.Error:
        return False


def describe(code: int) -> str:
    if code == memory.EXIT_STATUS:
        return "it reached its memory limit"
    return signal.Signals(-code).name if code < 0 else f"exit status {code}"
