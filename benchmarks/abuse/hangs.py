"""Kills and stops (SIGSTOP) each kind of process, and measures how long until a new log is accepted and digested."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPException

import psutil
import psycopg

from benchmarks.abuse.instance import Instance, running_instance
from benchmarks.report import Figure
from logsui.launcher import processes
from logsui.launcher.embedded import SUPERUSER, connection_fields

AREA = "Processes that die or hang"
# Recognised by process titles.
KINDS = {
    "web server": "gunicorn",
    "web worker": "gunicorn",
    "digester": "manage.py digest",
    "PostgreSQL": "postgres -D",
    "database session": "postgres: logsui logsui",
    "checkpointer": "postgres: checkpointer",
}
# A dead process is restarted at once. What remains is the start of Python and Django, or PostgreSQL's recovery.
MOST_AFTER_KILL = 15
# A quarter of LOGSUI_HANG_SECONDS until it is detected, two checks, ten seconds for healthy workers, and a start.
MOST_AFTER_STOP = 15 + 10 + 10 + 15
# Half of LOGSUI_HANG_SECONDS, two checks, ten seconds for PostgreSQL to shut down, and its recovery.
MOST_WITHOUT_RECOVERY = 30 + 10 + 10 + 25
GIVE_UP_SECONDS = 300
HEAVY_ROWS = 600_000


def measure() -> Iterator[Figure]:
    with running_instance() as instance:
        wait_until_served(instance)
        for name in KINDS:
            yield figure(f"{name} killed", end(instance, name, signal.SIGKILL), MOST_AFTER_KILL)
        for name in KINDS:
            yield figure(f"{name} stopped", end(instance, name, signal.SIGSTOP), MOST_AFTER_STOP)
        if not instance.installation.server_url:
            seconds = end_recovery(instance)
            yield figure("PostgreSQL's startup process killed", seconds, MOST_WITHOUT_RECOVERY)


def figure(name: str, seconds: float | None, most: float) -> Figure:
    return Figure(AREA, f"{name}, until served again", seconds, "s", most=most)


def end(instance: Instance, name: str, number: signal.Signals) -> float | None:
    """Seconds until the process is gone and logs are digested again. None if there is no such process."""
    victim = find(instance, name)
    if victim is None:
        return None
    started = time.monotonic()
    victim.send_signal(number)
    wait_until_gone(victim)
    wait_until_served(instance)
    return time.monotonic() - started


def find(instance: Instance, name: str) -> psutil.Process | None:
    found = [one for one in processes.tree(instance.process.pid)[1:] if KINDS[name] in processes.title(one)]
    # The first of gunicorn's processes is the master.
    return (found[-1] if name == "web worker" else found[0]) if found else None


def end_recovery(instance: Instance) -> float:
    """Kill a session of PostgreSQL, so that PostgreSQL recovers, and then kill the recovery process."""
    fields = connection_fields(instance.installation.folder) | {"user": SUPERUSER, "dbname": "postgres"}
    with psycopg.connect(**fields, autocommit=True) as connection:
        text = "SELECT n, repeat('x', 400) AS text FROM generate_series(1, %s) n"
        connection.execute(f"CREATE TABLE heavy AS {text}", [HEAVY_ROWS])
        psutil.Process(connection.info.backend_pid).kill()
        with suppress(psycopg.OperationalError):
            connection.execute("SELECT 1")
    started = time.monotonic()
    while not kill_startup(instance):
        if time.monotonic() - started > GIVE_UP_SECONDS:
            raise RuntimeError("PostgreSQL began no recovery")
    wait_until_served(instance)
    return time.monotonic() - started


def kill_startup(instance: Instance) -> bool:
    found = [
        one for one in processes.tree(instance.process.pid) if processes.title(one).startswith("postgres: startup")
    ]
    for process in found:
        process.kill()
    return bool(found)


def wait_until_gone(process: psutil.Process) -> None:
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while process.is_running() and processes.state(process) not in ("", psutil.STATUS_ZOMBIE):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{processes.title(process)} is still there")
        time.sleep(0.05)


def wait_until_served(instance: Instance) -> None:
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while not is_served(instance):
        if time.monotonic() > deadline:
            raise RuntimeError("logs are not digested any more")
        time.sleep(0.1)


def is_served(instance: Instance) -> bool:
    client = instance.client()
    client.connection.timeout = 5
    log = {"request": {"messages": [{"role": "user", "content": f"at {time.time_ns()}"}]}, "model": "m"}
    try:
        # The first responds without a database and logs nothing; the second would fill the log.
        ready = client.get("/readyz").status == 200
        return ready and client.post("/api/v1/logs?wait=true", json.dumps(log).encode()).status == 200
    except (OSError, HTTPException):
        return False
    finally:
        client.connection.close()
