"""Children that are kept running, and what is left of killed runs, with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from logsui.launcher import processes, supervisor
from logsui.launcher.supervisor import Child, ProcessList, Signals, StopRequested

pytestmark = pytest.mark.processes

SLEEP = (sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)")
STUBBORN = (
    sys.executable,
    "-c",
    "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); open(sys.argv[1], 'w'); time.sleep(60)",
)


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


@pytest.fixture
def kept() -> Iterator[Callable[..., Child]]:
    children: list[Child] = []

    def make(*command: str, patience: float = 5, once: bool = False) -> Child:
        children.append(Child("child", command, patience, once=once))
        return children[-1]

    yield make
    for child in children:
        if child.process is not None and child.is_running():
            child.process.kill()
            child.process.wait()


def run_until(child: Child, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        child.keep_running()
        time.sleep(0.01)


def test_it_is_started_once(kept: Callable[..., Child]) -> None:
    child = kept(*SLEEP)
    assert child.keep_running()
    assert not child.keep_running()
    assert child.is_running()


def test_killed_one_is_started_at_once(kept: Callable[..., Child]) -> None:
    child = kept(*SLEEP)
    child.keep_running()
    first = child.process
    first.kill()
    first.wait()
    assert child.keep_running()
    assert child.process.pid != first.pid


def test_failing_one_is_started_less_and_less_often(
    kept: Callable[..., Child], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "FIRST_DELAY", 0.01)
    monkeypatch.setattr(supervisor, "LONGEST_DELAY", 0.1)
    child = kept(*python("raise SystemExit(3)"))
    run_until(child, lambda: child.failures == 5)
    delays = [record.getMessage().partition("Restarting it")[2] for record in caplog.records]
    assert delays == ["", " in 0.04 s", " in 0.1 s", " in 0.1 s", " in 0.1 s"]
    assert "exit status 3" in caplog.text


def test_good_run_makes_failures_forgotten(kept: Callable[..., Child], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "GOOD_RUN", 0.0)
    child = kept(*python(""))
    run_until(child, lambda: child.failures > 0)
    child.failures = 7
    child.keep_running()
    child.process.wait()
    child.keep_running()
    assert child.failures == 1


def test_task_ends_when_it_succeeds(kept: Callable[..., Child]) -> None:
    child = kept(*python(""), once=True)
    run_until(child, lambda: child.done)
    assert child.succeeded
    assert not child.keep_running()


def test_task_that_fails_is_given_up(kept: Callable[..., Child], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "FIRST_DELAY", 0.0)
    child = kept(*python("raise SystemExit(1)"), once=True)
    run_until(child, lambda: child.done)
    assert not child.succeeded


def test_stop_gives_it_time_then_kills_it(kept: Callable[..., Child], tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    child = kept(*STUBBORN, str(ready), patience=0.2)
    run_until(child, ready.exists)
    child.stop()
    assert child.process.returncode == -signal.SIGKILL


def test_child_is_out_of_reach_of_the_terminal(kept: Callable[..., Child]) -> None:
    child = kept(*SLEEP)
    child.keep_running()
    assert os.getsid(child.process.pid) == child.process.pid != os.getsid(0)


def test_wish_to_stop_ends_a_wait() -> None:
    signals = Signals(with_parent=False)
    signals.wait(0)
    signals.receive(signal.SIGTERM, None)
    with pytest.raises(StopRequested):
        signals.wait(60)


def test_second_wish_makes_it_hurry() -> None:
    signals, hurried = Signals(with_parent=False), []
    signals.hurry = lambda: hurried.append(True)
    signals.receive(signal.SIGINT, None)
    assert not hurried
    signals.receive(signal.SIGINT, None)
    assert hurried == [True]


HAS_WORKER = (
    "import os, subprocess, sys; worker = subprocess.Popen(sys.argv[2:]); "
    "print(worker.pid, file=open(sys.argv[1], 'a'), flush=True); os.kill(os.getpid(), 9)"
)


def test_workers_that_outlive_it_are_ended(
    kept: Callable[..., Child], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each time it dies so soon that its watch never saw its worker, and again while the last worker still runs."""
    monkeypatch.setattr(supervisor, "ORPHAN_SECONDS", 0.5)
    pids = tmp_path / "pids"
    child = kept(*python(HAS_WORKER), str(pids), *SLEEP)
    run_until(child, lambda: pids.exists() and len(pids.read_text().splitlines()) >= 3)
    workers = [psutil.Process(int(line)) for line in pids.read_text().splitlines()]
    run_until(child, lambda: {processes.state(worker) for worker in workers} <= {"", psutil.STATUS_ZOMBIE})


# -- what an earlier run left behind ---------------------------------------------------------------------------------


@pytest.fixture
def orphan(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """As a child of `serve` whose kernel does not tell it that its parent is gone; it has a child of its own."""
    code = "import subprocess, sys, time; subprocess.Popen(sys.argv[1:]); print('up', flush=True); time.sleep(60)"
    command = (*python(code), *SLEEP)
    with subprocess.Popen(command, cwd=tmp_path, start_new_session=True, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "up\n"
        yield process
        for left in psutil.Process(process.pid).children() if process.poll() is None else []:
            left.kill()
        process.kill()


def test_leftovers_and_what_they_started_are_stopped(tmp_path: Path, orphan: subprocess.Popen[str]) -> None:
    (grandchild,) = psutil.Process(orphan.pid).children()
    leftovers = ProcessList(tmp_path / "processes.json", tmp_path)
    leftovers.write([orphan.pid])
    leftovers.stop_leftovers()
    assert not psutil.pid_exists(orphan.pid)
    assert not grandchild.is_running()
    assert not (tmp_path / "processes.json").exists()


@pytest.mark.parametrize("difference", [-100, 100])
def test_pid_that_is_used_again_is_left_alone(tmp_path: Path, orphan: subprocess.Popen[str], difference: int) -> None:
    leftovers = ProcessList(tmp_path / "processes.json", tmp_path)
    created = psutil.Process(orphan.pid).create_time()
    assert leftovers.session_of(orphan.pid, created)
    assert leftovers.session_of(orphan.pid, created + difference) == []


def test_process_elsewhere_is_left_alone(tmp_path: Path, orphan: subprocess.Popen[str]) -> None:
    leftovers = ProcessList(tmp_path / "processes.json", tmp_path / "elsewhere")
    leftovers.write([orphan.pid])
    leftovers.stop_leftovers()
    assert orphan.poll() is None


def test_own_session_is_left_alone(tmp_path: Path) -> None:
    leftovers = ProcessList(tmp_path / "processes.json", Path.cwd())
    assert leftovers.session_of(os.getsid(0), 0.0) == []


@pytest.mark.parametrize("content", ["", "{", "[[1]]", '["a"]', "null"])
def test_list_cut_short_by_a_crash_is_no_obstacle(tmp_path: Path, content: str) -> None:
    path = tmp_path / "processes.json"
    path.write_text(content)
    ProcessList(path, tmp_path).stop_leftovers()
    assert not path.exists()
