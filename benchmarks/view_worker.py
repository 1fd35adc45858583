"""Answers pages with the code in the current folder, for benchmarks/views.py; it imports nothing else of ours.

A line of its input is a path, and perhaps the path of another page: then a new process answers, which has seen only
such other pages. A line of its output: the milliseconds, those that the process worked, the statements, the bytes.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.test import Client


def main() -> None:
    # The script's own folder is first, whose `text` and the like are no modules of the code that is measured.
    sys.path[0] = str(Path.cwd())
    import django

    django.setup()
    client = _client()
    # As a web worker has it (logsui/launcher/gunicorn_conf.py).
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    seen: set[str] = set()
    for line in sys.stdin:
        path, _, warm = line.strip().partition(" ")
        print(_in_new_process(client, path, warm, seen) if warm else _timed(client, path), flush=True)


def _client() -> Client:
    from django.contrib.auth import get_user_model
    from django.test import Client

    client = Client()
    client.force_login(get_user_model().objects.get(username="admin"))
    return client


def _in_new_process(client: Client, path: str, warm: str, seen: set[str]) -> str:
    from django.db import connections

    if warm not in seen:
        seen.add(warm)
        client.get(warm)
    # Two processes must not use one connection.
    connections.close_all()
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        client.get(warm)
        os.write(writing, _timed(client, path).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return text


def _timed(client: Client, path: str) -> str:
    statements = 0

    def counting(execute: Any, *args: Any) -> Any:
        nonlocal statements
        statements += 1
        return execute(*args)

    from django.db import connection

    with connection.execute_wrapper(counting):
        started, worked = time.perf_counter(), time.process_time()
        answer = client.get(path)
        wall, work = time.perf_counter() - started, time.process_time() - worked
    if answer.status_code != 200:
        raise SystemExit(f"{path} answered {answer.status_code}")
    return f"{wall * 1e3:.2f} {work * 1e3:.2f} {statements} {len(answer.content)}"


if __name__ == "__main__":
    main()
