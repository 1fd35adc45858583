"""Child processes kept running: started in order, started again when they die, stopped in order."""

from __future__ import annotations

import json
import logging
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
# For one that met its memory limit: it left behind what it worked on, so the next gets on without that.
LIMIT_DELAY = 1.0
# A process that ran this long had a good start: its next failure counts as the first again.
GOOD_RUN = 30.0
POLL = 0.1
TASK_ATTEMPTS = 5
# One that does not work is not expected to finish anything; the healthy ones beside it may.
HUNG_SECONDS = 10.0
ORPHAN_SECONDS = 30.0
NO_HURRY = 60.0
# A signal, and the seconds that it gets.
Step = tuple[signal.Signals, float]
KILL: Step = (signal.SIGKILL, 10.0)
# Seconds by which the recorded start of a process may be off when the clock was set meanwhile.
CLOCK_STEP = 2.0


class StopRequested(Exception):
    """Ctrl-C, SIGTERM or SIGHUP came, or the parent is gone."""


class Kept:
    """A process that is kept running: started again when it ends, or when its watch says that it does not work."""

    # A task runs once; anything else is started again whenever it ends.
    once = False

    def __init__(self, name: str, watch: Watch, steps: Sequence[Step]) -> None:
        """`steps`: how one that does not work is ended."""
        self.name = name
        self.watch = watch
        self.steps = steps
        self.process: subprocess.Popen[bytes] | None = None
        self.ending: Ending | None = None
        self.failures = 0
        self.started_at = self.due_at = 0.0
        # What a dead process left behind, and until when it may finish what it does.
        self.orphans: list[psutil.Process] = []
        self.orphans_until = 0.0

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the process."""
        raise NotImplementedError

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def keep_running(self) -> bool:
        """Start what is due, end what does not work; True when a process was started. Never waits for either."""
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
            logger.warning("%s does not work: %s; starting it again", self.name, reason)
            self.ending = Ending(self.name, self.process, self.steps)

    def note_end(self, code: int, now: float) -> None:
        self.process = None
        self.orphans, self.orphans_until = self.watch.tree[1:], now + ORPHAN_SECONDS
        if self.ending is not None:
            # We did that, and have said so.
            self.ending.is_over()
            self.ending, self.due_at = None, now
        else:
            self.note_failure(code, now)

    def note_failure(self, code: int, now: float) -> None:
        self.failures = 0 if now - self.started_at > GOOD_RUN else self.failures
        # The first time at once: a process that was killed is needed now.
        delay = min(LONGEST_DELAY, FIRST_DELAY * 4**self.failures) if self.failures or self.once else 0.0
        delay = min(delay, LIMIT_DELAY) if code == memory.EXIT_STATUS else delay
        self.failures += 1
        self.due_at = now + delay
        logger.warning(
            "%s ended (%s); starting it again%s", self.name, describe(code), f" in {delay:g} s" if delay else ""
        )

    def end_orphans(self, now: float) -> None:
        """Workers outlive their master to answer what they have begun; one that hangs would do so for ever."""
        if self.orphans and now > self.orphans_until:
            for process in self.orphans:
                processes.send(process, signal.SIGKILL)
            self.orphans = []

    def stop(self) -> None:
        """End it and wait for that."""
        if not self.is_running():
            return
        assert self.process is not None
        ending = self.ending or Ending(self.name, self.process, self.stop_steps)
        while not ending.is_over():
            time.sleep(POLL / 2)

    @property
    def stop_steps(self) -> Sequence[Step]:
        return self.steps


class Child(Kept):
    """A process of ours."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        patience: float,
        *,
        watch: Watch | None = None,
        pass_fds: Sequence[int] = (),
        environment: dict[str, str] | None = None,
        cwd: Path | None = None,
        account: Account | None = None,
        once: bool = False,
    ) -> None:
        """`patience`: seconds that it may take to finish its work after SIGTERM."""
        super().__init__(name, watch or Watch(NO_HURRY), [(signal.SIGTERM, min(patience, HUNG_SECONDS)), KILL])
        self.command = command
        self.patience = patience
        self.pass_fds = pass_fds
        self.environment = environment or {}
        self.cwd = cwd
        self.account = account
        self.once = once
        # Of a task: it has ended for good, well or after too many attempts.
        self.done = self.succeeded = False

    def launch(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            pass_fds=self.pass_fds,
            env=os.environ | accounts.environment(self.account) | self.environment,
            cwd=self.cwd,
            # Away from the terminal's Ctrl-C: we stop it when its turn comes.
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
        return [(signal.SIGTERM, self.patience), KILL]


class Signals:
    """Remembers the wish to stop. A second one makes everything but the database hurry."""

    def __init__(self, *, with_parent: bool) -> None:
        self.stop_requested = False
        self.reason = ""
        self.parent = os.getppid() if with_parent else None
        self.hurry: Callable[[], None] = lambda: None

    def install(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.receive)
        # Under nohup it is ignored, and stays so.
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
    """The children's pids in a file, so that the next start finds those which a killed one left behind.

    On Linux the kernel has stopped most of them by then; this is for what was slow, and for other systems.
    """

    def __init__(self, path: Path, home: Path) -> None:
        """`home`: the working directory of the children, by which a process is known to be one of ours."""
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
        """Stop each process of the list that still runs, and those it started."""
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
        """The processes of the session that `leader`, started at `created`, leads; it may be gone itself.

        Pids are used again, after a restart of the machine at the latest: what looks otherwise is left alone.
        """
        if leader == os.getsid(0) or was_used_again(leader, created):
            return []
        return [process for process in psutil.process_iter() if self.is_member(process, leader)]

    def is_member(self, process: psutil.Process, leader: int) -> bool:
        try:
            ours = os.getsid(process.pid) == leader and "python" in process.name().lower()
            return ours and Path(process.cwd()) == self.home
        except (psutil.Error, OSError):
            return False


def was_used_again(pid: int, created: float) -> bool:
    """Whether another process than the one started at `created` has this pid now."""
    try:
        return abs(psutil.Process(pid).create_time() - created) > CLOCK_STEP
    except psutil.Error:
        return False


def describe(code: int) -> str:
    if code == memory.EXIT_STATUS:
        return "it met its memory limit"
    return signal.Signals(-code).name if code < 0 else f"exit status {code}"
