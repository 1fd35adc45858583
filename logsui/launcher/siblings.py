"""Several processes that do the same work, forked from one that has loaded everything: what they share stays shared."""

from __future__ import annotations

import gc
import json
import logging
import os
import selectors
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, BinaryIO

from logsui.launcher import processes
from logsui.launcher.heartbeat import BEAT_FD, beat

logger = logging.getLogger(__name__)

# A sibling that has shown no sign of life for so long keeps the others from being taken for healthy.
SILENT_SECONDS = 5.0
LOOK_SECONDS = 1.0
# One that dies is started again after the first of these, twice as long after each further death, and at last after
# the second. After a good run the next death counts as its first.
RESTART_SECONDS, LONGEST_RESTART_SECONDS = 1.0, 30.0
GOOD_RUN_SECONDS = 30.0
ENDINGS = (signal.SIGTERM, signal.SIGINT)

Result = dict[str, Any]


@dataclass
class Sibling:
    """A running process; `beats` is the pipe with its signs of life, `result` the file with what it returns."""

    number: int
    pid: int
    beats: int
    result: BinaryIO
    started_at: float
    alive_at: float


@contextmanager
def delayed_signals() -> Iterator[None]:
    """Signals that end this process wait until the end of the block."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDINGS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Siblings:
    """Runs `work(number)` in `count` processes until each has returned, or until this one is told to stop.

    One that dies is started again. `work` must end when its process gets SIGTERM.
    """

    def __init__(self, count: int, work: Callable[[int], Result]) -> None:
        self.count, self.work = count, work
        self.running: dict[int, Sibling] = {}
        # Of each number that waits for its start: when it is due, and how often it died lately.
        self.due: dict[int, float] = {}
        self.deaths = dict.fromkeys(range(count), 0)
        self.stopping = False
        self.results: list[Result] = []

    def run(self) -> list[Result]:
        """What each returned, in no order. This process must have no threads and no connections to a database."""
        gc.collect()
        # The garbage collector would write to memory that is shared with the children.
        gc.freeze()
        for ending in ENDINGS:
            signal.signal(ending, self._stop)
        self.due = dict.fromkeys(range(self.count), 0.0)
        while self.running or (self.due and not self.stopping):
            self._start_due()
            self._listen()
            self._reap()
            now = time.monotonic()
            if all(now - one.alive_at < SILENT_SECONDS for one in self.running.values()):
                beat()
        return self.results

    def _stop(self, number: int, frame: object) -> None:
        self.stopping = True
        for pid in list(self.running):
            # It may have ended just now.
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def _start_due(self) -> None:
        for number in [number for number, due in self.due.items() if due <= time.monotonic()]:
            # A signal would else find a child that has the parent's handlers, or one that the parent does not know yet.
            with delayed_signals():
                if not self.stopping:
                    del self.due[number]
                    self._start(number)

    def _start(self, number: int) -> None:
        beats, beat_end = os.pipe()
        # A pipe would hold only a result that is short, while nobody reads.
        result = tempfile.TemporaryFile()  # noqa: SIM115
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._become(number, parent, beat_end, result)
        os.close(beat_end)
        os.set_blocking(beats, False)
        now = time.monotonic()
        self.running[pid] = Sibling(number, pid, beats, result, now, now)

    def _become(self, number: int, parent: int, beat_end: int, result: BinaryIO) -> None:
        """What the child does. It never returns."""
        status = 1
        try:
            # Until `work` has handlers of its own, such a signal ends the process.
            for ending in ENDINGS:
                signal.signal(ending, signal.SIG_DFL)
            follow = processes.die_with_parent(signal.SIGTERM, parent=parent)
            if follow is not None:
                follow()
            for other in self.running.values():
                os.close(other.beats)
                other.result.close()
            self.running = {}
            os.set_blocking(beat_end, False)
            os.environ[BEAT_FD] = str(beat_end)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDINGS)
            result.write(json.dumps(self.work(number)).encode())
            result.flush()
            status = 0
        except BaseException:
            logger.exception("process %d ended", os.getpid())
        finally:
            os._exit(status)

    def _listen(self) -> None:
        """Note signs of life; wait a moment if there are none."""
        with selectors.DefaultSelector() as selector:
            for one in self.running.values():
                selector.register(one.beats, selectors.EVENT_READ, one)
            for key, _ in selector.select(LOOK_SECONDS):
                if os.read(key.fd, 4096):
                    key.data.alive_at = time.monotonic()
        # Whoever is ending has closed its pipe, which is readable at once.
        time.sleep(0.05)

    def _reap(self) -> None:
        for one in list(self.running.values()):
            # Between the two lines its pid could become another process's.
            with delayed_signals():
                pid, status = os.waitpid(one.pid, os.WNOHANG)
                if pid:
                    del self.running[pid]
            if pid:
                self._end(one, os.waitstatus_to_exitcode(status))

    def _end(self, one: Sibling, status: int) -> None:
        os.close(one.beats)
        with one.result:
            one.result.seek(0)
            text = one.result.read()
        if status == 0:
            self.results.append(json.loads(text))
        elif not self.stopping:
            self._start_later(one, status)

    def _start_later(self, one: Sibling, status: int) -> None:
        now = time.monotonic()
        deaths = 0 if now - one.started_at > GOOD_RUN_SECONDS else self.deaths[one.number]
        delay = min(RESTART_SECONDS * 2**deaths, LONGEST_RESTART_SECONDS)
        self.deaths[one.number] = deaths + 1
        self.due[one.number] = now + delay
        logger.warning("process %d ended with status %d; starting another one in %d s", one.pid, status, delay)
