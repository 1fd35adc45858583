"""Web workers and digesters above their memory limit: how soon others are served, and how large a process gets."""

from __future__ import annotations

import base64
import http.client
import json
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import psutil

from benchmarks.abuse.instance import Instance, running_instance
from benchmarks.client import Client
from benchmarks.memory import peak_bytes, processes_of
from benchmarks.report import Figure

AREA = "Memory limits"
MIB = 2**20
LIMIT = 160 * MIB
SAMPLE_SECONDS = 0.02
WAIT_SECONDS = 180
# The possible growth between two checks; the system refuses more (logsui.memory.HARD_MARGIN).
OVERSHOOT = 512 * MIB
ROUNDS = 3


@dataclass
class Peaks:
    """The highest memory of each process of the instance, including dead ones, by kind."""

    top: psutil.Process
    highest: dict[tuple[str, int], int] = field(default_factory=dict)
    over: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        while not self.over.wait(SAMPLE_SECONDS):
            for kind, found in processes_of(self.top).items():
                for process in found:
                    self.sample(kind, process)

    def sample(self, kind: str, process: psutil.Process) -> None:
        try:
            size = peak_bytes(process)
        except OSError:
            return
        self.highest[kind, process.pid] = max(size, self.highest.get((kind, process.pid), 0))

    def of(self, kind: str) -> float:
        return max((size for (found, _), size in self.highest.items() if found == kind), default=0) / MIB


def large_body(logs: int = 2, megabytes: int = 30) -> bytes:
    """Text that hardly compresses, almost as long as allowed."""
    texts = (base64.b64encode(os.urandom(megabytes * MIB * 3 // 4)).decode() for _ in range(logs))
    return json.dumps([{"trace_id": "large", "request": {"input": text}} for text in texts]).encode()


def measure() -> Iterator[Figure]:
    limit = str(LIMIT)
    with running_instance(LOGSUI_WEB_MEMORY=limit) as instance, peaks_of(instance) as peaks:
        yield from web_figures(instance, peaks)
    with running_instance(LOGSUI_DIGESTER_MEMORY=limit) as instance, peaks_of(instance) as peaks:
        yield from digester_figures(instance, peaks)


class peaks_of:
    """Takes samples inside the `with` block."""

    def __init__(self, instance: Instance) -> None:
        self.peaks = Peaks(instance.process)
        self.thread = threading.Thread(target=self.peaks.watch)

    def __enter__(self) -> Peaks:
        self.thread.start()
        return self.peaks

    def __exit__(self, *error: object) -> None:
        self.peaks.over.set()
        self.thread.join()


def web_figures(instance: Instance, peaks: Peaks) -> Iterator[Figure]:
    """Sends bodies that exceed the limit until both workers have reached it, while another client keeps asking."""
    body, slowest, ended = large_body(), 0.0, 0
    for _ in range(ROUNDS):
        try:
            instance.client("attacker").post("/api/v1/logs", body)
        except (OSError, http.client.HTTPException):
            ended += 1
        slowest = max(slowest, seconds_until_served(instance))
    yield Figure(AREA, "workers ended, of bodies beyond the limit", ended, "workers", least=ROUNDS)
    yield Figure(AREA, "served again after a worker's end, slowest", slowest, "s", most=2)
    yield peak_figure("web worker", peaks.of("web"))


def seconds_until_served(instance: Instance) -> float:
    started = time.monotonic()
    while time.monotonic() - started < WAIT_SECONDS:
        try:
            if instance.client().post("/api/v1/logs", small_log(f"served-{started}")).status == 202:
                break
        except (OSError, http.client.HTTPException):
            time.sleep(0.01)
    return time.monotonic() - started


def digester_figures(instance: Instance, peaks: Peaks) -> Iterator[Figure]:
    """One body that is too large for this digester, followed by new logs of another project."""
    attacker, bystander = instance.client("attacker"), instance.client()
    assert attacker.post("/api/v1/logs", large_body()).status == 202
    started = time.monotonic()
    waits = []
    while len(waits) < 5 or (inbox_entries(bystander) > 0 and time.monotonic() - started < WAIT_SECONDS):
        waits.append(seconds_until_digested(bystander, f"fresh-{len(waits)}"))
        time.sleep(0.5)
    rejected = time.monotonic() - started
    note = f"{len(waits)} logs of another project, one after the other"
    yield Figure(AREA, "fresh log digested meanwhile, slowest", max(waits), "s", most=8, note=note)
    yield Figure(AREA, "fresh log digested meanwhile, median", sorted(waits)[len(waits) // 2], "s", most=1)
    yield Figure(AREA, "the body is with the rejected logs after", rejected, "s", most=60)
    yield peak_figure("digester", peaks.of("digester"))


def seconds_until_digested(client: Client, trace_id: str) -> float:
    started = time.monotonic()
    assert client.post("/api/v1/logs", small_log(trace_id)).status == 202
    while time.monotonic() - started < WAIT_SECONDS:
        if json.loads(client.get(f"/api/v1/sessions?trace_id={trace_id}").body)["results"]:
            break
        time.sleep(0.02)
    return time.monotonic() - started


def inbox_entries(client: Client) -> int:
    rows = client.get("/metrics").body.decode().splitlines()
    return int(next(row.split()[1] for row in rows if row.startswith("logsui_inbox_entries ")))


def small_log(trace_id: str) -> bytes:
    return json.dumps([{"trace_id": trace_id, "request": {"input": "hello"}}]).encode()


def peak_figure(kind: str, size: float) -> Figure:
    most = (LIMIT + OVERSHOOT) / MIB
    return Figure(AREA, f"{kind}, peak under {LIMIT // MIB} MiB", size, "MiB", most=most)
