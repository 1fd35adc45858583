"""The embedded server as it is started, killed and left behind, with real processes."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from logsui.database import create_embedded
from logsui.launcher import embedded, processes
from logsui.launcher.embedded import EmbeddedError, EmbeddedServer, connection_fields, socket_folder

pytestmark = pytest.mark.processes

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes users")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short, so that the socket fits; pytest's own folders are too long for it."""
    path = Path("/tmp") / f"lt{os.getpid()}-{time.monotonic_ns() % 10**9}"
    path.mkdir(mode=0o700)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def initialised(folder: Path, initialise: Callable[[Path], None]) -> None:
    """No need for initdb."""
    initialise(folder)


@pytest.fixture
def server(folder: Path, initialised: None) -> Iterator[EmbeddedServer]:
    server = EmbeddedServer(folder, durable=False)
    server.start()
    yield server
    stop_all(folder)


@pytest.fixture(scope="module")
def shared() -> Iterator[EmbeddedServer]:
    """For tests that only look."""
    path = Path(f"/tmp/lt{os.getpid()}-shared")
    path.mkdir(mode=0o700)
    server = EmbeddedServer(path, durable=False)
    server.start()
    yield server
    server.stop(5)
    shutil.rmtree(path, ignore_errors=True)


def stop_all(folder: Path) -> None:
    EmbeddedServer(folder, durable=False).clear_leftovers()


def ask(folder: Path, statement: str) -> Any:
    """As the application does it."""
    create_embedded(folder)
    with psycopg.connect(**connection_fields(folder), autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None


def pid_of(server: EmbeddedServer) -> int:
    assert server.process is not None
    return server.process.pid


def test_it_keeps_its_data(server: EmbeddedServer, folder: Path) -> None:
    ask(folder, "CREATE TABLE kept AS SELECT 42 AS answer")
    server.stop(5)
    assert not server.is_running()
    again = EmbeddedServer(folder, durable=False)
    again.start()
    assert ask(folder, "SELECT answer FROM kept") == 42


def test_locale_is_the_same_on_every_machine(shared: EmbeddedServer) -> None:
    locale = (
        "SELECT datlocprovider::text || ' ' || datlocale || ' ' || datcollate FROM pg_database WHERE datname = '{}'"
    )
    for database in ("logsui", "template1"):
        assert ask(shared.data_dir, locale.format(database)) == "b C.UTF-8 C"
    assert ask(shared.data_dir, "SELECT lower('É')") == "é"


def test_the_application_is_no_superuser(shared: EmbeddedServer) -> None:
    assert ask(shared.data_dir, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(shared.data_dir, "COPY (SELECT 1) TO PROGRAM 'cat'")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("listen_addresses", ""),
        ("shared_buffers", "64MB"),
        ("max_wal_size", "4GB"),
        ("client_min_messages", "warning"),
        ("log_min_error_statement", "panic"),
        ("TimeZone", "UTC"),
    ],
)
def test_configuration_is_in_force(shared: EmbeddedServer, name: str, value: str) -> None:
    assert ask(shared.data_dir, f"SHOW {name}") == value


def test_folders_are_private(shared: EmbeddedServer) -> None:
    for path in (shared.data_dir, shared.folder, shared.data, shared.socket):
        assert stat.S_IMODE(path.stat().st_mode) & 0o007 == 0, path
    assert stat.S_IMODE(shared.data.stat().st_mode) == stat.S_IMODE(shared.socket.stat().st_mode) == 0o700


@as_root
def test_another_user_does_not_reach_the_socket(shared: EmbeddedServer) -> None:
    command = ["ls", "-d", str(shared.socket / ".s.PGSQL.5432")]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    result = subprocess.run(command, user=65534, group=65534, capture_output=True, check=False, text=True)
    assert "Permission denied" in result.stderr


@as_root
def test_program_that_the_account_cannot_read_is_copied(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a `git clone` and `make run` under umask 077."""
    package = embedded.installed_binaries().parent.parent
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    for source in (package, package.with_name(package.name + ".libs")):
        shutil.copytree(source, closed / source.name, symlinks=True)
    monkeypatch.setattr(embedded, "installed_binaries", lambda: closed / package.name / "pginstall" / "bin")
    server = EmbeddedServer(folder, durable=False)
    server.start()
    assert ask(folder, "SELECT 1") == 1
    assert server.folder in server.bin.parents
    assert (server.bin / "postgres").stat().st_uid == 0
    server.stop(5)
    server.prepare()
    assert server.folder in server.bin.parents


@as_root
def test_root_starts_it_as_another_user(shared: EmbeddedServer) -> None:
    assert psutil.Process(pid_of(shared)).uids().real != 0


@pytest.mark.usefixtures("initialised")
def test_killed_server_starts_again(folder: Path) -> None:
    server = EmbeddedServer(folder)
    server.start()
    ask(folder, "CREATE TABLE kept AS SELECT 42 AS answer")
    os.kill(pid_of(server), signal.SIGKILL)
    server.process.wait(10)
    server.start()
    assert ask(folder, "SELECT answer FROM kept") == 42
    server.stop(5)


def test_backend_that_outlives_a_killed_server_is_stopped(server: EmbeddedServer, folder: Path) -> None:
    """It computes without looking up, and holds the shared memory that the next server wants."""

    def compute() -> None:
        with pytest.raises(psycopg.OperationalError):
            ask(folder, "SELECT count(*) FROM generate_series(1, 1000000000) a")

    thread = threading.Thread(target=compute)
    thread.start()
    wait_until(lambda: busy_backends(server))
    (backend,) = busy_backends(server)
    os.kill(pid_of(server), signal.SIGKILL)
    server.process.wait(10)
    server.start()
    thread.join(10)
    assert not backend.is_running()
    assert ask(folder, "SELECT 1") == 1


def busy_backends(server: EmbeddedServer) -> list[psutil.Process]:
    children = psutil.Process(pid_of(server)).children()
    return [child for child in children if "SELECT" in processes.title(child)]


def wait_until(condition: Any, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)


def test_server_that_an_earlier_run_left_behind_is_replaced(server: EmbeddedServer, folder: Path) -> None:
    ask(folder, "CREATE TABLE kept AS SELECT 42 AS answer")
    later = EmbeddedServer(folder, durable=False)
    later.start()
    assert not server.is_running()
    assert pid_of(later) != pid_of(server)
    assert ask(folder, "SELECT answer FROM kept") == 42


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells children of their parent's end")
def test_it_ends_with_a_killed_parent(folder: Path) -> None:
    code = (
        "import os, sys, time; from pathlib import Path; from logsui.launcher.embedded import EmbeddedServer\n"
        "server = EmbeddedServer(Path(sys.argv[1]), durable=False); server.start()\n"
        "print(server.process.pid, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        postmaster = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    psutil.wait_procs([postmaster], timeout=20)
    assert not postmaster.is_running()


@pytest.mark.usefixtures("initialised")
@pytest.mark.parametrize("content", ["{alive}\n{data}\n1\n5432\n{data}\n\n\nready\n", "", "no number\n"])
def test_lock_file_of_a_crash_is_no_obstacle(folder: Path, content: str) -> None:
    """After a restart of the machine its pid may be any process; ours is one that lives and is no server."""
    server = EmbeddedServer(folder, durable=False)
    server.prepare()
    with subprocess.Popen(["sleep", "60"]) as other:
        lock = server.data / "postmaster.pid"
        lock.write_text(content.format(alive=other.pid, data=server.data))
        (server.socket / ".s.PGSQL.5432.lock").write_text(f"{other.pid}\n")
        server.start()
        assert other.poll() is None
        other.kill()
    assert ask(folder, "SELECT 1") == 1
    server.stop(5)


def test_half_made_cluster_is_made_again(folder: Path) -> None:
    (folder / "postgres" / "data.new" / "base").mkdir(parents=True)
    server = EmbeddedServer(folder, durable=False)
    server.start()
    assert ask(folder, "SELECT 1") == 1
    assert not (server.folder / "data.new").exists()
    server.stop(5)


@pytest.mark.usefixtures("initialised")
def test_slow_start_is_waited_for(folder: Path) -> None:
    """A long recovery takes minutes; pg_ctl would give up after ten seconds."""
    server = EmbeddedServer(folder, durable=False)
    server.prepare()
    server.spawn()
    os.kill(pid_of(server), signal.SIGSTOP)
    waited = 0.0

    def wait(seconds: float) -> None:
        nonlocal waited
        waited += seconds
        if waited > 100:
            os.kill(pid_of(server), signal.SIGCONT)
            time.sleep(seconds)

    assert server.wait_until_ready(wait)
    server.stop(5)


@pytest.mark.usefixtures("initialised")
def test_waiting_can_be_given_up(folder: Path) -> None:
    server = EmbeddedServer(folder, durable=False)

    def give_up(seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        server.start(give_up)
    server.stop(5)
    assert not server.is_running()


@pytest.mark.parametrize("name", ["with space", 'it\'s, "quoted"', "ünï-文"])
def test_any_folder_name_will_do(folder: Path, name: str) -> None:
    server = EmbeddedServer(folder / name, durable=False)
    server.start()
    assert ask(folder / name, "SELECT 1") == 1
    server.stop(5)


def test_long_path_has_its_socket_elsewhere(folder: Path) -> None:
    deep = folder / ("d" * 60) / ("e" * 60)
    server = EmbeddedServer(deep, durable=False)
    server.start()
    assert len(os.fsencode(server.socket)) < 100
    assert stat.S_IMODE(server.socket.stat().st_mode) == 0o700
    assert ask(deep, "SELECT 1") == 1
    server.stop(5)
    assert not server.socket.exists()


def test_socket_folder_that_somebody_prepared_is_refused(folder: Path) -> None:
    deep = folder / ("d" * 60) / ("f" * 60)
    trap = socket_folder(deep)
    (folder / "elsewhere").mkdir()
    trap.symlink_to(folder / "elsewhere")
    try:
        with pytest.raises(EmbeddedError, match="does not belong to the user"):
            EmbeddedServer(deep, durable=False).start()
    finally:
        trap.unlink()


@pytest.mark.usefixtures("initialised")
def test_data_of_another_version_is_left_alone(folder: Path) -> None:
    server = EmbeddedServer(folder, durable=False)
    server.prepare()
    (server.data / "PG_VERSION").write_text("12\n")
    with pytest.raises(EmbeddedError, match="written by PostgreSQL 12"):
        server.start()


@pytest.mark.usefixtures("initialised")
def test_failure_shows_the_end_of_the_log(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "START_ATTEMPTS", 1)
    monkeypatch.setattr(embedded, "CONFIGURATION", "include 'data/postgresql.conf'\nshared_buffers = nonsense\n")
    with pytest.raises(EmbeddedError, match="invalid value for parameter"):
        EmbeddedServer(folder, durable=False).start()


def test_log_is_bounded(server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "MAX_LOG_BYTES", 1000)
    for _ in range(2):
        with open(server.log, "a") as log:
            log.write("x" * 2000)
        server.bound_log()
        assert server.log.stat().st_size == 0
    server.stop(5)
    # It appends to the file that was cut, and leaves no hole before it.
    assert server.log.read_bytes()[:4] == time.strftime("%Y", time.gmtime()).encode()
    assert sorted(path.name for path in server.folder.glob("server.log*")) == ["server.log", "server.log.1"]
