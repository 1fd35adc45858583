"""Processes that do the same work beside each other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

# Each sibling says its number and pid, and works until it is told to stop. With `quick` it ends at once; with `late` it
# has no handlers yet when it is told to stop. It returns more than a pipe holds.
PROGRAM = """
import os, signal, sys, time
from logsui.launcher import siblings
from logsui.launcher.heartbeat import beat

siblings.SILENT_SECONDS, siblings.RESTART_SECONDS = 1.0, 0.5

def work(number):
    os.write(1, f"{number} {os.getpid()}\\n".encode())  # in one piece
    if "late" in sys.argv:
        time.sleep(600)
    stopped = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(1))
    while not stopped and "quick" not in sys.argv:
        beat()
        time.sleep(0.05)
    return {"number": number, "text": "x" * 200_000}

found = siblings.Siblings(2, work).run()
print("results", sorted((one["number"], len(one["text"])) for one in found), flush=True)
"""
ALL = "results [(0, 200000), (1, 200000)]\n"


@pytest.fixture
def program(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    running = start(tmp_path)
    yield running
    running.kill()
    running.wait()


def start(folder: Path, *arguments: str, **more: object) -> subprocess.Popen[str]:
    file = folder / "siblings.py"
    file.write_text(PROGRAM)
    environment = os.environ | {"PYTHONPATH": str(Path.cwd())}
    return subprocess.Popen(
        [sys.executable, str(file), *arguments], stdout=subprocess.PIPE, text=True, env=environment, **more
    )


def pids(program: subprocess.Popen[str], count: int) -> dict[int, int]:
    assert program.stdout
    lines = [program.stdout.readline().split() for _ in range(count)]
    return {int(number): int(pid) for number, pid in lines}


def test_results_of_all_come_together(tmp_path: Path) -> None:
    program = start(tmp_path, "quick")
    output, _ = program.communicate(timeout=30)
    assert output.endswith(ALL)
    assert program.returncode == 0


def test_signal_that_comes_before_there_are_handlers_is_not_lost(tmp_path: Path) -> None:
    program = start(tmp_path, "late")
    pids(program, 2)
    program.terminate()
    output, _ = program.communicate(timeout=30)
    assert output == "results []\n"


def test_one_that_dies_is_started_again_and_all_stop_in_order(program: subprocess.Popen[str]) -> None:
    found, delays = pids(program, 2), []
    for _ in range(3):
        died = time.monotonic()
        os.kill(found[1], signal.SIGKILL)
        again = pids(program, 1)
        delays.append(time.monotonic() - died)
        assert again.keys() == {1}
        assert again[1] != found[1]
        found |= again
    # Ever later, so that one that cannot live does not take the machine.
    assert all(delay >= least for delay, least in zip(delays, (0.5, 1, 2), strict=True))
    # The last one says its pid a moment before it works.
    time.sleep(1)
    program.terminate()
    output, _ = program.communicate(timeout=30)
    assert output == ALL


def test_one_that_waits_to_be_started_again_does_not_delay_the_end(program: subprocess.Popen[str]) -> None:
    found = pids(program, 2)
    os.kill(found[1], signal.SIGKILL)
    while Path(f"/proc/{found[1]}").exists():
        time.sleep(0.01)
    program.terminate()
    output, _ = program.communicate(timeout=30)
    assert output == "results [(0, 200000)]\n"


def test_they_end_with_their_parent(program: subprocess.Popen[str]) -> None:
    found = pids(program, 2)
    program.kill()
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in found.values()):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_one_that_is_silent_stops_the_signs_of_life(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.environ["LOGSUI_BEAT_FD"] = str(writer)
    try:
        program = start(tmp_path, pass_fds=(writer,))
    finally:
        del os.environ["LOGSUI_BEAT_FD"]
    found = pids(program, 2)
    assert os.read(reader, 100)
    os.kill(found[0], signal.SIGSTOP)
    time.sleep(2.5)
    os.set_blocking(reader, False)
    while True:
        try:
            os.read(reader, 4096)
        except BlockingIOError:
            break
    time.sleep(1)
    with pytest.raises(BlockingIOError):
        os.read(reader, 1)
    os.kill(found[0], signal.SIGCONT)
    program.terminate()
    program.communicate(timeout=30)
    os.close(reader)
    os.close(writer)
