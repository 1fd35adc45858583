"""The logsui and the LiteLLM proxy that all tests share."""

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from servers import EXAMPLES, MASTER_KEY, Logsui, Proxy


def pytest_configure() -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)  # so that the servers are stopped then, too


def pytest_unconfigure(config: pytest.Config) -> None:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        count = {name: len(reporter.stats.get(name, [])) for name in ("passed", "failed", "error")}
        print(f"\n{count['passed']} passed, {count['failed'] + count['error']} failed")


@pytest.fixture(scope="session")
def logsui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Logsui]:
    server = Logsui(tmp_path_factory.mktemp("logsui"))
    server.start()
    try:
        server.create_key()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def proxy(logsui: Logsui, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """The proxy of examples/litellm, started as its README says."""
    environment = {"LOGSUI_API_KEY": logsui.api_key, "LOGSUI_ENDPOINT": logsui.endpoint}
    server = Proxy(tmp_path_factory.mktemp("proxy"), environment)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def trace_id() -> str:
    return f"e2e-{uuid.uuid4()}"


RunExample = Callable[..., str]


def run(command: list[str], environment: dict[str, str], timeout: float = 120.0) -> str:
    """Run a client and return its output. If it fails, the test fails with its error output."""
    done = subprocess.run(
        command, env=os.environ | environment, cwd=EXAMPLES, capture_output=True, text=True, timeout=timeout
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def client_environment(trace_id: str) -> dict[str, str]:
    """The environment for the clients of examples/litellm, to which LITELLM_PROXY_URL and LOGSUI_* are added."""
    return {"TRACE_ID": trace_id, "LITELLM_MASTER_KEY": MASTER_KEY, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}


@pytest.fixture
def run_example(client_environment: dict[str, str]) -> RunExample:
    def run_example(name: str, **environment: str) -> str:
        interpreter = "sh" if name.endswith(".sh") else sys.executable
        return run([interpreter, str(EXAMPLES / name)], client_environment | environment)

    return run_example


@pytest.fixture
def run_script(client_environment: dict[str, str], tmp_path: Path) -> RunExample:
    """Run Python source with examples/litellm on its path."""

    def run_script(source: str, timeout: float = 120.0, **environment: str) -> str:
        script = tmp_path / "script.py"
        script.write_text(source)
        path = {"PYTHONPATH": str(EXAMPLES)}
        return run([sys.executable, str(script)], client_environment | path | environment, timeout)

    return run_script
