"""One initialised PostgreSQL cluster, copied for each test that needs its own."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from logsui.launcher.embedded import EmbeddedServer


@pytest.fixture(scope="session")
def cluster() -> Iterator[Path]:
    """What initdb makes."""
    folder = Path(tempfile.mkdtemp(prefix="logsui-cluster-"))
    server = EmbeddedServer(folder, durable=False)
    server.prepare()
    yield server.data
    shutil.rmtree(folder)


@pytest.fixture
def initialise(cluster: Path) -> Callable[[Path], None]:
    """Give a data folder a copy of the cluster, so that its server starts without initdb."""

    def copy(data_dir: Path) -> None:
        (data_dir / "postgres").mkdir(mode=0o700, parents=True)
        # With its owner, who is not root.
        subprocess.run(["cp", "-a", cluster, data_dir / "postgres" / "data"], check=True)

    return copy
