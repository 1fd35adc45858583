"""Web workers and digesters that meet their memory limit, in a running instance: what ends, what goes on, what is lost.

The limits are the lowest that may be set, and what is sent is as large as may be: no fault of ours is needed for it.
"""

from __future__ import annotations

import base64
import json
import os
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.logsui.launcher.test_serve import Instance, key_in, log, wait_until

pytestmark = pytest.mark.processes

MIB = 2**20
REJECTED = "SELECT count(*) FROM rejected_log"
STORED = "SELECT array_agg(request_id ORDER BY request_id) FROM request_log"


@pytest.fixture
def make(initialise: Callable[[Path], None]) -> Iterator[Callable[..., Instance]]:
    made: list[Instance] = []

    def one(**environment: str) -> Instance:
        made.append(Instance(**environment))
        initialise(made[-1].folder)
        return made[-1]

    yield one
    for instance in made:
        instance.remove()


def large_log(request_id: str, megabytes: int) -> dict[str, Any]:
    """A log that can't be packed small."""
    text = base64.b64encode(os.urandom(megabytes * MIB * 3 // 4)).decode()
    return log(request_id) | {"request": {"input": text}}


def test_web_worker_beyond_its_limit_names_the_address_and_is_started_again(make: Callable[..., Instance]) -> None:
    instance = make(LOGSUI_WEB_MEMORY="128 MiB")
    key = key_in(instance.start())
    first = instance.children()["worker"]

    with pytest.raises(OSError, match=r"closed|reset|Broken"):
        instance.post(key, [large_log("l1", 30), large_log("l2", 30)])

    wait_until(lambda: "The web worker (process" in instance.output)
    line = next(line for line in instance.output.splitlines() if "The web worker (process" in line)
    assert f"process {first.pid}) ends: it uses " in line
    assert "of memory, more than LOGSUI_WEB_MEMORY (128 MiB). It was working on: POST /api/v1/logs (" in line
    assert " bytes) for " in line
    wait_until(lambda: instance.children().get("worker") not in (None, first))
    assert instance.post(key, [log("after")])[0] == 202
    # Neither gunicorn nor the others noticed.
    assert instance.output.count("The web worker") == 1


def test_web_worker_that_is_killed_names_what_it_left(make: Callable[..., Instance]) -> None:
    """As the system does when memory is short: the worker can say nothing, the process that started it does."""
    instance = make()
    key = key_in(instance.start())
    worker, digester = instance.children()["worker"], instance.children()["digester"]
    # It waits for the digester, which sleeps.
    digester.suspend()
    path = f"/api/v1/logs?wait=true&token={key}"
    waiting = threading.Thread(target=send_in_vain, args=(instance, path, key))
    waiting.start()
    wait_until(lambda: instance.ask("SELECT count(*) FROM inbox") == 1)

    worker.kill()

    wait_until(lambda: "crashed or was killed" in instance.output)
    line = next(line for line in instance.output.splitlines() if "crashed or was killed" in line)
    assert f"The web worker (process {worker.pid}) crashed or was killed. It was working on: " in line
    assert "POST /api/v1/logs?wait=…&token=… (" in line
    assert key not in line
    digester.resume()
    waiting.join(60)
    wait_until(lambda: instance.ask(STORED) == ["waits"])


def send_in_vain(instance: Instance, path: str, key: str) -> None:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    body = json.dumps([log("waits")]).encode()
    url = f"http://127.0.0.1:{instance.port}{path}"
    with suppress(OSError):
        instance.call(urllib.request.Request(url, body, headers, method="POST"))


def test_digester_beyond_its_limit_goes_on_without_the_body(make: Callable[..., Instance]) -> None:
    instance = make(LOGSUI_DIGESTER_MEMORY="128 MiB")
    key = key_in(instance.start())

    assert instance.post(key, [log("before")])[0] == 202
    assert instance.post(key, [large_log("l1", 30), large_log("l2", 30)])[0] == 202
    for number in range(5):
        assert instance.post(key, [log(f"beside-{number}")])[0] == 202

    wait_until(lambda: instance.ask("SELECT count(*) FROM request_log") == 6)
    wait_until(lambda: instance.ask(REJECTED) >= 1)
    wait_until(lambda: instance.ask("SELECT count(*) FROM inbox") == 0)
    assert instance.post(key, [log("later")])[0] == 202
    wait_until(lambda: "later" in instance.ask(STORED))
    assert instance.ask(STORED) == ["before", *(f"beside-{number}" for number in range(5)), "later"]
    assert instance.ask("SELECT sum(raw_bytes) FROM rejected_log") > 60 * MIB
    reason = instance.ask("SELECT reason FROM rejected_log LIMIT 1")
    assert "times while it digested this alone" in reason
    assert "its memory met LOGSUI_DIGESTER_MEMORY (128 MiB)" in reason
    line = next(line for line in instance.output.splitlines() if "The digester (process" in line)
    assert "of memory, more than LOGSUI_DIGESTER_MEMORY (128 MiB). It was working on: inbox entry " in line
    assert "of project default (6" in line
    for table in ("digest_suspect", "inbox"):
        assert instance.ask(f"SELECT count(*) FROM {table}") == 0
