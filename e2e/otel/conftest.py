"""The logsui and the model server that all tests share, and a project for each test."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest
from apps import App
from models import ModelServer
from running import Logsui

PROJECTS = 60
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


@pytest.fixture(scope="session")
def logsui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Logsui]:
    server = Logsui(tmp_path_factory.mktemp("logsui"))
    server.command.append("--no-samples")
    server.start()
    try:
        yield server
        assert server.shell(COUNT_REJECTED, "REJECTED") == 0, "some logs were rejected"
    finally:
        server.stop()


@pytest.fixture(scope="session")
def keys(logsui: Logsui) -> Iterator[tuple[str, str]]:
    """Pairs of a project's name and its key."""
    names = [f"e2e-{number}" for number in range(PROJECTS)]
    return iter(list(zip(names, logsui.create_projects(names), strict=True)))


@pytest.fixture(scope="session")
def models() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture
def app(logsui: Logsui, models: ModelServer, keys: Iterator[tuple[str, str]]) -> App:
    name, key = next(keys)
    return App(name, key, logsui, models)
