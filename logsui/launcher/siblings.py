"""Several processes that do the same work, forked from one that has loaded everything: what they share stays shared."""

from __future__ import annotations

import gc
import json
import logging
import os
import selectors
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from logsui.launcher import processes
from logsui.launcher.heartbeat import BEAT_FD, beat

logger = logging.getLogger(__name__)

# A sibling that has shown no sign of life for so long keeps the others from being taken for healthy.
SILENT_SECONDS = 5.0
RESTART_SECONDS = 1.0
LOOK_SECONDS = 1.0

Result = dict[str, Any]


@dataclass
class Sibling:
    """A running process; `beats` is the pipe with its signs of life, `results` the one with what it returns."""

    number: int
    pid: int
    beats: int
    results: int
    alive_at: float


class Siblings:
    """Runs `work(number)` in `count` processes until each has returned, or until this one is told to stop.

    One that dies is started again. `work` must end when its process gets SIGTERM.
    """

    def __init__(self, count: int, work: Callable[[int], Result]) -> None:
        self.count, self.work = count, work
        self.running: dict[int, Sibling] = {}
        self.stopping = False
        self.results: list[Result] = []

    def run(self) -> list[Result]:
        """What each returned, in no order. This process must have no threads and no connections to a database."""
        gc.collect()
        # The garbage collector would write to memory that is shared with the children.
        gc.freeze()
        for ending in (signal.SIGTERM, signal.SIGINT):
            signal.signal(ending, self._stop)
        for number in range(self.count):
            self._start(number)
        while self.running:
            self._listen()
            self._reap()
            now = time.monotonic()
            if all(now - one.alive_at < SILENT_SECONDS for one in self.running.values()):
                beat()
        return self.results

    def _stop(self, number: int, frame: object) -> None:
        self.stopping = True
        for pid in list(self.running):
            os.kill(pid, signal.SIGTERM)

    def _start(self, number: int) -> None:
        beats, beat_end = os.pipe()
        results, result_end = os.pipe()
        pid = os.fork()
        if pid == 0:
            self._become(number, beat_end, result_end)
        os.close(beat_end)
        os.close(result_end)
        os.set_blocking(beats, False)
        self.running[pid] = Sibling(number, pid, beats, results, time.monotonic())
        # A signal that came meanwhile did not reach it.
        if self.stopping:
            os.kill(pid, signal.SIGTERM)

    def _become(self, number: int, beat_end: int, result_end: int) -> None:
        """What the child does. It never returns."""
        status = 1
        try:
            follow = processes.die_with_parent(signal.SIGTERM, parent=os.getppid())
            if follow is not None:
                follow()
            for other in self.running.values():
                os.close(other.beats)
                os.close(other.results)
            self.running = {}
            os.set_blocking(beat_end, False)
            os.environ[BEAT_FD] = str(beat_end)
            result = self.work(number)
            os.write(result_end, json.dumps(result).encode())
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
            pid, status = os.waitpid(one.pid, os.WNOHANG)
            if pid:
                self._end(one, os.waitstatus_to_exitcode(status))

    def _end(self, one: Sibling, status: int) -> None:
        del self.running[one.pid]
        text = os.read(one.results, 65_536)
        os.close(one.beats)
        os.close(one.results)
        if status == 0 and text:
            self.results.append(json.loads(text))
        elif not self.stopping:
            logger.warning("process %d ended with status %d; starting another one", one.pid, status)
            time.sleep(RESTART_SECONDS)
            self._start(one.number)
