"""A separate installation to measure, with its own data folder and database, run by the product's own commands."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
START_SECONDS = 120


class Installation:
    """It uses one folder (and one database on the server in DATABASE_URL, if set), which it removes at the end.

    A `folder` that is given stays, with its database. `make()` sets this process' environment too, so that Django can
    be set up in it afterwards.
    """

    def __init__(self, port: int, stack: ExitStack, folder: Path | None = None) -> None:
        # Resolved, because its processes run in other folders.
        own = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="logsui-bench-")))
        self.folder = own.resolve()
        self.port = port
        self.stack = stack
        self.server_url = os.environ.get("DATABASE_URL", "")
        self.embedded: Any = None

    def make(self) -> None:
        """Set up the environment, database, tables and first projects."""
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "logsui.settings",
            "LOGSUI_DATA_DIR": str(self.folder),
            "LOGSUI_LOG_LEVEL": "ERROR",
            "HOST": HOST,
            "PORT": str(self.port),
        }
        if self.server_url:
            os.environ["DATABASE_URL"] = self.stack.enter_context(own_database(self.server_url))
        self.start_database()
        self.manage("prepare")

    def start_database(self) -> None:
        """Start the embedded server, unless DATABASE_URL names one."""
        if self.server_url:
            return
        from logsui.launcher.embedded import EmbeddedServer

        self.embedded = EmbeddedServer(self.folder)
        self.embedded.start()
        self.stack.callback(self.stop_database)

    def stop_database(self) -> None:
        if self.embedded is not None:
            self.embedded.stop()
            self.embedded = None

    def checkpoint(self) -> None:
        """Write what is dirty, so that nobody pays for what came before; only the embedded server's owner may."""
        if self.embedded is not None:
            from logsui.launcher.embedded import SUPERUSER, connection_fields

            fields = connection_fields(self.folder) | {"user": SUPERUSER}
            with psycopg.connect(**fields, autocommit=True) as connection:
                connection.execute("CHECKPOINT")

    def database_seconds(self) -> float:
        """The processors' time that the embedded server has taken; 0 of another."""
        if self.embedded is None or self.embedded.process is None:
            return 0.0
        server = psutil.Process(self.embedded.process.pid)
        # Of connections that are closed, the server has it.
        ended = server.cpu_times()
        return ended.children_user + ended.children_system + seconds_of(server)

    def manage(self, *arguments: str) -> str:
        """Run a command to its end; returns its stdout. Raises CalledProcessError."""
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout

    @contextmanager
    def web(self) -> Iterator[psutil.Process]:
        """The web server alone, without a digester."""
        with self.running([sys.executable, "-m", "gunicorn", "-c", "python:logsui.launcher.gunicorn_conf"]) as process:
            yield process

    @contextmanager
    def serve(self) -> Iterator[psutil.Process]:
        """What `make run` starts, embedded database included: stop ours before."""
        with self.running([sys.executable, "manage.py", "serve", "--no-samples"]) as process:
            yield process

    @contextmanager
    def running(self, command: list[str]) -> Iterator[psutil.Process]:
        # gunicorn says `Handling signal: term` on stderr; what matters is on stdout of neither.
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, env=os.environ)
        try:
            self.wait_until_ready(process)
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(timeout=90)

    def wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        from benchmarks.client import Client

        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            try:
                if Client(HOST, self.port).get("/healthz").status == 200:
                    return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(f"{process.args} does not answer at port {self.port}")


def seconds_of(process: psutil.Process) -> float:
    """The processors' time that a process and those that it started, and that still run, have taken."""
    total = 0.0
    for one in (process, *process.children(recursive=True)):
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


@contextmanager
def own_database(url: str) -> Iterator[str]:
    """The URL of a new database on the server that `url` names; dropped at the end."""
    name = sql.Identifier(f"logsui_bench_{os.getpid()}")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(name))
    fields = conninfo_to_dict(url) | {"dbname": f"logsui_bench_{os.getpid()}"}
    try:
        yield make_conninfo(**{key: str(value) for key, value in fields.items()})
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def connect() -> psycopg.Connection[Any]:
    """A connection of our own to the measured database, without a transaction."""
    from django.db import connection

    parameters = connection.get_connection_params()
    for django_only in ("cursor_factory", "context", "prepare_threshold"):
        parameters.pop(django_only, None)
    return psycopg.connect(**parameters, autocommit=True)
