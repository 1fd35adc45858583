"""What is asked of processes that may end at any moment."""

from __future__ import annotations

import subprocess
import sys

import psutil

from logsui.launcher import processes


def test_process_that_has_ended_meanwhile_is_no_obstacle() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        found = psutil.Process(child.pid)
        assert processes.parent_pid(found) == psutil.Process().pid
    assert processes.parent_pid(found) == 0
    assert processes.title(found) == ""
    assert processes.state(found) == ""
    assert processes.work_done(found) is None
