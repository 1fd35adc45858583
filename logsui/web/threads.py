"""A fixed number of threads, each with its own database connection, and a limit on waiting jobs."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue

from django.db import connections

from logsui.memory import Rest

logger = logging.getLogger(__name__)


class Busy(Exception):
    """All threads are working, and the maximum of jobs is waiting."""


@dataclass
class Job:
    """Work for a thread. `run` may check `cancelled`; `title` names the job in the log."""

    run: Callable[[], None]
    title: str
    cancelled: bool = False
    started: float = field(default=0.0)


class Threads:
    """Runs `count` threads. Up to `waiting` jobs wait for them."""

    def __init__(self, count: int, waiting: int) -> None:
        self.count = count
        self.waiting = waiting
        self.queue: SimpleQueue[Job] = SimpleQueue()
        self.running: list[Job | None] = [None] * count
        for number in range(count):
            # Daemon threads, so that one that never ends does not keep the process alive.
            threading.Thread(target=self._work, args=(number,), name=f"web-{number}", daemon=True).start()

    def submit(self, job: Job) -> None:
        """Raises Busy."""
        if self.queue.qsize() >= self.waiting:
            raise Busy
        self.queue.put(job)

    @property
    def are_all_busy(self) -> bool:
        return not self.queue.empty() or None not in self.running

    def longer_than(self, seconds: float) -> list[Job]:
        """The jobs that have run for more than `seconds`."""
        started = time.monotonic() - seconds
        return [job for job in self.running if job is not None and job.started < started]

    def _work(self, number: int) -> None:
        rest = Rest(connections.close_all)
        while True:
            job = self.queue.get()
            job.started = time.monotonic()
            self.running[number] = job
            try:
                job.run()
            except Exception:
                logger.exception("%s failed in its thread", job.title)
            finally:
                self.running[number] = None
            del job
            rest.after_work()
