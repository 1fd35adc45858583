"""The logsui and the model server that all tests share, and a project for each test."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from apps import App
from models import ModelServer
from running import LOGSUI_PYTHON, ROOT, Logsui

PROJECTS = 60
MAKE_PROJECTS = f"""
import json
from sessions_app.access.keys import create_key
from sessions_app.models import Project
projects = [Project.objects.create(slug=f"e2e-{{number}}") for number in range({PROJECTS})]
print("KEYS", json.dumps([create_key(project, "e2e", ["ingest", "read"])[1] for project in projects]))
"""
COUNT_REJECTED = "from sessions_app.models import RejectedLog; print('REJECTED', RejectedLog.objects.count())"


def pytest_configure() -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)  # so that the servers are stopped then, too


def pytest_unconfigure(config: pytest.Config) -> None:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        count = {name: len(reporter.stats.get(name, [])) for name in ("passed", "failed", "error", "skipped")}
        print(f"\n{count['passed']} passed, {count['failed'] + count['error']} failed, {count['skipped']} skipped")


def manage(logsui: Logsui, source: str, mark: str) -> Any:
    """The rest of the line after `mark` in the output of a Django shell."""
    command = [LOGSUI_PYTHON, "manage.py", "shell", "-v", "0", "-c", source]
    environment = dict(logsui.environment)
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.partition(f"{mark} ")[2])


@pytest.fixture(scope="session")
def logsui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Logsui]:
    server = Logsui(tmp_path_factory.mktemp("logsui"))
    server.command.append("--no-samples")
    server.start()
    try:
        yield server
        assert manage(server, COUNT_REJECTED, "REJECTED") == 0, "some logs were rejected"
    finally:
        server.stop()


@pytest.fixture(scope="session")
def keys(logsui: Logsui) -> Iterator[tuple[str, str]]:
    """Pairs of a project's name and its key."""
    return iter([(f"e2e-{number}", key) for number, key in enumerate(manage(logsui, MAKE_PROJECTS, "KEYS"))])


@pytest.fixture(scope="session")
def models() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture
def app(logsui: Logsui, models: ModelServer, keys: Iterator[tuple[str, str]]) -> App:
    name, key = next(keys)
    return App(name, key, logsui, models)
