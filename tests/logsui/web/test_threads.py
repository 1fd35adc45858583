"""The threads of a web worker, between two jobs."""

from __future__ import annotations

import threading
import time

from logsui import memory
from logsui.web.threads import Job, Threads

MEBIBYTE = 2**20


def test_memory_of_a_large_job_is_returned() -> None:
    threads, kept, peaks = Threads(1, 2), [], []

    def work() -> None:
        pieces = [b"x" * 60_000 for _ in range(3_500)]
        # What is allocated last and stays keeps the C library from returning what is below.
        kept.append(b"x" * 60_000)
        peaks.append(memory.resident_bytes())
        pieces.clear()

    before = memory.resident_bytes()
    done = threading.Event()
    threads.submit(Job(work, "large"))
    threads.submit(Job(done.set, "after it"))
    assert done.wait(10)
    assert peaks[0] > before + 150 * MEBIBYTE
    deadline = time.monotonic() + 5
    while memory.resident_bytes() > before + 60 * MEBIBYTE and time.monotonic() < deadline:
        time.sleep(0.05)
    assert memory.resident_bytes() <= before + 60 * MEBIBYTE
