"""`manage.py serve`: a small process that starts and watches the database, the web server and the digester.

It does not load Django's applications, which would only use memory here.
"""

from __future__ import annotations

import argparse
import compileall
import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.conf import settings

from logsui import __version__
from logsui.launcher import accounts, embedded, folder_lock, listener, processes
from logsui.launcher.accounts import Account, AccountError
from logsui.launcher.embedded import EmbeddedError, EmbeddedServer
from logsui.launcher.heartbeat import BEAT_FD
from logsui.launcher.probes import BeatProbe, Watch, WebProbe, host_allowed
from logsui.launcher.supervisor import LONGEST_DELAY, POLL, Child, Kept, ProcessList, Signals, StopRequested

logger = logging.getLogger("logsui.launcher.serve")

# Connections beside those of the web threads: digesters, commands, monitoring.
SPARE_CONNECTIONS = 24
WEB_ATTEMPTS = PREPARE_ATTEMPTS = 3
# What the processes read of the program's folder.
PROGRAM = ("manage.py", "logsui", "sessions_app", "templates")
# Lets glibc return the memory of large bodies to the system, and keeps it from having a pool for every thread.
LEAN_MALLOC = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "1048576",
    "MALLOC_TRIM_THRESHOLD_": "1048576",
}
# The variable in which gunicorn's configuration finds the inherited socket.
LISTEN_FD = "LOGSUI_LISTEN_FD"


class ServeError(Exception):
    """It cannot start. The message is for the operator."""


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
        print(f"logsui cannot start: {error}", file=sys.stderr)  # noqa: T201
    return 1


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


class Database(Kept):
    """The embedded server after its first start. It is restarted without waiting until it is ready."""

    def __init__(self, postgres: EmbeddedServer) -> None:
        super().__init__(embedded.NAME, postgres.watch, embedded.HUNG_STEPS)
        self.postgres = postgres
        self.process = postgres.process

    def launch(self) -> subprocess.Popen[bytes]:
        return self.postgres.launch()

    def start(self) -> None:
        try:
            super().start()
        except (EmbeddedError, AccountError, OSError) as error:
            logger.error("%s", error)
            self.due_at = time.monotonic() + LONGEST_DELAY

    def note_failure(self, code: int, now: float) -> None:
        super().note_failure(code, now)
        if self.failures > embedded.START_ATTEMPTS:
            logger.error("The end of %s:\n%s", self.postgres.log, self.postgres.log_tail())


class Server:
    """Starts all parts in order, and stops them in reverse order."""

    def __init__(self, signals: Signals, *, samples: bool) -> None:
        self.signals = signals
        self.samples = samples
        self.manage = (sys.executable, str(settings.BASE_DIR / "manage.py"))
        self.data_dir: Path = settings.LOGSUI_DATA_DIR
        self.url = listener.browser_url(settings.LOGSUI_HOST, settings.LOGSUI_PORT)
        self.process_list = ProcessList(self.data_dir / "processes.json", settings.BASE_DIR)
        # The account of the children when started as root.
        self.account: Account | None = None
        self.postgres: EmbeddedServer | None = None
        self.database: Database | None = None
        self.children: list[Child] = []

    def run(self) -> None:
        """Never returns. Raises StopRequested after everything has stopped."""
        say(f"logsui {__version__}, data in {self.data_dir}")
        with ExitStack() as stack:
            owner = accounts.take_or_hand_over(self.data_dir)
            with accounts.acting_as(owner):
                stack.enter_context(folder_lock.hold(self.data_dir, self.url))
                self.process_list.stop_leftovers()
            # From here on, clients wait for the first worker instead of being refused. Only root can open low ports.
            self.socket = stack.enter_context(listener.listen(settings.LOGSUI_HOST, settings.LOGSUI_PORT))
            self.account = accounts.account_for(embedded.cluster_folder(self.data_dir)) if owner is None else None
            self.open_program(owner or self.account)
            accounts.become(owner)
            stack.callback(self.stop_database)
            self.start_database()
            welcome = self.prepare()
            self.make_spool()
            self.children = self.make_children(load_samples=self.samples and welcome["has_demo"])
            # Stops web and digester; the callback above then stops the database.
            stack.callback(self.stop_children)
            self.watch(once=True)
            self.wait_for_web()
            say(banner(self.url, welcome))
            self.watch()

    def open_program(self, account: Account | None) -> None:
        """As root, let the children run the program as `account`. Raises AccountError."""
        if account is None:
            return
        accounts.open_program(account, settings.BASE_DIR, PROGRAM)
        accounts.open_path(self.data_dir, account)
        # Compile it all now, because the account cannot write compiled files.
        for part in ("logsui", "sessions_app"):
            compileall.compile_dir(settings.BASE_DIR / part, quiet=2)

    # -- starting ------------------------------------------------------------------------------------------------

    def start_database(self) -> None:
        if settings.LOGSUI_DATABASE_URL:
            return
        started = time.monotonic()
        connections_needed = settings.LOGSUI_WEB_WORKERS * settings.LOGSUI_WEB_THREADS + SPARE_CONNECTIONS
        self.postgres = EmbeddedServer(
            self.data_dir, max_connections=connections_needed, patience=settings.LOGSUI_HANG_SECONDS
        )
        self.postgres.start(self.patiently())
        self.database = Database(self.postgres)
        say(f"PostgreSQL started in {time.monotonic() - started:.1f} s")

    def patiently(self) -> Callable[[float], None]:
        """Signals.wait that explains every ten seconds why nothing seems to happen."""
        told = time.monotonic()

        def wait(seconds: float) -> None:
            nonlocal told
            if time.monotonic() - told > 10:
                told = time.monotonic()
                say("Waiting for PostgreSQL. After a crash it first replays its journal, which can take minutes")
            self.signals.wait(seconds)

        return wait

    def prepare(self) -> dict[str, Any]:
        """Run `manage.py prepare` (tables, static files, first projects) and return its output. Raises ServeError."""
        for _ in range(PREPARE_ATTEMPTS):
            code, answer = self.run_prepare()
            if code == 0:
                welcome: dict[str, Any] = json.loads(answer.splitlines()[-1])
                return welcome
            if code > 0:
                break
            # It was killed, by us or by others. Running it again does no harm.
        raise ServeError("The database could not be prepared. See the error above.")

    def run_prepare(self) -> tuple[int, bytes]:
        """Run it once, watched like any other process. Its exit status, negative for a signal, and its output."""
        command = (*self.manage, "prepare", "--give-up-root")
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            cwd=settings.BASE_DIR,
            start_new_session=True,
            preexec_fn=processes.die_with_parent(signal.SIGTERM),
        )
        watch = Watch(settings.LOGSUI_HANG_SECONDS)
        watch.begin(process.pid)
        with process:
            try:
                while process.poll() is None:
                    self.keep_database()
                    if reason := watch.tick():
                        logger.warning("The preparation does not work: %s. Restarting it", reason)
                        process.kill()
                    self.signals.wait(POLL)
            except StopRequested:
                process.send_signal(signal.SIGCONT)
                process.terminate()
                raise
            assert process.stdout is not None
            return process.returncode, process.stdout.read()

    def make_spool(self) -> None:
        """Create the folder for the web server's unnamed files, owned by its account."""
        folder = settings.LOGSUI_SPOOL_DIR
        folder.mkdir(mode=0o700, exist_ok=True)
        if self.account is not None:
            # The parent folder belongs to root, so nobody can have placed a link here.
            os.chown(folder, self.account.uid, self.account.gid, follow_symlinks=False)

    def make_children(self, *, load_samples: bool) -> list[Child]:
        """The web server first, the digester, and the one that loads samples if that is to be done."""
        gunicorn = (sys.executable, "-m", "gunicorn", "-c", "python:logsui.launcher.gunicorn_conf")
        patience = settings.LOGSUI_HANG_SECONDS
        self.web = WebProbe(self.socket, host_allowed(settings.ALLOWED_HOSTS), patience)
        digester = BeatProbe(patience)
        lean = LEAN_MALLOC | {"DJANGO_SETTINGS_MODULE": os.environ["DJANGO_SETTINGS_MODULE"]}
        if self.account is not None:
            # Only root can read the file.
            lean["LOGSUI_SECRET_KEY"] = settings.SECRET_KEY
        common: dict[str, Any] = {"cwd": settings.BASE_DIR, "account": self.account}
        children = [
            Child(
                "web",
                gunicorn,
                stop_seconds=30,
                watch=Watch(patience, self.web),
                pass_fds=(self.socket.fileno(),),
                environment=lean | {LISTEN_FD: str(self.socket.fileno())},
                **common,
            ),
            Child(
                "digester",
                (*self.manage, "digest"),
                stop_seconds=60,
                watch=Watch(patience, digester),
                pass_fds=(digester.writer,),
                environment=lean | {BEAT_FD: str(digester.writer)},
                **common,
            ),
        ]
        if load_samples and not self.samples_stamp.exists():
            # Loading twice changes nothing, so it may be interrupted.
            samples = (*self.manage, "load_samples")
            children.append(
                Child("samples", samples, stop_seconds=10, watch=Watch(patience), environment=lean, once=True, **common)
            )
        return children

    @property
    def samples_stamp(self) -> Path:
        return self.data_dir / "samples_loaded"

    def wait_for_web(self) -> None:
        """Wait until pages can be served, so that the link in the banner works at once. Raises ServeError."""
        web = self.children[0]
        while not self.web.works:
            self.watch(once=True)
            if web.failures >= WEB_ATTEMPTS:
                raise ServeError("The web server does not start. See the error above.")

    # -- running -------------------------------------------------------------------------------------------------

    def watch(self, *, once: bool = False) -> None:
        """Restart what has died, until StopRequested is raised."""
        while True:
            self.keep_database()
            started = [child.keep_running() for child in self.children]
            if any(started):
                self.process_list.write([child.process.pid for child in self.children if child.process is not None])
            for child in [child for child in self.children if child.done]:
                self.children.remove(child)
                if child.succeeded:
                    os.close(os.open(self.samples_stamp, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600))
            self.signals.wait(POLL)
            if once:
                return

    def keep_database(self) -> None:
        if self.database is not None:
            self.database.postgres.bound_log()
            self.database.keep_running()

    # -- stopping ------------------------------------------------------------------------------------------------

    def stop_children(self) -> None:
        say(f"Stopping ({self.signals.reason or 'a failure'})…")
        self.signals.hurry = self.kill_children
        for child in self.children:
            child.stop()
        self.process_list.write([])

    def kill_children(self) -> None:
        for child in self.children:
            if child.process is not None and child.is_running():
                child.process.kill()

    def stop_database(self) -> None:
        if self.postgres is not None:
            self.postgres.stop()


def banner(url: str, welcome: dict[str, Any]) -> str:
    lines = ["", f"  logsui is ready:  {url}/", ""]
    if welcome["sign_in_token"]:
        lines += [
            "  Sign in with this link (works once, within a day):",
            f"    {url}/sign-in/{welcome['sign_in_token']}/",
            "",
        ]
    if welcome["key"]:
        lines += [
            '  To send logs to project "default", paste this into your shell (the key is shown only now):',
            f"    export LOGSUI_KEY={welcome['key']}",
            "",
        ]
    return "\n".join([*lines, "  Press Ctrl-C to stop.", ""])


if __name__ == "__main__":
    sys.exit(main())
