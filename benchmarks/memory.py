"""Memory of the running product: the peaks of its processes while 64 MB come in, and all of it together when idle."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from benchmarks import generator
from benchmarks.client import Client
from benchmarks.report import Figure

MEGABYTE = 1_000_000
BODY_BYTES = 64 * 2**20
SETTLE_SECONDS = 5


def large_body() -> bytes:
    """A JSON array of native logs, just under 64 MiB."""
    documents: list[bytes] = []
    size = 2
    for _, document in generator.encoded_logs(4_000, seed=64):
        size += len(document) + 1
        if size > BODY_BYTES:
            break
        documents.append(document)
    return b"[" + b",".join(documents) + b"]"


def processes_of(top: psutil.Process) -> dict[str, list[psutil.Process]]:
    """The processes under `serve` by what they are."""
    found: dict[str, list[psutil.Process]] = {"watcher": [top], "web": [], "digester": [], "postgres": [], "other": []}
    for process in top.children(recursive=True):
        found[kind_of(process)].append(process)
    return found


def kind_of(process: psutil.Process) -> str:
    try:
        title = " ".join(process.cmdline()) or process.name()
    except psutil.Error:
        return "other"
    for kind, sign in (("web", "gunicorn"), ("digester", " digest"), ("postgres", "postgres")):
        if sign in title:
            return kind
    return "other"


def peak_bytes(process: psutil.Process) -> int:
    """The most memory that a process ever had resident, shared pages included (VmHWM)."""
    for row in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if row.startswith("VmHWM:"):
            return int(row.split()[1]) * 1024
    return 0


def proportional_bytes(process: psutil.Process) -> int:
    """Resident memory with shared pages divided among those that share them (Pss)."""
    try:
        rows = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(row.split()[1]) * 1024 for row in rows if row.startswith("Pss:")), 0)


def idle_figure(name: str, top: psutil.Process, has_database: bool) -> Figure:
    sums = {kind: sum(map(proportional_bytes, found)) for kind, found in processes_of(top).items()}
    each = ", ".join(f"{kind} {size / MEGABYTE:.0f}" for kind, size in sums.items() if size)
    note = each if has_database else each + ", without PostgreSQL"
    return Figure("Memory", name, sum(sums.values()) / MEGABYTE, "MB", most=400 if has_database else None, note=note)


def measure_memory(top: psutil.Process, client: Client, has_database: bool) -> Iterator[Figure]:
    """Right after a start; then the peaks around one body of 64 MB; then what stays."""
    time.sleep(SETTLE_SECONDS)
    yield idle_figure("idle after the start, everything together", top, has_database)
    body = large_body()
    answer = client.post("/api/v1/logs", body)
    if answer.status != 202:
        raise RuntimeError(f"the body of {len(body):,} bytes was answered {answer.status}: {answer.body[:300]!r}")
    seconds = wait_until_digested()
    found = processes_of(top)
    note = f"accepted in {answer.milliseconds / 1000:.1f} s, digested {seconds:.1f} s later"
    yield Figure("Memory", "web worker, peak at 64 MB", peak(found["web"]), "MB", most=250, note=note)
    yield Figure("Memory", "digester, peak at 64 MB", peak(found["digester"]), "MB", most=250)
    time.sleep(SETTLE_SECONDS)
    yield idle_figure("idle after that, everything together", top, has_database)


def peak(processes: list[psutil.Process]) -> float:
    return max(map(peak_bytes, processes), default=0) / MEGABYTE


def wait_until_digested() -> float:
    """Seconds until the inbox is empty."""
    from sessions_app.models import InboxEntry

    started = time.monotonic()
    while InboxEntry.objects.exists():
        time.sleep(0.1)
    return time.monotonic() - started
