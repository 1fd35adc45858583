"""A process that meets its memory limit says what it worked on, and ends: real processes, real memory."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

from logsui import memory

pytestmark = pytest.mark.processes

MIB = 2**20
START = """
import logging, sys, threading, time
logging.basicConfig()
from logsui.memory import MEBIBYTE, MemoryLimit, resident_bytes
soft_bytes = resident_bytes() + 100 * MEBIBYTE
limit = MemoryLimit("The baker", "BAKER_MEMORY", soft_bytes, lambda: ["the first loaf", "the second"])
limit.start(threads=2)
"""


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", START + program], capture_output=True, text=True, timeout=60)


def test_it_works() -> None:
    ended = run("kept = []\nwhile True: kept.append(b'x' * MEBIBYTE); time.sleep(0.001)")

    assert ended.returncode == memory.EXIT_STATUS
    assert ended.stderr.count("\n") == 1
    assert "The baker (process " in ended.stderr
    assert "of memory, more than BAKER_MEMORY (" in ended.stderr
    assert "It was working on: the first loaf, the second" in ended.stderr


def test_below_the_limit_it_lives() -> None:
    ended = run("kept = b'x' * 60 * MEBIBYTE\ntime.sleep(0.5)\nprint('done')")

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "done\n", "")


linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems do not limit what is mapped")


@linux
def test_what_grows_within_one_call_meets_the_limit_of_the_system() -> None:
    """A watch can't look while a call of C holds the interpreter."""
    ended = run(
        """
try:
    b"x" * 5_000 * MEBIBYTE
except MemoryError:
    limit.end_without_memory()
"""
    )

    assert ended.returncode == memory.EXIT_STATUS
    assert "the system refused it more memory, well above BAKER_MEMORY" in ended.stderr
    assert "the first loaf" in ended.stderr


@linux
def test_a_program_that_it_starts_may_have_more() -> None:
    ended = run("import resource\nprint(resource.getrlimit(resource.RLIMIT_DATA)[1])")

    assert int(ended.stdout) == resource.getrlimit(resource.RLIMIT_DATA)[1]


def test_many_are_named_by_the_first() -> None:
    assert memory.describe(["a", "b"]) == "a, b"
    assert memory.describe([str(number) for number in range(1_000)]).endswith(", 19 and 980 more")
    assert memory.describe([]) == "nothing known"
