"""`manage.py serve` after its start: the database, the web server and the digester, watched by a small process.

It is a process without Django's applications in it, which need memory and have nothing to do here.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.conf import settings

from logsui import __version__, folder_lock, listener, processes
from logsui.accounts import AccountError
from logsui.embedded import EmbeddedError, EmbeddedServer
from logsui.supervisor import LONGEST_DELAY, POLL, Child, ProcessList, Signals, StopRequested

logger = logging.getLogger("logsui.serve")

# Connections beside those of the web threads: digesters, commands, monitoring.
SPARE_CONNECTIONS = 24
WEB_ATTEMPTS = 3
# For glibc: give the memory of large bodies back to the system, and do not keep a pool of it for every thread.
LEAN_MALLOC = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "1048576",
    "MALLOC_TRIM_THRESHOLD_": "1048576",
}
# The name by which gunicorn's configuration finds the socket that it inherits.
LISTEN_FD = "LOGSUI_LISTEN_FD"


class ServeError(Exception):
    """It can't start; the message is for the operator."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="manage.py serve")
    parser.add_argument("--stop-with-parent", action="store_true")
    parser.add_argument("--no-samples", action="store_true")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "logsui.settings")
    logging.basicConfig(level=settings.LOGSUI_LOG_LEVEL, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    signals = Signals(with_parent=options.stop_with_parent)
    signals.install()
    try:
        Server(signals, samples=not options.no_samples).run()
    except StopRequested:
        say("Stopped.")
        return 0
    except (folder_lock.FolderInUse, listener.ListenError, EmbeddedError, AccountError, ServeError) as error:
        print(f"logsui can't start: {error}", file=sys.stderr)  # noqa: T201
        return 1


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


class Server:
    """The parts in the order in which they start; they stop in the opposite one."""

    def __init__(self, signals: Signals, *, samples: bool) -> None:
        self.signals = signals
        self.samples = samples
        self.manage = (sys.executable, str(settings.BASE_DIR / "manage.py"))
        self.data_dir: Path = settings.LOGSUI_DATA_DIR
        self.url = listener.browser_url(settings.LOGSUI_HOST, settings.LOGSUI_PORT)
        self.list = ProcessList(self.data_dir / "processes.json", settings.BASE_DIR)
        self.database: EmbeddedServer | None = None
        self.database_due_at = 0.0
        self.children: list[Child] = []

    def run(self) -> None:
        """Returns never; raises StopRequested after everything has stopped."""
        say(f"logsui {__version__}, data in {self.data_dir}")
        with ExitStack() as stack:
            stack.enter_context(folder_lock.hold(self.data_dir, self.url))
            self.list.stop_leftovers()
            # From here on callers wait for the first worker, and are not refused.
            self.socket = stack.enter_context(listener.listen(settings.LOGSUI_HOST, settings.LOGSUI_PORT))
            stack.callback(self.stop_database)
            self.start_database()
            welcome = self.prepare()
            self.children = self.make_children(load_samples=self.samples and welcome["has_demo"])
            # In the order of the list: web, digester, then the database by the callback above.
            stack.callback(self.stop_children)
            self.watch(once=True)
            self.wait_for_web()
            say(banner(self.url, welcome))
            self.watch()

    # -- starting ------------------------------------------------------------------------------------------------

    def start_database(self) -> None:
        if settings.LOGSUI_DATABASE_URL:
            return
        started = time.monotonic()
        connections_needed = settings.LOGSUI_WEB_WORKERS * settings.LOGSUI_WEB_THREADS + SPARE_CONNECTIONS
        self.database = EmbeddedServer(self.data_dir, max_connections=connections_needed)
        self.database.start(self.patiently())
        say(f"PostgreSQL is up after {time.monotonic() - started:.1f} s")

    def patiently(self) -> Callable[[float], None]:
        """Signals.wait that says every ten seconds why nothing seems to happen."""
        told = time.monotonic()

        def wait(seconds: float) -> None:
            nonlocal told
            if time.monotonic() - told > 10:
                told = time.monotonic()
                say("Waiting for PostgreSQL: after a crash it reads its journal first, which can take minutes")
            self.signals.wait(seconds)

        return wait

    def prepare(self) -> dict[str, Any]:
        """Tables, static files, first projects: `manage.py prepare`, whose answer is returned. Raises ServeError."""
        command = (*self.manage, "prepare")
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            cwd=settings.BASE_DIR,
            start_new_session=True,
            preexec_fn=processes.die_with_parent(signal.SIGTERM),
        )
        with process:
            try:
                while process.poll() is None:
                    self.signals.wait(POLL)
            except StopRequested:
                process.terminate()
                raise
            assert process.stdout is not None
            answer = process.stdout.read()
        if process.returncode:
            raise ServeError("The database can't be prepared; the reason is above.")
        return json.loads(answer.splitlines()[-1])

    def make_children(self, *, load_samples: bool) -> list[Child]:
        gunicorn = (sys.executable, "-m", "gunicorn", "-c", "python:logsui.gunicorn_conf")
        cwd = settings.BASE_DIR
        lean = LEAN_MALLOC | {"DJANGO_SETTINGS_MODULE": os.environ["DJANGO_SETTINGS_MODULE"]}
        listening = lean | {LISTEN_FD: str(self.socket.fileno())}
        children = [
            Child("web", gunicorn, 30, pass_fds=(self.socket.fileno(),), environment=listening, cwd=cwd),
            Child("digester", (*self.manage, "digest"), 60, environment=lean, cwd=cwd),
        ]
        if load_samples and not self.samples_stamp.exists():
            # Loading twice changes nothing, so a stop on the way does no harm.
            children.append(Child("samples", (*self.manage, "load_samples"), 10, environment=lean, once=True, cwd=cwd))
        return children

    @property
    def samples_stamp(self) -> Path:
        return self.data_dir / "samples_loaded"

    def wait_for_web(self) -> None:
        """Until the first page could be served: the link in the banner works at once. Raises ServeError."""
        web = self.children[0]
        while not answers(self.socket):
            self.watch(once=True)
            if web.failures >= WEB_ATTEMPTS:
                raise ServeError("The web server does not start; the reason is above.")

    # -- running -------------------------------------------------------------------------------------------------

    def watch(self, *, once: bool = False) -> None:
        """Start what died again, until StopRequested."""
        while True:
            self.watch_database()
            started = [child.keep_running() for child in self.children]
            if any(started):
                self.list.write([child.process.pid for child in self.children if child.process is not None])
            for child in [child for child in self.children if child.done]:
                self.children.remove(child)
                if child.succeeded:
                    self.samples_stamp.touch()
            self.signals.wait(POLL)
            if once:
                return

    def watch_database(self) -> None:
        if self.database is None:
            return
        self.database.bound_log()
        if self.database.is_running() or time.monotonic() < self.database_due_at:
            return
        logger.warning("PostgreSQL ended; starting it again")
        try:
            self.database.start(self.signals.wait)
        except EmbeddedError as error:
            logger.error("%s", error)
            self.database_due_at = time.monotonic() + LONGEST_DELAY

    # -- stopping ------------------------------------------------------------------------------------------------

    def stop_children(self) -> None:
        say(f"Stopping ({self.signals.reason or 'a failure'})…")
        self.signals.hurry = self.kill_children
        for child in self.children:
            child.stop()
        self.list.write([])

    def kill_children(self) -> None:
        for child in self.children:
            if child.process is not None and child.is_running():
                child.process.kill()

    def stop_database(self) -> None:
        if self.database is not None:
            self.database.stop()


def answers(listening: socket.socket) -> bool:
    """Whether a web worker answers on the socket's address."""
    with socket.socket(listening.family, socket.SOCK_STREAM) as client:
        client.settimeout(0.5)
        try:
            client.connect(listening.getsockname())
            client.sendall(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
            return client.recv(64).startswith(b"HTTP/")
        except OSError:
            return False


def banner(url: str, welcome: dict[str, Any]) -> str:
    lines = ["", f"  logsui is ready:  {url}/", ""]
    if welcome["sign_in_token"]:
        lines += [
            "  Sign in (the link works once, within a day):",
            f"    {url}/sign-in/{welcome['sign_in_token']}/",
            "",
        ]
    if welcome["key"]:
        lines += ['  Key to send logs to project "default" with (shown only now):', f"    {welcome['key']}", ""]
    return "\n".join([*lines, "  Ctrl-C stops it.", ""])


if __name__ == "__main__":
    sys.exit(main())
