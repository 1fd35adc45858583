"""What the watcher asks its processes, asked of real ones."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from logsui.launcher import heartbeat, probes
from logsui.launcher.embedded import SUPERUSER, EmbeddedServer
from logsui.launcher.probes import BeatProbe, PostgresProbe, Trouble, Watch, WebProbe, accepts, host_allowed

PATIENCE = 0.6
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def look_for(watch: Watch, seconds: float) -> str | None:
    """What a watcher would see in that time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if reason := watch.tick():
            return reason
        time.sleep(0.01)
    return None


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "100"]) as process:
        yield process
        process.kill()


def watch_over(pid: int, probe: probes.Probe | None = None) -> Watch:
    watch = Watch(PATIENCE, probe)
    watch.begin(pid)
    return watch


@pytest.mark.processes
def test_living_process_is_left_alone(sleeper: subprocess.Popen[bytes]) -> None:
    assert look_for(watch_over(sleeper.pid), 3 * PATIENCE) is None


@pytest.mark.processes
def test_stopped_process_is_noticed(sleeper: subprocess.Popen[bytes]) -> None:
    watch = watch_over(sleeper.pid)
    sleeper.send_signal(signal.SIGSTOP)
    assert f"process {sleeper.pid} (sleep 100) is stopped" in (look_for(watch, 60) or "")


@pytest.mark.processes
def test_process_that_goes_on_in_time_is_left_alone(sleeper: subprocess.Popen[bytes]) -> None:
    watch = watch_over(sleeper.pid)
    sleeper.send_signal(signal.SIGSTOP)
    assert look_for(watch, watch.interval) is None
    sleeper.send_signal(signal.SIGCONT)
    assert look_for(watch, 3 * PATIENCE) is None


def test_time_in_which_nobody_looked_does_not_count() -> None:
    """The watcher was stopped itself, or the machine slept."""

    class Silent(BeatProbe):
        def look(self) -> Trouble | None:
            return Trouble("it is silent", PATIENCE)

    watch = watch_over(os.getpid(), Silent(PATIENCE))
    watch.looked_at -= 1000
    assert watch.tick() is None
    watch.looked_at -= 1000
    assert watch.tick() is None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="ptrace as Linux has it")
@pytest.mark.processes
def test_debugger_is_not_disturbed(sleeper: subprocess.Popen[bytes]) -> None:
    attach, detach = 16, 17
    ptrace = ctypes.CDLL(None).ptrace
    if ptrace(attach, sleeper.pid, None, None) != 0:
        pytest.skip("this machine lets nobody trace")
    os.waitpid(sleeper.pid, os.WUNTRACED)
    try:
        assert look_for(watch_over(sleeper.pid), 3 * PATIENCE) is None
    finally:
        ptrace(detach, sleeper.pid, None, None)


# -- web -------------------------------------------------------------------------------------------------------------


class Web(threading.Thread):
    """Answers each connection as `answers` says, by its number."""

    def __init__(self, answers: Callable[[int], bool]) -> None:
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.answers = answers
        self.held: list[socket.socket] = []

    def run(self) -> None:
        number = 0
        while True:
            client, _ = self.listener.accept()
            number += 1
            if self.answers(number):
                client.recv(1000)
                client.sendall(ANSWER)
                client.close()
            else:
                self.held.append(client)


@pytest.fixture
def web() -> Callable[[Callable[[int], bool]], Watch]:
    def start(answers: Callable[[int], bool]) -> Watch:
        server = Web(answers)
        server.start()
        return watch_over(os.getpid(), WebProbe(server.listener, "localhost", PATIENCE))

    return start


@pytest.mark.processes
def test_web_server_that_answers_works(web: Callable[..., Watch]) -> None:
    assert look_for(web(lambda number: True), 4 * PATIENCE) is None


@pytest.mark.processes
def test_web_server_that_answers_no_more_is_noticed(web: Callable[..., Watch]) -> None:
    assert "does not answer" in (look_for(web(lambda number: number < 3), 60) or "")


@pytest.mark.processes
def test_first_answer_may_take_longer(web: Callable[..., Watch]) -> None:
    watch = web(lambda number: False)
    assert look_for(watch, 2 * PATIENCE) is None
    assert "does not answer" in (look_for(watch, 60) or "")


@pytest.mark.processes
def test_one_worker_that_hangs_among_others_is_noticed(web: Callable[..., Watch]) -> None:
    assert "one of its workers" in (look_for(web(lambda number: number != 3), 60) or "")


def test_host_is_one_that_django_accepts() -> None:
    assert host_allowed(["*"]) == host_allowed([]) == "localhost"
    assert host_allowed([".example.com", "*"]) == "example.com"


# -- PostgreSQL ------------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    import shutil

    path = Path("/tmp") / f"lp{os.getpid()}-{time.monotonic_ns() % 10**9}"
    path.mkdir(mode=0o700)
    yield path
    EmbeddedServer(path, durable=False).clear_leftovers()
    shutil.rmtree(path, ignore_errors=True)


@pytest.mark.processes
def test_postgres_that_gives_sessions_works(folder: Path) -> None:
    server = EmbeddedServer(folder, durable=False, patience=PATIENCE)
    server.start()
    assert look_for(server.watch, 4 * PATIENCE) is None
    server.stop(5)


@pytest.mark.processes
def test_long_recovery_is_waited_for(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Many times longer than the patience, as long as it gets on."""
    import psycopg

    from logsui.launcher.embedded import connection_fields

    server = EmbeddedServer(folder, patience=PATIENCE / 4)
    server.start()
    fields = connection_fields(folder) | {"user": SUPERUSER, "dbname": "postgres"}
    with psycopg.connect(**fields, autocommit=True) as connection:
        connection.execute("CREATE TABLE heavy AS SELECT n, repeat('x', 400) AS t FROM generate_series(1, 700000) n")
    server.process.kill()
    server.process.wait()
    server.start()
    assert "does not work" not in caplog.text
    server.stop(5)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (b"", None),
        (b"R\0\0\0\x08\0\0\0\0", None),
        (b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I", True),
        (b"E\0\0\0\x1aSFATAL\0C57P03\0Mbusy\0\0\0", False),
        (b"E\0\0\0\x1aSFATAL\0C53300\0Mmany\0\0\0", True),
        (b"E\0\0\0\x1aSFATAL\0C57", None),
        (b"no PostgreSQL at all", None),
    ],
)
def test_answers_of_postgres(answer: bytes, verdict: bool | None) -> None:
    assert accepts(answer) is verdict


@pytest.mark.processes
def test_missing_socket_is_no_answer(tmp_path: Path) -> None:
    probe = PostgresProbe(tmp_path / "socket", SUPERUSER, PATIENCE)
    assert "does not answer" in (look_for(watch_over(os.getpid(), probe), 60) or "")


# -- beats -----------------------------------------------------------------------------------------------------------


@pytest.mark.processes
def test_beats_are_heard_until_they_end(monkeypatch: pytest.MonkeyPatch) -> None:
    probe = BeatProbe(PATIENCE)
    watch = watch_over(os.getpid(), probe)
    monkeypatch.setenv(heartbeat.BEAT_FD, str(probe.writer))
    deadline = time.monotonic() + 5 * PATIENCE
    while time.monotonic() < deadline:
        heartbeat.beat()
        assert look_for(watch, 0.02) is None
    assert "makes no progress" in (look_for(watch, 60) or "")


def test_beat_never_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    heartbeat.beat()
    probe = BeatProbe(PATIENCE)
    monkeypatch.setenv(heartbeat.BEAT_FD, str(probe.writer))
    for _ in range(100_000):
        heartbeat.beat()
    probe.poll()
    assert probe.beaten
