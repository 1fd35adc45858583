"""Which threads of the digester stand, with real threads and sessions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from sessions_app.ingest import progress
from sessions_app.ingest.progress import Progress

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]


class Worker(threading.Thread):
    def __init__(self, work: Callable[[Worker], Any]) -> None:
        super().__init__(daemon=True)
        self.work = work
        self.turns = self.backend_pid = 0
        self.stopping = threading.Event()

    def run(self) -> None:
        self.work(self)
        connection.close()


@pytest.fixture
def started() -> Iterator[Callable[..., Progress]]:
    workers: list[Worker] = []

    def start(*works: Callable[[Worker], Any]) -> Progress:
        workers.extend(Worker(work) for work in works)
        for worker in workers:
            worker.start()
        return Progress(workers)

    yield start
    for worker in workers:
        worker.stopping.set()
        worker.join()
    connection.close()


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "IDLE_SECONDS", 0.3)


def stand(worker: Worker) -> None:
    worker.stopping.wait()


def turn(worker: Worker) -> None:
    while not worker.stopping.wait(0.02):
        worker.turns += 1


def compute(worker: Worker) -> None:
    while not worker.stopping.is_set():
        sum(range(1000))


def let_the_database_compute(worker: Worker) -> None:
    with connection.cursor() as cursor:
        worker.backend_pid = connection.connection.info.backend_pid
        while not worker.stopping.is_set():
            cursor.execute("SELECT pg_sleep(1)")


def looks(made: Progress, wanted: bool, seconds: float = 1) -> bool:
    """Whether this is seen in the end; progress must be seen all the time for some seconds."""
    pause = threading.Event()
    for _ in range(int(seconds * 20) if wanted else 600):
        if made.is_made() is not wanted and wanted:
            return False
        if not wanted and not made.is_made():
            return True
        pause.wait(0.05)
    return wanted


@pytest.mark.parametrize("work", [turn, let_the_database_compute])
def test_thread_that_works_is_seen(
    started: Callable[..., Progress], work: Callable[[Worker], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a busy machine a thread may take a while to begin.
    monkeypatch.setattr(progress, "IDLE_SECONDS", 2)
    assert looks(started(work), True, seconds=3)


def test_thread_that_computes_is_seen(started: Callable[..., Progress], monkeypatch: pytest.MonkeyPatch) -> None:
    # A busy machine may leave it without a turn for a while.
    monkeypatch.setattr(progress, "IDLE_SECONDS", 10)
    assert looks(started(compute), True)


def test_thread_that_stands_is_seen(started: Callable[..., Progress]) -> None:
    assert looks(started(stand), False)


def test_one_that_works_does_not_hide_one_that_stands(started: Callable[..., Progress]) -> None:
    assert looks(started(turn, stand), False)


def test_thread_that_ended_is_no_trouble(started: Callable[..., Progress]) -> None:
    assert looks(started(turn, lambda worker: None), True)
